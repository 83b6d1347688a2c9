"""An encoder that tells the time, and windows as a decoder might choose them."""

import numpy as np
from hypothesis import strategies as st

from whisper_at.tagging.pooling import TapPool
from whisper_at.timegrid import FRAMES_PER_STEP, FRAMES_PER_WINDOW


def clock_encoder(seek):
    """Stands in for the encoder: each step [step, 1] answers with the middle of its two frames."""
    frames = np.arange(seek, seek + FRAMES_PER_WINDOW, FRAMES_PER_STEP)
    return (frames + (FRAMES_PER_STEP - 1) / 2)[:, None].astype(np.float32)


@st.composite
def seek_lists(draw, *, n_frames=None, whole_steps=False):
    """(seeks, length of the recording): hops of 1 frame to a full window, until the recording is heard."""
    n_frames = n_frames or draw(st.integers(1, 12_000))
    seeks, seek = [], 0
    while seek < n_frames:
        seeks.append(seek)
        hop = draw(st.integers(200, FRAMES_PER_WINDOW))
        seek += hop // 2 * 2 if whole_steps else hop
    return seeks, n_frames


def hear_with_seeks(grid, seeks, n_frames):
    """The cells of a recording whose every step tells the time."""
    pool, cells = TapPool(grid, n_frames), []
    for seek in seeks:
        matrix = pool.plan(seek)
        cells.append(pool.hear(seek, matrix, matrix @ clock_encoder(seek)))
    return np.concatenate(cells)[:, 0]
