"""Accuracy where each clip is of one class out of a few: ESC-10, ESC-50.

A tagger knows labels, and not the classes of a corpus. A class carries one or more labels ("Dog, Bark"), and is as
probable as the most probable of them; the answer is the most probable class.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import Clip
from whisper_at.errors import DatasetError
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.score import Score, Weights, score

# What a closed set is called, and the subsets that it is made of; there is one where its last subset is.
CLOSED_SETS: Mapping[str, tuple[str, ...]] = {"ESC-10": ("esc10",), "ESC-50": ("esc10", "esc50")}


@dataclass(frozen=True, kw_only=True)
class ClosedSet:
    """How often the right class was the most probable one.

    name: of the corpus; classes: theirs; n_clips: how many clips.
    accuracy: over all clips; folds: of each fold by itself; mean_of_folds: what cross-validation reports.
    confusion: [true class][answered class], clips.
    unheard: classes none of whose labels the tagger has; their clips count as wrong.
    """

    name: str
    classes: tuple[str, ...]
    n_clips: int
    accuracy: Score
    folds: Mapping[str, float] = field(default_factory=dict)
    mean_of_folds: float | None = None
    confusion: tuple[tuple[int, ...], ...]
    unheard: tuple[str, ...] = ()


def closed_set(
    name: str,
    predictions: Predictions,
    clips: Sequence[Clip],
    label_names: Mapping[str, str],
    weights: Weights,
) -> ClosedSet:
    """Accuracy on clips, whose classes are the combinations of labels that occur; "no label" may be one of them.

    Args:
        predictions: of exactly these clips, in their order.
        label_names: what a label's id is called.
        weights: [clip, resample], see `score.draw`.

    Raises:
        DatasetError: if all clips have the same labels.
    """
    called, classes, truth = classes_of(name, clips, label_names)
    columns = [[predictions.ids.index(one) for one in ids if one in predictions.ids] for ids in classes]
    scores = np.full((len(clips), len(classes)), -1.0, np.float32)
    for i, own in enumerate(columns):
        if own:
            scores[:, i] = predictions.clip[:, own].max(1)
    return accuracy(
        name,
        scores,
        truth,
        classes=called,
        folds=[clip.fold for clip in clips],
        weights=weights,
        unheard=[called[i] for i, own in enumerate(columns) if not own],
    )


def classes_of(
    name: str, clips: Sequence[Clip], label_names: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], npt.NDArray[np.int64]]:
    """The combinations of labels that occur: what they are called, in order of that, their ids, and each clip's [clip].

    Raises:
        DatasetError: if all clips have the same labels.
    """
    called = {
        clip.labels: " / ".join(label_names.get(one, one) for one in clip.labels) or "no label"
        for clip in clips
    }
    if len(called) < 2:
        raise DatasetError(
            f"{name} is no closed set: wanted clips of two classes or more, all {len(clips)} have the same labels"
        )
    classes = tuple(sorted(called, key=lambda ids: called[ids]))
    number = {ids: i for i, ids in enumerate(classes)}
    truth = np.array([number[clip.labels] for clip in clips], np.int64)
    return tuple(called[ids] for ids in classes), classes, truth


def accuracy(
    name: str,
    scores: npt.NDArray[np.floating],
    truth: npt.NDArray[np.integer],
    *,
    classes: Sequence[str],
    folds: Sequence[str],
    weights: Weights,
    unheard: Sequence[str] = (),
) -> ClosedSet:
    """Accuracy of scores [clip, class] whose highest is the answer; of equal ones the first.

    >>> scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> found = accuracy("two", scores, np.array([0, 1, 1]), classes="ab", folds="112", weights=np.ones((3, 1)))
    >>> found.folds, found.confusion
    ({'1': 1.0, '2': 0.0}, ((1, 0), (1, 1)))
    """
    if scores.shape != (len(truth), len(classes)) or len(folds) != len(truth) or not len(truth):
        raise ValueError(
            f"wanted scores [clip, class] = [{len(truth)}, {len(classes)}] and a fold for each clip, "
            f"found {list(scores.shape)} and {len(folds)} folds"
        )
    if not np.isfinite(scores).all() or truth.min() < 0 or truth.max() >= len(classes):
        raise ValueError(f"wanted finite scores and classes from 0 to {len(classes) - 1}")
    answer = scores.argmax(1)
    right = (answer == truth).astype(np.float64)
    by_fold = {
        fold: round(float(right[[one == fold for one in folds]].mean()), 6) for fold in sorted(set(folds))
    }
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (truth, answer), 1)
    return ClosedSet(
        name=name,
        classes=tuple(classes),
        n_clips=len(truth),
        accuracy=score(float(right.mean()), right @ weights / weights.sum(0)),
        folds=by_fold,
        mean_of_folds=round(float(np.mean(list(by_fold.values()))), 6),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        unheard=tuple(unheard),
    )
