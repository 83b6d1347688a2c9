"""Average precision and AUC of many bootstrap resamples at once.

scikit-learn computes one label of one resample in a millisecond or more, which for 250 labels and 1,000 resamples
makes minutes. A resample changes only how often each clip counts, never the order of the clips: so here each label is
sorted once, and all resamples are running sums over the same order, some ten milliseconds a label for 2,000 clips.
A test holds it to scikit-learn.

Out of a label's clips, best first, only the places of positives matter. So the order is cut into stretches,

    probability   .9   .8   .8   .7   .6   .5   .5   .2
    positive       +    -    +    -    -    +    -    -
    stretch       |-|  |-----|  |-----|  |-----|  |-|

each either a group of equal probabilities with a positive among them, or a run of groups without any.
"""

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.arrays import Bool, Float, Scored
from whisper_at.evaluation.score import Weights

BLOCK = 16_000_000  # values in memory at once: clips times resamples

Resampled = npt.NDArray[np.float32]


def resampled_ranking(scored: Scored, weights: Weights) -> tuple[Resampled, Resampled]:
    """Average precision and AUC [label, resample]; NaN where a resample drew no positive, or no negative.

    weights: [clip, resample], how often each clip was drawn.
    """
    shape = (scored.truth.shape[1], weights.shape[1])
    ap, auc = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    for column, probabilities, truth in scored.labels():
        drawn = weights[scored.known[:, column]]
        ap[column], auc[column] = ranking(probabilities, truth, drawn)
    return ap, auc


def ranking(probabilities: Float, truth: Bool, weights: Weights) -> tuple[Resampled, Resampled]:
    """Average precision and AUC [resample] of one label.

    Args:
        probabilities, truth: [clip], both kinds of truth among them.
        weights: [clip, resample].
    """
    order = np.argsort(-probabilities, kind="stable")
    right = truth[order]
    starts = _stretches(probabilities[order], right)
    step = max(1, BLOCK // max(1, len(order)))
    parts = [
        _ranking(order, right, starts, weights[:, at : at + step])
        for at in range(0, max(1, weights.shape[1]), step)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _ranking(
    order: npt.NDArray[np.int64], right: Bool, starts: npt.NDArray[np.int64], weights: Weights
) -> tuple[Resampled, Resampled]:
    drawn = weights[order]
    all_in = np.add.reduceat(drawn, starts, axis=0)  # [stretch, resample]
    places = np.flatnonzero(right)
    of_place = np.searchsorted(starts, places, "right") - 1
    kept, first = np.unique(of_place, return_index=True)
    right_in = np.add.reduceat(drawn[places], first, axis=0)  # of the stretches with positives alone
    all_to = np.cumsum(all_in, axis=0)
    right_to = np.cumsum(right_in, axis=0)
    n_all, n_right = all_to[-1], right_to[-1]
    n_wrong = n_all - n_right
    wrong_to, wrong_in = all_to[kept] - right_to, all_in[kept] - right_in
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = right_to / np.maximum(all_to[kept], 1)
        ap = (right_in * precision).sum(0) / n_right
        auc = (right_in * (n_wrong - wrong_to + 0.5 * wrong_in)).sum(0) / (n_right * n_wrong)
    undefined = (n_right == 0) | (n_wrong == 0)
    return np.where(undefined, np.nan, ap), np.where(undefined, np.nan, auc)


def _stretches(ordered: Float, right: Bool) -> npt.NDArray[np.int64]:
    """Where the stretches begin, the first at 0; `ordered` falls.

    >>> p = np.array([0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.5, 0.2])
    >>> _stretches(p, np.array([1, 0, 1, 0, 0, 1, 0, 0], bool)).tolist()
    [0, 1, 3, 5, 7]
    """
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    has_right = np.add.reduceat(right.astype(np.int64), begins) > 0
    cut = np.concatenate([[True], has_right[1:] | has_right[:-1]])
    starts: npt.NDArray[np.int64] = begins[cut]
    return starts
