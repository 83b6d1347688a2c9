"""The recordings are chosen by the manifest alone, and the long one is exactly its clips and pauses."""

import doctest
import random
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpus
from corpus import Clip

waveforms = st.lists(st.integers(1, 1000), min_size=1, max_size=20).map(lambda x: np.array(x, np.int16))


def clips_of(seconds: list[float]) -> list[Clip]:
    return [Clip(path=f"{i:04}", transcript=f"sentence {i}", duration=s) for i, s in enumerate(seconds)]


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(corpus).failed == 0


@given(st.lists(waveforms, min_size=1, max_size=6), st.data())
def test_a_joined_recording_is_its_parts_and_pauses(
    parts: list[corpus.Waveform], data: st.DataObject
) -> None:
    n = len(parts) - 1
    pauses = data.draw(st.lists(st.integers(0, 30), min_size=n, max_size=n))
    joined = corpus.join(parts, pauses)
    assert len(joined) == sum(map(len, parts)) + sum(pauses)
    assert joined[joined != 0].tolist() == np.concatenate(parts).tolist()  # parts hold no zeros
    at = 0
    for part, pause in zip(parts, [*pauses, 0], strict=True):
        assert joined[at : at + len(part)].tolist() == part.tolist()
        assert not joined[at + len(part) : at + len(part) + pause].any()
        at += len(part) + pause


@given(st.integers(1, 60), st.integers(1, 80))
def test_clips_are_evenly_spaced(n_clips: int, n: int) -> None:
    clips = clips_of([1.0] * n_clips)
    at = [clips.index(clip) for clip in corpus.evenly_spaced(clips, n)]
    assert len(at) == min(n, n_clips) and at[0] == 0
    steps = np.diff(at)
    assert steps.size == 0 or (steps.min() >= 1 and steps.max() - steps.min() <= 1)


@given(st.lists(st.floats(1, 9), min_size=1, max_size=50), st.floats(1, 100))
def test_the_long_recording_is_no_longer_than_it_must_be(seconds: list[float], wanted: float) -> None:
    chosen, pauses = corpus.choose_long(clips_of(seconds), wanted)
    assert len(pauses) == len(chosen) - 1
    assert all(0.4 * 16_000 <= pause <= 0.8 * 16_000 for pause in pauses)
    assert len({clip.path for clip in chosen}) == len(chosen)
    before_last = sum(clip.duration for clip in chosen[:-1]) + sum(pauses) / 16_000
    assert before_last < wanted
    assert len(chosen) == len(seconds) or before_last + chosen[-1].duration + 0.8 >= wanted


def test_the_choice_depends_on_the_seed_alone() -> None:
    clips = clips_of([3.0] * 40)
    assert corpus.choose_long(clips, 60) == corpus.choose_long(clips, 60)
    assert corpus.choose_long(clips, 60) != corpus.choose_long(clips, 60, seed=1)


def test_each_sentence_is_taken_once_whatever_the_order_of_the_manifest(tmp_path: Path) -> None:
    rows = [
        ("s/b", "s", '"Twice," he said.'),
        ("s/a", "s", '"Twice," he said.'),
        ("s/c", "s", "Once."),
        ("s/d", "s", ""),
        ("t/a", "t", "Of another set."),
    ]
    for seed in range(5):
        shuffled = random.Random(seed).sample(rows, len(rows))
        lines = ["path\tset\ttranscript\tduration", *("\t".join([*row, "1.5"]) for row in shuffled)]
        (tmp_path / "manifest.tsv").write_text("\n".join(lines))
        clips = corpus.read_clips(tmp_path, "s")
        assert [(c.path, c.transcript) for c in clips] == [("s/a", '"Twice," he said.'), ("s/c", "Once.")]


def test_built_recordings_hold_the_samples_of_their_clips(
    make_data: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = {"One.": 0.5, "Two.": 0.7, "Three.": 0.6, "Four.": 0.9}
    data = make_data({"speech_kathleen_en": lengths})
    monkeypatch.setattr(corpus, "LONG_SECONDS", 2.0)
    built = corpus.build(data, tmp_path / "work", ["en", "long"], n_clips=2)
    assert [clip.sentences for clip in built["en"]] == [("One.",), ("Three.",)]
    first = built["en"][0].path
    assert first.read_bytes() == (data / "speech_kathleen_en/00.wav").read_bytes()

    (long,) = built["long"]
    chosen, pauses = corpus.choose_long(corpus.read_clips(data, "speech_kathleen_en"), 2.0)
    assert long.sentences == tuple(clip.transcript for clip in chosen)
    assert long.seconds == pytest.approx(sum(lengths[s] for s in long.sentences) + sum(pauses) / 16_000)
    with wave.open(str(long.path)) as wav:
        assert wav.getnframes() == round(long.seconds * 16_000)


def test_a_folder_without_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"wanted a folder with manifest\.tsv, found none in .*--data DIR"):
        corpus.build(tmp_path, tmp_path / "work", ["en"], n_clips=1)
