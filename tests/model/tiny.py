"""Whisper and heads in miniature, with random weights: all shapes, no knowledge."""

import numpy as np

from whisper_at.model.dimensions import Dimensions

TINY = Dimensions(n_mels=80, n_state=128, n_heads=2, n_layers=3, n_text_layers=1, n_vocab=51864)


def encoder_variables(dims=TINY, seed=0):
    """Random variables of an encoder under their canonical names."""
    rng = np.random.default_rng(seed)
    d = dims.n_state

    def normal(*shape):
        return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)

    variables = {
        "encoder/conv1/weight": normal(d, dims.n_mels, 3),
        "encoder/conv1/bias": normal(d),
        "encoder/conv2/weight": normal(d, d, 3),
        "encoder/conv2/bias": normal(d),
        "encoder/position_encodings/encodings": normal(1500, d),
        "encoder/layer_norm/gamma": 1 + normal(d),
        "encoder/layer_norm/beta": normal(d),
        "encoder/num_heads": np.array(dims.n_heads, np.int16),
    }
    for i in range(dims.n_layers):
        at = f"encoder/layer_{i}"
        for part in ("self_attention", "ffn"):
            variables[f"{at}/{part}/layer_norm/gamma"] = 1 + normal(d)
            variables[f"{at}/{part}/layer_norm/beta"] = normal(d)
        for name, (n_out, n_in) in {
            "self_attention/linear_0": (3 * d, d),
            "self_attention/linear_1": (d, d),
            "ffn/linear_0": (4 * d, d),
            "ffn/linear_1": (d, 4 * d),
        }.items():
            variables[f"{at}/{name}/weight"] = normal(n_out, n_in)
            variables[f"{at}/{name}/bias"] = normal(n_out)
    return variables


def head_arrays(architecture, *, n_state=128, n_layers=3, n_labels=527, down=None, seed=0):
    """Random weights of a head in the published layout (without prefix)."""
    rng = np.random.default_rng(seed)
    width = down or n_state

    def normal(*shape):
        return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)

    def norm(at, d):
        return {f"{at}.weight": 1 + normal(d), f"{at}.bias": normal(d)}

    def linear(at, n_out, n_in):
        return {f"{at}.weight": normal(n_out, n_in), f"{at}.bias": normal(n_out)}

    def block(at, d):
        arrays = {f"{at}.attn.key.weight": normal(d, d)}
        for name in ("query", "value", "out"):
            arrays |= linear(f"{at}.attn.{name}", d, d)
        arrays |= norm(f"{at}.attn_ln", d) | norm(f"{at}.mlp_ln", d)
        return arrays | linear(f"{at}.mlp.0", 4 * d, d) | linear(f"{at}.mlp.2", d, 4 * d)

    arrays = norm("mlp_layer.0", width) | linear("mlp_layer.1", n_labels, width)
    if down:
        arrays |= norm("down_layer.0", n_state) | linear("down_layer.1", down, n_state)
    if architecture.endswith("tr"):
        arrays |= block("time_tr", width)
    if architecture == "tl-tr":
        arrays |= block("layer_tr", width)
    if architecture.startswith("wa"):
        arrays["layer_weight"] = rng.uniform(0.1, 1, n_layers).astype(np.float32)
    return arrays
