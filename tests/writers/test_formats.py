"""What is written is read back by another library: the same times, the same words."""

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import srt
import webvtt
from hypothesis import given
from praatio import textgrid

from tests.test_annotation import ANNOTATION, SEGMENT
from tests.writers.transcripts import talks
from whisper_at.annotation import Word
from whisper_at.timeline import Event
from whisper_at.writers import WRITERS, suffix
from whisper_at.writers.captions import captions
from whisper_at.writers.options import WriteOptions

PLAIN = WriteOptions()
TTML = "{http://www.w3.org/ns/ttml}"


def clock(text):
    hours, minutes, seconds = text.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def expected(annotation, options=PLAIN):
    return [(cue.start, cue.end, "\n".join(cue.lines)) for cue in captions(annotation, options)]


def same(found, wanted):
    assert len(found) == len(wanted)
    for (start, end, text), (a, b, said) in zip(found, wanted, strict=True):
        assert (start, end) == (pytest.approx(a, abs=6e-4), pytest.approx(b, abs=6e-4))
        assert text == said


@given(talks())
def test_srt_is_read_back(annotation):
    parsed = srt.parse(WRITERS["srt"](annotation, PLAIN))
    found = [(s.start.total_seconds(), s.end.total_seconds(), s.content) for s in parsed]
    same(found, expected(annotation))


@given(talks())
def test_vtt_is_read_back(annotation):
    parsed = webvtt.from_string(WRITERS["vtt"](annotation, PLAIN))
    same([(clock(c.start), clock(c.end), c.text) for c in parsed.captions], expected(annotation))


@given(talks())
def test_ttml_is_read_back(annotation):
    root = ElementTree.fromstring(WRITERS["ttml"](annotation, PLAIN))
    found = []
    for p in root.iter(f"{TTML}p"):
        for br in p.iter(f"{TTML}br"):
            br.text = "\n"
        found.append((clock(p.get("begin")), clock(p.get("end")), "".join(p.itertext()).strip()))
    same(found, expected(annotation))


@given(talks())
def test_ass_has_each_caption(annotation):
    lines = [line for line in WRITERS["ass"](annotation, PLAIN).splitlines() if line.startswith("Dialogue:")]
    found = []
    for line in lines:
        _, start, end, *_, text = line.split(",", 9)
        found.append((clock(start), clock(end), text.replace(r"\N", "\n")))
    wanted = expected(annotation)
    assert [text for _, _, text in found] == [text for _, _, text in wanted]
    for (start, end, _), (a, b, _) in zip(found, wanted, strict=True):
        assert (start, end) == (pytest.approx(a, abs=0.0101), pytest.approx(b, abs=0.0101))


@given(talks())
def test_textgrid_is_read_back(annotation):
    text = WRITERS["textgrid"](annotation, PLAIN)
    grid = textgrid.openTextgrid(_file(text), includeEmptyIntervals=False)
    assert grid.maxTimestamp == pytest.approx(annotation.duration)
    spoken = [(i.start, i.end, i.label) for i in grid.getTier("segments").entries]
    assert [label for *_, label in spoken] == [s.text.strip() for s in annotation.segments]
    names = {event.label for event in annotation.events}
    assert {name for name in grid.tierNames if name not in ("segments", "words")} == names


def _file(text):
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".TextGrid", delete=False, encoding="utf-8") as file:
        file.write(text)
    return file.name


@given(talks())
def test_tables_are_read_back(annotation):
    table = list(csv.DictReader(io.StringIO(WRITERS["csv"](annotation, PLAIN))))
    lines = [json.loads(line) for line in WRITERS["jsonl"](annotation, PLAIN).splitlines()]
    assert len(table) == len(lines) == len(annotation.segments) + len(annotation.events)
    assert [row["start"] for row in lines] == sorted(row["start"] for row in lines)
    assert [row["text"] for row in lines if row["kind"] == "said"] == [
        row["text"] for row in table if row["kind"] == "said"
    ]
    tsv = WRITERS["tsv"](annotation, PLAIN).splitlines()
    assert tsv[0] == "start\tend\ttext"
    assert [int(line.split("\t")[0]) for line in tsv[1:]] == [
        round(1000 * s.start) for s in annotation.segments
    ]


@given(talks())
def test_rttm_and_audacity_have_a_line_each(annotation):
    n = len(annotation.segments) + len(annotation.events)
    marks = [line.split() for line in WRITERS["rttm"](annotation, PLAIN).splitlines()]
    assert len(marks) == n and all(len(mark) == 10 for mark in marks)
    labels = [line.split("\t") for line in WRITERS["audacity"](annotation, PLAIN).splitlines()]
    assert len(labels) == n and all(float(start) <= float(end) for start, end, _ in labels)


@given(talks())
def test_lyrics_are_in_order(annotation):
    times = [line[1:].split("]")[0].split(":") for line in WRITERS["lrc"](annotation, PLAIN).splitlines()]
    seconds = [60 * int(m) + float(s) for m, s in times]
    assert seconds == sorted(seconds)


SPOKEN = replace(
    ANNOTATION,
    language="en",
    duration=4.0,
    segments=(
        replace(
            SEGMENT,
            start=0.0,
            end=2.0,
            text=" Rain & <sun> {now}",
            words=tuple(
                Word(word=f" {text}", start=i / 2, end=i / 2 + 0.4, probability=1)
                for i, text in enumerate(["Rain", "&", "<sun>", "{now}"])
            ),
        ),
    ),
    events=(Event(label="Bark", mid="/m/05tny_", start=2.5, end=3.5, probability=0.7),),
)


def test_marks_of_the_formats_are_text():
    assert "Rain &amp; &lt;sun&gt; (now)" in WRITERS["vtt"](SPOKEN, PLAIN)
    assert "Rain & <sun> (now)" in WRITERS["srt"](SPOKEN, PLAIN)
    assert "Rain & <sun> (now)" in WRITERS["ass"](SPOKEN, PLAIN)


def test_each_word_is_highlighted_once_while_it_is_said():
    chosen = WriteOptions(highlight_words=True, sounds="off")
    steps = list(srt.parse(WRITERS["srt"](SPOKEN, chosen)))
    marked = [step.content.split("<u>")[1].split("</u>")[0] for step in steps]
    assert marked == ["Rain", "&", "<sun>", "(now)"]
    assert [round(step.start.total_seconds(), 3) for step in steps] == [0.0, 0.5, 1.0, 1.5]
    assert r"{\k50}Rain {\k50}&" in WRITERS["ass"](SPOKEN, chosen)


def test_txt_has_the_sounds_where_they_are_asked_for():
    assert WRITERS["txt"](SPOKEN, PLAIN) == "Rain & <sun> {now}\n"
    with_sounds = WRITERS["txt"](SPOKEN, WriteOptions(sounds="captions")).splitlines()
    assert with_sounds[0] == "Rain & <sun> {now}" and with_sounds[1].startswith("[")
    assert len(WRITERS["txt"](SPOKEN, WriteOptions(sounds="only")).splitlines()) == 1


def test_files_of_formats_have_names_of_their_own():
    names = [suffix(name) for name in WRITERS]
    assert len(set(names)) == len(names)
    assert suffix("audacity") == "audacity.txt" and suffix("textgrid") == "TextGrid"


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_takes_silence(name):
    nothing = replace(ANNOTATION, text="", segments=(), events=(), tags=None, duration=1.0)
    assert isinstance(WRITERS[name](nothing, PLAIN), str)
