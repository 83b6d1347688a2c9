"""Predictions hold together, whatever is taken of them."""

import numpy as np
import pytest

from whisper_at.evaluation.predictions import Predictions, joined


def predictions(names="pqr", tagger="t", **fields):
    rng = np.random.default_rng(len(names))
    usual = {
        "clip": rng.random((len(names), 2)),
        "cells": tuple(rng.random((3 + i, 2)) for i in range(len(names))),
        "durations": tuple(1.3 + 0.4 * i for i in range(len(names))),
    }
    return Predictions(tagger=tagger, names=tuple(names), ids=("a", "b"), **{**usual, **fields})


def test_taking_clips_and_labels_moves_everything_together():
    whole = predictions()
    part = whole.take("rp").select("b")
    assert (part.names, part.ids, part.durations) == (
        ("r", "p"),
        ("b",),
        (whole.durations[2], whole.durations[0]),
    )
    np.testing.assert_array_equal(part.clip, whole.clip[[2, 0], 1:])
    np.testing.assert_array_equal(part.cells[0], whole.cells[2][:, 1:])


def test_folds_that_were_predicted_apart_are_joined():
    parts = [predictions("pq", tagger="fold 1"), predictions("rs", tagger="fold 2")]
    whole = joined(parts)
    assert (whole.tagger, whole.names) == ("fold 1 + fold 2", tuple("pqrs"))
    np.testing.assert_array_equal(whole.take("rs").clip, parts[1].clip)
    with pytest.raises(ValueError, match="those of fold 2 differ"):
        joined([parts[0], predictions("rs", tagger="fold 2", frames_per_cell=20)])
    with pytest.raises(ValueError, match="each clip once, found 'p' twice"):
        joined([parts[0], parts[0]])


def test_the_last_cell_ends_with_the_clip():
    assert predictions().edges(0).tolist() == [0, 0.4, 0.8, 1.2]
    assert predictions(durations=(1.1, 1.5, 1.9)).edges(0).tolist() == [0, 0.4, 0.8, 1.1]
    assert predictions(durations=()).duration(1) == 1.6


def test_a_clip_that_was_not_predicted_is_named():
    with pytest.raises(ValueError, match="t said nothing of 2 of 3 clips, the first is x"):
        predictions().take("pxy")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"clip": np.zeros((2, 2))}, r"\[3, 2\].*found \[2, 2\]"),
        ({"clip": np.full((3, 2), 2.0)}, "clip probabilities of t from 0 to 1"),
        ({"cells": (np.zeros((1, 2)),)}, "cells of 3 clips, found those of 1"),
        ({"cells": (np.zeros((1, 2)),) * 2 + (np.zeros((0, 2)),)}, "at least one cell and 2 labels for r"),
        ({"cells": (np.zeros((1, 2)),) * 2 + (np.full((1, 2), np.nan),)}, "cell probabilities of r"),
        ({"durations": (1.0,)}, "3 durations, found 1"),
        ({"frames_per_cell": 0}, "at least 1 frame"),
    ],
)
def test_what_does_not_fit_is_refused(fields, complaint):
    with pytest.raises(ValueError, match=complaint):
        predictions(**fields)
