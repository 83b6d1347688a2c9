"""What a network costs: parameters and multiply-adds counted from its graph, and measured time.

In: the networks of `model/`, built once more for one window of 30 s. Out: `Cost`. Nothing is counted by hand, so a new
head or layer is counted as soon as it is written. Weights are not read: `blank_encoder` has as many and takes no room.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.model.dimensions import Dimensions
from whisper_at.model.encoder import encode, encoder_weights, steps_of_block, variable_shapes
from whisper_at.model.engine import EncoderFunction, HeadFunction
from whisper_at.model.head_file import Head
from whisper_at.model.heads import apply_head, head_weights
from whisper_at.timegrid import FRAMES_PER_WINDOW, STEPS_PER_WINDOW, TagGrid, seconds

ROW_SECONDS = 10.0  # of the rows that tags are written in, unless others are asked for
REPEATS = 5

Float = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of 30 s of sound.

    parameters: numbers that the network holds.
    multiply_adds: of matrix products, convolutions and attention; norms, sums and activations are not counted.
    seconds: median time; None where nothing was measured.
    """

    parameters: int
    multiply_adds: int
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The encoder; pooling its taps to cells; the head on rows of 10 s and on each cell by itself, as it is served.

    share_of_rows, share_of_cells: the head's multiply-adds to the encoder's.
    """

    encoder: Cost
    pooling: Cost
    head_on_rows: Cost
    head_on_cells: Cost
    share_of_rows: float
    share_of_cells: float


def costs(
    head: Head,
    dims: Dimensions,
    variables: Any,
    *,
    run_head: HeadFunction | None = None,
    run_encoder: EncoderFunction | None = None,
) -> Costs:
    """Everything counted, and measured where a network that runs is given.

    variables: the encoder's, by their canonical names.
    """
    grid = TagGrid(frames_per_cell=head.card.frames_per_cell)
    n_cells = grid.n_cells(FRAMES_PER_WINDOW)
    n_rows = math.ceil(seconds(FRAMES_PER_WINDOW) / ROW_SECONDS)
    rows, cells = (n_rows, n_cells // n_rows), (n_cells, 1)
    bare, pooled = count(encoder_graph(dims, variables, 0)), count(encoder_graph(dims, variables, n_cells))
    on_rows, on_cells = count(head_graph(head, *rows)), count(head_graph(head, *cells))
    return Costs(
        encoder=_timed(bare, run_encoder, *_window(dims)),
        pooling=Cost(parameters=0, multiply_adds=pooled.multiply_adds - bare.multiply_adds),
        head_on_rows=_timed(on_rows, run_head, _taps(head, *rows)),
        head_on_cells=_timed(on_cells, run_head, _taps(head, *cells)),
        share_of_rows=round(on_rows.multiply_adds / bare.multiply_adds, 6),
        share_of_cells=round(on_cells.multiply_adds / bare.multiply_adds, 6),
    )


def blank_encoder(dims: Dimensions) -> Mapping[str, Float]:
    """An encoder's variables, all zeros, by their canonical names: what a published size costs without its weights.

    Memory is that of addresses alone, for nobody writes or reads the zeros.
    """
    return {name: np.zeros(shape, np.float32) for name, shape in variable_shapes(dims).items()}


def encoder_graph(dims: Dimensions, variables: Any, n_cells: int) -> Any:
    """The encoder as an OpenVINO model of one window; without cells it gives features alone."""
    import openvino
    from openvino import opset13 as ov

    ops = _ops()
    mel = ov.parameter([1, dims.n_mels, FRAMES_PER_WINDOW], np.float32, name="mel")
    block = steps_of_block(STEPS_PER_WINDOW)
    n_blocks = STEPS_PER_WINDOW // block
    pool = ov.parameter([n_blocks, -(-n_cells // n_blocks) or 1, block], np.float32, name="pool")
    features, taps = encode(ops, encoder_weights(ops, variables), dims, mel, pool)
    if n_cells:
        return openvino.Model([ov.result(features), ov.result(taps)], [mel, pool])
    return openvino.Model([ov.result(features)], [mel])


def head_graph(head: Head, n_rows: int, n_cells: int) -> Any:
    """A head as an OpenVINO model of so many rows of so many cells."""
    import openvino
    from openvino import opset13 as ov

    ops, card = _ops(), head.card
    taps = ov.parameter([n_rows, card.n_layers, n_cells, card.n_state], np.float32, name="taps")
    weights = head_weights(ops, head.arrays, n_layers=card.n_layers)
    logits = apply_head(ops, weights, taps, architecture=card.architecture, time_heads=card.time_heads)
    return openvino.Model([ov.result(logits)], [taps])


def _ops() -> Any:
    """Those of OpenVINO; weights stay where they are, for a graph that is counted does not read them."""
    from openvino import opset13 as ov

    from whisper_at.model.ops.openvino import OpenVinoOps

    class Borrowing(OpenVinoOps):
        def weight(self, array: npt.NDArray[np.floating[Any]]) -> Any:
            return ov.constant(np.ascontiguousarray(array, np.float32), shared_memory=True)

    return Borrowing()


def count(model: Any) -> Cost:
    """Parameters and multiply-adds of an OpenVINO model whose shapes are all known.

    Parameters are floating-point numbers, and whole ones of 8 bits, as quantised networks have them.

    Raises:
        ValueError: if a shape is not known.
    """
    parameters = multiply_adds = 0
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind == "Constant" and _holds_parameters(node.get_element_type()):
            parameters += _size(node.get_output_shape(0))
        elif kind in COUNTERS:
            if not all(value.get_partial_shape().is_static for value in (*node.inputs(), *node.outputs())):
                raise ValueError(f"wanted a graph of known shapes, but {node.get_friendly_name()} has none")
            multiply_adds += COUNTERS[kind](node)
    return Cost(parameters=parameters, multiply_adds=multiply_adds)


def _holds_parameters(element: Any) -> bool:
    return bool(element.is_real() or element.bitwidth == 8)


def measured(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median seconds of a call, after one that does not count."""
    run()
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return median(took)


def _matmul(node: Any) -> int:
    """Each number that comes out is a sum over the axis that both share."""
    shared = node.get_input_shape(0)[-2 if node.get_attributes()["transpose_a"] else -1]
    return _size(node.get_output_shape(0)) * int(shared)


def _convolution(node: Any) -> int:
    """Each number that comes out is a sum over the channels and places of the kernel [out, in, place ...]."""
    return _size(node.get_output_shape(0)) * _size(node.get_input_shape(1)[1:])


def _group_convolution(node: Any) -> int:
    """The same, with a kernel [group, out, in, place ...] for each group of channels."""
    return _size(node.get_output_shape(0)) * _size(node.get_input_shape(1)[2:])


def _attention(node: Any) -> int:
    """Queries with keys, then weights with values: [..., query, key] times the width of each."""
    *batch, n_queries, width = node.get_input_shape(0)
    n_keys, n_values = node.get_input_shape(1)[-2], node.get_input_shape(2)[-1]
    return _size([*batch, n_queries, n_keys, width + n_values])


def _size(shape: Sequence[int]) -> int:
    return math.prod(int(length) for length in shape)


COUNTERS: dict[str, Callable[[Any], int]] = {
    "MatMul": _matmul,
    "Convolution": _convolution,
    "GroupConvolution": _group_convolution,
    "ScaledDotProductAttention": _attention,
}


def _timed(cost: Cost, run: Callable[..., object] | None, *inputs: Float) -> Cost:
    """The cost with its time, where there is something that runs."""
    return cost if run is None else replace(cost, seconds=round(measured(lambda: run(*inputs)), 6))


def _window(dims: Dimensions) -> tuple[Float, Float]:
    """A window of noise, and a matrix that pools it to one cell."""
    mel = np.random.default_rng(0).standard_normal((1, dims.n_mels, FRAMES_PER_WINDOW)).astype(np.float32)
    return mel, np.full((1, 1, STEPS_PER_WINDOW), 1 / STEPS_PER_WINDOW, np.float32)


def _taps(head: Head, n_rows: int, n_cells: int) -> Float:
    shape = (n_rows, head.card.n_layers, n_cells, head.card.n_state)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)
