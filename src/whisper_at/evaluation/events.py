"""Segment and event F1: detected times against true ones, at given thresholds.

In: `Predictions` with cells, `Sounds`, thresholds. Out: `EventScores`. After Mesaros, Heittola & Virtanen, "Metrics for
polyphonic sound event detection" (Applied Sciences 2016).

    segment F1   each second by itself: is the label heard somewhere in it, was it detected somewhere in it
    event F1     a detection is right if it begins within 200 ms of a true event and ends within the larger of 200 ms
                 and 20 % of the event's length; each event is found once, as many as possible are

Micro counts all labels together, macro is the mean of the labels. Both are over the labels that sound somewhere in the
truth; detections of others cannot be right and are not counted. Where a label is unknown in a clip, neither are those.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.score import Score, Weights, mean_of_defined, score
from whisper_at.evaluation.truth import Sounds, Spans

SEGMENT = 1.0  # seconds
COLLAR = 0.2  # seconds
SHARE = 0.2  # of an event's length
HAIR = 1e-6  # seconds: times that differ by less are equal

Counts = npt.NDArray[np.float64]
"""[..., (right, detected, true)]"""
Thresholds = float | npt.NDArray[np.floating]
"""From which probability a label counts as heard: one for all or [label]."""


@dataclass(frozen=True, kw_only=True)
class EventScores:
    """F1 over the labels with events, see the module; n_events and n_labels say over how much."""

    segment_f1_micro: Score
    segment_f1_macro: Score
    event_f1_micro: Score
    event_f1_macro: Score
    n_events: int
    n_labels: int


def event_scores(
    predictions: Predictions, sounds: Sounds, thresholds: Thresholds, weights: Weights | None = None
) -> EventScores:
    """All four, with intervals where weights [clip, resample] are given.

    Raises:
        ValueError: if predictions and truth are of different clips or labels, or there are no cells.
    """
    segments, events = counts(predictions, sounds, thresholds)
    heard = sounds.n_events > 0
    scores = {
        f"{name}_f1_{mean}": _score(found[:, heard], weights, macro=mean == "macro")
        for name, found in (("segment", segments), ("event", events))
        for mean in ("micro", "macro")
    }
    return EventScores(**scores, n_events=int(sounds.n_events.sum()), n_labels=int(heard.sum()))


def label_event_f1(predictions: Predictions, sounds: Sounds, thresholds: Thresholds) -> Counts:
    """Event F1 of each label [label]; NaN for those that never sound."""
    _, events = counts(predictions, sounds, thresholds)
    return np.where(sounds.n_events > 0, f1(events.sum(0)), np.nan)


def f1(found: Counts) -> Counts:
    """F1 from counts [..., (right, detected, true)]; NaN where nothing is true and nothing detected.

    >>> f1(np.array([3.0, 4.0, 6.0])).item()
    0.6
    """
    right, detected, true = np.moveaxis(found, -1, 0)
    both = detected + true
    return np.where(both > 0, 2 * right / np.maximum(both, 1), np.nan)


def counts(predictions: Predictions, sounds: Sounds, thresholds: Thresholds) -> tuple[Counts, Counts]:
    """Of segments and of events: how many are right, detected and true, [clip, label, 3] each.

    Raises:
        ValueError: if predictions and truth are of different clips or labels, or there are no cells.
    """
    limits = check(predictions, sounds, thresholds)
    shape = (len(predictions.names), len(predictions.ids), 3)
    segments, events = np.zeros(shape), np.zeros(shape)
    for i, column, true, detected in pairs(predictions, sounds, limits):
        segments[i, column] = _segments(true, detected)
        events[i, column] = len(matched(true, detected)), len(detected), len(true)
    return segments, events


def pairs(
    predictions: Predictions, sounds: Sounds, limits: npt.NDArray[np.float64]
) -> Iterator[tuple[int, int, Spans, Spans]]:
    """Clip, column of the label, true and detected spans: wherever both or one of them are, and the truth is known."""
    assert predictions.cells is not None
    heard = sounds.n_events > 0
    nothing = np.zeros((0, 2))
    for i, cells in enumerate(predictions.cells):
        edges = predictions.edges(i)
        on = cells >= limits
        possible = np.asarray(on.any(0))
        possible[list(sounds.spans[i])] = True
        for column in np.flatnonzero(possible & heard & sounds.known[i]).tolist():
            yield i, column, sounds.spans[i].get(column, nothing), runs(on[:, column], edges)


def runs(on: npt.NDArray[np.bool_], edges: npt.NDArray[np.float64]) -> Spans:
    """Runs of cells as spans in seconds.

    >>> runs(np.array([True, True, False, True]), np.array([0, 0.4, 0.8, 1.2, 1.5])).tolist()
    [[0.0, 0.8], [1.2, 1.5]]
    """
    change = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return np.stack([edges[change[::2]], edges[change[1::2]]], axis=1)


def matched(true: Spans, detected: Spans) -> dict[int, int]:
    """Which true event each right detection is, as many as can be paired at once.

    >>> matched(np.array([[1.0, 2.0], [5.0, 15.0]]), np.array([[1.1, 2.3], [5.2, 13.1], [20.0, 21.0]]))
    {1: 1}
    >>> matched(np.array([[1.0, 2.0], [1.3, 2.1]]), np.array([[0.9, 2.0], [1.15, 2.0]]))
    {0: 0, 1: 1}
    """
    late = np.maximum(COLLAR, SHARE * (true[:, 1] - true[:, 0])) + HAIR
    near = (np.abs(detected[:, None, 0] - true[None, :, 0]) <= COLLAR + HAIR) & (
        np.abs(detected[:, None, 1] - true[None, :, 1]) <= late
    )
    taken: dict[int, int] = {}  # true event -> detection

    def place(detection: int, seen: set[int]) -> bool:
        for event in np.flatnonzero(near[detection]).tolist():
            if event not in seen:
                seen.add(event)
                if event not in taken or place(taken[event], seen):  # whoever has it may find another
                    taken[event] = detection
                    return True
        return False

    for detection in range(len(detected)):
        place(detection, set())
    return {detection: event for event, detection in sorted(taken.items(), key=lambda pair: pair[1])}


def check(predictions: Predictions, sounds: Sounds, thresholds: Thresholds = 0.5) -> npt.NDArray[np.float64]:
    """The thresholds as [label]; raises ValueError unless predictions have cells and fit the truth."""
    if predictions.cells is None:
        raise ValueError(f"wanted probabilities of cells, but {predictions.tagger} gave those of clips alone")
    if predictions.ids != sounds.ids or len(predictions.names) != len(sounds.spans):
        raise ValueError(
            f"wanted predictions and truth of the same clips and labels, found {len(predictions.names)} clips and "
            f"{len(predictions.ids)} labels beside {len(sounds.spans)} and {len(sounds.ids)}"
        )
    limits = np.asarray(thresholds, np.float64)
    if limits.shape not in ((), (len(sounds.ids),)) or not ((limits >= 0) & (limits <= 1)).all():
        raise ValueError(
            f"wanted a threshold from 0 to 1, or one for each of {len(sounds.ids)} labels; "
            f"found shape {list(limits.shape)} from {limits.min():g} to {limits.max():g}"
        )
    return np.broadcast_to(limits, (len(sounds.ids),))


def _segments(true: Spans, detected: Spans) -> tuple[int, int, int]:
    heard, found = _touched(true), _touched(detected)
    return len(heard & found), len(found), len(heard)


def _touched(spans: Spans) -> set[int]:
    """The segments that spans reach into."""
    return {
        segment
        for start, end in spans.tolist()
        for segment in range(int((start + HAIR) // SEGMENT), int(-(-(end - HAIR) // SEGMENT)))
    }


def _score(found: Counts, weights: Weights | None, *, macro: bool) -> Score:
    """F1 over counts [clip, label, 3]; in a resample, labels that do not sound in it count for nothing."""
    if not macro:
        found = found.sum(1, keepdims=True)
    value = float(mean_of_defined(f1(found.sum(0))))
    if weights is None:
        return score(value)
    drawn = np.einsum("clk,cr->lrk", found, weights)
    defined = np.where(drawn[..., 2] > 0, f1(drawn), np.nan)
    return score(value, mean_of_defined(defined))
