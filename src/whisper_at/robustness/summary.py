"""The rows of a sweep in; word error rates, named noises and invented words with their intervals out.

Intervals are of 95 %, by bootstrap. Where words are counted sentences are drawn, each with all the noises that it was
heard under: the same sentence under ten noises is not ten sentences. Where noise is heard alone its clips are drawn.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.need import need
from whisper_at.evaluation.plain import from_json, to_json
from whisper_at.evaluation.score import RESAMPLES, SEED, Score, draw, score
from whisper_at.evaluation.words import WordErrors
from whisper_at.robustness.hearing import Row
from whisper_at.robustness.plan import ALONE, CLEAN, MIXED

SCHEMA = "whisper-at-robustness/1"
ALL = "all"
MINUTE = 60.0
FROM, TO = 20.0, -10.0  # decibels between which the paper's Figure 2 has the increase

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Words:
    """The word error rate of a gate under a noise class ("all": under all of them) at a ratio, None for clean speech.

    replaced, missed, added: parts of the rate.
    """

    gate: str
    noise_class: str
    snr: float | None
    recordings: int
    spoken: int
    wer: Score
    replaced: float
    missed: float
    added: float


@dataclass(frozen=True, kw_only=True)
class Named:
    """How well a noise is named under speech at a ratio, None for noise alone.

    right: share of recordings whose class is the likeliest of all classes. reported: share in which a label of it
    passes the head's threshold, which is what a user sees.
    """

    noise_class: str
    snr: float | None
    recordings: int
    right: Score
    reported: Score


@dataclass(frozen=True, kw_only=True)
class Invented:
    """Words written of noise alone: how many a minute, and in which share of the clips there are any."""

    gate: str
    noise_class: str
    recordings: int
    minutes: float
    a_minute: Score
    clips: Score


@dataclass(frozen=True, kw_only=True)
class Increase:
    """What a noise class costs: the increase of the word error rate between two ratios, beside its F1 in a probe."""

    noise_class: str
    increase: float
    f1: float | None


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Of increase and F1 over all classes, none left out. Intervals by bootstrap over classes: of few they are wide.

    representation: what the probe read.
    """

    representation: str
    classes: int
    pearson: Score
    spearman: Score


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All that a sweep says. Plain values, ready for JSON by `to_dict`."""

    words: tuple[Words, ...]
    named: tuple[Named, ...]
    invented: tuple[Invented, ...]
    increases: tuple[Increase, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    seed: int = SEED
    resamples: int = RESAMPLES
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Lists, dictionaries, strings and numbers, ready for JSON."""
        return to_json(self, SCHEMA)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Summary":
        """The summary that `to_dict` wrote.

        Raises:
            ValueError: if the dictionary is of another schema, or a field is missing, unknown or of another kind.
        """
        return from_json(cls, data, SCHEMA)


def summarise(
    rows: Sequence[Row], *, f1: Mapping[str, Mapping[str, float]] | None = None, about: Mapping[str, Any]
) -> Summary:
    """The summary of all rows of a sweep.

    Args:
        f1: by representation, then by class, what a probe reached; see `probing`.
        about: what was asked for and what heard it.
    """
    gates = list(dict.fromkeys(row["gate"] for row in rows))
    classes = list(dict.fromkeys(row["class"] for row in rows if row["class"]))
    spoken = [row for row in rows if row["kind"] != ALONE]
    ratios: list[float | None] = [
        None,
        *sorted({row["snr"] for row in rows if row["kind"] == MIXED}, reverse=True),
    ]
    words = [
        _words(gate, name, snr, some)
        for gate in gates
        for snr in ratios
        for name in (ALL, *classes)
        if (some := _some(spoken, gate=gate, name=name, snr=snr))
    ]
    # tags do not hang on the gate
    of_one = [
        row for row in rows if row["gate"] == gates[0] and row["kind"] != CLEAN and row["named"] is not None
    ]
    named = [
        _named(name, snr, some)
        for snr in ratios
        for name in (ALL, *classes)
        if (some := [row for row in of_one if row["snr"] == snr and name in (ALL, row["class"])])
    ]
    alone = [row for row in rows if row["kind"] == ALONE]
    invented = [
        _invented(gate, name, some)
        for gate in gates
        for name in (ALL, *classes)
        if (some := [row for row in alone if row["gate"] == gate and name in (ALL, row["class"])])
    ]
    increases = _increases(words, gates[0], classes) if {FROM, TO} <= set(ratios) else {}
    return Summary(
        words=tuple(words),
        named=tuple(named),
        invented=tuple(invented),
        increases=tuple(
            Increase(noise_class=name, increase=round(by, 6), f1=_last(f1, name))
            for name, by in increases.items()
        ),
        correlations=tuple(
            _correlation(representation, increases, values) for representation, values in (f1 or {}).items()
        )
        if len(increases) > 2
        else (),
        about=about,
    )


def _some(rows: Iterable[Row], *, gate: str, name: str, snr: float | None) -> list[Row]:
    return [row for row in rows if row["gate"] == gate and row["snr"] == snr and name in (ALL, row["class"])]


def _words(gate: str, name: str, snr: float | None, rows: Sequence[Row]) -> Words:
    errors = WordErrors(
        **{
            count: np.array(list(_sums(rows, "speech", lambda row: row[count]).values()), np.int64)  # noqa: B023
            for count in ("replaced", "missed", "added", "spoken")
        }
    )
    n = int(errors.spoken.sum())
    return Words(
        gate=gate,
        noise_class=name,
        snr=snr,
        recordings=len(rows),
        spoken=n,
        wer=errors.score(),
        replaced=round(int(errors.replaced.sum()) / n, 6),
        missed=round(int(errors.missed.sum()) / n, 6),
        added=round(int(errors.added.sum()) / n, 6),
    )


def _named(name: str, snr: float | None, rows: Sequence[Row]) -> Named:
    by = "noise" if snr is None else "speech"
    n = _sums(rows, by, lambda row: 1)
    return Named(
        noise_class=name,
        snr=snr,
        recordings=len(rows),
        right=_share(_sums(rows, by, lambda row: row["named"] == row["class"]), n),
        reported=_share(_sums(rows, by, lambda row: bool(row["reported"])), n),
    )


def _invented(gate: str, name: str, rows: Sequence[Row]) -> Invented:
    minutes = _sums(rows, "noise", lambda row: row["seconds"] / MINUTE)
    return Invented(
        gate=gate,
        noise_class=name,
        recordings=len(rows),
        minutes=round(sum(minutes.values()), 3),
        a_minute=_share(_sums(rows, "noise", lambda row: row["added"]), minutes),
        clips=_share(_sums(rows, "noise", lambda row: row["added"] > 0), _sums(rows, "noise", lambda row: 1)),
    )


def _sums(rows: Iterable[Row], by: str, value: Callable[[Row], float]) -> dict[str, float]:
    """The sum of a value over the rows of each clip."""
    found: dict[str, float] = {}
    for row in rows:
        found[row[by]] = found.get(row[by], 0) + value(row)
    return found


def _share(some: Mapping[str, float], of: Mapping[str, float]) -> Score:
    """A sum over a sum; what is drawn are the clips that they are of."""
    above, below = np.array(list(some.values()), np.float64), np.array(list(of.values()), np.float64)
    weights = draw(len(above))
    return score(float(above.sum() / below.sum()), (above @ weights) / (below @ weights))


def _increases(words: Iterable[Words], gate: str, classes: Sequence[str]) -> dict[str, float]:
    rate = {(one.noise_class, one.snr): one.wer.value for one in words if one.gate == gate}
    return {name: float((rate[name, TO] or 0) - (rate[name, FROM] or 0)) for name in classes}


def _last(f1: Mapping[str, Mapping[str, float]] | None, name: str) -> float | None:
    """The F1 of a class in the representation that is named last."""
    return list(f1.values())[-1].get(name) if f1 else None


def _correlation(representation: str, increases: Mapping[str, float], f1: Mapping[str, float]) -> Correlation:
    both = [name for name in increases if name in f1]
    x = np.array([f1[name] for name in both])
    y = np.array([increases[name] for name in both])
    stats = need("scipy.stats")
    return Correlation(
        representation=representation,
        classes=len(both),
        pearson=_correlated(x, y),
        spearman=_correlated(stats.rankdata(x), stats.rankdata(y)),
    )


def _correlated(x: Float, y: Float) -> Score:
    """Pearson's r; classes are drawn. Of ranks it is Spearman's, whose resamples keep the ranks of all classes."""
    weights = draw(len(x)).T.astype(np.float64)  # [resample, class]
    weights = np.concatenate([np.ones((1, len(x))), weights])

    def mean(of: Float) -> Float:
        found: Float = (weights @ of) / weights.sum(1)
        return found

    with np.errstate(divide="ignore", invalid="ignore"):
        r = (mean(x * y) - mean(x) * mean(y)) / np.sqrt(
            (mean(x * x) - mean(x) ** 2) * (mean(y * y) - mean(y) ** 2)
        )
    return score(float(r[0]), r[1:])
