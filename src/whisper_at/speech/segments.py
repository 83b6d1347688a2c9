"""The tokens of a window cut into segments at its timestamps, and where the next window starts.

Whisper writes `<|0.00|> text<|2.40|><|2.40|> more text<|5.00|>`: two timestamps in a row end one segment and
begin the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from whisper_at.timegrid import FRAMES_PER_SECOND, FRAMES_PER_STEP

FRAMES_PER_TIMESTAMP = FRAMES_PER_STEP  # 0.02 s


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A segment to be: tokens with their timestamps, and the frames it lies at."""

    start: int
    end: int
    tokens: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The segments of a window, and the frame that the next window starts with.

    `complete` says that the window was heard to its end: the last segment is not to be heard again.
    """

    pieces: tuple[Piece, ...]
    next_seek: int
    complete: bool


def cut_window(tokens: Sequence[int], *, timestamp_begin: int, seek: int, n_frames: int) -> Cut:
    """Cut the tokens of the window that starts at frame `seek` and has `n_frames` real ones.

    What follows the last pair of timestamps is unfinished: the next window starts there and hears it again.
    A window that ends with one timestamp alone says that nothing comes after it.
    """
    is_time = [token >= timestamp_begin for token in tokens]
    ends_alone = is_time[-2:] == [False, True]
    cuts = [i for i in range(1, len(tokens)) if is_time[i] and is_time[i - 1]]

    def frame(token: int) -> int:
        return seek + (token - timestamp_begin) * FRAMES_PER_TIMESTAMP

    if not cuts:
        times = [token for token, t in zip(tokens, is_time, strict=True) if t]
        end = frame(times[-1]) if times and times[-1] != timestamp_begin else seek + n_frames
        piece = Piece(start=seek, end=end, tokens=tuple(tokens))
        return Cut(pieces=(piece,), next_seek=seek + n_frames, complete=True)
    if ends_alone:
        cuts.append(len(tokens))
    pieces = tuple(
        Piece(start=frame(tokens[a]), end=frame(tokens[b - 1]), tokens=tuple(tokens[a:b]))
        for a, b in zip([0, *cuts], cuts, strict=False)
    )
    if ends_alone:
        return Cut(pieces=pieces, next_seek=seek + n_frames, complete=True)
    # A window must bring us on: one that only says <|0.00|><|0.00|> is passed over.
    # One that is timed in the padding was heard to its end.
    next_seek = pieces[-1].end if seek < pieces[-1].end < seek + n_frames else seek + n_frames
    return Cut(pieces=pieces, next_seek=next_seek, complete=False)


def frame_of(time: float) -> int:
    """The frame nearest to a time in seconds."""
    return round(time * FRAMES_PER_SECOND)
