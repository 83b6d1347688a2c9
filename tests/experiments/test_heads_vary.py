"""Copies of clips sound otherwise and are of the same: labels and folds stay, and speech is not copied."""

import json

import numpy as np
import pytest
import vary

from tests.training.standin_teacher import write_wav
from tests.training.tiny_corpus import noise
from whisper_at.audio import read
from whisper_at.datasets.opening import open_dataset
from whisper_at.tagging.ontology import SPEECH
from whisper_at.timegrid import SAMPLE_RATE

DOG, RAIN = "/m/0bt9lr", "/m/06mb1"


@pytest.fixture
def listed(tmp_path):
    rows = [("dog", [DOG], "1"), ("rain", [DOG, RAIN], "4"), ("said", [SPEECH], "1"), ("bark", [DOG], "2")]
    lines = []
    for i, (name, labels, fold) in enumerate(rows):
        write_wav(tmp_path / f"{name}.wav", noise(0.6 + 0.1 * i, seed=i))
        lines.append(json.dumps({"path": f"{name}.wav", "labels": labels, "fold": fold}))
    (tmp_path / "clips.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path / "clips.jsonl"


def told(listed, out, many=2):
    vary.main([str(listed), "--out", str(out), "--copies", str(many), "--fold", "1", "--fold", "2"])
    return open_dataset(out / "manifest.jsonl").clips


def test_clips_of_other_folds_and_speech_are_not_copied(listed, tmp_path):
    clips = told(listed, tmp_path / "copies")
    assert [(clip.labels, clip.fold) for clip in clips] == [((DOG,), "1")] * 2 + [((DOG,), "2")] * 2


def test_copies_are_drawn_anew_for_each_number_and_the_same_each_time(listed, tmp_path):
    first = [read(clip.path).samples for clip in told(listed, tmp_path / "a")]
    again = [read(clip.path).samples for clip in told(listed, tmp_path / "b")]
    assert all(np.array_equal(x, y) for x, y in zip(first, again, strict=True))
    assert not np.array_equal(first[0][:1000], first[1][:1000])


def test_a_rerun_makes_what_is_not_there(listed, tmp_path):
    clips = told(listed, tmp_path / "copies")
    kept, lost = clips[0].path, clips[1].path
    whole, before = lost.read_bytes(), kept.stat().st_mtime_ns
    lost.unlink()
    told(listed, tmp_path / "copies")
    assert lost.read_bytes() == whole
    assert kept.stat().st_mtime_ns == before


def test_a_copy_lasts_as_long_as_its_speed_has_it_and_a_room_adds(monkeypatch):
    hiss = noise(1.0, seed=5)
    monkeypatch.setattr(vary, "THROUGH_CODEC", 0.0)
    monkeypatch.setattr(vary, "IN_ROOM", 0.0)
    dry = [len(vary.varied(hiss, np.random.default_rng(i))) / SAMPLE_RATE for i in range(20)]
    assert 1 / 1.26 < min(dry) < 0.95 < 1.05 < max(dry) < 1.26
    monkeypatch.setattr(vary, "IN_ROOM", 1.0)
    wet = [len(vary.varied(hiss, np.random.default_rng(i))) / SAMPLE_RATE for i in range(20)]
    assert all(w > d + 0.1 for w, d in zip(wet, dry, strict=True))


def test_a_missing_clip_ends_it_in_one_line(listed, tmp_path):
    (tmp_path / "bark.wav").unlink()
    with pytest.raises(SystemExit, match=r"vary: .*bark"):
        told(listed, tmp_path / "copies")
