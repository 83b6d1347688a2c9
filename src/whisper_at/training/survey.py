"""Hears every clip of a dataset once before hours are spent on it: which can be used, and how long they are.

In: clips. Out: their lengths and a hash of all, or what is wrong with each one that is missing or broken.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

from whisper_at.audio import Recording, read
from whisper_at.datasets.checking import BrokenClips, Problem, find_problems, summary
from whisper_at.datasets.clip import Clip, Dataset
from whisper_at.datasets.waveforms import part
from whisper_at.errors import AudioError, DatasetError
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.workers import Report, results

Tell = Callable[[str], None]
"""Is given a line of talk."""
Progress = Callable[[float, float], None]
"""Is given the seconds of recordings that are done, and that there are."""
CLIPS_A_TASK = 50


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The clips that can be used, with their lengths in samples, and those that cannot."""

    dataset: Dataset
    samples: tuple[int, ...]
    problems: tuple[Problem, ...]
    data_sha256: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is known of a clip after it was heard."""

    n_samples: int = 0
    sha256: str = ""  # of its file
    problem: Problem | None = None


def survey(
    dataset: Dataset,
    *,
    workers: int = 1,
    skip_missing: bool = False,
    tell: Tell = lambda line: None,
    progress: Progress = lambda done, total: None,
) -> Survey:
    """Which clips can be used, and how long they are.

    Args:
        dataset: the clips.
        workers: processes that read at the same time.
        skip_missing: go on without the clips that cannot be used.
        tell: is given a line for each of those.
        progress: how far it is; the total is a guess.

    Raises:
        BrokenClips: if clips cannot be used and are not to be skipped.
        DatasetError: if none is left.
    """
    dataset = replace(dataset, clips=tuple(absolute(clip) for clip in dataset.clips))
    seen = _look(dataset.clips, workers, progress)
    problems = tuple(one.problem for one in seen if one.problem)
    for problem in problems:
        tell(str(problem))
    if problems and not skip_missing:
        advice = "mend them, or go on without them with --skip-missing"
        raise BrokenClips(f"{summary(dataset, problems)}; {advice}", problems)
    used = [i for i, one in enumerate(seen) if not one.problem]
    if not used:
        raise DatasetError(f"of {len(seen)} clips of {dataset.name} none can be used; check where they are")
    kept = replace(dataset, clips=tuple(dataset.clips[i] for i in used))
    return Survey(
        dataset=kept,
        samples=tuple(seen[i].n_samples for i in used),
        problems=problems,
        data_sha256=_data_sha256(kept, [seen[i].sha256 for i in used]),
    )


def absolute(clip: Clip) -> Clip:
    """The same with a path that holds wherever one stands, and is one however it was typed."""
    return replace(clip, path=Path(os.path.abspath(clip.path)))  # noqa: PTH100  (links stay, `..` goes)


def hear(clip: Clip) -> Recording:
    """The recording of a clip; clips of one file that come one after the other have it decoded once.

    Raises:
        DatasetError: if there is none.
    """
    try:
        whole = _read(clip.path)
    except AudioError as error:
        raise DatasetError(f"clip {clip.name}: {error}") from error
    return part(whole, clip)


@dataclass(frozen=True)
class Look:
    """The work of a survey: clips in, what is known of them out. Reports seconds."""

    def open(self) -> Callable[[Sequence[Clip], Report], list[Seen]]:
        """Needs nothing."""
        return look


def look(clips: Sequence[Clip], report: Report) -> list[Seen]:
    """Hear the clips."""
    seen = []
    n_samples = 0
    for clip in clips:
        seen.append(_seen(clip))
        n_samples += seen[-1].n_samples
        report(n_samples / SAMPLE_RATE)
    return seen


def _seen(clip: Clip) -> Seen:
    for problem in find_problems([clip]):
        return Seen(problem=problem)
    try:
        recording = hear(clip)
        sha256 = _file_sha256(clip.path)
    except (DatasetError, OSError) as error:
        reason = str(error).removeprefix(f"clip {clip.name}: ").replace(str(clip.path), "it")
        return Seen(problem=Problem(clip=clip, kind="broken", reason=reason))
    if recording.notes:
        return Seen(problem=Problem(clip=clip, kind="damaged", reason="; ".join(recording.notes)))
    return Seen(n_samples=len(recording.samples), sha256=sha256)


def _look(clips: Sequence[Clip], workers: int, progress: Progress) -> list[Seen]:
    tasks = [clips[at : at + CLIPS_A_TASK] for at in range(0, len(clips), CLIPS_A_TASK)]
    answers: dict[int, list[Seen]] = {}

    def on(seconds: float) -> None:
        progress(seconds, seconds / max(1, len(answers)) * len(tasks))

    for number, answer in results(Look(), tasks, workers=workers, progress=on):
        answers[number] = answer
    return [one for number in range(len(tasks)) for one in answers[number]]


@lru_cache(maxsize=1)
def _read(path: Path) -> Recording:
    return read(path)


@lru_cache(maxsize=1)
def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _data_sha256(dataset: Dataset, files: Sequence[str]) -> str:
    """One number for files, labels, folds and times; where the corpus lies makes no difference."""
    folder = os.path.commonpath([clip.path.parent for clip in dataset.clips])
    digest = hashlib.sha256(json.dumps(asdict(dataset.labels)).encode())
    for line in _lines(dataset.clips, Path(folder), files):
        digest.update(line.encode())
    return digest.hexdigest()


def _lines(clips: Sequence[Clip], folder: Path, files: Sequence[str]) -> Iterator[str]:
    for clip, sha256 in zip(clips, files, strict=True):
        about = {**asdict(clip), "path": clip.path.relative_to(folder).as_posix(), "sha256": sha256}
        yield json.dumps(about) + "\n"
