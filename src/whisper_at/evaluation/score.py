"""A number with its bootstrap interval, and how clips are drawn for it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEVEL = 0.95  # of the intervals
RESAMPLES = 1000
SEED = 0

Weights = npt.NDArray[np.float32]
"""[clip, resample]: how often each clip was drawn."""


@dataclass(frozen=True)
class Score:
    """A measured value and the ends of its 95 % interval; None where it is not defined (or infinite).

    >>> str(Score(0.71234, 0.69, 0.735)), str(Score(None))
    ('0.712 (0.690 to 0.735)', '-')
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def through(self, rising: Callable[[float], float]) -> "Score":
        """What a rising function makes of it: the ends of the interval stay its ends.

        >>> Score(0.25, 0.16, 0.36).through(math.sqrt)
        Score(value=0.5, low=0.4, high=0.6)
        """
        return Score(*(x if x is None else _number(rising(x)) for x in (self.value, self.low, self.high)))

    def percent(self) -> str:
        """In per cent, with its interval.

        >>> Score(0.1234, 0.1, 0.15).percent(), Score(0.5).percent(), Score(None).percent()
        ('12.3 (10.0 to 15.0)', '50.0', '-')
        """
        if self.value is None:
            return "-"
        if self.low is None or self.high is None:
            return f"{100 * self.value:.1f}"
        return f"{100 * self.value:.1f} ({100 * self.low:.1f} to {100 * self.high:.1f})"

    def __str__(self) -> str:
        if self.value is None:
            return "-"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def score(value: float, resampled: npt.NDArray[np.floating] | None = None) -> Score:
    """A value with the percentile interval of its resamples [resample] (Efron 1979).

    Resamples in which the value is not defined count for nothing. Clips are what is drawn, so the interval speaks of
    other clips of the same kind, and neither of another corpus nor of another training run.

    >>> score(2.0, np.array([1.0, 2.0, 3.0, np.nan]))
    Score(value=2.0, low=1.05, high=2.95)
    """
    if resampled is None or not np.isfinite(resampled).any():
        return Score(_number(value))
    tail = 50 * (1 - LEVEL)
    low, high = np.nanpercentile(resampled, [tail, 100 - tail])
    return Score(_number(value), _number(low), _number(high))


def draw(n_clips: int, resamples: int = RESAMPLES, seed: int = SEED) -> Weights:
    """Clips drawn with replacement, as many as there are, again and again.

    >>> draw(5, resamples=3).sum(axis=0).tolist()
    [5.0, 5.0, 5.0]
    """
    if n_clips < 1 or resamples < 0:
        raise ValueError(f"wanted at least 1 clip and 0 resamples, got {n_clips} and {resamples}")
    drawn = np.random.default_rng(seed).multinomial(n_clips, np.full(n_clips, 1 / n_clips), resamples)
    return np.ascontiguousarray(drawn.T, np.float32)


def mean_of_defined(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The mean over the first axis of what is not NaN; NaN where nothing is.

    >>> mean_of_defined(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, nan]
    """
    defined = np.isfinite(values)
    n = defined.sum(0)
    total = np.where(defined, values, 0).sum(0, dtype=np.float64)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _number(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
