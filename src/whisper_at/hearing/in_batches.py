"""Many windows at once, of one recording or of many: the encoder and the decoder read their weights once for all.

recordings ─► windows, cut at pauses ─► batch ─► encoder ─► tags ─► gate ─► decoder ─► drafts
                    ▲                                                          │
                    └───────── what a window was not heard to its end of ──────┘
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from whisper_at.audio import Stream
from whisper_at.audio.windows import Window
from whisper_at.hearing.options import Options
from whisper_at.hearing.session import Cancel, Ears, Heard, Progress, Session, encode
from whisper_at.speech.batch import BatchTranscriber, Task


@dataclass(frozen=True, kw_only=True)
class _Seat:
    """A window in a batch."""

    session: Session
    window: Window


def hear_in_batches(
    recordings: Iterable[Stream],
    ears: Ears,
    options: Options,
    *,
    words: bool = True,
    tags: bool = True,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Iterator[Heard]:
    """What is heard in each recording, in their order. The next one is read when there is room for it in a batch.

    Args:
        progress: called for the recording that is next to be finished.
        cancel: asked before each batch; what was begun is then given as far as it was heard, the rest is not read.
    """
    sessions: deque[Session] = deque()
    coming = (Session(recording, ears, options, words=words, tags=tags) for recording in recordings)
    for _ in batches(sessions, coming, ears, options, words=words, cancel=cancel):
        if progress:
            progress(*sessions[0].progress())
        while sessions and sessions[0].is_finished:
            yield sessions.popleft().heard()
    yield from (session.heard() for session in sessions)


def batches(
    sessions: deque[Session],
    coming: Iterator[Session],
    ears: Ears,
    options: Options,
    *,
    words: bool = True,
    cancel: Cancel | None = None,
) -> Iterator[None]:
    """Hears the sessions that have begun, and those that come as there is room for them; pauses after each batch."""
    transcriber = BatchTranscriber(ears.decoder, ears.tokenizer, options) if words else None
    while seats := _seated(sessions, coming, options.batch_size):
        if cancel and cancel.is_set():
            break
        encoded = encode(ears, [seat.window for seat in seats], [seat.session.tagger for seat in seats])
        rests: list[range | None] = [None] * len(seats)
        if transcriber:
            evidence = {id(session): session.evidence() for session in sessions}
            tasks = [
                Task(draft=seat.session.draft, window=seat.window, evidence=evidence[id(seat.session)])
                for seat in seats
                if seat.session.draft is not None
            ]
            rests = transcriber.hear(tasks, encoded.features)
        for seat, rest in zip(seats, rests, strict=True):
            seat.session.done(seat.window, rest)
        yield


def _seated(sessions: deque[Session], coming: Iterator[Session], n: int) -> list[_Seat]:
    """The next windows: those of recordings that were begun first, then those of the next recordings."""
    seats: list[_Seat] = []
    for session in sessions:
        _sit_down(seats, session, n)
    while len(seats) < n and (begun := next(coming, None)):
        sessions.append(begun)
        _sit_down(seats, begun, n)
    return seats


def _sit_down(seats: list[_Seat], session: Session, n: int) -> None:
    while len(seats) < n and (window := session.next_window()):
        seats.append(_Seat(session=session, window=window))
