"""PSDS, the polyphonic sound detection score: how well events are found, over all thresholds at once.

After Bilen et al., "A framework for the robust evaluation of sound event detection" (ICASSP 2020, arXiv 1910.08440),
exactly at every threshold that makes a difference, as Ebbers, Serizel & Haeb-Umbach showed how to ("Threshold
independent evaluation of sound event detection scores", ICASSP 2022, arXiv 2201.13148). At a threshold, for a label:

    a detection is wrong unless at least `dtc` of its length lies in true events of the label
    a true event is found if at least `gtc` of its length lies in detections that are not wrong
    a wrong detection is also a cross-trigger on each label in whose events at least `cttc` of it lies

    rate of wrong ones   wrong detections an hour, and `alpha_ct` times the cross-triggers on the other labels, each
                         per hour of that label, in the mean
    curve                share of events found, against the rate of wrong ones that it costs
    PSDS                 area under the mean of the labels' curves less `alpha_st` standard deviations, up to `max_rate`

The packages that compute it need a compiler to be installed and bring thirty others, so it is written here;
tests/golden/sed.json holds what sed_scores_eval says of the same scenes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.cells import coverage
from whisper_at.evaluation.events import check
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.score import Score, Weights, score
from whisper_at.evaluation.truth import Sounds

HAIR = 1e-6  # seconds
SECONDS_PER_HOUR = 3600
RESAMPLES = 100  # each draws the curves of all labels anew

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PsdsSetting:
    """What counts as found, and what mistakes cost."""

    dtc: float
    gtc: float
    cttc: float = 0.3
    alpha_ct: float = 0.0
    alpha_st: float = 1.0
    max_rate: float = 100.0  # wrong detections an hour

    def __post_init__(self) -> None:
        shares = (self.dtc, self.gtc, self.cttc)
        if not all(0 < share <= 1 for share in shares) or min(self.alpha_ct, self.alpha_st) < 0:
            raise ValueError(f"wanted shares above 0 up to 1 and weights from 0 on, got {self}")
        if not self.max_rate > 0:
            raise ValueError(f"wanted a highest rate above 0, got {self.max_rate:g}")


PSDS1 = PsdsSetting(dtc=0.7, gtc=0.7)  # DCASE task 4, scenario 1: when exactly
PSDS2 = PsdsSetting(dtc=0.1, gtc=0.1, alpha_ct=0.5)  # scenario 2: not to mistake one sound for another


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """What changes in one clip for one label as the threshold falls, entry by entry.

    clip, label, threshold: where; found, wrong: by how much the counts change there.
    at, other, crossed: cross-triggers: changes of the entry `at` on the label `other`.
    """

    clip: Ints
    label: Ints
    threshold: Floats
    found: Floats
    wrong: Floats
    at: Ints
    other: Ints
    crossed: Floats


def psds(
    predictions: Predictions, sounds: Sounds, setting: PsdsSetting = PSDS1, weights: Weights | None = None
) -> Score:
    """The score over the labels that sound somewhere in the truth; None if none does.

    A label's wrong detections are counted in the clips, and per hour of the clips, in which its truth is known.
    Intervals come from the first 100 resamples of weights [clip, resample]; in each, labels that do not sound in it
    count for nothing. Labels differ more in a resample than they do, which `alpha_st` punishes: so the interval lies
    low, and with few events a label even below the value.

    Raises:
        ValueError: if predictions have no cells, or are of other clips or labels than the truth.
    """
    check(predictions, sounds)
    if not sounds.n_events.any():
        return score(float("nan"))
    steps, n_events, known_hours, label_hours = _gather(predictions, sounds, setting)
    area = _Area(steps, n_events, known_hours, label_hours, setting)
    value = area(np.ones(len(predictions.names)))
    if weights is None:
        return score(value)
    drawn = [area(weights[:, i].astype(np.float64)) for i in range(min(RESAMPLES, weights.shape[1]))]
    return score(value, np.array(drawn))


def _gather(
    predictions: Predictions, sounds: Sounds, setting: PsdsSetting
) -> tuple[Steps, Floats, Floats, Floats]:
    """The steps of all clips; events, hours known and hours heard, [clip, label] each, of the labels that sound."""
    heard = np.flatnonzero(sounds.n_events > 0)
    parts = [_steps(i, predictions, sounds, heard, setting) for i in range(len(predictions.names))]
    offsets = np.cumsum([0, *(len(part.clip) for part in parts)])
    steps = Steps(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("clip", "label", "threshold", "found", "wrong", "other", "crossed")
        },
        at=np.concatenate([part.at + offset for part, offset in zip(parts, offsets, strict=False)]),
    )
    hours = np.array([predictions.duration(i) for i in range(len(predictions.names))]) / SECONDS_PER_HOUR
    n_events, label_hours = np.zeros((2, len(predictions.names), len(heard)))
    for i, spans in enumerate(sounds.spans):
        for k, column in enumerate(heard.tolist()):
            if column in spans and sounds.known[i, column]:
                n_events[i, k] = len(spans[column])
                label_hours[i, k] = np.diff(spans[column]).sum() / SECONDS_PER_HOUR
    return steps, n_events, sounds.known[:, heard] * hours[:, None], label_hours


def _steps(i: int, predictions: Predictions, sounds: Sounds, heard: Ints, setting: PsdsSetting) -> Steps:
    """The steps of one clip, all labels and thresholds at once.

    Sums over runs of cells are differences of running sums over cells, for runs begin and end where cells do.
    """
    assert predictions.cells is not None
    labels = heard[sounds.known[i, heard]]
    number = {int(column): k for k, column in enumerate(heard)}
    own = np.array([number[int(column)] for column in labels], np.int64)
    cells = predictions.cells[i][:, labels]
    edges = predictions.edges(i)
    thresholds = np.asarray(-np.sort(-cells, axis=0), np.float64)  # [threshold, label]
    on = cells.T[None] >= thresholds[:, :, None]  # [threshold, label, cell]
    at, label, start, end = _runs(on)
    shape = thresholds.shape
    row = at * shape[1] + label
    length = edges[end] - edges[start]
    true = {k: sounds.spans[i][int(c)] for k, c in enumerate(labels) if int(c) in sounds.spans[i]}
    within = {k: _running(coverage(spans, edges) * np.diff(edges)) for k, spans in true.items()}
    right = np.zeros(len(row), bool)
    for k, seconds in within.items():
        mine = label == k
        covered = seconds[end[mine]] - seconds[start[mine]]
        right[mine] = covered >= setting.dtc * length[mine] - HAIR
    wrong = np.bincount(row[~right], minlength=on.shape[0] * shape[1]).reshape(shape)
    found = np.zeros(shape)
    for k, spans in true.items():
        mine = (label == k) & right
        for span in spans:
            seconds = _running(coverage(span[None], edges) * np.diff(edges))
            covered = np.bincount(at[mine], seconds[end[mine]] - seconds[start[mine]], shape[0])
            found[:, k] += covered >= setting.gtc * (span[1] - span[0]) - HAIR
    crossed = np.zeros((len(within), *shape))
    if setting.alpha_ct:
        for x, (k, seconds) in enumerate(within.items()):
            hit = ~right & (label != k) & (seconds[end] - seconds[start] >= setting.cttc * length - HAIR)
            crossed[x] = np.bincount(row[hit], minlength=shape[0] * shape[1]).reshape(shape)
    return _changes(i, own, thresholds, found, wrong, crossed, own[list(within)] if within else own[:0])


def _changes(
    i: int, own: Ints, thresholds: Floats, found: Floats, wrong: Ints, crossed: Floats, others: Ints
) -> Steps:
    """Counts [threshold, label] as changes from one threshold to the next; those that change nothing are dropped."""
    d_found, d_wrong = np.diff(found, axis=0, prepend=0), np.diff(wrong, axis=0, prepend=0)
    d_crossed = np.diff(crossed, axis=1, prepend=0)
    changed = (d_found != 0) | (d_wrong != 0) | (d_crossed != 0).any(0)
    at, label = np.nonzero(changed)
    place = np.full(changed.shape, -1)
    place[changed] = np.arange(len(at))
    other, cross_at, cross_label = np.nonzero(d_crossed)
    return Steps(
        clip=np.full(len(at), i),
        label=own[label],
        threshold=thresholds[at, label],
        found=d_found[changed],
        wrong=d_wrong[changed].astype(np.float64),
        at=place[cross_at, cross_label],
        other=others[other],
        crossed=d_crossed[other, cross_at, cross_label],
    )


def _runs(on: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints, Ints]:
    """Threshold, label, first cell and the cell after the last of each run in [threshold, label, cell]."""
    wall = np.zeros((*on.shape[:2], 1), np.int8)
    change = np.diff(np.concatenate([wall, on.astype(np.int8), wall], axis=2), axis=2)
    at, label, start = np.nonzero(change == 1)
    return at, label, start, np.nonzero(change == -1)[2]


def _running(values: Floats) -> Floats:
    """Running sums, from 0 on."""
    return np.concatenate([[0.0], np.cumsum(values)])


class _Area:
    """The score as a function of how often each clip counts."""

    def __init__(
        self, steps: Steps, n_events: Floats, known_hours: Floats, label_hours: Floats, setting: PsdsSetting
    ) -> None:
        order = np.lexsort((-steps.threshold, steps.label))
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        self._clip, self._label = steps.clip[order], steps.label[order]
        self._found, self._wrong = steps.found[order], steps.wrong[order]
        threshold = steps.threshold[order]
        self._last = np.concatenate([threshold[1:] != threshold[:-1], [True]])  # of equal thresholds
        self._at, self._other, self._crossed = rank[steps.at], steps.other, steps.crossed
        self._cross_clip = steps.clip[steps.at]
        self._n_events, self._known_hours, self._label_hours = n_events, known_hours, label_hours
        self._setting = setting

    def __call__(self, weights: Floats) -> float:
        """PSDS of clips that count so often [clip]; NaN if no label sounds in them."""
        events = weights @ self._n_events
        sounding = np.flatnonzero(events)
        if not len(sounding):
            return float("nan")
        curves = list(self._curves(weights, events, sounding))
        rates = np.unique(np.concatenate([rate for rate, _ in curves]))
        shares = np.stack([share[np.searchsorted(rate, rates, "right") - 1] for rate, share in curves])
        effective = np.maximum(shares.mean(0) - self._setting.alpha_st * shares.std(0), 0)
        widths = np.diff(np.append(rates, self._setting.max_rate))
        return float(effective @ widths / self._setting.max_rate)

    def _curves(self, weights: Floats, events: Floats, sounding: Ints) -> Iterator[tuple[Floats, Floats]]:
        """For each label that sounds: rates of wrong ones, rising from 0, and the best share found up to each."""
        found, wrong = self._found * weights[self._clip], self._wrong * weights[self._clip]
        crossed = self._cross_rates(weights, len(sounding))
        hours = weights @ self._known_hours
        starts = np.searchsorted(self._label, np.arange(len(events) + 1))
        for k in sounding.tolist():
            part = slice(starts[k], starts[k + 1])
            last = self._last[part].copy()
            last[-1:] = True
            rate = np.cumsum(wrong[part]) / hours[k] + np.cumsum(crossed[part])
            rate, share = rate[last], np.cumsum(found[part])[last] / events[k]
            kept = rate <= self._setting.max_rate
            order = np.lexsort((share[kept], rate[kept]))
            rate = np.concatenate([[0.0], rate[kept][order]])
            yield rate, np.maximum.accumulate(np.concatenate([[0.0], share[kept][order]]))

    def _cross_rates(self, weights: Floats, n_labels: int) -> Floats:
        """What the cross-triggers of each step add to the rate [step]."""
        per_hour = weights @ self._label_hours
        share = self._setting.alpha_ct / max(n_labels - 1, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            added = np.nan_to_num(weights[self._cross_clip] * self._crossed / per_hour[self._other])
        return np.asarray(share * np.bincount(self._at, added, len(self._clip)), np.float64)
