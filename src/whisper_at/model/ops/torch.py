"""Operations on torch tensors: for training (autograd) and for CUDA and MPS."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from whisper_at.model.ops import Tensor


class TorchOps:
    """Runs at once on a device; the dtype is that of the tensors that come in.

    What attention is to remember lies in `memory`.
    """

    def __init__(self, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        self.device, self.dtype = device, dtype
        self.memory: dict[str, tuple[Tensor, Tensor]] = {}

    def weight(self, array: npt.NDArray[np.floating[Any]]) -> Tensor:
        return torch.tensor(np.ascontiguousarray(array), dtype=self.dtype, device=self.device)

    def conv1d(self, x: Tensor, weight: Tensor, bias: Tensor, *, stride: int) -> Tensor:
        return F.conv1d(x, weight, bias, stride=stride, padding=1)

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return F.linear(x, weight, bias)

    def layer_norm(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], scale, bias, 1e-5)

    def gelu(self, x: Tensor) -> Tensor:
        return F.gelu(x)

    def attention(
        self, q: Tensor, k: Tensor, v: Tensor, *, heads: int, mask: Tensor = None, memory: str | None = None
    ) -> Tensor:
        q, k, v = (self.by_head(x, heads) for x in (q, k, v))
        if memory is not None:
            if memory in self.memory:
                k, v = (torch.cat(pair, 2) for pair in zip(self.memory[memory], (k, v), strict=True))
            self.memory[memory] = (k, v)
        return self.from_heads(F.scaled_dot_product_attention(q, k, v, attn_mask=mask))

    def by_head(self, x: Tensor, heads: int) -> Tensor:
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    def from_heads(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).flatten(2)

    def softmax(self, x: Tensor) -> Tensor:
        return x.softmax(-1)

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
        return F.logsigmoid(x)

    def logsumexp(self, x: Tensor, *, axis: int) -> Tensor:
        return x.logsumexp(axis)

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        return x.permute(*order)

    def stack(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        return torch.stack(list(xs), axis)

    def concat(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        return torch.cat(list(xs), axis)

    def part(self, x: Tensor, index: int, *, axis: int) -> Tensor:
        return x.select(axis, index)

    def chunks(self, x: Tensor, n: int) -> Sequence[Tensor]:
        return list(x.chunk(n, -1))

    def merge(self, x: Tensor) -> Tensor:
        return x.flatten(0, 1)

    def split(self, x: Tensor, size: int) -> Tensor:
        return x.unflatten(0, (-1, size))
