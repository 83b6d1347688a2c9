"""A probe finds what was planted, and nothing where nothing was; the fold it is tested on has no say in it."""

import numpy as np
import pytest

from whisper_at.errors import DatasetError
from whisper_at.probing.linear import cross_validated

CLASSES, CLIPS = 4, 120
TRUTH = np.arange(CLIPS) % CLASSES
FOLDS = [str(1 + i // CLASSES % 3) for i in range(CLIPS)]


def features(strength, seed=0):
    """Noise, with the class in the first dimensions."""
    x = np.random.default_rng(seed).standard_normal((CLIPS, 12)).astype(np.float32)
    x[np.arange(CLIPS), TRUTH] += strength
    return x


def accuracy(x, truth=TRUTH):
    return float((cross_validated(x, truth, FOLDS).classes == truth).mean())


def test_planted_classes_are_found_and_noise_is_chance():
    assert accuracy(features(6)) > 0.95
    assert accuracy(features(0)) < 0.45


def test_scale_and_place_of_a_dimension_do_not_matter():
    x = features(3)
    moved = x * np.linspace(0.01, 100, 12, dtype=np.float32) + np.float32(7)
    np.testing.assert_array_equal(
        cross_validated(x, TRUTH, FOLDS).classes, cross_validated(moved, TRUTH, FOLDS).classes
    )


def test_the_fold_that_is_tested_changes_nothing_in_the_probe():
    """Other clips of it may be anything: the answers to the first one, and the penalty, stay what they were."""
    x = features(1.5)
    here = np.flatnonzero(np.array(FOLDS) == "2")
    other = x.copy()
    other[here[1:]] = 1000.0
    before, after = cross_validated(x, TRUTH, FOLDS), cross_validated(other, TRUTH, FOLDS)
    assert before.classes[here[0]] == after.classes[here[0]]
    assert before.penalties[1] == after.penalties[1]


@pytest.mark.parametrize("folds", [["1", "2"] * 60, [""] * 120, ["1"] * 120])
def test_without_three_folds_there_is_no_cross_validation(folds):
    with pytest.raises(DatasetError, match="three folds or more"):
        cross_validated(features(1), TRUTH, folds)


def test_a_class_of_two_folds_alone_cannot_be_learned_for_them():
    truth = np.where((TRUTH == 0) & (np.array(FOLDS) == "3"), 1, TRUTH)
    with pytest.raises(DatasetError, match="without the folds 1 and 2 there is no clip of some class"):
        cross_validated(features(1), truth, FOLDS)
