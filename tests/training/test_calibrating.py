"""Cards promise what was found on validation clips: planted lines and thresholds are found again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from whisper_at.evaluation.arrays import Scored
from whisper_at.model.calibration import AS_IT_IS
from whisper_at.training.calibrating import (
    LEAST,
    MOST,
    calibration_of,
    reported_labels,
    threshold_of,
    thresholds_of,
)
from whisper_at.training.recipe import Report


def logistic(z):
    return 1 / (1 + np.exp(-z))


def planted(n: int = 4000, scale: float = 3.0, bias: float = -1.0, seed: int = 0):
    """Logits that are too timid: the truth follows those of the line through them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 2)).astype(np.float32)
    heard = rng.random((n, 2)) < logistic(scale * logits + bias)
    return logits, Scored(logistic(logits.astype(float)), heard)


def test_a_planted_line_is_found() -> None:
    logits, said = planted()
    line = calibration_of(logits, said, np.array([0, 1]), Report())
    assert line.scale[0] == pytest.approx(3, rel=0.1) and line.bias[0] == pytest.approx(-1, rel=0.1)


def test_it_is_the_line_of_logistic_regression() -> None:
    """All but Platt's prior, which is worth one clip."""
    logits, said = planted()
    line = calibration_of(logits, said, np.array([1]), Report())
    oracle = LogisticRegression(C=np.inf).fit(logits[:, 1:], said.truth[:, 1])
    assert line.scale[0] == pytest.approx(oracle.coef_[0, 0], rel=0.03)
    assert line.bias[0] == pytest.approx(oracle.intercept_[0], abs=0.03)


def test_a_temperature_moves_nothing() -> None:
    logits, said = planted(bias=0.0)
    line = calibration_of(logits, said, np.array([0, 1]), Report(calibration="temperature"))
    assert line.bias == (0.0,) and line.scale[0] == pytest.approx(3, rel=0.1)


def test_perfect_ranks_do_not_lead_to_endless_scales() -> None:
    logits = np.float32([[-1], [-2], [1], [2]])
    said = Scored(logistic(logits.astype(float)), np.array([[False], [False], [True], [True]]))
    line = calibration_of(logits, said, np.array([0]), Report())
    assert 0 < line.scale[0] < 10


def test_nothing_to_calibrate_by_leaves_logits_as_they_are() -> None:
    logits, said = planted(20)
    nobody = Scored(said.probabilities, np.zeros_like(said.truth))
    upside_down = Scored(said.probabilities, logits < 0)
    assert calibration_of(logits, nobody, np.array([0, 1]), Report()) == AS_IT_IS
    assert calibration_of(logits, said, np.array([], int), Report()) == AS_IT_IS
    assert calibration_of(logits, said, np.array([0]), Report(calibration="none")) == AS_IT_IS
    assert calibration_of(logits, upside_down, np.array([0]), Report()) == AS_IT_IS


probabilities = arrays_of.arrays(
    np.float64, st.integers(2, 30), elements=st.sampled_from(np.linspace(0.1, 0.9, 9))
)


@settings(max_examples=40)
@given(probabilities, st.data())
def test_no_threshold_has_a_better_f1(probability, data) -> None:
    heard = np.array(data.draw(st.lists(st.booleans(), min_size=len(probability), max_size=len(probability))))
    if not heard.any():
        heard[0] = True
    chosen = threshold_of(probability, heard)
    allowed = (LEAST, *np.arange(0.25, 1, 0.1))  # between all that occur
    best = max(f1_score(heard, probability >= t, zero_division=0) for t in allowed)
    assert f1_score(heard, probability >= chosen, zero_division=0) == pytest.approx(best)
    assert LEAST <= chosen <= MOST


def test_a_label_with_few_clips_has_the_common_threshold() -> None:
    probability = np.concatenate([np.full((10, 2), 0.8), np.full((10, 2), 0.3)])
    heard = np.zeros((20, 2), bool)
    heard[:10, 0] = True
    heard[12, 1] = True  # heard once, and where it was found improbable
    common, each = thresholds_of(Scored(probability, heard), np.array([0, 1]))
    assert each == (0.55, common)
    assert 0.3 < common < 0.8


def test_labels_are_reported_if_they_were_learned() -> None:
    """The first has too few clips, the second is not found again, the third does not occur, the fourth is learned."""
    heard = np.zeros((10, 4), bool)
    heard[:3, [0, 1, 3]] = True
    probability = np.where(heard, 0.9, 0.1)
    probability[:, 1] = 1 - probability[:, 1]
    said = Scored(probability, heard)
    columns = reported_labels(said, np.array([7, 100, 100, 8]), Report(fewest=8, precision=0.5))
    assert columns.tolist() == [3]
