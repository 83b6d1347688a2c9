"""What is heard as notes for captions: which events are worth one, how they are worded, and which of them matters more.

In: events of a channel. Out: `Note`s in the order of time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from whisper_at.tagging import groups
from whisper_at.tagging.wording import continues, wording
from whisper_at.timeline import Event
from whisper_at.writers.worth import worth_reading

AGAIN = 10.0  # seconds of silence after which a sound is a new one
REMIND = 30.0  # seconds after which a viewer is told that a sound still comes back
UNSAID = ("noise",)  # groups that nobody would caption: rooms, hum, silence


@dataclass(frozen=True, kw_only=True)
class Note:
    """A line of a caption about a sound that is heard from `start` to `end`, in seconds.

    weight: of two notes between which one must choose, the heavier one is shown; important ones weigh 1 or more.
    """

    start: float
    end: float
    text: str
    weight: float

    @property
    def important(self) -> bool:
        """Whether a viewer must know of it: an alarm, a shot, glass, a crying baby."""
        return self.weight >= 1


def notes_of(events: Sequence[Event], language: str) -> list[Note]:
    """The notes of what is worth one; speech is left to the words."""
    said = [event for event in worth_reading(events) if event.mid not in _unsaid()]
    notes = [
        note for mid in dict.fromkeys(event.mid for event in said) for note in _of_label(said, mid, language)
    ]
    return sorted(notes, key=lambda note: (note.start, -note.weight, note.text))


def in_brackets(caption: str, mid: str) -> str:
    """A sound as it stands in a caption: music between notes, all else in brackets.

    >>> in_brackets("dog barking", "/m/05tny_"), in_brackets("guitar music", "/m/0342h")
    ('[dog barking]', '♪ guitar music ♪')
    """
    return f"♪ {caption} ♪" if mid in _music() else f"[{caption}]"


def _of_label(events: Sequence[Event], mid: str, language: str) -> Iterator[Note]:
    """A note for each time that a sound is worth saying: a bark after a bark is the same barking."""
    own = [event for event in events if event.mid == mid]
    caption = wording(mid, own[0].label, language).caption
    said_at = told_until = float("-inf")
    for event in own:
        new, reminder = event.start - told_until > AGAIN, event.start - said_at > REMIND
        if new or reminder:
            text = in_brackets(caption if new else continues(caption, language), mid)
            weight = 0.99 * event.probability + (1.0 if mid in _important() else 0.0)
            yield Note(start=event.start, end=event.end, text=text, weight=weight)
            said_at = event.start
        told_until = max(told_until, event.end)


@cache
def _important() -> frozenset[str]:
    return frozenset(label.mid for label in groups.members("important"))


@cache
def _music() -> frozenset[str]:
    return frozenset(label.mid for label in groups.members("music"))


@cache
def _unsaid() -> frozenset[str]:
    return frozenset(label.mid for key in UNSAID for label in groups.members(key))
