"""Counting events on scenes: planted detections have the scores that one can work out by hand."""

import events
import numpy as np
import pytest

from whisper_at.evaluation.truth import Sounds


def spans(*pairs):
    return np.array(pairs, np.float64).reshape(-1, 2)


SOUNDS = Sounds(
    ids=("dog", "rain"),
    spans=({0: spans((1.0, 2.0), (5.0, 6.0)), 1: spans((0.0, 10.0))}, {}),
    known=np.array([[True, True], [True, False]]),
)


def test_right_late_and_false_events_are_counted():
    detected = [
        {0: spans((1.1, 2.1), (5.5, 6.0)), 1: spans((0.0, 9.0))},
        {0: spans((3.0, 4.0)), 1: spans((0.0, 1.0))},  # whether it rains there nobody knows
    ]
    found = events.tally(detected, SOUNDS, [0, 1])
    assert (found["detected"], found["true"]) == (4, 3)
    assert found["event F1, micro"] == pytest.approx(2 * 2 / (4 + 3), abs=1e-4)
    assert found["event F1, macro"] == pytest.approx((2 * 1 / (3 + 2) + 1) / 2, abs=1e-4)
    assert found["onset error, median, ms"] == 100
    assert found["onsets within a second"] == 3


def test_nothing_detected_is_nothing_right():
    found = events.tally([{}, {}], SOUNDS, [0, 1])
    assert (found["event F1, micro"], found["detected"], found["onsets within a second"]) == (0, 0, 0)


def test_runs_lie_between_the_edges_of_their_cells():
    shares = np.array([[0.9, 0.1], [0.9, 0.6], [0.1, 0.6]])
    found = events.runs_above(shares, np.array([0.5, 0.5]), np.array([0.0, 0.48, 0.96, 1.2]))
    assert found[0].tolist() == [[0.0, 0.96]] and found[1].tolist() == [[0.48, 1.2]]
