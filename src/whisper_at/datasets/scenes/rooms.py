"""A room with a listener in it: where a sound comes from in, the impulse response out.

Images in the walls give the first echoes, noise that dies away the rest. The direct sound comes at sample 0
with strength 1, so that a room does not move the times of what rings in it.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from whisper_at.timegrid import SAMPLE_RATE

SPEED_OF_SOUND = 343.0  # metres a second
REFLECTIONS = 2  # images this far to each side; what comes later is noise
MIXING = int(0.025 * SAMPLE_RATE)  # samples after which single echoes are not told apart
MOST_ABSORPTION = 0.9

Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Room:
    """A shoebox: its size in metres, the seconds in which sound falls by 60 dB, and where the listener is."""

    size: Point
    reverberation: float
    listener: Point

    @property
    def absorption(self) -> float:
        """The share of the energy that walls keep, after Sabine.

        >>> round(Room(size=(5, 4, 3), reverberation=0.5, listener=(1, 1, 1)).absorption, 3)
        0.206
        """
        return min(0.161 * math.prod(self.size) / (self.surface * self.reverberation), MOST_ABSORPTION)

    @property
    def surface(self) -> float:
        """Square metres of walls, floor and ceiling."""
        x, y, z = self.size
        return 2 * (x * y + y * z + z * x)


def draw_room(dice: np.random.Generator, reverberation: float) -> Room:
    """A room between a chamber and a small hall, with the listener anywhere but at the walls."""
    size = (dice.uniform(2.5, 10), dice.uniform(2.5, 8), dice.uniform(2.3, 4.5))
    rounded = tuple(round(metres, 2) for metres in size)
    x, y, z = rounded
    return Room(size=(x, y, z), reverberation=round(reverberation, 3), listener=draw_place(dice, (x, y, z)))


def draw_place(dice: np.random.Generator, size: Point) -> Point:
    """A point at least half a metre from every wall."""
    x, y, z = (round(dice.uniform(0.5, side - 0.5), 2) for side in size)
    return (x, y, z)


@lru_cache(maxsize=64)
def impulse_response(room: Room, place: Point) -> npt.NDArray[np.float32]:
    """What the listener hears [sample] of a click at a place.

    >>> hall = Room(size=(10, 8, 4), reverberation=0.8, listener=(2, 2, 1.5))
    >>> response = impulse_response(hall, (7, 5, 1.5))
    >>> float(response[0]), len(response)
    (1.0, 12800)
    """
    response = np.zeros(max(int(room.reverberation * SAMPLE_RATE), MIXING + 1), np.float32)
    distances, walls = _images(room, place)
    direct = max(math.dist(place, room.listener), 0.3)
    delays = np.rint((distances - direct) / SPEED_OF_SOUND * SAMPLE_RATE).astype(np.int64)
    strengths = direct / np.maximum(distances, direct) * np.sqrt(1 - room.absorption) ** walls
    early = (walls > 0) & (delays > 0) & (delays < MIXING)
    np.add.at(response, delays[early], strengths[early].astype(np.float32))
    seed = [round(1000 * metres) for metres in place]  # at every place another tail, always the same
    response[MIXING:] += _tail(room, direct, len(response), seed)[MIXING:]
    response[0] = 1
    response.flags.writeable = False  # it is kept
    return response


def _images(room: Room, place: Point) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """How far each image of the source is [image], and off how many walls it came [image]."""
    n = np.arange(-REFLECTIONS, REFLECTIONS + 1)
    far: list[npt.NDArray[np.float64]] = []
    walls: list[npt.NDArray[np.int64]] = []
    for side, source, ear in zip(room.size, place, room.listener, strict=True):
        far.append(np.concatenate([2 * n * side + source, 2 * n * side - source]) - ear)
        walls.append(np.concatenate([abs(2 * n), abs(2 * n - 1)]))
    x, y, z = np.meshgrid(*far, indexing="ij", sparse=True)
    a, b, c = np.meshgrid(*walls, indexing="ij", sparse=True)
    distances: npt.NDArray[np.float64] = np.sqrt(x**2 + y**2 + z**2).ravel()
    return distances, (a + b + c).ravel()


def _tail(room: Room, direct: float, n_samples: int, seed: list[int]) -> npt.NDArray[np.float32]:
    """Noise as strong beside the direct sound as theory has it for an even field, and that dies away.

    The energy of the field is 16 pi r² (1 - absorption) / (surface * absorption) times that of the direct sound.
    """
    absorption = room.absorption
    energy = 16 * math.pi * direct**2 * (1 - absorption) / (room.surface * absorption)
    decay = 6 * math.log(10) / (room.reverberation * SAMPLE_RATE)  # of power, a sample
    power = energy * decay * np.exp(-decay * np.arange(n_samples))
    wiggle = np.random.default_rng(seed).standard_normal(n_samples)
    tail: npt.NDArray[np.float32] = (np.sqrt(power) * wiggle).astype(np.float32)
    return tail


def ring(samples: npt.NDArray[np.float32], response: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Samples [sample] as heard through an impulse response, with the tail.

    >>> ring(np.array([1, 2], np.float32), np.array([1, 0, 0.5], np.float32)).round(3).tolist()
    [1.0, 2.0, 0.5, 1.0]
    """
    n = len(samples) + len(response) - 1
    size = 1 << (n - 1).bit_length()
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(response, size)
    rung: npt.NDArray[np.float32] = np.fft.irfft(spectrum, size)[:n].astype(np.float32)
    return rung
