"""Channels that were heard apart: their annotations in, one in the order of time out."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from whisper_at.annotation import Annotation, Dropped, Event, Segment, TagRow

Part = TypeVar("Part", Segment, Event, Dropped, TagRow)


def joined(channels: Sequence[Annotation], n_channels: int) -> Annotation:
    """One annotation of all channels, whose segments and sounds tell theirs.

    Where hearing was stopped there may be fewer than `n_channels`, which the notes say. The language is that of
    the first segment; where nothing was said, that of the first channel.
    """
    segments = _in_order([one.segments for one in channels])
    spoken = channels[(segments[0].channel or 0) if segments else 0]
    tags = spoken.tags
    notes = [f"channel {i}: {note}" for i, one in enumerate(channels) for note in one.notes]
    notes += [f"channel {i}: stopped before it was heard" for i in range(len(channels), n_channels)]
    if n_channels == 1:
        notes = [*channels[0].notes, "one channel: there is nothing to keep apart"]
    return replace(
        spoken,
        text="".join(segment.text for segment in segments).strip(),
        duration=max(one.duration for one in channels),
        segments=tuple(replace(segment, id=i) for i, segment in enumerate(segments)),
        events=_in_order([one.events for one in channels]),
        dropped=_in_order([one.dropped for one in channels]),
        tags=tags and replace(tags, rows=_in_order([one.tags.rows if one.tags else () for one in channels])),
        notes=tuple(notes),
    )


def _in_order(channels: Iterable[Sequence[Part]]) -> tuple[Part, ...]:
    def place(part: Any) -> tuple[float, float]:
        return part.start, part.end

    parts = [replace(part, channel=i) for i, channel in enumerate(channels) for part in channel]
    return tuple(sorted(parts, key=place))
