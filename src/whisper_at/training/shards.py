"""One file of a store: the taps of some clips, as safetensors that anybody can read.

    u64 length of the header | header (JSON, filled up with spaces) | float16 [cell, layer, dim] of each clip

A tensor is called by the number of its clip. The header is written by hand, for the library gives its entries
another order in each process, and a store that was resumed must be the same, byte for byte, as one that was not.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.errors import DatasetError, OutputError
from whisper_at.files import write_atomically

FORMAT = "whisper-at-taps/1"
LARGEST_HEADER = 100_000_000  # what safetensors allows

Taps = npt.NDArray[np.float16]


@dataclass(frozen=True, kw_only=True)
class Shard:
    """What the header says: where each clip's taps lie, in bytes of the file, and their axes.

    store: the sha256 of the index that the file belongs to.
    """

    path: Path
    store: str
    start: int
    entries: Mapping[int, tuple[int, tuple[int, int, int]]]

    def map(self) -> Taps:
        """All values of the file in a row, read when they are looked at."""
        return np.asarray(np.memmap(self.path, "<f2", "r", self.start))


def shard_name(number: int) -> str:
    """The name of a file.

    >>> shard_name(3)
    'taps-00003.safetensors'
    """
    return f"taps-{number:05d}.safetensors"


def write_shard(path: Path, taps: Mapping[int, Taps], *, store: str) -> None:
    """Put the taps of clips into a file, whole or not at all.

    Raises:
        OutputError: if it cannot be written.
    """
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT, "store": store}}
    end = 0
    for clip, array in sorted(taps.items()):
        header[str(clip)] = {
            "dtype": "F16",
            "shape": list(array.shape),
            "data_offsets": [end, end + array.nbytes],
        }
        end += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the values begin at a multiple of 8
    try:
        with write_atomically(path) as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for _, array in sorted(taps.items()):
                file.write(np.ascontiguousarray(array, "<f2").data)
    except OSError as error:
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}); free space, then run the same command again"
        ) from error


def read_shard(path: Path) -> Shard:
    """The header of a file, after a look whether everything is there that it promises.

    Raises:
        DatasetError: if the file is missing, short, or something else.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size, LARGEST_HEADER):
                raise ValueError("its header goes beyond its end")
            header = json.loads(file.read(length))
        about = header.pop("__metadata__")
        if about["format"] != FORMAT:
            raise ValueError(f"it is of format {about['format']}")
        entries = {int(name): _entry(value) for name, value in header.items()}
    except FileNotFoundError as error:
        raise DatasetError(f"the shard {path.name} is missing from {path.parent}{REMEDY}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise DatasetError(f"{path} is no shard of taps, or is cut short ({error}){REMEDY}") from error
    start = 8 + length
    promised = start + sum(2 * int(np.prod(shape)) for _, shape in entries.values())
    if size != promised:
        raise DatasetError(f"the shard {path} has {size} bytes, its header promises {promised}{REMEDY}")
    return Shard(path=path, store=about["store"], start=start, entries=entries)


REMEDY = "; run whisper-at features again with the same options, it makes what is not there"


def _entry(value: Mapping[str, Any]) -> tuple[int, tuple[int, int, int]]:
    begin, end = value["data_offsets"]
    cells, layers, dim = value["shape"]
    if value["dtype"] != "F16" or end - begin != 2 * cells * layers * dim:
        raise ValueError("sizes that do not fit")
    return begin, (cells, layers, dim)
