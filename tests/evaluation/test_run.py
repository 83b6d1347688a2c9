"""One evaluation out of predictions and a corpus, to JSON and back."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.scenes import certain, random_scene, scene
from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.errors import DatasetError, OptionError
from whisper_at.evaluation.cost import Cost, Costs
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.result import Evaluation
from whisper_at.evaluation.run import EvaluationOptions, evaluate
from whisper_at.evaluation.table import as_text

QUICK = EvaluationOptions(resamples=20, presence=("a",))
COSTS = Costs(
    encoder=Cost(parameters=20, multiply_adds=10**9, seconds=0.5),
    pooling=Cost(parameters=0, multiply_adds=10),
    head_on_rows=Cost(parameters=3, multiply_adds=4),
    head_on_cells=Cost(parameters=3, multiply_adds=5),
    share_of_rows=0.01,
    share_of_cells=0.02,
)


def weak(labels=("rain", "dog", "rain", "dog"), ids=("dog", "rain", "wind"), **fields):
    """Clips of one label each, in two folds, and a tagger that is right about all but the last."""
    clips = tuple(
        Clip(path=Path(f"{i}.ogg"), labels=(label,), fold=str(i % 2), **fields)
        for i, label in enumerate(labels)
    )
    rows = np.array([[0.2, 0.8, 0.1], [0.7, 0.1, 0.1], [0.3, 0.9, 0.2], [0.2, 0.4, 0.3]])[: len(labels)]
    said = Predictions(
        tagger="yam", names=tuple(c.name for c in clips), ids=("dog", "rain", "wind"), clip=rows
    )
    return said, Dataset(
        name="yard", clips=clips, labels=LabelSet(ids=ids, names=tuple(one.title() for one in ids))
    )


@pytest.fixture(scope="module")
def timed():
    events, cells = random_scene(1, n_clips=12)
    said, _, dataset = scene(events, cells)
    return said, dataset


def test_it_goes_to_json_and_comes_back_the_same(timed):
    for said, dataset in (timed, weak(subset="esc10")):
        found = evaluate(said, dataset, QUICK, costs=COSTS, fold="1", sha256="ab")
        text = json.dumps(found.to_dict(), allow_nan=False)
        assert Evaluation.from_dict(json.loads(text)) == found


def test_what_is_no_evaluation_is_refused(timed):
    data = evaluate(*timed, QUICK).to_dict()
    for wrong, complaint in (
        ({**data, "schema": "other/1"}, "schema whisper-at-evaluation/1, found 'other/1'"),
        ({k: v for k, v in data.items() if k != "tags"}, "tags"),
        ({**data, "more": 1}, "no field 'more'"),
        ({**data, "n_clips": "many"}, "wanted int, found 'many'"),
        ({**data, "labels": 3}, "wanted a list, found 3"),
    ):
        with pytest.raises(ValueError, match=complaint):
            Evaluation.from_dict(wrong)


def test_perfect_predictions_are_perfect_everywhere():
    events, _ = random_scene(1, n_clips=12)
    said, _, dataset = scene(events, certain(events))
    found = evaluate(said, dataset, QUICK)
    numbers = (
        found.tags.mean_ap, found.tags.lwlrap, found.events.event_f1_micro, found.events.segment_f1_macro,
        found.psds1, found.psds2, found.presence[0].auc,
    )  # fmt: skip
    assert [one.value for one in numbers] == [1] * 7
    assert found.calibration_error.value == 0
    assert [row.event_f1 for row in found.labels] == [1, 1, 1]


def test_clips_without_times_have_no_times_to_be_measured():
    found = evaluate(*weak(), QUICK)
    assert (found.events, found.psds1, found.psds2, found.presence) == (None, None, None, ())
    assert [row.event_f1 for row in found.labels] == [None, None]


def test_labels_that_cannot_be_scored_are_named_by_the_reason():
    said, dataset = weak(ids=("dog", "rain", "wind", "snow"))
    found = evaluate(said, dataset, QUICK)
    assert found.left_out.no_positives == ("Wind",)
    assert found.left_out.not_predicted == ("Snow",)
    assert {row.name for row in found.labels} == {"Dog", "Rain"}
    assert found.tags.n_labels == 2
    unknown = evaluate(said, dataset, replace(QUICK, absent="unknown"))
    assert unknown.left_out.no_negatives == ("Dog", "Rain")
    assert unknown.tags.mean_ap.value is None
    rare = evaluate(said, dataset, replace(QUICK, min_positives=3))
    assert rare.left_out.no_positives == ("Dog", "Rain", "Wind")


def test_taggers_are_compared_on_the_labels_that_are_asked_for():
    found = evaluate(*weak(), replace(QUICK, labels=("dog",)))
    assert [row.id for row in found.labels] == ["dog"]
    with pytest.raises(DatasetError, match="yard does not speak of 'snow'"):
        evaluate(*weak(), replace(QUICK, labels=("dog", "snow")))


def test_closed_sets_are_found_by_their_name():
    found = evaluate(*weak(subset="esc10"), QUICK)
    assert [one.name for one in found.closed_sets] == ["ESC-10"]
    assert found.closed_sets[0].accuracy.value == 0.75
    assert found.closed_sets[0].folds == {"0": 1.0, "1": 0.5}
    assert evaluate(*weak(subset="else"), QUICK).closed_sets == ()


def test_the_same_seed_gives_the_same_evaluation_and_more_predictions_change_nothing(timed):
    said, dataset = timed
    found = evaluate(said, dataset, QUICK)
    assert evaluate(said, dataset, QUICK) == found
    part = replace(dataset, clips=dataset.clips[::-1][:10])
    assert evaluate(said, part, QUICK) == evaluate(said.take([c.name for c in part.clips]), part, QUICK)


def test_thresholds_move_events_and_nothing_else(timed):
    low, high = (evaluate(*timed, QUICK, thresholds=t) for t in (0.3, np.array([0.9, 0.9, 0.9])))
    assert low.events != high.events
    assert (low.tags, low.psds1, low.presence) == (high.tags, high.psds1, high.presence)


def test_what_cannot_be_evaluated_is_refused():
    said, dataset = weak()
    with pytest.raises(DatasetError, match="yard has no clips"):
        evaluate(said, replace(dataset, clips=()), QUICK)
    with pytest.raises(DatasetError, match="share no label: the one has 'snow', the other 'dog'"):
        evaluate(said, replace(dataset, clips=(Clip(path=Path("0.ogg")),), labels=LabelSet.of(["snow"])))
    with pytest.raises(ValueError, match="one for each of 3 predicted labels"):
        evaluate(said, dataset, QUICK, thresholds=np.full(2, 0.5))
    with pytest.raises(OptionError, match="absent must be false or unknown"):
        EvaluationOptions(absent="maybe")


def test_the_table_tells_all_that_was_measured(timed):
    text = as_text(evaluate(*timed, QUICK, costs=COSTS, fold="3"))
    lines = dict(line.split("  ", 1) for line in text.split("\n\n")[0].splitlines())
    assert {"mAP", "lwlrap", "event F1, micro", "PSDS 1", "A in cells", "encoder, 30 s"} <= set(lines)
    assert "scenes, fold 3: 12 clips" in lines["corpus"]
    assert "500.00 ms" in lines["encoder, 30 s"]
    table = text.split("\n\n")[1].splitlines()
    assert [row.split()[0] for row in table[1:]] == [row.name for row in evaluate(*timed, QUICK).labels]


def test_a_library_that_is_not_installed_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(OptionError, match=r"needs scikit-learn.*pip install 'whisper-at\[evaluate\]'"):
        evaluate(*weak(), QUICK)
