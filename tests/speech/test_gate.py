"""Nothing is written where the tags hear no voice, and what is left out is told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.annotation import Segment
from whisper_at.speech.gate import GATES, Evidence

SEGMENT = Segment(
    id=0, seek=0, start=4.0, end=6.0, text=" Thanks for watching.", tokens=(1,), temperature=0.0,
    avg_logprob=-0.2, compression_ratio=1.0, no_speech_prob=0.01,
)  # fmt: skip


def evidence(*voice):
    """In cells of a second."""
    return Evidence(frames_per_cell=100, voice=np.float32(voice))


def doubted(segment):
    return Segment(**{**segment.__dict__, "avg_logprob": -0.9})


@pytest.mark.parametrize("kind", ["auto", "strict"])
def test_a_window_without_a_voice_is_not_decoded(kind):
    gate = GATES[kind]
    assert gate.is_silent(evidence(*[0.001] * 30), 0, 3000)
    assert not gate.is_silent(evidence(*[0.001] * 29, 0.9), 0, 3000)
    reason = gate.is_silent(evidence(*[0.001] * 30), 500, 1000)
    assert (reason.text, reason.start, reason.end, reason.voice) == ("", 5.0, 15.0, 0.001)


def test_words_are_dropped_where_nobody_speaks():
    gate = GATES["auto"]
    reason = gate.drops(evidence(0.9, 0.9, 0, 0, 0, 0, 0, 0.9), SEGMENT)
    assert (reason.text, reason.start, reason.end, reason.voice) == (SEGMENT.text, 4.0, 6.0, 0.0)
    assert not gate.drops(evidence(0, 0, 0, 0, 0, 0.9, 0, 0), SEGMENT)


def test_a_voice_just_beside_the_segment_counts_for_its_times_are_rough():
    assert not GATES["auto"].drops(evidence(0, 0, 0, 0.9, 0, 0, 0, 0), SEGMENT)


@given(voice=st.floats(0, 1), kind=st.sampled_from(["auto", "strict"]))
def test_what_the_decoder_doubts_needs_more_of_a_voice(voice, kind):
    around = evidence(*[voice] * 10)
    if GATES[kind].drops(around, SEGMENT):
        assert GATES[kind].drops(around, doubted(SEGMENT))


@given(voice=st.lists(st.floats(0, 1), min_size=10, max_size=10))
def test_strict_drops_whatever_auto_drops(voice):
    if GATES["auto"].drops(evidence(*voice), SEGMENT):
        assert GATES["strict"].drops(evidence(*voice), SEGMENT)
    if GATES["auto"].is_silent(evidence(*voice), 0, 1000):
        assert GATES["strict"].is_silent(evidence(*voice), 0, 1000)


def test_where_nothing_has_been_heard_nothing_is_dropped():
    """The last cell of a window may belong to the next one."""
    assert evidence(0, 0).between(300, 400) == 1.0
    assert not GATES["strict"].drops(evidence(0, 0), SEGMENT)
