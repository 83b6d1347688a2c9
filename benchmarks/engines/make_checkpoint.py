"""A CTranslate2 file as the checkpoint that openai-whisper loads: `make_checkpoint.py model.bin out.pt`.

So that all engines hear with the same numbers. Runs in the environment of an engine that has torch.
"""

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np

Variables = dict[str, Any]  # arrays by name; numpy types stay out of this script's promises
NUMPY_TYPES = [np.float32, np.int8, np.int16, np.int32, np.float16]


def read(path: Path) -> Variables:
    """The variables of a CTranslate2 file of version 6: little endian, a string has its length and a NUL."""
    data, at = path.read_bytes(), 0

    def number(kind: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from("<" + kind, data, at)
        at += struct.calcsize(kind)
        return int(value)

    def string() -> str:
        nonlocal at
        length = number("H")
        at += length
        return data[at - length : at - 1].decode()

    number("I"), string(), number("I")  # file version, model kind, its revision
    variables = {}
    for _ in range(number("I")):
        name = string()
        shape = [number("I") for _ in range(number("B"))]
        kind, length = number("B"), number("I")
        variables[name] = np.frombuffer(data[at : at + length], NUMPY_TYPES[kind]).reshape(shape)
        at += length
    return variables


def block(source: Variables, side: str, i: int) -> Variables:
    """One residual block in openai-whisper's names."""
    path, out = f"{side}/layer_{i}", {}

    def linear(name: str, weight: Any, bias: Any) -> None:
        out[f"{name}.weight"], out[f"{name}.bias"] = weight, bias

    def take(name: str, inner: str) -> None:
        linear(name, source[f"{path}/{inner}/weight"], source[f"{path}/{inner}/bias"])

    def norm(name: str, inner: str) -> None:
        linear(name, source[f"{path}/{inner}/gamma"], source[f"{path}/{inner}/beta"])

    def attention(name: str, inner: str, *stacked: str) -> None:
        weights = np.concatenate([source[f"{path}/{inner}/{s}/weight"] for s in stacked])
        biases = np.concatenate([source[f"{path}/{inner}/{s}/bias"] for s in stacked])
        q, k, v = np.split(weights, 3)
        q_bias, k_bias, v_bias = np.split(biases, 3)
        assert not k_bias.any(), "Whisper's keys have no bias"
        linear(f"{name}.query", q, q_bias)
        out[f"{name}.key.weight"] = k
        linear(f"{name}.value", v, v_bias)
        take(f"{name}.out", f"{inner}/linear_{len(stacked)}")
        norm(f"{name}_ln", f"{inner}/layer_norm")

    attention("attn", "self_attention", "linear_0")
    if side == "decoder":
        attention("cross_attn", "attention", "linear_0", "linear_1")
    norm("mlp_ln", "ffn/layer_norm")
    take("mlp.0", "ffn/linear_0")
    take("mlp.2", "ffn/linear_1")
    return {f"{side}.blocks.{i}.{name}": value for name, value in out.items()}


def checkpoint(source: Variables) -> dict[str, Any]:
    """Dimensions, and weights as arrays, by the names that openai-whisper's `load_model` wants."""
    layers = {
        side: sum(n.startswith(f"{side}/layer_") and n.endswith("/ffn/linear_0/weight") for n in source)
        for side in ("encoder", "decoder")
    }
    weights: Variables = {}
    for side, norm in (("encoder", "ln_post"), ("decoder", "ln")):
        for i in range(layers[side]):
            weights |= block(source, side, i)
        weights[f"{side}.positional_embedding"] = source[f"{side}/position_encodings/encodings"]
        weights[f"{side}.{norm}.weight"] = source[f"{side}/layer_norm/gamma"]
        weights[f"{side}.{norm}.bias"] = source[f"{side}/layer_norm/beta"]
    for name in ("conv1", "conv2"):
        weights[f"encoder.{name}.weight"] = source[f"encoder/{name}/weight"]
        weights[f"encoder.{name}.bias"] = source[f"encoder/{name}/bias"]
    weights["decoder.token_embedding.weight"] = source["decoder/embeddings/weight"]
    n_state, n_mels, _ = source["encoder/conv1/weight"].shape
    dims = {
        "n_mels": n_mels,
        "n_vocab": len(source["decoder/embeddings/weight"]),
        "n_audio_ctx": len(source["encoder/position_encodings/encodings"]),
        "n_audio_state": n_state,
        "n_audio_head": int(source["encoder/num_heads"]),
        "n_audio_layer": layers["encoder"],
        "n_text_ctx": len(source["decoder/position_encodings/encodings"]),
        "n_text_state": n_state,
        "n_text_head": int(source["decoder/num_heads"]),
        "n_text_layer": layers["decoder"],
    }
    return {"dims": dims, "model_state_dict": weights}


def main(model_bin: str, out: str) -> None:
    """Writes the checkpoint."""
    import torch

    made = checkpoint(read(Path(model_bin)))
    state = {name: torch.from_numpy(np.array(array)) for name, array in made["model_state_dict"].items()}
    torch.save(made | {"model_state_dict": state}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
