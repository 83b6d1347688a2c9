"""Annotations as text: for people and for programs."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_annotation import ANNOTATION, SEGMENT, annotations
from whisper_at.annotation import Event
from whisper_at.writers import WRITERS
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.readable import clock, to_readable

SILENCE = replace(ANNOTATION, text="", segments=(), events=())


def said(*texts):
    segments = tuple(
        replace(SEGMENT, id=i, start=float(i), end=i + 1.0, text=text) for i, text in enumerate(texts)
    )
    return replace(ANNOTATION, segments=segments)


def siren(start, end):
    return Event(label="Siren", mid="/m/03kmc9", start=start, end=end, probability=0.934)


def test_txt_has_a_line_a_segment():
    assert (
        WRITERS["txt"](said(" Rain.", " Much of it. ", "Zürich 🐕"), WriteOptions())
        == "Rain.\nMuch of it.\nZürich 🐕\n"
    )
    assert WRITERS["txt"](SILENCE, WriteOptions()) == ""


@given(annotations)
def test_json_is_strict(annotation):
    def reject(constant):
        raise AssertionError(constant)

    text = WRITERS["json"](annotation, WriteOptions())
    assert text.endswith("}\n")
    json.loads(text, parse_constant=reject)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_does_not_have_is_never_written(number):
    with pytest.raises(ValueError, match="JSON"):
        WRITERS["json"](replace(ANNOTATION, duration=number), WriteOptions())


def test_json_keeps_letters_readable():
    assert '"text": "Zürich 🐕"' in WRITERS["json"](replace(ANNOTATION, text="Zürich 🐕"), WriteOptions())


def test_words_and_sounds_stand_in_the_order_of_time():
    annotation = replace(said(" One.", " Two."), events=(siren(0.0, 0.4), siren(1.8, 61.25)))
    assert to_readable(annotation).splitlines() == [
        "[00:00.0 → 00:01.0]  One.",
        "[00:00.0 → 00:00.4]  [Siren 0.93]",
        "[00:01.0 → 00:02.0]  Two.",
        "[00:01.8 → 01:01.2]  [Siren 0.93]",
    ]


def test_a_reader_is_told_each_sound_once():
    """What says the same less exactly and what the words say already is in the JSON alone."""

    def heard(label, mid, start, end, probability=0.6):
        return Event(label=label, mid=mid, start=start, end=end, probability=probability)

    events = (
        heard("Dog", "/m/0bt9lr", 0, 2),
        heard("Bark", "/m/05tny_", 0.4, 2, 0.9),
        heard("Speech", "/m/09x0r", 0, 9),
        heard("Rain", "/m/06mb1", 1, 4),
        heard("Gunshot, gunfire", "/m/032s66", 5.2, 5.6, 0.95),
        heard("My own label", "own", 6, 8),
    )
    text = to_readable(replace(SILENCE, events=events))
    assert [line.split("  ")[1] for line in text.splitlines()] == [
        "[Bark 0.90]",
        "[Rain 0.60]",
        "[Gunshot, gunfire 0.95]",
        "[My own label 0.60]",
    ]
    assert "[Speech" in to_readable(replace(SILENCE, events=events, language=None))


def test_nothing_is_said_of_what_nobody_listened_for():
    assert to_readable(SILENCE) == "(nothing was said and nothing was recognised)\n"
    assert to_readable(replace(SILENCE, tags=None)) == "(nothing was said)\n"
    assert to_readable(replace(SILENCE, language=None)) == "(nothing was recognised)\n"


@given(st.floats(min_value=0, max_value=1e6))
def test_the_clock_tells_the_time_to_a_tenth(seconds):
    text = clock(seconds)
    assert re.fullmatch(r"(\d+:)?[0-5]\d:[0-5]\d\.\d", text)
    parts = [float(part) for part in text.split(":")]
    total = sum(part * 60**i for i, part in enumerate(reversed(parts)))
    assert total == pytest.approx(seconds, abs=0.0501)


def test_the_clock_carries():
    assert clock(59.96) == "01:00.0"
    assert clock(3599.96) == "1:00:00.0"
    assert clock(0) == "00:00.0"
