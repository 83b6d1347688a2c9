"""Taps of windows to means of cells, on the recording's own clock; and cells to longer ones."""

from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.timegrid import FRAMES_PER_WINDOW, TagGrid

Float = npt.NDArray[np.float32]


class TapPool:
    """Gathers the cells of one recording from its windows, in the order in which they are heard.

    Windows may overlap and start anywhere, as long as none begins behind the last frame heard: there are no holes.

    Args:
        grid: the cells.
        n_frames: length of the recording, as soon as it is known; nothing after it counts.
        start: the first frame that counts; the cell that it lies in is the mean of the frames from it on.
    """

    def __init__(self, grid: TagGrid, n_frames: int | None = None, start: int = 0) -> None:
        self._grid, self.n_frames, self.start = grid, n_frames, start
        self._planned = start  # frames before this one belong to windows that a plan has been made for
        self._waiting: Float | None = None  # the sum of a cell that goes on in the next window
        self._weight = 0.0  # and the share of it heard so far

    def plan(self, seek: int, n_frames: int = FRAMES_PER_WINDOW) -> Float:
        """The weights [cell, step] for the next window, of so many frames from `seek` on; see `TagGrid.pool`."""
        assert seek <= self._planned, f"a hole: heard up to frame {self._planned}, next window at {seek}"
        end = self._end(seek, n_frames)
        _, matrix = self._grid.pool(seek=seek, heard=self._planned, end=end)
        self._planned = max(self._planned, end)
        return matrix

    def hear(self, seek: int, matrix: Float, pooled: Float, n_frames: int = FRAMES_PER_WINDOW) -> Float:
        """Take `matrix @ taps` [cell, ...] of the window planned so; gives the means of the cells it completed."""
        sums, weights = pooled[: len(matrix)].copy(), matrix.sum(axis=1)
        if not len(matrix):
            return sums
        if self._waiting is not None:
            sums[0] += self._waiting
            weights[0] += self._weight
        end = self._end(seek, n_frames)
        complete = end == self.n_frames or end % self._grid.frames_per_cell == 0
        n_whole = len(sums) if complete else len(sums) - 1
        self._waiting, self._weight = (None, 0.0) if complete else (sums[-1], float(weights[-1]))
        means: Float = sums[:n_whole] / weights[:n_whole].reshape(-1, *[1] * (sums.ndim - 1))
        return means

    def _end(self, seek: int, n_frames: int) -> int:
        return seek + n_frames if self.n_frames is None else min(seek + n_frames, self.n_frames)


def pooled(taps: npt.NDArray[np.floating[Any]], factor: int) -> npt.NDArray[np.float32]:
    """Longer cells from shorter ones: the means [cell, layer, dim] of so many cells each.

    The last group is the mean of what is there; each of its cells counts alike, though the last may be cut short.

    >>> pooled(np.array([[1.0], [3.0], [5.0]], np.float16), 2).tolist()
    [[2.0], [5.0]]
    """
    starts = np.arange(0, len(taps), factor)
    sums = np.add.reduceat(taps.astype(np.float32), starts, axis=0)
    counts = np.minimum(factor, len(taps) - starts).reshape(-1, *[1] * (taps.ndim - 1))
    return np.asarray(sums / counts.astype(np.float32), np.float32)
