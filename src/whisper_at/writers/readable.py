"""What was said and heard in the order of time, for people at a terminal.

The JSON has every event. Here a sound that goes on is named once, the most specific name is kept of those that say the
same, speech is left to the words, and flickers are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from whisper_at.annotation import Annotation, Event
from whisper_at.tagging import ontology
from whisper_at.writers.txt import with_channel

GOES_ON = 1.2  # seconds of silence that a sound goes on over
SHORTEST, CERTAIN = 0.8, 0.8  # a shorter sound is named if it is more probable than this


def to_readable(annotation: Annotation) -> str:
    """Segments and sounds, each with its time; sounds in brackets.

    [00:03.2 → 00:07.6]  The rain has stopped at last.
    [00:05.2 → 00:09.6]  [Siren 0.93]
    """
    lines = [(s.start, 0, s.end, with_channel(s.text.strip(), s.channel)) for s in annotation.segments]
    for channel in dict.fromkeys(event.channel for event in annotation.events):
        events = [event for event in annotation.events if event.channel == channel]
        sounds = worth_reading(events, with_speech=annotation.language is None)
        named = ((e, f"[{e.label} {e.probability:.2f}]") for e in sounds)
        lines += [(e.start, 1, e.end, with_channel(name, channel)) for e, name in named]
    if not lines:
        return f"({' and '.join(_nothing(annotation))})\n"
    return "".join(f"[{clock(start)} → {clock(end)}]  {what}\n" for start, _, end, what in sorted(lines))


def worth_reading(events: Sequence[Event], *, with_speech: bool) -> list[Event]:
    """The events that a reader wants to see, joined where a sound goes on."""
    joined = [event for mid in dict.fromkeys(e.mid for e in events) for event in _joined(events, mid)]
    heard = [e for e in joined if e.end - e.start >= SHORTEST - 1e-6 or e.probability >= CERTAIN]
    specific = [e for e in heard if not any(_says_more(other, e) for other in heard)]
    return [e for e in specific if with_speech or not _is_speech(e.mid)]


def _joined(events: Sequence[Event], mid: str) -> list[Event]:
    joined: list[Event] = []
    for event in (e for e in events if e.mid == mid):
        if joined and event.start - joined[-1].end <= GOES_ON:
            before = joined[-1]
            a, b = before.end - before.start, event.end - event.start
            mean = (a * before.probability + b * event.probability) / (a + b)
            joined[-1] = replace(before, end=event.end, probability=mean)
        else:
            joined.append(event)
    return joined


def _says_more(other: Event, event: Event) -> bool:
    """Whether `other` is a kind of `event` and is there for most of it."""
    if not _known(other.mid) or event.mid not in {label.mid for label in ontology.ancestors(other.mid)}:
        return False
    shared = min(other.end, event.end) - max(other.start, event.start)
    return shared > 0.5 * (event.end - event.start)


def _is_speech(mid: str) -> bool:
    return _known(mid) and ontology.is_speech(mid)


def _known(mid: str) -> bool:
    return any(label.mid == mid for label in ontology.labels())


def _nothing(annotation: Annotation) -> Iterator[str]:
    if annotation.language is not None:
        yield "nothing was said"
    if annotation.tags is not None:
        yield "nothing was recognised"


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours from the first one on.

    >>> clock(67.25), clock(3725)
    ('01:07.2', '1:02:05.0')
    """
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    end = f"{minutes:02}:{rest // 10:02}.{rest % 10}"
    return f"{hours}:{end}" if hours else end
