"""Least and greatest sample of each moment: all of a waveform that a picture shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.timegrid import SAMPLE_RATE

Samples = npt.NDArray[np.floating[Any]]

SAMPLES_PER_COLUMN = 32  # 2 ms: two hours are 29 MB


@dataclass(frozen=True, kw_only=True, eq=False)
class Envelope:
    """`low` and `high` [column] are the least and greatest sample of each column; `starts` [column] in seconds."""

    low: Samples
    high: Samples
    starts: Samples

    @classmethod
    def of(cls, blocks: Iterable[Samples]) -> "Envelope":
        """Of samples [sample], mono at 16 kHz, in blocks that need not lie in memory together.

        >>> Envelope.of([np.array([0.5, -1.0, 0.25])]).low
        array([-1.])
        """
        lows, highs, starts = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
        before = 0
        for block in blocks:
            edges = np.arange(0, len(block), SAMPLES_PER_COLUMN)
            if len(edges):
                lows.append(np.minimum.reduceat(block, edges))
                highs.append(np.maximum.reduceat(block, edges))
                starts.append((before + edges) / SAMPLE_RATE)
            before += len(block)
        return cls(low=np.concatenate(lows), high=np.concatenate(highs), starts=np.concatenate(starts))

    def narrowed(self, most: int) -> "Envelope":
        """The same in so many columns, or fewer."""
        if len(self.low) <= most:
            return self
        edges = np.linspace(0, len(self.low), most + 1).astype(int)[:-1]
        return Envelope(
            low=np.minimum.reduceat(self.low, edges),
            high=np.maximum.reduceat(self.high, edges),
            starts=self.starts[edges],
        )
