"""Whether the clips of a dataset can be heard: a dataset in, its problems out, one a clip.

Two levels. A look at the files (the default) finds what is missing or empty and takes seconds for a million
clips. Decoding them all, some 250 times faster than they play, finds what is broken or damaged too; whoever uses
a clip that nobody has decoded before meets the same errors there (`waveforms`).
"""

import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias

from whisper_at.audio import read
from whisper_at.datasets.clip import Clip, Dataset
from whisper_at.datasets.waveforms import part
from whisper_at.errors import AudioError, DatasetError

Kind: TypeAlias = Literal["missing", "empty", "broken", "damaged"]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A clip that cannot be used, and why.

    missing: no such file. empty: a file of no bytes. broken: nothing can be decoded of it, or it ends before
    the clip starts. damaged: parts of it are lost or left out, so that its labels may no longer hold.
    """

    clip: Clip
    kind: Kind
    reason: str

    def __str__(self) -> str:
        return f"{self.clip.name}: {self.reason}"


class BrokenClips(DatasetError):
    """Clips that cannot be used: the message counts them, `problems` names each; so does the command line."""

    def __init__(self, message: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(message)
        self.problems = problems

    def __reduce__(self) -> tuple[type["BrokenClips"], tuple[str, tuple[Problem, ...]]]:
        """How it comes out of another process."""
        return type(self), (str(self), self.problems)


def find_problems(clips: Iterable[Clip], *, decode: bool = False) -> Iterator[Problem]:
    """The clips that cannot be used, in their order.

    Args:
        clips: to look at; files that several of them share in a row are looked at once.
        decode: listen to the files too.
    """
    for path, sharing in groupby(clips, key=lambda clip: clip.path):
        absent = _absent(path)
        if absent is not None:
            kind, reason = absent
            yield from (Problem(clip=clip, kind=kind, reason=reason) for clip in sharing)
        elif decode:
            yield from _heard(path, sharing)


def check(dataset: Dataset, *, decode: bool = False) -> None:
    """Passes if all clips can be used.

    Raises:
        BrokenClips: if some cannot; its `problems` name them one by one.
    """
    problems = tuple(find_problems(dataset.clips, decode=decode))
    if problems:
        advice = "get them, or go on without them (skip_missing, --skip-missing)"
        raise BrokenClips(f"{summary(dataset, problems)}; {advice}", problems)


def sift(dataset: Dataset, *, decode: bool = False) -> tuple[Dataset, tuple[Problem, ...]]:
    """The dataset without the clips that cannot be used, and these.

    Raises:
        BrokenClips: if not one is left.
    """
    problems = tuple(find_problems(dataset.clips, decode=decode))
    gone = {id(problem.clip) for problem in problems}
    left = tuple(clip for clip in dataset.clips if id(clip) not in gone)
    if problems and not left:
        raise BrokenClips(
            f"{summary(dataset, problems)}; none is left: check where the recordings are", problems
        )
    return replace(dataset, clips=left), problems


def summary(dataset: Dataset, problems: tuple[Problem, ...]) -> str:
    """How many clips of how many cannot be used, and the first of them, in one line."""
    counts = Counter(problem.kind for problem in problems)
    kinds = ", ".join(f"{number} {kind}" for kind, number in counts.most_common())
    return (
        f"{len(problems)} of {len(dataset.clips)} clips of {dataset.name} cannot be used ({kinds}), "
        f"first {problems[0]}"
    )


def _absent(path: Path) -> tuple[Kind, str] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: a path that no file can have
        return "missing", "there is no such file"
    if stat.S_ISDIR(status.st_mode):
        return "missing", "it is a folder and no file"
    return None if status.st_size else ("empty", "the file is empty")


def _heard(path: Path, sharing: Iterable[Clip]) -> Iterator[Problem]:
    try:
        whole = read(path)
    except AudioError as error:
        reason = str(error).replace(str(path), "it")
        yield from (Problem(clip=clip, kind="broken", reason=reason) for clip in sharing)
        return
    for clip in sharing:
        try:
            notes = part(whole, clip).notes
        except DatasetError as error:
            reason = str(error).removeprefix(f"clip {clip.name}: ")
            yield Problem(clip=clip, kind="broken", reason=reason)
            continue
        if notes:
            yield Problem(clip=clip, kind="damaged", reason="; ".join(notes))
