"""Several stores of features as one: the clips, which of them train, validate and test, and what teachers say.

In: the `data` of a recipe. Out: a `Corpus`, whose clips have numbers. Nothing is loaded but indices.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import Clip, LabelSet
from whisper_at.errors import TrainingError
from whisper_at.evaluation.heads import TapsCard, TapStore
from whisper_at.training.recipe import Data

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.int64]


class About(TapsCard, Protocol):
    """What a store of features says of itself."""

    @property
    def dataset(self) -> str: ...
    @property
    def encoder_sha256(self) -> str: ...
    @property
    def data_sha256(self) -> str: ...
    @property
    def labels(self) -> LabelSet: ...


class Features(TapStore, Protocol):
    """A store of features, as training reads it; `store.FeatureStore` is one."""

    @property
    def card(self) -> About: ...
    @property
    def clips(self) -> tuple[Clip, ...]: ...
    def n_cells(self, i: int) -> int: ...
    def taps(self, i: int) -> npt.NDArray[np.float16]: ...
    def __len__(self) -> int: ...


class Soft(Protocol):
    """A teacher's probabilities by the names of clips; `softlabels.SoftLabels` are some.

    card: what decides what is said. teacher: its name.
    known [label]: which labels the teacher can name at all. of: [cell, label] of a clip.
    """

    card: Any
    teacher: str
    known: npt.NDArray[np.bool_]
    labels: LabelSet
    frames_per_cell: int

    def of(self, clip: str) -> npt.NDArray[np.float16]: ...
    def __contains__(self, clip: object) -> bool: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """Clips with their features, by number.

    teachers: for each clip what gives a teacher's probabilities of it, or None.
    train, validation, test: numbers of clips. Clips that say nothing (no label, not complete, no teacher) are in none.
    place: of each clip, which store it is in and its number there.
    """

    stores: tuple[Features, ...]
    teachers: tuple[Soft | None, ...] = field(repr=False)
    clips: tuple[Clip, ...]
    train: Numbers
    validation: Numbers
    test: Numbers
    place: tuple[tuple[int, int], ...] = field(repr=False)

    @classmethod
    def of(cls, stores: Sequence[Features], data: Data, soft: Sequence[Soft] = ()) -> "Corpus":
        """The clips of some stores, parted by their folds.

        Raises:
            TrainingError: if the stores do not fit together, or a part is without clips.
        """
        _check_alike(stores, data.features)
        place = tuple((s, i) for s, store in enumerate(stores) for i in range(len(store)))
        clips = tuple(stores[s].clips[i] for s, i in place)
        teachers = tuple(next((one for one in soft if clip.name in one), None) for clip in clips)
        _check_soft(soft, teachers, stores[0].card, data)
        labels = stores[0].card.labels
        part = [
            _part(clip, data, labels) if clip.labels or clip.soundings or clip.complete or teacher else ""
            for clip, teacher in zip(clips, teachers, strict=True)
        ]
        numbers = {
            name: np.array([i for i, one in enumerate(part) if one == name], np.int64)
            for name in ("train", "validation", "test")
        }
        for name, wanted in (("train", True), ("validation", True), ("test", bool(data.test))):
            if wanted and not len(numbers[name]):
                there = ", ".join(sorted({clip.fold or "(none)" for clip in clips}))
                asked = ", ".join(getattr(data, name)) or "all that are left"
                raise TrainingError(
                    f"data.{name} names fold {asked}, which has no clips; the features have folds {there}"
                )
        return cls(
            stores=tuple(stores),
            teachers=teachers,
            clips=clips,
            place=place,
            **numbers,
        )

    @property
    def card(self) -> About:
        """What is common to all stores."""
        return self.stores[0].card

    @property
    def labels(self) -> LabelSet:
        """The labels of the columns."""
        return self.card.labels

    @property
    def sha256(self) -> str:
        """Of all data, in the order in which they are trained on, and of who said what of them."""
        said = [repr(store.card) for store in self.stores] + [repr(one.card) for one in self.soft]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    @property
    def soft(self) -> tuple[Soft, ...]:
        """The teachers' folders that speak of some clip."""
        return tuple({id(one): one for one in self.teachers if one is not None}.values())

    def n_frames(self, i: int) -> int:
        """The length of a clip in frames of 10 ms."""
        store, at = self.place[i]
        return self.stores[store].n_frames(at)

    def n_cells(self, i: int, factor: int = 1) -> int:
        """How many cells a clip has; `factor` of the store's make one."""
        store, at = self.place[i]
        return -(-self.stores[store].n_cells(at) // factor)

    def taps(self, i: int) -> npt.NDArray[np.float16]:
        """The taps [cell, layer, dim] of a clip, mapped from the disk."""
        store, at = self.place[i]
        return self.stores[store].taps(at)

    def teacher(self, i: int) -> Soft | None:
        """What gives a teacher's probabilities of the clip, if anything does."""
        return self.teachers[i]


def open_corpus(data: Data) -> Corpus:
    """The corpus that a recipe names.

    Raises:
        DatasetError: if a folder is no whole store.
        TrainingError: if the stores do not fit together, or soft labels are of none of them.
    """
    from whisper_at.training.softlabels import SoftLabels
    from whisper_at.training.store import FeatureStore

    stores = [FeatureStore.open(Path(folder)) for folder in data.features]
    return Corpus.of(stores, data, [SoftLabels.open(Path(folder)) for folder in data.soft_labels])


def _check_alike(stores: Sequence[Features], folders: Sequence[str]) -> None:
    """Whether the taps of all stores are of one encoder, one length and one set of labels."""
    for name in ("encoder", "encoder_sha256", "n_layers", "n_state", "frames_per_cell", "labels"):
        for store, folder in zip(stores[1:], folders[1:], strict=True):
            wanted, found = getattr(stores[0].card, name), getattr(store.card, name)
            if wanted != found:
                said = "" if name == "labels" else f" ({wanted} and {found})"
                raise TrainingError(
                    f"features in {folders[0]} and in {folder} differ in {name}{said}; extract them alike"
                )


def _check_soft(soft: Sequence[Soft], teachers: Sequence[Soft | None], card: About, data: Data) -> None:
    """Whether soft labels speak of the same labels and cells as the features, and of their clips."""
    for one, folder in zip(soft, data.soft_labels, strict=True):
        if one.labels.ids != card.labels.ids:
            raise TrainingError(
                f"soft labels in {folder} have other labels than the features; make them again"
            )
        if one.frames_per_cell != card.frames_per_cell:
            raise TrainingError(
                f"soft labels in {folder} have cells of {one.frames_per_cell} frames, the features of "
                f"{card.frames_per_cell}; make them again with cells as long"
            )
        if not any(teacher is one for teacher in teachers):
            raise TrainingError(
                f"soft labels in {folder} are of none of the clips; take those of the features"
            )


def is_left_out(clip: Clip, without: Collection[str], labels: LabelSet) -> bool:
    """Whether a clip is of one of these subsets, or carries or implies one of these labels."""
    named = [*clip.labels, *(sounding.label for sounding in clip.soundings or ())]
    return (bool(clip.subset) and clip.subset in without) or any(
        one in without for one in labels.implied(named)
    )


def _part(clip: Clip, data: Data, labels: LabelSet) -> str:
    """What a clip is for, or nothing."""
    if is_left_out(clip, data.without, labels):
        return ""
    if clip.fold in data.validation:
        return "validation"
    if clip.fold in data.test:
        return "test"
    return "train" if not data.train or clip.fold in data.train else ""
