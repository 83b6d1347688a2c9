"""How well one label, such as Speech, is told present or absent in each cell."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.events import check
from whisper_at.evaluation.need import need
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.resampling import BLOCK, ranking
from whisper_at.evaluation.score import Score, Weights, score
from whisper_at.evaluation.truth import Sounds, Spans

HAIR = 1e-6


@dataclass(frozen=True, kw_only=True)
class Presence:
    """Area under the ROC curve of one label over cells.

    auc: over all cells; one that the label fills in part is present from one half on.
    auc_clear: without the cells in which it begins or ends, on whose truth a head and a person may differ.
    n_present, n_absent: cells, cut ones included. Clips in which the label is unknown are left out.
    """

    id: str
    name: str
    auc: Score
    auc_clear: Score
    n_present: int
    n_absent: int


def presence(
    predictions: Predictions, sounds: Sounds, label: str, name: str, weights: Weights | None = None
) -> Presence:
    """The two areas; None where all known cells are alike.

    Raises:
        ValueError: if predictions and truth do not fit, or the label is not among them.
    """
    check(predictions, sounds)
    assert predictions.cells is not None
    if label not in predictions.ids:
        raise ValueError(f"wanted the cells of {label}, which is none of the {len(predictions.ids)} labels")
    column = predictions.ids.index(label)
    clips: list[int] = np.flatnonzero(sounds.known[:, column]).tolist()
    probability = [predictions.cells[i][:, column] for i in clips]
    filled = [coverage(sounds.spans[i].get(column, np.zeros((0, 2))), predictions.edges(i)) for i in clips]
    of_clip = np.repeat(clips, [len(cells) for cells in probability])
    p = np.concatenate([np.zeros(0, np.float32), *probability])
    share = np.concatenate([np.zeros(0), *filled])
    clear = (share <= HAIR) | (share >= 1 - HAIR)
    return Presence(
        id=label,
        name=name,
        auc=_auc(p, share >= 0.5, of_clip, weights),
        auc_clear=_auc(p[clear], share[clear] >= 0.5, of_clip[clear], weights),
        n_present=int((share >= 0.5).sum()),
        n_absent=int((share < 0.5).sum()),
    )


def coverage(spans: Spans, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Which share of each cell [cell] is filled by spans that do not overlap.

    >>> coverage(np.array([[0.5, 1.25]]), np.array([0.0, 0.5, 1.0, 1.5])).tolist()
    [0.0, 1.0, 0.5]
    """
    within = np.minimum(edges[1:, None], spans[:, 1]) - np.maximum(edges[:-1, None], spans[:, 0])
    return np.asarray(np.maximum(within, 0).sum(1) / np.diff(edges), np.float64)


def _auc(
    probability: npt.NDArray[np.floating],
    present: npt.NDArray[np.bool_],
    of_clip: npt.NDArray[np.int64],
    weights: Weights | None,
) -> Score:
    if present.all() or not present.any():
        return score(float("nan"))
    value = float(need("sklearn.metrics").roc_auc_score(present, probability))
    if weights is None:
        return score(value)
    step = max(1, BLOCK // len(present))  # clips are drawn, with all of their cells
    parts = [
        ranking(probability, present, weights[of_clip, at : at + step])[1]
        for at in range(0, max(1, weights.shape[1]), step)
    ]
    return score(value, np.concatenate(parts))
