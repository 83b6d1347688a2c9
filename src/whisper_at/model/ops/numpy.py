"""Operations on numpy arrays: slow, plain, and the oracle of the others."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.model.ops import Tensor

_erf = np.vectorize(math.erf, otypes=[np.float64])


class NumpyOps:
    """Runs at once, in double precision. What attention is to remember lies in `memory`."""

    def __init__(self) -> None:
        self.memory: dict[str, tuple[Tensor, Tensor]] = {}

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

    def attention(
        self, q: Tensor, k: Tensor, v: Tensor, *, heads: int, mask: Tensor = None, memory: str | None = None
    ) -> Tensor:
        q, k, v = (self.by_head(x, heads) for x in (q, k, v))
        if memory is not None:
            if memory in self.memory:
                k, v = (
                    np.concatenate(pair, axis=2) for pair in zip(self.memory[memory], (k, v), strict=True)
                )
            self.memory[memory] = (k, v)
        scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1])
        return self.from_heads(self.softmax(scores if mask is None else scores + mask) @ v)

    def by_head(self, x: Tensor, heads: int) -> Tensor:
        return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    def from_heads(self, x: Tensor) -> Tensor:
        return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)

    def softmax(self, x: Tensor) -> Tensor:
        share = np.exp(x - x.max(-1, keepdims=True))
        return share / share.sum(-1, keepdims=True)

    def rows(self, table: Tensor, index: Tensor) -> Tensor:
        return table[index]

    def rows_of(self, x: Tensor, index: Tensor) -> Tensor:
        return x[:, index]

    def compact(self, array: npt.NDArray[np.floating[Any]]) -> Tensor:
        return self.weight(array)

    def narrow(self, x: Tensor) -> Tensor:
        return x

    def widen(self, x: Tensor) -> Tensor:
        return x

    def matmul(self, a: Tensor, b: Tensor) -> Tensor:
        return a @ b

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b

    def subtract(self, a: Tensor, b: Tensor) -> Tensor:
        return a - b

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b

    def mean(self, x: Tensor, *, axis: int) -> Tensor:
        return x.mean(axis)

    def sum(self, x: Tensor, *, axis: int) -> Tensor:
        return x.sum(axis)

    def log_sigmoid(self, x: Tensor) -> Tensor:
        return -np.logaddexp(0, -x)

    def logsumexp(self, x: Tensor, *, axis: int) -> Tensor:
        most = x.max(axis, keepdims=True)
        return np.log(np.exp(x - most).sum(axis)) + most.squeeze(axis)

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        return x.transpose(order)

    def stack(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        return np.stack(xs, axis)

    def concat(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        return np.concatenate(xs, axis)

    def part(self, x: Tensor, index: int, *, axis: int) -> Tensor:
        return np.take(x, index, axis)

    def chunks(self, x: Tensor, n: int) -> Sequence[Tensor]:
        return np.split(x, n, axis=-1)

    def merge(self, x: Tensor) -> Tensor:
        return x.reshape(-1, *x.shape[2:])

    def split(self, x: Tensor, size: int) -> Tensor:
        return x.reshape(-1, size, *x.shape[1:])
