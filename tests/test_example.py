"""The sample scene is what its truth file says: whoever tries Whisper-AT on it can trust every line."""

import json
import runpy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from whisper_at.tagging.ontology import find

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPT = EXAMPLES / "make_scene.py"
TRUTH = json.loads((EXAMPLES / "street.json").read_text(encoding="utf-8"))
WINDOW = 30.0  # seconds that Whisper hears at once
QUIET = 0.004  # louder than the room, softer than every sound

Waveform = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def scene(script: dict[str, Any]) -> Waveform:
    """The recording, at the sample rate of the script."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=script["SAMPLE_RATE"])
    with av.open(str(EXAMPLES / TRUTH["recording"])) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def loudness(scene: Waveform, start: float, end: float) -> float:
    """The RMS from one second to another."""
    per_second = len(scene) / TRUTH["duration"]
    part = scene[max(0, round(start * per_second)) : round(end * per_second)]
    return float(np.sqrt(np.mean(part**2)))


def stated() -> list[tuple[float, float]]:
    return sorted((entry["start"], entry["end"]) for entry in TRUTH["speech"] + TRUTH["sounds"])


def silences_of_speech() -> list[tuple[float, float]]:
    ends = [0.0, *(line["end"] for line in TRUTH["speech"])]
    starts = [*(line["start"] for line in TRUTH["speech"]), TRUTH["duration"]]
    return list(zip(ends, starts, strict=True))


# --- the truth ---


def test_the_truth_is_what_the_script_states(script):
    lines = [(line.start, line.speaker, line.text) for line in script["LINES"]]
    sounds = [(sound.start, sound.end, sound.label) for sound in script["SOUNDS"]]
    assert [(line["start"], line["speaker"], line["text"]) for line in TRUTH["speech"]] == lines
    assert [(sound["start"], sound["end"], sound["label"]) for sound in TRUTH["sounds"]] == sounds
    assert TRUTH["duration"] == script["DURATION"]


def test_sounds_are_named_as_audioset_does():
    assert all(find(sound["label"]).name == sound["label"] for sound in TRUTH["sounds"])


def test_all_that_is_stated_lies_within_the_recording():
    assert all(0 <= start < end <= TRUTH["duration"] for start, end in stated())


def test_one_voice_speaks_at_a_time():
    assert all(before["end"] < after["start"] for before, after in pairwise(TRUTH["speech"]))


def test_sounds_are_heard_alone_and_under_speech():
    for sound in TRUTH["sounds"]:
        spoken = sum(
            max(0.0, min(sound["end"], line["end"]) - max(sound["start"], line["start"]))
            for line in TRUTH["speech"]
        )
        assert 1 < spoken < sound["end"] - sound["start"] - 4, sound["label"]
    assert sum(end - start >= 6 for start, end in silences_of_speech()) >= 3


# --- the recording ---


def test_the_scene_is_small_and_longer_than_a_window(scene, script):
    assert (EXAMPLES / TRUTH["recording"]).stat().st_size < 500_000
    assert len(scene) / script["SAMPLE_RATE"] == pytest.approx(TRUTH["duration"], abs=0.02)
    assert WINDOW < TRUTH["duration"] <= 2 * WINDOW


def test_the_scene_is_loud_and_not_clipped(scene):
    assert 0.5 < np.abs(scene).max() < 1


def test_what_is_stated_can_be_heard(scene):
    for start, end in stated():
        parts = [(second, min(second + 1, end)) for second in np.arange(start, end - 0.5, 0.5)]
        assert all(loudness(scene, *part) > QUIET for part in parts), (start, end)


def test_where_nothing_is_stated_nothing_is_heard(scene):
    ends = np.maximum.accumulate([0.0, *(end for _, end in stated())])
    starts = [*(start for start, _ in stated()), TRUTH["duration"]]
    gaps = [(end, start) for end, start in zip(ends, starts, strict=True) if start - end > 0.1]
    assert gaps
    # A fiftieth of a second is left to the codec, which smears an attack.
    assert all(loudness(scene, end + 0.02, start - 0.02) < QUIET for end, start in gaps)


def test_a_line_begins_and_ends_when_it_is_said_to(scene):
    for line in TRUTH["speech"]:
        start, end = line["start"], line["end"]
        assert loudness(scene, start, start + 0.15) > 1.5 * loudness(scene, start - 0.17, start - 0.02), line
        assert loudness(scene, end - 0.15, end) > 1.5 * loudness(scene, end + 0.02, end + 0.17), line


@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("Church bell", 0.4, 7.6),
        ("Bird", 14.4, 19.8),
        ("Rain", 26.8, 32.4),
        ("Police car (siren)", 34.4, 38.8),
    ],
)
def test_a_sound_is_the_one_that_the_script_makes(scene, script, label, start, end):
    # Where it is alone, what is heard is what the formula gives, to the sample; rain is hard on the codec.
    [(seed, sound)] = [(n, s) for n, s in enumerate(script["SOUNDS"], start=1) if s.label == label]
    made = script["played"](sound, seed)
    first, last = (round(second * script["SAMPLE_RATE"]) for second in (start, end))
    offset = script["samples"](sound.start)
    alike = np.corrcoef(scene[first:last], made[first - offset : last - offset])[0, 1]
    assert alike > (0.75 if label == "Rain" else 0.9)


# --- the script ---


def test_without_espeak_the_script_says_so_in_one_line(tmp_path):
    command = [sys.executable, str(SCRIPT), "--out", str(tmp_path / "out")]
    run = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert run.returncode == 1 and run.stdout == ""
    assert "espeak-ng" in run.stderr and run.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
