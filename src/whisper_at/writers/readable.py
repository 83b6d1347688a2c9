"""What was said and heard in the order of time, for people at a terminal."""

from collections.abc import Iterator
from dataclasses import dataclass

from whisper_at.annotation import Annotation
from whisper_at.tagging.wording import language_of, wording
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.worth import with_channel, worth_reading


@dataclass(frozen=True, kw_only=True)
class Line:
    """What was said, or which sound was heard, from `start` to `end` in seconds. mid: of sounds."""

    start: float
    end: float
    text: str
    mid: str | None = None

    @property
    def times(self) -> str:
        """
        >>> Line(start=3.2, end=67.25, text="Rain.").times
        '[00:03.2 → 01:07.2]'
        """
        return f"[{clock(self.start)} → {clock(self.end)}]"


def to_readable(annotation: Annotation, options: WriteOptions = WriteOptions()) -> str:
    """Segments and sounds, each with its time; sounds in brackets.

    [00:03.2 → 00:07.6]  The rain has stopped at last.
    [00:05.2 → 00:09.6]  [Siren 0.93]
    """
    lines = readable_lines(annotation, options)
    return "".join(f"{line.times}  {line.text}\n" for line in lines) or f"({nothing(annotation)})\n"


def readable_lines(annotation: Annotation, options: WriteOptions) -> list[Line]:
    """What is worth reading, in the order of time; words before sounds."""
    language = language_of(options.label_language, annotation.text_language)
    lines = []
    if options.with_words:
        for s in annotation.segments:
            lines.append(Line(start=s.start, end=s.end, text=with_channel(s.text.strip(), s.channel)))
    for channel in dict.fromkeys(event.channel for event in annotation.events) if options.with_sounds else ():
        events = [event for event in annotation.events if event.channel == channel]
        for event in worth_reading(events, with_speech=annotation.language is None):
            name = f"[{wording(event.mid, event.label, language).name} {event.probability:.2f}]"
            text = with_channel(name, channel)
            lines.append(Line(start=event.start, end=event.end, text=text, mid=event.mid))
    return sorted(lines, key=lambda line: (line.start, line.mid is not None, line.end, line.text))


def nothing(annotation: Annotation) -> str:
    """What there is none of, where there is nothing to read."""
    return " and ".join(_nothing(annotation))


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
