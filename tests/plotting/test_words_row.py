"""The row of words: what is written fits, is in its order, and nobody stands upon another."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tests.test_annotation import ANNOTATION, SEGMENT
from whisper_at.annotation import Word
from whisper_at.plotting.sheet import LIGHT
from whisper_at.plotting.words import draw_words, fitting, height
from whisper_at.writers.captions.units import width

TEXTS = st.text(st.sampled_from("ab ,.下雨。한ए्"), max_size=60).map(lambda text: " ".join(text.split()))


@given(TEXTS, st.integers(2, 30), st.integers(1, 4))
def test_what_is_written_fits_and_is_a_beginning_of_what_was_said(text, columns, lines):
    written = fitting(text, columns, lines).split("\n")
    assert len(written) <= lines
    assert all(width(line) <= columns for line in written)
    letters = "".join(written).removesuffix("…").replace(" ", "")
    assert text.replace(" ", "").startswith(letters)
    if width(text) <= columns:
        assert written == [text]


def texts(annotation):
    """What is written, and where: (x, y) by text."""
    axes = Figure().subplots()
    draw_words(axes, annotation, LIGHT)
    return {text.get_text(): text.get_position() for text in axes.texts}


def talk(duration, *segments):
    return replace(ANNOTATION, language="en", duration=duration, segments=segments, events=())


def test_who_speaks_at_once_has_a_row_of_his_own():
    one, other = (replace(SEGMENT, start=0, end=5, text=str(i), words=None, channel=i) for i in (0, 1))
    places = texts(talk(10.0, one, other))
    assert places["0"][1] < 1 < places["1"][1]
    assert height(talk(10.0, one, other)) == 2 * height(talk(10.0, one))


def test_a_word_stands_at_its_time_where_there_is_room():
    words = tuple(
        Word(word=f" {text}", start=t, end=t + 1, probability=1) for t, text in [(2, "Good"), (6, "day.")]
    )
    segment = replace(SEGMENT, start=2, end=7, text=" Good day.", words=words)
    assert {text: x for text, (x, _) in texts(talk(10.0, segment)).items()} == {"Good": 2, "day.": 6}
    assert list(texts(talk(80.0, segment))) == ["Good day."]
    assert texts(talk(7200.0, segment)) == {}
    assert height(talk(7200.0, segment)) < height(talk(10.0, segment))
