"""Where in a recording something is heard: samples in, stretches out.

Source clips often begin and end with silence, so the times of a clip are not those of its sound.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from whisper_at.timegrid import SAMPLE_RATE, SAMPLES_PER_FRAME

Stretch = tuple[int, int]  # first sample, and the one after the last

DEPTH = 30.0  # decibels below the loudest: what is softer is not heard beside it
LONGEST_PAUSE = SAMPLE_RATE // 2  # a shorter one belongs to the sound: steps, a sentence, a dog that barks
SILENCE = 1e-8  # mean power, -80 dB of full scale: the noise of 16 bits and of dither
FRAMES_OF_LOUDEST = 5  # the loudest 50 ms, so that a click of one frame does not hide the rest


def active_stretches(samples: npt.NDArray[np.float32]) -> tuple[Stretch, ...]:
    """The stretches of samples [sample] that are heard, in order; none if all is silent.

    A frame of 10 ms is heard if it is at most 30 dB softer than the loudest 50 ms. Pauses shorter than half a
    second belong to the sound.

    >>> beep = np.zeros(32000, np.float32)
    >>> beep[4000:8000] = 0.5
    >>> active_stretches(beep)
    ((4000, 8000),)
    """
    n_frames = -(-len(samples) // SAMPLES_PER_FRAME)
    frames = np.zeros((n_frames, SAMPLES_PER_FRAME), np.float32)
    frames.reshape(-1)[: len(samples)] = samples
    power = np.einsum("fs,fs->f", frames, frames) / SAMPLES_PER_FRAME
    width = min(FRAMES_OF_LOUDEST, n_frames)
    loudest = np.convolve(power, np.full(width, 1 / width), "valid").max() if n_frames else 0.0
    heard = (power > SILENCE) & (power >= loudest * 10 ** (-DEPTH / 10))
    edges = np.flatnonzero(np.diff(heard.astype(np.int8), prepend=0, append=0)) * SAMPLES_PER_FRAME
    starts, ends = edges[::2].tolist(), np.minimum(edges[1::2], len(samples)).tolist()
    return merged(zip(starts, ends, strict=True), pause=LONGEST_PAUSE)


def merged(stretches: Iterable[Stretch], *, pause: int = 1) -> tuple[Stretch, ...]:
    """The same time in fewer stretches: those that touch, overlap, or have a shorter pause between, are one.

    >>> merged([(5, 9), (0, 3), (8, 12), (12, 13)])
    ((0, 3), (5, 13))
    """
    joined: list[Stretch] = []
    for start, end in sorted(stretches):
        if joined and start - joined[-1][1] < pause:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def within(stretches: Iterable[Stretch], start: int, end: int) -> tuple[Stretch, ...]:
    """What of the stretches lies between two samples.

    >>> within([(0, 4), (6, 9)], 3, 8)
    ((3, 4), (6, 8))
    """
    cut = ((max(a, start), min(b, end)) for a, b in stretches)
    return tuple((a, b) for a, b in cut if a < b)


def moved(stretches: Iterable[Stretch], by: int) -> tuple[Stretch, ...]:
    """The stretches, so many samples later."""
    return tuple((a + by, b + by) for a, b in stretches)


def mean_power(samples: npt.NDArray[np.float32], stretches: Iterable[Stretch]) -> float:
    """The mean square over stretches; 0 if they are empty.

    >>> mean_power(np.array([9, 2, 2, 9], np.float32), [(1, 3)])
    4.0
    """
    parts = [samples[a:b].astype(np.float64) for a, b in stretches]
    n = sum(len(part) for part in parts)
    return sum(float(np.square(part).sum()) for part in parts) / n if n else 0.0
