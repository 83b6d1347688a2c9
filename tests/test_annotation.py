"""An annotation goes to JSON and comes back the same; what is no annotation is said in a sentence."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.annotation import (
    Annotation,
    Curve,
    Curves,
    Dropped,
    Event,
    Provenance,
    Segment,
    Tag,
    TagRow,
    Tags,
    Word,
)
from whisper_at.writers import WRITERS
from whisper_at.writers.options import WriteOptions

numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(min_value=0, max_value=2**53)
texts = st.text(max_size=20)


def tuples(of):
    return st.lists(of, max_size=3).map(tuple)


channels = st.none() | st.integers(0, 63)
words = st.builds(Word, word=texts, start=numbers, end=numbers, probability=numbers)
segments = st.builds(
    Segment,
    id=counts,
    seek=counts,
    start=numbers,
    end=numbers,
    text=texts,
    tokens=tuples(counts),
    temperature=numbers,
    avg_logprob=numbers,
    compression_ratio=numbers,
    no_speech_prob=numbers,
    words=st.none() | tuples(words),
    language=st.none() | texts,
    channel=channels,
)
tags = st.builds(Tag, label=texts, mid=texts, probability=numbers)
rows = st.builds(TagRow, start=numbers, end=numbers, tags=tuples(tags), channel=channels)
curves = st.builds(Curve, label=texts, mid=texts, probabilities=tuples(numbers), channel=channels)
annotations = st.builds(
    Annotation,
    text=texts,
    language=st.none() | texts,
    language_probability=st.none() | numbers,
    duration=numbers,
    segments=tuples(segments),
    events=tuples(st.builds(Event, label=texts, mid=texts, start=numbers, end=numbers, probability=numbers)),
    tags=st.none() | st.builds(Tags, resolution=numbers, rows=tuples(rows)),
    model=st.builds(
        Provenance, whisper=texts, whisper_sha256=texts, head=st.none() | texts, head_sha256=st.none() | texts
    ),
    notes=tuples(texts),
    dropped=tuples(st.builds(Dropped, text=texts, start=numbers, end=numbers, voice=numbers, reason=texts)),
    task=st.sampled_from(["transcribe", "translate"]),
    curves=st.none() | st.builds(Curves, resolution=numbers, curves=tuples(curves)),
)

OPENAIS_FIELDS = [
    *("id", "seek", "start", "end", "text", "tokens"),
    *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"),
]
SEGMENT = Segment(
    id=0,
    seek=0,
    start=0.0,
    end=1.0,
    text=" Rain.",
    tokens=(5, 7),
    temperature=0.0,
    avg_logprob=-0.2,
    compression_ratio=0.9,
    no_speech_prob=0.01,
)
WORD = Word(word=" Rain.", start=0.1, end=0.9, probability=0.8)
ANNOTATION = Annotation(
    text="Rain.",
    language="en",
    language_probability=None,
    duration=1.0,
    segments=(SEGMENT,),
    events=(Event(label="Rain", mid="/m/06mb1", start=0.0, end=0.8, probability=0.7),),
    tags=Tags(
        resolution=10.0,
        rows=(TagRow(start=0.0, end=1.0, tags=(Tag(label="Rain", mid="/m/06mb1", probability=0.6),)),),
    ),
    model=Provenance(whisper="base", whisper_sha256="d01c"),
)


@given(annotations)
def test_what_is_written_as_json_is_read_back_the_same(annotation):
    text = WRITERS["json"](annotation, WriteOptions())
    assert Annotation.from_dict(json.loads(text)) == annotation


@given(annotations)
def test_the_dictionary_is_plain(annotation):
    def check(value):
        assert type(value) in (dict, list, str, int, float, type(None))
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(part)

    check(annotation.to_dict())


@given(annotations)
def test_more_than_openais_fields_is_there_only_where_it_was_asked_for(annotation):
    for segment, written in zip(annotation.segments, annotation.to_dict()["segments"], strict=True):
        more = [name for name in ("words", "language", "channel") if getattr(segment, name) is not None]
        assert list(written) == OPENAIS_FIELDS + more


def test_segments_have_openais_fields():
    assert [field.name for field in fields(Segment)] == [*OPENAIS_FIELDS, "words", "language", "channel"]
    spoken = replace(ANNOTATION, segments=(replace(SEGMENT, words=(WORD,)),)).to_dict()
    assert spoken["segments"][0]["words"] == [
        {"word": " Rain.", "start": 0.1, "end": 0.9, "probability": 0.8}
    ]


def test_the_fields_are_those_of_the_schema():
    data = ANNOTATION.to_dict()
    assert list(data) == [
        *("schema", "text", "language", "language_probability", "duration"),
        *("segments", "events", "tags", "model", "notes", "dropped", "task"),
    ]
    assert data["schema"] == "whisper-at/1"
    assert list(data["events"][0]) == ["label", "mid", "start", "end", "probability"]
    assert data["tags"] == {
        "resolution": 10.0,
        "rows": [
            {"start": 0.0, "end": 1.0, "tags": [{"label": "Rain", "mid": "/m/06mb1", "probability": 0.6}]}
        ],
    }
    assert data["model"] == {"whisper": "base", "whisper_sha256": "d01c", "head": None, "head_sha256": None}


@pytest.mark.parametrize("schema", ["whisper-at/2", None, 1, ["whisper-at/1"]])
def test_another_schema_is_refused(schema):
    data = {**ANNOTATION.to_dict(), "schema": schema}
    with pytest.raises(ValueError, match=r"^expected an annotation of schema whisper-at/1, found ") as caught:
        Annotation.from_dict(data)
    assert repr(schema) in str(caught.value)


def test_what_has_no_schema_is_refused():
    with pytest.raises(ValueError, match=r"of schema whisper-at/1, found None"):
        Annotation.from_dict({"text": "a transcript of openai-whisper", "segments": [], "language": "en"})


def paths(value, path=()):
    """All places in a dictionary, of fields only."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield (*path, key)
            yield from paths(part, (*path, key))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from paths(part, (*path, i))


WITH_DEFAULTS = {("model", "head"), ("model", "head_sha256"), ("dropped",), ("task",)}


@pytest.mark.parametrize("path", [p for p in paths(ANNOTATION.to_dict()) if p not in WITH_DEFAULTS], ids=str)
def test_a_field_that_is_missing_is_named(path):
    data = ANNOTATION.to_dict()
    holder = data
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    with pytest.raises(ValueError, match="whisper-at/1") as caught:
        Annotation.from_dict(data)
    assert "\n" not in str(caught.value)
    assert path[-1] in str(caught.value)


@pytest.mark.parametrize(
    "broken", [{"segments": None}, {"events": [1]}, {"tags": []}, {"model": "base"}, {"notes": 3}]
)
def test_a_field_of_another_kind_is_refused(broken):
    with pytest.raises(ValueError, match="not a whole whisper-at/1 annotation"):
        Annotation.from_dict({**ANNOTATION.to_dict(), **broken})
