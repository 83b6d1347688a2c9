"""A recording while it is heard: its log-mel, what it has been tagged with, and what has been written down."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from whisper_at.annotation import Segment
from whisper_at.audio import MelStream, Stream
from whisper_at.audio.pauses import windows_at_pauses
from whisper_at.audio.windows import Window
from whisper_at.hearing.options import Options
from whisper_at.model.decoder import Decoder
from whisper_at.model.encoder import Encoded
from whisper_at.model.engine import EncoderFunction, HeadFunction
from whisper_at.model.head_file import Head
from whisper_at.model.weights import Checkpoint
from whisper_at.speech.draft import Draft, Transcript
from whisper_at.speech.gate import Evidence
from whisper_at.speech.tokenizer import Tokenizer
from whisper_at.tagging.tagger import Tagger
from whisper_at.tagging.track import Track
from whisper_at.timegrid import STEPS_PER_WINDOW, seconds

Progress = Callable[[float, float], None]
"""Called with the seconds that are done and the seconds there are."""


class Cancel(Protocol):
    """Asked before each batch whether to stop; a `threading.Event` will do."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...


class Ears(Protocol):
    """A model that is ready to hear."""

    checkpoint: Checkpoint
    encoder: EncoderFunction
    decoder: Decoder
    tokenizer: Tokenizer
    head: Head | None
    head_function: HeadFunction | None


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What one pass over a recording gives: words, and logits of each stretch that was heard.

    A branch that was not asked for is None.
    `duration` and `notes` are those of the recording. `until` is the second up to which it was heard, where hearing
    was stopped before its end.
    """

    transcript: Transcript | None
    tracks: tuple[Track, ...] | None
    duration: float
    notes: tuple[str, ...] = ()
    until: float | None = None


class Session:
    """One recording, from its log-mel to `Heard`."""

    def __init__(self, stream: Stream, ears: Ears, options: Options, *, words: bool, tags: bool) -> None:
        self.stream = stream
        self.mel = MelStream(stream, n_mels=ears.checkpoint.dims.n_mels)
        self._tags = tags
        self._gated = words and options.speech_gate != "off"
        self.clips = options.clips
        self._taggers: list[Tagger] = []  # one for each clip
        if ears.head is not None and ears.head_function is not None and (tags or self._gated):
            self._taggers = [
                Tagger(ears.head.card, ears.head_function, options, start=start) for start, _ in self.clips
            ]
        self.draft = Draft(ears.decoder, ears.tokenizer, options) if words else None
        self._windows = (w for start, end in self.clips for w in windows_at_pauses(self.mel, start, end))
        self._again: deque[range] = deque()
        self._at_work: list[int] = []  # where the windows begin that are being heard
        self._begun = 0  # all before this frame belongs to a window
        self._more = True
        self.heard_until = 0
        self.settled_until = 0  # up to this frame nothing is left to be heard

    def next_window(self) -> Window | None:
        """A window that was not heard to its end, or else the next one; None if there is none at the moment."""
        if self._again:
            rest = self._again.popleft()
            window = self.mel.window(rest.start, len(rest))
        else:
            self._more = self._is_left(self._begun)
            found = next(self._windows, None) if self._more else None
            if found is None:
                return None
            window = found
            self._begun = window.seek + window.n_frames
            self.end_tags(window)
        self._at_work.append(window.seek)
        self._more = self._is_left(self._begun)
        return window

    def reaches(self, frame: int) -> bool:
        """Whether the recording has so many frames; what is read on the way there and not to be heard is forgotten."""
        while self.mel.n_frames < frame and self.mel.reaches(self.mel.n_frames + 1):
            if not self._at_work and not self._again:
                self.mel.forget(min(frame - 1, self.mel.n_frames))
        return self.mel.n_frames >= frame

    def _is_left(self, frame: int) -> bool:
        """Whether there is anything to be heard from a frame on."""
        return any(
            self.reaches(max(start, frame) + 1) for start, end in self.clips if end is None or end > frame
        )

    def tagger_of(self, window: Window) -> Tagger | None:
        """The one of the clip that a window lies in; None without tags."""
        return next((t for t in reversed(self._taggers) if t.start <= window.seek), None)

    def end_tags(self, window: Window) -> None:
        """To be told of each window before it is heard: it may be the last one of its clip."""
        stop = window.seek + window.n_frames
        ends = any(end == stop for _, end in self.clips)
        if (tagger := self.tagger_of(window)) and (ends or not self.mel.reaches(stop + 1)):
            tagger.end_at(stop)

    def done(self, window: Window, rest: range | None = None) -> None:
        """A window has been heard, but for the rest of it."""
        self._at_work.remove(window.seek)
        self.heard_until = max(self.heard_until, window.seek + window.n_frames)
        if rest is not None:
            self._again.append(rest)
        self.settled_until = min([self._begun, *self._at_work, *(rest.start for rest in self._again)])
        self.mel.forget(self.settled_until)

    @property
    def is_finished(self) -> bool:
        """Whether nothing of it is left to be heard."""
        return not (self._more or self._again or self._at_work)

    def progress(self) -> tuple[float, float]:
        """The seconds that have been heard and that there are."""
        total = seconds(self.mel.n_frames) if self.mel.is_whole else self.stream.duration
        return min(seconds(self.heard_until), total), total

    def evidence(self) -> Evidence | None:
        """How sure the tags are of a voice, in all that was heard so far; None without tags or gate."""
        if not self._taggers or not self._gated:
            return None
        heard = np.zeros(0, np.float32)
        for tagger in self._taggers:
            if (voice := tagger.voice()) is None:
                return None
            if len(voice):  # before it there may be cells that nobody hears
                first = tagger.start // tagger.frames_per_cell
                joined = np.zeros(first + len(voice), np.float32)
                joined[: len(heard)] = heard
                joined[first:] = np.maximum(joined[first:], voice)
                heard = joined
        return Evidence(frames_per_cell=self._taggers[0].frames_per_cell, voice=heard)

    def said(self) -> Iterator[Segment]:
        """The segments that have not been given yet and come before all that is left to be heard."""
        if self.draft is not None:
            yield from self.draft.settled(None if self.is_whole else self.settled_until)

    @property
    def is_whole(self) -> bool:
        """Whether it has been heard to its end, or to that of the last clip."""
        return not self._is_left(self.settled_until)

    def tracks(self) -> tuple[Track, ...]:
        """What the head has said so far, stretch by stretch."""
        until = self.heard_until
        return tuple(tagger.track(until) for tagger in self._taggers if tagger.start < max(1, until))

    def heard(self) -> Heard:
        """All of it, as far as it was heard."""
        return Heard(
            transcript=self.draft.transcript() if self.draft else None,
            tracks=self.tracks() if self._taggers and self._tags else None,
            duration=self.stream.duration,
            notes=(*self.stream.notes, *self._notes()),
            until=None if self.is_whole else seconds(self.heard_until),
        )

    def _notes(self) -> Iterator[str]:
        for start, _ in self.clips:
            if start and self.mel.is_whole and start >= self.mel.n_frames:
                yield f"nothing from {seconds(start):g} s on was heard: it ends at {self.stream.duration:.1f} s"
                return


def encode(ears: Ears, windows: Sequence[Window], taggers: Sequence[Tagger | None]) -> Encoded:
    """Encode a batch of windows, and let the tagger of each hear its taps."""
    matrices = [
        tagger.plan(window) if tagger else np.zeros((0, STEPS_PER_WINDOW), np.float32)
        for window, tagger in zip(windows, taggers, strict=True)
    ]
    n_cells = max(1, *(len(matrix) for matrix in matrices), 1)
    pool = np.zeros((len(windows), n_cells, STEPS_PER_WINDOW), np.float32)
    for row, matrix in zip(pool, matrices, strict=True):
        row[: len(matrix)] = matrix
    encoded = ears.encoder(np.stack([window.padded for window in windows]), pool)
    for window, tagger, matrix, taps in zip(windows, taggers, matrices, encoded.taps, strict=True):
        if tagger:
            tagger.hear(window, matrix, taps)
    return encoded
