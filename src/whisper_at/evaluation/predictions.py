"""What a tagger said of clips: the same for our heads, for YAMNet, for any other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.arrays import check_probabilities
from whisper_at.timegrid import FRAMES_PER_SECOND

Float = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Probabilities of clips and, where the tagger tells times, of their cells.

    tagger: what it is called.
    names: of the clips, see `Clip.name`; none twice.
    ids: of the labels.
    clip: [clip, label].
    cells: for each clip [cell, label]; None for a tagger that tells no times.
    frames_per_cell: length of a cell in frames of 10 ms. Cell i lasts from i to i + 1 of these lengths.
    durations: of the clips in seconds; () where they end with their last cell.

    Raises:
        ValueError: if shapes do not fit each other, a name is there twice, or a number is no probability.
    """

    tagger: str
    names: tuple[str, ...]
    ids: tuple[str, ...]
    clip: Float
    cells: tuple[Float, ...] | None = None
    frames_per_cell: int = 40
    durations: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_probabilities(self.clip, f"clip probabilities of {self.tagger}", "[clip, label]", rank=2)
        wanted = (len(self.names), len(self.ids))
        if self.clip.shape != wanted:
            raise ValueError(
                f"wanted clip probabilities {list(wanted)}, one row a name and one column a label; "
                f"found {list(self.clip.shape)}"
            )
        for what, values in (("clip", self.names), ("label", self.ids)):
            if len(set(values)) < len(values):
                twice = next(one for one in values if values.count(one) > 1)
                raise ValueError(f"wanted each {what} once, found {twice!r} twice")
        if self.frames_per_cell < 1:
            raise ValueError(f"wanted at least 1 frame a cell, got {self.frames_per_cell}")
        if self.cells is not None:
            self._check_cells(self.cells)
        if self.durations and len(self.durations) != len(self.names):
            raise ValueError(f"wanted {len(self.names)} durations, found {len(self.durations)}")

    @property
    def cell_seconds(self) -> float:
        """Length of a cell."""
        return self.frames_per_cell / FRAMES_PER_SECOND

    def edges(self, i: int) -> npt.NDArray[np.float64]:
        """Where the cells of a clip begin, and where the last one ends: [cell + 1] in seconds."""
        assert self.cells is not None
        edges = np.arange(len(self.cells[i]) + 1) * self.frames_per_cell / FRAMES_PER_SECOND
        if self.durations and len(edges) > 1:
            edges[-1] = max(edges[-2] + 0.01, min(edges[-1], self.durations[i]))  # a cell is a frame at least
        return edges

    def duration(self, i: int) -> float:
        """Seconds of a clip."""
        return self.durations[i] if self.durations else float(self.edges(i)[-1])

    def take(self, names: Sequence[str]) -> "Predictions":
        """Those of some clips, in their order.

        Raises:
            ValueError: if there is none of a clip; names the first and counts all.
        """
        row = {name: i for i, name in enumerate(self.names)}
        missing = [name for name in names if name not in row]
        if missing:
            raise ValueError(
                f"{self.tagger} said nothing of {len(missing)} of {len(names)} clips, the first is {missing[0]}; "
                "predict them all, or leave them out of the dataset"
            )
        rows = [row[name] for name in names]
        return Predictions(
            tagger=self.tagger,
            names=tuple(names),
            ids=self.ids,
            clip=self.clip[rows],
            cells=None if self.cells is None else tuple(self.cells[i] for i in rows),
            frames_per_cell=self.frames_per_cell,
            durations=tuple(self.durations[i] for i in rows) if self.durations else (),
        )

    def select(self, ids: Sequence[str]) -> "Predictions":
        """Those of some labels, in their order; all of them must be among `ids`."""
        columns = [self.ids.index(one) for one in ids]
        return Predictions(
            tagger=self.tagger,
            names=self.names,
            ids=tuple(ids),
            clip=self.clip[:, columns],
            cells=None if self.cells is None else tuple(cells[:, columns] for cells in self.cells),
            frames_per_cell=self.frames_per_cell,
            durations=self.durations,
        )

    def _check_cells(self, cells: tuple[Float, ...]) -> None:
        if len(cells) != len(self.names):
            raise ValueError(f"wanted the cells of {len(self.names)} clips, found those of {len(cells)}")
        for name, probabilities in zip(self.names, cells, strict=True):
            check_probabilities(probabilities, f"cell probabilities of {name}", "[cell, label]", rank=2)
            if probabilities.shape[1] != len(self.ids) or not len(probabilities):
                raise ValueError(
                    f"wanted at least one cell and {len(self.ids)} labels for {name}, "
                    f"found {list(probabilities.shape)} [cell, label]"
                )


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Predictions of several parts of a corpus as one: those of cross-validation, each fold by its own head.

    Raises:
        ValueError: if labels or cells differ.
    """
    first = parts[0]
    for part in parts[1:]:
        if (part.ids, part.frames_per_cell) != (first.ids, first.frames_per_cell):
            raise ValueError(
                f"wanted predictions of the same labels and cells to join, but those of {part.tagger} "
                f"differ from those of {first.tagger}"
            )
    cells = [part.cells for part in parts if part.cells is not None]
    return Predictions(
        tagger=" + ".join(dict.fromkeys(part.tagger for part in parts)),
        names=tuple(name for part in parts for name in part.names),
        ids=first.ids,
        clip=np.concatenate([part.clip for part in parts]),
        cells=tuple(one for part in cells for one in part) if len(cells) == len(parts) else None,
        frames_per_cell=first.frames_per_cell,
        durations=tuple(x for part in parts for x in part.durations)
        if all(part.durations for part in parts)
        else (),
    )
