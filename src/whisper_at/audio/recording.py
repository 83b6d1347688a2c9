"""A recording: all its samples at hand, or a stream of blocks: ten hours need no more memory than ten minutes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from whisper_at.errors import AudioError
from whisper_at.timegrid import SAMPLE_RATE

Samples: TypeAlias = npt.NDArray[np.float32]

SAMPLES_PER_BLOCK = 600 * SAMPLE_RATE  # ten minutes, 38 MB


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """A recording, ready to be heard: `samples` [sample], mono at 16 kHz, full scale from -1 to 1.

    They are not clipped: a lossy codec overshoots a little, a file of floats may go beyond by itself.
    `name` is the name of the file without its folder, or what else the source calls itself. `notes` are
    warnings of one line each: what is missing, damaged or left out.
    """

    name: str
    samples: Samples
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Its length in seconds.

        >>> Recording(name="silence", samples=np.zeros(8000, np.float32)).duration
        0.5
        """
        return len(self.samples) / SAMPLE_RATE

    def stream(self, *, n_channels: int = 1) -> "Stream":
        """The same block by block, of a source that had so many channels."""
        starts = range(0, len(self.samples), SAMPLES_PER_BLOCK)
        blocks = (self.samples[start : start + SAMPLES_PER_BLOCK] for start in starts)
        return Stream(
            name=self.name,
            blocks=blocks,
            promised=self.duration,
            notes=lambda: self.notes,
            n_channels=n_channels,
        )


class Stream:
    """A recording that is read while it is heard, in blocks, mostly of ten minutes; the first one is read at once.

    `name` is as in `Recording`.
    """

    def __init__(
        self,
        *,
        name: str,
        blocks: Iterator[Samples],
        promised: float | None,
        notes: Callable[[], tuple[str, ...]],
        samples_per_block: int = SAMPLES_PER_BLOCK,
        n_channels: int = 1,
    ) -> None:
        """
        Args:
            blocks: samples [sample], mono at 16 kHz, `samples_per_block` but for the last one. An `AudioError` at the
                first one is raised here; one that comes later ends the recording and is told in its notes.
            promised: the length in seconds that its header tells, if it does.
            notes: warnings about what has been read so far.
            n_channels: of the source, of which the samples are one or the mix.

        Raises:
            AudioError: if nothing can be read.
        """
        self.name, self.n_channels = name, n_channels
        self._blocks, self._promised, self._notes = blocks, promised, notes
        self._samples_per_block = samples_per_block
        self._n_samples = 0
        self._broke_off: tuple[str, ...] = ()
        self.is_read = False
        self._first = self._read()

    def take(self) -> Samples | None:
        """The next block of samples [sample], or what is left; None after the last one."""
        block, self._first = self._first, None
        return self._read() if block is None else block

    @property
    def duration(self) -> float:
        """Its length in seconds; what its header says as long as it has not been read to its end."""
        n_seconds = self._n_samples / SAMPLE_RATE
        return n_seconds if self.is_read else max(n_seconds, self._promised or 0.0)

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings of one line each about what has been read so far."""
        return self._notes() + self._broke_off

    def whole(self) -> Recording:
        """All of it in memory."""
        blocks = []
        while (block := self.take()) is not None:
            blocks.append(block)
        samples = blocks[0] if len(blocks) == 1 else np.concatenate([*blocks, np.zeros(0, np.float32)])
        return Recording(name=self.name, samples=samples, notes=self.notes)

    def _read(self) -> Samples | None:
        if self.is_read:
            return None
        try:
            block = next(self._blocks, None)
        except AudioError as error:
            if not self._n_samples:
                raise
            at = self._n_samples / SAMPLE_RATE
            block, self._broke_off = None, (f"reading broke off at {at:.1f} s: {error}",)
        self._n_samples += 0 if block is None else len(block)
        if block is None or len(block) < self._samples_per_block:
            self.is_read = True
            assert next(self._blocks, None) is None, (
                "a block that is not full was not the last one"
            )  # closes files
        return block
