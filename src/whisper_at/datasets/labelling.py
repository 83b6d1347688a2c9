"""Labels as somebody wrote them in, ids and the `LabelSet` that they belong to out.

Whether a corpus speaks of AudioSet's labels or of its own is told by the caller, or by this rule (`auto`):

    every label is known to AudioSet           AudioSet's; also if there are no labels at all
    more than half of the labels are known     an error with the nearest names: most likely a slip
    otherwise                                  its own
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from whisper_at.datasets.clip import LabelSet
from whisper_at.errors import DatasetError, OptionError
from whisper_at.tagging import ontology

Labels: TypeAlias = Literal["auto", "audioset", "own"]

MOST_SHOWN = 3  # unknown labels in a message of one line


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """A label set, and the id behind each label as it was written."""

    labels: LabelSet
    ids: Mapping[str, str]


class UnknownLabels(DatasetError):
    """Labels that AudioSet does not have: `labels`, and what each was answered with, `answers`."""

    def __init__(self, message: str, answers: Mapping[str, str]) -> None:
        super().__init__(message)
        self.answers = dict(answers)
        self.labels = tuple(answers)

    def __reduce__(self) -> tuple[type["UnknownLabels"], tuple[str, dict[str, str]]]:
        """How it comes out of another process."""
        return type(self), (str(self), self.answers)


def label_ids(found: Mapping[str, int], wanted: Labels, source: str) -> Labelling:
    """What the labels of a source mean.

    Args:
        found: every label as it is written, with the line where it stands first.
        wanted: "audioset", "own", or "auto" for the rule above.
        source: how messages call it.

    Raises:
        UnknownLabels: if labels should be AudioSet's and are not.

    >>> label_ids({"dog": 2, "/m/06mb1": 3}, "auto", "a.csv").ids
    {'dog': '/m/0bt9lr', '/m/06mb1': '/m/06mb1'}
    >>> label_ids({"dog": 2, "squeaky toy no. 5": 3}, "auto", "a.csv").labels.ids
    ('dog', 'squeaky toy no. 5')
    """
    if wanted not in ("auto", "audioset", "own"):
        raise OptionError(f"labels must be 'auto', 'audioset' or 'own'; got {wanted!r}")
    if wanted == "own":
        return _own(found)
    ids: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for label in found:
        try:
            ids[label] = ontology.find(label).mid
        except OptionError as error:
            unknown[label] = str(error)
        if wanted == "auto" and 2 * len(unknown) >= len(found):
            return _own(found)
    if unknown:
        raise UnknownLabels(_complaint(unknown, found, wanted, source), unknown)
    return Labelling(labels=LabelSet.audioset(), ids=ids)


def some_of_audioset(mids: Iterable[str]) -> LabelSet:
    """These of AudioSet's labels and all above them, in the published order.

    >>> some_of_audioset(["/m/05tny_"]).names
    ('Animal', 'Domestic animals, pets', 'Dog', 'Bark')
    """
    whole = LabelSet.audioset()
    wanted = set(whole.implied(mids))
    pairs = [pair for pair in zip(whole.ids, whole.names, strict=True) if pair[0] in wanted]
    return LabelSet(
        ids=tuple(mid for mid, _ in pairs),
        names=tuple(name for _, name in pairs),
        ancestors={mid: whole.ancestors[mid] for mid, _ in pairs},
    )


def _own(found: Iterable[str]) -> Labelling:
    return Labelling(labels=LabelSet.of(found), ids={label: label for label in found})


def _complaint(unknown: Mapping[str, str], found: Mapping[str, int], wanted: Labels, source: str) -> str:
    shown = "; ".join(f"line {found[label]}: {unknown[label]}" for label in list(unknown)[:MOST_SHOWN])
    more = f"; and {len(unknown) - MOST_SHOWN} more" if len(unknown) > MOST_SHOWN else ""
    others = ", the others are" if wanted == "auto" else ""
    verb = "is none" if len(unknown) == 1 else "are none"
    return (
        f"{len(unknown)} of {len(found)} labels of {source} {verb} of AudioSet's{others}: {shown}{more}; "
        f"correct them, or give labels='own' if they are labels of its own"
    )
