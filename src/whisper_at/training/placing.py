"""Where clips are laid before the encoder hears them: lengths and folds in, reels out.

A reel is clips spliced into one recording, which is heard in windows of 30 s as any served recording is:

    packed   |gap| clip 7 |gap| clip 2 |gap| clip 9     |      one window, clips of one fold
    alone    | clip 7 |                                        a window, or as many as it lasts
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from whisper_at.timegrid import FRAMES_PER_WINDOW, SAMPLES_PER_FRAME

SHORTEST_GAP, LONGEST_GAP = 20, 100  # frames of silence between two clips


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A clip, by its number, and the frame of the reel that it begins at."""

    clip: int
    frame: int


@dataclass(frozen=True, kw_only=True)
class Reel:
    """Clips in the order in which they are heard, and the length of all in frames."""

    clips: tuple[Placed, ...]
    n_frames: int

    @property
    def n_windows(self) -> int:
        """How often the encoder runs for it.

        >>> Reel(clips=(Placed(clip=0, frame=0),), n_frames=3001).n_windows
        2
        """
        return -(-self.n_frames // FRAMES_PER_WINDOW)


def n_frames(n_samples: int) -> int:
    """The frames of a clip, as `log_mel` counts them: a last one that is not full is none, but one there is.

    >>> n_frames(16_159), n_frames(1)
    (100, 1)
    """
    return max(1, n_samples // SAMPLES_PER_FRAME)


def alone(lengths: Sequence[int]) -> list[Reel]:
    """Every clip on a reel of its own. Lengths are in frames, here and below."""
    return [Reel(clips=(Placed(clip=i, frame=0),), n_frames=n) for i, n in enumerate(lengths)]


def packed(
    lengths: Sequence[int], folds: Sequence[str], *, frames_per_cell: int, seed: int = 0
) -> list[Reel]:
    """Clips that are near each other in a seeded shuffle of their fold share a window.

    Clips of two folds never meet, for layers of the encoder hear the whole window. Each clip begins on a
    boundary of cells, after a silence of 0.2 to 1 s (longer where cells are). A clip for which a window has no
    room beside a gap gets a reel of its own.

    >>> reels = packed([900, 900, 900, 900, 5000], ["1", "1", "2", "1", "1"], frames_per_cell=20)
    >>> sorted(sorted(placed.clip for placed in reel.clips) for reel in reels)
    [[0, 1, 3], [2], [4]]
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(lengths)).tolist()
    return [
        reel
        for fold in sorted(set(folds))
        for reel in _next_fit([i for i in order if folds[i] == fold], lengths, frames_per_cell, rng)
    ]


def _next_fit(
    order: Sequence[int], lengths: Sequence[int], frames_per_cell: int, rng: np.random.Generator
) -> Iterator[Reel]:
    """One reel is open at a time; a clip that does not fit closes it."""
    clips: list[Placed] = []
    end = 0
    for i in order:
        start = _start(end, frames_per_cell, rng)
        if clips and start + lengths[i] > FRAMES_PER_WINDOW:
            yield Reel(clips=tuple(clips), n_frames=end)
            clips, end = [], 0
            start = _start(0, frames_per_cell, rng)
        if start + lengths[i] > FRAMES_PER_WINDOW:
            start = 0
        clips.append(Placed(clip=i, frame=start))
        end = start + lengths[i]
    if clips:
        yield Reel(clips=tuple(clips), n_frames=end)


def _start(end: int, frames_per_cell: int, rng: np.random.Generator) -> int:
    """A boundary of cells behind a gap; before the first clip of a reel there need not be one."""
    earliest, latest = (end + SHORTEST_GAP, end + LONGEST_GAP) if end else (0, LONGEST_GAP)
    first, last = -(-earliest // frames_per_cell), latest // frames_per_cell
    return int(rng.integers(first, max(first, last) + 1)) * frames_per_cell


def into_shards(reels: Sequence[Reel], n_bytes: Sequence[int], limit: int) -> list[tuple[Reel, ...]]:
    """Neighbouring reels together, as many as stay below the limit; one that exceeds it stands alone.

    >>> reels = alone([1, 2, 3])
    >>> [len(shard) for shard in into_shards(reels, [60, 40, 70], 100)]
    [2, 1]
    """
    shards: list[tuple[Reel, ...]] = []
    current: list[Reel] = []
    size = 0
    for reel, more in zip(reels, n_bytes, strict=True):
        if current and size + more > limit:
            shards.append(tuple(current))
            current, size = [], 0
        current.append(reel)
        size += more
    return [*shards, tuple(current)] if current else shards
