"""Taps to logits: one row for every `tag_resolution` seconds and one for every cell."""

from threading import Lock
from typing import Annotated

import numpy as np
import numpy.typing as npt

from whisper_at.audio.edges import EdgeFinder
from whisper_at.audio.silence import has_sound
from whisper_at.audio.windows import Window
from whisper_at.model.engine import HeadFunction
from whisper_at.model.head_file import HeadCard
from whisper_at.model.heads import CELL_HEADS, LARGEST_LOGIT, rows_of_cells
from whisper_at.tagging.events import Reporting
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.pooling import TapPool
from whisper_at.tagging.track import Track
from whisper_at.tagging.voice import VoiceLabels
from whisper_at.timegrid import FRAMES_PER_STEP, STEPS_PER_WINDOW, TagGrid

Float = npt.NDArray[np.float32]


class Tagger:
    """Hears the windows of one recording in order; a row goes through the head as soon as its cells are whole.

    Rows are laid on the recording, so they are the same whatever the decoder does with its windows. The last row
    and the last cell are means over what is there, never over padding.

    In a cell without any sound no label is heard: heads say of digital silence what they please, for no recording that
    they learn from has it.
    """

    def __init__(
        self,
        card: HeadCard,
        head: HeadFunction,
        options: TagOptions,
        n_frames: int | None = None,
        start: int = 0,
    ) -> None:
        """
        Args:
            n_frames: length of the recording, or None until `end_at` tells it, which must be before its last window.
            start: the first frame of a stretch that alone is heard; its rows count from the cell that this lies in.
        """
        self._card, self._head, self._options = card, head, options
        self._grid = TagGrid(frames_per_cell=card.frames_per_cell)
        self._cells_per_row = self._grid.cells_per(options.tag_resolution)
        self._pool = TapPool(self._grid, n_frames, start)
        self._sound = TapPool(self._grid, n_frames, start)  # the share of each cell in which there is any
        self._edges = EdgeFinder(start)
        self._lock = Lock()  # windows are heard ahead, in another thread than the one that asks for the track
        # Of the logits only what will be reported is kept: of all labels an hour of cells is 38 MB.
        self._columns = Reporting.of(card, options).columns
        self._by_cell = card.architecture in CELL_HEADS
        self._waiting: Float | None = None  # cells of the row that is not whole: logits, or else taps
        self._rows: list[Float] = []
        self._cells: list[Float] = []
        self._voices = VoiceLabels.of(card)
        self._voice: list[Float] = []

    def end_at(self, n_frames: int) -> None:
        """The recording has so many frames, or no more of it will be heard."""
        self._pool.n_frames = self._sound.n_frames = n_frames

    @property
    def start(self) -> int:
        """The first frame that it hears."""
        return self._pool.start

    @property
    def frames_per_cell(self) -> int:
        """The length of a cell."""
        return self._grid.frames_per_cell

    def voice(self) -> Annotated[Float, "cell"] | None:
        """How probable a voice is in each cell heard so far from its first on; None if the head knows no speech."""
        if self._voices is None:
            return None
        return np.concatenate([*self._voice, np.zeros(0, np.float32)])

    def plan(self, window: Window) -> Annotated[Float, "cell step"]:
        """The matrix to pool the next window's taps with."""
        return self._pool.plan(window.seek, window.n_frames)

    def hear(self, window: Window, matrix: Float, taps: Annotated[Float, "layer cell dim"]) -> None:
        """Take the taps of a window that were pooled with the matrix of its `plan`."""
        with self._lock:
            self._hear(window, matrix, taps)

    def _hear(self, window: Window, matrix: Float, taps: Annotated[Float, "layer cell dim"]) -> None:
        cells = self._pool.hear(window.seek, matrix, taps.transpose(1, 0, 2), window.n_frames)
        sound = self._sound.hear(window.seek, matrix, matrix @ _steps_with_sound(window), window.n_frames)
        self._edges.hear(window)
        if not len(cells):
            return
        logits = self._head(cells[:, :, None, :])
        logits[sound == 0] = -LARGEST_LOGIT
        self._cells.append(logits[:, self._columns])
        if self._voices is not None:
            self._voice.append(self._voices(logits))
        parts = logits if self._by_cell else cells
        waiting = parts if self._waiting is None else np.concatenate([self._waiting, parts])
        n = self._cells_per_row
        n_rows = len(waiting) // n
        if n_rows:
            self._rows.append(self._row(waiting[: n_rows * n].reshape(n_rows, n, *waiting.shape[1:])))
        self._waiting = waiting[n_rows * n :]

    def _row(self, parts: Annotated[Float, "row cell ..."]) -> Annotated[Float, "row label"]:
        """Rows from what has been waiting of their cells."""
        if self._by_cell:
            return rows_of_cells(parts)[:, self._columns]
        return self._head(np.ascontiguousarray(parts.transpose(0, 2, 1, 3)))[:, self._columns]

    def track(self, until: int | None = None) -> Track:
        """All rows and cells up to a frame, or to the end if that is known and comes first; later ones are left out."""
        with self._lock:
            return self._track(until)

    def _track(self, until: int | None) -> Track:
        n_frames = min(n for n in (until, self._pool.n_frames) if n is not None)
        rows = list(self._rows)
        if self._waiting is not None and len(self._waiting):
            rows.append(self._row(self._waiting[None]))
        n_cells = self._grid.n_cells(n_frames) - self._grid.cell_at(frame=self._pool.start)
        return Track(
            grid=self._grid,
            cells_per_row=self._cells_per_row,
            n_frames=n_frames,
            rows=_concatenate(rows, len(self._columns))[: -(-n_cells // self._cells_per_row)],
            cells=_concatenate(self._cells, len(self._columns))[:n_cells],
            edges=self._edges.edges(n_frames),
            start=self._pool.start,
        )


def _steps_with_sound(window: Window) -> Annotated[Float, "step"]:
    """The share of each step of a window in which there is sound."""
    frames = np.zeros(STEPS_PER_WINDOW * FRAMES_PER_STEP, np.float32)
    frames[: window.n_frames] = has_sound(window)
    steps: Float = frames.reshape(-1, FRAMES_PER_STEP).mean(axis=1)
    return steps


def _concatenate(parts: list[Float], n_labels: int) -> Float:
    return np.concatenate([*parts, np.zeros((0, n_labels), np.float32)])
