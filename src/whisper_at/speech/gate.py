"""No words where nobody speaks: what the tags have heard decides what is decoded and what is kept.

A window without a voice is not decoded. A segment that lies where there is no voice is dropped. Nothing vanishes
silently: both are kept as `Dropped`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.annotation import Dropped, Segment
from whisper_at.speech.options import SpeechOptions
from whisper_at.timegrid import FRAMES_PER_SECOND, seconds

SURELY = 0.5  # probability from which somebody speaks
SLACK = FRAMES_PER_SECOND // 2  # frames by which the times of a segment may be off


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The probability [cell] that somebody speaks or sings, in cells of so many frames from frame 0 of the recording.

    Cells after the last one have not been heard.
    """

    frames_per_cell: int
    voice: npt.NDArray[np.float32]

    def between(self, start: int, end: int) -> float:
        """The surest cell between two frames; 1 where none has been heard, for nothing is known there.

        >>> Evidence(frames_per_cell=20, voice=np.float32([0, 0.5, 0.25])).between(40, 100)
        0.25
        """
        first, last = start // self.frames_per_cell, max(start, end - 1) // self.frames_per_cell
        cells = self.voice[max(0, first) : last + 1]
        return float(cells.max()) if len(cells) else 1.0

    def last(self, start: int, end: int) -> int:
        """The frame at which the last voice between two frames ends, or `start` if there is none.

        >>> Evidence(frames_per_cell=20, voice=np.float32([0.9, 0.9, 0.1])).last(10, 60)
        40
        """
        first, stop = start // self.frames_per_cell, -(-end // self.frames_per_cell)
        heard = np.flatnonzero(self.voice[first:stop] >= SURELY)
        return min(end, (first + int(heard[-1]) + 1) * self.frames_per_cell) if len(heard) else start


@dataclass(frozen=True, kw_only=True)
class Gate:
    """How much of a voice there must be.

    window: in a window that is decoded. segment: in a segment that is kept; and `doubted` in one that the decoder
    itself doubts.
    """

    window: float
    segment: float
    doubted: float

    def is_silent(self, evidence: Evidence, start: int, n_frames: int) -> Dropped | None:
        """The reason not to decode a window, if there is one."""
        heard = evidence.between(start, start + n_frames)
        if heard >= self.window:
            return None
        return Dropped(
            text="", start=seconds(start), end=seconds(start + n_frames), voice=round(heard, 4),
            reason="nobody speaks: not decoded",
        )  # fmt: skip

    def drops(self, evidence: Evidence, segment: Segment) -> Dropped | None:
        """The reason not to keep a segment, if there is one."""
        start, end = (round(time * FRAMES_PER_SECOND) for time in (segment.start, segment.end))
        heard = evidence.between(max(0, start - SLACK), end + SLACK)
        doubted = segment.avg_logprob < DOUBTFUL or segment.no_speech_prob > UNLIKELY
        if heard >= (self.doubted if doubted else self.segment):
            return None
        return Dropped(
            text=segment.text, start=segment.start, end=segment.end, voice=round(heard, 4),
            reason="words where nobody speaks",
        )  # fmt: skip


DOUBTFUL = -0.5  # mean log probability of a text that its decoder doubts
UNLIKELY = 0.3  # its probability that nobody speaks

# Measured by experiments/speech_gate.py: speech in noise has 0.9 and more, and the decoder doubts what nobody said.
GATES = {
    "off": None,
    "auto": Gate(window=0.1, segment=0.1, doubted=0.5),
    "strict": Gate(window=0.3, segment=0.5, doubted=0.9),
}


def gate_of(options: SpeechOptions) -> Gate | None:
    """The gate that was asked for."""
    return GATES[options.speech_gate]
