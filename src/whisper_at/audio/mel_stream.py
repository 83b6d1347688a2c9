"""The log-mel of a recording that is read while it is heard: blocks of samples in, windows out.

Whisper lifts what lies 80 dB below the loudest value of the whole recording. Who has not read it to its end cannot
know that value: here it is the loudest of the block and of those before it. A recording of one block, ten minutes, is
therefore heard as if it were whole; a longer one differs where its first minutes are quieter than the rest by so much.
"""

from collections import deque

import numpy as np

from whisper_at.audio.logmel import (
    BLOCK,
    REACH,
    FloatArray,
    log_energies,
    n_columns_of,
    n_frames_of,
    scale,
)
from whisper_at.audio.recording import Stream
from whisper_at.audio.windows import Window
from whisper_at.errors import AudioError
from whisper_at.timegrid import FRAMES_PER_WINDOW, SAMPLES_PER_FRAME


class MelStream:
    """Reads on when it is asked for frames that it does not have yet; forgets those that nobody needs any more."""

    def __init__(self, stream: Stream, *, n_mels: int = 80) -> None:
        self._stream, self._n_mels = stream, n_mels
        self._samples = np.zeros(0, np.float32)  # what the columns to come will look at
        self._first = 0  # its place in the recording
        self._n_columns = 0  # measured so far
        self._loudest = -np.inf
        self._parts: deque[tuple[int, FloatArray]] = deque()  # first frame, columns [mel, frame]
        self.n_frames = 0  # known so far
        self.is_whole = False  # whether there are no more

    def reaches(self, frame: int) -> bool:
        """Whether the recording has so many frames."""
        while self.n_frames < frame and not self.is_whole:
            self._read()
        return self.n_frames >= frame

    def between(self, start: int, stop: int) -> FloatArray:
        """The columns [mel, frame] from a frame to before another, or up to the end of the recording.

        Raises:
            AudioError: if the samples are not finite, or there are none.
        """
        self.reaches(stop)
        assert not self._parts or self._parts[0][0] <= start, f"frame {start} has been forgotten"
        parts = [
            columns[:, max(0, start - first) : max(0, stop - first)]
            for first, columns in self._parts
            if first < stop and start < first + columns.shape[1]
        ]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([*parts, np.zeros((self._n_mels, 0), np.float32)], axis=1)

    def window(self, seek: int, n_frames: int = FRAMES_PER_WINDOW) -> Window:
        """What the encoder hears from the frame `seek` on: so many frames, if there are as many."""
        return Window.of(self.between(seek, seek + min(n_frames, FRAMES_PER_WINDOW)), seek)

    def forget(self, frame: int) -> None:
        """Frees the memory of what lies before a frame."""
        while self._parts and self._parts[0][0] + self._parts[0][1].shape[1] <= frame:
            self._parts.popleft()

    def _read(self) -> None:
        block = self._stream.take()
        if block is not None:
            self._samples = np.concatenate([self._samples, block]) if len(self._samples) else block
        n_samples = self._first + len(self._samples)
        if not n_samples:
            raise AudioError("a recording has samples, found none")
        self.is_whole = self._stream.is_read
        if self.is_whole:
            stop = n_columns_of(n_samples)
        else:  # as many as can be measured, and as `log_mel` measures at once
            stop = max(self._n_columns, (n_samples - REACH) // SAMPLES_PER_FRAME // BLOCK * BLOCK)
        if stop > self._n_columns:
            self._measure(stop)
        if self.is_whole:
            self.n_frames = n_frames_of(n_samples)
            first, columns = self._parts.pop()
            self._parts.append((first, columns[:, : self.n_frames - first]))

    def _measure(self, stop: int) -> None:
        """The columns up to `stop`; the samples that no other one looks at are let go."""
        start = self._n_columns
        columns = log_energies(self._samples, start, stop, n_mels=self._n_mels, first=self._first)
        self._loudest = max(self._loudest, float(columns.max()))
        scale(columns, loudest=self._loudest)
        self._parts.append((start, columns))
        self._n_columns = self.n_frames = stop
        first = max(0, stop * SAMPLES_PER_FRAME - REACH)
        self._samples = self._samples[first - self._first :].copy()
        self._first = first
