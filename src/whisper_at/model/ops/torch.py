"""Operations on torch tensors: for training (autograd) and for CUDA and MPS."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from whisper_at.model.ops import Tensor


class TorchOps:
    """Runs at once on a device; the dtype is that of the tensors that come in."""

    def __init__(self, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        self.device, self.dtype = device, dtype

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

    def attention(self, q: Tensor, k: Tensor, v: Tensor, *, heads: int) -> Tensor:
        def by_head(x: Tensor) -> Tensor:  # [batch, time, dim] -> [batch, head, time, dim / heads]
            return x.unflatten(-1, (heads, -1)).transpose(1, 2)

        y = F.scaled_dot_product_attention(by_head(q), by_head(k), by_head(v))
        return y.transpose(1, 2).flatten(2)

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
        return x.permute(*order)

    def stack(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        return torch.stack(list(xs), axis)

    def part(self, x: Tensor, index: int, *, axis: int) -> Tensor:
        return x.select(axis, index)

    def chunks(self, x: Tensor, n: int) -> Sequence[Tensor]:
        return list(x.chunk(n, -1))

    def merge(self, x: Tensor) -> Tensor:
        return x.flatten(0, 1)

    def split(self, x: Tensor, size: int) -> Tensor:
        return x.unflatten(0, (-1, size))
