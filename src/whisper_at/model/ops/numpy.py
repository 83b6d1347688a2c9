"""Operations on numpy arrays: slow, plain, and the oracle of the others."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.model.ops import Tensor

_erf = np.vectorize(math.erf, otypes=[np.float64])


class NumpyOps:
    """Runs at once, in double precision."""

    def weight(self, array: npt.NDArray[np.floating[Any]]) -> Tensor:
        return np.asarray(array, np.float64)

    def conv1d(self, x: Tensor, weight: Tensor, bias: Tensor, *, stride: int) -> Tensor:
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
        around = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2], axis=2)[:, :, ::stride]
        return np.einsum("bitk,oik->bot", around, weight) + bias[:, None]

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return x @ weight.T + (0 if bias is None else bias)

    def layer_norm(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale + bias

    def gelu(self, x: Tensor) -> Tensor:
        return x * 0.5 * (1 + _erf(x / math.sqrt(2)))

    def attention(self, q: Tensor, k: Tensor, v: Tensor, *, heads: int) -> Tensor:
        def by_head(x: Tensor) -> Tensor:  # [batch, time, dim] -> [batch, head, time, dim / heads]
            return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

        q, k, v = by_head(q), by_head(k), by_head(v)
        scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1])
        share = np.exp(scores - scores.max(-1, keepdims=True))
        y = share / share.sum(-1, keepdims=True) @ v
        return y.transpose(0, 2, 1, 3).reshape(y.shape[0], y.shape[2], -1)

    def matmul(self, a: Tensor, b: Tensor) -> Tensor:
        return a @ b

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b

    def mean(self, x: Tensor, *, axis: int) -> Tensor:
        return x.mean(axis)

    def sum(self, x: Tensor, *, axis: int) -> Tensor:
        return x.sum(axis)

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        return x.transpose(order)

    def stack(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        return np.stack(xs, axis)

    def part(self, x: Tensor, index: int, *, axis: int) -> Tensor:
        return np.take(x, index, axis)

    def chunks(self, x: Tensor, n: int) -> Sequence[Tensor]:
        return np.split(x, n, axis=-1)

    def merge(self, x: Tensor) -> Tensor:
        return x.reshape(-1, *x.shape[2:])

    def split(self, x: Tensor, size: int) -> Tensor:
        return x.reshape(-1, size, *x.shape[1:])
