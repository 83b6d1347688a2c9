"""A manifest comes back as it was written, in whatever format, and what it cannot mean is said with its line."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.datasets.corpora import recordings, text
from whisper_at.datasets import manifest
from whisper_at.datasets.clip import Clip, Dataset, LabelSet, Sounding
from whisper_at.datasets.opening import open_dataset
from whisper_at.errors import DatasetError, OutputError

AUDIOSET = LabelSet.audioset()
DOG, RAIN = "/m/0bt9lr", "/m/06mb1"

seconds = st.floats(0, 1e6)
file_names = st.text(st.characters(exclude_characters="/\\\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in (".", "..")
)


@st.composite
def label_sets(draw):
    """AudioSet's, one of labels alone, or one with names and relations of its own."""
    ids = draw(st.lists(st.text(min_size=1), min_size=1, max_size=6, unique=True))
    names = draw(st.lists(st.text(), min_size=len(ids), max_size=len(ids)))
    ancestors = draw(st.dictionaries(st.sampled_from(ids), st.lists(st.sampled_from(ids)).map(tuple)))
    own = LabelSet(ids=tuple(ids), names=tuple(names), ancestors=ancestors)
    return draw(st.sampled_from([AUDIOSET, LabelSet.of(ids), own]))


@st.composite
def clips(draw, ids, folder=Path()):
    start = draw(seconds)
    labels = draw(st.lists(st.sampled_from(ids), max_size=4, unique=True))
    times = st.tuples(seconds, seconds).map(sorted)
    sounding = st.builds(
        lambda label, both: Sounding(label=label, start=both[0], end=both[1]), st.sampled_from(ids), times
    )
    return Clip(
        path=folder.joinpath(*draw(st.lists(file_names, min_size=1, max_size=3))),
        labels=tuple(labels),
        soundings=draw(st.none() | st.lists(sounding, max_size=3).map(tuple)),
        complete=draw(st.booleans()),
        start=start,
        end=draw(st.none() | seconds.filter(lambda end: end > start)),
        fold=draw(st.text(max_size=3)),
        transcript=draw(st.none() | st.text()),
        language=draw(st.none() | st.text(max_size=3)),
        subset=draw(st.text(max_size=5)),
    )


@st.composite
def datasets(draw, folder):
    labels = draw(label_sets())
    found = draw(
        st.lists(
            clips(labels.ids, folder), min_size=1, max_size=5, unique_by=lambda c: (c.path, c.start, c.end)
        )
    )
    return Dataset(name=draw(st.text()), clips=tuple(found), labels=labels)


# --- laws ---


@settings(max_examples=50)
@given(data=st.data())
def test_what_is_written_is_read_again(data, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    dataset = data.draw(datasets(folder))
    manifest.write(dataset, folder / "saved.jsonl")
    assert manifest.read(folder / "saved.jsonl") == dataset


plain_words = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters='|"'), min_size=1)


@given(
    st.lists(
        st.tuples(
            plain_words.filter(lambda name: name not in (".", "..")),
            st.lists(st.sampled_from(AUDIOSET.names), max_size=3, unique=True),
            st.sampled_from(["", "1", "test"]),
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).map(str.strip),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda row: row[0],
    ),
    st.sampled_from([("csv", ","), ("csv", ";"), ("csv", "\t"), ("tsv", "\t")]),
)
@example([("a.wav", ["Dog"], "", 'he said "no",\nand ;went')], ("csv", ","))
def test_a_table_says_the_same_as_jsonl(tmp_path_factory, rows, form):
    folder = tmp_path_factory.getbasetemp()
    suffix, delimiter = form
    with (folder / f"same.{suffix}").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["path", "labels", "fold", "transcript"])
        writer.writerows([path, "|".join(labels), fold, said] for path, labels, fold, said in rows)
    with (folder / "same.jsonl").open("w", encoding="utf-8") as file:
        for path, labels, fold, said in rows:
            row = {"path": path, "labels": labels, "fold": fold, "transcript": said or None}
            file.write(json.dumps(row) + "\n")
    assert manifest.read(folder / f"same.{suffix}") == manifest.read(folder / "same.jsonl")


def test_names_that_are_no_utf8_come_back_too(tmp_path):
    dataset = Dataset(name="old disk", clips=(Clip(path=tmp_path / "caf\udce9.wav"),), labels=AUDIOSET)
    manifest.write(dataset, tmp_path / "saved.jsonl")
    assert manifest.read(tmp_path / "saved.jsonl") == dataset


def test_a_folder_with_its_manifest_can_be_moved(tmp_path):
    (tmp_path / "here").mkdir()
    clip = Clip(path=tmp_path / "here" / "a" / "b.wav")
    manifest.write(Dataset(name="", clips=(clip,), labels=AUDIOSET), tmp_path / "here" / "saved.jsonl")
    (tmp_path / "here").rename(tmp_path / "there")
    moved = manifest.read(tmp_path / "there" / "saved.jsonl").clips
    assert moved == (replace(clip, path=tmp_path / "there" / "a" / "b.wav"),)


def test_paths_elsewhere_are_written_in_full(tmp_path, monkeypatch):
    (tmp_path / "lists").mkdir()
    monkeypatch.chdir(tmp_path)
    dataset = Dataset(name="", clips=(Clip(path=Path("sounds/a.wav")),), labels=AUDIOSET)
    manifest.write(dataset, Path("lists/saved.jsonl"))
    assert manifest.read(Path("lists/saved.jsonl")).clips[0].path == tmp_path / "sounds" / "a.wav"


# --- what the columns mean ---


def test_names_and_mids_are_both_understood(tmp_path):
    path = text(tmp_path / "a.csv", "path,labels", "x.wav,dog|/m/06mb1", "y.wav,Chirp")
    assert [clip.labels for clip in manifest.read(path).clips] == [(DOG, RAIN), ("/m/07pggtn",)]


def test_audiosets_own_columns_go_before_the_labels_of_the_corpus(tmp_path):
    path = text(
        tmp_path / "a.tsv",
        "path\tset\tlabel\taudioset_labels\taudioset_mids\tlang",
        f"x.wav\tfx\tbig dog 3\tDog|Bark\t{DOG}|/m/05tny_\ten",
        "y.wav\tfx\tswoosh\t\t\t",
    )
    first, second = manifest.read(path).clips
    assert (first.labels, first.subset, first.language) == ((DOG, "/m/05tny_"), "fx", "en")
    assert (second.labels, second.subset, second.language) == ((), "fx", None)


def test_the_same_manifest_can_speak_of_its_own_labels(tmp_path):
    path = text(tmp_path / "a.tsv", "path\tlabel\taudioset_mids", f"x.wav\tbig dog 3\t{DOG}")
    assert manifest.read(path, labels="own").clips[0].labels == ("big dog 3",)


def test_a_clip_of_strong_labels_needs_no_others(tmp_path):
    path = text(
        tmp_path / "a.jsonl",
        '{"path": "x.wav", "soundings": [["Dog", 0.5, 2], ["Dog", 3, 4], ["Rain", 0, 9]]}',
    )
    (clip,) = manifest.read(path).clips
    assert clip.labels == (DOG, RAIN)
    assert clip.soundings[1] == Sounding(label=DOG, start=3, end=4)


@pytest.mark.parametrize(
    ("said", "asked", "found"),
    [
        ("yes", False, True),
        ("0", True, False),
        ("", True, True),
        ("", ["clean"], True),
        ("", ["unclean"], False),
        ("", "unclean", False),
    ],
)
def test_the_row_says_whether_it_is_complete_and_else_the_caller(tmp_path, said, asked, found):
    path = text(tmp_path / "a.csv", "path,subset,complete", f"x.wav,clean,{said}")
    assert manifest.read(path, complete=asked).clips[0].complete is found


def test_a_manifest_is_named_for_its_folder_if_it_has_no_name_of_its_own(tmp_path):
    for name, expected in (("manifest.csv", tmp_path.name), ("birds.csv", "birds")):
        assert manifest.read(text(tmp_path / name, "path", "x.wav")).name == expected


# --- errors ---


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["path,start,end", "x.wav,2,1"], "line 2: the clip ends at 1 s, before it starts at 2 s"),
        (["path,start", "x.wav,-1"], "line 2: 'start' must be seconds from 0 on, found '-1'"),
        (["path,end", "x.wav,nan"], "line 2: 'end' must be seconds"),
        (["path,fold", "a.wav,1", ",2"], "line 3: the path of the recording must be given"),
        (["path,labels", "x.wav"], "line 2: the header has 2 columns, this row 1"),
        (["path,labels", "x.wav,Dog,Rain"], "line 2: the header has 2 columns, this row 3"),
        (["path,labels", 'x.wav,"Dog'], "line 2: unexpected end of data"),
        (["path,labels,path", "x.wav,,"], "two columns called 'path'"),
        (["file,label", "x.wav,Dog"], "no column 'path'; found file, label"),
        (["path,complete", "x.wav,maybe"], "line 2: 'complete' must be"),
        (["path,labels", "x.wav,Dog", "y.wav,Rain", "x.wav,Bark"], "x.wav is there already, in line 2"),
        (["path"], "names no clips"),
        ([], "no column 'path'; found nothing"),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_line(tmp_path, lines, said):
    path = text(tmp_path / "a.csv", *lines)
    with pytest.raises(DatasetError) as caught:
        manifest.read(path)
    assert said in str(caught.value)
    assert "a.csv" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: not JSON"),
        ("[1]", "line 2: wanted an object"),
        ('{"path": "x.wav", "labels": 3}', "line 2: 'labels' must be labels joined by |"),
        ('{"path": "x.wav", "soundings": [["Dog", 2, 1]]}', "line 2: a sounding is a label and seconds"),
        ('{"path": "x.wav", "soundings": [["Dog", 2]]}', "line 2: 'soundings' must be"),
        ('{"path": "x.wav", "start": true}', "line 2: 'start' must be seconds"),
        ('{"path": "x.wav", "fold": [1]}', "line 2: 'fold' must be text"),
        ('{"path": 7}', "line 2: the path of the recording must be given, found 7"),
    ],
)
def test_so_it_is_in_jsonl(tmp_path, line, said):
    path = text(tmp_path / "a.jsonl", '{"path": "first.wav"}', line)
    with pytest.raises(DatasetError) as caught:
        manifest.read(path)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_manifest_of_a_later_schema_is_not_guessed_at(tmp_path):
    path = text(tmp_path / "a.jsonl", '{"schema": "whisper-at-clips/2"}', '{"path": "x.wav"}')
    with pytest.raises(DatasetError, match="this version reads whisper-at-clips/1"):
        manifest.read(path)


def test_a_label_that_the_first_line_does_not_list_is_an_error(tmp_path):
    head = {"schema": manifest.SCHEMA, "labels": {"ids": ["a"], "names": ["A"], "ancestors": {}}}
    path = text(tmp_path / "a.jsonl", json.dumps(head), '{"path": "x.wav", "labels": ["b"]}')
    with pytest.raises(DatasetError, match="line 2: the label 'b' is none of the 1 that line 1 lists"):
        manifest.read(path)


def test_nothing_is_written_that_could_not_be_read(tmp_path):
    dataset = Dataset(name="", clips=(Clip(path=tmp_path / "x.wav"),), labels=AUDIOSET)
    with pytest.raises(OutputError, match=r"\.jsonl"):
        manifest.write(dataset, tmp_path / "saved.csv")
    endless = replace(dataset, clips=(replace(dataset.clips[0], end=math.inf),))
    with pytest.raises(ValueError):
        manifest.write(endless, tmp_path / "saved.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_no_utf8_are_an_error_with_what_to_do(tmp_path):
    (tmp_path / "a.csv").write_bytes("path,labels\ncafé.wav,Dog\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="save it as UTF-8"):
        manifest.read(tmp_path / "a.csv")


# --- real recordings ---


@pytest.mark.data
def test_the_manifest_of_the_recordings_reads_as_it_is(tmp_path):
    dataset = open_dataset(recordings() / "manifest.tsv")  # every file is there, or this raises
    assert len(dataset.clips) == 9750
    assert dataset.labels == AUDIOSET
    heard = {mid for clip in dataset.clips for mid in clip.labels}
    assert len(heard) == 255 and heard <= set(AUDIOSET.ids)
    assert {clip.fold for clip in dataset.clips if clip.subset == "esc10"} == {"1", "2", "3", "4"}
    assert sum(clip.transcript is not None for clip in dataset.clips) == 3525
    manifest.write(dataset, tmp_path / "copy.jsonl")
    assert manifest.read(tmp_path / "copy.jsonl") == dataset
