"""Scenes from a manifest: what is planned lies where the plan says, as loud as it says."""

import csv

import numpy as np
import pytest
import scenes

from tests.audio.synth import tone, wav


@pytest.fixture
def data(tmp_path):
    """Two clips of fold 4 and one of another."""
    fields = ["path", "set", "label", "fold", "transcript"]
    rows = [
        ("say.wav", "talk", "", "4", "Hello."),
        ("dog.wav", "esc10", "Dog bark", "4", ""),
        ("cat.wav", "esc10", "Cat", "1", ""),
    ]
    for i, (name, *_) in enumerate(rows):
        (tmp_path / name).write_bytes(
            wav((tone(200 + 100 * i, 1.0, 16_000) * 32767).astype(np.int16), 16_000)
        )
    with (tmp_path / "manifest.tsv").open("w", newline="") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerows([fields, *rows])
    return tmp_path


def loudness(samples):
    return 20 * np.log10(np.sqrt(np.mean(samples**2)))


def test_clips_lie_where_the_plan_says(data):
    parts = (scenes.Part(set="talk"), scenes.Part(set="esc10", label="Dog bark", decibels=-6))
    scene, plan = scenes.laid(data, scenes.rows(data), parts)
    assert [(one["start"], one["end"], one["what"]) for one in plan] == [
        (0.5, 1.5, "Hello."),
        (2.3, 3.3, "Dog bark"),
    ]
    said, barked = (scene[round(16_000 * one["start"]) : round(16_000 * one["end"])] for one in plan)
    assert loudness(said) - loudness(barked) == pytest.approx(6, abs=0.1)
    assert not scene[24_100:36_700].any()  # the pause


def test_a_clip_that_is_not_there_is_named(data):
    with pytest.raises(SystemExit, match="clip 0 of esc10 Cat, found 0 in fold 4"):
        scenes.laid(data, scenes.rows(data), (scenes.Part(set="esc10", label="Cat"),))
