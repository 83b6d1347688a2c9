"""The tagging heads: from the taps of a row of cells to logits, one a label.

All of the paper's heads (Gong et al., Interspeech 2023, arXiv 2307.03183, section 3) and the two more of its training
code; each is written once over `Ops`. Weights carry the names of the published checkpoints without their prefix.

    last-mlp   last layer, mean over time                       last-tr   last layer, transformer over time
    mean-mlp   mean over layers, mean over time                 mean-tr   mean over layers, transformer over time
    wa-mlp     weighted mean over layers, mean over time        wa-tr     weighted mean, transformer over time
    tl-tr      a transformer over time for each layer, then one over the layers

And one of our own, which says when as well as what:

    cell-mlp   all layers of a cell side by side, a perceptron on each cell; a row by linear softmax over its cells

Any of them may begin with a projection to fewer dimensions (`tl-tr-512`): it is there if its weights are.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from whisper_at.model.ops import Ops, Tensor, Weights

Taps = Annotated[Tensor, "row layer cell dim"]
TapsOfLayer = Annotated[Tensor, "row cell dim"]
Logits = Annotated[Tensor, "row label"]
CellLogits = Annotated[Tensor, "row cell label"]

NORM = ("weight", "bias")
LAYER_HEADS = (
    8  # attention heads of the transformer over layers; the one over time has one (published: "1_8")
)


def apply_head(ops: Ops, w: Weights, taps: Taps, *, architecture: str, time_heads: int = 1) -> Logits:
    """Logits of each row by the head of that name; rows may have any number of cells."""
    taps = projected(ops, w, taps)
    if architecture in CELL_HEADS:
        return linear_softmax(ops, cell_logits(ops, w, taps))
    if architecture == "tl-tr":
        return time_layer_transformer(ops, w, taps, time_heads=time_heads)
    which, kind = architecture.split("-")
    x = LAYERS[which](ops, w, taps)
    if kind == "tr":
        x = _block(ops, w, "time_tr", x, heads=time_heads)
    return _classify(ops, w, "mlp_layer", ops.mean(x, axis=1))


def projected(ops: Ops, w: Weights, taps: Taps) -> Taps:
    """Fewer dimensions, for all layers alike, if there are weights for that."""
    return _classify(ops, w, "down_layer", taps) if "down_layer.0.weight" in w else taps


def last_layer(ops: Ops, w: Weights, taps: Taps) -> TapsOfLayer:
    """What the paper's baseline reads."""
    return ops.part(taps, -1, axis=1)


def mean_layer(ops: Ops, w: Weights, taps: Taps) -> TapsOfLayer:
    """All layers alike."""
    return ops.mean(taps, axis=1)


def weighted_layer(ops: Ops, w: Weights, taps: Taps) -> TapsOfLayer:
    """A learned mean over the layers; the weights are stored as trained and sum to 1 only here."""
    return ops.sum(ops.multiply(taps, w["layer_weight"]), axis=1)


LAYERS: Mapping[str, Callable[[Ops, Weights, Taps], TapsOfLayer]] = {
    "last": last_layer,
    "mean": mean_layer,
    "wa": weighted_layer,
}
CELL_HEADS = ("cell-mlp",)  # those that know each cell by itself
ARCHITECTURES = ("last-mlp", "mean-mlp", "wa-mlp", "last-tr", "mean-tr", "wa-tr", "tl-tr", *CELL_HEADS)


def time_layer_transformer(ops: Ops, w: Weights, taps: Taps, *, time_heads: int = 1) -> Logits:
    """The paper's TL-Tr: attention over time within each layer, then over the layers."""
    n_layers = int(w["n_layers"])
    x = _block(ops, w, "time_tr", ops.merge(taps), heads=time_heads)  # each layer by itself ...
    x = ops.split(ops.mean(x, axis=1), n_layers)
    x = _block(ops, w, "layer_tr", x, heads=LAYER_HEADS)  # ... then the layers among themselves
    return _classify(ops, w, "mlp_layer", ops.mean(x, axis=1))


def cell_logits(ops: Ops, w: Weights, taps: Taps) -> CellLogits:
    """Each cell by itself: its layers, each behind a norm of its own, side by side into a perceptron.

    A few of Whisper's dimensions are a hundred times as large as the others, and not the same ones in each layer:
    so each layer has its own scale and shift. Residual blocks follow the first layer if their weights are there.
    """
    layers = [
        ops.layer_norm(ops.part(taps, i, axis=1), *(ops.part(w[f"layer_norm.{x}"], i, axis=0) for x in NORM))
        for i in range(int(w["n_layers"]))
    ]
    x = ops.gelu(_linear(ops, w, "hidden", ops.concat(layers, axis=2)))
    for i in range(n_blocks(w)):
        y = ops.gelu(_linear(ops, w, f"blocks.{i}.1", _norm(ops, w, f"blocks.{i}.0", x)))
        x = ops.add(x, _linear(ops, w, f"blocks.{i}.2", y))
    return _classify(ops, w, "mlp_layer", x)


def linear_softmax(ops: Ops, cells: CellLogits) -> Logits:
    """A row from its cells: p = sum p² / sum p, a mean in which each cell counts by its own probability.

    In a comparison of five ways to pool, this one served tagging and localising alike: a sound of one cell is not
    lost in a long row, and every cell is trained (Wang, Li & Metze 2019, "A comparison of five multiple instance
    learning pooling functions", ICASSP, arXiv 1810.09050). A row of one cell is the cell.

    It is reckoned in logarithms, for single precision knows no 1 - p near 1:
    logit = log sum p² - log sum p (1 - p), where log (1 - p) = log p - z.
    """
    log_p = ops.log_sigmoid(cells)
    log_p2 = ops.add(log_p, log_p)
    return ops.subtract(ops.logsumexp(log_p2, axis=1), ops.logsumexp(ops.subtract(log_p2, cells), axis=1))


LARGEST_LOGIT = np.float32(40)  # its probability squared is still a float32


def rows_of_cells(cells: Annotated[npt.NDArray[np.float32], "row cell label"]) -> npt.NDArray[np.float32]:
    """`linear_softmax` of logits that are at hand: a head by cell need not be run once more for its rows.

    Logits beyond 40 count as 40.

    >>> rows_of_cells(np.float32([[[0.0], [0.0]], [[9.0], [-9.0]]])).astype(int).tolist()
    [[0], [8]]
    """
    cells = np.clip(cells, -LARGEST_LOGIT, LARGEST_LOGIT)
    p = np.exp(cells)
    p /= 1 + p
    squares = np.einsum("rcl,rcl->rl", p, p)
    p *= np.exp(-cells) * p  # p (1 - p), which is not 0 where p is rounded to 1
    rows: npt.NDArray[np.float32] = np.log(squares) - np.log(p.sum(axis=1))
    return rows


def n_blocks(w: Weights) -> int:
    """How many residual blocks a `cell-mlp` has weights for."""
    return sum(name.startswith("blocks.") and name.endswith(".0.weight") for name in w)


def head_weights(ops: Ops, arrays: Mapping[str, npt.NDArray[Any]], *, n_layers: int) -> Weights:
    """A head file's arrays as constants of the network."""
    w: dict[str, Any] = {name: ops.weight(array) for name, array in arrays.items() if name != "layer_weight"}
    if "layer_weight" in arrays:
        share = np.asarray(arrays["layer_weight"], np.float32)
        w["layer_weight"] = ops.weight((share / share.sum())[:, None, None])
    return {**w, "n_layers": n_layers}


def _block(ops: Ops, w: Weights, at: str, x: TapsOfLayer, *, heads: int) -> TapsOfLayer:
    """Whisper's residual block: attention, then a perceptron four times as wide, each behind a norm."""
    y = _norm(ops, w, f"{at}.attn_ln", x)
    q, v = (_linear(ops, w, f"{at}.attn.{name}", y) for name in ("query", "value"))
    k = ops.linear(y, w[f"{at}.attn.key.weight"], None)
    x = ops.add(x, _linear(ops, w, f"{at}.attn.out", ops.attention(q, k, v, heads=heads)))
    y = ops.gelu(_linear(ops, w, f"{at}.mlp.0", _norm(ops, w, f"{at}.mlp_ln", x)))
    return ops.add(x, _linear(ops, w, f"{at}.mlp.2", y))


def _classify(ops: Ops, w: Weights, at: str, x: Tensor) -> Tensor:
    return _linear(ops, w, f"{at}.1", _norm(ops, w, f"{at}.0", x))


def _norm(ops: Ops, w: Weights, at: str, x: Tensor) -> Tensor:
    return ops.layer_norm(x, w[f"{at}.weight"], w[f"{at}.bias"])


def _linear(ops: Ops, w: Weights, at: str, x: Tensor) -> Tensor:
    return ops.linear(x, w[f"{at}.weight"], w[f"{at}.bias"])
