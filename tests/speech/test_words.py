"""Words: all of the text, each at its time, with its punctuation."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import whisper_at
from tests.speech.scripted import FEATURES, ScriptedDecoder, window
from whisper_at.annotation import Segment
from whisper_at.audio import log_mel, read
from whisper_at.audio.windows import Window
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


def with_words(tokenizer, segments, *, path=None, language="en", n_frames=3000, heard=None):
    decoder = ScriptedDecoder(None, path=path)
    heard = window(SEEK, n_frames) if heard is None else heard
    done = add_words(decoder, tokenizer, FEATURES, segments, start=[1, 2], window=heard, language=language)
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
        assert all(12 <= time <= 42 for time in times)
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
    assert times == [
        (" ab", 12.2, 12.4),
        (" cd.", 12.4, 12.7),
    ]  # the full stop is written while the word fades ...
    at[-1] = 350
    (done,) = with_words(tokenizer, [segment(tokenizer, " ab cd.")], path=lambda n: at)
    assert done.words[-1].end == 12.8  # ... but a pause behind it is not in the word


def test_the_probability_of_a_word_is_the_mean_of_its_tokens(tokenizer):
    class Doubtful(ScriptedDecoder):
        def align(self, features, start, text, n_frames):
            found = super().align(features, start, text, n_frames)
            found.probabilities[:] = np.linspace(0, 1, len(text))
            return found

    part = segment(tokenizer, " ab cd,")
    (done,) = add_words(
        Doubtful(None), tokenizer, FEATURES, [part], start=[1], window=window(SEEK), language="en"
    )
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


def test_a_segment_follows_its_words_though_the_model_wrote_other_times(tokenizer):
    at = np.array([100, 110, 120, 130, 140])  # " a" is said at 14.0 s, " b" from 14.4 s on
    far = segment(tokenizer, " a b", start=20.0, end=21.0)
    (done,) = with_words(tokenizer, [far], path=lambda n: at)
    assert (done.start, done.words[0].end, done.end) == (14.0, 14.4, 14.8)


@st.composite
def windows_with_pauses(draw):
    """A window in which some stretches are 60 dB quieter than the others, and those that are long enough to count."""
    lengths = draw(st.lists(st.integers(20, 400), min_size=1, max_size=12))
    loud = draw(st.booleans())
    padded = np.zeros((80, 3000), np.float32)
    silent, at = [], 0
    for length in lengths:
        end = min(at + length, 3000)
        padded[:, at:end] = 1.0 if loud else -0.5
        if not loud and end - at >= 50:
            silent.append(((SEEK + at) / 100, (SEEK + end) / 100))
        at, loud = end, not loud
    assume((padded[:, :at] > 0).mean() > 0.06)  # else nothing stands out
    return Window(seek=SEEK, n_frames=at, padded=padded), silent


@given(hearings(), windows_with_pauses())
def test_no_word_reaches_into_a_silence_of_half_a_second(tokenizer, hearing, planted):
    """Wherever the path goes: in order, in the window, outside every planted silence, and the segment goes along."""
    texts, spans, path = hearing
    heard, silent = planted
    segments = [segment(tokenizer, text, start=a, end=b) for text, (a, b) in zip(texts, spans, strict=True)]
    done = with_words(tokenizer, segments, path=path, heard=heard)
    words = [word for part in done for word in part.words]
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert all(12 <= time <= (SEEK + heard.n_frames) / 100 for time in times)
    for start, end in silent:
        assert all(word.end <= start or word.start >= end for word in words)
    for part in done:
        assert all(part.start <= word.start <= word.end <= part.end for word in part.words)


def test_segments_without_text_have_no_words_and_ask_for_none(tokenizer):
    decoder = ScriptedDecoder(None)
    part = segment(tokenizer, "")
    (done,) = add_words(decoder, tokenizer, FEATURES, [part], start=[1], window=window(SEEK), language="en")
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
    heard = mel.window(seek)
    features = model.encoder(heard.padded[None], np.zeros((1, 1, 1500), np.float32)).features
    end = (seek + heard.n_frames) / 100
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
        window=heard,
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


@pytest.mark.model
def test_words_planted_in_a_recording_are_found_between_its_silences(scene):
    """Two lines of the example, 2 s of silence before, between and behind them, heard as any recording is."""
    model, _, lines = scene
    samples = read(EXAMPLE).samples
    chosen = [lines[0], lines[3]]
    pause = np.zeros(2 * 16_000, np.float32)
    parts, planted, at = [pause], [], 2.0
    for line in chosen:
        clip = samples[round(line["start"] * 16_000) : round(line["end"] * 16_000)]
        planted.append((at, at + len(clip) / 16_000))
        at = planted[-1][1] + 2
        parts += [clip, pause]
    heard = model.transcribe(np.concatenate(parts), sample_rate=16_000, word_timestamps=True)
    words = [word for part in heard.segments for word in part.words]
    assert all(any(a - 0.03 <= w.start <= w.end <= b + 0.03 for a, b in planted) for w in words)
    for a, b in planted:
        mine = [w for w in words if a - 0.03 <= w.start <= b]
        assert mine[0].start == pytest.approx(a, abs=0.1)
        assert mine[-1].end == pytest.approx(b, abs=0.1)
