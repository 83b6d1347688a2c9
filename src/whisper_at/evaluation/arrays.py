"""What clip-level measures are computed on: probabilities, the truth, and where the truth is known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.floating]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scored:
    """Probabilities beside the truth, checked once and for all measures.

    probabilities: [clip, label], from 0 to 1.
    truth: [clip, label], whether the label is heard in the clip; says nothing where it is not known.
    known: [clip, label], which cells count; None for all. Unknown ones are left out of every measure.

    Raises:
        ValueError: if shapes or types differ from these, or a probability is none.

    >>> Scored(np.array([[0.9, 0.2]]), np.array([[True, False]])).known.tolist()
    [[True, True]]
    """

    probabilities: Float
    truth: Bool
    known: Bool = None  # type: ignore[assignment]  # an array from here on

    def __post_init__(self) -> None:
        check_probabilities(self.probabilities, "probabilities", "[clip, label]", rank=2)
        if self.known is None:
            object.__setattr__(self, "known", np.ones(self.probabilities.shape, bool))
        for name, array in (("truth", self.truth), ("known", self.known)):
            if array.dtype != bool or array.shape != self.probabilities.shape:
                raise ValueError(
                    f"wanted {name} as bool {list(self.probabilities.shape)} [clip, label] like the probabilities, "
                    f"found {array.dtype} {list(array.shape)}"
                )

    @property
    def positives(self) -> npt.NDArray[np.int64]:
        """Clips in which each label is known to be heard: [label]."""
        return np.asarray((self.truth & self.known).sum(0), np.int64)

    @property
    def negatives(self) -> npt.NDArray[np.int64]:
        """Clips in which each label is known not to be heard: [label]."""
        return np.asarray((~self.truth & self.known).sum(0), np.int64)

    @property
    def rankable(self) -> Bool:
        """Labels [label] with at least one positive and one negative: without both there is nothing to rank."""
        return (self.positives > 0) & (self.negatives > 0)

    def label(self, column: int) -> tuple[Float, Bool]:
        """Probabilities and truth of one label in the clips where it is known."""
        rows = self.known[:, column]
        return self.probabilities[rows, column], self.truth[rows, column]

    def labels(self) -> Iterator[tuple[int, Float, Bool]]:
        """Column, probabilities and truth of each label that can be ranked."""
        for column in np.flatnonzero(self.rankable).tolist():
            yield column, *self.label(column)


def check_probabilities(array: Float, name: str, axes: str, *, rank: int) -> None:
    """Raises ValueError unless this is an array of so many axes with nothing but probabilities in it."""
    if array.ndim != rank:
        raise ValueError(f"wanted {name} of {rank} axes {axes}, found shape {list(array.shape)}")
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"wanted {name} as floats, found {array.dtype}")
    if not np.isfinite(array).all():
        n = int((~np.isfinite(array)).sum())
        raise ValueError(f"wanted finite {name}, found {n} that are not; look for divisions by zero before")
    if array.size and (array.min() < 0 or array.max() > 1):
        raise ValueError(
            f"wanted {name} from 0 to 1, found {array.min():.4g} to {array.max():.4g}; "
            "logits go through a sigmoid first"
        )
