"""What is true of cells and rows, and how sure we are: the truth of clips as numbers.

In: clips, whose labels are positive only and may have times. Out: for cells and rows a target between 0 and 1 and a
weight: 0 where nobody knows. Unknown is not false.

    listed                    true                              weight 1
    listed, with times        true in cells of which at least half is covered, false where nothing is,
                              unknown in between (the edges)
    listed, without times     true of the row; in its cells unknown, or `weak_on_cells`
    a kind of what is listed  false with weight `kinds`, and no more than the next line: a dog may be a bark
    not listed                false with weight 1 in a complete clip, `unknown` in others
    no label at all           nothing is known, unless the clip is complete

They are those of `evaluation/truth.py`, but that doubt has weights here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import Clip, LabelSet
from whisper_at.errors import TrainingError
from whisper_at.timegrid import seconds
from whisper_at.training.recipe import Objective

Float = npt.NDArray[np.float32]
Columns = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """What is said of a clip, in columns of the label set.

    listed: what is heard somewhere in it, with what that implies; kinds: the kinds of these that are not listed.
    timed: the columns whose times are known; spans: their stretches in seconds, [(column, start, end)], which do not
        overlap for one column.
    named: the labels as they stand in the clip, without what they imply: what is counted for sampling.
    """

    named: Columns
    listed: Columns
    kinds: Columns
    timed: Columns
    spans: tuple[tuple[int, float, float], ...]
    complete: bool


class Target(NamedTuple):
    """Numbers between 0 and 1 and the weights of what they say; alike in shape, the last axis is the label."""

    value: Float
    weight: Float


def truths(clips: Iterable[Clip], labels: LabelSet, *, parents: bool) -> list[Truth]:
    """What is said of each clip.

    Args:
        parents: whether what a label implies is true with it.

    Raises:
        TrainingError: if a clip has a label that is not in the set.
    """
    column = {mid: i for i, mid in enumerate(labels.ids)}
    kinds: dict[str, list[int]] = {}
    for mid in labels.ids:
        for ancestor in labels.ancestors.get(mid, ()):
            kinds.setdefault(ancestor, []).append(column[mid])
    return [_truth(clip, labels, column, kinds, parents=parents) for clip in clips]


def rows_and_cells(
    truth: Truth,
    first: int,
    n: int,
    *,
    n_frames: int,
    frames_per_cell: int,
    n_labels: int,
    objective: Objective,
) -> tuple[Annotated[Target, "label"], Annotated[Target, "cell label"]]:
    """The targets of a row of n cells from cell `first` on, which lie within the clip, and of these cells."""
    absent = 1.0 if truth.complete else objective.unknown if len(truth.named) else 0.0
    value, weight = np.zeros(n_labels, np.float32), np.full(n_labels, absent, np.float32)
    weight[truth.kinds] = min(objective.kinds, absent)
    cells = Target(np.zeros((n, n_labels), np.float32), np.broadcast_to(weight, (n, n_labels)).copy())
    value[truth.listed], weight[truth.listed] = 1, 1
    cells.value[:, truth.listed], cells.weight[:, truth.listed] = 1, objective.weak_on_cells
    if len(truth.timed):
        share = _covered(truth, first, n, n_frames=n_frames, frames_per_cell=frames_per_cell)
        heard, known = share >= 0.5, (share >= 0.5) | (share == 0)
        cells.value[:, truth.timed], cells.weight[:, truth.timed] = heard, known
        value[truth.timed] = heard.any(0)
        weight[truth.timed] = heard.any(0) | known.all(0)
    return Target(value, weight), cells


def taught(target: Target, teacher: Float, known: npt.NDArray[np.bool_], objective: Objective) -> Target:
    """The target with a teacher's word beside it, for the labels that the teacher knows.

    Args:
        teacher: probabilities, shaped like the target.
    """
    value, weight = target
    t = np.float32(objective.teacher_weight)
    if objective.teacher == "max":
        best, sure = np.maximum(value * (weight > 0), teacher), np.maximum(weight, t)
    else:  # the loss is linear in the target, so two targets are one in between
        said = weight * (1 - t) if objective.teacher == "mix" else weight
        heard = t if objective.teacher == "mix" else (1 - weight) * t
        sure = said + heard
        best = (said * value + heard * teacher) / np.maximum(sure, 1e-9)
    return Target(np.where(known, best, value), np.where(known, sure, weight))


def pooled_probability(cells: Annotated[Float, "cell label"]) -> Annotated[Float, "label"]:
    """What a head would say of a row whose cells it gave these probabilities: linear softmax, see `model/heads.py`."""
    row: Float = (cells**2).sum(0) / np.maximum(cells.sum(0), 1e-9)
    return row


def mixed(one: Target, other: Target, share: np.float32) -> Target:
    """The target of two sounds mixed, the first one by its share: each clip speaks with its own weight.

    What may be heard in one of them is not denied by the other: where one is unknown and the other says no, nobody
    knows of the mixture.
    """
    a, b = share * one.weight, (1 - share) * other.weight
    weight = a + b
    value = (a * one.value + b * other.value) / np.maximum(weight, 1e-9)
    denied = ((one.weight == 0) & (other.value < 0.5)) | ((other.weight == 0) & (one.value < 0.5))
    return Target(value.astype(np.float32), np.where(denied, 0, weight).astype(np.float32))


def smoothed(value: Float, e: float, *, is_mixed: npt.NDArray[np.bool_]) -> Float:
    """Targets that never quite say yes or no, as published: 1 - e and e / labels; mixtures are e / labels more.

    >>> smoothed(np.float32([[1, 0], [1, 0]]), 0.1, is_mixed=np.array([False, True])).round(3)
    array([[0.9 , 0.05],
           [0.95, 0.05]], dtype=float32)
    """
    least = e / value.shape[-1]
    mix = is_mixed.reshape(-1, *[1] * (value.ndim - 1))
    smooth: Float = (value * (1 - e) + np.where(mix, 1, 1 - value) * least).astype(np.float32)
    return smooth


def _truth(
    clip: Clip, labels: LabelSet, column: dict[str, int], kinds: dict[str, list[int]], *, parents: bool
) -> Truth:
    soundings = clip.soundings or ()
    named = tuple(dict.fromkeys([*clip.labels, *(one.label for one in soundings)]))
    if missing := [one for one in named if one not in column]:
        raise TrainingError(
            f"clip {clip.name} has the label {missing[0]}, which is not among the {len(column)} of the features; "
            f"extract them again with labels that hold it"
        )

    def implied(mids: Sequence[str]) -> list[str]:
        return [mid for mid in (labels.implied(mids) if parents else mids) if mid in column]

    listed = [column[mid] for mid in implied(named)]
    spans = [(column[mid], one.start, one.end) for one in soundings for mid in implied([one.label])]
    below = {k for i in listed for k in kinds.get(labels.ids[i], ())} - set(listed)
    return Truth(
        named=np.array([column[mid] for mid in named], np.int64),
        listed=np.array(listed, np.int64),
        kinds=np.array(sorted(below), np.int64),
        timed=np.array(sorted({span[0] for span in spans}), np.int64),
        spans=tuple(_joined(spans)),
        complete=clip.complete,
    )


def _joined(spans: Iterable[tuple[int, float, float]]) -> list[tuple[int, float, float]]:
    """Overlapping stretches of a column as one.

    >>> _joined([(1, 0.0, 2.0), (0, 5.0, 6.0), (1, 1.0, 3.0)])
    [(0, 5.0, 6.0), (1, 0.0, 3.0)]
    """
    joined: list[tuple[int, float, float]] = []
    for column, start, end in sorted(spans):
        if joined and joined[-1][0] == column and start <= joined[-1][2]:
            joined[-1] = (column, joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((column, start, end))
    return joined


def _covered(
    truth: Truth, first: int, n: int, *, n_frames: int, frames_per_cell: int
) -> Annotated[Float, "cell timed"]:
    """The share of each cell that each timed label covers; the last cell ends with the clip."""
    frames = np.minimum(np.arange(first, first + n + 1) * frames_per_cell, n_frames)
    starts, ends = frames[:-1, None] * seconds(1), frames[1:, None] * seconds(1)
    column, begin, stop = (np.array(part) for part in zip(*truth.spans, strict=True))
    overlap = np.clip(np.minimum(ends, stop) - np.maximum(starts, begin), 0, None)
    share: npt.NDArray[Any] = np.zeros((n, len(truth.timed)))
    for j, timed in enumerate(truth.timed):
        share[:, j] = overlap[:, column == timed].sum(1)
    covered: Float = (
        (share / (ends - starts)).round(6).astype(np.float32)
    )  # half is half, whatever floats say
    return covered
