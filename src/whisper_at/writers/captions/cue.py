"""What is on the screen at a time."""

from dataclasses import dataclass

from whisper_at.writers.captions.units import Unit, joined

SHORTEST, LONGEST = 5 / 6, 7.0  # seconds on the screen: what broadcasters and streaming services ask for


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A caption from `start` to `end`, in seconds.

    words: the lines of what is said, as units. sounds: the lines of what is heard; they stand above the words.
    """

    start: float
    end: float
    words: tuple[tuple[Unit, ...], ...] = ()
    sounds: tuple[str, ...] = ()
    channel: int | None = None

    @property
    def duration(self) -> float:
        """Seconds on the screen."""
        return self.end - self.start

    @property
    def lines(self) -> tuple[str, ...]:
        """All lines, as text."""
        return (*self.sounds, *(joined(line) for line in self.words))

    @property
    def n_characters(self) -> int:
        """What is to be read."""
        return sum(len(line) for line in self.lines)
