"""`model.bin`, CTranslate2's file of variables: read in place, written, slimmed.

Layout, little endian; a string is a u16 length that counts the closing zero, its bytes, and the zero:

    u32 version | string spec | u32 revision
    u32 n, then n times   string name | u8 rank | u32 dims[rank] | u8 type | u32 bytes | data
    u32 n, then n times   string alias | string name
"""

import itertools
import math
import mmap
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from whisper_at.errors import WeightsError
from whisper_at.files import write_atomically

Array = npt.NDArray[Any]

SPEC, REVISION, VERSION = "WhisperSpec", 3, 6
_BFLOAT16 = 5  # numpy has no such type: read as u16, widened to f32
_TYPES: dict[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("i1"),
    2: np.dtype("<i2"),
    3: np.dtype("<i4"),
    4: np.dtype("<f2"),
    _BFLOAT16: np.dtype("<u2"),
}
_CODES = {dtype: code for code, dtype in _TYPES.items() if code != _BFLOAT16}


@dataclass(frozen=True)
class Entry:
    """Where a variable lies in the file: axes, type code, first byte, number of bytes."""

    shape: tuple[int, ...]
    code: int
    offset: int
    n_bytes: int


class ModelBin(Mapping[str, Array]):
    """The variables of a file by name; the file is mapped, and a variable is read when it is used.

    An alias is a name like any other. bfloat16 is widened to float32, and weights that were quantised to
    integers are scaled back to float32; anything else is a read-only view of the file, perhaps at an odd
    address, so convert or copy it before handing its memory to a library.
    """

    def __init__(self, path: Path):
        """Maps the file and reads its table of contents.

        Raises:
            WeightsError: if it is another kind of file, of another model, or cut short.
        """
        self.path = path
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
            reason = error.strerror if isinstance(error, OSError) else "it is empty"
            raise WeightsError(f"cannot read the weights {path}: {reason}") from error
        try:
            self._read_contents(_Reader(self._data))
        except (struct.error, UnicodeDecodeError, IndexError) as error:
            raise WeightsError(
                f"{path} is cut short or damaged ({len(self._data)} bytes): fetch it again"
            ) from error

    def _read_contents(self, read: "_Reader") -> None:
        self.version = read.number("I")
        if not 4 <= self.version <= VERSION:
            start = bytes(self._data[:16])
            raise WeightsError(f"{self.path} is no model.bin of CTranslate2: it starts with {start!r}")
        self.spec, self.revision = read.string(), read.number("I")
        if self.spec != SPEC:
            raise WeightsError(f"{self.path} holds a model of kind {self.spec!r}, wanted {SPEC!r}")
        self.entries: dict[str, Entry] = {}
        for _ in range(read.number("I")):
            name, rank = read.string(), read.number("B")
            shape = tuple(read.number("I") for _ in range(rank))
            code, n_bytes = read.number("B"), read.number("I")
            size = math.prod(shape)
            if code not in _TYPES or n_bytes != size * _TYPES[code].itemsize:
                raise WeightsError(
                    f"{self.path} is damaged at {name!r}: {n_bytes} bytes of type {code} for {shape}"
                )
            self.entries[name] = Entry(shape, code, read.skip(n_bytes), n_bytes)
        self.aliases = {read.string(): read.string() for _ in range(read.number("I"))}
        if dangling := [name for name in self.aliases.values() if name not in self.entries]:
            raise WeightsError(
                f"{self.path} is damaged: an alias leads to {dangling[0]!r}, which is not there"
            )
        if read.at != len(self._data):
            raise WeightsError(f"{self.path} is damaged: {len(self._data) - read.at} bytes too many")

    def __getitem__(self, name: str) -> Array:
        name = self.aliases.get(name, name)
        entry = self.entries[name]
        stored = np.ndarray(entry.shape, _TYPES[entry.code], self._data, entry.offset)
        if entry.code == _BFLOAT16:
            return (stored.astype("<u4") << 16).view("<f4")
        scale = f"{name}_scale"
        if stored.dtype.kind == "i" and scale in self:
            factor = self[scale].astype(np.float32)
            return stored / factor.reshape(factor.shape + (1,) * (stored.ndim - factor.ndim))
        return stored

    def __contains__(self, name: object) -> bool:
        return name in self.entries or name in self.aliases

    def __iter__(self) -> Iterator[str]:
        return itertools.chain(self.entries, self.aliases)

    def __len__(self) -> int:
        return len(self.entries) + len(self.aliases)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The axes of every variable, without reading any."""
        return {name: self.entries[self.aliases.get(name, name)].shape for name in self}

    def stored(self, name: str) -> memoryview:
        """The bytes of a variable as they are in the file."""
        entry = self.entries[name]
        return memoryview(self._data)[entry.offset : entry.offset + entry.n_bytes]


class _Reader:
    """Takes numbers and strings off the front of a mapped file; running over its end raises."""

    def __init__(self, data: mmap.mmap):
        self._data, self.at = data, 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self._data, self.at)
        self.at += struct.calcsize(f"<{kind}")
        return int(value)

    def string(self) -> str:
        start = self.at + 2
        self.at = start + self.number("H")
        if self._data[self.at - 1] != 0:
            raise IndexError("a string without its end")
        return self._data[start : self.at - 1].decode("utf-8")

    def skip(self, n_bytes: int) -> int:
        start = self.at
        self.at += n_bytes
        if self.at > len(self._data):
            raise IndexError("data beyond the end")
        return start


def write_bin(path: Path, variables: Mapping[str, Array], aliases: Mapping[str, str]) -> None:
    """Writes variables in the mapping's order, one at a time, so the mapping may make each when it is asked.

    Types are float32, float16 or whole numbers of 8, 16 or 32 bits; an alias leads to one of the variables.
    """
    with write_atomically(path) as file:
        _write_head(file, VERSION, REVISION, len(variables))
        for name, array in variables.items():
            data = np.asarray(array, order="C")
            code = _CODES[data.dtype.newbyteorder("<")]
            _write_variable(file, name, data.shape, code, data.reshape(-1).view(np.uint8).data)
        _write_aliases(file, aliases)


def copy_bin(source: ModelBin, path: Path, keep: Callable[[str], bool] = lambda name: True) -> None:
    """Writes a file's variables as they are stored, without those that are not to be kept.

    A kept alias of a variable that is dropped becomes a variable itself, so that no name is lost.
    """
    stored = {name: name for name in source.entries if keep(name)}  # new name -> name in the source
    aliases: dict[str, str] = {}
    promoted: dict[str, str] = {}  # dropped variable -> the alias that took its data over
    for alias, name in source.aliases.items():
        if not keep(alias):
            continue
        if name not in stored and name not in promoted:
            promoted[name] = alias
            stored[alias] = name
        else:
            aliases[alias] = promoted.get(name, name)
    with write_atomically(path) as file:
        _write_head(file, source.version, source.revision, len(stored))
        for new, old in sorted(stored.items()) if promoted else stored.items():
            entry = source.entries[old]
            _write_variable(file, new, entry.shape, entry.code, source.stored(old))
        _write_aliases(file, aliases)


def slim(source: Path, path: Path) -> None:
    """The decoder's file: the model without encoder layers after the first, the least that CTranslate2 loads.

    From features that come from elsewhere it generates, aligns and detects languages as the whole model does,
    and loading it costs neither the time nor the memory of a second encoder.
    """
    copy_bin(ModelBin(source), path, keep=lambda name: not _LATER_ENCODER_LAYER.match(name))


_LATER_ENCODER_LAYER = re.compile(r"encoder/layer_[1-9]\d*/")


def _write_head(file: BinaryIO, version: int, revision: int, n_variables: int) -> None:
    file.write(struct.pack("<I", version) + _string(SPEC) + struct.pack("<II", revision, n_variables))


def _write_variable(file: BinaryIO, name: str, shape: tuple[int, ...], code: int, data: memoryview) -> None:
    axes = struct.pack(f"<B{len(shape)}I", len(shape), *shape)
    file.write(_string(name) + axes + struct.pack("<BI", code, data.nbytes))
    file.write(data)


def _write_aliases(file: BinaryIO, aliases: Mapping[str, str]) -> None:
    file.write(struct.pack("<I", len(aliases)))
    for alias, name in aliases.items():
        file.write(_string(alias) + _string(name))


def _string(text: str) -> bytes:
    data = text.encode("utf-8") + b"\0"
    return struct.pack("<H", len(data)) + data
