"""Windows of a batch are written down each by itself; what was not heard to the end is told."""

import numpy as np
import pytest

from tests.speech.scripted import ScriptedDecoder, hypothesis_of, window, written
from whisper_at.speech.batch import BatchTranscriber, Task
from whisper_at.speech.draft import Draft
from whisper_at.speech.gate import Evidence
from whisper_at.speech.options import SpeechOptions

GOOD = {"avg_logprob": -0.2}


@pytest.fixture
def hear(tokenizer):
    """Hears windows with a script: each call of the decoder answers with the next texts."""

    def run(tasks, answer, *, features=None, languages=None, **options):
        decoder = ScriptedDecoder(answer, languages or {"en": 0.9, "de": 0.1})
        chosen = SpeechOptions(**{"language": "en", **options})
        drafts = {}
        made = []
        for name, heard, *evidence in tasks:
            draft = drafts.setdefault(name, Draft(decoder, tokenizer, chosen))
            made.append(Task(draft=draft, window=heard, evidence=evidence[0] if evidence else None))
        features = np.zeros((len(made), 1, 1), np.float32) if features is None else features
        rests = BatchTranscriber(decoder, tokenizer, chosen).hear(made, features)
        return rests, {name: draft.transcript() for name, draft in drafts.items()}, decoder

    return run


def says(tokenizer, *parts, **thoughts):
    return hypothesis_of(written(tokenizer, *parts), **{**GOOD, **thoughts})


def test_windows_of_two_recordings_do_not_mix(hear, tokenizer):
    answers = {0: says(tokenizer, 0.0, " one", 2.0), 3000: says(tokenizer, 0.0, " two", 2.0)}
    tasks = [("a", window(0)), ("b", window(3000)), ("a", window(3000))]
    _, transcripts, _ = hear(tasks, lambda asked: answers[asked.seed])
    assert (transcripts["a"].text, transcripts["b"].text) == ("one two", "two")


def test_segments_come_in_the_order_of_time_whatever_the_order_of_windows(hear, tokenizer):
    answers = {0: says(tokenizer, 0.0, " one", 2.0), 3000: says(tokenizer, 0.0, " two", 2.0)}
    _, transcripts, _ = hear([("a", window(3000)), ("a", window(0))], lambda asked: answers[asked.seed])
    segments = transcripts["a"].segments
    assert [(s.id, s.start, s.text) for s in segments] == [(0, 0.0, " one"), (1, 30.0, " two")]


def test_what_follows_the_last_pair_of_times_is_to_be_heard_again(hear, tokenizer):
    unfinished = says(tokenizer, 0.0, " one", 20.0, 20.0, " tw")
    rests, transcripts, _ = hear([("a", window(600, 2800))], lambda asked: unfinished)
    assert rests == [range(2600, 3400)]
    assert transcripts["a"].text == "one"


@pytest.mark.parametrize(
    ("parts", "n_frames"), [((0.0, " one", 27.8, 27.8), 2800), ((0.0, " one", 0.5, 0.5, " tw"), 2800)]
)
def test_a_rest_is_neither_shorter_than_a_word_nor_the_window_once_more(hear, tokenizer, parts, n_frames):
    rests, _, _ = hear([("a", window(0, n_frames))], lambda asked: says(tokenizer, *parts))
    assert rests == [None]


def test_a_beam_is_spent_only_on_windows_in_doubt(hear, tokenizer):
    def answer(asked):
        sure = asked.seed == 0 or asked.search.beam_size > 1
        return says(
            tokenizer, 0.0, f" beam {asked.search.beam_size}", 2.0, avg_logprob=-0.1 if sure else -0.6
        )

    _, transcripts, decoder = hear([("a", window(0)), ("a", window(3000))], answer)
    assert transcripts["a"].text == "beam 1 beam 5"
    assert [(asked.seed, asked.search.beam_size) for asked in decoder.asked] == [(0, 1), (3000, 1), (3000, 5)]


def test_only_windows_that_fail_the_tests_are_tried_again_and_nothing_is_encoded_again(hear, tokenizer):
    def answer(asked):
        fails = asked.seed == 3000 and asked.search.temperature < 0.4
        thoughts = {"avg_logprob": -1.5} if fails else GOOD
        return says(tokenizer, 0.0, " text", 2.0, **thoughts)

    features = np.zeros((2, 1, 1), np.float32)
    _, transcripts, decoder = hear([("a", window(0)), ("a", window(3000))], answer, features=features)
    again = [asked for asked in decoder.asked if asked.seed == 3000]
    assert [asked.search.temperature for asked in again] == [0.0, 0.0, 0.2, 0.4]
    assert sum(asked.seed == 0 for asked in decoder.asked) == 1
    assert all(asked.features is features for asked in decoder.asked)
    assert [s.temperature for s in transcripts["a"].segments] == [0.0, 0.4]


def test_each_recording_has_its_language_from_its_first_window_with_a_voice(hear, tokenizer):
    silent = Evidence(frames_per_cell=20, voice=np.zeros(150, np.float32))
    loud = Evidence(frames_per_cell=20, voice=np.ones(300, np.float32))
    tasks = [("a", window(0), silent), ("a", window(3000), loud), ("b", window(0), loud)]
    features = np.arange(3, dtype=np.float32).reshape(3, 1, 1)

    def languages(one):
        return [{"ja": 0.9}, {"en": 0.9}, {"de": 0.8}][int(one[0, 0, 0])]

    _, transcripts, decoder = hear(
        tasks,
        lambda asked: says(tokenizer, 0.0, " x", 1.0),
        features=features,
        language=None,
        languages=languages,
    )
    assert len(decoder.detected) == 1  # all windows together
    assert transcripts["a"].language == "en" and transcripts["a"].language_probability == 0.9
    assert transcripts["b"].language == "de"


def test_a_window_without_a_voice_is_told_and_not_decoded(hear, tokenizer):
    silent = Evidence(frames_per_cell=20, voice=np.zeros(300, np.float32))
    tasks = [("a", window(0), silent), ("a", window(3000), silent)]
    _, transcripts, decoder = hear(tasks, lambda asked: pytest.fail("decoded"))
    assert not decoder.asked
    (dropped,) = transcripts["a"].dropped  # the two follow each other
    assert (dropped.start, dropped.end, dropped.text) == (0.0, 60.0, "")
    _, transcripts, decoder = hear(tasks, lambda asked: says(tokenizer, 0.0, " x", 1.0), speech_gate="off")
    assert transcripts["a"].text == "x x" and not transcripts["a"].dropped


def test_words_beside_the_voice_are_dropped_with_their_text(hear, tokenizer):
    voice = np.zeros(150, np.float32)
    voice[:25] = 1  # 5 s
    said = says(tokenizer, 0.0, " said", 4.0, 4.0, 20.0, " thanks", 25.0)
    _, transcripts, _ = hear(
        [("a", window(0), Evidence(frames_per_cell=20, voice=voice))], lambda asked: said
    )
    assert transcripts["a"].text == "said"
    assert [(one.text, one.start, one.end) for one in transcripts["a"].dropped] == [(" thanks", 20.0, 25.0)]


def test_what_is_timed_after_the_end_of_its_window_is_not_written(hear, tokenizer):
    """A window of 10 s is padded to 30 s: no word was said in the padding."""
    said = says(tokenizer, 0.0, " said", 9.0, 9.0, " late", 12.0, 12.0, " hello", 14.0, 14.0, " hello", 16.0)
    _, transcripts, _ = hear([("a", window(0, 1000))], lambda asked: said)
    assert [(s.text, s.start, s.end) for s in transcripts["a"].segments] == [
        (" said", 0, 9),
        (" late", 9, 10),
    ]


def test_the_first_prompt_is_that_of_every_window(hear, tokenizer):
    tasks = [("a", window(0)), ("a", window(3000))]
    _, _, decoder = hear(tasks, lambda asked: says(tokenizer, 0.0, " x", 1.0), initial_prompt="Ozone layer.")
    prompts = {asked.prompt for asked in decoder.asked}
    assert len(prompts) == 1
    assert tokenizer.decode([t for t in prompts.pop() if t < tokenizer.eot]).strip() == "Ozone layer."


def test_hotwords_come_before_the_text_and_leave_room_for_it(hear, tokenizer):
    _, _, decoder = hear(
        [("a", window(0))],
        lambda asked: says(tokenizer, 0.0, " x", 1.0),
        hotwords="Kowalczyk " * 40,
        initial_prompt="before " * 100 + "last",
    )
    (asked,) = decoder.asked
    text = tokenizer.decode([t for t in asked.prompt if t < tokenizer.eot])
    assert text.startswith(" Kowalczyk") and text.endswith("last")
    assert len(asked.prompt) == 1 + 223 + 3  # a token before, and the start after it


def test_the_language_is_one_of_those_that_may_be(hear, tokenizer):
    heard = {"en": 0.5, "ja": 0.3, "de": 0.2}
    _, transcripts, _ = hear(
        [("a", window(0))],
        lambda asked: says(tokenizer, 0.0, " x", 1.0),
        languages=heard,
        language=None,
    )
    assert transcripts["a"].language == "en"


@pytest.mark.parametrize(("among", "found"), [(("de", "Japanese"), "ja"), (("de",), "de")])
def test_languages_that_were_not_named_are_not_thought_of(tokenizer, among, found):
    heard = {"en": 0.5, "ja": 0.3, "de": 0.2}
    draft = Draft(ScriptedDecoder(None), tokenizer, SpeechOptions(languages=among))
    assert draft.language_of(lambda: heard) == found


def test_each_window_may_have_a_language_of_its_own(hear, tokenizer):
    """The recording has that of its first window, and each text begins with its own one's token."""

    def languages(features):
        return {"de": 0.6, "ja": 0.4} if features[0, 0, 0] != 1 else {"en": 0.7, "de": 0.3}

    tasks = [("a", window(0)), ("a", window(3000)), ("a", window(6000))]
    features = np.arange(3, dtype=np.float32).reshape(3, 1, 1)
    options = {"features": features, "languages": languages, "language": None, "multilingual": True}
    answer = says(tokenizer, 0.0, " x", 1.0)
    _, transcripts, decoder = hear(tasks, lambda asked: answer, **options)
    assert [segment.language for segment in transcripts["a"].segments] == ["de", "en", "de"]
    assert (transcripts["a"].language, transcripts["a"].language_probability) == ("de", 0.6)
    started = [tokenizer.special(code) for code in ("de", "en", "de")]
    assert [asked.prompt[-2] for asked in decoder.asked] == started
    _, transcripts, _ = hear(tasks, lambda asked: answer, languages=languages, language=None)
    assert [segment.language for segment in transcripts["a"].segments] == [None] * 3


def test_words_are_aligned_and_split_in_the_language_of_their_window(hear, tokenizer):
    def languages(features):
        return {"ja": 0.9} if features[0, 0, 0] else {"en": 0.9}

    _, transcripts, decoder = hear(
        [("a", window(0)), ("a", window(3000))],
        lambda asked: says(tokenizer, 0.0, " abc", 1.0),
        features=np.arange(2, dtype=np.float32).reshape(2, 1, 1),
        languages=languages,
        language=None,
        multilingual=True,
        word_timestamps=True,
    )
    assert [start[1] for _, start, _, _ in decoder.aligned] == [tokenizer.special(c) for c in ("en", "ja")]
    assert [len(segment.words) for segment in transcripts["a"].segments] == [
        1,
        3,
    ]  # "abc" is split as Japanese is


def test_tokens_that_are_never_to_be_written_are_told_to_the_decoder(hear, tokenizer):
    _, _, decoder = hear(
        [("a", window(0))],
        lambda asked: says(tokenizer, 0.0, " x", 1.0),
        suppress_tokens=(-1, 7),
        suppress_numerals=True,
        no_repeat_ngram_size=3,
    )
    search = decoder.asked[0].search
    assert search.suppress_tokens[:2] == (-1, 7) and search.no_repeat_ngram_size == 3
    assert sorted(tokenizer.decode([t]) for t in search.suppress_tokens[2:] if t < 128) == list(
        "$%0123456789"
    )


def test_the_decoder_is_told_up_to_where_somebody_speaks(hear, tokenizer):
    voice = np.zeros(450, np.float32)
    voice[150:200] = 0.9  # 30 to 40 s, with cells of 0.2 s
    tasks = [("a", window(3000), Evidence(frames_per_cell=20, voice=voice)), ("a", window(0))]
    _, _, decoder = hear(tasks, lambda asked: says(tokenizer, 0.0, " x", 1.0))
    assert [asked.until for asked in decoder.asked] == [10.0, 0.0]
