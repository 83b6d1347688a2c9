"""Tags keep their own clock: each cell is pooled from its own time, whatever the decoder does with its windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests.tagging.clock import clock_encoder, hear_with_seeks, seek_lists
from whisper_at.errors import OptionError
from whisper_at.tagging.pooling import TapPool
from whisper_at.timegrid import FRAMES_PER_STEP, FRAMES_PER_WINDOW, STEPS_PER_WINDOW, TagGrid

grids = st.sampled_from([20, 40, 80]).map(lambda n: TagGrid(frames_per_cell=n))


@given(grids, seek_lists())
def test_each_cell_is_pooled_from_its_own_time(grid, recording):
    seeks, n_frames = recording
    cells = hear_with_seeks(grid, seeks, n_frames)
    assert len(cells) == grid.n_cells(n_frames)
    for i, clock in enumerate(cells):
        own = [frame for frame in grid.frames(i) if frame < n_frames]
        # A step answers with the middle of its two frames; a window at an odd seek has steps that lie across cells.
        assert abs(clock - np.mean(own)) <= FRAMES_PER_STEP / 2


@given(grids, st.data())
def test_cells_do_not_depend_on_the_seeks(grid, data):
    """Whole steps: then the cells are the same to the last digit that adding in another order leaves."""
    n_frames = 2 * data.draw(st.integers(1, 6000))
    one, other = (data.draw(seek_lists(n_frames=n_frames, whole_steps=True)) for _ in range(2))
    a, b = (hear_with_seeks(grid, seeks, n_frames) for seeks, _ in (one, other))
    assert_allclose(a, b, rtol=1e-5)


@given(grids, seek_lists())
def test_each_frame_counts_once_and_padding_never(grid, recording):
    seeks, n_frames = recording
    pool, counted = TapPool(grid, n_frames), np.zeros(grid.n_cells(n_frames))
    for seek in seeks:
        first = grid.cell_at(frame=max(seek, pool._planned))
        matrix = pool.plan(seek)
        assert (matrix >= 0).all()
        frames_heard = FRAMES_PER_STEP * np.flatnonzero(matrix.any(axis=0)) + seek
        assert not len(frames_heard) or frames_heard.max() < n_frames
        counted[first : first + len(matrix)] += matrix.sum(axis=1)
    wanted = [
        min(n_frames, (i + 1) * grid.frames_per_cell) - i * grid.frames_per_cell for i in range(len(counted))
    ]
    assert_allclose(counted * grid.frames_per_cell, wanted, rtol=1e-4)


def test_a_window_inside_what_was_heard_adds_nothing():
    pool = TapPool(TagGrid(), 6000)
    taps = clock_encoder(0)
    heard = pool.hear(0, matrix := pool.plan(0), matrix @ taps)
    assert len(heard) == 75
    matrix = TapPool(TagGrid(), 3000)
    matrix.plan(0)
    again = matrix.plan(0)
    assert again.shape == (0, STEPS_PER_WINDOW)


def test_a_hole_is_refused():
    pool = TapPool(TagGrid(), 9000)
    pool.plan(0)
    with pytest.raises(AssertionError, match="heard up to frame 3000, next window at 3002"):
        pool.plan(FRAMES_PER_WINDOW + 2)


@pytest.mark.parametrize("k", range(1, 76))
def test_every_multiple_of_a_cell_is_a_resolution(k):
    """The original refuses 22 of these 75, 3 * 0.4 among them: 100 times a float is not whole."""
    assert TagGrid().cells_per(k * 0.4) == TagGrid().cells_per(float(f"{k * 0.4:.1f}")) == k


@pytest.mark.parametrize("resolution", [0, -0.4, 0.3, 0.41, float("nan"), float("inf")])
def test_other_resolutions_are_refused_with_their_neighbours(resolution):
    with pytest.raises(OptionError, match=r"multiple of 0.4 s, .*; got .*; the nearest are .* or"):
        TagGrid().cells_per(resolution)


def test_a_row_may_be_longer_than_a_window():
    assert TagGrid().cells_per(60) == 150
