"""Events that say the same twice, said once: of a dog that barks, "Bark", and neither "Dog" nor "Animal".

In: events of one recording. Out: those of them that are worth saying, unchanged. An event is left out
- where kinds of it are heard for most of its time: the ontology tells what is a kind of what;
- where another event that cannot be heard together with it, as rain can hardly be told from a stream, is surer for most
  of its time.
"""

from collections.abc import Callable, Sequence
from functools import cache

from whisper_at.tagging import ontology
from whisper_at.timeline import Event, Timeline

MOST = 0.5  # of the time of an event
ALTERNATIVES = (
    ("/m/06mb1", "/m/0j6m2", "/m/0j2kx", "/m/05kq4", "/m/02jz0l"),  # rain, stream, waterfall, ocean, tap
    ("/m/07qjznt", "/m/07qjznl"),
    ("/t/dd00065", "/t/dd00066", "/t/dd00067"),  # light, medium, heavy engine
    ("/t/dd00125", "/t/dd00126", "/t/dd00127", "/t/dd00128", "/t/dd00129"),  # inside and outside
    (
        "/m/0chx_",
        "/m/0cj0r",
        "/m/093_4n",
        "/t/dd00092",
    ),  # white noise, pink noise, background noise, wind in a microphone
)
"""Sounds of which one is heard at a time; with all their kinds."""


def said_once(events: Sequence[Event]) -> tuple[Event, ...]:
    """The events that none of the others makes superfluous, in the order of time.

    >>> dog = Event(label="Dog", mid="/m/0bt9lr", start=0.0, end=2.0, probability=0.9)
    >>> bark = Event(label="Bark", mid="/m/05tny_", start=0.2, end=2.0, probability=0.6)
    >>> [event.label for event in said_once([dog, bark])]
    ['Bark']
    """
    likely = _without(events, _is_surer_alternative)
    return tuple(_without(likely, _is_kind))


def _without(events: Sequence[Event], outdoes: Callable[[Event, Event], bool]) -> list[Event]:
    """The events of which no more than half is covered by others that outdo them."""
    ordered = sorted(events, key=lambda event: (event.start, event.end, event.label))
    return [
        event
        for event, beside in zip(ordered, _beside(ordered), strict=True)
        if not _covers_most(event, [other for other in beside if outdoes(other, event)])
    ]


def _beside(events: Sequence[Event]) -> list[list[Event]]:
    """For each event those of its channel that overlap it; events by their start."""
    beside: list[list[Event]] = [[] for _ in events]
    sounding: list[int] = []
    for i, event in enumerate(events):
        sounding = [k for k in sounding if events[k].end > event.start]
        for k in sounding:
            if events[k].channel == event.channel:
                beside[i].append(events[k])
                beside[k].append(event)
        sounding.append(i)
    return beside


def _covers_most(event: Event, others: Sequence[Event]) -> bool:
    if not others:
        return False
    during = Timeline(duration=event.end, events=tuple(others)) & event
    return sum(span.duration for span in during.covered()) > MOST * (event.end - event.start)


def _is_kind(other: Event, event: Event) -> bool:
    return other.mid in _below(event.mid)


def _is_surer_alternative(other: Event, event: Event) -> bool:
    theirs, its = _alternative(other.mid), _alternative(event.mid)
    if theirs is None or its is None or theirs[0] != its[0] or theirs[1] == its[1]:
        return False
    return (other.probability, other.mid) > (event.probability, event.mid)


@cache
def _below(mid: str) -> frozenset[str]:
    known = any(label.mid == mid for label in ontology.labels())
    return frozenset(label.mid for label in ontology.descendants(mid)) if known else frozenset()


@cache
def _alternative(mid: str) -> tuple[int, int] | None:
    """The set of alternatives that a label belongs to, and which of them it is a kind of."""
    for i, roots in enumerate(ALTERNATIVES):
        for j, root in enumerate(roots):
            if any(label.mid == mid for label in ontology.at_or_under(root)):
                return i, j
    return None
