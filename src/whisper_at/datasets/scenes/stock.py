"""The clips of one fold, sorted by what they are good for, and how one is drawn.

In: a dataset, a recipe, a fold. Out: events by label, voices, backgrounds. The order of a dataset's clips and
the folds that were not asked for change nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from whisper_at.datasets.clip import Clip, Dataset
from whisper_at.datasets.scenes.recipe import EVERYTHING, SceneRecipe
from whisper_at.errors import DatasetError
from whisper_at.tagging.ontology import SPEECH

Groups = Mapping[str, tuple[Clip, ...]]


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What scenes of one fold are made of.

    A clip with a transcript is speech and nothing else; the others are events if anything is known of them,
    and backgrounds too if the recipe says so. A clip of several labels is in the group of each.

    Drawing takes two steps: a group, with a probability that goes as (number of its clips) ** balance, then a
    clip of it, each as probable. At balance 0 the rarest label comes as often as the commonest, and its few
    clips again and again; at 1 labels come as the corpus has them; 0.5 lies between.
    """

    events: Groups  # by label
    unlabelled: tuple[Clip, ...]
    voices: Groups  # by language and subset
    backgrounds: Groups  # by label

    @classmethod
    def of(cls, dataset: Dataset, recipe: SceneRecipe, fold: str) -> "Stock":
        """The stock of a fold.

        Raises:
            DatasetError: if the fold has no clips that the recipe could use.
        """
        clips = sorted((clip for clip in dataset.clips if clip.fold == fold), key=_order)
        if not clips:
            folds = ", ".join(sorted({f"'{clip.fold}'" for clip in dataset.clips})) or "none"
            raise DatasetError(f"{dataset.name} has no clips of fold '{fold}'; its folds are {folds}")
        spoken = [clip for clip in clips if clip.transcript]
        others = [clip for clip in clips if not clip.transcript]
        usual = (SPEECH,) if SPEECH in dataset.labels.ids else ()
        stock = cls(
            events=_grouped((label, clip) for clip in others for label in clip.labels or _silent(clip)),
            unlabelled=tuple(clip for clip in others if not clip.labels and not clip.complete),
            voices=_grouped(
                (f"{clip.language or ''}/{clip.subset}", replace(clip, labels=clip.labels or usual))
                for clip in spoken
            ),
            backgrounds=_grouped(
                (label, clip) for clip in others for label in _background_groups(clip, recipe)
            ),
        )
        if not (stock.events or stock.voices or stock.backgrounds or recipe.unlabelled_share):
            raise DatasetError(
                f"fold '{fold}' of {dataset.name} has {len(clips)} clips, none with labels or a transcript; "
                f"set unlabelled_share above 0 to use them"
            )
        return stock


def draw_group(groups: Groups, dice: np.random.Generator, balance: float) -> tuple[Clip, ...]:
    """The clips of a group, by the first of the two steps that `Stock` tells."""
    names = list(groups)
    weights = np.array([len(groups[name]) for name in names], np.float64) ** balance
    return groups[names[int(dice.choice(len(names), p=weights / weights.sum()))]]


def draw_of(clips: tuple[Clip, ...], dice: np.random.Generator) -> Clip:
    """One of the clips, each as probable."""
    return clips[int(dice.integers(len(clips)))]


def is_known(clip: Clip, recipe: SceneRecipe) -> bool:
    """Whether what is not among its labels may be taken for absent."""
    trusted = EVERYTHING in recipe.trusted or clip.subset in recipe.trusted
    return clip.complete or (trusted and bool(clip.labels))


def deal_folds(dataset: Dataset, folds: Iterable[str] = ()) -> Dataset:
    """The dataset with its clips that have no fold dealt out to folds, by the names of their files.

    So a corpus without folds, such as a handful of backgrounds, can be used in several. Train and measure
    with the dataset that this gives, or a sound may be in both.

    Args:
        dataset: the clips; those that have a fold keep it.
        folds: to deal to; those that the dataset has, if none are given.

    Raises:
        DatasetError: if there is no fold to deal to.
    """
    names = sorted(set(folds) or {clip.fold for clip in dataset.clips if clip.fold})
    if not names:
        raise DatasetError(f"no clip of {dataset.name} has a fold; name the folds to deal its clips to")
    clips = tuple(clip if clip.fold else replace(clip, fold=_dealt(clip, names)) for clip in dataset.clips)
    return replace(dataset, clips=clips)


def _dealt(clip: Clip, folds: list[str]) -> str:
    number = hashlib.sha256(clip.path.name.encode()).digest()  # parts of one file stay together
    return folds[int.from_bytes(number[:8], "big") % len(folds)]


def _grouped(pairs: Iterable[tuple[str, Clip]]) -> Groups:
    groups: dict[str, list[Clip]] = {}
    for name, clip in pairs:
        groups.setdefault(name, []).append(clip)
    return {name: tuple(dict.fromkeys(groups[name])) for name in sorted(groups)}


def _silent(clip: Clip) -> tuple[str, ...]:
    """The group of clips that are known to hold none of the labels."""
    return ("",) if clip.complete else ()


def _background_groups(clip: Clip, recipe: SceneRecipe) -> tuple[str, ...]:
    """The labels under which a clip may be a background; none if it may not, or if it tells times."""
    if clip.soundings is not None:
        return ()
    lasting = tuple(label for label in clip.labels if label in recipe.background_labels)
    chosen = clip.subset in recipe.background_subsets
    return lasting or ((clip.labels or ("",)) if chosen else ())


def _order(clip: Clip) -> tuple[str, str]:
    return clip.name, repr(clip)
