"""A teacher hears a corpus: a dataset and a teacher in, a folder of soft labels out.

    survey ─► how many cells each clip has ─► soft-labels.json ─► file after file, in as many processes as one likes

All that is decided is written down before the first clip is heard, and a file depends on nothing else. So a run
that was killed goes on with the files that are not there, and ends with the same bytes.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from whisper_at.datasets.clip import Clip, Dataset
from whisper_at.errors import DatasetError, OptionError
from whisper_at.timegrid import FRAMES_PER_SECOND, SAMPLE_RATE, TagGrid
from whisper_at.training.placing import n_frames
from whisper_at.training.softlabels import (
    INDEX,
    Soft,
    SoftLabelCard,
    SoftLabelIndex,
    open_shard,
    read_index,
    shard_path,
    write_index,
    write_shard,
)
from whisper_at.training.survey import Progress, Survey, Tell, absolute, hear, survey
from whisper_at.training.teachers import Columns, Teacher, cell_probabilities, patch_starts
from whisper_at.training.writing import writing
from whisper_at.workers import Report, results

SHARD_BYTES = 8_000_000  # 25 minutes with 527 labels and cells of 0.2 s: what a kill costs a worker at most
SAMPLE_OF_CLIPS = 16  # that are heard to say how long all will take

OpenTeacher = Callable[[], Teacher]
"""Opens the teacher in a worker; must be picklable for more than one, as functools.partial(open_teacher, ...)."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Soft labels that are begun: what they are to be, and which files are not there yet."""

    folder: Path
    index: SoftLabelIndex
    clips: tuple[Clip, ...]
    missing: tuple[int, ...]

    @property
    def seconds(self) -> float:
        """Length of all clips together."""
        return sum(self.index.samples) / SAMPLE_RATE

    @property
    def seconds_to_hear(self) -> float:
        """Length of the clips of the missing files."""
        return sum(self.index.samples[i] for i in self.clips_to_hear) / SAMPLE_RATE

    @property
    def clips_to_hear(self) -> list[int]:
        """The numbers of the clips of the missing files."""
        return [i for shard in self.missing for i in self.index.clips_of(shard)]

    @property
    def n_bytes(self) -> int:
        """Size of all values; headers come on top."""
        return _n_bytes(sum(self.index.cells), self.index)


def frames_per_cell(cell: float) -> int:
    """The frames in a cell of so many seconds.

    >>> frames_per_cell(0.2)
    20

    Raises:
        OptionError: if they are not whole ones.
    """
    frames = round(cell * FRAMES_PER_SECOND) if 0 < cell <= 30 else 0
    if not frames or abs(frames / FRAMES_PER_SECOND - cell) > 1e-6:
        raise OptionError(f"cell is a multiple of 0.01 s, at most 30; got {cell:g}")
    return frames


def begin(
    dataset: Dataset,
    teacher: Teacher,
    folder: Path,
    *,
    cell: float = 0.2,
    shard_bytes: int = SHARD_BYTES,
    workers: int = 1,
    skip_missing: bool = False,
    tell: Tell = lambda line: None,
    progress: Progress = lambda done, total: None,
) -> Plan:
    """Decide what goes where and write it down, or go on with what an earlier run has decided.

    Args: as those of `survey`, which reads all clips; it is left out where soft labels are begun already.

    Raises:
        DatasetError: if clips cannot be used, or the folder holds soft labels of something else.
        TrainingError: if the teacher knows none of the labels.
        OutputError: if the folder cannot be written to.
    """
    n_per_cell = frames_per_cell(cell)
    dataset = replace(dataset, clips=tuple(absolute(clip) for clip in dataset.clips))
    if (folder / INDEX).exists():
        index = read_index(folder)
        _check_same(index, dataset, teacher, n_per_cell, folder)
        for name, problem in index.skipped:
            tell(f"left out when this was begun: {name}: {problem}")
    else:
        surveyed = survey(dataset, workers=workers, skip_missing=skip_missing, tell=tell, progress=progress)
        index = _laid_out(surveyed, teacher, n_per_cell, shard_bytes)
        write_index(folder, index)
    by_name = {clip.name: clip for clip in dataset.clips}
    clips = tuple(by_name[name] for name in index.clips)
    return Plan(folder=folder, index=index, clips=clips, missing=_missing(folder, index, tell))


def teach(
    plan: Plan,
    open_teacher: OpenTeacher,
    *,
    workers: int = 1,
    progress: Progress = lambda done, total: None,
) -> None:
    """Make the files that are missing.

    Args:
        plan: from `begin`.
        open_teacher: opens the teacher that the plan was begun with.
        workers: processes, each with a teacher of its own.
        progress: is given the seconds of clips that are done and that there are.

    Raises:
        AudioError, DatasetError: if a clip is not what it was.
        OutputError: if a file cannot be written. What is finished stays, and is not made again.
    """
    work = ShardWriter(folder=plan.folder, index_sha256=plan.index.sha256, open_teacher=open_teacher)
    with writing(plan.folder):
        done = results(
            work,
            [_task(shard, plan) for shard in plan.missing],
            workers=workers,
            progress=lambda seconds: progress(seconds, plan.seconds_to_hear),
        )
        for _ in done:
            pass


def expected_seconds(plan: Plan, teacher: Teacher, *, workers: int = 1) -> float:
    """How long `teach` will take here: some clips are heard, the others have so many patches more."""
    to_hear = plan.clips_to_hear
    tried = [to_hear[i * len(to_hear) // SAMPLE_OF_CLIPS] for i in range(SAMPLE_OF_CLIPS)] if to_hear else []
    if not tried:
        return 0.0
    teacher.probabilities(np.zeros(SAMPLE_RATE, np.float32))  # the first time is longer
    started = time.perf_counter()
    for i in tried:
        teacher.probabilities(hear(plan.clips[i]).samples)
    seconds = time.perf_counter() - started

    def patches(clips: list[int]) -> int:
        lengths = (plan.index.samples[i] for i in clips)
        return sum(len(patch_starts(n, patch=teacher.patch, hop=teacher.hop)) for n in lengths)

    return seconds * patches(to_hear) / patches(tried) / workers


@dataclass(frozen=True, kw_only=True)
class ShardTask:
    """What goes into one file: its number, clips with their lengths, card."""

    number: int
    clips: tuple[Clip, ...]
    samples: tuple[int, ...]
    card: SoftLabelCard


@dataclass(frozen=True, kw_only=True)
class ShardWriter:
    """The work of teaching: hears the clips of a file and writes it. Reports seconds of clips."""

    folder: Path
    index_sha256: str
    open_teacher: OpenTeacher

    def open(self) -> Callable[[ShardTask, Report], None]:
        """Opens the teacher."""
        teacher = self.open_teacher()

        def work(task: ShardTask, report: Report) -> None:
            values = np.concatenate(list(_heard(task, teacher, report)))
            write_shard(self.folder, task.number, values, index_sha256=self.index_sha256)

        return work


def _heard(task: ShardTask, teacher: Teacher, report: Report) -> Iterator[Soft]:
    """The values [cell, label] of each clip."""
    columns = Columns.of(teacher, task.card.labels)
    seconds = 0.0
    for clip, n_samples in zip(task.clips, task.samples, strict=True):
        samples = hear(clip).samples
        if len(samples) != n_samples:
            raise DatasetError(
                f"{clip.name} had {n_samples} samples when its soft labels were begun, now it has {len(samples)}; "
                f"bring it back, or begin anew with another --out"
            )
        heard = columns.place(cell_probabilities(teacher, samples, frames_per_cell=task.card.frames_per_cell))
        if not ((heard >= 0) & (heard <= 1)).all():
            raise DatasetError(
                f"{task.card.teacher} gives {clip.name} what is no probability; leave the clip out, or choose "
                f"another teacher"
            )
        yield np.where(heard < task.card.floor, 0, heard).astype(np.float16)
        seconds += n_samples / SAMPLE_RATE
        report(seconds)


def _task(shard: int, plan: Plan) -> ShardTask:
    clips = plan.index.clips_of(shard)
    return ShardTask(
        number=shard,
        clips=plan.clips[clips.start : clips.stop],
        samples=plan.index.samples[clips.start : clips.stop],
        card=plan.index.card,
    )


def _card(surveyed: Survey, teacher: Teacher, n_per_cell: int) -> SoftLabelCard:
    labels = surveyed.dataset.labels
    known = Columns.of(teacher, labels).known
    return SoftLabelCard(
        dataset=surveyed.dataset.name,
        data_sha256=surveyed.data_sha256,
        labels=labels,
        known=tuple(one for one, knows in zip(labels.ids, known, strict=True) if knows),
        teacher=teacher.name,
        version=teacher.version,
        patch=teacher.patch,
        hop=teacher.hop,
        frames_per_cell=n_per_cell,
    )


def _laid_out(surveyed: Survey, teacher: Teacher, n_per_cell: int, shard_bytes: int) -> SoftLabelIndex:
    """The index, with every clip in its place."""
    grid = TagGrid(frames_per_cell=n_per_cell)
    bare = SoftLabelIndex(
        card=_card(surveyed, teacher, n_per_cell),
        clips=tuple(clip.name for clip in surveyed.dataset.clips),
        samples=surveyed.samples,
        cells=tuple(grid.n_cells(n_frames(n)) for n in surveyed.samples),
        shards=(),
        skipped=tuple((problem.clip.name, problem.reason) for problem in surveyed.problems),
    )
    shards = [0]
    size = 0
    for cells in bare.cells:
        more = _n_bytes(cells, bare)
        if shards[-1] and size + more > shard_bytes:
            shards.append(0)
            size = 0
        shards[-1] += 1
        size += more
    return replace(bare, shards=tuple(shards))


def _n_bytes(cells: int, index: SoftLabelIndex) -> int:
    return cells * len(index.card.labels.ids) * np.dtype(np.float16).itemsize


def _check_same(
    index: SoftLabelIndex, dataset: Dataset, teacher: Teacher, n_per_cell: int, folder: Path
) -> None:
    """Whether the soft labels that are there are those that are wanted."""
    there = index.card
    wanted = replace(
        there,
        teacher=teacher.name,
        version=teacher.version,
        patch=teacher.patch,
        hop=teacher.hop,
        frames_per_cell=n_per_cell,
    )
    if wanted != there:
        raise DatasetError(
            f"{folder} holds soft labels made otherwise: {_way(there)}, version {there.version[:12]}; asked for are "
            f"{_way(wanted)}, version {wanted.version[:12]}: choose another --out"
        )
    left_out = {name for name, _ in index.skipped}
    names = tuple(clip.name for clip in dataset.clips if clip.name not in left_out)
    if names != index.clips or dataset.labels.ids != there.labels.ids:
        raise DatasetError(
            f"{folder} holds soft labels of other clips or labels ({len(index.clips)} clips of {there.dataset}); "
            f"choose another --out"
        )


def _way(card: SoftLabelCard) -> str:
    cell = card.frames_per_cell / FRAMES_PER_SECOND
    return f"{card.teacher}, patches every {card.hop:g} s, cells of {cell:g} s"


def _missing(folder: Path, index: SoftLabelIndex, tell: Tell) -> tuple[int, ...]:
    """The files that are not there or not whole; only the latter are worth a word."""
    missing = []
    for shard in range(len(index.shards)):
        try:
            open_shard(folder, shard, index)
        except DatasetError as error:
            missing.append(shard)
            if shard_path(folder, shard).exists():
                tell(str(error).partition(";")[0] + "; it is made again")
    return tuple(missing)
