"""YAMNet as a peer: it hears each clip once, and answers from its patches as a head would.

In: a teacher and clips. Out: `Predictions`. What was heard is kept in a file, for it does not hang on the heads that
are measured beside it.

The patches lie half as far apart as published, 0.24 s; every second one of them is what YAMNet was published with.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whisper_at.datasets.clip import Clip
from whisper_at.evaluation.predictions import Predictions
from whisper_at.files import write_atomically
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.training.survey import hear
from whisper_at.training.teachers import Teacher, patch_starts, spread

PUBLISHED, FINE = 2, 1  # every second patch, every patch
POOLS = {"mean": np.mean, "max": np.max}


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """The patches of clips.

    names: of the clips. samples: how long each is. patches: for each [patch, label], a hop apart.
    """

    tagger: str
    ids: tuple[str, ...]
    patch: float
    hop: float
    names: tuple[str, ...]
    samples: tuple[int, ...]
    patches: tuple[np.ndarray, ...]

    def clips(self, pool: str) -> Predictions:
        """What is said of each clip, from patches that lie as far apart as published; tells no times."""
        return self._said(
            [POOLS[pool](np.float32(self._every(i, PUBLISHED)[1]), axis=0) for i in range(len(self.names))]
        )

    def cells(self, every: int, frames_per_cell: int, ids: Sequence[str]) -> Predictions:
        """What is said of each cell of each clip, of some labels; of a clip what is said of its surest cell."""
        columns = [self.ids.index(one) for one in ids]
        cells = []
        for i, n_samples in enumerate(self.samples):
            starts, patches = self._every(i, every)
            spaced = spread(
                np.float32(patches[:, columns]),
                starts,
                patch=self.patch,
                n_samples=n_samples,
                frames_per_cell=frames_per_cell,
            )
            cells.append(np.clip(spaced, 0, 1))  # a mean of ones may be a hair more
        return self._said([one.max(0) for one in cells], ids, cells, frames_per_cell)

    def _every(self, i: int, every: int) -> tuple[np.ndarray, np.ndarray]:
        """The first samples of every so many-th patch, the last one ending with the sound; and the patches."""
        all_of_them = patch_starts(self.samples[i], patch=self.patch, hop=self.hop)
        starts = patch_starts(self.samples[i], patch=self.patch, hop=self.hop * every)
        return starts, self.patches[i][np.searchsorted(all_of_them, starts)]

    def _said(
        self,
        clip: list[np.ndarray],
        ids: Sequence[str] | None = None,
        cells: list[np.ndarray] | None = None,
        frames_per_cell: int = 40,
    ) -> Predictions:
        return Predictions(
            tagger=self.tagger,
            names=self.names,
            ids=tuple(ids or self.ids),
            clip=np.stack(clip),
            cells=None if cells is None else tuple(cells),
            frames_per_cell=frames_per_cell,
            durations=tuple(n / SAMPLE_RATE for n in self.samples),
        )


class Listener:
    """A teacher that hears each clip once: what it heard in this run or an earlier one is in a file for each corpus."""

    def __init__(
        self, teacher: Teacher, folder: Path, tell: Callable[[str], None] = lambda line: None
    ) -> None:
        self.teacher, self._folder, self._tell = teacher, folder, tell
        self._kept: dict[str, dict[str, tuple[int, np.ndarray]]] = {}

    def heard(self, clips: Sequence[Clip], *, data_sha256: str) -> Heard:
        """What the teacher says of clips.

        Args:
            data_sha256: of their corpus: clips of the same names in another one are heard anew.
        """
        told = f"{self.teacher.version} {self.teacher.patch} {self.teacher.hop} {data_sha256}"
        path = self._folder / f"{self.teacher.name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}.npz"
        if path.name not in self._kept:
            self._kept[path.name] = _read(path) if path.is_file() else {}
        kept = self._kept[path.name]
        missing = [clip for clip in clips if clip.name not in kept]
        if missing:
            self._tell(f"{self.teacher.name} hears {len(missing)} clips")
            for clip in missing:
                sound = hear(clip).samples
                # Half precision holds whole 512ths, which YAMNet's probabilities are.
                kept[clip.name] = len(sound), self.teacher.probabilities(sound).astype(np.float16)
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(path, kept)
        return Heard(
            tagger=self.teacher.name,
            ids=self.teacher.ids,
            patch=self.teacher.patch,
            hop=self.teacher.hop,
            names=tuple(clip.name for clip in clips),
            samples=tuple(kept[clip.name][0] for clip in clips),
            patches=tuple(kept[clip.name][1] for clip in clips),
        )


def _read(path: Path) -> dict[str, tuple[int, np.ndarray]]:
    with np.load(path) as file:
        names, samples, ends = file["names"].tolist(), file["samples"].tolist(), np.cumsum(file["lengths"])
        patches = np.split(file["patches"], ends[:-1])
    return dict(zip(names, zip(samples, patches, strict=True), strict=True))


def _write(path: Path, kept: dict[str, tuple[int, np.ndarray]]) -> None:
    with write_atomically(path) as file:
        np.savez(
            file,
            names=np.array(list(kept)),
            samples=np.array([samples for samples, _ in kept.values()]),
            lengths=np.array([len(patches) for _, patches in kept.values()]),
            patches=np.concatenate([patches for _, patches in kept.values()]),
        )
