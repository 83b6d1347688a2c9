"""Clip-level measures: mAP, mAUC, d′ and lwlrap, with intervals.

In: `Scored` arrays. Out: one number a label, and `Score`s over the labels. A label without a known positive or
without a known negative cannot be ranked: it is left out of the means and NaN here; who reports counts and names it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.arrays import Bool, Float, Scored
from whisper_at.evaluation.need import need
from whisper_at.evaluation.resampling import Resampled, resampled_ranking
from whisper_at.evaluation.score import Score, Weights, mean_of_defined, score

PerLabel = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TagScores:
    """How well the labels of clips are found, averaged over labels (but for lwlrap).

    mean_ap: mean average precision, AudioSet's measure (Gemmeke et al. 2017).
    mean_auc: mean area under the ROC curve. d_prime: the same as a distance, see `d_prime`.
    lwlrap: see `lwlrap`.
    n_labels: over how many labels the means are.
    """

    mean_ap: Score
    mean_auc: Score
    d_prime: Score
    lwlrap: Score
    n_labels: int


def average_precision(scored: Scored) -> PerLabel:
    """Average precision of each label [label], as scikit-learn defines it; NaN where it cannot be ranked.

    >>> truth = np.array([[True, False], [False, False], [True, False]])
    >>> average_precision(Scored(np.array([[0.9, 0.5], [0.8, 0.5], [0.1, 0.5]]), truth)).round(3).tolist()
    [0.833, nan]
    """
    measure = need("sklearn.metrics").average_precision_score
    return _per_label(scored, lambda p, t: measure(t, p))


def roc_auc(scored: Scored) -> PerLabel:
    """Area under the ROC curve of each label [label]: how often a clip with it ranks above one without."""
    measure = need("sklearn.metrics").roc_auc_score
    return _per_label(scored, lambda p, t: measure(t, p))


def d_prime(auc: float) -> float:
    """How far apart two normal distributions of equal width lie that would give this AUC.

    √2 times the inverse normal distribution at the AUC, as in "CNN architectures for large-scale audio
    classification" (Hershey et al., ICASSP 2017, arXiv 1609.09430); here, as there, of the mean AUC.
    Infinite for a perfect one.

    >>> round(d_prime(0.95), 3), d_prime(0.5), d_prime(1.0)
    (2.326, 0.0, inf)
    """
    if math.isnan(auc):
        return math.nan
    if not 0 <= auc <= 1:
        raise ValueError(f"wanted an area from 0 to 1, got {auc:g}")
    return math.sqrt(2) * NormalDist().inv_cdf(auc) if 0 < auc < 1 else math.copysign(math.inf, auc - 0.5)


def lwlrap(scored: Scored) -> float:
    """Label-weighted label-ranking average precision.

    For each label that a clip has: the share of right ones among the labels ranked as high or higher; then the mean
    over all of these, so that each label of each clip counts once. From the baseline of DCASE 2019 task 2 (Fonseca et
    al., arXiv 1906.02975); it equals scikit-learn's label_ranking_average_precision_score with the number of labels of
    each clip as its weight. Unknown labels take no rank; clips without labels count for nothing; NaN if all are such.

    >>> lwlrap(Scored(np.array([[0.9, 0.8, 0.1]]), np.array([[True, False, True]])))
    0.8333333333333333
    """
    precision, n = ranking_of_clips(scored)
    return float(precision.sum() / n.sum()) if n.sum() else math.nan


def ranking_of_clips(scored: Scored) -> tuple[PerLabel, npt.NDArray[np.int64]]:
    """Each clip's sum of precisions at its labels [clip], and how many these are [clip]: lwlrap before its division."""
    precision = np.zeros(len(scored.truth))
    n = np.asarray((scored.truth & scored.known).sum(1), np.int64)
    for i in np.flatnonzero(n).tolist():
        known = scored.known[i]
        ranked = np.sort(scored.probabilities[i, known])
        right = np.sort(scored.probabilities[i, known & scored.truth[i]])
        above = len(ranked) - np.searchsorted(ranked, right, "left")
        precision[i] = ((len(right) - np.searchsorted(right, right, "left")) / above).sum()
    return precision, n


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Average precision and AUC of each label [label], and of its resamples [label, resample]; NaN where undefined."""

    ap: PerLabel
    auc: PerLabel
    drawn_ap: Resampled
    drawn_auc: Resampled


def rank(scored: Scored, weights: Weights) -> Ranking:
    """All labels by themselves; weights [clip, resample] as of `score.draw`, perhaps without any resample."""
    drawn_ap, drawn_auc = resampled_ranking(scored, weights)
    return Ranking(ap=average_precision(scored), auc=roc_auc(scored), drawn_ap=drawn_ap, drawn_auc=drawn_auc)


def tag_scores(
    scored: Scored, weights: Weights, ranking: Ranking | None = None, min_positives: int = 1
) -> TagScores:
    """The four numbers with their intervals; weights [clip, resample] as of `score.draw`.

    Labels of fewer than `min_positives` positives are left out of the means, but keep their places in lwlrap.
    """
    ranking = ranking or rank(scored, weights)
    kept = scored.rankable & (scored.positives >= min_positives)
    mean_ap, mean_auc = (float(mean_of_defined(values[kept])) for values in (ranking.ap, ranking.auc))
    drawn_ap, drawn_auc = (mean_of_defined(values[kept]) for values in (ranking.drawn_ap, ranking.drawn_auc))
    area = score(mean_auc, drawn_auc)
    return TagScores(
        mean_ap=score(mean_ap, drawn_ap),
        mean_auc=area,
        d_prime=area.through(d_prime),
        lwlrap=score(lwlrap(scored), resampled_lwlrap(scored, weights)),
        n_labels=int(kept.sum()),
    )


def resampled_lwlrap(scored: Scored, weights: Weights) -> PerLabel:
    """lwlrap of each resample [resample]."""
    precision, n = ranking_of_clips(scored)
    total = n @ weights
    return np.where(total > 0, precision @ weights / np.maximum(total, 1), np.nan)


def _per_label(scored: Scored, measure: Callable[[Float, Bool], float]) -> PerLabel:
    values = np.full(scored.truth.shape[1], np.nan)
    for column, probabilities, truth in scored.labels():
        values[column] = measure(probabilities, truth)
    return values
