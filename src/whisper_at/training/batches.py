"""Batches: the cells of some rows one after the other, with their targets.

In: a corpus and the plan of a step. Out: a `Batch` of arrays. Rows have as many cells as they have, so a corpus of
short clips is no slower for its long ones; only heads that need it have them filled up.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Thread
from typing import Annotated, Any, TypeVar

import numpy as np
import numpy.typing as npt

from whisper_at.errors import TrainingError
from whisper_at.tagging.pooling import pooled
from whisper_at.training.augment import Plan, first_cell, masked
from whisper_at.training.corpus import Corpus, Numbers
from whisper_at.training.recipe import Augmentation, Recipe
from whisper_at.training.targets import (
    Target,
    Truth,
    mixed,
    pooled_probability,
    rows_and_cells,
    smoothed,
    taught,
)

Float = npt.NDArray[np.float32]
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Rows of cells, the cells of all rows one after the other.

    row, place: of each cell: which row it belongs to, and where it stands there.
    cells: None for heads that are trained on rows alone.
    """

    taps: Annotated[Float, "cell layer dim"]
    row: Numbers
    place: Numbers
    rows: Annotated[Target, "row label"]
    cells: Annotated[Target, "cell label"] | None

    @property
    def n_rows(self) -> int:
        """How many rows there are, those without a single cell too."""
        return len(self.rows.value)


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A row by itself: its cells and their targets."""

    taps: Annotated[npt.NDArray[np.floating[Any]], "cell layer dim"]
    row: Target
    cells: Target


class Batches:
    """Makes batches of a part of a corpus.

    Args:
        clips: the numbers of the clips in the corpus.
        truth: theirs, in the same order.
    """

    def __init__(self, corpus: Corpus, clips: Numbers, truth: Sequence[Truth], recipe: Recipe) -> None:
        self._corpus, self._clips, self._truth, self._recipe = corpus, clips, truth, recipe
        self._factor = recipe.head.frames_per_cell // corpus.card.frames_per_cell
        self._n_labels = len(corpus.labels.ids)

    def of(self, plan: Plan) -> Batch:
        """The batch of a plan."""
        augmentation, objective = self._recipe.augmentation, self._recipe.objective
        by_cell = self._recipe.head.by_cell and objective.cells > 0
        pieces = [self._row(plan, i, augmentation) for i in range(len(plan.clip))]
        row = np.repeat(np.arange(len(pieces)), [len(piece.taps) for piece in pieces])
        place = np.concatenate([np.arange(len(piece.taps)) for piece in pieces])
        taps = np.concatenate([piece.taps for piece in pieces], dtype=np.float32)
        rows = _stacked([piece.row for piece in pieces], np.stack)
        cells = _stacked([piece.cells for piece in pieces], np.concatenate) if by_cell else None
        e, is_mixed = objective.label_smoothing, plan.is_mixed
        rows = rows._replace(value=smoothed(rows.value, e, is_mixed=is_mixed))
        if cells:
            cells = cells._replace(value=smoothed(cells.value, e, is_mixed=is_mixed[row]))
        keep = np.ones(len(taps), bool)
        for i, blank in self._blanks(plan, pieces):
            keep[np.flatnonzero(row == i)[blank]] = False
        if augmentation.short != "mask":
            taps[~keep] = 0
            return Batch(taps=taps, row=row, place=place, rows=rows, cells=cells)
        if cells:
            cells = Target(cells.value[keep], cells.weight[keep])
        return Batch(taps=taps[keep], row=row[keep], place=place[keep], rows=rows, cells=cells)

    def _row(self, plan: Plan, i: int, augmentation: Augmentation) -> Piece:
        """A row, with another clip mixed in if the plan says so."""
        clip, n = int(plan.clip[i]), augmentation.cells
        if augmentation.short == "mask":
            n = min(n, self._n_cells(clip))
        piece = self._piece(clip, n, float(plan.cut[i]), fill=augmentation.short)
        share = np.float32(plan.share[i])
        if share == 1:
            return piece
        fill = "zeros" if augmentation.short == "zeros" else "repeat"
        other = self._piece(int(plan.other[i]), n, float(plan.other_cut[i]), fill=fill)
        return Piece(
            taps=share * piece.taps + (1 - share) * other.taps,
            row=mixed(piece.row, other.row, share),
            cells=mixed(piece.cells, other.cells, share),
        )

    def _piece(self, clip: int, n: int, cut: float, *, fill: str) -> Piece:
        """The n cells of a clip: cut out of it, or filled up with zeros or with the clip again."""
        number, f = int(self._clips[clip]), self._factor
        objective, n_there = self._recipe.objective, self._n_cells(clip)
        first = first_cell(n_there, n, cut)
        length = min(n, n_there)
        stretch = slice(first * f, (first + length) * f)
        taps = self._longer(self._corpus.taps(number)[stretch])
        row, cells = rows_and_cells(
            self._truth[clip],
            first,
            length,
            n_frames=self._corpus.n_frames(number),
            frames_per_cell=self._recipe.head.frames_per_cell,
            n_labels=self._n_labels,
            objective=objective,
        )
        teacher = self._corpus.teacher(number)
        if teacher is not None:
            said = self._longer(teacher.of(self._corpus.clips[number].name)[stretch]).astype(np.float32)
            if len(said) != length:
                raise TrainingError(
                    f"the soft labels of {self._corpus.clips[number].name} end before its features; make them again"
                )
            cells = taught(cells, said, teacher.known, objective)
            row = taught(row, pooled_probability(said), teacher.known, objective)
        at = np.arange(n) % length if fill == "repeat" else np.arange(length)
        piece = Piece(taps=taps[at], row=row, cells=Target(cells.value[at], cells.weight[at]))
        return _filled(piece, n) if fill == "zeros" and length < n else piece

    def _longer(self, cells: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
        """Cells of the head from those of the store."""
        return pooled(cells, self._factor) if self._factor > 1 else cells

    def _n_cells(self, clip: int) -> int:
        return self._corpus.n_cells(int(self._clips[clip]), self._factor)

    def _blanks(self, plan: Plan, pieces: Sequence[Piece]) -> Iterator[tuple[int, slice]]:
        most = self._recipe.augmentation.time_mask
        for i, piece in enumerate(pieces):
            blank = masked(len(piece.taps), most, float(plan.mask[i]), float(plan.mask_at[i]))
            if blank.stop > blank.start:
                yield i, blank


def _filled(piece: Piece, n: int) -> Piece:
    """A row filled up with zeros, of whose cells nothing is known: the published way."""
    more = n - len(piece.taps)

    def longer(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.concatenate([array, np.zeros((more, *array.shape[1:]), array.dtype)])

    return Piece(
        taps=longer(piece.taps),
        row=piece.row,
        cells=Target(longer(piece.cells.value), longer(piece.cells.weight)),
    )


def _stacked(targets: Sequence[Target], join: Callable[..., Any]) -> Target:
    return Target(join([target.value for target in targets]), join([target.weight for target in targets]))


def prefetched(items: Iterable[Item], *, depth: int = 3) -> Iterator[Item]:
    """The items, made in a thread a few ahead of their use, in their order; an error comes where its item would.

    >>> list(prefetched(range(4)))
    [0, 1, 2, 3]
    """
    queue: Queue[tuple[Item | None, BaseException | None]] = Queue(depth)
    stopped = Event()

    def put(item: Item | None, error: BaseException | None) -> None:
        while not stopped.is_set():
            try:
                return queue.put((item, error), timeout=0.1)
            except Full:
                continue

    def work() -> None:
        try:
            for item in items:
                if stopped.is_set():
                    return
                put(item, None)
            put(None, StopIteration())
        except BaseException as error:  # it belongs to whoever waits for the item
            put(None, error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item, error = queue.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]  # there is an item where there is no error
    finally:
        stopped.set()
        thread.join()
