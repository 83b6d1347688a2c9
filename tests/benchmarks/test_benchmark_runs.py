"""Engines take turns fairly, talk by a protocol that their chatter cannot break, and run no job twice."""

import doctest
import sys
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpus
import peers
import runs
from corpus import Recording
from runs import Outputs, Station

ENGINES = str(peers.ENGINES_FOLDER)
ECHO = f"""
import os, sys
sys.path.insert(0, {ENGINES!r})
from harness import serve
def load(job):
    print("loading ...")
    os.system("echo a library that writes to the first file descriptor")
    threads = os.environ["OMP_NUM_THREADS"]
    return lambda path, language: f"{{language}} {{open(path, 'rb').read(4)}} {{threads}}"
serve(load, [])
"""


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Station:
    """An engine that answers with the language, the file's first bytes and its threads."""
    monkeypatch.setattr(peers, "ENGINES_FOLDER", tmp_path)
    (tmp_path / "openai_whisper.py").write_text(ECHO)
    engine = peers.ENGINES["openai-whisper"]
    return Station(
        engine=engine, python=Path(sys.executable), version="1", weights="tiny", weights_sha256=None
    )


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    noise = np.random.default_rng(0).integers(-9, 9, (2, 1600), np.int16)
    return [
        corpus.save(tmp_path / f"{language}.wav", samples, language, ("What was said.",))
        for samples, language in zip(noise, ("nl", "de"), strict=True)
    ]


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(runs).failed == 0


@given(st.lists(st.text(max_size=3), min_size=1, max_size=6, unique=True), st.integers(1, 4))
def test_each_engine_runs_as_often_and_on_average_at_the_same_time(names: list[str], half: int) -> None:
    order = runs.alternating(names, 2 * half)
    positions = [[at for at, name in enumerate(order) if name == engine] for engine in names]
    assert {len(p) for p in positions} == {2 * half}
    assert {fmean(p) for p in positions} == {(len(order) - 1) / 2}


def test_a_report_holds_the_texts_in_order_and_no_chatter(
    station: Station, recordings: list[Recording]
) -> None:
    report = station.run(recordings, threads=3)
    assert [file["text"] for file in report["files"]] == ["nl b'RIFF' 3", "de b'RIFF' 3"]
    assert all(file["seconds"] > 0 for file in report["files"]) and report["load_seconds"] > 0


def test_peak_memory_is_the_engine_s_own(
    station: Station, recordings: list[Recording], tmp_path: Path
) -> None:
    """The process that starts it may be larger, as this one is."""
    ours = np.ones(200_000_000, np.uint8)
    light = station.run(recordings, threads=1)["peak_rss_bytes"]
    heavy_load = ECHO.replace("def load(job):", "def load(job):\n    (b'.' * 100_000_000).upper()")
    (tmp_path / "openai_whisper.py").write_text(heavy_load)
    heavy = station.run(recordings, threads=1)["peak_rss_bytes"]
    assert light < ours.nbytes / 2
    assert heavy - light == pytest.approx(200_000_000, rel=0.1)  # the bytes and their upper-case copy


def test_an_engine_that_fails_ends_the_comparison_with_one_line(
    station: Station, recordings: list[Recording], tmp_path: Path
) -> None:
    (tmp_path / "openai_whisper.py").write_text("raise SystemExit(3)")
    with pytest.raises(SystemExit, match=r"wanted 2 texts of openai-whisper, .* ended with code 3"):
        station.run(recordings, threads=1)


def test_texts_are_kept_for_the_same_settings_and_recordings(
    station: Station, recordings: list[Recording], tmp_path: Path
) -> None:
    runs.complete(station, Outputs(tmp_path, station, "m"), {"nl": recordings[:1]}, threads=1)
    nowhere = replace(station, python=tmp_path / "no-python")
    again = Outputs(tmp_path, nowhere, "m")
    runs.complete(nowhere, again, {"nl": recordings[:1]}, threads=2)  # would fail if it started anything
    assert again.texts[recordings[0].sha256]["text"] == "nl b'RIFF' 1"
    assert again.missing(recordings) == recordings[1:]
    assert Outputs(tmp_path, replace(station, version="2"), "m").missing(recordings) == recordings


def test_the_texts_of_whisper_at_are_not_kept(
    station: Station, recordings: list[Recording], tmp_path: Path
) -> None:
    (tmp_path / "openai_whisper.py").rename(tmp_path / "whisper_at.py")
    ours = replace(station, engine=peers.ENGINES["whisper-at"])
    outputs = Outputs(tmp_path, ours, "m")
    runs.complete(ours, outputs, {"all": recordings}, threads=1)
    assert not outputs.missing(recordings)
    assert Outputs(tmp_path, ours, "m").missing(recordings) == recordings
