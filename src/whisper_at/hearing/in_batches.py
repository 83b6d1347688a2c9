"""Many windows at once, of one recording or of many: the encoder and the decoder read their weights once for all.

recordings ─► windows, cut at pauses ─► batch ─► encoder ─► tags ─► gate ─► decoder ─► drafts
                    ▲                                                          │
                    └───────── what a window was not heard to its end of ──────┘
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from whisper_at.audio import Stream
from whisper_at.audio.windows import Window
from whisper_at.hearing.options import Options
from whisper_at.hearing.session import Cancel, Ears, Heard, Progress, Session, encode
from whisper_at.model.decoder import Features
from whisper_at.speech.batch import BatchTranscriber, Task
from whisper_at.speech.gate import Evidence


@dataclass(frozen=True, kw_only=True)
class _Seat:
    """A window in a batch."""

    session: Session
    window: Window


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """Windows that have been encoded and tagged: their features [window, step, dim], and what is known of voices."""

    seats: Sequence[_Seat]
    features: Features
    evidence: Sequence[Evidence | None]


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
    """Hears the sessions that have begun, and those that come as there is room for them; pauses after each batch.

    While the words of one batch are written down, the next one is encoded: searching for words leaves a processor idle
    again and again. Without words nothing is gained by that, and who listens to a pipe would wait for a window more.
    """
    transcriber = BatchTranscriber(ears.decoder, ears.tokenizer, options) if words else None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder") as ahead:

        def next_batch() -> Future[_Batch] | None:
            seats = _seated(sessions, coming, options.batch_size)
            return ahead.submit(_encoded, seats, ears) if seats else None

        waiting = next_batch()
        while waiting and not (cancel and cancel.is_set()):
            batch = waiting.result()
            waiting = next_batch() if words else None  # is encoded while this one is decoded
            rests = _write_down(batch, transcriber)
            for seat, rest in zip(batch.seats, rests, strict=True):
                seat.session.done(seat.window, rest)
            yield
            waiting = waiting or next_batch()


def _encoded(seats: Sequence[_Seat], ears: Ears) -> _Batch:
    taggers = [seat.session.tagger_of(seat.window) for seat in seats]
    encoded = encode(ears, [seat.window for seat in seats], taggers)
    known = {id(seat.session): seat.session for seat in seats}
    evidence = {key: session.evidence() for key, session in known.items()}
    return _Batch(
        seats=seats, features=encoded.features, evidence=[evidence[id(seat.session)] for seat in seats]
    )


def _write_down(batch: _Batch, transcriber: BatchTranscriber | None) -> Sequence[range | None]:
    """The words of a batch go to its drafts; what of each window is to be heard again is answered."""
    tasks = [
        Task(draft=seat.session.draft, window=seat.window, evidence=evidence)
        for seat, evidence in zip(batch.seats, batch.evidence, strict=True)
        if seat.session.draft is not None
    ]
    return transcriber.hear(tasks, batch.features) if transcriber else [None] * len(batch.seats)


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
