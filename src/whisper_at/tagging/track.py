"""What a head said of the labels that are reported of a recording, before anything is decided."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.audio.edges import Edges
from whisper_at.timegrid import TagGrid


@dataclass(frozen=True, kw_only=True)
class Track:
    """The logits of a recording, or of a stretch of it, on the recording's clock; labels as `Reporting` has them.

    n_frames: the frame that it ends before.
    rows: float32 [row, label], one row for every `cells_per_row` cells; the last may stand for fewer.
    cells: float32 [cell, label], the first one that in which the frame `start` lies.
    edges: where the recording grows louder and quieter.
    """

    grid: TagGrid
    cells_per_row: int
    n_frames: int
    rows: npt.NDArray[np.float32]
    cells: npt.NDArray[np.float32]
    edges: Edges
    start: int = 0

    @property
    def first_cell(self) -> int:
        """The number of its first cell in the recording."""
        return self.grid.cell_at(frame=self.start)
