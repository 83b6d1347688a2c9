"""A clip and what is known of it; a dataset is clips with the labels that they speak of.

In: what a corpus says of its recordings. Out: `Clip`s, alike for all corpora.
An absent label is unknown unless the clip is `complete`: most corpora say what is heard, few what is not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whisper_at.tagging import ontology


@dataclass(frozen=True, kw_only=True)
class Sounding:
    """A label with the seconds, from the clip's start, between which it is heard: a strong label."""

    label: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A recording, or a part of one, and its truth.

    labels: ids (for AudioSet: mids) of what is heard somewhere in it.
    soundings: the same with times; None where nobody wrote them down.
    complete: whether a label that is not listed is known to be absent.
    start, end: seconds within the file; the whole file where end is None.
    fold: which part of the corpus it belongs to, such as "1" or "test"; clips of one fold stay together.
    subset: the corpus within a collection, such as "esc10".
    """

    path: Path
    labels: tuple[str, ...] = ()
    soundings: tuple[Sounding, ...] | None = None
    complete: bool = False
    start: float = 0.0
    end: float | None = None
    fold: str = ""
    transcript: str | None = None
    language: str | None = None
    subset: str = ""

    @property
    def name(self) -> str:
        """The path, and which part of it: one clip, one name.

        >>> Clip(path=Path("a.ogg")).name, Clip(path=Path("a.ogg"), start=1.5, end=3).name
        ('a.ogg', 'a.ogg#1.5-3')
        """
        whole = self.start == 0 and self.end is None
        return self.path.as_posix() + (
            "" if whole else f"#{self.start:g}-{'' if self.end is None else f'{self.end:g}'}"
        )


@dataclass(frozen=True, kw_only=True)
class LabelSet:
    """The labels that a dataset or a head speaks of, in order.

    ancestors: for an id, the ids that it implies, such as Dog and Animal for Bark.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    ancestors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def audioset(cls) -> "LabelSet":
        """AudioSet's 527 labels in the published order.

        >>> labels = LabelSet.audioset()
        >>> len(labels.ids), labels.names[74], len(labels.ancestors["/m/05tny_"])
        (527, 'Dog', 3)
        """
        known = ontology.labels()
        return cls(
            ids=tuple(label.mid for label in known),
            names=tuple(label.name for label in known),
            ancestors={label.mid: tuple(a.mid for a in ontology.ancestors(label.mid)) for label in known},
        )

    @classmethod
    def of(cls, ids: Iterable[str]) -> "LabelSet":
        """A set of one's own, in order of the alphabet; names are the ids.

        >>> LabelSet.of(["rain", "dog", "rain"]).ids
        ('dog', 'rain')
        """
        ordered = tuple(sorted(set(ids)))
        return cls(ids=ordered, names=ordered)

    def implied(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The ids and all that they imply, each once.

        >>> LabelSet.audioset().implied(["/m/05tny_"])[:2]  # Bark, Dog
        ('/m/05tny_', '/m/0bt9lr')
        """
        found = dict.fromkeys(ids)
        for one in list(found):
            found.update(dict.fromkeys(self.ancestors.get(one, ())))
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Clips and the labels that they speak of."""

    name: str
    clips: tuple[Clip, ...]
    labels: LabelSet
