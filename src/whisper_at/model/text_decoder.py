"""Whisper's text decoder as a network: tokens in, logits of the next ones out.

It reads on from where it stopped: keys and values of earlier tokens are remembered by the `ops`. Several hypotheses of
one window are read at once, as one row of tokens whose mask says which earlier token belongs to which hypothesis:

    tokens read so far     <sot> <en>    The  A     cat  dog  cat      one pool a window
    hypothesis "The dog"     x     x      x               x
    hypothesis "A cat"       x     x           x               x       its row of the mask

So hypotheses share what they have in common, none is ever copied, and the window's features are read once for all.
Weights carry the names of CTranslate2's model files.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from whisper_at.model.dimensions import STATE_PER_HEAD, Dimensions
from whisper_at.model.ops import Ops, Tensor, Weights

Memory = tuple[Annotated[Tensor, "batch head dim step"], Annotated[Tensor, "batch head step dim"]]
"""A layer's keys and values of a window: what its cross-attention reads at every token."""


SELDOM_READ = ("position_encodings/encodings",)  # a row at a time


def remember_window(
    ops: Ops, w: Weights, dims: Dimensions, features: Annotated[Tensor, "batch step dim"]
) -> list[Memory]:
    """Keys and values of the features for each layer: computed once a window, narrow, with the scale of attention."""
    memories = []
    for i in range(dims.n_text_layers):
        both = _linear(ops, w, f"decoder/layer_{i}/attention/linear_1", features)
        keys, values = (ops.by_head(x, dims.n_heads) for x in ops.chunks(both, 2))
        keys = ops.transpose(ops.multiply(keys, w["scale"]), (0, 1, 3, 2))
        memories.append((ops.narrow(keys), ops.narrow(values)))
    return memories


def read_tokens(
    ops: Ops,
    w: Weights,
    dims: Dimensions,
    tokens: Annotated[Tensor, "batch time"],
    positions: Annotated[Tensor, "batch time"],
    mask: Annotated[Tensor, "batch one time all"],
    wanted: Annotated[Tensor, "place"],
    memories: Sequence[Memory],
) -> Annotated[Tensor, "batch place vocab"]:
    """Logits of what follows the tokens at the wanted places.

    Args:
        positions: of each token in its own hypothesis.
        mask: 0 where a token sees another one of all that were read (these last), else minus infinity.
        wanted: indices into the tokens' time.
    """
    x = ops.add(
        ops.rows(w["decoder/embeddings/weight"], tokens),
        ops.rows(w["decoder/position_encodings/encodings"], positions),
    )
    for i, (keys, values) in enumerate(memories):
        at = f"decoder/layer_{i}"
        y = _norm(ops, w, f"{at}/self_attention/layer_norm", x)
        q, k, v = ops.chunks(_linear(ops, w, f"{at}/self_attention/linear_0", y), 3)
        y = ops.attention(q, k, v, heads=dims.n_heads, mask=mask, memory=at)
        x = ops.add(x, _linear(ops, w, f"{at}/self_attention/linear_1", y))
        y = _norm(ops, w, f"{at}/attention/layer_norm", x)
        q = ops.by_head(_linear(ops, w, f"{at}/attention/linear_0", y), dims.n_heads)
        share = ops.softmax(ops.matmul(ops.narrow(q), keys))
        y = ops.from_heads(ops.widen(ops.matmul(share, values)))
        x = ops.add(x, _linear(ops, w, f"{at}/attention/linear_2", y))
        y = _norm(ops, w, f"{at}/ffn/layer_norm", x)
        y = ops.gelu(_linear(ops, w, f"{at}/ffn/linear_0", y))
        x = ops.add(x, _linear(ops, w, f"{at}/ffn/linear_1", y))
    x = _norm(ops, w, "decoder/layer_norm", ops.rows_of(x, wanted))
    return ops.linear(x, w["decoder/embeddings/weight"], None)


def decoder_weights(ops: Ops, variables: Mapping[str, npt.NDArray[Any]]) -> Weights:
    """The decoder's part of a weight file, as constants of the network; matrices are compact if the ops can."""
    weights: dict[str, Tensor] = {"scale": ops.weight(np.full(1, STATE_PER_HEAD**-0.5, np.float32))}
    for name, array in variables.items():
        if name.startswith("decoder/") and array.ndim > 0:
            read_whole = array.ndim == 2 and not name.endswith(SELDOM_READ)
            weights[name] = ops.compact(array) if read_whole else ops.weight(array)
    return weights


def _norm(ops: Ops, w: Weights, at: str, x: Tensor) -> Tensor:
    return ops.layer_norm(x, w[f"{at}/gamma"], w[f"{at}/beta"])


def _linear(ops: Ops, w: Weights, at: str, x: Tensor) -> Tensor:
    return ops.linear(x, w[f"{at}/weight"], w[f"{at}/bias"])
