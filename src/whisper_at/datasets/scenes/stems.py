"""The tracks of a scene before they are mixed: the background, and each event and sentence by itself.

Planning measures the same tracks that rendering mixes, so that a level that was planned is the one heard.
"""

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.scenes.activity import Stretch, mean_power, moved
from whisper_at.datasets.scenes.noise import noise
from whisper_at.datasets.scenes.plan import Backdrop, Placed
from whisper_at.datasets.scenes.rooms import Room, impulse_response, ring
from whisper_at.datasets.scenes.sources import Sources
from whisper_at.timegrid import SAMPLE_RATE

Samples = npt.NDArray[np.float32]

FADE = SAMPLE_RATE // 200  # 5 ms at each end of what was cut out, against clicks
SEAM = SAMPLE_RATE // 4  # over which the end of a loop goes into its beginning


def factor(decibels: float) -> np.float32:
    """What to multiply samples by.

    >>> float(factor(20))
    10.0
    """
    return np.float32(10 ** (decibels / 20))


def decibels(power: float) -> float:
    """A mean power in decibels of full scale.

    >>> decibels(0.01)
    -20.0
    """
    return float(10 * np.log10(power))


def part(samples: Samples, begin: int, end: int) -> Samples:
    """A copy of a part of samples [sample], with short fades."""
    cut = samples[begin:end].copy()
    n = min(FADE, len(cut) // 2)
    ramp = np.sin(np.pi / 2 * (np.arange(n, dtype=np.float32) + 0.5) / max(n, 1)) ** 2
    cut[:n] *= ramp
    cut[len(cut) - n :] *= ramp[::-1]
    return cut


def loop_length(n_part: int, n_samples: int) -> int:
    """The samples after which a looped part comes again, if it is looped at all."""
    return n_part if n_part >= n_samples else n_part - min(SEAM, n_part // 4)


def looped(samples: Samples, n_samples: int, turn: int) -> Samples:
    """So many samples [sample] of a part that comes again and again, from sample `turn` of it on.

    >>> looped(np.arange(8, dtype=np.float32), 5, 2).tolist()
    [2.0, 3.0, 4.0, 5.0, 6.0]
    """
    n_loop = loop_length(len(samples), n_samples)
    loop = samples[:n_loop].copy()
    if seam := len(samples) - n_loop:
        ramp = np.linspace(0, np.pi / 2, seam, dtype=np.float32)  # of equal power
        loop[:seam] = loop[:seam] * np.sin(ramp) + samples[n_loop:] * np.cos(ramp)
    elif turn + n_samples <= n_loop:
        return loop[turn : turn + n_samples]
    return np.resize(np.roll(loop, -turn), n_samples)


def background(backdrop: Backdrop, gaps: tuple[Stretch, ...], n_samples: int, sources: Sources) -> Samples:
    """The track of what sounds all the time [sample], silent in the gaps."""
    if backdrop.clip is None:
        track = noise(backdrop.colour, n_samples, seed=backdrop.seed).copy()
    else:
        source = sources.hear(backdrop.clip).samples[backdrop.begin : backdrop.end]
        track = looped(source, n_samples, backdrop.turn)
    track *= factor(backdrop.gain)
    for start, end in gaps:
        track[start:end] = 0
        before, after = track[max(start - FADE, 0) : start], track[end : end + FADE]
        before *= np.linspace(1, 0, len(before), dtype=np.float32)
        after *= np.linspace(0, 1, len(after), dtype=np.float32)
    return track


def dry(placed: Placed, sources: Sources) -> Samples:
    """The track of an event or a sentence [sample] from its first sample on, without a room."""
    track = part(sources.hear(placed.clip).samples, placed.begin, placed.end)
    track *= factor(placed.gain)
    return track


def in_room(track: Samples, placed: Placed, room: Room | None) -> Samples:
    """A track as it rings in the room, as loud over the stretches where it is heard as it was without."""
    if room is None or placed.place is None:
        return track
    stretches = moved(placed.stretches, -placed.at)
    wet = ring(track, impulse_response(room, placed.place))
    wet *= np.float32(np.sqrt(mean_power(track, stretches) / mean_power(wet, stretches)))
    return wet
