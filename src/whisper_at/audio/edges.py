"""Where a recording grows louder or quieter, to the frame: the edges of its sounds. Windows in, two curves out.

An encoder step knows a second around it, so the cells of tags tell roughly when a sound begins. Its energy tells it to
a few frames: at each border between two frames, how much louder is what follows than what went before?
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.audio.windows import Window

AROUND = 10  # frames before and after a border that are compared: 0.1 s; nearer to an end there is no edge
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
        self._bands: Float = np.zeros(
            (0, 0), np.float32
        )  # [band, frame]: those that the next borders lie among
        self._parts: list[Float] = []  # [2, border]: rise and fall

    def hear(self, window: Window) -> None:
        """Take the frames of a window that have not been heard yet."""
        end = window.seek + window.n_frames
        if end <= self._heard:
            return
        new = _banded(window.padded[:, self._heard - window.seek : window.n_frames])
        self._heard = end
        bands = np.concatenate([self._bands, new], axis=1) if self._bands.size else new
        if bands.shape[1] >= 2 * AROUND:
            self._parts.append(_strengths(bands))
            bands = bands[:, bands.shape[1] - 2 * AROUND + 1 :]
        self._bands = bands

    def edges(self, n_frames: int) -> Edges:
        """The edges up to a frame."""
        n_borders = max(self._start, min(n_frames, self._heard)) - self._start + 1
        found = np.zeros((2, n_borders), np.float16)
        heard = np.concatenate([*self._parts, np.zeros((2, 0), np.float32)], axis=1)[
            :, : max(0, n_borders - AROUND)
        ]
        found[:, AROUND : AROUND + heard.shape[1]] = heard
        return Edges(start=self._start, rise=found[0], fall=found[1])


def _banded(mel: Float) -> Float:
    """Bands of a log-mel in decibels, several taken together: [band, frame]."""
    return np.asarray(mel.reshape(-1, BANDS, mel.shape[1]).mean(axis=1) * DECIBELS, np.float32)


def _strengths(bands: Float) -> Float:
    """Rise and fall [2, border] at the borders among bands [band, frame] that have `AROUND` frames on either side."""
    sums = np.cumsum(bands, axis=1, dtype=np.float64)
    sums = np.concatenate([np.zeros((len(bands), 1)), sums], axis=1)
    means = (sums[:, AROUND:] - sums[:, :-AROUND]) / AROUND
    change = means[:, AROUND:] - means[:, :-AROUND]
    rise = np.maximum(change, 0).mean(axis=0)
    return np.stack([rise, rise - change.mean(axis=0)]).astype(np.float32)  # max(-c, 0) is max(c, 0) - c
