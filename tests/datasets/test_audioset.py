"""AudioSet's lists are read in the forms in which they go round, and their recordings found by name."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.corpora import audioset_segments, sound, text
from whisper_at.datasets import audioset
from whisper_at.datasets.clip import LabelSet, Sounding
from whisper_at.datasets.labelling import UnknownLabels
from whisper_at.errors import DatasetError

SPEECH, MUSIC, DOG = "/m/09x0r", "/m/04rlf", "/m/0bt9lr"
YAWN = "/m/01j423"  # a strong label that is none of the 527, though a node of the ontology
ALERT = "/t/dd00144"  # one that is no node either
STRONG_HEADER = "segment_id\tstart_time_seconds\tend_time_seconds\tlabel"

videos = st.text("abcXYZ019-_", min_size=11, max_size=11)


# --- segments ---


def test_segments_as_published(tmp_path):
    dataset = audioset.read_segments(audioset_segments(tmp_path))
    first, second, third = dataset.clips
    assert first.path == tmp_path / "audio/Y--PJHxphWEs.wav"
    assert second.path == tmp_path / "audio/deeper/--ZhevVpy1s_50.000_60.000.wav"
    assert third.path == tmp_path / "audio/--aE2O5G5WE.wav"
    assert third.labels == ("/m/03fwl", MUSIC, SPEECH)
    assert {(clip.fold, clip.complete, clip.start, clip.end) for clip in dataset.clips} == {
        ("train", False, 0.0, None)
    }
    assert dataset.labels == LabelSet.audioset()


def test_segments_that_a_spreadsheet_has_saved(tmp_path):
    published = text(tmp_path / "a.csv", f'--4gqARaEJE, 0.000, 10.000, "{SPEECH},{DOG},{MUSIC}"')
    spoilt = text(tmp_path / "b.csv", f'--4gqARaEJE,0.000,10.000,"""{SPEECH}",{DOG},"{MUSIC}""",,,,')
    assert audioset.read_segments(spoilt).clips == audioset.read_segments(published).clips


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("--4gqARaEJE, 10, 0, /m/09x0r", "line 2: wanted YTID, start, end"),
        ("--4gqARaEJE, 0, 10", "line 2: wanted YTID, start, end"),
        ("--4gqARaEJE, zero, 10, /m/09x0r", "line 2: wanted YTID, start, end"),
        ("#NAME?, 0, x, /m/09x0r", "line 2: wanted YTID, start, end"),
        ("abcdefghijk, 0, 10, /m/09x0r", "line 2: the video abcdefghijk is there already"),
    ],
)
def test_a_row_that_is_no_segment_is_said_with_its_line(tmp_path, row, said):
    path = text(tmp_path / "a.csv", "abcdefghijk, 0, 10, /m/09x0r", row)
    with pytest.raises(DatasetError) as caught:
        audioset.read_segments(path)
    assert said in str(caught.value)


def test_unknown_mids_are_gathered(tmp_path):
    path = text(tmp_path / "a.csv", f'abcdefghijk,0,10,"{SPEECH},/m/1"', 'bbcdefghijk,0,10,"/m/2,/m/1"')
    with pytest.raises(
        UnknownLabels, match="2 mids are none of AudioSet's 527, the first is '/m/1' in line 1"
    ) as c:
        audioset.read_segments(path)
    assert c.value.labels == ("/m/1", "/m/2")


# --- names of recordings ---


@pytest.mark.parametrize(
    "form",
    "{} Y{} id_{} {}_30 {}_30.000 {}_30000 {}_30_40 {}_30.000_40.000 Y{}_30.000_40.000 {}_30000_40000 "
    "{}_000030 {}_30.0-40.0 {}-30-40".split(),
)
@given(video=videos)
def test_usual_names_are_found(tmp_path_factory, form, video):
    folder = tmp_path_factory.mktemp("audio")
    path = folder / "part" / f"{form.format(video)}.FLAC"
    path.parent.mkdir()
    path.touch()
    assert audioset.find_audio(folder, {video: 30.0}) == {video: path}


@given(video=videos)
def test_what_is_no_recording_of_the_segment_is_not_taken_for_it(tmp_path_factory, video):
    folder = tmp_path_factory.mktemp("audio")
    for name in (
        f"{video}_70_80.wav",
        f"{video}x.wav",
        f"{video}.json",
        f"X{video}.wav",
        f"{video}_30_40_50.wav",
    ):
        (folder / name).touch()
    assert audioset.find_audio(folder, {video: 30.0}) == {video: folder / f"{video}.wav"}


# --- strong labels ---


def test_strong_labels_are_times_within_the_segment(tmp_path):
    sound(tmp_path / "audio" / "b0RFKhbpFJA_30000.wav")
    path = text(
        tmp_path / "audioset_eval_strong.tsv",
        STRONG_HEADER,
        f"b0RFKhbpFJA_30000\t0.000\t10.000\t{MUSIC}",
        f"s9d-2nhuJCQ_80000\t2.627\t7.237\t{DOG}",
        f"b0RFKhbpFJA_30000\t4.753\t5.720\t{SPEECH}",
        f"b0RFKhbpFJA_30000\t6.899\t7.010\t{SPEECH}",
    )
    dataset = audioset.read_strong(path, audio=tmp_path / "audio")
    first, second = dataset.clips
    assert first.path == tmp_path / "audio" / "b0RFKhbpFJA_30000.wav"
    assert (first.labels, first.fold, first.start) == ((MUSIC, SPEECH), "eval", 0.0)
    assert first.soundings == (
        Sounding(label=MUSIC, start=0, end=10),
        Sounding(label=SPEECH, start=4.753, end=5.72),
        Sounding(label=SPEECH, start=6.899, end=7.01),
    )
    assert second.soundings == (Sounding(label=DOG, start=2.627, end=7.237),)
    assert dataset.labels == LabelSet.audioset()


def test_strong_labels_beyond_the_527_follow_them(tmp_path):
    rows = [f"b0RFKhbpFJA_0\t0\t1\t{mid}" for mid in (DOG, ALERT, YAWN)]
    path = text(tmp_path / "a.tsv", STRONG_HEADER, *rows)
    text(tmp_path / "mid_to_display_name.tsv", f"{YAWN}\tYawn", f"{DOG}\tDog")
    dataset = audioset.read_strong(path)
    assert dataset.clips[0].labels == (DOG, ALERT, YAWN)
    assert dataset.labels.ids == (*LabelSet.audioset().ids, YAWN, ALERT)
    assert dataset.labels.names[527:] == ("Yawn", ALERT)
    assert dataset.labels.implied([ALERT, DOG]) == (ALERT, DOG, *LabelSet.audioset().ancestors[DOG])
    only = audioset.read_strong(path, labels="audioset")
    assert (only.clips[0].labels, only.labels) == ((DOG,), LabelSet.audioset())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([STRONG_HEADER, f"b0RFKhbpFJA\t0\t1\t{DOG}"], "line 2: wanted YTID_milliseconds"),
        ([STRONG_HEADER, f"b0RFKhbpFJA_0\t2\t1\t{DOG}"], "line 2: wanted YTID_milliseconds"),
        ([STRONG_HEADER, "b0RFKhbpFJA_0\t0\t1\t"], "line 2: wanted YTID_milliseconds"),
        (
            [STRONG_HEADER, *(f"b0RFKhbpFJA_{ms}\t0\t1\t{DOG}" for ms in (0, 10000))],
            "line 3: another segment",
        ),
        ([f"{STRONG_HEADER}\tpresent", f"b0RFKhbpFJA_0\t0\t1\t{DOG}\tNOT_PRESENT"], "strong labels have"),
    ],
)
def test_what_is_no_strong_label_is_not_taken_for_one(tmp_path, lines, said):
    with pytest.raises(DatasetError) as caught:
        audioset.read_strong(text(tmp_path / "a.tsv", *lines))
    assert said in str(caught.value)


# --- the original's JSON ---


@given(
    entries=st.lists(
        st.tuples(
            st.text(min_size=1, max_size=25).filter(lambda t: "\0" not in t),
            st.sampled_from([SPEECH, f"{MUSIC},{DOG}"]),
        ),
        max_size=20,
    ),
    indent=st.sampled_from([None, 1]),
    chunk=st.integers(400, 600),
)
def test_json_is_read_piece_by_piece_as_it_is_as_a_whole(tmp_path_factory, entries, indent, chunk):
    path = tmp_path_factory.getbasetemp() / "train.json"
    data = [{"wav": wav, "labels": labels} for wav, labels in entries]
    path.write_text(json.dumps({"data": data}, indent=indent), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audioset, "CHUNK", chunk)  # so that entries lie across the pieces
        assert list(audioset.json_entries(path)) == data


def test_the_clips_of_the_originals_json(tmp_path):
    data = [{"wav": "/elsewhere/a.flac", "labels": f"{MUSIC},{DOG}"}, {"wav": "b.flac", "labels": SPEECH}]
    path = text(tmp_path / "eval.json", json.dumps({"data": data}))
    first, second = audioset.read_json(path).clips
    assert (first.path, first.labels, first.fold) == (Path("/elsewhere/a.flac"), (MUSIC, DOG), "eval")
    assert second.path == tmp_path / "b.flac"
    moved = audioset.read_json(path, audio=tmp_path / "here").clips
    assert [clip.path.parent for clip in moved] == [tmp_path / "here"] * 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", 'does not begin with {"data": ['),
        ('{"data": [{"wav": "a", "labels": "/m/09x0r"}, {"wav"', "no JSON after 1 entries"),
        ('{"data": [{"wav": "a", "labels": "/m/09x0r"}', "no JSON after 1 entries"),
        ('{"data": [{"wav": "a"}]}', "entry 1: wanted"),
        ('{"data": ["a"]}', "entry 1: wanted"),
        ('{"data": [{"wav": "a", "labels": null}]}', "entry 1: wanted"),
        ('{"data": [{"wav": "a", "labels": "/m/1"}]}', "the first is '/m/1' in entry 1"),
    ],
)
def test_json_of_another_form_is_an_error(tmp_path, content, said):
    with pytest.raises(DatasetError) as caught:
        audioset.read_json(text(tmp_path / "a.json", content))
    assert said in str(caught.value)
