"""Each label may have a threshold of its own, on probabilities that the card has calibrated."""

from dataclasses import replace

import numpy as np

from tests.model.tiny import head_card
from whisper_at.audio.edges import Edges
from whisper_at.model.calibration import Calibration
from whisper_at.tagging.events import probabilities, report
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.track import Track
from whisper_at.timegrid import TagGrid

CARD = head_card({"/m/dog": "Dog", "/m/rain": "Rain"})
LOGITS = np.float32([[-1, -1], [1, 1]])  # probabilities 0.27 and 0.73


def track(logits=LOGITS):
    even = np.zeros(81, np.float16)
    edges = Edges(start=0, rise=even, fall=even)
    return Track(grid=TagGrid(), cells_per_row=1, n_frames=80, rows=logits, cells=logits, edges=edges)


def heard(card, options=TagOptions(tag_resolution=0.4)):  # noqa: B008
    """(label, first cell, last cell) of the events, and the labels of each row."""
    logits = LOGITS[:, [card.mids.index(mid) for mid in options.labels or card.mids]]
    found = report(track(logits), card, options)
    rows = [sorted(tag.label for tag in row.tags) for row in found.rows]
    return sorted((e.label, round(e.start / 0.4), round(e.end / 0.4) - 1) for e in found.events), rows


def test_each_label_has_its_own_threshold():
    own = replace(CARD, thresholds=(0.2, 0.9))
    assert heard(own) == ([("Dog", 0, 1)], [["Dog"], ["Dog"]])
    assert heard(replace(own, thresholds=(0.9, 0.2))) == ([("Rain", 0, 1)], [["Rain"], ["Rain"]])
    assert heard(own, TagOptions(tag_resolution=0.4, labels=("/m/rain",))) == ([], [[], []])


def test_the_threshold_that_is_asked_for_comes_first():
    asked = TagOptions(tag_resolution=0.4, threshold=0.5)
    assert heard(replace(CARD, thresholds=(0.01, 0.99)), asked) == heard(CARD)
    assert heard(CARD) == ([("Dog", 1, 1), ("Rain", 1, 1)], [[], ["Dog", "Rain"]])


def test_probabilities_are_those_of_the_calibrated_logits():
    calibration = Calibration(scale=(1.0, 3.0), bias=(2.0, -4.0))
    expected = 1 / (1 + np.exp(-(LOGITS * [1, 3] + [2, -4])))
    np.testing.assert_allclose(probabilities(LOGITS, calibration), expected, atol=1e-6)
    found = report(track(), replace(CARD, calibration=calibration), TagOptions(tag_resolution=0.4))
    assert [(e.label, e.probability) for e in found.events] == [
        ("Dog", round(float(expected[:, 0].mean()), 4))
    ]
    assert [[tag.probability for tag in row.tags] for row in found.rows] == [
        [round(float(p), 4)] for p in expected[:, 0]
    ]
