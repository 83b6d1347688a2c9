"""The few operations that the networks are written in, and their executions.

The encoder and the heads are plain functions over an `Ops` and named weights; each is written once. What an
`Ops` returns is a node of a graph (OpenVINO), a tensor (torch) or an array (numpy): the functions do not care.
A test runs them all on the same weights.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Tensor = Any  # an OpenVINO output, a torch tensor or a numpy array
Weights = Mapping[str, Tensor]


class Ops(Protocol):
    """Axes are counted from the left; every tensor has its batch axis first."""

    def weight(self, array: npt.NDArray[np.floating[Any]]) -> Tensor:
        """A constant of the network, of single precision."""
        ...

    def conv1d(self, x: Tensor, weight: Tensor, bias: Tensor, *, stride: int) -> Tensor:
        """[batch, in, time] with [out, in, 3], padded by 1: [batch, out, time / stride]."""
        ...

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """[..., in] with [out, in]: [..., out]."""
        ...

    def layer_norm(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        """Mean 0 and variance 1 over the last axis (epsilon 1e-5), then scaled and shifted."""
        ...

    def gelu(self, x: Tensor) -> Tensor:
        """The exact one, with the error function."""
        ...

    def attention(
        self, q: Tensor, k: Tensor, v: Tensor, *, heads: int, mask: Tensor = None, memory: str | None = None
    ) -> Tensor:
        """Scaled dot-product attention; all are [batch, time, dim].

        Args:
            mask: [batch, 1, time of q, time of k], added to the scores.
            memory: a name under which keys and values are kept; those of earlier runs come before these.
        """
        ...

    def by_head(self, x: Tensor, heads: int) -> Tensor:
        """[batch, time, dim] as [batch, head, time, dim / heads]."""
        ...

    def from_heads(self, x: Tensor) -> Tensor:
        """`by_head` undone."""
        ...

    def softmax(self, x: Tensor) -> Tensor:
        """Shares over the last axis."""
        ...

    def rows(self, table: Tensor, index: Tensor) -> Tensor:
        """[n, dim] at whole numbers [batch, time]: [batch, time, dim]."""
        ...

    def rows_of(self, x: Tensor, index: Tensor) -> Tensor:
        """[batch, time, dim] at whole numbers [place]: [batch, place, dim]."""
        ...

    def compact(self, array: npt.NDArray[np.floating[Any]]) -> Tensor:
        """A constant matrix [out, in] for `linear` and `rows`, in fewer bits where that is faster."""
        ...

    def narrow(self, x: Tensor) -> Tensor:
        """In fewer bits where that is faster, for what is read often."""
        ...

    def widen(self, x: Tensor) -> Tensor:
        """`narrow` undone, but for what was lost."""
        ...

    def matmul(self, a: Tensor, b: Tensor) -> Tensor:
        """[..., m, k] with [..., k, n]."""
        ...

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """The sum, with numpy's broadcasting."""
        ...

    def subtract(self, a: Tensor, b: Tensor) -> Tensor:
        """The difference, with numpy's broadcasting."""
        ...

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        """The product, with numpy's broadcasting."""
        ...

    def mean(self, x: Tensor, *, axis: int) -> Tensor:
        """The mean over an axis, which disappears."""
        ...

    def sum(self, x: Tensor, *, axis: int) -> Tensor:
        """The sum over an axis, which disappears."""
        ...

    def log_sigmoid(self, x: Tensor) -> Tensor:
        """The logarithm of the logistic function, without overflow."""
        ...

    def logsumexp(self, x: Tensor, *, axis: int) -> Tensor:
        """log(sum(exp(x))) over an axis, which disappears, without overflow."""
        ...

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        """The axes in another order."""
        ...

    def stack(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        """Equal tensors along a new axis."""
        ...

    def concat(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        """Tensors one after the other along an axis that they have."""
        ...

    def part(self, x: Tensor, index: int, *, axis: int) -> Tensor:
        """One entry of an axis, which disappears; negative indices count from the end."""
        ...

    def chunks(self, x: Tensor, n: int) -> Sequence[Tensor]:
        """The last axis in n equal parts."""
        ...

    def merge(self, x: Tensor) -> Tensor:
        """[a, b, ...] as [a * b, ...]."""
        ...

    def split(self, x: Tensor, size: int) -> Tensor:
        """[a * size, ...] as [a, size, ...]: `merge` undone."""
        ...
