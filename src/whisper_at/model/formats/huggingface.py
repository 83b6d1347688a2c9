"""A Whisper folder of Hugging Face: `model.safetensors`, whole or in shards, and the JSON files beside it."""

import json
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.errors import WeightsError
from whisper_at.model.formats.layout import HUGGING_FACE, PROJECTION, Canonical

Array = npt.NDArray[Any]

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder.

    Raises:
        WeightsError: if there are none, or one that the index names is missing.
    """
    if (folder / INDEX).is_file():
        names = sorted(set(read_json(folder / INDEX).get("weight_map", {}).values()))
    else:
        names = [WHOLE]
    for name in names:
        if Path(name).name != name or not (folder / name).is_file():
            raise WeightsError(f"{folder} is not a whole model of Hugging Face: {name} is missing")
    return [folder / name for name in names]


def read_folder(folder: Path) -> Canonical:
    """The variables of a folder under their canonical names.

    Raises:
        WeightsError: if it holds another model than Whisper, or a file is missing or damaged.
    """
    config = read_json(folder / "config.json")
    if config.get("model_type") != "whisper" or config.get("activation_function", "gelu") != "gelu":
        raise WeightsError(
            f"{folder} holds a model of type {config.get('model_type')!r} with activation "
            f"{config.get('activation_function')!r}; wanted 'whisper' with 'gelu'"
        )
    tensors: dict[str, _Tensor] = {}
    for path in weight_files(folder):
        tensors |= {_full_name(name): tensor for name, tensor in _contents(path).items()}
    names = HUGGING_FACE
    if config.get("tie_word_embeddings", True) is False and "proj_out.weight" in tensors:
        names = replace(names, others={**names.others, PROJECTION: "proj_out.weight"})
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    model = Canonical(lambda name: tensors[name].array(), shapes, names, folder)
    if (heads := config.get("encoder_attention_heads", model.dims.n_heads)) != model.dims.n_heads:
        raise WeightsError(
            f"{folder} has {heads} heads of attention, a Whisper of this size {model.dims.n_heads}"
        )
    return model


def generation_config(folder: Path) -> Mapping[str, Any]:
    """What the folder says about suppressed tokens, languages and alignment heads."""
    config = read_json(folder / "config.json")
    extra = (
        read_json(folder / "generation_config.json") if (folder / "generation_config.json").is_file() else {}
    )
    return {**config, **extra}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that holds a dictionary.

    Raises:
        WeightsError: if it cannot be read, or holds something else.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"cannot read {path}: {error}") from error
    if not isinstance(value, dict):
        raise WeightsError(f"{path} holds no dictionary")
    return value


def _full_name(name: str) -> str:
    """Saved without its output layer, a model's names lack their first part."""
    return name if name.startswith(("model.", "proj_out.")) else f"model.{name}"


class _Tensor:
    """A tensor in a mapped file. Read by hand, for the library's numpy side knows no bfloat16."""

    def __init__(self, path: Path, start: int, about: Mapping[str, Any]):
        self.shape = tuple(about["shape"])
        self.dtype = about["dtype"]
        begin, end = about["data_offsets"]
        self._path, self._offset = path, start + begin
        if end - begin != np.prod(self.shape, dtype=np.int64) * np.dtype(_TYPES[self.dtype]).itemsize:
            raise ValueError("sizes that do not fit")

    def array(self) -> Array:
        stored: Array = np.memmap(self._path, _TYPES[self.dtype], "r", self._offset, self.shape)
        return (stored.astype("<u4") << 16).view("<f4") if self.dtype == "BF16" else stored


def _contents(path: Path) -> dict[str, _Tensor]:
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            size = path.stat().st_size
            if length > min(size, 100_000_000):
                raise ValueError("a header beyond the end")
            header = json.loads(file.read(length))
        about = {name: value for name, value in header.items() if name != "__metadata__"}
        if any(value["data_offsets"][1] + 8 + length > size for value in about.values()):
            raise ValueError("data beyond the end")
        return {name: _Tensor(path, 8 + length, value) for name, value in about.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise WeightsError(
            f"{path} is no safetensors file, or is cut short ({error}): fetch it again"
        ) from error
