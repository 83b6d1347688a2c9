"""Stored annotations: converted to anything and searched, without a model."""

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.test_annotation import ANNOTATION, SEGMENT
from whisper_at.annotation import SCHEMA, Word
from whisper_at.timeline import Event

HEAVY = ("openvino", "ctranslate2", "torch", "av", "matplotlib")
WORDS = tuple(
    Word(word=f" {text}", start=float(i), end=i + 0.8, probability=1)
    for i, text in enumerate("Help me please".split())
)
SAID = replace(SEGMENT, start=0.0, end=2.8, text=" Help me please", words=WORDS)
GLASS = Event(label="Shatter", mid="/m/07rn7sz", start=5.0, end=5.5, probability=0.8)
CAR = Event(label="Car", mid="/m/0k4j", start=60.0, end=65.0, probability=0.4)
STORED = replace(
    ANNOTATION, text="Help me please", language="en", duration=70.0, segments=(SAID,), events=(GLASS, CAR)
)


@pytest.fixture
def stored(here):
    """An annotation in a file, and another one in a folder."""

    def write(name, annotation=STORED):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(annotation.to_dict()))
        return path

    return write


def test_an_annotation_becomes_any_format(command, stored, here):
    stored("street.json")
    answer = command("convert", "street.json", "-f", "srt,vtt,textgrid", "-o", "out")
    assert answer.status == 0
    assert sorted(path.name for path in (here / "out").iterdir()) == [
        "street.TextGrid",
        "street.srt",
        "street.vtt",
    ]
    assert "Help me please" in (here / "out/street.srt").read_text()


def test_a_recording_that_no_browser_plays_is_made_to_be_played(command, stored, sound, here):
    stored("street.json")
    sound("street.aiff")
    assert command("convert", "street.json", "-f", "html", "-o", "out", "-q").status == 0
    assert 'src="data:audio/webm;base64,' in (here / "out/street.html").read_text()
    (here / "street.aiff").write_bytes(b"no sound at all")
    assert command("convert", "street.json", "-f", "html", "-o", "out", "-q").status == 0
    assert 'src="../street.aiff"' in (here / "out/street.html").read_text()


def test_what_cannot_be_converted_is_named_and_the_others_go_on(command, stored, here):
    stored("a/good.json")
    (here / "a/bad.json").write_text("{}")
    (here / "a/worse.json").write_text("nothing")
    answer = command("convert", "a", "a/bad.json", "missing.json", "-q")
    assert answer.status == 1
    assert (here / "good.srt").is_file()
    named, missing, others = answer.talk
    assert named.startswith("a/bad.json is no annotation") and missing.startswith(
        "missing.json cannot be read"
    )
    assert others == "1 file is no annotation and passed over, such as a/worse.json"


def test_a_folder_with_other_files_is_searched_all_the_same(command, stored, here):
    stored("a/good.json")
    for i in range(30):
        (here / f"a/{i}.json").write_text("{}")
    answer = command("find", "shatter", "a")
    assert answer.status == 0 and len(answer.out.splitlines()) == 1
    assert answer.talk == ["30 files are no annotation and passed over, such as a/0.json"]


def test_annotations_of_one_name_have_results_of_their_own(command, stored, here):
    texts = {"a/talk": "one", "b/talk": "two", "c/b/TALK": "three"}
    for name, text in texts.items():
        stored(f"{name}.json", replace(STORED, text=text))
    answer = command("convert", "a", "b", "c", "-f", "txt,json", "-o", "out")
    assert answer.status == 0
    written = {path.stem: json.loads(path.read_text())["text"] for path in (here / "out").glob("*.json")}
    assert written == {"talk": "one", "b-talk": "two", "c-b-TALK": "three"}
    assert len(list((here / "out").glob("*.txt"))) == 3


def test_from_stdin_one_format_goes_to_stdout(command, stored, monkeypatch):
    text = stored("street.json").read_text()
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert "Help me please" in command("convert", "-", "-f", "srt").out
    answer = command("convert", "-", "-f", "srt,vtt")
    assert (answer.status, answer.out) == (2, "") and "takes one format" in answer.talk[0]


def test_an_annotation_is_not_written_over_itself(command, stored):
    path = stored("street.json")
    before = path.read_text()
    answer = command("convert", "street.json", "-f", "json")
    assert answer.status == 1 and "over itself" in answer.talk[0]
    assert path.read_text() == before


def test_words_without_times_cannot_be_highlighted(command, stored):
    stored("plain.json", replace(STORED, segments=(replace(SAID, words=None),)))
    answer = command("convert", "plain.json", "--highlight_words", "True")
    assert answer.status == 1 and "--word_timestamps" in answer.talk[0]


@pytest.mark.parametrize(
    "what", [["convert", "street.json", "-f", "all", "-o", "out"], ["find", "glass", "street.json"]]
)
def test_neither_loads_an_engine(stored, here, what):
    stored("street.json")
    program = f"import sys; from whisper_at.cli.app import run; run({what!r}); print({{*{HEAVY!r}}} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=here, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"


def found(answer):
    return [json.loads(line) for line in answer.out.splitlines()]


def test_sounds_are_found_by_what_they_are_called(command, stored):
    stored("street.json")
    for query in ("shatter", "glass|alarm", "/m/07rn7sz", "important", "group:important"):
        (hit,) = found(command("find", query, "street.json", "--json", "--kind", "heard"))
        assert (hit["file"], hit["text"], hit["start"], hit["end"]) == ("street.json", "Shatter", 5.0, 5.5)
    (hit,) = found(command("find", "vehicles", "street.json", "--json"))
    assert hit["text"] == "Car"
    assert command("find", "vehicles", "street.json", "--threshold", "0.5").status == 1


def test_words_are_found_at_their_own_times(command, stored):
    stored("street.json")
    (hit,) = found(command("find", "me please", "street.json", "--json"))
    assert (hit["start"], hit["end"], hit["kind"], hit["context"]) == (1.0, 2.8, "said", "Help me please")
    stored("plain.json", replace(STORED, segments=(replace(SAID, words=None),)))
    (hit,) = found(command("find", "HELP", "plain.json", "--json"))
    assert (hit["start"], hit["end"]) == (0.0, 2.8)


def test_near_is_within_so_many_seconds(command, stored):
    stored("street.json")
    assert command("find", "shatter", "street.json", "--near", "help").status == 0
    assert command("find", "shatter", "street.json", "--near", "help", "--within", "1").status == 1
    assert command("find", "car", "street.json", "--near", "help").status == 1


def test_what_is_near_may_be_of_the_other_kind_but_not_the_same(command, stored):
    stored("street.json")
    (hit,) = found(command("find", ".", "street.json", "--kind", "heard", "--near", "please", "--json"))
    assert hit["text"] == "Shatter"
    assert command("find", "shatter", "street.json", "--near", "shatter").status == 1


def test_the_context_of_a_sound_is_what_was_said_meanwhile(command, stored):
    bang = replace(GLASS, start=1.0, end=1.2)
    stored("street.json", replace(STORED, events=(bang, CAR)))
    out = command("find", "shatter|car", "street.json", "--context").out
    assert out.splitlines() == [
        "street.json  [00:01.0 → 00:01.2]  [Shatter 0.80]  Help me please",
        "street.json  [01:00.0 → 01:05.0]  [Car 0.40]",
    ]


def test_on_a_terminal_what_is_found_is_coloured(command, stored, monkeypatch):
    stored("street.json")
    plain = command("find", "shatter|help", "street.json").out
    assert "\x1b" not in plain
    monkeypatch.setattr("whisper_at.cli.find.is_colourful", lambda: True)
    bright = command("find", "shatter|help", "street.json").out
    assert "\x1b[1;31m[Shatter 0.80]\x1b[0m" in bright  # glass is important
    assert re.sub("\x1b\\[[0-9;]*m", "", bright) == plain


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "'segments' is missing"),
        ({"segments": None, "events": []}, "not a whole annotation: 'NoneType'"),
        ({"segments": [], "events": [{"probability": None}]}, "not a whole annotation: '>='"),
    ],
)
def test_what_is_no_whole_annotation_is_told_so(command, here, content, reason):
    (here / "bad.json").write_text(json.dumps({"schema": SCHEMA, **content}))
    answer = command("find", "x", "bad.json")
    assert answer.status == 2
    (line,) = answer.talk
    assert line.startswith("bad.json: ") and reason in line


def test_what_is_found_is_a_line_or_a_row(command, stored):
    stored("street.json")
    assert (
        command("find", "shatter", "street.json").out == "street.json  [00:05.0 → 00:05.5]  [Shatter 0.80]\n"
    )
    table = list(csv.DictReader(io.StringIO(command("find", "shatter|help", "street.json", "--csv").out)))
    assert [row["kind"] for row in table] == ["said", "heard"]


def test_a_query_that_is_no_expression_is_wrong_usage(command, stored):
    stored("street.json")
    assert command("find", "(", "street.json").status == 2
    for senseless in (
        ("--kind", "smelt"),
        ("--within", "-1"),
        ("--within", "nan"),
        ("--threshold", "7"),
        ("--json", "--csv"),
    ):
        assert command("find", "x", "street.json", *senseless).status == 2
