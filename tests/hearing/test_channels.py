"""Annotations of channels become one in the order of time, and nothing of them is lost."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import whisper_at
from tests.test_annotation import ANNOTATION, SEGMENT
from whisper_at.annotation import Annotation, Dropped
from whisper_at.audio import read
from whisper_at.errors import OptionError
from whisper_at.hearing.channels import joined
from whisper_at.writers import WRITERS
from whisper_at.writers.readable import to_readable

SCENE = Path(__file__).parents[2] / "examples" / "street.ogg"
SILENCE = Dropped(text="", start=1.0, end=2.0, voice=0.0, reason="nobody speaks: not decoded")


def speaker(*starts, text, **changes):
    segments = tuple(
        replace(SEGMENT, id=i, start=start, end=start + 1, text=f" {text}{i}")
        for i, start in enumerate(starts)
    )
    return replace(ANNOTATION, segments=segments, **changes)


def test_two_speakers_take_turns():
    both = joined(
        [speaker(0.0, 4.0, text="a", dropped=(SILENCE,)), speaker(2.0, 6.0, text="b", notes=("x",))], 2
    )
    assert [(s.id, s.channel, s.start) for s in both.segments] == [(0, 0, 0), (1, 1, 2), (2, 0, 4), (3, 1, 6)]
    assert both.text == "a0 b0 a1 b1"
    assert [event.channel for event in both.events] == [row.channel for row in both.tags.rows] == [0, 1]
    assert both.dropped == (replace(SILENCE, channel=0),)
    assert both.notes == ("channel 1: x",)
    assert Annotation.from_dict(json.loads(WRITERS["json"](both))) == both
    assert WRITERS["txt"](both) == "0: a0\n1: b0\n0: a1\n1: b1\n"
    shown = to_readable(both)
    assert "0: [Rain 0.70]" in shown and "1: [Rain 0.70]" in shown and "1: b0" in shown


def test_the_language_is_that_of_who_speaks_first():
    both = joined([speaker(3.0, text="a"), speaker(1.0, text="b", language="de")], 2)
    assert both.language == "de"


def test_one_channel_is_said_to_be_one():
    one = joined([speaker(0.0, text="a")], 1)
    assert one.notes == ("one channel: there is nothing to keep apart",)
    assert one.segments[0].channel == 0


def test_a_channel_that_was_not_heard_is_told():
    assert joined([speaker(0.0, text="a")], 2).notes == ("channel 1: stopped before it was heard",)


@pytest.mark.model
def test_each_channel_of_a_call_is_heard_as_if_it_were_alone():
    model = whisper_at.load("tiny.en", threads=1)
    scene = read(SCENE).samples[: 20 * 16_000]
    left, right = scene.copy(), np.roll(scene, 8 * 16_000)
    apart = [model.annotate(channel) for channel in (left, right)]
    both = model.annotate(np.stack([left, right]), channels="split")
    for i, one in enumerate(apart):
        assert [s.text for s in both.segments if s.channel == i] == [s.text for s in one.segments]
        assert [e.label for e in both.events if e.channel == i] == [e.label for e in one.events]
    assert [s.start for s in both.segments] == sorted(s.start for s in both.segments)
    with pytest.raises(OptionError, match="for channels=split take annotate"):
        model.segments(np.stack([left, right]), channels="split")
