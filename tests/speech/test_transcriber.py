"""Windows become a transcript: what is carried from one to the next, what is skipped, and that it comes to an end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.speech.scripted import (
    FEATURES,
    ScriptedDecoder,
    byte_tokenizer,
    hypothesis_of,
    window,
    written,
)
from whisper_at.errors import OptionError
from whisper_at.speech.options import SpeechOptions
from whisper_at.speech.transcriber import Transcriber

NOBODY = {"avg_logprob": -1.5, "no_speech_prob": 0.9}


@pytest.fixture(scope="module")
def english_only(tmp_path_factory):
    return byte_tokenizer(tmp_path_factory.mktemp("english"), multilingual=False)


class Session:
    """One recording: hears windows in the order of their seeks, each answered with the next line of the script."""

    def __init__(self, tokenizer, script, *, languages=None, path=None, **options):
        answers = iter(script)
        self.tokenizer = tokenizer
        self.decoder = ScriptedDecoder(lambda _: next(answers), languages=languages or {"en": 1.0}, path=path)
        options = {"language": "en", "temperature": 0.0, **options}
        self.transcriber = Transcriber(self.decoder, tokenizer, SpeechOptions(**options))
        self.seek = 0

    def hear(self, n_frames=3000, n_windows=1):
        for _ in range(n_windows):
            self.seek = self.transcriber.hear(window(self.seek, n_frames), FEATURES)
        return self.seek

    @property
    def prompts(self):
        return [asked.prompt for asked in self.decoder.asked]

    @property
    def transcript(self):
        return self.transcriber.transcript()


def said(tokenizer, text, **thoughts):
    """A window in which one text is said from its start to 2 s."""
    return hypothesis_of(written(tokenizer, 0.0, text, 2.0), **thoughts)


def start_of(tokenizer, language="en", task="transcribe"):
    return (tokenizer.sot, tokenizer.special(language), tokenizer.special(task))


def test_the_first_window_has_no_prompt_and_the_next_one_the_text_so_far(tokenizer):
    session = Session(tokenizer, [said(tokenizer, text) for text in (" one", " two", " three")])
    session.hear(n_windows=3)
    start = start_of(tokenizer)
    one, two = written(tokenizer, 0.0, " one", 2.0), written(tokenizer, 0.0, " two", 2.0)
    assert session.prompts == [
        start,
        (tokenizer.sot_prev, *one, *start),
        (tokenizer.sot_prev, *one, *two, *start),
    ]


def test_a_prompt_is_the_last_223_tokens(tokenizer):
    texts = [" " + letter * 150 for letter in "abc"]
    session = Session(tokenizer, [said(tokenizer, text) for text in texts], compression_ratio_threshold=None)
    session.hear(n_windows=3)
    everything = [token for text in texts[:2] for token in written(tokenizer, 0.0, text, 2.0)]
    assert session.prompts[2] == (tokenizer.sot_prev, *everything[-223:], *start_of(tokenizer))


@pytest.mark.parametrize("text", ["Glossary: Cnidaria, Bryozoa.", "  Glossary: Cnidaria, Bryozoa. "])
def test_an_initial_prompt_comes_first_and_is_not_in_the_transcript(tokenizer, text):
    session = Session(tokenizer, [said(tokenizer, " one")] * 2, initial_prompt=text)
    session.hear(n_windows=2)
    initial = tokenizer.encode(" Glossary: Cnidaria, Bryozoa.")
    one = written(tokenizer, 0.0, " one", 2.0)
    assert session.prompts[0] == (tokenizer.sot_prev, *initial, *start_of(tokenizer))
    assert session.prompts[1] == (tokenizer.sot_prev, *initial, *one, *start_of(tokenizer))
    assert session.transcript.text == "one one"


def test_without_conditioning_only_the_first_window_has_the_initial_prompt(tokenizer):
    script = [said(tokenizer, " one")] * 3
    session = Session(tokenizer, script, initial_prompt="Hi", condition_on_previous_text=False)
    session.hear(n_windows=3)
    start = start_of(tokenizer)
    assert session.prompts == [(tokenizer.sot_prev, *tokenizer.encode(" Hi"), *start), start, start]


@pytest.mark.parametrize(("temperature", "kept"), [(0.4, True), (0.5, True), (0.6, False), (1.0, False)])
def test_hot_text_is_no_prompt(tokenizer, temperature, kept):
    """Nor is what came before it; text after it is a prompt again."""
    bad, good = ({"avg_logprob": logprob} for logprob in (-2.0, -0.2))
    script = [
        said(tokenizer, " old", **good),
        *(said(tokenizer, text, **mark) for text, mark in ((" no", bad), (" hot", good))),
        *(said(tokenizer, text, **good) for text in (" new", " last")),
    ]
    session = Session(tokenizer, script, temperature=(0.0, temperature))
    session.hear(n_windows=4)
    old, hot, new = (written(tokenizer, 0.0, text, 2.0) for text in (" old", " hot", " new"))
    start = start_of(tokenizer)
    before = (*old, *hot) if kept else ()
    assert session.prompts[3] == ((tokenizer.sot_prev, *before, *start) if kept else start)
    assert session.prompts[4] == (tokenizer.sot_prev, *before, *new, *start)
    assert session.transcript.text == "old hot new last"


def test_text_of_a_window_where_no_temperature_passed_is_no_prompt(tokenizer):
    """The cold text that is kept for want of a better one is as doubtful as the hot ones after it."""
    script = [said(tokenizer, text, avg_logprob=p) for text, p in ((" cold", -1.1), (" hot", -3.0))]
    session = Session(tokenizer, [*script, said(tokenizer, " next")], temperature=(0.0, 1.0))
    session.hear(n_windows=2)
    assert [s.temperature for s in session.transcript.segments] == [0.0, 0.0]
    assert session.transcript.text == "cold next"
    assert session.prompts[2] == start_of(tokenizer)


@pytest.mark.parametrize("n_frames", [3000, 1234])
def test_a_silent_window_is_skipped_as_a_whole(tokenizer, n_frames):
    session = Session(tokenizer, [said(tokenizer, " Thanks for watching.", **NOBODY)], initial_prompt="Hi")
    assert session.hear(n_frames) == n_frames
    assert session.transcript.segments == () and session.transcript.text == ""


def test_silence_does_not_end_the_prompt(tokenizer):
    script = [said(tokenizer, " one"), said(tokenizer, " you", **NOBODY), said(tokenizer, " two")]
    session = Session(tokenizer, script)
    session.hear(n_windows=3)
    one = written(tokenizer, 0.0, " one", 2.0)
    assert session.prompts[2] == (tokenizer.sot_prev, *one, *start_of(tokenizer))
    assert session.seek == 9000


def test_the_language_is_detected_once_among_those_of_the_model(tokenizer):
    languages = {"yue": 0.5, "de": 0.3, "en": 0.1, "xx": 0.1}  # nobody can ask this model for yue or xx
    session = Session(tokenizer, [said(tokenizer, " ja")] * 3, languages=languages, language=None)
    session.hear(n_windows=3)
    assert len(session.decoder.detected) == 1
    assert session.decoder.detected[0] is FEATURES
    assert all(prompt[-3:] == start_of(tokenizer, "de") for prompt in session.prompts)
    assert (session.transcript.language, session.transcript.language_probability) == ("de", 0.3)


@pytest.mark.parametrize("language", ["de", "German", " GERMAN "])
def test_a_given_language_is_not_detected(tokenizer, language):
    session = Session(tokenizer, [said(tokenizer, " ja")], language=language, task="translate")
    session.hear()
    assert session.decoder.detected == []
    assert session.prompts == [start_of(tokenizer, "de", "translate")]
    assert (session.transcript.language, session.transcript.language_probability) == ("de", None)


@pytest.mark.parametrize("language", [None, "en"])
def test_english_only_models_have_neither_language_nor_task(english_only, language):
    session = Session(english_only, [said(english_only, " yes")], language=language)
    session.hear()
    assert session.prompts == [(english_only.sot,)]
    assert session.decoder.detected == []
    assert session.transcript.language == "en"


def test_another_language_than_the_models_is_refused_before_anything_is_heard(tokenizer, english_only):
    for known, language in ((english_only, "de"), (tokenizer, "yue")):
        with pytest.raises(OptionError, match=f"'{language}' was asked for"):
            Transcriber(ScriptedDecoder(None), known, SpeechOptions(language=language))


def test_an_english_only_model_refuses_to_translate(english_only):
    with pytest.raises(OptionError, match="needs a multilingual model"):
        Session(english_only, [], language=None, task="translate").hear()


def test_nobody_is_asked_about_less_than_a_tenth_of_a_second(tokenizer):
    """Whisper would write something even there; the window is passed over, the next one heard."""
    session = Session(tokenizer, [said(tokenizer, " yes")], language=None)
    assert session.hear(n_frames=9) == 9
    assert session.decoder.asked == session.decoder.detected == []
    session.hear(n_frames=10)
    assert session.transcript.text == "yes"


def test_segments_tell_what_they_were_made_of(tokenizer):
    tokens = written(tokenizer, 0.0, " Good", 1.0, 1.0, " morning.", 2.5)
    session = Session(tokenizer, [hypothesis_of([]), hypothesis_of(tokens, no_speech_prob=0.2)])
    session.hear(n_windows=2)
    first, second = session.transcript.segments
    assert (first.id, first.seek, first.start, first.end, first.text) == (0, 3000, 30.0, 31.0, " Good")
    assert (second.id, second.start, second.end, second.text) == (1, 31.0, 32.5, " morning.")
    assert first.tokens + second.tokens == tokens
    assert {(s.temperature, s.avg_logprob, s.no_speech_prob) for s in (first, second)} == {(0.0, -0.3, 0.2)}
    assert first.compression_ratio == second.compression_ratio > 0
    assert first.words is None
    assert session.transcript.text == "Good morning."


def test_segments_without_text_or_length_are_dropped(tokenizer):
    tokens = written(tokenizer, 0.0, " ", 1.0, 1.0, " yes", 2.0, 2.0, " no", 2.0, 2.0)
    session = Session(tokenizer, [hypothesis_of(tokens), said(tokenizer, " end")])
    assert session.hear() == 200
    session.hear()
    assert [s.text for s in session.transcript.segments] == [" yes", " end"]
    assert session.prompts[1] == (
        tokenizer.sot_prev,
        *written(tokenizer, 1.0, " yes", 2.0),
        *start_of(tokenizer),
    )


def test_a_segment_beyond_the_real_end_ends_with_the_recording(tokenizer):
    tokens = written(tokenizer, 0.0, " one", 2.0, 2.0, " two", 29.0)
    session = Session(tokenizer, [hypothesis_of(tokens)])
    assert session.hear(n_frames=550) == 550
    assert [(s.start, s.end) for s in session.transcript.segments] == [(0.0, 2.0), (2.0, 5.5)]


def test_the_samples_of_a_window_are_seeded_by_its_place(tokenizer):
    """So a window's text hangs on the recording, not on how many windows were decoded before."""
    session = Session(tokenizer, [said(tokenizer, " a")] * 3)
    session.hear(n_windows=3)
    assert [asked.seed for asked in session.decoder.asked] == [0, 3000, 6000]


def test_a_window_in_another_language_is_not_prompted_with_the_text_before(tokenizer):
    """But with what was given to begin with; and one in the same language is."""
    heard = iter(["de", "de", "en"])
    session = Session(
        tokenizer,
        [said(tokenizer, text) for text in (" eins", " zwei", " three")],
        languages=lambda features: {next(heard): 0.9},
        language=None,
        multilingual=True,
        initial_prompt="Hi",
    )
    session.hear(n_windows=3)
    hi, one = tokenizer.encode(" Hi"), written(tokenizer, 0.0, " eins", 2.0)
    assert session.prompts[1] == (tokenizer.sot_prev, *hi, *one, *start_of(tokenizer, "de"))
    assert session.prompts[2] == (tokenizer.sot_prev, *hi, *start_of(tokenizer, "en"))
    assert [segment.language for segment in session.transcript.segments] == ["de", "de", "en"]
    assert session.transcript.language == "de"


def test_options_reach_the_search(tokenizer):
    session = Session(
        tokenizer, [said(tokenizer, " a")], beam_size=2, best_of=3, patience=1.5, length_penalty=0.8
    )
    session.hear()
    (asked,) = session.decoder.asked
    search = asked.search
    assert (search.beam_size, search.best_of, search.patience, search.length_penalty) == (2, 3, 1.5, 0.8)


def test_an_unfinished_window_with_words_is_followed_from_its_last_word(tokenizer):
    """The words are aligned without the prompt, on the features that the text was read from."""
    tokens = written(tokenizer, 0.0, " ab", 2.0, 2.0, " unfinished")
    at = [10, 20, 30, 40]
    session = Session(tokenizer, [hypothesis_of(tokens)], word_timestamps=True, path=lambda n: np.array(at))
    assert session.hear() == 80  # step 40, where the path reaches the end of the text
    ((features, start, text, n_frames),) = session.decoder.aligned
    assert features is FEATURES and start == start_of(tokenizer) and n_frames == 3000
    assert text == tuple(tokenizer.encode(" ab"))
    ((word,),) = (segment.words for segment in session.transcript.segments)
    assert (word.word, word.start, word.end) == (" ab", 0.2, 0.8)


def test_words_that_all_lie_at_the_windows_start_do_not_hold_us_there(tokenizer):
    tokens = written(tokenizer, 0.0, " ab", 2.0, 2.0, " unfinished")
    session = Session(
        tokenizer, [hypothesis_of(tokens)], word_timestamps=True, path=lambda n: np.zeros(n + 1, int)
    )
    assert session.hear() == 200


def test_words_do_not_take_back_a_window_that_was_heard_to_its_end(tokenizer):
    session = Session(tokenizer, [said(tokenizer, " yes")], word_timestamps=True)
    assert session.hear() == 3000


def test_words_of_a_translation_are_english_ones(tokenizer):
    script = [said(tokenizer, " two words")]
    session = Session(tokenizer, script, language="ja", task="translate", word_timestamps=True)
    session.hear()
    (segment,) = session.transcript.segments
    assert [word.word for word in segment.words] == [" two", " words"]


@st.composite
def scripts(draw):
    """What a model may answer, sense or nonsense: a time, then texts between times that need not be in order."""
    times = st.integers(0, 1500).map(lambda n: n * 0.02)
    parts = st.lists(times | st.sampled_from([" a", " bc", "."]), max_size=8)
    answers = st.tuples(st.tuples(times), parts, st.floats(-2, 0), st.floats(0, 1))
    return [
        (first + tuple(rest), p, q) for first, rest, p, q in draw(st.lists(answers, min_size=1, max_size=5))
    ]


@given(scripts(), st.integers(1, 12_000), st.booleans(), st.data())
def test_seeks_rise_to_the_end_of_the_recording(tokenizer, script, n_frames, words, data):
    """Each window brings us on, no segment or word leaves the recording, and ids count up."""
    answers = [
        hypothesis_of(written(tokenizer, *parts), avg_logprob=p, no_speech_prob=q) for parts, p, q in script
    ]

    def rising(n):
        steps = st.lists(st.integers(0, 1499), min_size=n + 1, max_size=n + 1)
        return np.array(sorted(data.draw(steps)))

    path = rising if words else None
    session = Session(
        tokenizer, (answers[i % len(answers)] for i in range(10_000)), word_timestamps=words, path=path
    )
    for _ in range(20):
        if session.seek >= n_frames:
            break
        heard = min(3000, n_frames - session.seek)
        before, after = session.seek, session.hear(heard)
        assert before < after <= before + heard
    transcript = session.transcript
    assert [s.id for s in transcript.segments] == list(range(len(transcript.segments)))
    assert transcript.text == "".join(s.text for s in transcript.segments).strip()
    for segment in transcript.segments:
        assert segment.seek / 100 <= segment.start <= segment.end <= n_frames / 100
        assert words or segment.start < segment.end
        for word in segment.words or ():
            assert segment.start <= word.start <= word.end <= segment.end
