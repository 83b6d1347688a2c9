"""Cards carry thresholds for each label and what makes logits honest; what old cards leave out is as it was."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.model.tiny import head_arrays, head_card
from whisper_at.errors import HeadError
from whisper_at.model.calibration import AS_IT_IS, Calibration
from whisper_at.model.head_file import FORMAT, read_head, write_head

CARD = head_card({"a": "A", "b": "B"})


def test_thresholds_and_calibration_come_back_as_they_were_written(tmp_path):
    card = replace(CARD, thresholds=(0.25, 0.5), calibration=Calibration(scale=(2.0, 0.5), bias=(-1.0, 0.0)))
    write_head(tmp_path / "mine.safetensors", card, head_arrays("last-mlp", n_labels=2))
    assert read_head(tmp_path / "mine.safetensors").card == card


def test_a_card_from_before_there_were_calibrations_is_read(tmp_path):
    from safetensors.numpy import save_file

    said = {"name": "old", "architecture": "last-mlp", "encoder": "x", "n_state": 4, "n_layers": 1}
    said |= {"mids": ["a"], "names": ["A"], "reported": ["a"], "threshold": 0.3}
    path = tmp_path / "old.safetensors"
    save_file({"x": np.zeros(1, np.float32)}, path, {"format": FORMAT, "card": json.dumps(said)})
    card = read_head(path).card
    assert (card.threshold, card.thresholds, card.calibration) == (0.3, (), AS_IT_IS)


def test_a_calibration_of_some_labels_is_theirs():
    each = Calibration(scale=(1.0, 2.0, 4.0), bias=(0.0, 1.0, -1.0))
    logits = np.float32([[3, 5, 7]])
    assert each.part([2, 0]).apply(logits[:, [2, 0]]).tolist() == [[27, 3]]
    assert Calibration(scale=(2.0,), bias=(1.0,)).part([2]).apply(logits[:, [2]]).tolist() == [[15]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"thresholds": (0.1,)}, "2 labels but 1 thresholds"),
        ({"calibration": Calibration(scale=(1.0,) * 3, bias=(0.0,) * 3)}, "2 labels but a calibration of 3"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(fields, message):
    with pytest.raises(HeadError, match=message):
        replace(CARD, **fields)


@pytest.mark.parametrize(
    ("scale", "bias"),
    [((), ()), ((1.0,), ()), ((0.0,), (0.0,)), ((-1.0,), (0.0,)), ((1.0,), (float("nan"),))],
)
def test_a_calibration_that_turns_logits_round_is_refused(scale, bias):
    with pytest.raises(HeadError, match="calibration"):
        Calibration(scale=scale, bias=bias)
