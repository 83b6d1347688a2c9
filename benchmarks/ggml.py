"""A Whisper model as the file that whisper.cpp loads, with the same numbers: `python benchmarks/ggml.py base out.bin`.

Layout, little endian, all numbers i32 unless told otherwise:

    magic | n_vocab | n_audio_ctx | n_audio_state | n_audio_head | n_audio_layer
          | n_text_ctx | n_text_state | n_text_head | n_text_layer | n_mels | type of the file
    n_mels | n_bins | f32 mel filters
    n, then n times   length | bytes of a token
    to the end        rank | length | type | sizes, innermost first | name | data

whisper.cpp makes the special tokens itself. Weights that it multiplies with are float16, or whole numbers with a
scale for every 32 of them; biases, norms and positions are float32, convolutions at least float16.
"""

import argparse
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from engines.make_checkpoint import checkpoint
from whisper_at.audio.logmel import mel_filters
from whisper_at.files import write_atomically
from whisper_at.model.weights import Checkpoint, find

Array = npt.NDArray[Any]

MAGIC = 0x67676D6C
FLOAT32, FLOAT16, INT8 = 0, 1, 8  # what ggml calls f32, f16 and q8_0, as a tensor's type
FILE_TYPES = {"float16": 1, "int8": 7}
SIZES = (
    *("n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer"),
    *("n_text_ctx", "n_text_state", "n_text_head", "n_text_layer", "n_mels"),
)
END_OF_TEXT = "<|endoftext|>"  # the first special token
BLOCK = 32  # weights that share a scale


def convert(source: Checkpoint, path: Path, compute_type: str = "float16") -> None:
    """Writes the model, whole or not at all."""
    model = checkpoint(source.variables())
    dims = model["dims"]
    with write_atomically(path) as file:
        _numbers(file, MAGIC, *(dims[name] for name in SIZES), FILE_TYPES[compute_type])
        filters = mel_filters(dims["n_mels"])
        _numbers(file, *filters.shape)
        file.write(filters.astype("<f4").tobytes())
        words = spoken_tokens(source.vocabulary())
        _numbers(file, len(words))
        for word in words:
            _numbers(file, len(word))
            file.write(word)
        for name, array in model["model_state_dict"].items():
            _tensor(file, name, array, compute_type)


def spoken_tokens(vocabulary: Sequence[str]) -> list[bytes]:
    """The bytes of the tokens that stand for text, by their number.

    >>> spoken_tokens(["a", "\u0120the", "\u00c3\u00a9", "<|endoftext|>", "<|en|>"])
    [b'a', b' the', b'\\xc3\\xa9']
    """
    byte_of = _byte_of_character()
    return [bytes(byte_of[c] for c in word) for word in vocabulary[: vocabulary.index(END_OF_TEXT)]]


def in_blocks(array: Array) -> bytes:
    """Rows as whole numbers between -127 and 127, 32 and 32, each block behind its float16 scale.

    >>> in_blocks(np.full((1, 32), -2.0)) == np.float16(2 / 127).tobytes() + bytes([256 - 127] * 32)
    True
    """
    blocks = np.asarray(array, np.float32).reshape(-1, BLOCK)
    scales = (np.abs(blocks).max(axis=1, keepdims=True) / 127).astype("<f2")
    divisors = np.where(scales > 0, scales, 1).astype(np.float32)
    packed = np.empty(len(blocks), np.dtype([("scale", "<f2"), ("numbers", "i1", BLOCK)]))
    packed["scale"] = scales[:, 0]
    packed["numbers"] = np.clip(np.rint(blocks / divisors), -127, 127)
    return packed.tobytes()


def _tensor(file: BinaryIO, name: str, array: Array, compute_type: str) -> None:
    if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        array = array[:, None]  # added to [channel, step]
    stored, data = _stored(name, array, compute_type)
    _numbers(file, array.ndim, len(name), stored, *reversed(array.shape))
    file.write(name.encode())
    file.write(data)


def _stored(name: str, array: Array, compute_type: str) -> tuple[int, bytes]:
    """The type of a tensor in the file, and its data."""
    if not name.endswith("weight") or array.ndim == 1:
        return FLOAT32, array.astype("<f4").tobytes()
    if compute_type == "int8" and array.ndim == 2:
        return INT8, in_blocks(array)
    return FLOAT16, array.astype("<f2").tobytes()


def _numbers(file: BinaryIO, *numbers: int) -> None:
    file.write(struct.pack(f"<{len(numbers)}i", *numbers))


def _byte_of_character() -> dict[str, int]:
    """The byte that a character of the vocabulary stands for: itself, or the next unprintable one from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}


def main() -> None:
    """Converts the model of a name or path."""
    parser = argparse.ArgumentParser(prog="ggml.py", description=__doc__.splitlines()[0])
    parser.add_argument("model", help="name, file or folder, as `whisper-at` takes it")
    parser.add_argument("out", type=Path)
    parser.add_argument("--compute-type", choices=FILE_TYPES, default="float16")
    options = parser.parse_args()
    convert(find(options.model), options.out, options.compute_type)


if __name__ == "__main__":
    main()
