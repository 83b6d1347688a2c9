"""Taggers are measured alike: equal ones differ by nothing, and what is planted is found."""

from dataclasses import replace
from pathlib import Path

import measures as m
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peer import FINE, PUBLISHED, Listener

from tests.evaluation.scenes import certain, random_scene, scene
from tests.training.standin_teacher import LoudnessTeacher, corpus, write_wav
from whisper_at.datasets.clip import Clip, Dataset, LabelSet, Sounding
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.truth import sounds_of
from whisper_at.tagging.ontology import SPEECH
from whisper_at.training.survey import hear
from whisper_at.training.teachers import cell_probabilities


def planted(seed=0, n_clips=30):
    """Scenes with their truth, and a tagger that knows it in every cell."""
    events, _ = random_scene(seed, n_clips=n_clips)
    return scene(events, certain(events))


def test_equal_taggers_differ_by_nothing_in_every_resample():
    events, cells = random_scene(1, n_clips=20)
    said, _, dataset = scene(events, cells)
    both = {"head": said, "peer": replace(said, tagger="peer")}
    ids = dataset.labels.ids
    found = [m.Tagged.of(both, dataset, ids, resamples=50).mean_ap("mAP", "peer")]
    detector = m.Detector(cells=1, thresholds=np.full(3, 0.7), common=0.7, macro=0)
    found += m.scenes(both, dict.fromkeys(both, detector), dataset, ids, "peer", resamples=50)
    for one in found:
        assert one.gaps["head"].value == 0, one.name
        assert one.gaps["head"].low in (0, None) and one.gaps["head"].high in (0, None)
    assert {one.ratios["head"].value for one in found if one.ratios} == {1.0}


def test_a_better_tagger_is_better_by_the_difference():
    right, _, dataset = planted()
    wrong = replace(right, clip=np.float32(1) - right.clip, tagger="peer")
    tags = m.Tagged.of({"head": right, "peer": wrong}, dataset, dataset.labels.ids, resamples=50)
    one = tags.mean_ap("mAP", "peer")
    assert one.scores["head"].value == 1
    assert one.gaps["head"].value == pytest.approx(1 - one.scores["peer"].value, abs=1e-6)
    assert one.gaps["head"].low > 0
    assert {row["AP"]["head"] for row in tags.rows(fewest=1)} == {1.0}


def test_the_mean_over_folds_counts_each_fold_alike():
    folds = []
    for seed, n_clips in (0, 30), (1, 10):
        right, _, dataset = planted(seed, n_clips=n_clips)
        wrong = replace(right, clip=np.float32(1) - right.clip, tagger="peer")
        folds.append(m.Tagged.of({"head": right, "peer": wrong}, dataset, dataset.labels.ids, resamples=20))
    of_each = [one.mean_ap("mAP", "peer", fewest=2).scores["peer"].value for one in folds]
    mean = m.mean_over_folds("mAP", folds, "peer", fewest=2)
    assert of_each[0] != of_each[1]
    assert mean.scores["head"].value == 1
    assert mean.scores["peer"].value == pytest.approx(sum(of_each) / 2, abs=1e-9)
    assert mean.over.startswith("40 clips")


@pytest.mark.parametrize("cells", m.FILTERS[1:])
@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_a_median_leaves_what_lasts_and_takes_what_flickers(cells, seed):
    rng = np.random.default_rng(seed)
    lasting = np.repeat(rng.random((8, 2)) < 0.5, cells // 2 + 1, axis=0).astype(np.float32)
    still = np.full((40, 2), rng.integers(2), np.float32)
    flickers = still.copy()
    flickers[:: cells + 1] = 1 - still[:: cells + 1]
    for heard, wanted in ((lasting, lasting), (flickers[1:], still[1:])):
        said, _, _ = scene([[[], []]], [heard])
        assert (m.smoothed(said, cells).cells[0] == wanted).all()


def test_thresholds_and_median_are_found_that_were_planted():
    """Of label a 0.5 is heard and 0.1 is not, of b 0.9 and 0.5; and both flicker for a cell where nothing is."""
    events, _ = random_scene(3, n_clips=40, n_labels=2)
    quiet, loud = np.array([0.1, 0.5]), np.array([0.5, 0.9])
    cells = []
    for true in certain(events):
        said = np.where(true > 0, loud, quiet)
        near = np.convolve(true.any(1), np.ones(5), "same") > 0  # not beside an event, which would be longer
        said[np.flatnonzero(~near[1:-1])[:1] + 1] = loud
        cells.append(said)
    said, sounds, _ = scene(events, cells)
    found = m.Detector.found(said, sounds)
    assert found.cells == 3 and found.macro == 1
    assert 0.1 < found.thresholds[0] <= 0.5 < found.thresholds[1] <= 0.9


def test_every_second_patch_is_what_a_teacher_with_twice_the_hop_hears(tmp_path):
    clips = corpus(tmp_path).clips
    teacher = LoudnessTeacher(hop=0.2)
    heard = Listener(teacher, tmp_path / "peer").heard(clips, data_sha256="a")
    for every, hop in ((FINE, 0.2), (PUBLISHED, 0.4)):
        said = heard.cells(every, 20, ["loud"])
        for clip, cells in zip(clips, said.cells, strict=True):
            wanted = cell_probabilities(LoudnessTeacher(hop=hop), hear(clip).samples, frames_per_cell=20)
            assert cells[:, 0] == pytest.approx(wanted[:, 1], abs=1e-3)
    assert (heard.clips("max").clip >= heard.clips("mean").clip).all()


def test_a_clip_is_heard_once(tmp_path):
    clips = corpus(tmp_path).clips
    talk = []
    teacher = LoudnessTeacher()
    first = Listener(teacher, tmp_path / "peer", talk.append).heard(clips[:3], data_sha256="a")
    again = Listener(teacher, tmp_path / "peer", talk.append).heard(clips[::-1], data_sha256="a")
    other = Listener(teacher, tmp_path / "peer", talk.append).heard(clips[:1], data_sha256="b")
    assert talk == ["loudness hears 3 clips", "loudness hears 2 clips", "loudness hears 1 clips"]
    assert again.names == tuple(clip.name for clip in clips[::-1])
    assert (again.patches[-1] == first.patches[0]).all() and (other.patches[0] == first.patches[0]).all()


def test_speech_lasts_as_long_as_it_is_heard(tmp_path):
    samples = np.zeros(32000, np.float32)
    samples[8000:24000] = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)
    labels = LabelSet.audioset()
    spoken = Clip(path=write_wav(tmp_path / "a.wav", samples), labels=(SPEECH,))
    dog = Clip(path=write_wav(tmp_path / "b.wav", samples), labels=("/m/0bt9lr",))
    timed = m.with_speech_timed([spoken, dog], labels.implied)
    sounds = sounds_of(timed, labels, [SPEECH])
    assert sounds.spans[0][0].tolist() == [[0.5, 1.5]]
    assert sounds.spans[1] == {} and sounds.known.all()


def test_speech_is_measured_with_its_pauses_and_beside_other_sounds_without_them():
    """The head takes the pauses of a voice for speech and dogs for none, the peer the other way round."""
    labels = LabelSet.audioset()
    spoken = Clip(
        path=Path("a.ogg"), labels=(SPEECH,), soundings=(Sounding(label=SPEECH, start=0.8, end=1.2),)
    )
    dog = Clip(path=Path("b.ogg"), labels=("/m/0bt9lr",))
    cells = {"head": ([0.9] * 5, [0.1] * 5), "peer": ([0.1, 0.1, 0.9, 0.1, 0.1], [0.9] * 5)}
    taggers = {
        name: Predictions(
            tagger=name,
            names=("a.ogg", "b.ogg"),
            ids=(SPEECH,),
            clip=np.float32([[0.9], [0.1]]),
            cells=tuple(np.float32(one)[:, None] for one in both),
        )
        for name, both in cells.items()
    }
    dataset = Dataset(name="voice and dog", clips=(spoken, dog), labels=labels)
    whole, beside = (
        m.speech("speech", taggers, dataset, "peer", resamples=10, beside=only) for only in (False, True)
    )
    assert (
        whole.over == "1 cells with, 9 without, 2 clips" and beside.over == "1 cells with, 5 without, 2 clips"
    )
    # Four pauses that are as loud as speech count half each.
    assert (whole.scores["head"].value, beside.scores["head"].value) == (pytest.approx(7 / 9), 1)
    assert (whole.scores["peer"].value, beside.scores["peer"].value) == (pytest.approx(6.5 / 9), 0.5)
    assert beside.gaps["head"].value == 0.5
