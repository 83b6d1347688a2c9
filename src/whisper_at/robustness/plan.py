"""What is mixed with what, before anything is read: a corpus of speech and one of noise in, tasks out.

Each noise class is heard under the same sentences, at each ratio with the same part of the same noise, so that classes
and ratios can be compared sentence by sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whisper_at.datasets.clip import Clip, Dataset
from whisper_at.errors import DatasetError, OptionError
from whisper_at.evaluation.closed_set import classes_of

CLEAN, MIXED, ALONE = "clean", "mixed", "alone"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A sentence and a noise; None for the one that is not there. `seed` is of their chance, the same at each ratio."""

    speech: Clip | None = None
    noise: Clip | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is heard in one go and kept in one file.

    kind: `clean` speech, speech and noise `mixed`, or noise `alone`. snr: decibels, None where nothing is mixed.
    noise_class: "" for clean speech.
    """

    kind: str
    noise_class: str
    snr: float | None
    pairs: tuple[Pair, ...]

    @property
    def name(self) -> str:
        """What its file is called, without a suffix.

        >>> Task(kind=MIXED, noise_class="Rain / Wind", snr=-5.0, pairs=()).name
        'mixed-rain_wind--5dB'
        """
        words = "".join(c if c.isalnum() else " " for c in self.noise_class.lower()).split()
        ratio = None if self.snr is None else f"{self.snr:g}dB"
        return "-".join(part for part in (self.kind, "_".join(words), ratio) if part)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole sweep.

    classes: what they are called, and the ids of their labels. speech, noise: how the corpora are called.
    gates: the speech gates that each recording is heard with.
    """

    speech: str
    noise: str
    classes: dict[str, tuple[str, ...]]
    snrs: tuple[float, ...]
    gates: tuple[str, ...]
    seed: int
    n_sentences: int
    tasks: tuple[Task, ...]

    @property
    def n_recordings(self) -> int:
        """How many recordings are heard in all."""
        return sum(len(task.pairs) for task in self.tasks)


def plan(
    speech: Dataset,
    noise: Dataset,
    *,
    snrs: Sequence[float],
    gates: Sequence[str],
    sentences: int,
    seed: int = 0,
) -> Plan:
    """The tasks of a sweep: clean speech, each class at each ratio, each class alone.

    Sentences are drawn from those with a transcript; clips of a class are taken in the order of their names, one after
    the other and again from the first. The same corpora and seed give the same plan in any order of files.

    Raises:
        DatasetError: if nothing is said in the one, or the other holds fewer than two classes, or such as have one
            name but for signs.
        OptionError: if no sentence is asked for.
    """
    if sentences < 1:
        raise OptionError(f"sentences must be 1 or more, got {sentences}")
    spoken = sorted((clip for clip in speech.clips if (clip.transcript or "").split()), key=_name)
    if not spoken:
        raise DatasetError(
            f"{speech.name} has no clip with a transcript: the words must be known to be counted"
        )
    chosen = np.random.default_rng(seed).permutation(len(spoken))[:sentences]
    said = [spoken[i] for i in sorted(chosen)]
    groups = _by_class(noise)
    tasks = [Task(kind=CLEAN, noise_class="", snr=None, pairs=tuple(Pair(speech=clip) for clip in said))]
    for name, (_, clips) in groups.items():
        alone = tuple(Pair(noise=clip) for clip in clips)
        tasks.append(Task(kind=ALONE, noise_class=name, snr=None, pairs=alone))
    for snr in snrs:
        for number, (name, (_, clips)) in enumerate(groups.items()):
            pairs = tuple(
                Pair(speech=one, noise=clips[i % len(clips)], seed=_seed(seed, number, i))
                for i, one in enumerate(said)
            )
            tasks.append(Task(kind=MIXED, noise_class=name, snr=float(snr), pairs=pairs))
    _check_names(tasks)
    return Plan(
        speech=speech.name,
        noise=noise.name,
        classes={name: ids for name, (ids, _) in groups.items()},
        snrs=tuple(float(snr) for snr in snrs),
        gates=tuple(gates),
        seed=seed,
        n_sentences=len(said),
        tasks=tuple(tasks),
    )


def ratios(text: str) -> tuple[float, ...]:
    """Decibels from a list, or from FIRST:LAST:STEP with both ends.

    >>> ratios("-20:20:10"), ratios("20,0")
    ((-20.0, -10.0, 0.0, 10.0, 20.0), (20.0, 0.0))

    Raises:
        OptionError: if it is neither.
    """
    wanted = f"snr must be decibels such as 20,10,0 or FIRST:LAST:STEP such as -20:20:5; got {text!r}"
    try:
        if ":" not in text:
            return tuple(dict.fromkeys(float(part) for part in text.split(",")))
        first, last, step = (float(part) for part in text.split(":"))
    except ValueError as error:
        raise OptionError(wanted) from error
    if step <= 0 or last < first:
        raise OptionError(wanted)
    return tuple(np.arange(first, last + step / 2, step).tolist())


def _by_class(noise: Dataset) -> dict[str, tuple[tuple[str, ...], list[Clip]]]:
    """The classes by name: the ids of their labels, and their clips."""
    labelled = tuple(clip for clip in noise.clips if clip.labels)
    names = dict(zip(noise.labels.ids, noise.labels.names, strict=True))
    if not labelled:
        raise DatasetError(f"{noise.name} has no clip with a label: each noise must be of a class")
    called, ids, truth = classes_of(noise.name, labelled, names)
    clips = {
        name: sorted((clip for clip, t in zip(labelled, truth, strict=True) if t == number), key=_name)
        for number, name in enumerate(called)
    }
    return {name: (own, clips[name]) for name, own in zip(called, ids, strict=True)}


def _check_names(tasks: Sequence[Task]) -> None:
    """Refuse classes whose files would have one name: rows of the one would be taken for those of the other."""
    known: dict[str, str] = {}
    for task in tasks:
        other = known.setdefault(task.name, task.noise_class)
        if other != task.noise_class:
            raise DatasetError(
                f"the classes {other!r} and {task.noise_class!r} differ in signs alone; give one another name"
            )


def _name(clip: Clip) -> str:
    return clip.name


def _seed(*numbers: int) -> int:
    """A seed of its own for each pair of a sweep."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
