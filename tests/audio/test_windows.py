"""A window is 30 s of a recording's columns from any frame, with nothing after its end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.audio import LogMel


def clock(n_frames):
    """Columns that tell their frame, counted from 1 so that padding cannot be taken for one."""
    return LogMel(columns=np.tile(np.arange(1, n_frames + 1, dtype=np.float32), (80, 1)))


@given(st.integers(1, 7000), st.data())
def test_a_window_holds_the_frames_from_its_seek_and_then_zeros(n_frames, data):
    seek = data.draw(st.integers(0, n_frames - 1))
    window = clock(n_frames).window(seek)
    frames = np.arange(seek, seek + 3000)
    assert window.seek == seek
    assert window.n_frames == min(3000, n_frames - seek)
    assert window.padded.shape == (80, 3000) and window.padded.dtype == np.float32
    assert (window.padded == np.where(frames < n_frames, frames + 1, 0)).all()


def test_a_window_is_a_copy():
    mel = clock(100)
    mel.window(0).padded[:] = -1
    assert mel.columns[0, 99] == 100


@pytest.mark.parametrize("seek", [-1, 100])
def test_no_window_starts_outside_the_recording(seek):
    with pytest.raises(AssertionError, match="outside a recording of 100 frames"):
        clock(100).window(seek)
