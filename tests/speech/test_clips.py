"""Clips are openai-whisper's: pairs of seconds, the last one open where its end is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.speech.clips import WHOLE, clips_of


@given(st.lists(st.integers(0, 10**6), unique=True).map(sorted))
def test_text_and_numbers_say_the_same_and_no_second_is_lost(frames):
    times = [frame / 100 for frame in frames]
    clips = clips_of(times)
    assert clips == clips_of(",".join(f"{time:.2f}" for time in times))
    ends = [edge for clip in clips for edge in clip]
    assert ends == ([*frames, None] if len(frames) % 2 else frames or [0, None])


@pytest.mark.parametrize("nothing", [None, "", (), "0"])
def test_without_timestamps_all_is_heard(nothing):
    assert clips_of(nothing) == WHOLE


def test_a_clip_may_begin_where_the_one_before_ends():
    assert clips_of("0,10,10,20") == ((0, 1000), (1000, 2000))
