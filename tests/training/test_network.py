"""What is trained is what is served: the same definition, the same numbers, for every architecture."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from tests.model.tiny import head_arrays, head_card
from whisper_at.model.engine import OpenVinoEngine
from whisper_at.model.head_file import Head as HeadOfFile
from whisper_at.model.heads import ARCHITECTURES
from whisper_at.training.network import Network, first_arrays, scattered, standardised
from whisper_at.training.recipe import Head

SIZES = {"n_layers": 3, "n_state": 128}


def rows(n_rows: int = 2, n_cells: int = 5, seed: int = 0):
    """Taps of rows [row, cell, layer, dim], and the same cells one after the other."""
    taps = np.random.default_rng(seed).standard_normal((n_rows, n_cells, 3, 128)).astype(np.float32)
    row, place = np.divmod(np.arange(n_rows * n_cells), n_cells)
    return taps, (
        torch.from_numpy(taps.reshape(-1, 3, 128)),
        torch.from_numpy(row),
        torch.from_numpy(place),
        n_rows,
    )


@pytest.mark.parametrize("down", [0, 64])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_head_in_training_is_the_head_in_use(architecture: str, down: int) -> None:
    arrays = head_arrays(architecture, n_labels=7, down=down or None)
    taps, cells = rows()
    network = Network(Head(architecture=architecture, down=down), arrays, n_layers=3)
    said = network(*cells)
    card = head_card({f"{i}": "x" for i in range(7)}, architecture=architecture)
    served = OpenVinoEngine(threads=1).head(HeadOfFile(card=card, arrays=arrays, sha256=""))
    assert_allclose(said.rows.detach(), served(np.ascontiguousarray(taps.transpose(0, 2, 1, 3))), atol=1e-4)
    if said.cells is not None:
        alone = served(np.ascontiguousarray(taps.reshape(10, 1, 3, 128).transpose(0, 2, 1, 3)))
        assert_allclose(said.cells.detach(), alone, atol=1e-4)
    assert network.arrays().keys() == arrays.keys()


@pytest.mark.parametrize("down", [0, 64])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_first_weights_have_the_shapes_of_a_head_file_and_all_learn(architecture: str, down: int) -> None:
    head = Head(architecture=architecture, down=down, hidden=48, blocks=1, quiet=True)
    arrays = first_arrays(head, **SIZES, n_labels=7, rng=np.random.default_rng(0))
    wanted = head_arrays(architecture, n_labels=7, down=down or None)
    assert {name: array.shape for name, array in arrays.items()} == {
        name: array.shape for name, array in wanted.items()
    }
    network = Network(head, standardised(arrays, head, rows()[0][0]), n_layers=3)
    network(*rows()[1]).rows.square().sum().backward()
    still = [name for name, weight in network.weights.items() if weight.grad is None or not weight.grad.any()]
    # Under a softmax a key's weights and its query's matter; nothing else may be idle.
    assert [name for name in still if "query" not in name and "key" not in name] == []
    assert (arrays["mlp_layer.1.bias"] == -4).all()


def test_first_weights_are_as_large_as_those_of_torch() -> None:
    head = Head(architecture="tl-tr")
    arrays = first_arrays(head, **SIZES, n_labels=527, rng=np.random.default_rng(0))
    torch.manual_seed(0)
    layer = torch.nn.Linear(128, 527)
    for name, parameter in (("weight", layer.weight), ("bias", layer.bias)):
        array = arrays[f"mlp_layer.1.{name}"]
        assert array.std() == pytest.approx(parameter.std().item(), rel=0.05)
        assert abs(array).max() == pytest.approx(parameter.abs().max().item(), rel=0.01)


def test_rows_of_many_lengths_are_what_they_are_alone() -> None:
    arrays = head_arrays("cell-mlp", n_labels=7)
    network = Network(Head(architecture="cell-mlp"), arrays, n_layers=3)
    lengths = (1, 7, 3)
    taps = torch.from_numpy(np.random.default_rng(1).standard_normal((11, 3, 128)).astype(np.float32))
    row = torch.repeat_interleave(torch.arange(3), torch.tensor(lengths))
    place = torch.cat([torch.arange(n) for n in lengths])
    together = network(taps, row, place, 3).rows.detach()
    at = 0
    for i, n in enumerate(lengths):
        alone = network(
            taps[at : at + n], torch.zeros(n, dtype=torch.int64), torch.arange(n), 1
        ).rows.detach()
        assert_allclose(together[i], alone[0], atol=1e-5)
        at += n


@pytest.mark.parametrize("architecture", ["cell-mlp", "last-mlp", "wa-mlp"])
def test_behind_the_first_norm_each_dimension_counts_alike(architecture: str) -> None:
    """Planted: one dimension is a hundred times as large as the others, as in Whisper."""
    rng = np.random.default_rng(2)
    cells = rng.standard_normal((300, 3, 128))
    cells[..., 5] *= 100
    cells[..., 9] += 50
    head = Head(architecture=architecture, hidden=8)
    arrays = standardised(first_arrays(head, **SIZES, n_labels=2, rng=rng), head, cells.astype(np.float16))
    at = "layer_norm" if architecture == "cell-mlp" else "mlp_layer.0"
    x = cells if architecture == "cell-mlp" else cells[:, -1] if architecture == "last-mlp" else cells.mean(1)
    plain = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    normed = plain * arrays[f"{at}.weight"] + arrays[f"{at}.bias"]
    assert_allclose(normed.mean(0), 0, atol=0.02)
    assert_allclose(normed.std(0), 1, atol=0.05)


def test_values_are_dropped_in_training_only() -> None:
    network = Network(
        Head(architecture="cell-mlp", dropout=0.5), head_arrays("cell-mlp", n_labels=7), n_layers=3
    )
    _, cells = rows()
    torch.manual_seed(0)
    assert (network(*cells).rows != network(*cells).rows).any()
    with torch.no_grad():
        assert (network(*cells).rows == network(*cells).rows).all()


def test_bfloat16_is_near_single_precision_and_sums_stay_single() -> None:
    network = Network(Head(architecture="cell-mlp"), head_arrays("cell-mlp", n_labels=7), n_layers=3)
    _, cells = rows()
    with torch.no_grad():
        single, half = network(*cells), network(*cells, bfloat16=True)
    assert half.rows.dtype == half.cells.dtype == torch.float32
    assert 1e-6 < (half.rows - single.rows).abs().max() < 0.1


def test_scattered_cells_leave_zeros() -> None:
    rows = scattered(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([0, 1, 1]), torch.tensor([0, 0, 2]), 2)
    assert rows[..., 0].tolist() == [[1, 0, 0], [2, 0, 3]]
