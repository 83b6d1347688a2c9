"""PSDS: what sed_scores_eval says, cases computed by hand, and laws."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.scenes import certain, random_scene, scene
from whisper_at.evaluation.psds import PSDS1, PSDS2, PsdsSetting, psds
from whisper_at.evaluation.score import Score, draw

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "sed.json").read_text())
LOOSE = PsdsSetting(dtc=0.5, gtc=0.5, alpha_st=0.0, max_rate=1000.0)
seeds = st.integers(0, 10_000)


def value(events, cells, setting):
    return psds(*scene(events, cells)[:2], setting).value


def cells_of(*levels, n_cells=25):
    """One label's probabilities, the rest of the clip being 0."""
    cells = np.zeros((n_cells, 1))
    for first, last, probability in levels:
        cells[first:last] = probability
    return cells


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=range(len(GOLDEN["cases"])))
@pytest.mark.parametrize(("name", "setting"), [("psds1", PSDS1), ("psds2", PSDS2)])
def test_it_is_what_sed_scores_eval_computes(case, name, setting):
    events, cells = [c["events"] for c in case["clips"]], [c["cells"] for c in case["clips"]]
    assert value(events, cells, setting) == pytest.approx(case["answers"][name], abs=1e-6)


def test_the_golden_cases_tell_something():
    answers = [case["answers"][name] for case in GOLDEN["cases"] for name in ("psds1", "psds2")]
    assert sum(0.05 < answer < 0.99 for answer in answers) >= 4


def test_found_at_once():
    """An event, found at every threshold that finds anything, and nothing else: the whole area."""
    assert value([[[[2.0, 4.0]]]], [cells_of((5, 10, 0.3))], LOOSE) == 1


def test_found_after_one_mistake():
    """A wrong detection at 0.9, the event at 0.6. In 10 s, one mistake is 360 an hour: the area from there to 1000."""
    found = value([[[[2.0, 4.0]]]], [cells_of((5, 10, 0.6), (15, 17, 0.9))], LOOSE)
    assert found == pytest.approx(0.64, abs=1e-6)


def test_one_of_two_events_found():
    found = value([[[[2.0, 4.0], [6.0, 8.0]]]], [cells_of((5, 10, 0.6))], LOOSE)
    assert found == pytest.approx(0.5)


def test_a_detection_counts_if_enough_of_it_lies_in_the_event():
    """2 s of event, detected as 4.8 s: 42 % of the detection; and as 4 s: 50 %."""
    assert value([[[[2.0, 4.0]]]], [cells_of((5, 17, 0.6))], LOOSE) == 0
    assert value([[[[2.0, 4.0]]]], [cells_of((5, 15, 0.6))], LOOSE) == 1


def test_an_event_counts_if_enough_of_it_is_found_perhaps_in_pieces():
    assert value([[[[2.0, 6.0]]]], [cells_of((5, 7, 0.6), (9, 11, 0.6))], LOOSE) == 0  # 1.6 of 4 s
    assert value([[[[2.0, 6.0]]]], [cells_of((5, 7, 0.6), (9, 12, 0.6))], LOOSE) == 1  # 2.0 of 4 s


def test_labels_that_differ_much_cost():
    """One label is found, the other never: mean 0.5, standard deviation 0.5."""
    cells = np.zeros((25, 2))
    cells[5:10, 0] = 0.6
    events = [[[[2.0, 4.0]], [[6.0, 8.0]]]]
    assert value(events, [cells], LOOSE) == pytest.approx(0.5)
    strict = PsdsSetting(dtc=0.5, gtc=0.5, alpha_st=1.0, max_rate=1000.0)
    assert value(events, [cells], strict) == 0


def test_a_mistake_within_another_sound_costs_more():
    """A is detected where only B sounds, then where it does: 360 mistakes an hour, and for alpha_ct = 1 the
    cross-trigger in 2 s of B besides: 1800 an hour. B is found at once.
    """
    cells = np.zeros((25, 2))
    cells[5:10, 0], cells[15:20, 0], cells[15:20, 1] = 0.6, 0.9, 0.7
    events = [[[[2.0, 4.0]], [[6.0, 8.0]]]]
    wide = {"dtc": 0.5, "gtc": 0.5, "alpha_st": 0.0, "max_rate": 4000.0}
    free = value(events, [cells], PsdsSetting(**wide))
    dear = value(events, [cells], PsdsSetting(**wide, alpha_ct=1.0))
    assert free == pytest.approx(0.5 + 0.5 * (1 - 360 / 4000))
    assert dear == pytest.approx(0.5 + 0.5 * (1 - 2160 / 4000))


@settings(max_examples=20)
@given(seeds)
def test_the_truth_itself_is_perfect(seed):
    events, _ = random_scene(seed)
    if any(spans for clip in events for spans in clip):
        for setting in (PSDS1, PSDS2, LOOSE):
            assert value(events, certain(events), setting) == pytest.approx(1)


@settings(max_examples=20)
@given(seeds, st.permutations(range(6)))
def test_neither_the_order_of_clips_nor_the_scale_of_probabilities_changes_anything(seed, order):
    events, cells = random_scene(seed)
    for setting in (PSDS2, LOOSE):
        before = value(events, cells, setting)
        assert value([events[i] for i in order], [cells[i] for i in order], setting) == before
        assert value(events, [one**3 for one in cells], setting) == before


@settings(max_examples=10)
@given(seeds)
def test_clips_that_count_twice_are_clips_that_are_there_twice(seed):
    events, cells = random_scene(seed)
    counts = np.array([2, 1, 0, 1, 3, 0], np.float32)
    drawn = psds(*scene(events, cells)[:2], LOOSE, counts[:, None])
    twice = np.repeat(np.arange(6), counts.astype(int))
    expected = value([events[i] for i in twice], [cells[i] for i in twice], LOOSE)
    assert drawn.low == drawn.high == (None if expected is None else pytest.approx(expected, abs=1e-5))


def test_mistakes_in_clips_where_the_label_is_unknown_do_not_count():
    events = [[[[2.0, 4.0]]], [[]]]
    said, sounds, _ = scene(events, [cells_of((5, 10, 0.6)), cells_of((0, 2, 0.9), (4, 6, 0.9))])
    before = psds(said, sounds, LOOSE).value
    sounds.known[1, 0] = False
    assert before == pytest.approx(1 - 2 * 180 / 1000)
    assert psds(said, sounds, LOOSE).value == 1


def test_without_events_there_is_no_score():
    said, sounds, _ = scene([[[]]], [cells_of((5, 10, 0.6))])
    assert psds(said, sounds, LOOSE) == Score(None)


def test_the_interval_holds_the_value():
    said, sounds, _ = scene(*random_scene(3, n_clips=40))
    found = psds(said, sounds, LOOSE, draw(40, resamples=50))
    assert found.low < found.value < found.high


@pytest.mark.parametrize("wrong", [{"dtc": 0.0}, {"gtc": 1.5}, {"alpha_st": -1}, {"max_rate": 0}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="wanted"):
        PsdsSetting(**{"dtc": 0.5, "gtc": 0.5, **wrong})
