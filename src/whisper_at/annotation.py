"""What was said and what was heard: plain values, no tensors, no formats.

In: the transcript and the tags of a recording. Out: one frozen `Annotation`, which goes to a dictionary
(schema `whisper-at/1`, described in docs/file-formats.md) and comes back the same.
Times are seconds from the start of the recording.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from whisper_at.timeline import Event as Event
from whisper_at.timeline import Timeline

SCHEMA = "whisper-at/1"
ON_DEMAND = ("words", "language", "channel")  # fields that are written only where they are not None


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word with its blank and punctuation, as in Whisper: `" Hello,"`."""

    word: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of transcript with the ten fields of openai-whisper's segments.

    `seek` is the first frame (10 ms) of the window that it was heard in; `words` is None unless asked for, and
    `language` unless it was detected for each window. `channel` counts from 0; None where all were mixed, as in sounds
    and in dropped words.
    """

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: tuple[Word, ...] | None = None
    language: str | None = None
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """Words that were not kept, or where `text` is empty a stretch that was not decoded, and the reason.

    `voice` is the greatest probability of speech or singing that the tags heard there.
    """

    text: str
    start: float
    end: float
    voice: float
    reason: str
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A label with its probability in one row."""

    label: str
    mid: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class TagRow:
    """The labels above the threshold from `start` to `end`, most probable first."""

    start: float
    end: float
    tags: tuple[Tag, ...]
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class Tags:
    """Rows of `resolution` seconds; the last one ends with the recording."""

    resolution: float
    rows: tuple[TagRow, ...]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How probable a label is in each cell, from the start of the recording on; 0 where nobody listened."""

    label: str
    mid: str
    probabilities: tuple[float, ...]
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class Curves:
    """The likeliest labels over time, for pictures: cells of `resolution` seconds; the likeliest label first."""

    resolution: float
    curves: tuple[Curve, ...]


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Which weights wrote the annotation: names and sha256 of the files; no head, no tags."""

    whisper: str
    whisper_sha256: str
    head: str | None = None
    head_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """The words and the sounds of a recording.

    `language` is None where nobody listened for words; `language_probability` where the language was given.
    `notes` say in one line each what of the recording could not be heard. `dropped` has the words that were not kept.
    `task` is "translate" where the text is English whatever the language spoken. `curves` are there when asked for.

    >>> nothing = Annotation(text="", language="en", language_probability=None, duration=1.0, segments=(),
    ...     events=(), tags=None, model=Provenance(whisper="base", whisper_sha256="d01c"))
    >>> Annotation.from_dict(nothing.to_dict()) == nothing
    True
    """

    text: str
    language: str | None
    language_probability: float | None
    duration: float
    segments: tuple[Segment, ...]
    events: tuple[Event, ...]
    tags: Tags | None
    model: Provenance
    notes: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    task: str = "transcribe"
    curves: Curves | None = None

    @property
    def text_language(self) -> str | None:
        """The language that the text is in; None where nobody listened for words."""
        return "en" if self.language is not None and self.task == "translate" else self.language

    @property
    def timeline(self) -> Timeline:
        """Its events, to be cut, joined and asked."""
        return Timeline(duration=self.duration, events=self.events)

    def plot(self, path: str | None = None, **how: Any) -> Any:
        """A picture of it: words and the likeliest sounds over time; see `whisper_at.plotting.plot`."""
        # By name, for annotations reach no library of pictures unless one is asked for.
        return import_module("whisper_at.plotting").plot(self, path, **how)

    def to_dict(self) -> dict[str, Any]:
        """Lists, dictionaries, strings and numbers, ready for JSON."""
        data = {"schema": SCHEMA, **_plain(asdict(self))}
        rows = data["tags"]["rows"] if data["tags"] else []
        if data["curves"] is None:
            del data["curves"]
        curves = data["curves"]["curves"] if "curves" in data else []
        for part in (*data["segments"], *data["events"], *data["dropped"], *rows, *curves):
            for name in ON_DEMAND:
                if part.get(name, 0) is None:
                    del part[name]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Annotation":
        """The annotation that `to_dict` wrote.

        Raises:
            ValueError: if the dictionary is of another schema or a field is missing.
        """
        if data.get("schema") != SCHEMA:
            raise ValueError(f"expected an annotation of schema {SCHEMA}, found {data.get('schema')!r}")
        try:
            tags = data["tags"]
            return cls(
                text=data["text"],
                language=data["language"],
                language_probability=data["language_probability"],
                duration=data["duration"],
                segments=tuple(_segment(s) for s in data["segments"]),
                events=tuple(Event(**e) for e in data["events"]),
                tags=None if tags is None else Tags(resolution=tags["resolution"], rows=_rows(tags["rows"])),
                model=Provenance(**data["model"]),
                notes=tuple(data["notes"]),
                dropped=tuple(Dropped(**one) for one in data.get("dropped", ())),  # came later
                task=data.get("task", "transcribe"),  # came later
                curves=_curves(data.get("curves")),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a whole {SCHEMA} annotation: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _segment(data: Mapping[str, Any]) -> Segment:
    words = data.get("words")
    return Segment(
        **{
            **data,
            "tokens": tuple(data["tokens"]),
            "words": None if words is None else tuple(Word(**w) for w in words),
        }
    )


def _curves(data: Mapping[str, Any] | None) -> Curves | None:
    if data is None:
        return None
    curves = (Curve(**{**curve, "probabilities": tuple(curve["probabilities"])}) for curve in data["curves"])
    return Curves(resolution=data["resolution"], curves=tuple(curves))


def _rows(rows: list[Mapping[str, Any]]) -> tuple[TagRow, ...]:
    return tuple(TagRow(**{**row, "tags": tuple(Tag(**tag) for tag in row["tags"])}) for row in rows)
