"""Calibration error: torchmetrics says the same, and planted errors are found."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import binary_calibration_error

from tests.evaluation.test_tags import random_case
from whisper_at.evaluation.arrays import Scored
from whisper_at.evaluation.calibration import (
    expected_calibration_error,
    label_calibration_errors,
    reliability,
)
from whisper_at.evaluation.score import draw


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([1, 7, 15]), st.booleans())
def test_it_is_what_torchmetrics_computes_on_the_known_cells(seed, bins, ties):
    case = random_case(seed, ties=ties)
    said, heard = (torch.tensor(a[case.known]) for a in (case.probabilities.astype(np.float32), case.truth))
    expected = float(binary_calibration_error(said, heard, n_bins=bins))
    assert expected_calibration_error(case, bins=bins).value == pytest.approx(expected, abs=1e-5)
    assert reliability(case, bins).error == pytest.approx(expected, abs=1e-5)


def test_probabilities_that_mean_what_they_say_have_none():
    rng = np.random.default_rng(0)
    probabilities = rng.random((20_000, 2))
    truth = rng.random(probabilities.shape) < probabilities
    assert expected_calibration_error(Scored(probabilities, truth)).value < 0.01
    assert label_calibration_errors(Scored(probabilities, truth)).max() < 0.02


def test_an_error_that_was_planted_is_found_in_its_label_and_in_its_interval():
    """A label is said at 0.9 and heard one time in two: off by 0.4; the other one is right."""
    rng = np.random.default_rng(0)
    probabilities = np.tile([0.9, 0.5], (4000, 1))
    case = Scored(probabilities, rng.random(probabilities.shape) < 0.5)
    assert label_calibration_errors(case) == pytest.approx([0.4, 0.0], abs=0.02)
    found = expected_calibration_error(case, draw(4000, resamples=200))
    assert found.low < 0.2 < found.high
    assert found.high - found.low < 0.04


def test_bins_count_every_known_prediction_once():
    case = random_case(4)
    found = reliability(case)
    assert sum(found.count) == case.known.sum()
    heard = np.dot(found.count, found.observed)
    assert heard == pytest.approx((case.truth & case.known).sum(), abs=1e-3)


def test_a_label_of_which_nothing_is_known_has_no_error_of_its_own():
    case = random_case(4)
    known = case.known.copy()
    known[:, 2] = False
    errors = label_calibration_errors(Scored(case.probabilities, case.truth, known))
    assert np.isnan(errors).tolist() == [False, False, True, False, False]
