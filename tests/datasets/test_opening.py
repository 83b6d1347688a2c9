"""One door for all layouts: it knows them, says what it looked for, and lets no missing clip through unseen."""

import json
import shutil

import pytest

from tests.datasets import corpora
from tests.datasets.corpora import sound, text
from whisper_at.datasets import audioset, esc, fsd50k, librispeech, manifest
from whisper_at.datasets.checking import BrokenClips
from whisper_at.datasets.opening import LAYOUTS, open_dataset
from whisper_at.errors import DatasetError, OptionError


def audioset_strong(folder):
    sound(folder / "b0RFKhbpFJA_30000.wav")
    header = "segment_id\tstart_time_seconds\tend_time_seconds\tlabel"
    return text(folder / "audioset_train_strong.tsv", header, "b0RFKhbpFJA_30000\t0\t1\t/m/0bt9lr")


def audioset_json(folder):
    sound(folder / "a.wav")
    return text(folder / "eval.json", json.dumps({"data": [{"wav": "a.wav", "labels": "/m/09x0r"}]}))


def plain_manifest(folder):
    sound(folder / "a.wav")
    text(folder / "manifest.tsv", "path\tlabels", "a.wav\tDog")
    return folder


CORPORA = {  # each builder gives the path to open
    "esc50": (corpora.esc50, esc.read),
    "ESC-10 in folders": (corpora.esc10_by_folders, esc.read),
    "esc50.csv": (
        lambda folder: corpora.esc50(folder) / "meta/esc50.csv",
        lambda path: esc.read(path.parents[1]),
    ),
    "fsd50k": (corpora.fsd50k, fsd50k.read),
    "librispeech": (corpora.librispeech, librispeech.read),
    "segments": (corpora.audioset_segments, audioset.read_segments),
    "strong": (audioset_strong, audioset.read_strong),
    "folder of a strong list": (
        lambda folder: audioset_strong(folder).parent,
        lambda folder: audioset.read_strong(folder / "audioset_train_strong.tsv"),
    ),
    "json": (audioset_json, audioset.read_json),
    "manifest": (plain_manifest, lambda folder: manifest.read(folder / "manifest.tsv")),
}


@pytest.mark.parametrize("name", CORPORA)
def test_every_layout_is_known_by_itself_and_all_its_clips_are_there(tmp_path, name):
    build, read = CORPORA[name]
    path = build(tmp_path / "corpus")
    assert open_dataset(path) == read(path)
    assert open_dataset(str(path)).clips


@pytest.mark.parametrize("name", CORPORA)
def test_every_layout_tells_which_clip_is_missing(tmp_path, name):
    path = CORPORA[name][0](tmp_path / "corpus")
    whole = open_dataset(path)
    gone = whole.clips[-1]
    gone.path.unlink()
    if name == "ESC-10 in folders":  # which lists nothing, so that nothing can be missing
        assert open_dataset(path).clips == whole.clips[:-1]
        return
    with pytest.raises(BrokenClips) as caught:
        open_dataset(path)
    (problem,) = caught.value.problems
    assert problem.clip.labels == gone.labels and problem.kind == "missing"
    if len(whole.clips) > 1:
        seen = []
        left = open_dataset(path, skip_missing=True, report=lambda dataset, problems: seen.append(problems))
        assert left.clips == whole.clips[:-1]
        assert seen == [(problem,)]


def test_what_is_left_out_is_never_left_unsaid(tmp_path):
    corpora.esc50(tmp_path)
    (tmp_path / "audio/1-3-A-10.wav").unlink()
    with pytest.warns(UserWarning, match=r"1 of 4 clips of ESC-50 cannot be used .* they are left out"):
        open_dataset(tmp_path, skip_missing=True)


def test_all_that_was_looked_for_is_named(tmp_path):
    text(tmp_path / "README", "nothing of the kind")
    with pytest.raises(DatasetError) as caught:
        open_dataset(tmp_path)
    assert all(f"({name})" in str(caught.value) for name in LAYOUTS)
    with pytest.raises(DatasetError, match="no layout that is known here"):
        open_dataset(text(tmp_path / "table.csv", "file,class", "a.wav,Dog"))
    (tmp_path / "001 - Intro").mkdir()  # an album, and not ESC-10
    with pytest.raises(DatasetError, match="no layout that is known here"):
        open_dataset(tmp_path)
    with pytest.raises(DatasetError, match="there is no file or folder"):
        open_dataset(tmp_path / "nowhere")


def test_a_layout_can_be_asked_for_by_name(tmp_path):
    corpora.esc50(tmp_path)
    assert len(open_dataset(tmp_path, "esc10").clips) == 3
    with pytest.raises(DatasetError, match=r"vocabulary\.csv"):
        open_dataset(tmp_path, "fsd50k")
    with pytest.raises(OptionError, match=r"there is no layout 'esc51'; there are auto, esc50"):
        open_dataset(tmp_path, "esc51")


def test_two_lists_in_a_folder_are_a_question_and_no_guess(tmp_path):
    corpora.audioset_segments(tmp_path)
    shutil.copy(tmp_path / "balanced_train_segments.csv", tmp_path / "eval_segments.csv")
    with pytest.raises(
        DatasetError, match=r"found balanced_train_segments\.csv, eval_segments\.csv; give the path"
    ):
        open_dataset(tmp_path)


def test_a_file_of_another_form_than_the_one_asked_for_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="wanted YTID"):
        open_dataset(text(tmp_path / "a.csv", "path,labels", "a.wav,Dog"), "audioset")


def test_labels_and_completeness_can_be_chosen(tmp_path):
    corpora.esc50(tmp_path)
    assert open_dataset(tmp_path, labels="audioset") == esc.read(tmp_path, labels="audioset")
    chosen = open_dataset(tmp_path, complete=["esc10"])
    assert [clip.complete for clip in chosen.clips] == [True, True, True, False]
    assert not any(clip.complete for clip in open_dataset(tmp_path, complete=False).clips)


def test_recordings_of_audioset_may_lie_elsewhere_and_only_those(tmp_path):
    path = corpora.audioset_segments(tmp_path / "lists")
    (tmp_path / "lists/audio").rename(tmp_path / "disk")
    assert len(open_dataset(path, audio=tmp_path / "disk").clips) == 3
    with pytest.raises(OptionError, match="is for AudioSet"):
        open_dataset(corpora.esc50(tmp_path / "esc"), audio=tmp_path / "disk")


def test_a_list_of_segments_is_known_without_its_comments(tmp_path):
    path = corpora.audioset_segments(tmp_path)
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    bare, whole = open_dataset(text(tmp_path / "mine_train.csv", *lines)), open_dataset(path)
    assert bare.clips == whole.clips
