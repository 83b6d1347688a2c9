"""Scenes: what is planned is heard, when and as loud as planned, and nothing else."""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.datasets.sounds import FOLDS, LABELS, LEAD, RATE, burst, corpus, save, silence
from whisper_at.datasets.clip import Clip, Dataset, Sounding
from whisper_at.datasets.opening import open_dataset
from whisper_at.datasets.scenes.codecs import KINDS
from whisper_at.datasets.scenes.stock import Stock, draw_group
from whisper_at.datasets.soundscapes import (
    Placed,
    Scene,
    ScenePlan,
    SceneRecipe,
    Soundscapes,
    Sources,
    deal_folds,
    plan_scene,
    render,
)
from whisper_at.errors import DatasetError

LINEAR = SceneRecipe(
    duration=4,
    background_labels=("rain",),
    background_share=0.5,
    events=(1, 5),
    speech_share=0.6,
    unlabelled_share=0.1,
    codec_share=0,
)

shares = st.sampled_from([0.0, 0.5, 1.0])
recipes = st.builds(
    SceneRecipe,
    duration=st.sampled_from([0.5, 1.2345, 4.0, 8.0]),
    background_share=shares,
    background_labels=st.sampled_from([(), ("rain",), ("rain", "buzz")]),
    gap_share=shares,
    gap_seconds=st.just((0.2, 3.0)),
    events=st.tuples(st.integers(0, 2), st.integers(2, 8)),
    snr=st.sampled_from([(-10.0, 0.0), (0.0, 30.0), (40.0, 60.0)]),
    longest_event=st.floats(0.1, 2),
    at_once=st.integers(1, 3),
    balance=st.floats(0, 1),
    unlabelled_share=shares,
    speech_share=shares,
    room_share=shares,
    codec_share=st.sampled_from([0.0, 0.3]),
)
numbers = st.integers(0, 10**6)
few = settings(max_examples=15)  # scenes: each takes some milliseconds


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return corpus(tmp_path_factory.mktemp("sounds"))


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources()


def seconds(clip: Clip) -> dict[str, list[tuple[float, float]]]:
    """The times of each label."""
    times: dict[str, list[tuple[float, float]]] = {}
    for one in clip.soundings or ():
        times.setdefault(one.label, []).append((one.start, one.end))
    return times


def softer(scene: Scene) -> np.ndarray:
    """A scene's samples before it was made softer."""
    return scene.samples / 10 ** (scene.gain / 20)


def part_of(scene: Scene, sources: Sources, sound: Placed) -> np.ndarray:
    """What one sound adds to a scene: the scene, less the scene without it."""
    plan = scene.plan
    rest = replace(
        plan,
        events=tuple(one for one in plan.events if one is not sound),
        speech=tuple(one for one in plan.speech if one is not sound),
    )
    return softer(scene) - softer(render(rest, sources))


# --- planted truth ---


@few
@given(index=numbers, room=st.booleans())
def test_the_energy_of_every_sound_lies_within_its_times(sounds, sources, index, room):
    recipe = replace(LINEAR, room_share=float(room), background_level=(-70, -60))
    scene = Soundscapes(sounds, recipe, fold="a", sources=sources).scene(index)
    for sound in (*scene.plan.events, *scene.plan.speech):
        power = part_of(scene, sources, sound) ** 2
        inside = np.zeros(len(power), bool)
        labels = sound.clip.labels or ("none",)
        times = [time for label in labels for time in seconds(scene.clip).get(label, [])]
        if labels == ("none",):
            times = [(a / RATE, b / RATE + 2 * recipe.reverberation[1]) for a, b in sound.stretches]
        for start, end in times:
            inside[round(start * RATE) : round(end * RATE)] = True
        most = 0.98 if room else 0.995  # what rings on 30 dB below the sound no longer counts as heard
        assert power[inside].sum() > most * power.sum()
        heard = np.flatnonzero(power > 0.2 * power.max())
        assert inside[heard].all()


@few
@given(index=numbers, room=st.booleans())
def test_every_sound_is_as_loud_over_the_background_as_planned(sounds, sources, index, room):
    recipe = replace(LINEAR, room_share=float(room))
    scene = Soundscapes(sounds, recipe, fold="b", sources=sources).scene(index)
    background = softer(render(replace(scene.plan, events=(), speech=()), sources))
    for sound in (*scene.plan.events, *scene.plan.speech):
        where = np.concatenate([np.arange(a, b) for a, b in sound.stretches])
        found = np.mean(part_of(scene, sources, sound)[where].astype(np.float64) ** 2)
        snr = 10 * np.log10(found / np.mean(background[where].astype(np.float64) ** 2))
        assert snr == pytest.approx(sound.snr, abs=0.1)
        least, most = recipe.snr if sound in scene.plan.events else recipe.speech_snr
        assert least <= sound.snr <= most


@few
@given(index=numbers)
def test_silence_around_a_source_is_not_in_its_times(sounds, sources, index):
    """All sources have 0.3 s before their sound; sentences keep a little of it, events none."""
    scene = Soundscapes(sounds, replace(LINEAR, room_share=0), fold="a", sources=sources).scene(index)
    for sound in (one for one in scene.plan.events if "rain" not in one.clip.labels):
        assert sound.begin >= LEAD * RATE - 160 and sound.at == sound.stretches[0][0]
    for sound, sentence in zip(scene.plan.speech, scene.sentences, strict=True):
        assert 0 < sound.stretches[0][0] - sound.at <= 0.2 * RATE + 160
        heard = sound.stretches[0][0] / RATE, sound.stretches[-1][1] / RATE
        assert (sentence.start, sentence.end) == heard


def test_the_times_of_a_source_go_before_what_is_measured(tmp_path, sources):
    """A clip of 2 s of sound that is said to bark from 0.5 to 0.8 s."""
    path = save(tmp_path / "dog.wav", burst(2, 400))
    clip = Clip(
        path=path, labels=("buzz", "beep"), soundings=(Sounding(label="beep", start=0.5, end=0.8),), fold="x"
    )
    dogs = Dataset(name="dogs", clips=(clip,), labels=LABELS)
    recipe = replace(LINEAR, events=(1, 1), gap_share=0, room_share=0)
    scene = Soundscapes(dogs, recipe, fold="x", sources=sources).scene(0)
    (at,) = (sound.at / RATE for sound in scene.plan.events)
    assert seconds(scene.clip)["beep"] == [pytest.approx((at + 0.5, at + 0.8))]
    assert seconds(scene.clip)["buzz"] == [pytest.approx((at, at + 2))]


def test_a_part_of_a_file_is_a_source_of_its_own(tmp_path, sources):
    path = save(tmp_path / "long.wav", burst(1, 300), silence(1), burst(0.5, 900), silence(1))
    clip = Clip(path=path, labels=("beep",), start=1.5, end=3.2, fold="x")
    one = Dataset(name="one", clips=(clip,), labels=LABELS)
    plan = plan_scene(one, replace(LINEAR, events=(1, 1), gap_share=0), fold="x", sources=sources)
    assert [(e.begin, e.end) for e in plan.events] == [(0.5 * RATE, RATE)]


def test_a_long_source_is_cut_where_it_is_heard(tmp_path, sources):
    path = save(tmp_path / "long.wav", burst(1, 300), silence(20), burst(6, 900))
    clip = Clip(path=path, labels=("beep",), fold="x")
    one = Dataset(name="one", clips=(clip,), labels=LABELS)
    recipe = replace(LINEAR, events=(1, 1), gap_share=0, longest_event=2)
    events = [
        e for i in range(40) for e in Soundscapes(one, recipe, fold="x", sources=sources).plan(i).events
    ]
    assert all(0 < e.end - e.begin <= 2 * RATE and e.stretches for e in events)
    assert len({e.begin for e in events if e.begin > 20 * RATE}) > 10
    assert any(e.begin < RATE for e in events)


# --- whatever the recipe ---


@few
@given(recipe=recipes, index=numbers, fold=st.sampled_from(FOLDS))
def test_any_scene_is_whole(sounds, sources, recipe, index, fold):
    scenes = Soundscapes(sounds, recipe, seed=3, fold=fold, sources=sources)
    scene = scenes.scene(index)
    plan, clip = scene.plan, scene.clip
    assert scene.samples.dtype == np.float32 and np.isfinite(scene.samples).all()
    assert len(scene.samples) == round(recipe.duration * RATE)
    assert np.abs(scene.samples).max() <= 0.9901 and scene.gain <= 0
    placed = (*plan.events, *plan.speech)
    assert {one.clip.fold for one in placed} | {clip.fold} == {fold}
    assert plan.backdrop.clip is None or plan.backdrop.clip.fold == fold
    for times in seconds(clip).values():
        assert all(0 <= start < end <= recipe.duration + 1 / RATE for start, end in times)
        assert all(before[1] < after[0] for before, after in pairwise(times))
    assert set(clip.labels) == set(seconds(clip))
    for one in placed:
        assert all(one.stop <= start or end <= one.at for start, end in plan.gaps)
    for moment in {one.at for one in plan.events}:
        assert sum(one.at <= moment < one.stop for one in plan.events) <= recipe.at_once
    assert all(before.stop <= after.at for before, after in pairwise(plan.speech))
    assert len(plan.events) <= recipe.events[1] and len(plan.speech) <= recipe.sentences[1]
    assert all(one.end - one.begin <= max(recipe.longest_event, 0.1) * RATE + 1 for one in plan.events)
    assert ScenePlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert SceneRecipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@few
@given(index=numbers)
def test_a_gap_is_digital_silence(sounds, sources, index):
    recipe = replace(LINEAR, gap_share=1, room_share=0)
    scene = Soundscapes(sounds, recipe, fold="a", sources=sources).scene(index)
    ((start, end),) = scene.plan.gaps
    assert not scene.samples[start:end].any() and scene.samples[:start].any() | scene.samples[end:].any()
    for a, b in (time for times in seconds(scene.clip).values() for time in times):
        assert round(b * RATE) <= start or end <= round(a * RATE)


# --- determinism ---


def test_a_scene_depends_on_its_number_and_not_on_those_before(sounds):
    one, other = (Soundscapes(sounds, LINEAR, seed=4, fold="a") for _ in range(2))
    forward = [one.scene(i) for i in range(4)]
    for i in (3, 1, 0, 2):
        assert other.plan(i) == forward[i].plan == plan_scene(sounds, LINEAR, seed=4, fold="a", index=i)
        np.testing.assert_array_equal(other.scene(i).samples, forward[i].samples)


@few
@given(st.randoms(use_true_random=False), numbers)
def test_the_order_of_clips_and_other_folds_change_nothing(sounds, sources, shuffler: random.Random, index):
    clips = [clip for clip in sounds.clips if clip.fold == "a" or shuffler.random() < 0.5]
    shuffler.shuffle(clips)
    shuffled = replace(sounds, clips=tuple(clips))
    plans = [plan_scene(one, LINEAR, fold="a", index=index, sources=sources) for one in (sounds, shuffled)]
    assert plans[0] == plans[1]


@pytest.mark.parametrize("other", [{"seed": 6}, {"fold": "b"}, {"index": 1}])
def test_another_seed_fold_or_number_is_another_scene(sounds, sources, other):
    first = plan_scene(sounds, LINEAR, seed=5, fold="a", sources=sources)
    second = plan_scene(sounds, LINEAR, **({"seed": 5, "fold": "a"} | other), sources=sources)
    assert [(e.at, e.snr) for e in first.events] != [(e.at, e.snr) for e in second.events]
    assert first.backdrop.seed != second.backdrop.seed


def test_what_becomes_of_a_scene_does_not_change_what_is_in_it(sounds, sources):
    changes = replace(LINEAR, codec_share=1, room_share=1)
    plans = [plan_scene(sounds, r, fold="a", sources=sources) for r in (LINEAR, changes)]
    assert [[(e.clip, e.at) for e in plan.events] for plan in plans].count(
        [(e.clip, e.at) for e in plans[0].events]
    ) == 2


def test_a_small_store_of_sources_gives_the_same_scenes(sounds):
    scenes = [
        Soundscapes(sounds, LINEAR, fold="a", sources=Sources(n_bytes)).scene(2) for n_bytes in (1, 2**28)
    ]
    np.testing.assert_array_equal(scenes[0].samples, scenes[1].samples)


def test_all_kinds_of_change_are_drawn(sounds, sources):
    recipe = replace(LINEAR, codec_share=1)
    scenes = Soundscapes(sounds, recipe, fold="a", sources=sources)
    assert {plan.change.kind for plan in map(scenes.plan, range(60)) if plan.change} == set(KINDS)


# --- words ---


def scenes_where(
    scenes: Soundscapes, fits: Callable[[ScenePlan], object], wanted: int = 5
) -> list[tuple[ScenePlan, Scene]]:
    found = list(islice(filter(fits, map(scenes.plan, range(200))), wanted))
    assert len(found) == wanted, "the recipe gives too few such scenes to test with"
    return [(plan, render(plan, scenes.sources)) for plan in found]


def test_the_transcript_is_what_is_said_in_the_order_of_time(sounds, sources):
    recipe = replace(LINEAR, unlabelled_share=0)
    scenes = Soundscapes(sounds, recipe, fold="b", sources=sources)
    for plan, scene in scenes_where(scenes, lambda plan: len(plan.speech) > 1):
        starts = [sentence.start for sentence in scene.sentences]
        assert starts == sorted(starts) and len(set(scene.sentences)) == len(plan.speech)
        assert scene.clip.transcript == " ".join(sentence.text for sentence in scene.sentences)
        assert "This is sentence" in scene.sentences[0].text and "  " not in scene.clip.transcript
        assert scene.clip.language == "en" and "/m/09x0r" in scene.clip.labels
    for _, scene in scenes_where(scenes, lambda plan: not plan.speech):
        assert (scene.clip.transcript, scene.clip.language, scene.sentences) == ("", None, ())


def test_where_words_may_be_that_nobody_wrote_down_there_is_no_transcript(sounds, sources):
    scenes = Soundscapes(sounds, replace(LINEAR, unlabelled_share=0.5), fold="b", sources=sources)
    strange = scenes_where(scenes, lambda plan: any(not e.clip.labels for e in plan.events))
    assert all(scene.clip.transcript is None for _, scene in strange)
    wordy = Soundscapes(
        sounds, replace(LINEAR, unlabelled_share=0, wordy=("beep",)), fold="b", sources=sources
    )  # and so is a buzz, which is a kind of beep
    for label in ("beep", "buzz"):
        found = scenes_where(wordy, lambda plan, at=label: any(at in e.clip.labels for e in plan.events))
        assert all(scene.clip.transcript is None for _, scene in found)


# --- what is known ---


def test_a_scene_is_complete_if_all_that_is_in_it_is(sounds, sources):
    silent = replace(LINEAR, speech_share=0, unlabelled_share=0)
    assert all(
        Soundscapes(sounds, silent, fold="a", sources=sources).scene(i).clip.complete for i in range(9)
    )
    scenes = Soundscapes(sounds, LINEAR, fold="a", sources=sources)
    for _, scene in scenes_where(scenes, lambda plan: plan.speech):
        assert not scene.clip.complete
    scenes = Soundscapes(sounds, replace(LINEAR, trusted=("reader",)), fold="a", sources=sources)
    for plan, scene in scenes_where(scenes, lambda plan: plan.speech):
        assert scene.clip.complete == all(e.clip.labels for e in plan.events)


def test_clips_of_which_nothing_is_known_are_only_used_if_asked(sounds, sources):
    plans = {
        share: Soundscapes(sounds, replace(LINEAR, unlabelled_share=share), fold="a", sources=sources)
        for share in (0.0, 1.0)
    }
    assert all(e.clip.labels for i in range(40) for e in plans[0.0].plan(i).events)
    assert not any(e.clip.labels for i in range(40) for e in plans[1.0].plan(i).events)
    trusting = replace(LINEAR, unlabelled_share=1, trusted=("*",), events=(1, 1), gap_share=0)
    assert not Soundscapes(sounds, trusting, fold="a", sources=sources).scene(0).clip.complete


@pytest.mark.parametrize(("balance", "ratio"), [(0.0, 1.0), (0.5, 2.0), (1.0, 4.0)])
def test_rare_labels_come_up_as_the_balance_says(balance, ratio):
    clips = [Clip(path=Path(f"{i}.wav"), labels=("beep" if i < 40 else "buzz",)) for i in range(50)]
    stock = Stock.of(Dataset(name="x", clips=tuple(clips), labels=LABELS), LINEAR, "")
    dice = np.random.default_rng(0)
    drawn = Counter(draw_group(stock.events, dice, balance)[0].labels[0] for _ in range(4000))
    assert drawn["beep"] / drawn["buzz"] == pytest.approx(ratio, rel=0.1)


def test_clips_without_a_fold_are_dealt_out_once_and_for_all(sounds):
    parts = [Clip(path=Path(f"{i // 2}.wav"), start=float(i % 2), labels=("rain",)) for i in range(80)]
    mixed = replace(sounds, clips=(*sounds.clips, *parts))
    dealt = deal_folds(mixed)
    assert dealt.clips[: len(sounds.clips)] == sounds.clips
    folds = [clip.fold for clip in dealt.clips[len(sounds.clips) :]]
    assert set(folds) == set(FOLDS) and folds[::2] == folds[1::2]
    backwards = deal_folds(replace(mixed, clips=mixed.clips[::-1]))
    assert backwards.clips[::-1] == dealt.clips
    assert deal_folds(dealt, ["c"]) == dealt


# --- what goes wrong ---


def test_a_fold_that_is_not_there_is_an_error_that_names_those_that_are(sounds):
    with pytest.raises(DatasetError, match="no clips of fold 'c'; its folds are 'a', 'b'"):
        plan_scene(sounds, fold="c")


def test_a_source_that_cannot_be_read_is_named_and_never_silent(tmp_path, sounds):
    clip = Clip(path=tmp_path / "gone.wav", labels=("beep",), fold="a")
    with pytest.raises(DatasetError, match=r"gone\.wav"):
        plan_scene(replace(sounds, clips=(clip,)), replace(LINEAR, events=(1, 1)), fold="a")


def test_silent_sources_are_passed_over(tmp_path, sources):
    quiet = Clip(path=save(tmp_path / "quiet.wav", silence(1)), labels=("beep",), fold="a")
    loud = replace(quiet, path=save(tmp_path / "loud.wav", burst(1, 500)))
    both = Dataset(name="both", clips=(quiet, loud), labels=LABELS)
    recipe = replace(LINEAR, events=(3, 3), gap_share=0)
    plans = [Soundscapes(both, recipe, fold="a", sources=sources).plan(i) for i in range(20)]
    assert {e.clip for plan in plans for e in plan.events} == {loud}
    alone = replace(both, clips=(quiet,))
    assert plan_scene(alone, recipe, fold="a", sources=sources).events == ()


# --- real recordings ---


def manifest() -> Path:
    root = Path(os.environ.get("WHISPER_AT_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not (root / "manifest.tsv").is_file():
        pytest.skip(f"there are no recordings in {root}; set WHISPER_AT_DATA")
    return root / "manifest.tsv"


@pytest.mark.data
def test_scenes_of_real_recordings_hold_what_they_say():
    dataset = deal_folds(open_dataset(manifest()))
    scenes = Soundscapes(dataset, SceneRecipe(codec_share=0, room_share=0), seed=1, fold="3")
    labels: set[str] = set()
    for index in range(12):
        scene = scenes.scene(index)
        labels |= set(scene.clip.labels)
        for sound in scene.plan.events:
            power = part_of(scene, scenes.sources, sound).astype(np.float64) ** 2
            inside = sum(power[a:b].sum() for a, b in sound.stretches)
            assert inside > 0.95 * power.sum() > 0
    assert len(labels) > 20
