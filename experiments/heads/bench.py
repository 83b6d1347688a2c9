"""Where heads and a peer are measured: stores of features, folds, the labels that everybody knows.

In: files. Out: what each tagger says of clips, as `Predictions`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peer import Heard, Listener

from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.errors import DatasetError
from whisper_at.evaluation.heads import predict
from whisper_at.evaluation.predictions import Predictions
from whisper_at.model.engine import fastest_precision, open_engine
from whisper_at.model.head_file import Head
from whisper_at.training.store import FeatureStore


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where everybody is measured.

    heads: by name. listener: the peer.
    ids: labels that all heads and the peer know, in the order of the corpus.
    clips: store of features. scenes: those of the scenes to validate and to test on, or None.
    validation, test: folds.
    """

    heads: Mapping[str, Head]
    listener: Listener
    ids: tuple[str, ...]
    clips: FeatureStore
    scenes: tuple[FeatureStore, FeatureStore] | None
    validation: str
    test: str
    resamples: int
    threads: int

    @property
    def peer(self) -> str:
        """The peer's name."""
        return self.listener.teacher.name

    @property
    def labels(self) -> LabelSet:
        """Those of the corpus."""
        return self.clips.card.labels

    def dataset(self, clips: Sequence[Clip]) -> Dataset:
        """Some clips as a dataset."""
        return Dataset(name="clips", clips=tuple(clips), labels=self.labels)

    def labelled(self, fold: str) -> Dataset:
        """The clips of a fold of which something is known."""
        some = [clip for clip in self.clips.clips if clip.fold == fold and (clip.labels or clip.complete)]
        if not some:
            raise DatasetError(f"{self.clips.folder} has no labelled clips of fold {fold!r}; name another")
        return self.dataset(some)

    def said(self, head: Head, store: FeatureStore, clips: Sequence[Clip]) -> Predictions:
        """What a head says of clips, of the labels that all know."""
        engine = open_engine("openvino", device="cpu", threads=self.threads, precision=fastest_precision())
        return predict(head, engine.head(head), store, clips=clips).select(self.ids)

    def heard_by_peer(self, store: FeatureStore, clips: Sequence[Clip]) -> Heard:
        """What the peer hears in clips."""
        return self.listener.heard(clips, data_sha256=store.card.data_sha256)


def check_account(head: Path, holds: Callable[[Any], bool], wanted: str) -> None:
    """Whether a head was trained as it is said, where the account of its run lies beside it.

    Args:
        holds: whether that is so, from the section `data` of its recipe.

    Raises:
        DatasetError: if it is not.
    """
    account = head.parent / "run.json"
    if account.is_file() and not holds(json.loads(account.read_text("utf-8"))["recipe"]["data"]):
        raise DatasetError(f"{head} was not {wanted}, as {account} says; give the head of another run")
