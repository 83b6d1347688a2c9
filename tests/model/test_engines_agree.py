"""The same weights give the same numbers, whoever runs them."""

import inspect
from typing import get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.testing import assert_allclose

from tests.model.tiny import TINY, encoder_variables, every_step, head_arrays, head_card
from whisper_at.errors import OptionError
from whisper_at.model import heads
from whisper_at.model.encoder import encoder_weights
from whisper_at.model.engine import (
    OpenVinoEngine,
    TorchEngine,
    fastest_precision,
    open_engine,
    quickest_precision,
)
from whisper_at.model.head_file import Head
from whisper_at.model.heads import ARCHITECTURES, apply_head, head_weights
from whisper_at.model.ops.numpy import NumpyOps
from whisper_at.timegrid import TagGrid

ENGINES = [OpenVinoEngine(threads=2), TorchEngine(threads=2)]
names = pytest.mark.parametrize("engine", ENGINES, ids=["openvino", "torch"])


@pytest.fixture(scope="module")
def variables():
    return encoder_variables()


@pytest.fixture(scope="module")
def mel():
    return np.random.default_rng(1).standard_normal((2, 80, 3000)).astype(np.float32)


@pytest.fixture(scope="module")
def pool():
    """Two windows that start anywhere: one at an odd seek behind what was heard, one at the end of a recording."""
    odd = TagGrid().pool(seek=1001, heard=1333, end=10_000)[1]
    last = TagGrid().pool(seek=0, heard=0, end=777)[1]
    both = np.zeros((2, max(len(odd), len(last)), 1500), np.float32)
    both[0, : len(odd)], both[1, : len(last)] = odd, last
    return both


@pytest.fixture(scope="module")
def oracle(variables, mel, pool):
    """Features and taps in double precision."""
    features, steps = every_step(encoder_weights(NumpyOps(), variables), mel)
    return features, pool[:, None].astype(float) @ steps


@names
def test_encoder_gives_the_oracles_features_and_taps(engine, variables, mel, pool, oracle):
    encoded = engine.encoder(TINY, variables)(mel, pool)
    assert encoded.taps.shape == (2, TINY.n_layers, pool.shape[1], TINY.n_state)
    assert_allclose(encoded.features, oracle[0], atol=2e-4)
    assert_allclose(encoded.taps, oracle[1], atol=2e-4)


@names
def test_a_window_is_the_same_alone_and_in_a_batch(engine, variables, mel, pool):
    run = engine.encoder(TINY, variables)
    both = run(mel, pool)
    for i in range(2):
        alone = run(mel[i : i + 1], pool[i : i + 1])
        assert_allclose(alone.features[0], both.features[i], atol=1e-5)
        assert_allclose(alone.taps[0], both.taps[i], rtol=1e-6, atol=1e-5)  # taps reach 100 and more


@pytest.mark.parametrize("make", [OpenVinoEngine, TorchEngine], ids=["openvino", "torch"])
def test_bfloat16_is_near_single_precision(make, variables, mel, pool, oracle):
    encoded = make(threads=2, precision="bfloat16").encoder(TINY, variables)(mel, pool)
    assert encoded.features.dtype == encoded.taps.dtype == np.float32
    for got, wanted in zip((encoded.features, encoded.taps), oracle, strict=True):
        error = np.abs(got - wanted).mean() / np.abs(wanted).mean()
        assert 1e-6 < error < 0.03  # it did run in bfloat16, and that is all it did


def test_an_encoder_of_whole_numbers_is_near_single_precision(variables, mel, pool, oracle):
    encoded = OpenVinoEngine(threads=2, precision="int8").encoder(TINY, variables)(mel, pool)
    for got, wanted in zip((encoded.features, encoded.taps), oracle, strict=True):
        error = np.abs(got - wanted).mean() / np.abs(wanted).mean()
        assert 1e-4 < error < 0.06


@names
@pytest.mark.parametrize("down", [None, 64], ids=["", "projected"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("n_cells", [1, 25])
def test_heads_agree(engine, architecture, down, n_cells):
    arrays = head_arrays(architecture, down=down)
    taps = np.random.default_rng(2).standard_normal((3, 3, n_cells, 128)).astype(np.float32)
    ops = NumpyOps()
    wanted = apply_head(
        ops, head_weights(ops, arrays, n_layers=3), taps.astype(float), architecture=architecture
    )
    got = engine.head(head_of(architecture, arrays))(taps)
    assert got.shape == (3, 527)
    assert_allclose(got, wanted, atol=2e-4)


@names
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_head_that_has_heard_cells_alone_hears_rows_as_ever(engine, architecture):
    """As it is served: each cell by itself, then rows of many."""
    arrays, rng = head_arrays(architecture), np.random.default_rng(2)
    run, ops = engine.head(head_of(architecture, arrays)), NumpyOps()
    weights = head_weights(ops, arrays, n_layers=3)
    for n_rows, n_cells in ((50, 1), (2, 25), (1, 17), (75, 1), (1, 75)):
        taps = rng.standard_normal((n_rows, 3, n_cells, 128)).astype(np.float32)
        wanted = apply_head(ops, weights, taps.astype(float), architecture=architecture)
        assert_allclose(run(taps), wanted, atol=2e-4)


@pytest.mark.parametrize("architecture", [a for a in ARCHITECTURES if a.endswith("mlp")])
def test_a_head_without_transformer_does_not_mind_the_order_of_cells(architecture):
    arrays, rng = head_arrays(architecture), np.random.default_rng(3)
    taps = rng.standard_normal((1, 3, 25, 128)).astype(np.float32)
    run = ENGINES[0].head(head_of(architecture, arrays))
    assert_allclose(run(taps), run(taps[:, :, rng.permutation(25)].copy()), atol=1e-4)


def test_layer_weights_are_shares(architecture="wa-mlp"):
    """The published heads keep the weights as trained: scaling them all changes nothing."""
    arrays = head_arrays(architecture)
    taps = np.random.default_rng(4).standard_normal((1, 3, 5, 128)).astype(np.float32)
    scaled = {**arrays, "layer_weight": arrays["layer_weight"] * 7}
    a, b = (ENGINES[0].head(head_of(architecture, x))(taps) for x in (arrays, scaled))
    assert_allclose(a, b, atol=1e-5)


def test_the_axes_in_the_signatures_are_true():
    """`Annotated[Tensor, "row layer cell dim"]` is a promise; sizes that are all different hold us to it."""
    size = {"row": 2, "layer": 3, "cell": 5, "dim": 128, "label": 7}
    ops = NumpyOps()
    arrays = head_arrays("tl-tr", n_labels=7)
    arrays["layer_weight"] = np.ones(3, np.float32)
    w = head_weights(ops, arrays, n_layers=3)
    taps = np.zeros((2, 3, 5, 128))
    by_cell = head_weights(ops, head_arrays("cell-mlp", n_labels=7), n_layers=3)
    checked = 0
    for function, arguments in (
        (heads.last_layer, (w, taps)),
        (heads.mean_layer, (w, taps)),
        (heads.weighted_layer, (w, taps)),
        (heads.time_layer_transformer, (w, taps)),
        (heads.cell_logits, (by_cell, taps)),
        (heads.linear_softmax, (np.zeros((2, 5, 7)),)),
    ):
        axes = get_args(get_type_hints(function, include_extras=True)["return"])[1].split()
        assert function(ops, *arguments).shape == tuple(size[axis] for axis in axes), inspect.getsource(
            function
        )
        checked += 1
    assert checked == 6


OPERATIONS = {
    "log_sigmoid": lambda ops, x: ops.log_sigmoid(x),
    "logsumexp": lambda ops, x: ops.logsumexp(x, axis=1),
    "subtract": lambda ops, x: ops.subtract(ops.add(x, x), ops.part(x, 0, axis=0)),
    "concat": lambda ops, x: ops.concat([x, ops.add(x, x)], axis=2),
    "linear_softmax": heads.linear_softmax,
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("scale", [1, 30, 1000])
def test_operations_agree_and_nothing_overflows(name, scale):
    x = (scale * np.random.default_rng(5).standard_normal((2, 4, 4))).astype(np.float32)
    x[0, :, 0] = scale  # alike, and as large as they get
    wanted = OPERATIONS[name](NumpyOps(), x.astype(float))
    assert np.isfinite(wanted).all()
    for run in (by_openvino, by_torch):
        got = run(OPERATIONS[name], x)
        assert got.dtype == np.float32
        assert_allclose(got, wanted, atol=1e-5, rtol=1e-5)


def by_openvino(operation, x):
    import openvino
    from openvino import opset13 as ov

    from whisper_at.model.ops.openvino import OpenVinoOps

    into = ov.parameter([-1, -1, x.shape[2]], np.float32)
    model = openvino.Model([ov.result(operation(OpenVinoOps(), into))], [into])
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    return np.array(openvino.Core().compile_model(model, "CPU", settings)([x])[0])


def by_torch(operation, x):
    import torch

    from whisper_at.model.ops.torch import TorchOps

    return operation(TorchOps(), torch.from_numpy(x)).numpy()


logits = arrays_of.arrays(
    np.float32, st.tuples(st.just(1), st.integers(1, 12), st.just(1)), elements=st.floats(-80, 80, width=32)
)


@given(logits)
def test_a_row_is_as_probable_as_its_cells_weighted_by_their_own_probability(z):
    """The formula in double precision, where 1 - p is not yet lost; both as logarithms of the odds."""

    def wanted(z):
        p, rest = 1 / (1 + np.exp(-z.astype(float))), 1 / (1 + np.exp(z.astype(float)))
        return pytest.approx(np.log((p**2).sum() / (p * rest).sum()), abs=1e-4)

    assert by_torch(heads.linear_softmax, z).item() == wanted(z)
    assert heads.rows_of_cells(z).item() == wanted(z.clip(-40, 40))  # beyond, all is as sure
    assert z.min() - 1e-4 <= by_torch(heads.linear_softmax, z).item() <= z.max() + 1e-4


def test_a_row_of_one_cell_is_the_cell():
    ops = NumpyOps()
    z = np.random.default_rng(6).normal(0, 20, (3, 4, 5))
    assert_allclose(heads.linear_softmax(ops, z[:, :1]), z[:, 0], atol=1e-9)


def test_a_head_of_cells_hears_each_cell_by_itself():
    arrays, ops = head_arrays("cell-mlp"), NumpyOps()
    w = head_weights(ops, arrays, n_layers=3)
    taps = np.random.default_rng(7).standard_normal((2, 3, 5, 128))
    together = heads.cell_logits(ops, w, taps)
    alone = heads.cell_logits(ops, w, taps[:, :, 2:3])
    assert_allclose(together[:, 2:3], alone)
    assert heads.n_blocks(w) == 1 and heads.n_blocks(head_arrays("cell-mlp", blocks=0)) == 0


def test_a_head_of_cells_costs_at_most_a_hundredth_of_the_encoder():
    """Base: 43.7 G multiply-adds for 30 s; the head hears 150 cells of 0.2 s, and once more for the rows."""
    arrays = head_arrays("cell-mlp", n_state=512, n_layers=6, hidden=384, blocks=0)
    matrices = sum(array.size for name, array in arrays.items() if array.ndim == 2 and "norm" not in name)
    assert 1e6 < sum(array.size for array in arrays.values()) < 1.5e6
    assert 2 * 150 * matrices < 0.01 * 43.7e9


def test_an_unknown_engine_is_named():
    with pytest.raises(OptionError, match=r"auto, openvino or torch; got 'onnx'"):
        open_engine("onnx", device="cpu", threads=0, precision="float32")


def test_bfloat16_is_chosen_only_where_tiles_multiply_it():
    assert fastest_precision() in ("float32", "bfloat16")
    assert quickest_precision() in ("float32", "bfloat16", "int8")


def head_of(architecture, arrays):
    return Head(card=head_card(architecture=architecture), arrays=arrays, sha256="")
