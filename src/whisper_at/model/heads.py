"""The tagging heads: from the taps of a row of cells to logits, one a label.

All of the paper's heads (Gong et al., Interspeech 2023, arXiv 2307.03183, section 3) and the two more of its training
code; each is written once over `Ops`. Weights carry the names of the published checkpoints without their prefix.

    last-mlp   last layer, mean over time                       last-tr   last layer, transformer over time
    mean-mlp   mean over layers, mean over time                 mean-tr   mean over layers, transformer over time
    wa-mlp     weighted mean over layers, mean over time        wa-tr     weighted mean, transformer over time
    tl-tr      a transformer over time for each layer, then one over the layers

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

LAYER_HEADS = (
    8  # attention heads of the transformer over layers; the one over time has one (published: "1_8")
)


def apply_head(ops: Ops, w: Weights, taps: Taps, *, architecture: str, time_heads: int = 1) -> Logits:
    """Logits of each row by the head of that name; rows may have any number of cells."""
    if "down_layer.0.weight" in w:
        taps = _classify(ops, w, "down_layer", taps)
    if architecture == "tl-tr":
        return time_layer_transformer(ops, w, taps, time_heads=time_heads)
    which, kind = architecture.split("-")
    x = LAYERS[which](ops, w, taps)
    if kind == "tr":
        x = _block(ops, w, "time_tr", x, heads=time_heads)
    return _classify(ops, w, "mlp_layer", ops.mean(x, axis=1))


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
ARCHITECTURES = ("last-mlp", "mean-mlp", "wa-mlp", "last-tr", "mean-tr", "wa-tr", "tl-tr")


def time_layer_transformer(ops: Ops, w: Weights, taps: Taps, *, time_heads: int = 1) -> Logits:
    """The paper's TL-Tr: attention over time within each layer, then over the layers."""
    n_layers = int(w["n_layers"])
    x = _block(ops, w, "time_tr", ops.merge(taps), heads=time_heads)  # each layer by itself ...
    x = ops.split(ops.mean(x, axis=1), n_layers)
    x = _block(ops, w, "layer_tr", x, heads=LAYER_HEADS)  # ... then the layers among themselves
    return _classify(ops, w, "mlp_layer", ops.mean(x, axis=1))


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
