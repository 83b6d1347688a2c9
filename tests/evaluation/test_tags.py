"""Clip-level measures agree with scikit-learn and keep the laws of ranking."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, label_ranking_average_precision_score, roc_auc_score

from whisper_at.evaluation.arrays import Scored
from whisper_at.evaluation.score import draw, mean_of_defined
from whisper_at.evaluation.tags import average_precision, d_prime, lwlrap, roc_auc, tag_scores

NO_DRAWS = 0
few = settings(max_examples=20)  # scikit-learn takes a millisecond or two for each label


def random_case(seed, n_clips=30, n_labels=5, unknown=0.2, ties=True):
    """Probabilities that know something of the truth, some of them equal, some cells unknown."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n_clips, n_labels)) < 0.3
    probabilities = np.clip(rng.random(truth.shape) * 0.8 + 0.2 * truth, 0, 1)
    if ties:
        probabilities = probabilities.round(1)
    return Scored(probabilities, truth, rng.random(truth.shape) >= unknown)


cases = st.builds(random_case, st.integers(0, 10_000))


def scores(case):
    return tag_scores(case, draw(len(case.truth), NO_DRAWS))


@few
@given(cases)
def test_each_label_is_scored_as_scikit_learn_scores_it_on_the_known_clips(case):
    ap, auc = average_precision(case), roc_auc(case)
    for column in range(case.truth.shape[1]):
        known = case.known[:, column]
        truth, probabilities = case.truth[known, column], case.probabilities[known, column]
        if 0 < truth.sum() < len(truth):
            assert ap[column] == average_precision_score(truth, probabilities)
            assert auc[column] == roc_auc_score(truth, probabilities)
        else:
            assert np.isnan([ap[column], auc[column]]).all()


@few
@given(st.integers(0, 10_000))
def test_lwlrap_is_scikit_learns_with_the_number_of_labels_as_weight(seed):
    case = random_case(seed, unknown=0)
    n = case.truth.sum(1)
    expected = label_ranking_average_precision_score(case.truth, case.probabilities, sample_weight=n)
    assert lwlrap(case) == pytest.approx(expected)


def test_lwlrap_of_a_case_computed_by_hand():
    """First clip: its labels rank 1 and 3: 1/1 and 2/3. Second clip: its only label ranks 2 of 2 known ones: 1/2."""
    probabilities = np.array([[0.9, 0.5, 0.1], [0.8, 0.2, 0.9]])
    truth = np.array([[True, False, True], [False, True, False]])
    known = np.array([[True, True, True], [True, True, False]])
    assert lwlrap(Scored(probabilities, truth, known)) == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)


@few
@given(cases)
def test_what_is_unknown_changes_nothing(case):
    rng = np.random.default_rng(1)
    probabilities = np.where(case.known, case.probabilities, rng.random(case.truth.shape))
    truth = np.where(case.known, case.truth, rng.random(case.truth.shape) < 0.5)
    assert scores(Scored(probabilities, truth, case.known)) == scores(case)


@few
@given(cases, st.permutations(range(30)))
def test_the_order_of_clips_changes_nothing(case, order):
    shuffled = Scored(case.probabilities[order], case.truth[order], case.known[order])
    before, after = scores(case), scores(shuffled)
    for name in ("mean_ap", "mean_auc", "d_prime", "lwlrap"):
        assert getattr(after, name).value == pytest.approx(getattr(before, name).value, abs=2e-6)


@few
@given(cases)
def test_only_the_order_of_probabilities_counts(case):
    assert scores(Scored(case.probabilities**3, case.truth, case.known)) == scores(case)


@few
@given(cases)
def test_the_truth_itself_is_perfect_and_its_opposite_is_the_worst(case):
    best = scores(Scored(case.truth.astype(float), case.truth, case.known))
    worst = scores(Scored(1.0 - case.truth, case.truth, case.known))
    assert (best.mean_ap.value, best.mean_auc.value, best.lwlrap.value) == (1, 1, 1)
    assert worst.mean_auc.value == 0
    assert best.d_prime.value is None  # infinite


@few
@given(cases)
def test_a_tagger_that_says_nothing_has_the_share_of_positives_as_average_precision(case):
    said = average_precision(Scored(np.full(case.truth.shape, 0.5), case.truth, case.known))
    share = case.positives / np.maximum(case.positives + case.negatives, 1)
    assert said[case.rankable] == pytest.approx(share[case.rankable])


def test_labels_without_positives_or_negatives_are_left_out_and_not_counted_as_zero():
    probabilities = np.array([[0.9, 0.9, 0.9], [0.1, 0.1, 0.1]])
    truth = np.array([[True, False, True], [False, False, True]])
    found = scores(Scored(probabilities, truth))
    assert found.n_labels == 1
    assert found.mean_ap.value == 1


def test_labels_with_few_positives_can_be_left_out():
    case = random_case(3, n_clips=60, n_labels=12)
    fewest = int(np.median(case.positives))
    kept = case.positives >= fewest
    found = tag_scores(case, draw(60, NO_DRAWS), min_positives=fewest)
    assert found.n_labels == kept.sum() < 12
    assert found.mean_ap.value == pytest.approx(mean_of_defined(average_precision(case)[kept]), abs=1e-6)


def test_d_prime_is_the_distance_of_two_normal_distributions():
    rng = np.random.default_rng(0)
    distance = 1.3
    auc = np.mean(rng.normal(distance, 1, 400_000) > rng.normal(0, 1, 400_000))
    assert d_prime(float(auc)) == pytest.approx(distance, abs=0.02)
    assert d_prime(0.0) == -math.inf
    with pytest.raises(ValueError, match=r"area from 0 to 1, got 1\.2"):
        d_prime(1.2)


@pytest.mark.parametrize(
    ("probabilities", "truth", "complaint"),
    [
        (np.zeros(3), np.zeros(3, bool), "2 axes"),
        (np.zeros((2, 2), int), np.zeros((2, 2), bool), "as floats, found int64"),
        (np.array([[0.5, np.nan]]), np.zeros((1, 2), bool), "found 1 that are not"),
        (np.array([[0.5, -3.0]]), np.zeros((1, 2), bool), "found -3 to 0.5; logits go through a sigmoid"),
        (np.zeros((2, 2)), np.zeros((2, 3), bool), r"bool \[2, 2\].*found bool \[2, 3\]"),
        (np.zeros((2, 2)), np.zeros((2, 2), int), "found int64"),
    ],
)
def test_what_is_no_probability_or_no_truth_is_refused(probabilities, truth, complaint):
    with pytest.raises(ValueError, match=complaint):
        Scored(probabilities, truth)
