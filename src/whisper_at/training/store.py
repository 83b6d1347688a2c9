"""A store of features: the taps of a corpus, taken once, read at random without being loaded.

    DIR/store.json                what the taps are of: card, clips, and where each clip was laid
    DIR/taps-00000.safetensors    taps of the clips of some windows, see `shards.py`; as many as the index says

`extraction.py` writes it: the index first, then the shards, so an unfinished store is one that lacks shards.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import Clip, LabelSet, Sounding
from whisper_at.errors import DatasetError, OutputError
from whisper_at.files import write_atomically
from whisper_at.timegrid import TagGrid
from whisper_at.training.placing import Placed, Reel, n_frames
from whisper_at.training.shards import REMEDY, Shard, Taps, read_shard, shard_name

FORMAT = "whisper-at-features/1"
INDEX = "store.json"
FRAMES_OF_10S = 1000
Context = Literal["packed", "alone", "10s"]


@dataclass(frozen=True, kw_only=True)
class StoreCard:
    """What one must know of taps to train on them: equal cards and equal clips give equal taps.

    data_sha256: of the files, the clips and their labels; the same wherever the corpus lies.
    context: what the encoder heard around a clip, see `extraction.Extraction`.
    gain: lowest and highest decibels by which a clip was made louder.
    """

    dataset: str
    data_sha256: str
    labels: LabelSet
    encoder: str
    encoder_sha256: str
    n_layers: int
    n_state: int
    frames_per_cell: int = 20
    context: Context = "packed"
    gain: tuple[float, float] | None = None
    seed: int = 0
    precision: str = "float32"


@dataclass(frozen=True, kw_only=True)
class Index:
    """What is in a store, or is to be in it: decided before the first window is encoded.

    samples: the length of each clip.
    shards: the reels of each file.
    skipped: names of clips that could not be read, and why.
    """

    card: StoreCard
    clips: tuple[Clip, ...]
    samples: tuple[int, ...]
    shards: tuple[tuple[Reel, ...], ...]
    skipped: tuple[tuple[str, str], ...] = ()

    def n_frames(self, i: int) -> int:
        """The frames of a clip that have taps."""
        n = n_frames(self.samples[i])
        return min(n, FRAMES_OF_10S) if self.card.context == "10s" else n

    def n_cells(self, i: int) -> int:
        """The cells of a clip, the last one perhaps cut short by its end."""
        return TagGrid(frames_per_cell=self.card.frames_per_cell).n_cells(self.n_frames(i))

    def to_bytes(self) -> bytes:
        """The text of store.json."""
        value = {
            "format": FORMAT,
            "card": asdict(self.card),
            "clips": [{**asdict(clip), "path": str(clip.path)} for clip in self.clips],
            "samples": self.samples,
            "shards": [[[[p.clip, p.frame] for p in reel.clips] for reel in shard] for shard in self.shards],
            "skipped": self.skipped,
        }
        return (json.dumps(value) + "\n").encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> "Index":
        """The index that `to_bytes` has written.

        Raises:
            KeyError, TypeError, ValueError: if something else has written it.
        """
        value = json.loads(text)
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r}, not {FORMAT!r}")
        bare = cls(
            card=_card(value["card"]),
            clips=tuple(_clip(clip) for clip in value["clips"]),
            samples=tuple(value["samples"]),
            shards=(),
            skipped=tuple((name, problem) for name, problem in value["skipped"]),
        )
        shards = tuple(tuple(_reel(reel, bare) for reel in shard) for shard in value["shards"])
        return cls(
            card=bare.card, clips=bare.clips, samples=bare.samples, shards=shards, skipped=bare.skipped
        )

    @property
    def sha256(self) -> str:
        """What a shard names, to say which store it belongs to."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def write_index(folder: Path, index: Index) -> None:
    """Begin a store.

    Raises:
        OutputError: if it cannot be written.
    """
    try:
        with write_atomically(folder / INDEX) as file:
            file.write(index.to_bytes())
    except OSError as error:
        raise OutputError(f"{folder / INDEX} could not be written ({error.strerror or error})") from error


def read_index(folder: Path) -> Index:
    """What a folder holds or is to hold.

    Raises:
        DatasetError: if it is no store.
    """
    try:
        return Index.from_bytes((folder / INDEX).read_bytes())
    except FileNotFoundError as error:
        raise DatasetError(
            f"{folder} is no store of features: {INDEX} is not there; make one with whisper-at features"
        ) from error
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(f"{folder / INDEX} is no index of features ({error}); make it again") from error


def check_shard(folder: Path, number: int, index: Index, sha256: str) -> Shard:
    """The header of a shard, compared with what the index says of it.

    Raises:
        DatasetError: if it is missing, short, or belongs to another store.
    """
    shard = read_shard(folder / shard_name(number))
    card = index.card
    wanted = {
        placed.clip: (index.n_cells(placed.clip), card.n_layers, card.n_state)
        for reel in index.shards[number]
        for placed in reel.clips
    }
    if shard.store != sha256 or {clip: shape for clip, (_, shape) in shard.entries.items()} != wanted:
        raise DatasetError(f"the shard {shard.path} belongs to another store; remove it{REMEDY}")
    return shard


class FeatureStore:
    """Taps of clips, by number. Opening looks at every shard; reading maps the files and copies nothing."""

    def __init__(self, folder: Path, index: Index, shards: tuple[Shard, ...]) -> None:
        self.folder, self.index = folder, index
        self._shards = shards
        self._maps: dict[int, Taps] = {}
        self._at = {clip: number for number, shard in enumerate(shards) for clip in shard.entries}

    @classmethod
    def open(cls, folder: Path) -> "FeatureStore":
        """The store in a folder.

        Raises:
            DatasetError: if there is none, or a shard is missing or short; names the first one.
        """
        folder = Path(folder)
        index = read_index(folder)
        sha256 = index.sha256
        return cls(
            folder, index, tuple(check_shard(folder, n, index, sha256) for n in range(len(index.shards)))
        )

    @property
    def card(self) -> StoreCard:
        """What the taps are of."""
        return self.index.card

    @property
    def clips(self) -> tuple[Clip, ...]:
        """The clips, in the order of the manifest."""
        return self.index.clips

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """Names of the clips that were left out, and why."""
        return self.index.skipped

    def __len__(self) -> int:
        return len(self.clips)

    def n_frames(self, i: int) -> int:
        """The length of a clip in frames of 10 ms."""
        return self.index.n_frames(i)

    def n_cells(self, i: int) -> int:
        """How many cells a clip has."""
        return self.index.n_cells(i)

    def taps(self, i: int) -> npt.NDArray[np.float16]:
        """The taps [cell, layer, dim] of a clip: a read-only view of the file."""
        number = self._at[i]
        shard = self._shards[number]
        if number not in self._maps:
            self._maps[number] = shard.map()
        begin, shape = shard.entries[i]
        return self._maps[number][begin // 2 :][: shape[0] * shape[1] * shape[2]].reshape(shape)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process maps the files itself; pickled maps would be copies of everything."""
        return FeatureStore, (self.folder, self.index, self._shards)


def _card(value: Mapping[str, Any]) -> StoreCard:
    labels, gain = value["labels"], value["gain"]
    return StoreCard(
        **{
            **value,
            "labels": LabelSet(
                ids=tuple(labels["ids"]),
                names=tuple(labels["names"]),
                ancestors={name: tuple(ids) for name, ids in labels["ancestors"].items()},
            ),
            "gain": tuple(gain) if gain is not None else None,
        }
    )


def _clip(value: Mapping[str, Any]) -> Clip:
    soundings = value["soundings"]
    return Clip(
        **{
            **value,
            "path": Path(value["path"]),
            "labels": tuple(value["labels"]),
            "soundings": None if soundings is None else tuple(Sounding(**one) for one in soundings),
        }
    )


def _reel(placed: list[list[int]], index: Index) -> Reel:
    clips = tuple(Placed(clip=clip, frame=frame) for clip, frame in placed)
    return Reel(clips=clips, n_frames=clips[-1].frame + index.n_frames(clips[-1].clip))
