"""Segment and event F1: cases counted by hand, what sed_eval says, and laws."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.scenes import certain, random_scene, scene
from whisper_at.evaluation.events import counts, event_scores, f1, label_event_f1, matched
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.score import draw

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "sed.json").read_text())
FIELDS = ("segment_f1_micro", "segment_f1_macro", "event_f1_micro", "event_f1_macro")
seeds = st.integers(0, 10_000)


def one_clip(spans, on, n_cells=25):
    """A label that sounds in some spans, and is detected in some cells."""
    cells = np.zeros((n_cells, 1))
    cells[on] = 1
    return scene([[spans]], [cells])[:2]


@pytest.mark.parametrize(
    ("spans", "on", "segments", "events"),
    [  #                                          right, detected, true
        ([[2.0, 4.0]], range(5, 10), (2, 2, 2), (1, 1, 1)),  # exactly
        ([[2.2, 4.0]], range(5, 10), (2, 2, 2), (1, 1, 1)),  # begins 200 ms early: within the collar
        ([[2.21, 4.0]], range(5, 10), (2, 2, 2), (0, 1, 1)),  # 210 ms: not within it
        ([[2.0, 6.0]], range(5, 13), (4, 4, 4), (1, 1, 1)),  # ends 0.8 s early, which is 20 % of 4 s
        ([[2.0, 6.05]], range(5, 13), (4, 4, 5), (0, 1, 1)),  # ends 0.85 s early: more than 20 %
        ([[2.0, 4.0]], [5, 6, 8, 9], (2, 2, 2), (0, 2, 1)),  # broken in two
        ([[2.0, 4.0]], [], (0, 0, 2), (0, 0, 1)),  # missed
        ([], [5], (0, 0, 0), (0, 0, 0)),  # a label that never sounds is not counted
        ([[0.9, 1.1]], [2], (1, 1, 2), (1, 1, 1)),  # 0.8 to 1.2: the truth touches two seconds ...
    ],
)
def test_cases_counted_by_hand(spans, on, segments, events):
    if on == [2]:
        segments = (2, 2, 2)  # ... and so does the detection
    found = counts(*one_clip(spans, list(on)), 0.5)
    assert tuple(found[0][0, 0]) == segments
    assert tuple(found[1][0, 0]) == events


def test_as_many_events_as_possible_are_paired():
    """The first detection fits both events, the second only the first: taken greedily, one would be lost."""
    true = np.array([[1.0, 2.0], [1.3, 2.0]])
    detected = np.array([[1.15, 2.0], [0.9, 2.0]])
    assert matched(true, detected) == {1: 0, 0: 1}


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=range(len(GOLDEN["cases"])))
def test_counts_are_those_of_sed_eval(case):
    said, sounds, _ = scene([c["events"] for c in case["clips"]], [c["cells"] for c in case["clips"]])
    found, answers = event_scores(said, sounds, GOLDEN["threshold"]), case["answers"]
    assert found.segment_f1_micro.value == pytest.approx(answers["segment_f1_micro"], abs=1e-6)
    assert found.event_f1_micro.value == pytest.approx(answers["event_f1_micro"], abs=1e-6)
    assert label_event_f1(said, sounds, 0.5) == pytest.approx(answers["event_f1_of_labels"])
    segments = f1(counts(said, sounds, 0.5)[0].sum(0))
    assert segments == pytest.approx(answers["segment_f1_of_labels"])
    assert found.segment_f1_macro.value == pytest.approx(np.mean(answers["segment_f1_of_labels"]), abs=1e-6)


@settings(max_examples=20)
@given(seeds)
def test_the_truth_itself_is_perfect(seed):
    events, _ = random_scene(seed)
    said, sounds, _ = scene(events, certain(events))
    found = event_scores(said, sounds, 0.5)
    if found.n_events:
        assert [getattr(found, name).value for name in FIELDS] == [1, 1, 1, 1]


@settings(max_examples=20)
@given(seeds, st.permutations(range(6)))
def test_the_order_of_clips_changes_nothing(seed, order):
    events, cells = random_scene(seed)
    before = event_scores(*scene(events, cells)[:2], 0.5)
    after = event_scores(*scene([events[i] for i in order], [cells[i] for i in order])[:2], 0.5)
    assert after == before


@settings(max_examples=20)
@given(seeds)
def test_only_the_side_of_the_threshold_counts(seed):
    events, cells = random_scene(seed)
    stretched = [np.where(one >= 0.5, 0.5 + (one - 0.5) ** 2, one**2) for one in cells]
    assert event_scores(*scene(events, stretched)[:2], 0.5) == event_scores(*scene(events, cells)[:2], 0.5)


def test_each_label_may_have_its_own_threshold():
    events, cells = random_scene(1)
    said, sounds, _ = scene(events, cells)
    own = label_event_f1(said, sounds, np.array([0.3, 0.5, 0.7]))
    assert own == pytest.approx([label_event_f1(said, sounds, t)[k] for k, t in enumerate((0.3, 0.5, 0.7))])


def test_what_is_unknown_in_a_clip_is_not_counted_there():
    events, cells = random_scene(2)
    said, sounds, _ = scene(events, cells)
    whole = counts(said, sounds, 0.5)[1]
    sounds.known[3, 1] = False
    part = counts(said, sounds, 0.5)[1]
    assert whole[3, 1].any()
    assert not part[3, 1].any()
    part[3, 1] = whole[3, 1]
    np.testing.assert_array_equal(part, whole)


def test_intervals_hold_the_value_and_are_the_same_for_the_same_seed():
    said, sounds, _ = scene(*random_scene(3, n_clips=40))
    found = event_scores(said, sounds, 0.5, draw(40, resamples=200))
    for name in FIELDS:
        assert getattr(found, name).low <= getattr(found, name).value <= getattr(found, name).high
    assert found == event_scores(said, sounds, 0.5, draw(40, resamples=200))


def test_a_detection_ends_with_its_clip():
    """The last cell reaches beyond the end of the recording, and so would an event in it."""
    said, sounds = one_clip([[9.6, 9.7]], [24])
    short = Predictions(
        tagger="x", names=said.names, ids=said.ids, clip=said.clip, cells=said.cells, durations=(9.7,)
    )
    assert label_event_f1(said, sounds, 0.5).tolist() == [0]
    assert label_event_f1(short, sounds, 0.5).tolist() == [1]


def test_what_does_not_fit_is_refused():
    said, sounds, _ = scene(*random_scene(0))
    with pytest.raises(ValueError, match="gave those of clips alone"):
        event_scores(Predictions(tagger="x", names=said.names, ids=said.ids, clip=said.clip), sounds, 0.5)
    with pytest.raises(ValueError, match="6 clips and 2 labels beside 6 and 3"):
        event_scores(said.select("ab"), sounds, 0.5)
    with pytest.raises(ValueError, match="threshold from 0 to 1"):
        event_scores(said, sounds, np.array([0.5, 0.5, 5]))
