"""Teachers: other people's taggers, whose probabilities are soft labels, or a mark to be measured against.

In: samples at 16 kHz. Out: a probability for each label that the teacher knows, in each of its patches.

    patches   |=========|                    the first one, the next a hop later
                  |=========|
                     |=========|             the last one ends with the sound, so that all of it is heard
    cells     | 0 | 1 | 2 | 3 | 4 |          a cell is the mean of the patches on it, each by how much it covers

Of the rules tried for cells this was the best. On 240 scenes of 10 s with 117 labels, where each sound's time is
known, YAMNet's cells of 0.2 s had a macro AP, in silence and over noise, of

    hop                                       0.48 s          0.24 s          0.12 s
    mean, each by how much it covers          0.402  0.310    0.411  0.320    0.416  0.320
    line between the middles of patches       0.397  0.303    0.393  0.300    0.392  0.293
    the patch whose middle is nearest         0.385  0.289    0.389  0.296    0.396  0.299
    greatest of those on the cell             0.380  0.284    0.383  0.291    0.388  0.287
    least of those on the cell                0.354  0.265    0.338  0.252    0.316  0.237
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import Clip, LabelSet
from whisper_at.errors import OptionError, TrainingError
from whisper_at.timegrid import SAMPLE_RATE, SAMPLES_PER_FRAME, TagGrid
from whisper_at.training.placing import n_frames
from whisper_at.training.survey import hear

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BLOCK = 500  # cells whose weights are reckoned together: those of an hour at once would be 2 GB


@runtime_checkable
class Teacher(Protocol):
    """Whatever gives probabilities of labels.

    name: what it is called.
    version: what tells it from others of its name, such as the sha256 of its weights.
    ids: the labels that it knows (for AudioSet: mids), in the order of its outputs.
    patch, hop: what it hears at once, and how far apart, in seconds; the hop is whole frames, and no longer.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def patch(self) -> float: ...
    @property
    def hop(self) -> float: ...

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """The probabilities [patch, label] of samples [sample] at 16 kHz, one row for each of `patch_starts`.

        A sound that is shorter than a patch is one patch; how it is filled up is the teacher's business.
        """
        ...


def patch_starts(n_samples: int, *, patch: float, hop: float) -> IntArray:
    """The samples that patches begin at: a hop apart, and one more that ends with the sound where some is left.

    Starts are whole frames, so up to a frame of 10 ms may be left at the end.

    >>> patch_starts(16_000, patch=0.5, hop=0.2).tolist()
    [0, 3200, 6400, 8000]
    >>> patch_starts(100, patch=0.5, hop=0.2).tolist()
    [0]
    """
    step = round(hop * SAMPLE_RATE / SAMPLES_PER_FRAME) * SAMPLES_PER_FRAME
    assert step > 0, "a hop is at least a frame"
    room = n_samples - round(patch * SAMPLE_RATE)
    last = max(0, room // SAMPLES_PER_FRAME) * SAMPLES_PER_FRAME
    starts = np.arange(0, last + 1, step, dtype=np.int64)
    return starts if starts[-1] == last else np.append(starts, last)


def spread(
    probabilities: FloatArray, starts: IntArray, *, patch: float, n_samples: int, frames_per_cell: int
) -> FloatArray:
    """The probabilities [cell, label] from those of patches [patch, label].

    >>> starts = patch_starts(9600, patch=0.4, hop=0.2)
    >>> cells = spread(np.array([[0.0], [1.0]]), starts, patch=0.4, n_samples=9600, frames_per_cell=20)
    >>> cells.tolist()
    [[0.0], [0.5], [1.0]]
    """
    per_cell = frames_per_cell * SAMPLES_PER_FRAME
    stops = starts + round(patch * SAMPLE_RATE)
    n_cells = TagGrid(frames_per_cell=frames_per_cell).n_cells(n_frames(n_samples))
    cells = np.empty((n_cells, probabilities.shape[1]), np.float32)
    for first in range(0, n_cells, BLOCK):
        begin = np.arange(first, min(first + BLOCK, n_cells))[:, None] * per_cell
        near = slice(
            np.searchsorted(stops, begin[0, 0], side="right"),
            np.searchsorted(starts, begin[-1, 0] + per_cell),
        )
        covered = np.minimum(begin + per_cell, stops[near]) - np.maximum(begin, starts[near])  # [cell, patch]
        weights = np.maximum(covered, 0).astype(np.float32)
        total = weights.sum(axis=1, keepdims=True)
        assert total.all(), "patches lie over the whole sound"
        cells[first : first + BLOCK] = (weights / total) @ probabilities[near]
    return cells


def cell_probabilities(teacher: Teacher, samples: FloatArray, *, frames_per_cell: int) -> FloatArray:
    """What a teacher says of each cell [cell, label] of samples, in the order of its own labels."""
    return spread(
        teacher.probabilities(samples),
        patch_starts(len(samples), patch=teacher.patch, hop=teacher.hop),
        patch=teacher.patch,
        n_samples=len(samples),
        frames_per_cell=frames_per_cell,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """Where a teacher's labels stand among those of a label set; `known` says which of these it knows at all."""

    known: npt.NDArray[np.bool_]
    source: IntArray

    @classmethod
    def of(cls, teacher: Teacher, labels: LabelSet) -> "Columns":
        """The columns of a teacher in a label set.

        Raises:
            TrainingError: if it knows none of the labels.
        """
        at = {one: i for i, one in enumerate(teacher.ids)}
        source = np.array([at.get(one, -1) for one in labels.ids], np.int64)
        if not (source >= 0).any():
            raise TrainingError(
                f"the teacher {teacher.name} knows none of the {len(labels.ids)} labels: it speaks of "
                f"{_some(teacher.ids)}, they are {_some(labels.ids)}; use a label set that both know"
            )
        return cls(known=source >= 0, source=source)

    def place(self, probabilities: FloatArray) -> FloatArray:
        """Probabilities [..., label of the set] from those [..., label of the teacher]; 0 where it knows nothing."""
        return np.where(self.known, probabilities[..., self.source], np.float32(0))


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipProbabilities:
    """What a teacher says of whole clips, to be measured as any head is.

    clips: their names. labels: those of the columns. known: which of these the teacher knows; the others are 0.
    mean, max: [clip, label] over the patches of each clip.
    """

    clips: tuple[str, ...]
    labels: LabelSet
    known: npt.NDArray[np.bool_]
    mean: FloatArray
    max: FloatArray


def teacher_clip_probabilities(
    teacher: Teacher,
    clips: Iterable[Clip],
    labels: LabelSet,
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> ClipProbabilities:
    """What a teacher says of each clip; `progress` is given how many clips it has heard.

    Raises:
        DatasetError: if a clip cannot be read.
        TrainingError: if the teacher knows none of the labels.
    """
    columns = Columns.of(teacher, labels)
    names, means, maxima = [], [], []
    for clip in clips:
        heard = teacher.probabilities(hear(clip).samples)
        names.append(clip.name)
        means.append(heard.mean(axis=0))
        maxima.append(heard.max(axis=0))
        progress(len(names))
    shape = (len(names), len(teacher.ids))
    return ClipProbabilities(
        clips=tuple(names),
        labels=labels,
        known=columns.known,
        mean=columns.place(np.array(means, np.float32).reshape(shape)),
        max=columns.place(np.array(maxima, np.float32).reshape(shape)),
    )


def open_teacher(spec: str, *, hop: float | None = None) -> Teacher:
    """The teacher that a text such as `yamnet:yamnet.tflite` or `transformers:models/ast` names.

    Args:
        spec: its kind and where it lies.
        hop: seconds between two patches, instead of the teacher's own.

    Raises:
        OptionError: if there is no such kind, or the hop is none.
        TrainingError: if it cannot be loaded.
    """
    kind, _, place = spec.partition(":")
    if kind not in KINDS or not place:
        raise OptionError(
            f"a teacher is given as {' or '.join(f'{known}:PATH' for known in KINDS)}; got '{spec}'"
        )
    if hop is not None and not (0.01 <= hop < 3600 and abs(hop * 100 - round(hop * 100)) < 1e-6):
        raise OptionError(f"the hop of a teacher is whole frames of 0.01 s, such as 0.24; got {hop:g}")
    teacher = KINDS[kind](Path(place).expanduser(), hop)
    if teacher.hop > teacher.patch:
        raise OptionError(
            f"{teacher.name} hears {teacher.patch:g} s at once, so a hop of {teacher.hop:g} s would leave sound out; "
            f"give a shorter one"
        )
    return teacher


def _yamnet(path: Path, hop: float | None) -> Teacher:
    from whisper_at.training.yamnet import Yamnet

    return Yamnet(path) if hop is None else Yamnet(path, hop=hop)


def _transformers(path: Path, hop: float | None) -> Teacher:
    from whisper_at.training.transformers_teacher import TransformersTeacher

    return TransformersTeacher(path, hop=hop)


KINDS: dict[str, Callable[[Path, float | None], Teacher]] = {
    "yamnet": _yamnet,
    "transformers": _transformers,
}


def _some(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:3]) + (" ..." if len(ids) > 3 else "")
