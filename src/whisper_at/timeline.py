"""The sounds of a recording as a set on the axis of time: cut out, joined, asked for what and when.

In: events of an annotation. Out: other timelines, spans, labels. Times are seconds from the start of the recording; a
span holds its start and not its end, so spans that touch share nothing.

>>> rain = Event(label="Rain", mid="/m/06mb1", start=2.0, end=9.0, probability=0.8)
>>> dog = Event(label="Dog", mid="/m/0bt9lr", start=7.5, end=8.0, probability=0.6)
>>> timeline = Timeline(duration=10.0, events=(dog, rain))
>>> timeline.labels(), [(gap.start, gap.end) for gap in timeline.gaps()]
(('Rain', 'Dog'), [(0.0, 2.0), (9.0, 10.0)])
>>> [(event.label, event.end) for event in timeline.crop(0, 7.75)]
[('Rain', 7.75), ('Dog', 7.75)]
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Event:
    """A label that was heard from `start` to `end`; the probability is the mean over its cells."""

    label: str
    mid: str
    start: float
    end: float
    probability: float
    channel: int | None = None


class Stretch(Protocol):
    """Whatever has a start and an end: a span, a word, a segment, an event."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


@dataclass(frozen=True, order=True)
class Span:
    """From `start` up to `end`, in seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Its length in seconds."""
        return self.end - self.start

    def __and__(self, other: Stretch) -> "Span | None":
        """What it shares with another stretch; None if that is nothing.

        >>> Span(0, 4) & Span(3, 9), Span(0, 3) & Span(3, 9)
        (Span(start=3, end=4), None)
        """
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Events in the order of time, within a recording of so many seconds.

    Order and bounds are made by the constructor: events are sorted, and what lies outside the recording is cut off.
    """

    duration: float
    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        within = (_cut(event, Span(0.0, self.duration)) for event in self.events)
        kept = sorted((event for event in within if event is not None), key=_place)
        object.__setattr__(self, "events", tuple(kept))

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __and__(self, stretch: Stretch) -> "Timeline":
        """What is heard during a segment, a word, another event: `timeline & segment`."""
        return self.crop(stretch.start, stretch.end)

    def __or__(self, other: "Timeline") -> "Timeline":
        """What is heard in one or in both; events of one label and channel that overlap or touch become one."""
        duration = max(self.duration, other.duration)
        return Timeline(duration=duration, events=tuple(_united((*self.events, *other.events))))

    def crop(self, start: float, end: float) -> "Timeline":
        """The events from `start` to `end`, cut there; times still count from the start of the recording."""
        parts = (_cut(event, Span(start, end)) for event in self.events)
        return replace(self, events=tuple(event for event in parts if event is not None))

    def of(self, *labels: str) -> "Timeline":
        """The events of these labels alone, by name or mid.

        >>> Timeline(duration=1.0).of("Dog").events
        ()
        """
        return replace(self, events=tuple(e for e in self.events if e.label in labels or e.mid in labels))

    def labels(self) -> tuple[str, ...]:
        """The names of all labels that are heard, each once, by the time of their first event."""
        return tuple(dict.fromkeys(event.label for event in self.events))

    def covered(self) -> tuple[Span, ...]:
        """Where anything is heard, as spans that do not touch."""
        return tuple(_joined(self.events))

    def gaps(self) -> tuple[Span, ...]:
        """Where nothing is heard: the rest of the recording."""
        edges = [0.0, *(edge for span in self.covered() for edge in (span.start, span.end)), self.duration]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return tuple(Span(start, end) for start, end in pairs if start < end)


def _place(event: Event) -> tuple[float, float, str, int]:
    return event.start, event.end, event.label, -1 if event.channel is None else event.channel


def _cut(event: Event, span: Span) -> Event | None:
    shared = span & event
    return None if shared is None else replace(event, start=shared.start, end=shared.end)


def _joined(stretches: Iterable[Stretch]) -> Iterator[Span]:
    """Spans that overlap or touch, as one; by their start."""
    open_: Span | None = None
    for stretch in sorted(stretches, key=lambda one: (one.start, one.end)):
        if open_ is not None and stretch.start <= open_.end:
            open_ = Span(open_.start, max(open_.end, stretch.end))
            continue
        if open_ is not None:
            yield open_
        open_ = Span(stretch.start, stretch.end)
    if open_ is not None:
        yield open_


def _united(events: Iterable[Event]) -> Iterator[Event]:
    """Events of one label and channel that overlap or touch, as one; its probability is that of the likeliest."""
    kinds: dict[tuple[str, int | None], list[Event]] = {}
    for event in events:
        kinds.setdefault((event.mid, event.channel), []).append(event)
    for alike in kinds.values():
        for span in _joined(alike):
            parts = [event for event in alike if span & event]
            probability = max(event.probability for event in parts)
            yield replace(parts[0], start=span.start, end=span.end, probability=probability)
