"""What was said and heard in the order of time, for people at a terminal."""

from collections.abc import Iterator

from whisper_at.annotation import Annotation


def to_readable(annotation: Annotation) -> str:
    """Segments and events, each with its time; events in brackets.

    [00:03.2 → 00:07.6]  The rain has stopped at last.
    [00:05.2 → 00:09.6]  [Siren 0.93]
    """
    lines = [(s.start, 0, s.end, s.text.strip()) for s in annotation.segments]
    lines += [(e.start, 1, e.end, f"[{e.label} {e.probability:.2f}]") for e in annotation.events]
    if not lines:
        return f"({' and '.join(_nothing(annotation))})\n"
    return "".join(f"[{clock(start)} → {clock(end)}]  {what}\n" for start, _, end, what in sorted(lines))


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
