"""Decoded source clips, kept: a clip in, its samples and where it is heard out.

Scenes ask for the same clips again and again, and decoding is what takes time.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from whisper_at.audio import Recording
from whisper_at.datasets.clip import Clip
from whisper_at.datasets.scenes.activity import Stretch, active_stretches
from whisper_at.datasets.waveforms import part, read_clip

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceSound:
    """The samples [sample] of a clip, and the stretches of them that are heard."""

    samples: Samples
    stretches: tuple[Stretch, ...]


class Sources:
    """Reads clips, and keeps as many recordings as fit in `max_bytes`: those that were asked for last."""

    def __init__(self, max_bytes: int = 256 << 20) -> None:
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._recordings: OrderedDict[Path, Recording] = OrderedDict()
        self._stretches: dict[str, tuple[Stretch, ...]] = {}

    def hear(self, clip: Clip) -> SourceSound:
        """A clip's sound.

        Raises:
            DatasetError: if its file cannot be read, or ends before the clip starts.
        """
        samples = part(self._recording(clip), clip).samples
        if clip.name not in self._stretches:
            self._stretches[clip.name] = active_stretches(samples)
        return SourceSound(samples=samples, stretches=self._stretches[clip.name])

    def _recording(self, clip: Clip) -> Recording:
        """The whole file that a clip is in."""
        if clip.path not in self._recordings:
            recording = self._recordings[clip.path] = read_clip(replace(clip, start=0.0, end=None))
            self._n_bytes += recording.samples.nbytes
            while self._n_bytes > self._max_bytes and len(self._recordings) > 1:
                self._n_bytes -= self._recordings.popitem(last=False)[1].samples.nbytes
        self._recordings.move_to_end(clip.path)
        return self._recordings[clip.path]
