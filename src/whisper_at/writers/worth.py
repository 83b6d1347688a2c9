"""Which sounds are worth telling people, who read what was said beside them; and which channel they come from."""

from collections.abc import Sequence
from functools import cache

from whisper_at.tagging import ontology
from whisper_at.tagging.said_once import said_once
from whisper_at.timeline import Event

BESIDE = (
    10.0  # seconds before and after a sound in which it has just been, or will soon be, told more exactly
)


def worth_reading(events: Sequence[Event], *, with_speech: bool = False) -> list[Event]:
    """The events that tell a reader something: none that another one says more exactly, and speech where asked for.

    A short sound is told more exactly by a kind of it that is heard just before or after: "Water" by "Rain".
    """
    worth = [event for event in said_once(events) if with_speech or event.mid not in _speech()]
    return [event for event in worth if not _told_beside(event, worth)]


def _told_beside(event: Event, others: Sequence[Event]) -> bool:
    below = _below(event.mid)
    if not below or event.end - event.start >= BESIDE:
        return False
    return any(
        other.mid in below
        and other.channel == event.channel
        and other.start < event.end + BESIDE
        and other.end > event.start - BESIDE
        for other in others
    )


def with_channel(text: str, channel: int | None) -> str:
    """A line with the number of its channel, where channels were kept apart.

    >>> with_channel("Hello.", 1), with_channel("Hello.", None)
    ('1: Hello.', 'Hello.')
    """
    return text if channel is None else f"{channel}: {text}"


@cache
def _below(mid: str) -> frozenset[str]:
    known = any(label.mid == mid for label in ontology.labels())
    return frozenset(label.mid for label in ontology.descendants(mid)) if known else frozenset()


@cache
def _speech() -> frozenset[str]:
    return frozenset(label.mid for label in ontology.at_or_under(ontology.SPEECH))
