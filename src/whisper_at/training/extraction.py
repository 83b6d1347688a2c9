"""Taps of a corpus in one pass: a dataset and an encoder in, a store of features out.

    survey ─► clips laid on reels ─► store.json ─► shard after shard, in as many processes as one likes

All that is decided is written to store.json before the first window is encoded, and a shard depends on nothing
else. So a run that was killed goes on with the shards that are not there, and ends with the same bytes.
"""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from whisper_at.datasets.checking import Problem
from whisper_at.datasets.clip import Dataset
from whisper_at.errors import DatasetError, OptionError, OutputError
from whisper_at.model.cache import Location
from whisper_at.model.engine import device_of, fastest_precision
from whisper_at.model.weights import find
from whisper_at.timegrid import FRAMES_PER_SECOND, FRAMES_PER_STEP, FRAMES_PER_WINDOW, SAMPLE_RATE
from whisper_at.training import placing
from whisper_at.training.encoding import BATCH, Encoder, ShardTask, ShardWriter, WhisperEncoder, steps_heard
from whisper_at.training.placing import Reel
from whisper_at.training.store import INDEX, Context, Index, StoreCard, check_shard, read_index, write_index
from whisper_at.training.survey import Progress, Survey, Tell, absolute, survey
from whisper_at.training.writing import writing
from whisper_at.workers import results

CONTEXTS = ("packed", "alone", "10s")
LOUDEST_GAIN = 120.0  # decibels, either way
MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """What taps to take.

    cell: seconds; a reader can join cells later (`tagging.pooling.pooled`), but not cut them.
    context: what the encoder hears around a clip.
        packed: clips of one fold, in a seeded shuffle, share windows with 0.2 to 1 s of silence between them, as
            sounds meet in a recording that is served; the fewest windows, for one costs the same whatever it holds.
        alone: each clip has a window of its own, as a short file is served.
        10s: each clip is cut or padded to 10 s, the log-mel with 0.0, and the encoder hears no more: the paper's
            features, but for the cells of the padding, which are not kept.
        Longer clips are heard in windows of 30 s one after the other (10s: their beginning only).
    gain: lowest and highest decibels of a gain that is drawn for each clip; None leaves the samples as they are.
    shard_mb: largest size of a file. A kill costs what a worker has done for the one it is at.

    Whisper's log-mel lifts all that lies more than eight decades below the loudest band of the recording, and
    its layers hear the whole window: in `packed`, what the taps of a clip say depends on its neighbours a little.

    >>> Extraction(cell=0.4).frames_per_cell
    40
    """

    cell: float = 0.2
    context: Context = "packed"
    gain: tuple[float, float] | None = None
    seed: int = 0
    shard_mb: int = 64

    def __post_init__(self) -> None:
        if not (0 < self.cell <= FRAMES_PER_WINDOW / FRAMES_PER_SECOND):
            raise OptionError(f"cell is a length in seconds, at most 30; got {self.cell:g}")
        if abs(self.cell - self.frames_per_cell / FRAMES_PER_SECOND) > 1e-6 or (
            self.frames_per_cell % FRAMES_PER_STEP or not self.frames_per_cell
        ):
            raise OptionError(f"cell must be a multiple of 0.02 s, a step of the encoder; got {self.cell:g}")
        if self.context not in CONTEXTS:
            raise OptionError(f"context must be one of {', '.join(CONTEXTS)}; got {self.context!r}")
        if self.gain is not None and not (-LOUDEST_GAIN <= self.gain[0] <= self.gain[1] <= LOUDEST_GAIN):
            raise OptionError(
                f"gain is the lowest and the highest number of decibels, such as -12:6; "
                f"got {self.gain[0]:g}:{self.gain[1]:g}"
            )
        if self.seed < 0 or self.shard_mb < 1:
            raise OptionError(
                f"seed is 0 or more, shard_mb 1 or more; got seed {self.seed}, shard_mb {self.shard_mb}"
            )

    @property
    def frames_per_cell(self) -> int:
        """The length of a cell in frames of 10 ms."""
        return round(self.cell * FRAMES_PER_SECOND)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A store that is begun: what it is to hold, and which of its shards are not there yet."""

    folder: Path
    index: Index
    encoder: Encoder
    missing: tuple[int, ...]

    @property
    def seconds(self) -> float:
        """Length of all clips together."""
        return sum(self.index.samples) / SAMPLE_RATE

    @property
    def n_bytes(self) -> int:
        """Size of all taps together; headers come on top."""
        return sum(_n_bytes(self.index, reel) for shard in self.index.shards for reel in shard)

    @property
    def n_bytes_to_write(self) -> int:
        """Size of what is missing."""
        return sum(_n_bytes(self.index, reel) for n in self.missing for reel in self.index.shards[n])

    @property
    def n_windows(self) -> int:
        """How many windows are still to be encoded."""
        return sum(reel.n_windows for n in self.missing for reel in self.index.shards[n])

    @property
    def seconds_to_hear(self) -> float:
        """Length of the clips of the missing shards, as far as they have taps."""
        clips = (p.clip for n in self.missing for reel in self.index.shards[n] for p in reel.clips)
        return sum(self.index.n_frames(clip) for clip in clips) / FRAMES_PER_SECOND


def whisper_encoder(
    name: Location = "base",
    *,
    device: str = "auto",
    offline: bool | None = None,
    download_root: Location | None = None,
) -> WhisperEncoder:
    """The encoder of a model by name or path, as `whisper_at.load` would run it.

    Raises:
        WeightsError: if the model cannot be found.
    """
    device = device_of(device)
    return WhisperEncoder(
        checkpoint=find(name, offline=offline, download_root=download_root),
        device=device,
        precision=fastest_precision() if device == "cpu" else "float32",
    )


def begin(
    dataset: Dataset,
    encoder: Encoder,
    folder: Path,
    extraction: Extraction | None = None,
    *,
    workers: int = 1,
    skip_missing: bool = False,
    left_out: Sequence[Problem] = (),
    tell: Tell = lambda line: None,
    progress: Progress = lambda done, total: None,
) -> Plan:
    """Decide what goes where and write it down, or go on with what an earlier run has decided.

    Args:
        dataset: what to take the features of; all of it is heard once (`survey`), if that has not been done.
        encoder: whose taps to take.
        folder: where to put them.
        extraction: which taps.
        workers: processes.
        skip_missing: go on without the clips that cannot be used.
        left_out: clips that are not in the dataset any more; the store remembers them too.
        tell: is given a line for each clip that cannot be used.
        progress: how far the survey is.

    Raises:
        BrokenClips: if clips cannot be used and are not to be skipped.
        DatasetError: if the folder holds a store of something else.
        OutputError: if the folder cannot be written to.
    """
    chosen = extraction or Extraction()
    if (folder / INDEX).exists():
        index = read_index(folder)
        _check_same(index, dataset, encoder, chosen, folder)
        return Plan(folder=folder, index=index, encoder=encoder, missing=_missing(folder, index, tell))
    surveyed = survey(dataset, workers=workers, skip_missing=skip_missing, tell=tell, progress=progress)
    skipped = tuple((absolute(p.clip).name, p.reason) for p in (*left_out, *surveyed.problems))
    index = _laid_out(surveyed, _card(surveyed, encoder, chosen), skipped, chosen.shard_mb * MEGABYTE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder {folder} cannot be made ({error.strerror or error})") from error
    write_index(folder, index)
    return Plan(folder=folder, index=index, encoder=encoder, missing=_missing(folder, index, tell))


def extract(
    plan: Plan,
    *,
    workers: int = 1,
    threads: int = 0,
    progress: Progress = lambda done, total: None,
) -> None:
    """Make the shards that are missing.

    Args:
        plan: from `begin`.
        workers: processes.
        threads: of each; 0 shares the cores among them.
        progress: is given the seconds of clips that are done and that there are.

    Raises:
        DatasetError: if a clip is not what it was.
        OutputError: if a shard cannot be written. What is finished stays, and is not made again.
    """
    index = plan.index
    work = ShardWriter(
        folder=plan.folder,
        store=index.sha256,
        card=index.card,
        encoder=plan.encoder,
        threads=threads or threads_each(workers),
    )
    tasks = [_task(number, index) for number in plan.missing]
    free = shutil.disk_usage(plan.folder).free
    if free < plan.n_bytes_to_write:
        raise OutputError(
            f"{plan.folder} wants {plan.n_bytes_to_write / MEGABYTE:.0f} MB more, "
            f"and its disk has {free / MEGABYTE:.0f} MB; free space or choose another --out"
        )
    with writing(plan.folder):
        done = results(work, tasks, workers=workers, progress=lambda s: progress(s, plan.seconds_to_hear))
        for _ in done:
            pass


def seconds_per_window(plan: Plan, *, threads: int = 0) -> float:
    """How long the encoder takes for a window here: it is tried."""
    n_steps = steps_heard(plan.index.card.context)
    encode = plan.encoder.open(threads=threads, n_steps=n_steps)
    mel = np.zeros((BATCH, plan.encoder.dims.n_mels, n_steps * FRAMES_PER_STEP), np.float32)
    pool = np.zeros((BATCH, 1, n_steps), np.float32)
    encode(mel[:1], pool[:1])  # the first time is longer
    started = time.perf_counter()
    encode(mel, pool)
    return (time.perf_counter() - started) / BATCH


def threads_each(workers: int) -> int:
    """The cores, shared among workers."""
    return max(1, (os.cpu_count() or 1) // max(1, workers))


def _card(surveyed: Survey, encoder: Encoder, chosen: Extraction) -> StoreCard:
    return StoreCard(
        dataset=surveyed.dataset.name,
        data_sha256=surveyed.data_sha256,
        labels=surveyed.dataset.labels,
        encoder=encoder.name,
        encoder_sha256=encoder.sha256,
        n_layers=encoder.dims.n_layers,
        n_state=encoder.dims.n_state,
        frames_per_cell=chosen.frames_per_cell,
        context=chosen.context,
        gain=chosen.gain,
        seed=chosen.seed,
        precision=encoder.precision,
    )


def _laid_out(surveyed: Survey, card: StoreCard, skipped: tuple[tuple[str, str], ...], limit: int) -> Index:
    """The index, with every clip in its place, in files of so many bytes."""
    clips = surveyed.dataset.clips
    bare = Index(card=card, clips=clips, samples=surveyed.samples, shards=(), skipped=skipped)
    lengths = [bare.n_frames(i) for i in range(len(clips))]
    if card.context == "packed":
        folds = [clip.fold for clip in clips]
        reels = placing.packed(lengths, folds, frames_per_cell=card.frames_per_cell, seed=card.seed)
    else:
        reels = placing.alone(lengths)
    sizes = [_n_bytes(bare, reel) for reel in reels]
    return replace(bare, shards=tuple(placing.into_shards(reels, sizes, limit)))


def _n_bytes(index: Index, reel: Reel) -> int:
    cells = sum(index.n_cells(placed.clip) for placed in reel.clips)
    return cells * index.card.n_layers * index.card.n_state * np.dtype(np.float16).itemsize


def _check_same(index: Index, dataset: Dataset, encoder: Encoder, chosen: Extraction, folder: Path) -> None:
    """Whether a store that is there is the one that is wanted."""
    there = index.card
    wanted = replace(
        there,
        encoder_sha256=encoder.sha256,
        frames_per_cell=chosen.frames_per_cell,
        context=chosen.context,
        gain=chosen.gain,
        seed=chosen.seed,
        precision=encoder.precision,
    )
    left_out = {name for name, _ in index.skipped}
    clips = [clip for clip in map(absolute, dataset.clips) if clip.name not in left_out]
    if wanted != there:
        found = f"{there.encoder}, cells of {there.frames_per_cell / FRAMES_PER_SECOND:g} s, {there.context}"
        raise DatasetError(
            f"{folder} holds features taken otherwise ({found}, gain {there.gain}, seed {there.seed}, "
            f"{there.precision}); choose another --out, or the same options"
        )
    if tuple(clips) != index.clips or dataset.labels != there.labels:
        raise DatasetError(
            f"{folder} holds features of other clips or labels ({len(index.clips)} clips of {there.dataset}); "
            f"choose another --out"
        )


def _missing(folder: Path, index: Index, tell: Tell) -> tuple[int, ...]:
    """The shards that are not there or not whole; only the latter are worth a word."""
    missing = []
    sha256 = index.sha256
    for number in range(len(index.shards)):
        try:
            check_shard(folder, number, index, sha256)
        except DatasetError as error:
            missing.append(number)
            if not isinstance(error.__cause__, FileNotFoundError):
                tell(str(error).partition(";")[0] + "; it is made again")
    return tuple(missing)


def _task(number: int, index: Index) -> ShardTask:
    reels = index.shards[number]
    clips = [placed.clip for reel in reels for placed in reel.clips]
    return ShardTask(
        number=number,
        reels=reels,
        clips={i: index.clips[i] for i in clips},
        samples={i: index.samples[i] for i in clips},
        n_frames={i: index.n_frames(i) for i in clips},
    )
