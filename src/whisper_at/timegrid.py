"""The clocks of the project, and the grid that tags lie on.

    sample   1/16000 s   what a microphone gives
    frame    10 ms       one log-mel column, 160 samples
    step     20 ms       one encoder position, 2 frames
    cell     0.4 s       one column of tags, 40 frames (published heads; finer ones are possible)
    window   30 s        what the encoder hears at once, 3000 frames, 1500 steps

All arithmetic is in whole frames; seconds occur only at the edges.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.errors import OptionError

SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = 160
FRAMES_PER_SECOND = SAMPLE_RATE // SAMPLES_PER_FRAME
FRAMES_PER_STEP = 2
FRAMES_PER_WINDOW = 3000
STEPS_PER_WINDOW = FRAMES_PER_WINDOW // FRAMES_PER_STEP
SAMPLES_PER_WINDOW = FRAMES_PER_WINDOW * SAMPLES_PER_FRAME


def seconds(frame: int) -> float:
    """When a frame begins.

    >>> seconds(250)
    2.5
    """
    return frame / FRAMES_PER_SECOND


@dataclass(frozen=True, kw_only=True)
class TagGrid:
    """Cells of equal length, laid on the audio and not on the windows.

    The decoder chooses where a window starts, so windows overlap and cut through cells.
    Each frame counts once, for the first window that hears it; a cell is the mean of its frames:

        cells    |  0  |  1  |  2  |  3  |  4  |
        window A |===============|                  fills 0, 1 and half of 2
        window B          |===============|         heard already up to the middle of 2: goes on there

    >>> TagGrid().cell_at(frame=2810), TagGrid().frames(70)
    (70, range(2800, 2840))
    """

    frames_per_cell: int = 40  # 0.4 s, what the published heads were trained on

    def cell_at(self, *, frame: int) -> int:
        """The cell that a frame lies in."""
        return frame // self.frames_per_cell

    def frames(self, cell: int) -> range:
        """The frames of a cell."""
        return range(cell * self.frames_per_cell, (cell + 1) * self.frames_per_cell)

    def n_cells(self, n_frames: int) -> int:
        """How many cells a recording touches, the last one perhaps in part."""
        return -(-n_frames // self.frames_per_cell)

    def cells_per(self, duration: float) -> int:
        """How many cells make a row of this many seconds.

        Any float near a multiple is taken (3 * 0.4 is not 1.2 to a computer).

        Raises:
            OptionError: if the duration is not a positive multiple of the cell; names the nearest ones.

        >>> TagGrid().cells_per(4.4), TagGrid().cells_per(3 * 0.4)
        (11, 3)
        """
        cell = seconds(self.frames_per_cell)
        n = round(duration / cell) if np.isfinite(duration) else 0
        if n < 1 or abs(duration - n * cell) > 1e-6:
            below = max(1, int(duration // cell)) if np.isfinite(duration) and duration > 0 else 1
            near = " or ".join(f"{k * cell:g}" for k in (below, below + 1))
            raise OptionError(
                f"tag resolution must be a multiple of {cell:g} s, the length of a cell; got {duration:g}; "
                f"the nearest are {near}"
            )
        return n

    def pool(self, *, seek: int, heard: int, end: int) -> tuple[int, npt.NDArray[np.float32]]:
        """The first cell and the weights [cell, step] with which a window's steps enter the cells.

        Args:
            seek: first frame of the window.
            heard: frames before this one have been counted for an earlier window.
            end: length of the recording in frames; padding after it counts for nothing.

        A weight is the share of the cell's frames that the step brings, so a cell that lies in the window as a
        whole has weights that sum to 1, and the parts of a cut one sum to 1 over its windows.

        >>> first, weights = TagGrid().pool(seek=20, heard=30, end=100)
        >>> first, weights.shape, weights.sum(axis=1).tolist()
        (0, (3, 1500), [0.25, 1.0, 0.5])
        """
        start, stop = max(seek, heard), min(seek + FRAMES_PER_WINDOW, end)
        first = self.cell_at(frame=start)
        if stop <= start:
            return first, np.zeros((0, STEPS_PER_WINDOW), np.float32)
        frames = np.arange(start, stop)
        shape = (self.cell_at(frame=stop - 1) - first + 1, STEPS_PER_WINDOW)
        counts = np.zeros(shape, np.float32)
        np.add.at(counts, (frames // self.frames_per_cell - first, (frames - seek) // FRAMES_PER_STEP), 1)
        return first, counts / np.float32(self.frames_per_cell)
