"""The same weights give the same numbers, whoever runs them."""

import inspect
from typing import get_args, get_type_hints

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.model.tiny import TINY, encoder_variables, head_arrays
from whisper_at.errors import OptionError
from whisper_at.model import heads
from whisper_at.model.encoder import encode, encoder_weights
from whisper_at.model.engine import OpenVinoEngine, TorchEngine, fastest_precision, open_engine
from whisper_at.model.head_file import Head, HeadCard
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
    ops = NumpyOps()
    return encode(ops, encoder_weights(ops, variables), TINY, mel.astype(float), pool.astype(float))


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
        assert_allclose(alone.taps[0], both.taps[i], atol=1e-5)


@pytest.mark.parametrize("make", [OpenVinoEngine, TorchEngine], ids=["openvino", "torch"])
def test_bfloat16_is_near_single_precision(make, variables, mel, pool, oracle):
    encoded = make(threads=2, precision="bfloat16").encoder(TINY, variables)(mel, pool)
    assert encoded.features.dtype == encoded.taps.dtype == np.float32
    for got, wanted in zip((encoded.features, encoded.taps), oracle, strict=True):
        error = np.abs(got - wanted).mean() / np.abs(wanted).mean()
        assert 1e-6 < error < 0.03  # it did run in bfloat16, and that is all it did


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
    checked = 0
    for function in (heads.last_layer, heads.mean_layer, heads.weighted_layer, heads.time_layer_transformer):
        axes = get_args(get_type_hints(function, include_extras=True)["return"])[1].split()
        assert function(ops, w, taps).shape == tuple(size[axis] for axis in axes), inspect.getsource(function)
        checked += 1
    assert checked == 4


def test_an_unknown_engine_is_named():
    with pytest.raises(OptionError, match=r"auto, openvino or torch; got 'onnx'"):
        open_engine("onnx", device="cpu", threads=0, precision="float32")


def test_bfloat16_is_chosen_only_where_tiles_multiply_it():
    assert fastest_precision() in ("float32", "bfloat16")


def head_of(architecture, arrays):
    names = tuple(f"label {i}" for i in range(527))
    card = HeadCard(
        name="random",
        architecture=architecture,
        encoder="tiny-random",
        n_state=128,
        n_layers=3,
        mids=names,
        names=names,
        reported=names,
    )
    return Head(card=card, arrays=arrays, sha256="")
