"""Operations as nodes of an OpenVINO graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from openvino import Node
from openvino import opset13 as ov

from whisper_at.model.ops import Tensor


class OpenVinoOps:
    """Builds graphs; `openvino.compile_model` runs them."""

    def weight(self, array: npt.NDArray[np.floating[Any]]) -> Tensor:
        return ov.constant(np.ascontiguousarray(array, np.float32))

    def conv1d(self, x: Tensor, weight: Tensor, bias: Tensor, *, stride: int) -> Tensor:
        y = ov.convolution(x, weight, [stride], [1], [1], [1])
        return ov.add(y, ov.unsqueeze(bias, _ints(1)))

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        y = ov.matmul(x, weight, False, True)
        return y if bias is None else ov.add(y, bias)

    def layer_norm(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        y = ov.mvn(x, _ints(-1), True, 1e-5, "inside_sqrt")
        return ov.add(ov.multiply(y, scale), bias)

    def gelu(self, x: Tensor) -> Tensor:
        return ov.gelu(x, "erf")

    def attention(self, q: Tensor, k: Tensor, v: Tensor, *, heads: int) -> Tensor:
        def by_head(x: Tensor) -> Tensor:  # [batch, time, dim] -> [batch, head, time, dim / heads]
            return ov.transpose(ov.reshape(x, _ints(0, 0, heads, -1), True), _ints(0, 2, 1, 3))

        y = ov.scaled_dot_product_attention(by_head(q), by_head(k), by_head(v))
        return ov.reshape(ov.transpose(y, _ints(0, 2, 1, 3)), _ints(0, 0, -1), True)

    def matmul(self, a: Tensor, b: Tensor) -> Tensor:
        return ov.matmul(a, b, False, False)

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        return ov.add(a, b)

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        return ov.multiply(a, b)

    def mean(self, x: Tensor, *, axis: int) -> Tensor:
        return ov.reduce_mean(x, _ints(axis))

    def sum(self, x: Tensor, *, axis: int) -> Tensor:
        return ov.reduce_sum(x, _ints(axis))

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        return ov.transpose(x, _ints(*order))

    def stack(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        return ov.concat([ov.unsqueeze(x, _ints(axis)) for x in xs], axis)

    def part(self, x: Tensor, index: int, *, axis: int) -> Tensor:
        return ov.gather(x, ov.constant(np.int64(index)), ov.constant(np.int64(axis)))

    def chunks(self, x: Tensor, n: int) -> Sequence[Tensor]:
        return list(ov.split(x, ov.constant(np.int64(-1)), n).outputs())

    def merge(self, x: Tensor) -> Tensor:
        return ov.reshape(x, _join(_ints(-1), _tail(x, 2)), False)

    def split(self, x: Tensor, size: int) -> Tensor:
        return ov.reshape(x, _join(_ints(-1, size), _tail(x, 1)), False)


def _ints(*values: int) -> Node:
    return ov.constant(np.array(values, np.int64))


def _tail(x: Tensor, start: int) -> Node:
    """The lengths of the axes from `start` on, known or not yet."""
    lengths = ov.shape_of(x)
    rank = lengths.output(0).shape[0]
    return ov.gather(lengths, _ints(*range(start, rank)), ov.constant(np.int64(0)))


def _join(a: Node, b: Node) -> Node:
    return ov.concat([a, b], 0)
