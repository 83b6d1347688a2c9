"""Accuracy among a few classes."""

from pathlib import Path

import numpy as np
import pytest

from whisper_at.datasets.clip import Clip
from whisper_at.errors import DatasetError
from whisper_at.evaluation.closed_set import accuracy, closed_set
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.score import draw

NAMES = {"dog": "Dog", "bark": "Bark", "rain": "Rain"}


def clips(*labels):
    return [
        Clip(path=Path(f"{i}.ogg"), labels=tuple(one.split("+")) if one else (), fold=str(i % 2 + 1))
        for i, one in enumerate(labels)
    ]


def said(own, ids, rows):
    return Predictions(tagger="x", names=tuple(clip.name for clip in own), ids=ids, clip=np.array(rows))


def test_a_class_is_as_probable_as_its_most_probable_label():
    own = clips("dog+bark", "rain", "dog+bark")
    predictions = said(own, ("rain", "dog", "bark"), [[0.5, 0.1, 0.6], [0.5, 0.1, 0.4], [0.5, 0.4, 0.3]])
    found = closed_set("two", predictions, own, NAMES, draw(3, 0))
    assert found.classes == ("Dog / Bark", "Rain")
    assert found.confusion == ((1, 1), (0, 1))
    assert found.accuracy.value == pytest.approx(2 / 3, abs=1e-6)
    assert found.folds == {"1": 0.5, "2": 1.0}
    assert found.mean_of_folds == 0.75


def test_classes_that_the_tagger_has_no_label_for_are_named_and_count_as_wrong():
    own = clips("dog", "rain", "")
    found = closed_set("three", said(own, ("rain",), [[0.0], [0.0], [0.9]]), own, NAMES, draw(3, 0))
    assert found.unheard == ("Dog", "no label")
    assert found.confusion == ((0, 1, 0), (0, 1, 0), (0, 1, 0))


def test_the_order_of_clips_changes_nothing_and_right_answers_are_all_right():
    rng = np.random.default_rng(0)
    scores, truth = rng.random((40, 5)), rng.integers(0, 5, 40)
    how = {"classes": "abcde", "weights": draw(40, 0)}
    order = rng.permutation(40)
    before = accuracy("x", scores, truth, folds="1" * 40, **how)
    assert accuracy("x", scores[order], truth[order], folds="1" * 40, **how) == before
    assert accuracy("x", np.eye(5)[truth], truth, folds="1" * 40, **how).accuracy.value == 1
    assert np.sum(before.confusion) == 40


def test_what_is_no_closed_set_is_refused():
    own = clips("dog", "dog")
    with pytest.raises(DatasetError, match="all 2 have the same labels"):
        closed_set("x", said(own, ("dog",), [[0.1], [0.2]]), own, NAMES, draw(2, 0))
    with pytest.raises(ValueError, match=r"\[clip, class\] = \[2, 3\].*found \[2, 2\]"):
        accuracy("x", np.zeros((2, 2)), np.array([0, 1]), classes="abc", folds="11", weights=draw(2, 0))
    with pytest.raises(ValueError, match="classes from 0 to 1"):
        accuracy("x", np.zeros((2, 2)), np.array([0, 2]), classes="ab", folds="11", weights=draw(2, 0))
