"""What is counted from the graph is what one counts on paper."""

import numpy as np
import pytest

from tests.model.tiny import TINY, encoder_variables, head_arrays, head_card
from whisper_at.evaluation.cost import (
    Cost,
    blank_encoder,
    costs,
    count,
    encoder_graph,
    head_graph,
    measured,
)
from whisper_at.model.head_file import Head
from whisper_at.model.weights import find

D, N = TINY.n_state, TINY.n_layers


def head(architecture, **fields):
    card = head_card(architecture=architecture, n_state=D, n_layers=N, **fields)
    return Head(card=card, arrays=head_arrays(architecture, n_state=D, n_layers=N), sha256="")


def test_the_encoder_counted_on_paper():
    """Convolutions of width 3 over 3000 frames and 1500 steps; in each layer four square matrices, the perceptron of
    eight more, and attention of 1500 steps to 1500, twice.
    """
    convolutions = 3 * D * TINY.n_mels * 3000 + 3 * D * D * 1500
    layer = 12 * D * D * 1500 + 2 * 1500 * 1500 * D
    counted = count(encoder_graph(TINY, encoder_variables(), 0))
    assert counted.multiply_adds == convolutions + N * layer
    numbers = sum(array.size for array in encoder_variables().values() if array.ndim)
    assert counted.parameters == numbers


def test_pooling_is_a_product_with_a_matrix_in_each_layer_and_each_block_of_two_seconds():
    found = costs(head("last-mlp"), TINY, encoder_variables())
    assert found.pooling.multiply_adds == N * 5 * 1500 * D


def test_the_smallest_head_counted_on_paper():
    """last-mlp: a norm and one matrix for each row, whatever it is made of."""
    found = costs(head("last-mlp"), TINY, encoder_variables())
    assert found.head_on_rows.parameters == 2 * D + D * 527 + 527
    assert found.head_on_rows.multiply_adds == 3 * D * 527
    assert found.head_on_cells.multiply_adds == 75 * D * 527
    assert found.share_of_cells == pytest.approx(75 * D * 527 / found.encoder.multiply_adds, abs=1e-6)


def test_the_papers_head_counted_on_paper():
    """tl-tr: a block over 25 cells in each layer, one over the layers, one matrix; three rows of 10 s."""

    def block(n_batch, length):
        return n_batch * (12 * D * D * length + 2 * length * length * D)

    found = count(head_graph(head("tl-tr"), 3, 25))
    assert found.multiply_adds == block(3 * N, 25) + block(3, N) + 3 * D * 527


@pytest.mark.parametrize("architecture", ["mean-tr", "wa-mlp", "cell-mlp"])
def test_all_weights_of_a_head_are_counted_and_twice_the_rows_cost_twice(architecture):
    one = head(architecture)
    found = count(head_graph(one, 2, 25))
    assert found.parameters == sum(array.size for array in one.arrays.values())
    assert found.multiply_adds == 2 * count(head_graph(one, 1, 25)).multiply_adds > 0


def test_finer_cells_are_more_cells():
    coarse, fine = (
        costs(head("last-mlp", frames_per_cell=n), TINY, encoder_variables()).head_on_cells.multiply_adds
        for n in (40, 20)
    )
    assert fine == 2 * coarse


def test_a_graph_whose_shapes_are_not_known_is_refused():
    import openvino
    from openvino import opset13 as ov

    x = ov.parameter([-1, 3], np.float32)
    graph = openvino.Model(
        [ov.result(ov.matmul(x, ov.constant(np.ones((3, 2), np.float32)), False, False))], [x]
    )
    with pytest.raises(ValueError, match="graph of known shapes"):
        count(graph)


def test_time_is_that_of_one_call(monkeypatch):
    clock = iter([0.0, 5.0, 10.0, 11.0, 20.0, 23.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    calls = []
    assert measured(lambda: calls.append(1), repeats=3) == 3.0  # the median of 5, 1 and 3
    assert len(calls) == 4  # the first one does not count


def test_what_runs_is_timed():
    shapes = []
    found = costs(
        head("last-mlp"),
        TINY,
        encoder_variables(),
        run_head=lambda taps: shapes.append(taps.shape),
        run_encoder=lambda mel, pool: shapes.append(mel.shape),
    )
    assert found.encoder.seconds >= 0
    assert set(shapes) == {(1, 80, 3000), (3, N, 25, D), (75, N, 1, D)}


def test_blank_variables_are_those_of_a_whole_encoder():
    """Their names and shapes, so what is counted of them is what is counted of real ones."""
    real = {name: array for name, array in encoder_variables().items() if array.ndim}
    blank = blank_encoder(TINY)
    assert {name: array.shape for name, array in blank.items()} == {n: a.shape for n, a in real.items()}
    assert count(encoder_graph(TINY, blank, 75)) == count(encoder_graph(TINY, real, 75))


@pytest.mark.model
@pytest.mark.parametrize("name", ["base", "tiny.en"])
def test_a_published_size_counted_without_its_weights_is_the_checkpoint(name):
    checkpoint = find(name, offline=True)
    whole = count(encoder_graph(checkpoint.dims, checkpoint.variables(), 0))
    assert count(encoder_graph(checkpoint.dims, blank_encoder(checkpoint.dims), 0)) == whole
    held = (a for n, a in checkpoint.variables().items() if n.startswith("encoder/") and a.ndim)
    assert whole.parameters == sum(array.size for array in held)


def test_a_quantised_network_of_separate_channels_counted_on_paper():
    """Whole numbers of 8 bits and a scale for each channel; each of four channels is 3 x 3 places of its own."""
    import openvino
    from openvino import opset13 as ov

    x = ov.parameter([1, 4, 8, 6], np.float32)
    levels = ov.constant(np.ones((4, 1, 1, 3, 3), np.int8))
    kernel = ov.multiply(ov.convert(levels, np.float32), ov.constant(np.ones((4, 1, 1, 1, 1), np.float32)))
    y = ov.group_convolution(x, kernel, [1, 1], [1, 1], [1, 1], [1, 1])
    assert count(openvino.Model([ov.result(y)], [x])) == Cost(
        parameters=4 * 9 + 4, multiply_adds=4 * 8 * 6 * 9
    )
