"""The head while it learns: the same definition as everywhere (`heads.apply_head`), over parameters of torch.

In: a recipe's `head`. Out: a `Network`, whose weights have the names of a head file.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from whisper_at.model import heads
from whisper_at.model.ops.torch import TorchOps
from whisper_at.training.recipe import Head

Arrays = dict[str, npt.NDArray[np.float32]]
Weights = dict[str, Any]  # torch tensors
QUIET = -4.0  # a logit: at first every label has the probability 0.018


class Logits(NamedTuple):
    """What a head says of the rows and, if it knows cells, of the cells."""

    rows: Annotated[Any, "row label"]
    cells: Annotated[Any, "cell label"] | None


class DroppingOps(TorchOps):
    """Drops a share of the values behind each GELU, as long as weights are trained."""

    def __init__(self, device: str, dropout: float) -> None:
        super().__init__(device)
        self.dropout = dropout

    def gelu(self, x: Any) -> Any:
        y = super().gelu(x)
        return F.dropout(y, self.dropout) if self.dropout and torch.is_grad_enabled() else y


class SumsByRow(TorchOps):
    """For cells [cell, label] one after the other, where heads have [row, cell, label]: sums over the cells of a row.

    So rows of any length are pooled without padding. Every row has at least one cell.
    """

    def __init__(self, device: str, row: Any, n_rows: int) -> None:
        super().__init__(device)
        self.row, self.n_rows = row, n_rows

    def logsumexp(self, x: Any, *, axis: int) -> Any:
        assert axis == 1, "the cells of a row"
        nothing = x.new_full((self.n_rows, x.shape[1]), -torch.inf)
        most = nothing.scatter_reduce(0, self.row[:, None].expand_as(x), x.detach(), "amax")
        above = (x - most.index_select(0, self.row)).exp()
        return torch.zeros_like(most).index_add(0, self.row, above).log() + most


class Network:
    """A head with weights that can be moved; `weights` are single precision and in a fixed order."""

    def __init__(self, head: Head, arrays: Arrays, *, n_layers: int, device: str = "cpu") -> None:
        self.head, self.n_layers = head, n_layers
        self.ops = DroppingOps(device, head.dropout)
        self.device = device
        self.weights: Weights = {
            name: torch.tensor(array, device=device, requires_grad=True) for name, array in arrays.items()
        }

    def __call__(self, taps: Any, row: Any, place: Any, n_rows: int, *, bfloat16: bool = False) -> Logits:
        """The logits of rows whose cells [cell, layer, dim] come one after the other, see `batches.Batch`."""
        w = self._constants()
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=bfloat16):
            if not self.head.by_cell:
                rows = heads.apply_head(
                    self.ops,
                    w,
                    scattered(taps, row, place, n_rows).transpose(1, 2),
                    architecture=self.head.architecture,
                    time_heads=self.head.time_heads,
                )
                return Logits(rows.float(), None)
            each = heads.projected(self.ops, w, taps[:, :, None])  # a cell is a row of one cell
            cells = heads.cell_logits(self.ops, w, each)[:, 0].float()
        return Logits(heads.linear_softmax(SumsByRow(self.device, row, n_rows), cells), cells)

    def arrays(self, weights: Weights | None = None) -> Arrays:
        """The weights as arrays for a head file; these ones, or others of the same names."""
        return {
            name: tensor.detach().cpu().numpy().copy() for name, tensor in (weights or self.weights).items()
        }

    def load(self, weights: Mapping[str, Any]) -> None:
        """Take other weights."""
        with torch.no_grad():
            for name, tensor in self.weights.items():
                tensor.copy_(torch.as_tensor(weights[name]))

    def _constants(self) -> dict[str, Any]:
        """The weights as the network reads them: shares of layers sum to 1 here and nowhere else."""
        w = {**self.weights, "n_layers": self.n_layers}
        if "layer_weight" in w:
            w["layer_weight"] = (w["layer_weight"] / w["layer_weight"].sum())[:, None, None]
        return w


def scattered(cells: Any, row: Any, place: Any, n_rows: int) -> Any:
    """[row, place, ...] from cells one after the other [cell, ...]; zeros where there is none."""
    n_places = int(place.max()) + 1 if len(place) else 1
    rows = cells.new_zeros((n_rows, n_places, *cells.shape[1:]))
    return rows.index_put((row, place), cells)


def first_arrays(
    head: Head, *, n_layers: int, n_state: int, n_labels: int, rng: np.random.Generator
) -> Arrays:
    """Weights to begin with: as torch begins its linear layers and norms, which the published heads did."""
    width = head.down or n_state
    arrays: Arrays = {}

    def linear(at: str, n_out: int, n_in: int, *, bias: bool = True) -> None:
        bound = n_in**-0.5
        arrays[f"{at}.weight"] = rng.uniform(-bound, bound, (n_out, n_in)).astype(np.float32)
        if bias:
            arrays[f"{at}.bias"] = rng.uniform(-bound, bound, n_out).astype(np.float32)

    def norm(at: str, *shape: int) -> None:
        arrays[f"{at}.weight"] = np.ones(shape, np.float32)
        arrays[f"{at}.bias"] = np.zeros(shape, np.float32)

    def block(at: str) -> None:
        for name in ("query", "value", "out"):
            linear(f"{at}.attn.{name}", width, width)
        linear(f"{at}.attn.key", width, width, bias=False)
        norm(f"{at}.attn_ln", width)
        norm(f"{at}.mlp_ln", width)
        linear(f"{at}.mlp.0", 4 * width, width)
        linear(f"{at}.mlp.2", width, 4 * width)

    if head.down:
        norm("down_layer.0", n_state)
        linear("down_layer.1", width, n_state)
    if head.architecture.startswith("wa"):
        arrays["layer_weight"] = np.full(n_layers, 1 / n_layers, np.float32)
    if head.architecture.endswith("tr"):
        block("time_tr")
    if head.architecture == "tl-tr":
        block("layer_tr")
    if head.by_cell:
        norm("layer_norm", n_layers, width)
        linear("hidden", head.hidden, n_layers * width)
        for i in range(head.blocks):
            norm(f"blocks.{i}.0", head.hidden)
            linear(f"blocks.{i}.1", 2 * head.hidden, head.hidden)
            linear(f"blocks.{i}.2", head.hidden, 2 * head.hidden)
    last = head.hidden if head.by_cell else width
    norm("mlp_layer.0", last)
    linear("mlp_layer.1", n_labels, last)
    if head.quiet:
        arrays["mlp_layer.1.bias"][:] = QUIET
    return arrays


def standardised(arrays: Arrays, head: Head, cells: Annotated[npt.NDArray[Any], "cell layer dim"]) -> Arrays:
    """The norms set so that behind the first one each dimension has mean 0 and variance 1 over these cells.

    A few of Whisper's dimensions are a hundred times as large as the others and would drown them: see
    experiments/LOG.md for what that cost the first heads. Transformers carry the taps past their norms, so there
    all of them are set so.
    """
    x = cells.astype(np.float32)
    norms = [name.removesuffix(".weight") for name in arrays if name.endswith("_ln.weight")] + ["mlp_layer.0"]
    if head.down:
        norms, x = ["down_layer.0"], x.reshape(-1, x.shape[-1])
    elif head.by_cell:
        norms = ["layer_norm"]  # a scale and a shift for each layer
    elif head.architecture == "tl-tr":
        x = x.reshape(-1, x.shape[-1])
    else:
        x = x[:, -1] if head.architecture.startswith("last") else x.mean(1)
    plain = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    spread = plain.std(0) + 1e-3
    scale, shift = (1 / spread).astype(np.float32), (-plain.mean(0) / spread).astype(np.float32)
    begun = {f"{norm}.weight": scale for norm in norms} | {f"{norm}.bias": shift for norm in norms}
    return {name: begun.get(name, array).copy() for name, array in arrays.items()}
