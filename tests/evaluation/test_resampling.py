"""Intervals: the fast sums agree with scikit-learn on the clips that were drawn, and hold what they should hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from tests.evaluation.test_tags import random_case
from whisper_at.evaluation import resampling
from whisper_at.evaluation.resampling import resampled_ranking
from whisper_at.evaluation.score import Score, draw, score
from whisper_at.evaluation.tags import lwlrap, rank, resampled_lwlrap, tag_scores


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_a_resample_is_scored_as_scikit_learn_scores_its_clips(seed):
    case = random_case(seed)
    weights = draw(30, resamples=3, seed=seed)
    ap, auc = resampled_ranking(case, weights)
    for resample in range(3):
        drawn = np.repeat(np.arange(30), weights[:, resample].astype(int))
        for column in range(5):
            clips = drawn[case.known[drawn, column]]
            truth, probabilities = case.truth[clips, column], case.probabilities[clips, column]
            if case.rankable[column] and 0 < truth.sum() < len(truth):
                assert ap[column, resample] == pytest.approx(
                    average_precision_score(truth, probabilities), abs=1e-5
                )
                assert auc[column, resample] == pytest.approx(roc_auc_score(truth, probabilities), abs=1e-5)
            else:
                assert np.isnan([ap[column, resample], auc[column, resample]]).all()


def test_a_resample_that_draws_each_clip_once_is_the_measurement():
    case = random_case(5)
    ranking = rank(case, np.ones((30, 1), np.float32))
    np.testing.assert_allclose(ranking.drawn_ap[:, 0], ranking.ap, rtol=1e-5)
    np.testing.assert_allclose(ranking.drawn_auc[:, 0], ranking.auc, rtol=1e-5)
    assert resampled_lwlrap(case, np.ones((30, 1), np.float32)) == pytest.approx([lwlrap(case)])


def test_blocks_do_not_show(monkeypatch):
    case, weights = random_case(7), draw(30, resamples=20)
    whole = resampled_ranking(case, weights)
    monkeypatch.setattr(resampling, "BLOCK", 100)
    np.testing.assert_array_equal(resampled_ranking(case, weights), whole)


def test_draws_are_clips_with_replacement_and_the_same_for_the_same_seed():
    weights = draw(50, resamples=400, seed=3)
    assert (weights.sum(0) == 50).all()
    assert weights.mean() == 1
    assert (weights == 0).mean() == pytest.approx(np.exp(-1), abs=0.02)  # how many clips a resample lacks
    np.testing.assert_array_equal(weights, draw(50, resamples=400, seed=3))
    assert (weights != draw(50, resamples=400, seed=4)).any()


def test_more_clips_make_narrower_intervals():
    widths = []
    for n in (50, 800):
        found = tag_scores(random_case(1, n_clips=n), draw(n, resamples=200)).mean_ap
        assert found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 2


def test_an_interval_holds_the_true_mean_nineteen_times_in_twenty():
    """Planted: coins of 0.7. The percentile interval of their mean should cover it about as often as it says."""
    rng = np.random.default_rng(0)
    held = 0
    for trial in range(300):
        coins = rng.random(100) < 0.7
        found = score(coins.mean(), coins @ draw(100, resamples=200, seed=trial) / 100)
        held += found.low <= 0.7 <= found.high
    assert 0.90 < held / 300 < 0.98


def test_a_score_without_value_or_resamples_says_so():
    assert score(float("nan"), np.array([np.nan])) == Score(None)
    assert score(float("inf")) == Score(None)
    assert score(0.5, np.array([])) == Score(0.5)
    with pytest.raises(ValueError, match="at least 1 clip"):
        draw(0)
