"""Whether a label is there, cell by cell."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.evaluation.scenes import certain, random_scene, scene
from whisper_at.evaluation.cells import coverage, presence
from whisper_at.evaluation.score import draw


def test_it_is_scikit_learns_area_over_all_cells_of_all_clips():
    events, cells = random_scene(1, n_clips=10)
    said, sounds, _ = scene(events, cells)
    found = presence(said, sounds, "b", "B", draw(10, resamples=100))
    truth = np.concatenate(certain(events))[:, 1] == 1
    probability = np.concatenate(cells)[:, 1]
    assert found.auc.value == pytest.approx(roc_auc_score(truth, probability), abs=1e-6)
    assert found.auc_clear.value == found.auc.value  # no event ends within a cell here
    assert found.auc.low < found.auc.value < found.auc.high
    assert (found.n_present, found.n_absent) == (truth.sum(), (~truth).sum())


def test_cells_in_which_the_label_begins_or_ends_can_be_left_out():
    """From 0.5 to 2.5 s: the cell from 0.4 s on is filled by three quarters, that from 2.4 s on by one quarter."""
    cells = np.array([0, 0.1, 1, 1, 1, 1, 0.2, 0])[:, None]
    said, sounds, _ = scene([[[[0.5, 2.5]]]], [cells])
    found = presence(said, sounds, "a", "A")
    assert (found.n_present, found.n_absent) == (5, 3)
    assert found.auc.value == pytest.approx(14 / 15)  # one pair in fifteen is the wrong way round
    assert found.auc_clear.value == 1


def test_a_cell_is_filled_by_all_events_in_it_together():
    spans = np.array([[0.1, 0.2], [0.3, 0.9]])
    assert coverage(spans, np.array([0, 0.5, 1.0])).round(9).tolist() == [0.6, 0.8]


def test_clips_in_which_the_label_is_unknown_do_not_count():
    events, cells = random_scene(1, n_clips=10)
    said, sounds, _ = scene(events, cells)
    sounds.known[4:, 1] = False
    part = presence(said, sounds, "b", "B")
    fewer, less, _ = scene(events[:4], cells[:4])
    assert part == presence(fewer, less, "b", "B")


def test_where_it_is_never_or_always_there_is_nothing_to_tell_apart():
    said, sounds, _ = scene([[[]]], [np.full((5, 1), 0.5)])
    assert presence(said, sounds, "a", "A").auc.value is None
    with pytest.raises(ValueError, match="none of the 1 labels"):
        presence(said, sounds, "z", "Z")
