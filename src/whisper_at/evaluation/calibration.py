"""Whether a probability means what it says: of clips tagged 0.7, seven in ten should hold the label."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.arrays import Scored
from whisper_at.evaluation.score import Score, Weights, score

BINS = 15
Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Predictions gathered in bins of equal width, from 0 to 1; an empty bin has mean and share 0.

    count: how many predictions each bin holds.
    predicted: their mean probability.
    observed: the share of them where the label is heard.
    """

    count: tuple[int, ...]
    predicted: tuple[float, ...]
    observed: tuple[float, ...]

    @property
    def error(self) -> float:
        """The expected calibration error, see `expected_calibration_error`.

        >>> Reliability(count=(3, 1), predicted=(0.1, 0.9), observed=(0.1, 0.5)).error
        0.1
        """
        gaps = np.abs(np.subtract(self.predicted, self.observed))
        return round(float(np.average(gaps, weights=self.count)), 12) if sum(self.count) else float("nan")


def reliability(scored: Scored, bins: int = BINS) -> Reliability:
    """The bins over all known cells of all labels."""
    totals = _sums(scored, bins).sum(1)
    count, predicted, heard = totals
    n = np.maximum(count, 1)
    return Reliability(
        count=tuple(int(value) for value in count),
        predicted=tuple((predicted / n).round(6).tolist()),
        observed=tuple((heard / n).round(6).tolist()),
    )


def expected_calibration_error(scored: Scored, weights: Weights | None = None, bins: int = BINS) -> Score:
    """The mean gap between probability and share over all known cells, bin by bin (Naeini et al., AAAI 2015).

    Most cells are sure absences, which all taggers get right: a small number here may hide large ones of single
    labels, so see also `label_calibration_errors`. Labels without positives count here like any other.
    """
    sums = _sums(scored, bins)
    value = _error(sums.sum(1)[..., None])[0]
    return score(float(value), None if weights is None else _error(sums.transpose(0, 2, 1) @ weights))


def label_calibration_errors(scored: Scored, bins: int = BINS) -> Counts:
    """The same for each label by itself [label]; NaN where nothing is known."""
    n_labels = scored.truth.shape[1]
    errors = [
        _error(_sums(_column(scored, label), bins).sum(1)[..., None])[0]
        if scored.known[:, label].any()
        else np.nan
        for label in range(n_labels)
    ]
    return np.array(errors, np.float64)


def _column(scored: Scored, label: int) -> Scored:
    part = slice(label, label + 1)
    return Scored(scored.probabilities[:, part], scored.truth[:, part], scored.known[:, part])


def _sums(scored: Scored, bins: int) -> Counts:
    """Of each clip and bin: predictions, the sum of their probabilities, how many are true: [3, clip, bin]."""
    if bins < 1:
        raise ValueError(f"wanted at least 1 bin, got {bins}")
    clip, label = np.nonzero(scored.known)
    probability = scored.probabilities[clip, label].astype(np.float64)
    heard = scored.truth[clip, label]
    # A bin holds its upper edge and not its lower one, as in torchmetrics; 0 lies in the first.
    edges = np.linspace(0, 1, bins + 1, dtype=np.float32)
    place = np.clip(np.searchsorted(edges, probability.astype(np.float32), "left") - 1, 0, bins - 1)
    n_clips = len(scored.truth)
    flat, size = clip * bins + place, n_clips * bins
    sums = [np.bincount(flat, value, size) for value in (np.ones(len(flat)), probability, heard)]
    return np.array(sums, np.float64).reshape(3, n_clips, bins)


def _error(sums: Counts) -> Counts:
    """From sums [3, bin, resample] to errors [resample]."""
    count, predicted, heard = sums
    return np.asarray(np.abs(predicted - heard).sum(0) / np.maximum(count.sum(0), 1), np.float64)
