"""Whisper and heads in miniature, with random weights: all shapes, no knowledge."""

import numpy as np

from tests.model.whisper_files import small_whisper
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.encoder import POSITIONS, encode, steps_of_block
from whisper_at.model.head_file import HeadCard
from whisper_at.model.ops.numpy import NumpyOps
from whisper_at.tagging import ontology

TINY = Dimensions(n_mels=80, n_state=128, n_heads=2, n_layers=3, n_text_layers=1, n_vocab=51864)
AUDIOSET = {label.mid: label.name for label in ontology.labels()}


def encoder_variables(dims=TINY, seed=0):
    """Random variables of an encoder under their canonical names."""
    whole = small_whisper(
        n_mels=dims.n_mels, n_layers=dims.n_layers, n_state=dims.n_state, n_vocab=1, seed=seed
    )
    encoder = {name: array for name, array in whole.items() if name.startswith("encoder/")}
    return {name: array.astype(np.float32) if array.ndim else array for name, array in encoder.items()}


def every_step(weights, mel, dims=TINY):
    """The oracle's features [batch, step, dim] and taps of each step by itself [batch, layer, step, dim]."""
    n_steps = weights[POSITIONS].shape[0]
    block = steps_of_block(n_steps)
    alone = np.tile(np.eye(block), (len(mel) * n_steps // block, 1, 1))
    features, taps = encode(NumpyOps(), weights, dims, mel.astype(float), alone)
    taps = taps.reshape(len(mel), -1, *taps.shape[1:]).swapaxes(1, 2)
    return features, taps.reshape(*taps.shape[:2], n_steps, -1)


def decoder_variables(dims=TINY, seed=1):
    """Random variables of a text decoder under their canonical names."""
    rng = np.random.default_rng(seed)
    d = dims.n_state

    def normal(*shape):
        return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)

    variables = {
        "decoder/embeddings/weight": normal(dims.n_vocab, d),
        "decoder/position_encodings/encodings": normal(448, d),
        "decoder/layer_norm/gamma": 1 + normal(d),
        "decoder/layer_norm/beta": normal(d),
    }
    for i in range(dims.n_text_layers):
        at = f"decoder/layer_{i}"
        for part in ("self_attention", "attention", "ffn"):
            variables[f"{at}/{part}/layer_norm/gamma"] = 1 + normal(d)
            variables[f"{at}/{part}/layer_norm/beta"] = normal(d)
        for name, (n_out, n_in) in {
            "self_attention/linear_0": (3 * d, d),
            "self_attention/linear_1": (d, d),
            "attention/linear_0": (d, d),
            "attention/linear_1": (2 * d, d),
            "attention/linear_2": (d, d),
            "ffn/linear_0": (4 * d, d),
            "ffn/linear_1": (d, 4 * d),
        }.items():
            variables[f"{at}/{name}/weight"] = normal(n_out, n_in)
            variables[f"{at}/{name}/bias"] = normal(n_out)
    return variables


def head_arrays(
    architecture, *, n_state=128, n_layers=3, n_labels=527, down=None, seed=0, hidden=48, blocks=1
):
    """Random weights of a head in the published layout (without prefix); hidden and blocks are of `cell-mlp`."""
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

    last = hidden if architecture == "cell-mlp" else width
    arrays = norm("mlp_layer.0", last) | linear("mlp_layer.1", n_labels, last)
    if architecture == "cell-mlp":
        arrays |= {
            "layer_norm.weight": 1 + normal(n_layers, width),
            "layer_norm.bias": normal(n_layers, width),
        }
        arrays |= linear("hidden", hidden, n_layers * width)
        for i in range(blocks):
            arrays |= norm(f"blocks.{i}.0", hidden)
            arrays |= linear(f"blocks.{i}.1", 2 * hidden, hidden) | linear(
                f"blocks.{i}.2", hidden, 2 * hidden
            )
    if down:
        arrays |= norm("down_layer.0", n_state) | linear("down_layer.1", down, n_state)
    if architecture.endswith("tr"):
        arrays |= block("time_tr", width)
    if architecture == "tl-tr":
        arrays |= block("layer_tr", width)
    if architecture.startswith("wa"):
        arrays["layer_weight"] = rng.uniform(0.1, 1, n_layers).astype(np.float32)
    return arrays


def head_card(labels=AUDIOSET, **fields):
    """The card of a head that has learned all of its labels {mid: name} from the taps of `TINY`."""
    mids, names = tuple(labels), tuple(labels.values())
    usual = {
        "name": "tiny",
        "architecture": "last-mlp",
        "encoder": "tiny-random",
        "n_state": TINY.n_state,
        "n_layers": TINY.n_layers,
        "reported": mids,
    }
    return HeadCard(mids=mids, names=names, **{**usual, **fields})
