"""Clips that cannot be heard are counted, named one by one, and never become silence."""

import pickle
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.audio.synth import wav
from tests.datasets.corpora import sound, text
from tests.datasets.sounds import burst
from whisper_at.audio import read
from whisper_at.datasets.checking import BrokenClips, check, find_problems, sift
from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.datasets.waveforms import read_clip
from whisper_at.errors import DatasetError


@pytest.fixture
def sick(tmp_path) -> Dataset:
    """One whole clip, and one of each kind that is not."""
    sound(tmp_path / "whole.wav", 1.0)
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "empty.wav").touch()
    text(tmp_path / "words.wav", "this is no sound")
    (tmp_path / "silent.wav").write_bytes(wav(b"", 16_000))
    samples = (burst(1.0, 440) * 32767).astype(np.int16).tobytes()
    (tmp_path / "cut.wav").write_bytes(wav(samples[: len(samples) // 2], 16_000, promised=len(samples)))
    names = ["whole", "absent", "folder", "empty", "words", "silent", "cut"]
    clips = [Clip(path=tmp_path / f"{name}.wav") for name in names]
    late = Clip(path=tmp_path / "whole.wav", start=2.0, end=3.0)
    part = Clip(path=tmp_path / "whole.wav", start=0.25, end=0.5)
    return Dataset(name="ward", clips=(*clips, late, part), labels=LabelSet.of(["a"]))


def kinds(problems) -> dict[str, str]:
    return {f"{problem.clip.path.stem}@{problem.clip.start:g}": problem.kind for problem in problems}


def test_a_look_at_the_files_finds_what_is_missing_or_empty(sick):
    assert kinds(find_problems(sick.clips)) == {
        "absent@0": "missing",
        "folder@0": "missing",
        "empty@0": "empty",
    }


def test_listening_finds_what_is_broken_or_damaged_too(sick):
    assert kinds(find_problems(sick.clips, decode=True)) == {
        "absent@0": "missing",
        "folder@0": "missing",
        "empty@0": "empty",
        "words@0": "broken",
        "silent@0": "broken",
        "cut@0": "damaged",
        "whole@2": "broken",
    }


def test_the_error_counts_them_in_one_line_and_has_them_all(sick, tmp_path):
    with pytest.raises(BrokenClips) as caught:
        check(sick, decode=True)
    said = str(caught.value)
    assert said.startswith(
        "7 of 9 clips of ward cannot be used (3 broken, 2 missing, 1 empty, 1 damaged), "
        f"first {tmp_path}/absent.wav: there is no such file; "
    )
    assert "\n" not in said
    assert [str(problem).split(": ")[0] for problem in caught.value.problems][-1].endswith("whole.wav#2-3")
    assert "cannot read it as a recording" in str(caught.value.problems[3])  # its path is said already


def test_the_error_comes_out_of_another_process_as_it_was(sick):
    with pytest.raises(BrokenClips) as caught:
        check(sick)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.problems) == (str(caught.value), caught.value.problems)


def test_sifting_leaves_those_that_pass(sick):
    left, problems = sift(sick, decode=True)
    check(left, decode=True)
    assert len(left.clips) + len(problems) == len(sick.clips)
    assert [clip for clip in sick.clips if clip in left.clips] == list(left.clips)


def test_the_same_clip_is_left_out_as_often_as_it_is_there(sick):
    twice = replace(sick, clips=(sick.clips[0], sick.clips[1], sick.clips[1]))
    left, problems = sift(twice)
    assert (left.clips, len(problems)) == (sick.clips[:1], 2)


def test_no_clip_at_all_is_no_dataset(sick):
    with pytest.raises(BrokenClips, match="none is left: check where the recordings are"):
        sift(replace(sick, clips=sick.clips[1:3]))


def test_a_clip_that_nobody_has_checked_is_an_error_where_it_is_used(sick):
    broken = {problem.clip for problem in find_problems(sick.clips, decode=True) if problem.kind != "damaged"}
    for clip in sick.clips:
        if clip in broken:
            with pytest.raises(DatasetError, match=r"clip .*\.wav"):
                read_clip(clip)
        else:
            assert len(read_clip(clip).samples)


def test_the_parts_of_a_file_make_the_whole(tmp_path):
    whole = read(sound(tmp_path / "a.wav", 1.0))
    edges = [0.0, 0.1, 0.35, 0.9, None]
    parts = [read_clip(Clip(path=tmp_path / "a.wav", start=start, end=end)) for start, end in pairwise(edges)]
    assert np.array_equal(np.concatenate([part.samples for part in parts]), whole.samples)


def test_a_clip_that_goes_on_after_its_file_says_so(tmp_path):
    sound(tmp_path / "a.wav", 1.0)
    assert read_clip(Clip(path=tmp_path / "a.wav", start=0.5, end=1.05)).notes == ()
    lacking = read_clip(Clip(path=tmp_path / "a.wav", start=0.5, end=3.0))
    assert (lacking.duration, lacking.notes) == (
        0.5,
        ("the clip goes on for 2.0 s after the end of its file",),
    )


def test_a_path_that_no_file_can_have_is_missing(tmp_path):
    (problem,) = find_problems([Clip(path=Path(f"{tmp_path}/\0.wav"))])
    assert problem.kind == "missing"
