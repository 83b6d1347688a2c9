"""One shard: reels through the encoder, taps into a file.

reel ─ log_mel ─► windows ─► batches ─ encoder ─► taps ─ each clip's own cells ─► float16
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from whisper_at.audio import log_mel
from whisper_at.datasets.clip import Clip
from whisper_at.errors import DatasetError
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.encoder import first_positions
from whisper_at.model.engine import EncoderFunction, Precision, open_engine
from whisper_at.model.weights import Checkpoint
from whisper_at.tagging.pooling import TapPool
from whisper_at.timegrid import (
    FRAMES_PER_SECOND,
    FRAMES_PER_STEP,
    FRAMES_PER_WINDOW,
    SAMPLES_PER_FRAME,
    STEPS_PER_WINDOW,
    TagGrid,
)
from whisper_at.training.placing import Reel
from whisper_at.training.shards import Taps, shard_name, write_shard
from whisper_at.training.store import FRAMES_OF_10S, Context, StoreCard
from whisper_at.training.survey import hear
from whisper_at.workers import Report

BATCH = 4  # windows encoded together
LARGEST = float(np.finfo(np.float16).max)
Float = npt.NDArray[np.float32]


class Encoder(Protocol):
    """An encoder that each worker opens for itself."""

    @property
    def name(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def dims(self) -> Dimensions: ...
    @property
    def precision(self) -> Precision: ...

    def open(self, *, threads: int, n_steps: int) -> EncoderFunction:
        """The function, for windows of so many steps."""
        ...


@dataclass(frozen=True, kw_only=True)
class WhisperEncoder:
    """The encoder of a checkpoint; its decoder is not loaded."""

    checkpoint: Checkpoint
    device: str = "cpu"
    engine: str = "auto"
    precision: Precision = "float32"

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.checkpoint.name

    @property
    def sha256(self) -> str:
        """Of its file of weights."""
        return self.checkpoint.sha256

    @property
    def dims(self) -> Dimensions:
        """Its sizes."""
        return self.checkpoint.dims

    def open(self, *, threads: int, n_steps: int) -> EncoderFunction:
        """The function, for windows of so many steps."""
        engine = open_engine(self.engine, device=self.device, threads=threads, precision=self.precision)
        return engine.encoder(self.dims, first_positions(self.checkpoint.variables(), n_steps))


def steps_heard(context: Context) -> int:
    """How many steps the encoder hears at once.

    >>> steps_heard("10s"), steps_heard("packed")
    (500, 1500)
    """
    return FRAMES_OF_10S // FRAMES_PER_STEP if context == "10s" else STEPS_PER_WINDOW


@dataclass(frozen=True, kw_only=True)
class ShardTask:
    """What goes into one file: reels, and the clips and lengths that they speak of, by number."""

    number: int
    reels: tuple[Reel, ...]
    clips: Mapping[int, Clip]
    samples: Mapping[int, int]
    n_frames: Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class ShardWriter:
    """The work of extraction: encodes the clips of a shard and writes it. Reports seconds of clips."""

    folder: Path
    store: str  # sha256 of the index
    card: StoreCard
    encoder: Encoder
    threads: int = 0

    def open(self) -> Callable[[ShardTask, Report], None]:
        """Loads the encoder."""
        encode = self.encoder.open(threads=self.threads, n_steps=steps_heard(self.card.context))

        def work(task: ShardTask, report: Report) -> None:
            taps = encoded(task, self.card, encode, n_mels=self.encoder.dims.n_mels, report=report)
            write_shard(self.folder / shard_name(task.number), taps, store=self.store)

        return work


def encoded(
    task: ShardTask,
    card: StoreCard,
    encode: EncoderFunction,
    *,
    n_mels: int,
    report: Report = lambda seconds: None,
) -> dict[int, Taps]:
    """The taps [cell, layer, dim] of each clip of a task.

    Raises:
        DatasetError: if a clip is not what it was when the store was begun.
    """
    gathered: dict[int, _Gathering] = {}
    windows = (window for reel in task.reels for window in _windows(reel, task, card, n_mels, gathered))
    seconds = 0.0
    while batch := list(islice(windows, BATCH)):
        _hear(batch, encode)
        cells = sum(float(matrix.sum()) for window in batch for _, matrix in window.parts)
        seconds += cells * card.frames_per_cell / FRAMES_PER_SECOND
        report(seconds)
    return {clip: np.concatenate(one.cells) for clip, one in gathered.items()}


def spliced(reel: Reel, task: ShardTask, card: StoreCard) -> Float:
    """The samples [sample] of a reel: its clips, each at its place, and silence between them."""
    clips = [(placed.frame * SAMPLES_PER_FRAME, _samples(placed.clip, task, card)) for placed in reel.clips]
    tape = np.zeros(max(start + max(len(samples), SAMPLES_PER_FRAME) for start, samples in clips), np.float32)
    for start, samples in clips:
        tape[start : start + len(samples)] = samples
    return tape


def louder(samples: Float, decibels: float) -> Float:
    """The samples with a gain, which is smaller where it would lift their peak above full scale.

    >>> louder(np.array([0.25, -0.5], np.float32), 20).tolist()
    [0.5, -1.0]
    """
    peak = float(np.abs(samples).max())
    factor: float = 10 ** (decibels / 20)
    if peak * factor > 1:
        factor = min(factor, max(1.0, 1 / peak))
    return samples * np.float32(factor)


def _samples(clip: int, task: ShardTask, card: StoreCard) -> Float:
    recording = hear(task.clips[clip])
    samples = recording.samples
    if len(samples) != task.samples[clip] or recording.notes:
        raise DatasetError(
            f"{task.clips[clip].name} has changed since the store was begun, from {task.samples[clip]} samples "
            f"to {len(samples)}; bring it back, or begin anew with another --out"
        )
    if card.gain is None:
        return samples
    return louder(samples, float(np.random.default_rng([card.seed, clip]).uniform(*card.gain)))


@dataclass(kw_only=True)
class _Gathering:
    """The cells of a clip, as far as windows have been heard."""

    name: str
    frame: int  # of the reel, at which the clip begins
    pool: TapPool
    cells: list[Taps] = field(default_factory=list)

    def hear(self, seek: int, matrix: Float, taps: Float) -> None:
        """Take `matrix @ steps` [layer, cell, dim] of the window at frame `seek` of the reel."""
        cells = self.pool.hear(seek - self.frame, matrix, taps.transpose(1, 0, 2))
        if not (np.abs(cells) <= LARGEST).all():
            raise DatasetError(
                f"the taps of {self.name} go beyond {LARGEST:g}, what half precision holds; leave the clip out"
            )
        self.cells.append(cells.astype(np.float16))


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """What the encoder hears at once, and how its steps enter the cells [cell, step] of each clip."""

    seek: int
    mel: Float
    parts: list[tuple[_Gathering, Float]]


def _windows(
    reel: Reel, task: ShardTask, card: StoreCard, n_mels: int, gathered: dict[int, _Gathering]
) -> Iterator[_Cut]:
    n_steps = steps_heard(card.context)
    mel = log_mel(spliced(reel, task, card), n_mels=n_mels)
    grid = TagGrid(frames_per_cell=card.frames_per_cell)
    here = []
    for placed in reel.clips:
        pool = TapPool(grid, task.n_frames[placed.clip])
        name = task.clips[placed.clip].name
        here.append(_Gathering(name=name, frame=placed.frame, pool=pool))
        gathered[placed.clip] = here[-1]
    for seek in range(0, reel.n_frames, FRAMES_PER_WINDOW):
        window = mel.window(seek)
        yield _Cut(
            seek=seek,
            mel=window.padded[:, : n_steps * FRAMES_PER_STEP],
            parts=[(one, one.pool.plan(seek - one.frame)[:, :n_steps]) for one in here],
        )


def _hear(batch: list[_Cut], encode: EncoderFunction) -> None:
    """Encode some windows at once, and give each clip what belongs to it."""
    matrices = [np.concatenate([matrix for _, matrix in window.parts]) for window in batch]
    pool = np.zeros((len(batch), max(len(m) for m in matrices), matrices[0].shape[1]), np.float32)
    for row, matrix in zip(pool, matrices, strict=True):
        row[: len(matrix)] = matrix
    taps = encode(np.stack([window.mel for window in batch]), pool).taps
    for window, pooled in zip(batch, taps, strict=True):
        at = 0
        for one, matrix in window.parts:
            one.hear(window.seek, matrix, pooled[:, at : at + len(matrix)])
            at += len(matrix)
