"""A head is built from a folder of recordings, stage after stage, and measured beside a peer."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import build
import numpy as np
import pytest
import scores

from tests.training.standin_teacher import write_wav
from tests.training.tiny_corpus import TinyEncoder, noise
from whisper_at.cli import app
from whisper_at.datasets.clip import Clip
from whisper_at.datasets.opening import open_dataset
from whisper_at.model.head_file import read_head
from whisper_at.tagging.ontology import SPEECH
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.training import extraction, teachers
from whisper_at.training.teachers import patch_starts

DOG, RAIN = "/m/0bt9lr", "/m/06mb1"
SMALL = ["sampling.epochs=1", "sampling.batch=8", "head.hidden=8", "report.fewest=1", "report.precision=0.0"]


@dataclass(frozen=True)
class PitchTeacher:
    """Knows three labels, by how often the sign of the samples changes."""

    name: str = "pitch"
    version: str = "1"
    ids: tuple[str, ...] = (SPEECH, DOG, RAIN)
    patch: float = 0.5
    hop: float = 0.25

    def probabilities(self, samples):
        starts = patch_starts(len(samples), patch=self.patch, hop=self.hop)
        parts = [samples[start : start + round(self.patch * SAMPLE_RATE)] for start in starts]
        rate = np.array([np.mean(np.diff(np.sign(part)) != 0) for part in parts], np.float32)
        return np.stack([rate, 1 - rate, np.full_like(rate, 0.25)], axis=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three sets in four folds: dogs and rain whose labels are complete, doubtful dogs, speech with its words."""
    folder = tmp_path_factory.mktemp("recordings")
    lines = ["path\tset\taudioset_mids\tfold\ttranscript\tlang\tyamnet_agree"]
    kinds = [("esc10", DOG, "", "1"), ("esc10", RAIN, "", "0"), ("debian_fx", DOG, "", "1")]
    kinds += [("debian_fx", RAIN, "", "0"), ("speech", SPEECH, "Good morning.", "1")]
    for fold in "1234":
        for number in range(2):
            for i, (subset, mid, words, agree) in enumerate(kinds):
                path = f"{subset}-{fold}-{number}-{i}.wav"
                write_wav(folder / path, noise(0.7 + 0.2 * i, seed=len(lines)))
                lines.append(f"{path}\t{subset}\t{mid}\t{fold}\t{words}\ten\t{agree}")
    write_wav(folder / "cafe.wav", noise(3, seed=99))
    lines.append("cafe.wav\tambient\t\t\t\t\t0")
    (folder / "manifest.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def commands(monkeypatch):
    """The commands that a build asks for, done in this process with a random encoder and a made-up teacher."""
    done = []

    def run(arguments):
        done.append(arguments)
        return app.run(arguments)

    monkeypatch.setattr(build, "whisper_at", run)
    monkeypatch.setattr(extraction, "whisper_encoder", lambda name, **how: TinyEncoder())
    monkeypatch.setattr(teachers, "open_teacher", lambda spec, hop=None: PitchTeacher())
    monkeypatch.setattr(scores, "open_teacher", lambda spec: PitchTeacher())
    return done


def words(data, work, out, *more):
    told = [word for setting in SMALL for word in ("--set", setting)]
    few = ["--scenes", "1", "--test-scenes", "2", "--threads", "1", "--teacher", "yamnet:none.tflite"]
    return [str(data), "--work", str(work), "--out", str(out), *few, *told, *more]


def test_doubtful_labels_are_not_believed_and_every_clip_gets_a_fold(data, tmp_path):
    clips, trusted = tmp_path / "work" / "clips.jsonl", tmp_path / "work" / "trusted.jsonl"
    served = tmp_path / "work" / "served.jsonl"
    build.list_clips(data, clips, trusted, served)
    all_of_them, believed = open_dataset(clips).clips, open_dataset(trusted).clips
    assert {clip.fold for clip in all_of_them} == set("1234")
    assert {clip.subset for clip in all_of_them if clip.complete} == {"esc10"}
    lost = [a for a, b in zip(all_of_them, believed, strict=True) if a.labels != b.labels]
    assert {(clip.subset, clip.labels) for clip in lost} == {("debian_fx", (RAIN,))} and len(lost) == 8
    assert [clip.path for clip in all_of_them] == [clip.path for clip in believed]
    alone = open_dataset(served).clips  # of speech the first of ten in each fold
    assert Counter(clip.subset for clip in alone) == {"esc10": 16, "debian_fx": 16, "speech": 4}


def test_more_recordings_are_trained_on_and_taught(data, tmp_path, capsys):
    more = ["--more", "a/manifest.jsonl", "--more", "b/manifest.jsonl"]
    work = tmp_path / "work"
    build.main(words(data, work, tmp_path / "small.safetensors", "--dry-run", *more))
    said = capsys.readouterr().err
    for name in ("more", "more-1"):
        for kind in ("features", "teach"):
            assert f"whisper-at {kind} {work / name / 'manifest.jsonl'}" in said
        for folder in (f"f-{name}", f"soft-{name}"):
            assert f'/{folder}"' in said.splitlines()[-2], folder


def test_of_more_recordings_most_speech_and_music_is_left_out(tmp_path):
    kinds = {
        "speech": (SPEECH,),
        "violin": ("/m/07y_7",),
        "dog": (DOG,),
        "dog in a song": (DOG, "/m/04rlf"),
        "?": (),
    }
    clips = [
        Clip(path=tmp_path / f"{i}-{kind}.wav", labels=ls) for i in range(20) for kind, ls in kinds.items()
    ]
    kept = Counter(clip.path.stem.partition("-")[2] for clip in build.thinned(clips))
    assert kept == {"speech": 2, "violin": 10, "dog": 20, "dog in a song": 20, "?": 20}


def test_a_dry_run_does_nothing(data, tmp_path, commands, capsys):
    build.main(words(data, tmp_path / "work", tmp_path / "small.safetensors", "--dry-run"))
    assert not commands and not (tmp_path / "work").exists()
    assert capsys.readouterr().err.count("build: whisper-at ") == 11


@pytest.mark.slow
def test_a_head_is_built_once_and_measured(data, tmp_path, commands, monkeypatch, capsys):
    work, out = tmp_path / "work", tmp_path / "packaged" / "small.safetensors"
    build.main(words(data, work, out))
    card = read_head(out).card
    assert card.name == "small" and card.encoder == "tiny-random" and "pitch" in card.trained_on
    made = {path: path.read_bytes() for path in work.rglob("*.safetensors")}
    stages = [arguments[0] for arguments in commands]
    assert stages == [*["features"] * 3, *["soundscapes"] * 2, *["features"] * 2, *["teach"] * 3, "train"]

    commands.clear()
    build.main(words(data, work, out))  # nothing is made again, and the run keeps its account
    assert [arguments[0] for arguments in commands] == stages[:-1]
    assert {path: path.read_bytes() for path in work.rglob("*.safetensors")} == made

    monkeypatch.setattr(scores, "cost", lambda bench: {})  # the real encoder's
    result = tmp_path / "scores.json"
    told = ["--work", str(work), "--teacher", "pitch:none", "--output", str(result), "--resamples", "20"]
    head = work / "runs" / "small" / "small.safetensors"
    scores.main([str(head), *told, "--threads", "1", "--cross", f"{head}:4"])
    found = json.loads(result.read_text())
    named = {one["name"]: one for one in found["measures"]}
    assert set(named["mAP, labels of 1 or more clips"]["scores"]) == {"small", "pitch"}
    assert "ESC-10, folds 4, accuracy" in named and "event F1, macro" in named
    assert found["detectors"]["pitch"]["hop"] in (0.25, 0.5)
    for one in named.values():
        (tagger,) = set(one["scores"]) - {"pitch"}
        mine, peers = one["scores"][tagger]["value"], one["scores"]["pitch"]["value"]
        if None not in (mine, peers):
            assert one["gaps"][tagger]["value"] == pytest.approx(mine - peers, abs=2e-6), one["name"]
    scores.main([str(head), *told, "--threads", "1", "--no-scenes"])
    less = json.loads(result.read_text())
    on_clips = [one for one in found["measures"] if "folds 4" not in one["name"]]
    assert 0 < len(less["measures"]) < len(on_clips)
    assert less["measures"] == on_clips[: len(less["measures"])]
    assert not less["detectors"] and set(less["data_sha256"]) == {"clips"}
    with pytest.raises(SystemExit, match="was not trained without esc10 and scenes, as"):
        scores.main([str(head), *told, "--without", f"{head}:esc10"])
    with pytest.raises(SystemExit, match="was not trained without /m/09x0r, as"):
        scores.main([str(head), *told, "--without", f"{head}:/m/09x0r"])
    with pytest.raises(SystemExit, match="was not tested on fold 2"):
        scores.main([str(head), *told, "--cross", f"{head}:2"])


def test_a_stage_that_fails_ends_it_with_its_status(data, tmp_path, commands, monkeypatch):
    monkeypatch.setattr(build, "whisper_at", lambda arguments: 3)
    with pytest.raises(SystemExit) as end:
        build.main(words(data, tmp_path / "work", tmp_path / "small.safetensors"))
    assert end.value.code == 3
    assert not (tmp_path / "small.safetensors").exists()
    assert Path(tmp_path / "work" / "clips.jsonl").is_file()
