"""LibriSpeech is speech with its words."""

from pathlib import Path

import pytest

from tests.datasets.corpora import librispeech as corpus
from tests.datasets.corpora import text
from whisper_at.datasets import librispeech
from whisper_at.errors import DatasetError
from whisper_at.tagging.ontology import SPEECH


def test_sentences_have_their_words_and_their_part_of_the_corpus(tmp_path):
    clips = librispeech.read(corpus(tmp_path)).clips
    assert [(clip.transcript, clip.subset, clip.fold) for clip in clips] == [
        ("YES", "test-other", "test"),
        ("CHAPTER ONE", "train-clean-100", "train"),
        ("THAT HAD ITS SOURCE AWAY BACK", "train-clean-100", "train"),
    ]
    assert {(clip.labels, clip.language, clip.complete) for clip in clips} == {((SPEECH,), "en", False)}
    assert all(clip.path.is_file() for clip in clips)  # one of them is a .wav


def test_a_subset_or_a_chapter_says_the_same_as_the_whole(tmp_path, monkeypatch):
    whole = librispeech.read(corpus(tmp_path)).clips
    assert librispeech.read(tmp_path / "train-clean-100").clips == whole[1:]
    assert librispeech.read(tmp_path / "test-other/8/9").clips == whole[:1]
    monkeypatch.chdir(tmp_path / "test-other/8")
    (clip,) = librispeech.read(Path("9")).clips
    assert (clip.subset, clip.fold) == ("test-other", "test")


def test_a_sentence_without_a_recording_keeps_the_path_that_it_would_have(tmp_path):
    (corpus(tmp_path) / "train-clean-100/103/1240/103-1240-0001.flac").unlink()
    paths = [clip.path.name for clip in librispeech.read(tmp_path).clips]
    assert paths == ["8-9-0000.wav", "103-1240-0000.flac", "103-1240-0001.flac"]


def test_what_is_no_corpus_of_this_kind_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="holds no"):
        librispeech.read(tmp_path)
    text(tmp_path / "1-2.trans.txt", "1-2-0000 YES", "1-2-0001")
    with pytest.raises(DatasetError, match="line 2: wanted a name and its words, found '1-2-0001'"):
        librispeech.read(tmp_path)
