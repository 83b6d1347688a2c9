"""Operations as nodes of an OpenVINO graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from openvino import Node, PartialShape
from openvino import opset13 as ov

from whisper_at.model.ops import Tensor

ROWS_AT_ONCE = 256  # of a matrix, so that it stays in the processor's cache


@dataclass(frozen=True)
class Compact:
    """A matrix [out, in] of whole numbers from -127 to 127 and the scale [out, 1] of each row."""

    levels: Node
    scales: Node

    @classmethod
    def of(cls, array: npt.NDArray[np.floating[Any]]) -> "Compact":
        """The nearest levels of a matrix."""
        levels = np.empty(array.shape, np.int8)
        scales = np.empty((len(array), 1), np.float32)
        for start in range(0, len(array), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            wide = np.array(array[rows], np.float32)
            scales[rows, 0] = np.maximum(
                np.maximum(wide.max(1), -wide.min(1)) / 127, np.finfo(np.float32).tiny
            )
            wide *= 1 / scales[rows]
            levels[rows] = np.rint(wide, out=wide)
        return cls(ov.constant(levels), ov.constant(scales))

    def matrix(self) -> Node:
        """As OpenVINO recognises it, so that a product reads the whole numbers."""
        return ov.multiply(ov.convert(self.levels, np.float32), self.scales)


class OpenVinoOps:
    """Builds graphs; `openvino.compile_model` runs them.

    A graph with memory has `sinks`, and the input `going_on` [batch]: the rows of the memory that are read on.

    Args:
        int8_weights: compact matrices are of whole numbers with a scale for each row.
        bfloat16_memory: what is narrow is of bfloat16.
    """

    def __init__(self, *, int8_weights: bool = False, bfloat16_memory: bool = False) -> None:
        self.int8_weights, self.bfloat16_memory = int8_weights, bfloat16_memory
        self.sinks: list[Node] = []
        self.going_on: Node | None = None

    def weight(self, array: npt.NDArray[np.floating[Any]]) -> Tensor:
        return ov.constant(np.ascontiguousarray(array, np.float32))

    def conv1d(self, x: Tensor, weight: Tensor, bias: Tensor, *, stride: int) -> Tensor:
        y = ov.convolution(x, weight, [stride], [1], [1], [1])
        return ov.add(y, ov.unsqueeze(bias, _ints(1)))

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        y = ov.matmul(x, weight.matrix() if isinstance(weight, Compact) else weight, False, True)
        return y if bias is None else ov.add(y, bias)

    def layer_norm(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        y = ov.mvn(x, _ints(-1), True, 1e-5, "inside_sqrt")
        return ov.add(ov.multiply(y, scale), bias)

    def gelu(self, x: Tensor) -> Tensor:
        return ov.gelu(x, "erf")

    def attention(
        self, q: Tensor, k: Tensor, v: Tensor, *, heads: int, mask: Tensor = None, memory: str | None = None
    ) -> Tensor:
        q, k, v = (self.by_head(x, heads) for x in (q, k, v))
        if memory is not None:
            k, v = self._joined(f"{memory}/keys", k), self._joined(f"{memory}/values", v)
        y = ov.scaled_dot_product_attention(q, k, v, *([] if mask is None else [mask]))
        return self.from_heads(y)

    def _joined(self, name: str, new: Tensor) -> Tensor:
        """What the state of that name holds, and the new entries behind it; the state keeps both.

        OpenVINO runs exactly this pattern (read, choose rows, join, attend, assign) as one operation in place.
        """
        if self.going_on is None:
            self.going_on = ov.parameter([-1], np.int32, name="going_on")
        axes = new.output(0).partial_shape
        shape = [-1, axes[1].get_length(), -1, axes[3].get_length()]
        batch = ov.shape_of(self.going_on)
        nothing = ov.broadcast(
            ov.constant(np.float32(0)), ov.concat([batch, _ints(shape[1], 0, shape[3])], 0)
        )
        kept = ov.read_value(nothing, name, np.float32, PartialShape(shape))
        joined = ov.concat([ov.gather(kept, self.going_on, _ints(0)), new], 2)
        self.sinks.append(ov.assign(joined, name))
        return joined

    def by_head(self, x: Tensor, heads: int) -> Tensor:
        return ov.transpose(ov.reshape(x, _ints(0, 0, heads, -1), True), _ints(0, 2, 1, 3))

    def from_heads(self, x: Tensor) -> Tensor:
        return ov.reshape(ov.transpose(x, _ints(0, 2, 1, 3)), _ints(0, 0, -1), True)

    def softmax(self, x: Tensor) -> Tensor:
        return ov.softmax(x, -1)

    def rows(self, table: Tensor, index: Tensor) -> Tensor:
        if isinstance(table, Compact):
            levels = ov.convert(ov.gather(table.levels, index, _ints(0)), np.float32)
            return ov.multiply(levels, ov.gather(table.scales, index, _ints(0)))
        return ov.gather(table, index, _ints(0))

    def rows_of(self, x: Tensor, index: Tensor) -> Tensor:
        return ov.gather(x, index, _ints(1))

    def compact(self, array: npt.NDArray[np.floating[Any]]) -> Tensor:
        return Compact.of(array) if self.int8_weights else self.weight(array)

    def narrow(self, x: Tensor) -> Tensor:
        return ov.convert(x, "bf16") if self.bfloat16_memory else x

    def widen(self, x: Tensor) -> Tensor:
        return ov.convert(x, np.float32) if self.bfloat16_memory else x

    def matmul(self, a: Tensor, b: Tensor) -> Tensor:
        return ov.matmul(a, b, False, False)

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        return ov.add(a, b)

    def subtract(self, a: Tensor, b: Tensor) -> Tensor:
        return ov.subtract(a, b)

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        return ov.multiply(a, b)

    def mean(self, x: Tensor, *, axis: int) -> Tensor:
        return ov.reduce_mean(x, _ints(axis))

    def sum(self, x: Tensor, *, axis: int) -> Tensor:
        return ov.reduce_sum(x, _ints(axis))

    def log_sigmoid(self, x: Tensor) -> Tensor:
        return ov.negative(ov.softplus(ov.negative(x)))

    def logsumexp(self, x: Tensor, *, axis: int) -> Tensor:
        most = ov.reduce_max(x, _ints(axis), True)
        summed = ov.reduce_sum(ov.exp(ov.subtract(x, most)), _ints(axis))
        return ov.add(ov.log(summed), ov.squeeze(most, _ints(axis)))

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        return ov.transpose(x, _ints(*order))

    def stack(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        return ov.concat([ov.unsqueeze(x, _ints(axis)) for x in xs], axis)

    def concat(self, xs: Sequence[Tensor], *, axis: int) -> Tensor:
        return ov.concat(list(xs), axis)

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
