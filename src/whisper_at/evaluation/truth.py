"""What the clips of a corpus say, as arrays: which labels are heard, when, and of which nobody knows.

In: `Clip`s and their `LabelSet`. Out: `Truth` for clips, `Sounds` for times. The rules, first that fits:

    the label is listed, or implied by a listed one (Bark implies Dog)       heard
    the clip lists nothing and is not `complete`                             unknown
    the label is a kind of a listed one (Bark, where Dog is listed)          unknown
    the clip is `complete`                                                   not heard
    else: as `absent` says                                                   "false" or "unknown"

`absent="false"` is AudioSet's practice: raters looked for what seemed likely, and all else counts as not heard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import Clip, LabelSet
from whisper_at.errors import DatasetError

Absent = Literal["false", "unknown"]
Bool = npt.NDArray[np.bool_]
Spans = npt.NDArray[np.float64]
"""[sounding, (start, end)] in seconds, in order of time, none touching the next."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """Of clips: which labels are heard (`present`) and where that is known (`known`), both [clip, label]."""

    ids: tuple[str, ...]
    present: Bool
    known: Bool


def truth_of(
    clips: Sequence[Clip], labels: LabelSet, ids: Sequence[str], *, absent: Absent = "false"
) -> Truth:
    """The truth of clips about some of their labels, by the rules above.

    Raises:
        DatasetError: if a clip carries a label that the set does not have.
    """
    if absent not in ("false", "unknown"):
        raise ValueError(f"absent labels count as 'false' or 'unknown', got {absent!r}")
    _check_labels(clips, labels)
    column = {label: i for i, label in enumerate(ids)}
    kinds = kinds_of(labels)
    present = np.zeros((len(clips), len(ids)), bool)
    known = np.full(present.shape, absent == "false")
    for i, clip in enumerate(clips):
        known[i] |= clip.complete
        listed = _listed(clip)
        if not listed and not clip.complete:
            known[i] = False
        below = {kind for label in listed for kind in kinds.get(label, ())}
        known[i, [column[label] for label in below if label in column]] = False
        here = [column[label] for label in labels.implied(listed) if label in column]
        present[i, here] = known[i, here] = True
    return Truth(ids=tuple(ids), present=present, known=known)


def kinds_of(labels: LabelSet) -> dict[str, tuple[str, ...]]:
    """For a label all that imply it: `ancestors` the other way round.

    >>> kinds_of(LabelSet(ids=("bark", "dog"), names=("bark", "dog"), ancestors={"bark": ("dog",)}))
    {'dog': ('bark',)}
    """
    kinds: dict[str, list[str]] = {}
    for label, above in labels.ancestors.items():
        for one in above:
            kinds.setdefault(one, []).append(label)
    return {label: tuple(below) for label, below in kinds.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Sounds:
    """When labels are heard in each clip, and in which clips that is known.

    spans: for each clip, by column of the label, when it is heard.
    known: [clip, label]; False where the label is heard at times that nobody wrote down, or may be heard.
    """

    ids: tuple[str, ...]
    spans: tuple[Mapping[int, Spans], ...]
    known: Bool

    @property
    def n_events(self) -> npt.NDArray[np.int64]:
        """How many soundings each label has where it is known: [label]."""
        n = np.zeros(len(self.ids), np.int64)
        for spans, known in zip(self.spans, self.known, strict=True):
            for column, found in spans.items():
                n[column] += len(found) * known[column]
        return n


def sounds_of(
    clips: Sequence[Clip], labels: LabelSet, ids: Sequence[str], *, absent: Absent = "false"
) -> Sounds:
    """When the labels of clips are heard; a label sounds whenever one sounds that implies it.

    Soundings of one label that overlap or touch are one event. In a clip without times a label that is known to be
    absent is known to be nowhere; one that is heard is unknown, for nobody wrote down when.
    """
    truth = truth_of(clips, labels, ids, absent=absent)
    column = {label: i for i, label in enumerate(ids)}
    known = truth.known.copy()
    spans: list[Mapping[int, Spans]] = []
    for i, clip in enumerate(clips):
        timed: dict[int, list[tuple[float, float]]] = {}
        for sounding in clip.soundings or ():
            for label in labels.implied([sounding.label]):
                if label in column and sounding.end > sounding.start:
                    timed.setdefault(column[label], []).append((sounding.start, sounding.end))
        spans.append({label: merged(found) for label, found in timed.items()})
        known[i, [label for label in np.flatnonzero(truth.present[i]).tolist() if label not in timed]] = False
        known[i, list(timed)] = True
    return Sounds(ids=tuple(ids), spans=tuple(spans), known=known)


def merged(spans: Sequence[tuple[float, float]]) -> Spans:
    """Overlapping and touching spans made one, in order.

    >>> merged([(3, 4), (0, 1), (0.5, 2)]).tolist()
    [[0.0, 2.0], [3.0, 4.0]]
    """
    joined: list[list[float]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return np.array(joined, np.float64).reshape(-1, 2)


def _listed(clip: Clip) -> tuple[str, ...]:
    """What the clip says of itself, with or without times."""
    return tuple(dict.fromkeys([*clip.labels, *(one.label for one in clip.soundings or ())]))


def _check_labels(clips: Sequence[Clip], labels: LabelSet) -> None:
    ids = set(labels.ids)
    for clip in clips:
        strange = [label for label in _listed(clip) if label not in ids]
        if strange:
            raise DatasetError(
                f"{clip.name} is labelled {strange[0]!r}, which is none of the {len(ids)} labels of its dataset; "
                "read the dataset with the labels that it uses"
            )
