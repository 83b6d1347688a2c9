"""A window is decoded again, at rising temperatures, until its text looks right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.speech.scripted import FEATURES, ScriptedDecoder, hypothesis_of
from whisper_at.model.decoder import Search
from whisper_at.speech.decoding import Asked as WindowAsked
from whisper_at.speech.decoding import compression_ratio, decode_with_fallback
from whisper_at.speech.options import SpeechOptions

LOOP = " again and again" * 20
GOOD = " The quick brown fox jumps over the lazy dog."
RISING = (0.0, 0.2, 0.4)
OFF = {"compression_ratio_threshold": None, "logprob_threshold": None, "no_speech_threshold": None}


@pytest.fixture(scope="module")
def decode(tokenizer):
    """Decodes with a script: for each temperature the text and what the model thinks of it."""

    def run(script, **options):
        def answer(asked):
            text, thoughts = script[asked.search.temperature]
            return hypothesis_of(tokenizer.encode(text), **thoughts)

        decoder = ScriptedDecoder(answer)
        options = SpeechOptions(**{"temperature": tuple(script), **options})
        window = WindowAsked(row=0, prompt=[1, 2], seed=5)
        (decoded,) = decode_with_fallback(decoder, tokenizer, FEATURES, [window], Search(), options)
        return decoded, decoder.asked

    return run


def test_text_that_passes_is_kept_at_once(decode):
    decoded, asked = decode({t: (GOOD, {"avg_logprob": -0.3 + t}) for t in RISING})
    assert len(asked) == 1
    assert (decoded.text, decoded.temperature, decoded.avg_logprob) == (GOOD.strip(), 0.0, -0.3)
    assert decoded.last_temperature == 0.0


@pytest.mark.parametrize(
    ("bad", "switch"),
    [
        ((LOOP, {}), "compression_ratio_threshold"),
        ((GOOD, {"avg_logprob": -1.5}), "logprob_threshold"),
    ],
    ids=["a loop", "improbable"],
)
def test_each_rule_alone_asks_for_another_try(decode, bad, switch):
    script = {0.0: bad, 0.2: (GOOD, {"avg_logprob": -0.9})}
    thresholds = {name: getattr(SpeechOptions(), name) for name in OFF}
    alone = OFF | {switch: thresholds[switch]}
    decoded, asked = decode(script, **alone)
    assert (len(asked), decoded.temperature) == (2, 0.2)
    without = thresholds | {switch: None}
    decoded, asked = decode(script, **without)
    assert (len(asked), decoded.temperature) == (1, 0.0)


def test_silence_needs_no_other_try(decode):
    """Where the model hears nobody, its text is improbable for that reason, and is not looked for again."""
    nobody = {"avg_logprob": -1.5, "no_speech_prob": 0.7}
    decoded, asked = decode({t: (GOOD, nobody) for t in RISING})
    assert len(asked) == 1 and decoded.is_silent(SpeechOptions())
    decoded, asked = decode({t: (GOOD, nobody) for t in RISING}, no_speech_threshold=None)
    assert len(asked) == 3 and not decoded.is_silent(SpeechOptions(no_speech_threshold=None))


def test_probable_text_is_heard_though_the_model_hears_nobody(decode):
    decoded, _ = decode({0.0: (GOOD, {"avg_logprob": -0.5, "no_speech_prob": 0.9})})
    assert not decoded.is_silent(SpeechOptions())
    assert decoded.is_silent(SpeechOptions(logprob_threshold=None))  # then nothing speaks for the text
    loop, asked = decode({t: (LOOP, {"avg_logprob": -0.5, "no_speech_prob": 0.9}) for t in RISING})
    assert len(asked) == 3 and not loop.is_silent(SpeechOptions())


def test_where_none_passes_the_most_probable_that_is_no_loop_is_kept(decode):
    script = {
        0.0: (LOOP, {"avg_logprob": -0.1}),
        0.2: (GOOD, {"avg_logprob": -2.0}),
        0.4: (GOOD, {"avg_logprob": -1.2}),
        0.6: (GOOD, {"avg_logprob": -1.7}),
    }
    decoded, asked = decode(script)
    assert len(asked) == 4
    assert (decoded.temperature, decoded.avg_logprob, decoded.last_temperature) == (0.4, -1.2, 0.6)


def test_where_all_are_loops_the_most_probable_is_kept(decode):
    script = {0.0: (LOOP, {"avg_logprob": -0.4}), 0.2: (LOOP, {"avg_logprob": -0.1}), 0.4: (LOOP, {})}
    decoded, _ = decode(script)
    assert (decoded.temperature, decoded.last_temperature) == (0.2, 0.4)


@given(
    st.lists(st.integers(0, 100).map(lambda n: n / 100), min_size=1, max_size=6, unique=True),
    st.lists(st.tuples(st.sampled_from([GOOD, LOOP]), st.floats(-3, 0), st.floats(0, 1)), min_size=6),
)
def test_temperatures_are_tried_in_order_up_to_the_first_that_passes(decode, temperatures, answers):
    script = {
        t: (text, {"avg_logprob": logprob, "no_speech_prob": nobody})
        for t, (text, logprob, nobody) in zip(temperatures, answers, strict=False)
    }
    decoded, asked = decode(script)
    tried = [one.search.temperature for one in asked]
    assert tried == temperatures[: len(tried)]

    def passes(text, logprob, nobody):
        return (text == GOOD and logprob >= -1) or (nobody > 0.6 and logprob <= -1)

    passed = [passes(*answers[i]) for i in range(len(temperatures))]
    assert len(tried) == (passed.index(True) + 1 if any(passed) else len(temperatures))
    assert decoded.last_temperature == tried[-1]
    if any(passed):
        assert decoded.temperature == tried[-1]


def test_each_try_hears_the_same_features_with_the_same_prompt_and_seed(decode):
    _, asked = decode({t: (LOOP, {}) for t in RISING})
    assert all(one.features is FEATURES for one in asked)  # nothing is encoded twice
    assert {one.prompt for one in asked} == {(1, 2)}
    assert {one.seed for one in asked} == {5}


@given(st.text(min_size=1, max_size=40), st.integers(2, 30))
def test_repeating_a_text_does_not_lower_its_compression_ratio(text, n):
    assert compression_ratio(text * n) >= compression_ratio(text)


def test_no_text_is_no_loop():
    assert compression_ratio("") == 0
