"""Whisper's encoder with a tap behind every layer.

In: log-mel windows and the weights with which their steps enter the tag cells. Out: `Encoded(features, taps)`.
Weights carry the names of CTranslate2's model files.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from whisper_at.model.dimensions import Dimensions
from whisper_at.model.ops import Ops, Tensor, Weights
from whisper_at.timegrid import STEPS_PER_WINDOW

Float = npt.NDArray[np.float32]
STEPS_PER_BLOCK = 100
POSITIONS = "encoder/position_encodings/encodings"  # [step, dim]: how long a window the encoder hears


@dataclass(frozen=True)
class Encoded:
    """What the encoder says of a batch of windows.

    features: float32 [batch, step, dim], the last layer after its norm, what the decoder reads.
    taps: float32 [batch, layer, cell, dim], the output of each residual block, pooled to cells.
    """

    features: npt.NDArray[np.float32]
    taps: npt.NDArray[np.float32]


def encode(
    ops: Ops,
    w: Weights,
    dims: Dimensions,
    mel: Annotated[Tensor, "batch mel frame"],
    pool: Annotated[Tensor, "block cell step"],
    *,
    stem: bool = False,
) -> tuple[Annotated[Tensor, "batch step dim"], Annotated[Tensor, "block layer cell dim"]]:
    """Features of a batch of windows, and taps of their blocks, which `encoded_by` puts together.

    A tap is a layer's output before `ln_post`; the convolutions' output is not one (as in the published heads), but
    comes before them with `stem`, for those who study it. Pooling is a product with a matrix, so odd seeks, overlaps,
    finer cells and cut windows are data, not code.
    """
    x = ops.gelu(ops.conv1d(mel, w["encoder/conv1/weight"], w["encoder/conv1/bias"], stride=1))
    x = ops.gelu(ops.conv1d(x, w["encoder/conv2/weight"], w["encoder/conv2/bias"], stride=2))
    x = ops.add(ops.transpose(x, (0, 2, 1)), w[POSITIONS])
    block = steps_of_block(w[POSITIONS].shape[0])

    def tap(layer: Tensor) -> Tensor:
        return ops.matmul(pool, ops.split(ops.merge(layer), block))

    taps = [tap(x)] if stem else []
    for i in range(dims.n_layers):
        x = _residual_block(ops, w, f"encoder/layer_{i}", x, heads=dims.n_heads)
        taps.append(tap(x))
    return _norm(ops, w, "encoder/layer_norm", x), ops.stack(taps, axis=1)


def encoded_by(
    run: Callable[[Float, Float], tuple[Float, Float]],
    mel: Annotated[Float, "batch mel frame"],
    pool: Annotated[Float, "batch cell step"],
) -> Encoded:
    """Features and pooled taps of a batch of windows, by whatever runs `encode`; there is at least one cell.

    A cell is a mean of a few steps that follow each other, so nine tenths of `pool` are zeros. Only those parts of it
    are multiplied that are not, block of steps by block; a cell that lies in two blocks is the sum of its parts.
    """
    n, n_cells, n_steps = pool.shape
    block = steps_of_block(n_steps)
    parts = pool.reshape(n, n_cells, -1, block).swapaxes(1, 2).reshape(-1, n_cells, block)
    is_in = np.any(parts, axis=2)
    first, last = is_in.argmax(axis=1), n_cells - 1 - is_in[:, ::-1].argmax(axis=1)
    width = int((last - first + 1)[np.any(is_in, axis=1)].max(initial=1))
    first = np.minimum(first, n_cells - width)
    narrow = np.stack([part[at : at + width] for part, at in zip(parts, first, strict=True)])
    features, of_blocks = run(mel, narrow)
    taps = np.zeros((n, of_blocks.shape[1], n_cells, of_blocks.shape[3]), np.float32)
    for i, (at, sums) in enumerate(zip(first, of_blocks, strict=True)):
        taps[i * block // n_steps, :, at : at + width] += sums
    return Encoded(features, taps)


def steps_of_block(n_steps: int) -> int:
    """The length of the blocks of a window in which taps are pooled: two seconds, if that divides it.

    >>> steps_of_block(1500), steps_of_block(500), steps_of_block(64)
    (100, 100, 64)
    """
    return n_steps if n_steps % STEPS_PER_BLOCK else STEPS_PER_BLOCK


def encoder_weights(ops: Ops, variables: Mapping[str, npt.NDArray[Any]]) -> Weights:
    """The encoder's part of a weight file, as constants of the network; matrices are compact if the ops can."""
    return {
        name: ops.compact(array) if array.ndim == 2 and name != POSITIONS else ops.weight(array)
        for name, array in variables.items()
        if name.startswith("encoder/") and array.ndim > 0
    }


def variable_shapes(dims: Dimensions) -> dict[str, tuple[int, ...]]:
    """The shapes of an encoder's variables, by their canonical names.

    >>> from whisper_at.model.dimensions import Dimensions
    >>> base = Dimensions(n_mels=80, n_state=512, n_heads=8, n_layers=6, n_text_layers=6, n_vocab=51865)
    >>> variable_shapes(base)["encoder/conv1/weight"]
    (512, 80, 3)
    """
    d = dims.n_state
    shapes: dict[str, tuple[int, ...]] = {POSITIONS: (STEPS_PER_WINDOW, d)}

    def linear(at: str, n_out: int, *n_in: int) -> None:
        shapes.update({f"{at}/weight": (n_out, *n_in), f"{at}/bias": (n_out,)})

    def norm(at: str) -> None:
        shapes.update({f"{at}/gamma": (d,), f"{at}/beta": (d,)})

    linear("encoder/conv1", d, dims.n_mels, 3)
    linear("encoder/conv2", d, d, 3)
    for i in range(dims.n_layers):
        at = f"encoder/layer_{i}"
        norm(f"{at}/self_attention/layer_norm")
        linear(f"{at}/self_attention/linear_0", 3 * d, d)
        linear(f"{at}/self_attention/linear_1", d, d)
        norm(f"{at}/ffn/layer_norm")
        linear(f"{at}/ffn/linear_0", 4 * d, d)
        linear(f"{at}/ffn/linear_1", d, 4 * d)
    norm("encoder/layer_norm")
    return shapes


def first_positions(variables: Mapping[str, npt.NDArray[Any]], n_steps: int) -> dict[str, npt.NDArray[Any]]:
    """The encoder's variables for windows of fewer steps: the positions after them are left out.

    Whisper was trained on 1500 steps (30 s); the paper took its features from 500.
    """
    own = {name: array for name, array in variables.items() if name.startswith("encoder/")}
    return {**own, POSITIONS: own[POSITIONS][:n_steps]}


def _residual_block(ops: Ops, w: Weights, at: str, x: Tensor, *, heads: int) -> Tensor:
    y = _norm(ops, w, f"{at}/self_attention/layer_norm", x)
    q, k, v = ops.chunks(_linear(ops, w, f"{at}/self_attention/linear_0", y), 3)
    y = ops.attention(q, k, v, heads=heads)
    x = ops.add(x, _linear(ops, w, f"{at}/self_attention/linear_1", y))
    y = _norm(ops, w, f"{at}/ffn/layer_norm", x)
    y = ops.gelu(_linear(ops, w, f"{at}/ffn/linear_0", y))
    return ops.add(x, _linear(ops, w, f"{at}/ffn/linear_1", y))


def _norm(ops: Ops, w: Weights, at: str, x: Tensor) -> Tensor:
    return ops.layer_norm(x, w[f"{at}/gamma"], w[f"{at}/beta"])


def _linear(ops: Ops, w: Weights, at: str, x: Tensor) -> Tensor:
    return ops.linear(x, w[f"{at}/weight"], w[f"{at}/bias"])
