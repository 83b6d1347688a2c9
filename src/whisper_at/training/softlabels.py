"""Soft labels: what a teacher says of each cell of each clip, kept in a folder and found by the clip's name.

    DIR/soft-labels.json          the card, and how many cells of which clip lie in which file, in this order
    DIR/soft-00000.safetensors    `values`: float16 [cell, label], the cells of some clips one after the other

Columns are the labels of the dataset. A label that the teacher does not know is not `known`, and its column is 0:
it says nothing about that label. `teaching.py` writes the index first, then the files.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import LabelSet
from whisper_at.errors import DatasetError, OutputError
from whisper_at.files import write_atomically

FORMAT = "whisper-at-soft-labels/1"
INDEX = "soft-labels.json"
FLOOR = 1e-3  # probabilities below are kept as 0
REMEDY = "; run whisper-at teach again with the same options, it makes what is not there"

Soft = npt.NDArray[np.float16]


@dataclass(frozen=True, kw_only=True)
class SoftLabelCard:
    """What one must know of soft labels: equal cards and equal clips give equal values.

    data_sha256: of the files, the clips and their labels.
    labels: the columns. known: those that the teacher knows.
    teacher, version: its name and what tells it from others of that name.
    patch, hop: what it heard at once, and how far apart, in seconds.
    """

    dataset: str
    data_sha256: str
    labels: LabelSet
    known: tuple[str, ...]
    teacher: str
    version: str
    patch: float
    hop: float
    frames_per_cell: int = 20
    floor: float = FLOOR


@dataclass(frozen=True, kw_only=True)
class SoftLabelIndex:
    """What a folder of soft labels holds, or is to hold.

    clips: their names, in the order in which they lie in the files. samples, cells: how many each has.
    shards: how many clips are in each file.
    skipped: names of clips that could not be read, and why.
    """

    card: SoftLabelCard
    clips: tuple[str, ...]
    samples: tuple[int, ...]
    cells: tuple[int, ...]
    shards: tuple[int, ...]
    skipped: tuple[tuple[str, str], ...] = ()

    def clips_of(self, shard: int) -> range:
        """The numbers of the clips in a file."""
        start = sum(self.shards[:shard])
        return range(start, start + self.shards[shard])

    def shape_of(self, shard: int) -> tuple[int, int]:
        """Cells and labels of a file."""
        clips = self.clips_of(shard)
        return sum(self.cells[clips.start : clips.stop]), len(self.card.labels.ids)

    def to_bytes(self) -> bytes:
        """The text of soft-labels.json."""
        return (json.dumps({"format": FORMAT, **asdict(self)}) + "\n").encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> "SoftLabelIndex":
        """The index that `to_bytes` has written.

        Raises:
            KeyError, TypeError, ValueError: if something else has written it.
        """
        value = json.loads(text)
        if value.pop("format") != FORMAT:
            raise ValueError(f"it is not of format {FORMAT}")
        card = value.pop("card")
        labels = card.pop("labels")
        return cls(
            card=SoftLabelCard(
                labels=LabelSet(
                    ids=tuple(labels["ids"]),
                    names=tuple(labels["names"]),
                    ancestors={one: tuple(above) for one, above in labels["ancestors"].items()},
                ),
                known=tuple(card.pop("known")),
                **card,
            ),
            skipped=tuple((name, problem) for name, problem in value.pop("skipped")),
            **{name: tuple(entries) for name, entries in value.items()},
        )

    @cached_property
    def sha256(self) -> str:
        """What a file names, to say which folder it belongs to."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def write_index(folder: Path, index: SoftLabelIndex) -> None:
    """Begin a folder of soft labels.

    Raises:
        OutputError: if it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with write_atomically(folder / INDEX) as file:
            file.write(index.to_bytes())
    except OSError as error:
        raise OutputError(f"{folder / INDEX} could not be written ({error.strerror or error})") from error


def read_index(folder: Path) -> SoftLabelIndex:
    """What a folder holds or is to hold.

    Raises:
        DatasetError: if it holds no soft labels.
    """
    try:
        return SoftLabelIndex.from_bytes((folder / INDEX).read_bytes())
    except FileNotFoundError as error:
        raise DatasetError(
            f"{folder} holds no soft labels: {INDEX} is not there; make some with whisper-at teach"
        ) from error
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(f"{folder / INDEX} is no index of soft labels ({error}); make it again") from error


def shard_path(folder: Path, shard: int) -> Path:
    """Where a file lies.

    >>> shard_path(Path("soft"), 3).name
    'soft-00003.safetensors'
    """
    return folder / f"soft-{shard:05d}.safetensors"


def write_shard(folder: Path, shard: int, values: Soft, *, index_sha256: str) -> None:
    """Put the values [cell, label] of a file into its place, whole or not at all.

    Raises:
        OutputError: if it cannot be written.
    """
    from safetensors.numpy import save

    path = shard_path(folder, shard)
    try:
        with write_atomically(path) as file:
            # In memory rows may lie side by side; safetensors writes memory as it is.
            file.write(save({"values": np.ascontiguousarray(values)}, {"index": index_sha256}))
    except OSError as error:
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}); free space, then run the same command again"
        ) from error


def open_shard(folder: Path, shard: int, index: SoftLabelIndex) -> Any:
    """A file, mapped and compared with what the index says of it; rows are read when they are asked for.

    Raises:
        DatasetError: if it is missing, short, or belongs to other soft labels.
    """
    from safetensors import SafetensorError, safe_open

    path = shard_path(folder, shard)
    try:
        opened: Any = safe_open(path, framework="numpy")
        belongs = (opened.metadata() or {}).get("index") == index.sha256
        values = opened.get_slice("values")
    except FileNotFoundError as error:
        raise DatasetError(f"the file {path.name} is missing from {folder}{REMEDY}") from error
    except (SafetensorError, OSError) as error:
        raise DatasetError(f"{path} is no file of soft labels, or is cut short ({error}){REMEDY}") from error
    if not belongs or tuple(values.get_shape()) != index.shape_of(shard) or values.get_dtype() != "F16":
        raise DatasetError(f"the file {path} belongs to other soft labels; remove it{REMEDY}")
    return values


class SoftLabels:
    """Soft labels in a folder, by the names of clips. Opening looks at every file, reading takes rows of one.

    frames_per_cell: length of a cell in frames of 10 ms.
    teacher: its name.
    labels: those of the columns. known [label]: whether the teacher knows them.
    """

    def __init__(self, folder: Path, index: SoftLabelIndex, shards: list[Any]) -> None:
        self.folder, self.card, self.clips = folder, index.card, index.clips
        self.frames_per_cell = index.card.frames_per_cell
        self.teacher = index.card.teacher
        self.labels = index.card.labels
        known = set(index.card.known)
        self.known: npt.NDArray[np.bool_] = np.array([one in known for one in self.labels.ids], bool)
        self._shards = shards
        self._rows = dict(_rows(index))

    @classmethod
    def open(cls, folder: Path) -> "SoftLabels":
        """The soft labels in a folder.

        Raises:
            DatasetError: if there are none, or a file is missing or short; names the first one.
        """
        folder = Path(folder)
        index = read_index(folder)
        return cls(folder, index, [open_shard(folder, shard, index) for shard in range(len(index.shards))])

    def of(self, clip: str) -> Soft:
        """The probabilities [cell, label] of the clip of this name: `Clip.name`, from wherever one stands.

        Raises:
            DatasetError: if there is no such clip.
        """
        try:
            shard, start, stop = self._rows[_key(clip)]
        except KeyError:
            like = f"; its clips are called such as {self.clips[0]}" if self.clips else ""
            raise DatasetError(f"{self.folder} has no soft labels of {clip}{like}") from None
        values: Soft = self._shards[shard][start:stop]
        return values

    def __contains__(self, clip: object) -> bool:
        return isinstance(clip, str) and _key(clip) in self._rows

    def __len__(self) -> int:
        return len(self.clips)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process maps the files itself."""
        return SoftLabels.open, (self.folder,)


def _rows(index: SoftLabelIndex) -> list[tuple[str, tuple[int, int, int]]]:
    """For each clip its name, and the file and rows where it lies."""
    found = []
    for shard in range(len(index.shards)):
        clips = index.clips_of(shard)
        ends = accumulate(index.cells[clips.start : clips.stop])
        for clip, end in zip(clips, ends, strict=True):
            found.append((_key(index.clips[clip]), (shard, end - index.cells[clip], end)))
    return found


def _key(clip: str) -> str:
    """One name for `corpus/a.ogg` and `/home/me/notes/../corpus/a.ogg`, if they are the same."""
    return os.path.abspath(clip)  # noqa: PTH100 (pathlib keeps the two dots)
