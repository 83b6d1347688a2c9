"""Words: all of the text, each at its time, with its punctuation."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import whisper_at
from tests.speech.scripted import FEATURES, ScriptedDecoder
from whisper_at.annotation import Segment
from whisper_at.audio import log_mel, read
from whisper_at.speech.words import add_words

# ruff: noqa: RUF001 (full-width punctuation is meant)
EXAMPLE = Path(__file__).parents[2] / "examples" / "street.ogg"
SEEK = 1200


def segment(tokenizer, text, *, start=12.0, end=42.0, seek=SEEK):
    return Segment(
        id=0,
        seek=seek,
        start=start,
        end=end,
        text=text,
        tokens=tuple(tokenizer.encode(text)),
        temperature=0.0,
        avg_logprob=-0.3,
        compression_ratio=1.0,
        no_speech_prob=0.0,
    )


def with_words(tokenizer, segments, *, path=None, language="en", n_frames=3000):
    decoder = ScriptedDecoder(None, path=path)
    done = add_words(
        decoder, tokenizer, FEATURES, segments, start=[1, 2], n_frames=n_frames, language=language
    )
    assert [part.text for part in done] == [part.text for part in segments]
    return done


def words_of(tokenizer, text, **options):
    (done,) = with_words(tokenizer, [segment(tokenizer, text)], **options)
    return [word.word for word in done.words]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    [" Hello, world.", " 你好，世界。", '"', " (", "naïve", " 👩‍🚀!", " ...", "½ é", " ", " don't"]
)


@st.composite
def hearings(draw):
    """Segments in order in one window, and a path that may step anywhere within it."""
    texts = draw(st.lists(TEXTS, min_size=1, max_size=5))
    times = sorted(draw(st.lists(st.integers(0, 1500), min_size=2 * len(texts), max_size=2 * len(texts))))
    spans = [(12 + 0.02 * a, 12 + 0.02 * b) for a, b in zip(times[::2], times[1::2], strict=True)]
    seed = draw(st.integers(0, 99))
    n_steps = draw(st.sampled_from([1, 7, 1500]))

    def path(n_tokens):
        return np.sort(np.random.default_rng(seed).integers(0, n_steps, n_tokens + 1))

    return texts, spans, path


@given(hearings(), st.sampled_from(["en", "ja"]))
def test_words_are_the_text_in_order_of_time(tokenizer, hearing, language):
    texts, spans, path = hearing
    segments = [segment(tokenizer, text, start=a, end=b) for text, (a, b) in zip(texts, spans, strict=True)]
    done = with_words(tokenizer, segments, path=path, language=language)
    for before, after in zip(segments, done, strict=True):
        assert "".join(word.word for word in after.words) == before.text
        times = [time for word in after.words for time in (word.start, word.end)]
        low, high = max(before.start - 0.5, 12), min(before.end + 0.5, 42)
        assert all(low - 1e-9 <= time <= high + 1e-9 for time in times)
        assert all(word.probability == 0.5 for word in after.words)
        if times and times[0] < times[-1]:
            assert (after.start, after.end) == (times[0], times[-1])
        else:  # words without length do not rob their segment of its own
            assert after.start <= before.start and before.end <= after.end
        assert all(after.start <= time <= after.end for time in times)
    everything = [time for part in done for word in part.words for time in (word.start, word.end)]
    assert everything == sorted(everything)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_no_character_is_torn_though_its_bytes_are_tokens(tokenizer, texts):
    for language in ("en", "zh"):
        for done in with_words(tokenizer, [segment(tokenizer, t) for t in texts], language=language):
            assert all("\ufffd" not in word.word for word in done.words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" Hello, world.", [" Hello,", " world."]),
        (' He said "no." (Well?!) Why', [" He", " said", ' "no."', " (Well?!)", " Why"]),
        (" “So,” he went on...", [" “So,”", " he", " went", " on..."]),
        (" - Yes. - No.", [" - Yes.", " - No."]),
        (" ¿Qué? ¡Sí!", [" ¿Qué?", " ¡Sí!"]),
        (" never closed (", [" never", " closed", " ("]),
    ],
)
def test_punctuation_goes_with_its_word(tokenizer, text, words):
    assert words_of(tokenizer, text) == words


def test_languages_without_blanks_are_split_into_characters(tokenizer):
    assert words_of(tokenizer, "你好，世界。", language="zh") == ["你", "好，", "世", "界。"]
    assert words_of(tokenizer, "こんにちは", language="ja") == list("こんにちは")
    assert words_of(tokenizer, " größer", language="de") == [" größer"]


def test_a_word_does_not_reach_into_the_next_segment(tokenizer):
    """Though no blank stands between them, each segment has its own words, and keeps them to the last."""
    segments = [segment(tokenizer, text) for text in ("ex", "am ple", " one two")]
    done = with_words(tokenizer, segments)
    assert [[word.word for word in part.words] for part in done] == [
        ["ex"],
        ["am", " ple"],
        [" one", " two"],
    ]


def test_a_word_lasts_from_its_first_token_to_that_of_the_next(tokenizer):
    """The path reaches the bytes of " ab cd." one after another, and the end of the text at step 35."""
    at = np.array([10, 15, 18, 20, 22, 25, 30, 35])
    (done,) = with_words(tokenizer, [segment(tokenizer, " ab cd.")], path=lambda n: at)
    times = [(word.word, word.start, word.end) for word in done.words]
    assert times == [(" ab", 12.2, 12.4), (" cd.", 12.4, 12.6)]  # the full stop is not spoken


def test_the_probability_of_a_word_is_the_mean_of_its_tokens(tokenizer):
    class Doubtful(ScriptedDecoder):
        def align(self, features, start, text, n_frames):
            found = super().align(features, start, text, n_frames)
            found.probabilities[:] = np.linspace(0, 1, len(text))
            return found

    part = segment(tokenizer, " ab cd,")
    (done,) = add_words(Doubtful(None), tokenizer, FEATURES, [part], start=[1], n_frames=3000, language="en")
    p = np.linspace(0, 1, 7)
    assert [w.probability for w in done.words] == pytest.approx([p[:3].mean(), p[3:6].mean()])


def test_silence_around_a_sentence_is_in_no_word(tokenizer):
    """The path spends 10 s of silence on the first word and 10 s on the last: they are cut to twice the median."""
    text = " a b c d e f g."
    at = np.array([0, *(510 + 10 * i for i in range(len(text) - 2)), 1200, 1400])
    (done,) = with_words(tokenizer, [segment(tokenizer, text)], path=lambda _: at)
    first, *between, last = done.words
    assert [round(word.end - word.start, 2) for word in between] == [0.4] * 5  # two tokens of ten steps
    assert [round(word.end - word.start, 2) for word in (first, last)] == [0.8, 0.8]
    assert (first.end, last.start) == (between[0].start, between[-1].end)  # the silence lies outside
    assert (done.start, done.end) == (first.start, last.end)


def test_words_are_held_near_the_times_that_the_model_wrote(tokenizer):
    """Both are rough: a word may lead a segment's own times by half a second, and the segment follows it."""
    at = np.array([100, 110, 120, 130, 700])  # " a" is said at 14.0 s, " b" from 14.4 s on
    part = segment(tokenizer, " a b", start=14.2, end=15.0)
    (done,) = with_words(tokenizer, [part], path=lambda n: at)
    assert (done.words[0].start, done.words[0].end) == (14.0, 14.4)
    assert done.start == 14.0 and done.end <= 15.5
    far = segment(tokenizer, " a b", start=20.0, end=21.0)
    (done,) = with_words(tokenizer, [far], path=lambda n: at)
    assert all(19.5 <= time <= 21.5 for w in done.words for time in (w.start, w.end))


def test_segments_without_text_have_no_words_and_ask_for_none(tokenizer):
    decoder = ScriptedDecoder(None)
    part = segment(tokenizer, "")
    (done,) = add_words(decoder, tokenizer, FEATURES, [part], start=[1], n_frames=3000, language="en")
    assert done.words == () and decoder.aligned == []


@pytest.fixture(scope="module")
def scene():
    """The example, what is said in it, and a model to hear it with."""
    if not EXAMPLE.exists():
        pytest.skip("the example was not made yet: see examples/make_scene.py")
    lines = json.loads(EXAMPLE.with_suffix(".json").read_text("utf-8"))["speech"]
    model = whisper_at.load("tiny.en", head=None, threads=1, offline=True)
    return model, log_mel(read(EXAMPLE).samples), lines


def hear(model, mel, seek, lines):
    """The words of lines that we know to be said in the window from a frame on, wherever in it."""
    window = mel.window(seek)
    features = model.encoder(window.padded[None], np.zeros((1, 1, 1500), np.float32)).features
    end = (seek + window.n_frames) / 100
    parts = [
        segment(model.tokenizer, " " + line["text"], start=seek / 100, end=end, seek=seek) for line in lines
    ]
    start = model.tokenizer.start("en", "transcribe")
    return add_words(
        model.decoder,
        model.tokenizer,
        features,
        parts,
        start=start,
        n_frames=window.n_frames,
        language="en",
    )


@pytest.mark.model
@pytest.mark.parametrize("first", [0, 2, 4])
def test_planted_speech_is_found_at_its_time(scene, first):
    """Among bells, birds, rain and a siren, to less than half a second."""
    model, mel, lines = scene
    lines = lines[first : first + 2]
    for line, part in zip(lines, hear(model, mel, round(100 * lines[0]["start"]) - 300, lines), strict=True):
        assert part.start == pytest.approx(line["start"], abs=0.5)
        assert part.end == pytest.approx(line["end"], abs=0.5)
        assert max(word.end - word.start for word in part.words) < 1


@pytest.mark.model
def test_words_lie_on_the_recording_and_not_on_the_window(scene):
    model, mel, lines = scene
    seek = round(100 * lines[2]["start"]) - 200
    (early,), (late,) = (hear(model, mel, at, lines[2:3]) for at in (seek, seek + 150))
    assert [w.word for w in early.words] == [w.word for w in late.words]
    shifts = [abs(a.end - b.end) for a, b in zip(early.words, late.words, strict=True)]
    assert np.median(shifts) <= 0.1
