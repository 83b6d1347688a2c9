"""Where a recording grows louder or quieter, to the frame: the edges of its sounds. Windows in, two curves out.

An encoder step knows a second around it, so the cells of tags tell roughly when a sound begins. Its energy tells it to
a few frames: at each border between two frames, how much louder is what follows than what went before?
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.audio.windows import Window

AROUND = 10  # frames before and after a border that are compared: 0.1 s
FEWEST = 5  # near the ends of a recording there are fewer
BANDS = 4  # mel bands that are taken together; nothing is lost by it, and it takes a quarter of the time
DECIBELS = 40.0  # in one unit of a log-mel as Whisper scales it

Float = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Edges:
    """How much louder, and how much quieter, it gets at each border between two frames.

    start: the first frame that was heard; border `i` lies before frame `start + i`, the last one at the end.
    rise, fall: float16 [border], in decibels: the mean over bands, of which those that go the other way count 0.
    """

    start: int
    rise: npt.NDArray[np.float16]
    fall: npt.NDArray[np.float16]


class EdgeFinder:
    """Hears the windows of a recording in order; what overlaps counts once."""

    def __init__(self, start: int = 0) -> None:
        self._start = self._heard = start
        self._bands: Float | None = None  # [band, frame]: frames that the next borders are compared with
        self._known = start  # borders before this one are done
        self._parts: list[tuple[Float, Float]] = []

    def hear(self, window: Window) -> None:
        """Take the frames of a window that have not been heard yet."""
        end = window.seek + window.n_frames
        if end <= self._heard:
            return
        new = _banded(window.padded[:, self._heard - window.seek : window.n_frames])
        self._bands = new if self._bands is None else np.concatenate([self._bands, new], axis=1)
        self._heard = end
        if end - AROUND > self._known:
            self._settle(end - AROUND)

    def edges(self, n_frames: int) -> Edges:
        """The edges up to a frame, which nothing lies behind."""
        last = max(self._start, min(n_frames, self._heard))
        parts = list(self._parts)
        if self._bands is not None and last > self._known:
            first = self._heard - self._bands.shape[1]
            parts.append(_strengths(self._bands[:, : last - first], first, range(self._known, last)))
        n = last - self._start + 1
        return Edges(
            start=self._start, rise=_joined([p[0] for p in parts], n), fall=_joined([p[1] for p in parts], n)
        )

    def _settle(self, until: int) -> None:
        """Works out the borders before a frame, and forgets what no later one is compared with."""
        assert self._bands is not None
        first = self._heard - self._bands.shape[1]
        self._parts.append(_strengths(self._bands, first, range(self._known, until)))
        self._known = until
        self._bands = self._bands[:, max(0, until - AROUND - first) :]


def _banded(mel: Float) -> Float:
    """Bands of a log-mel in decibels, several taken together: [band, frame]."""
    return np.asarray(mel.reshape(-1, BANDS, mel.shape[1]).mean(axis=1) * DECIBELS, np.float32)


def _strengths(bands: Float, first: int, borders: range) -> tuple[Float, Float]:
    """Rise and fall [border] at borders of the recording, from bands [band, frame] whose first frame is `first`."""
    n = bands.shape[1]
    sums = np.concatenate([np.zeros((len(bands), 1)), np.cumsum(bands, axis=1, dtype=np.float64)], axis=1)
    at = np.arange(borders.start, borders.stop) - first
    before, after = np.maximum(at - AROUND, 0), np.minimum(at + AROUND, n)
    change = (sums[:, after] - sums[:, at]) / np.maximum(after - at, 1)
    change -= (sums[:, at] - sums[:, before]) / np.maximum(at - before, 1)
    change[:, np.minimum(at - before, after - at) < FEWEST] = 0  # too little to compare with
    rise, fall = (np.maximum(one, 0).mean(axis=0).astype(np.float32) for one in (change, -change))
    return rise, fall


def _joined(parts: list[Float], n: int) -> npt.NDArray[np.float16]:
    joined = np.zeros(n, np.float16)
    found = np.concatenate([*parts, np.zeros(0, np.float32)])[:n]
    joined[: len(found)] = found
    return joined
