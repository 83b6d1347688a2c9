"""Stretches of a recording that alone are to be heard, in openai-whisper's notation: start,end,start,end ..."""

import math
from collections.abc import Sequence
from itertools import pairwise

from whisper_at.errors import OptionError
from whisper_at.timegrid import FRAMES_PER_SECOND

Clip = tuple[int, int | None]
"""The first frame of a stretch and the one after its last, None for the end of the recording."""

WHOLE: tuple[Clip, ...] = ((0, None),)


def clips_of(timestamps: str | Sequence[float] | None) -> tuple[Clip, ...]:
    """The stretches between seconds; where their number is odd, the last one goes on to the end.

    Raises:
        OptionError: if they are no numbers, or do not rise from 0 on.

    >>> clips_of("0,10.5,20"), clips_of([5, 6]), clips_of("")
    (((0, 1050), (2000, None)), ((500, 600),), ((0, None),))
    """
    times = _times(timestamps)
    if not times:
        return WHOLE
    frames = [round(time * FRAMES_PER_SECOND) for time in times]
    ends: list[int | None] = [*frames[1::2], None]
    return tuple(zip(frames[::2], ends, strict=False))


def _times(timestamps: str | Sequence[float] | None) -> list[float]:
    parts = timestamps.split(",") if isinstance(timestamps, str) else timestamps
    try:
        times = [float(part) for part in parts or () if part != ""]
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"clip_timestamps are seconds joined by commas, start,end,start,end, such as 0,10.5,20; "
            f"got {timestamps!r}"
        ) from error
    if not all(math.isfinite(time) and time >= 0 for time in times):
        raise OptionError(f"clip_timestamps are finite seconds from 0 on, got {timestamps!r}")
    for i, (before, after) in enumerate(pairwise(times)):
        # A stretch lasts a frame at least; the next one may begin where it ends.
        if after < before or (i % 2 == 0 and round((after - before) * FRAMES_PER_SECOND) < 1):
            raise OptionError(f"clip_timestamps must rise, but {after:g} follows {before:g}")
    return times
