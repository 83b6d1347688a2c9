"""Scenes in files: the manifest tells what is in them, and a run that was stopped goes on."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer

from tests.datasets.sounds import corpus
from whisper_at.audio import read
from whisper_at.cli import soundscapes as command
from whisper_at.datasets import manifest
from whisper_at.datasets.clip import Dataset, LabelSet
from whisper_at.datasets.scenes.files import MANIFEST, SETTINGS, UNFINISHED
from whisper_at.datasets.soundscapes import SceneRecipe, Soundscapes, write_soundscapes
from whisper_at.errors import DatasetError, OptionError, OutputError

RECIPE = SceneRecipe(duration=2, background_labels=("rain",), events=(1, 3), codec_share=0.5, codecs=("mp3",))


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return corpus(tmp_path_factory.mktemp("sounds"))


class Stopped(Exception):
    """In the place of a Ctrl-C."""


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder, by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def stop_after(n: int):
    def progress(done: int, total: int) -> None:
        if done == n:
            raise Stopped

    return progress


def test_the_manifest_reads_back_as_the_truth_of_the_scenes(sounds, tmp_path):
    path = write_soundscapes(sounds, tmp_path / "out", 3, RECIPE, seed=9, folds=("a", "b"))
    found = manifest.read(path)
    assert found.labels == sounds.labels and len(found.clips) == 6
    for i, clip in enumerate(found.clips):
        scene = Soundscapes(sounds, RECIPE, seed=9, fold="ab"[i // 3]).scene(i % 3)
        assert replace(clip, path=scene.clip.path) == scene.clip
        np.testing.assert_allclose(read(clip.path).samples, scene.samples, atol=0.51 / 32768)
    told = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    assert all(row["transcript"] in (None, " ".join(s[0] for s in row["sentences"])) for row in told)


def test_a_head_of_audioset_finds_its_labels_in_the_manifest(sounds, tmp_path):
    dataset = replace(sounds, clips=tuple(replace(c, labels=()) for c in sounds.clips if c.transcript))
    dataset = replace(dataset, labels=LabelSet.audioset())
    path = write_soundscapes(dataset, tmp_path, 4, replace(RECIPE, speech_share=1), folds=("a",))
    assert manifest.read(path).labels == LabelSet.audioset()
    assert {label for clip in manifest.read(path).clips for label in clip.labels} == {"/m/09x0r"}


def test_scenes_are_the_same_bytes_from_several_processes(sounds, tmp_path):
    for name, workers in (("one", 1), ("two", 2)):
        write_soundscapes(sounds, tmp_path / name, 3, RECIPE, folds=("a", "b"), workers=workers)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_stopped_run_goes_on_and_ends_as_if_it_had_not_been_stopped(sounds, tmp_path):
    write_soundscapes(sounds, tmp_path / "whole", 6, RECIPE, folds=("a",))
    out = tmp_path / "stopped"
    with pytest.raises(Stopped):
        write_soundscapes(sounds, out, 6, RECIPE, folds=("a",), progress=stop_after(3))
    assert not (out / MANIFEST).exists() and len(list(out.glob("*/*.flac"))) == 3
    with (out / UNFINISHED).open("a") as log:
        log.write('{"path": "fold-a/sce')  # as a kill would leave it
    times = {path: path.stat().st_mtime_ns for path in out.glob("*/*.flac")}
    with pytest.raises(Stopped):
        write_soundscapes(sounds, out, 6, RECIPE, folds=("a",), progress=stop_after(5))
    (out / "fold-a/scene-000004.flac").unlink()  # lost afterwards
    write_soundscapes(sounds, out, 6, RECIPE, folds=("a",))
    assert contents(out) == contents(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


def test_more_scenes_and_folds_may_be_asked_for_later(sounds, tmp_path):
    write_soundscapes(sounds, tmp_path / "at once", 3, RECIPE, folds=("a", "b"))
    for n, folds in ((1, ("b",)), (3, ("a",)), (2, ("b", "a")), (3, ("b",))):
        write_soundscapes(sounds, tmp_path / "bit by bit", n, RECIPE, folds=folds)
    assert contents(tmp_path / "at once") == contents(tmp_path / "bit by bit")


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"recipe": replace(RECIPE, snr=(1, 2))}, "snr"),
        ({"clips": 1}, "clips"),
    ],
)
def test_scenes_that_were_made_otherwise_are_not_mixed_in(sounds, tmp_path, other, named):
    write_soundscapes(sounds, tmp_path, 1, RECIPE, folds=("a",))
    before = contents(tmp_path)
    dataset = replace(sounds, clips=sounds.clips[1:]) if "clips" in other else sounds
    with pytest.raises(DatasetError, match=f"another {named}; choose an empty folder"):
        write_soundscapes(
            dataset, tmp_path, 2, other.get("recipe", RECIPE), seed=other.get("seed", 0), folds=("a",)
        )
    assert contents(tmp_path) == before


def test_a_corpus_that_was_moved_is_the_same_corpus(sounds, tmp_path):
    write_soundscapes(sounds, tmp_path / "out", 1, RECIPE, folds=("a",))
    home = sounds.clips[0].path.parent.parent
    moved = Path(shutil.copytree(home, tmp_path / "elsewhere" / "deeper"))
    clips = tuple(replace(clip, path=moved / clip.path.relative_to(home)) for clip in sounds.clips)
    write_soundscapes(replace(sounds, clips=clips[::-1]), tmp_path / "out", 2, RECIPE, folds=("a",))
    write_soundscapes(sounds, tmp_path / "other", 2, RECIPE, folds=("a",))
    assert contents(tmp_path / "out") == contents(tmp_path / "other")


def test_folds_of_any_name_become_folders(sounds, tmp_path):
    names = {"a": "../x y", "b": ""}
    dataset = replace(sounds, clips=tuple(replace(c, fold=names[c.fold]) for c in sounds.clips))
    path = write_soundscapes(dataset, tmp_path / "out", 1, RECIPE, folds=tuple(names.values()))
    assert {clip.fold for clip in manifest.read(path).clips} == set(names.values())
    assert [found.name for found in tmp_path.iterdir()] == ["out"]


def test_what_cannot_be_made_is_refused_before_anything_is_written(sounds, tmp_path):
    for n, folds, error in ((0, ("a",), OptionError), (1, ("a", "z"), DatasetError), (1, (), OptionError)):
        with pytest.raises(error):
            write_soundscapes(sounds, tmp_path / "out", n, RECIPE, folds=folds)
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not be written"):
        write_soundscapes(sounds, tmp_path / "file", 1, RECIPE, folds=("a",))


def whisper_at(*arguments: object) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command(help=command.HELP)(command.soundscapes)
    app([str(argument) for argument in arguments], standalone_mode=False)


def test_the_command_writes_scenes_of_each_fold_and_says_where(sounds, tmp_path, capsys):
    manifest.write(sounds, tmp_path / "manifest.jsonl")
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"duration": 9, "background_labels": ["rain"], "codecs": ["telephone"]}')
    given = (
        "--scenes 2 --seed 3 --duration 1.5 --events 2:3 --snr -3:6 --speech-share 0 --trusted found".split()
    )
    whisper_at(tmp_path, "--out", tmp_path / "out", *given, "--recipe", recipe)
    out, err = capsys.readouterr()
    assert Path(out.strip()) == tmp_path / "out" / MANIFEST
    assert err.startswith("whisper-at: 2 scenes of 2 folds")
    assert [clip.fold for clip in manifest.read(Path(out.strip())).clips] == ["a", "a", "b", "b"]
    told = json.loads((tmp_path / "out" / SETTINGS).read_text())
    wanted = {
        "duration": 1.5,
        "events": [2, 3],
        "snr": [-3.0, 6.0],
        "trusted": ["found"],
        "codecs": ["telephone"],
    }
    assert told["seed"] == 3 and told["recipe"].items() >= wanted.items()


def test_the_command_refuses_what_makes_no_sense(sounds, tmp_path):
    manifest.write(sounds, tmp_path / "manifest.jsonl")
    (tmp_path / "list.json").write_text("[1]")
    for wrong, named in (
        (("--events", "3"), "events must be two numbers"),
        (("--snr", "high:low"), "snr must be two numbers"),
        (("--speech-share", "2"), "speech_share"),
        (("--recipe", tmp_path / "list.json"), "must be a JSON object"),
        (("--recipe", tmp_path / "gone.json"), r"gone\.json"),
    ):
        with pytest.raises(OptionError, match=named):
            whisper_at(tmp_path, "--out", tmp_path / "out", *wrong)
    assert not (tmp_path / "out").exists()
