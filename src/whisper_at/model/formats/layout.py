"""The canonical variables, and what OpenAI and Hugging Face call their parts.

In: arrays by their foreign names. Out: a mapping from canonical names to arrays, each made when asked for, so
that a model of 3 GB is converted one variable at a time.

    self_attention/linear_0   query, key, value, one under the other; Whisper's keys have no bias: zeros
    attention/linear_0, 1, 2  cross-attention: query; key and value; out
    layer_norm                gamma, beta for weight, bias
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.errors import WeightsError
from whisper_at.model.dimensions import Dimensions

Array = npt.NDArray[Any]
GELU = 3  # CTranslate2's number for it
EMBEDDING, PROJECTION = "decoder/embeddings/weight", "decoder/projection/weight"


@dataclass(frozen=True, kw_only=True)
class Names:
    """How one family of files calls the parts of Whisper; `{i}` is the layer."""

    family: str
    layer: Mapping[str, str]  # "encoder" or "decoder" -> prefix of a layer's parts
    parts: Mapping[str, tuple[str, ...]]  # canonical part of a layer -> the parts it is stacked from
    others: Mapping[str, str]  # canonical module or variable outside the layers -> its name


OPENAI = Names(
    family="OpenAI",
    layer={"encoder": "encoder.blocks.{i}.", "decoder": "decoder.blocks.{i}."},
    parts={
        "self_attention/layer_norm": ("attn_ln",),
        "self_attention/linear_0": ("attn.query", "attn.key", "attn.value"),
        "self_attention/linear_1": ("attn.out",),
        "attention/layer_norm": ("cross_attn_ln",),
        "attention/linear_0": ("cross_attn.query",),
        "attention/linear_1": ("cross_attn.key", "cross_attn.value"),
        "attention/linear_2": ("cross_attn.out",),
        "ffn/layer_norm": ("mlp_ln",),
        "ffn/linear_0": ("mlp.0",),
        "ffn/linear_1": ("mlp.2",),
    },
    others={
        "encoder/conv1": "encoder.conv1",
        "encoder/conv2": "encoder.conv2",
        "encoder/layer_norm": "encoder.ln_post",
        "encoder/position_encodings/encodings": "encoder.positional_embedding",
        "decoder/embeddings/weight": "decoder.token_embedding.weight",
        "decoder/layer_norm": "decoder.ln",
        "decoder/position_encodings/encodings": "decoder.positional_embedding",
    },
)

HUGGING_FACE = Names(
    family="Hugging Face",
    layer={"encoder": "model.encoder.layers.{i}.", "decoder": "model.decoder.layers.{i}."},
    parts={
        "self_attention/layer_norm": ("self_attn_layer_norm",),
        "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        "self_attention/linear_1": ("self_attn.out_proj",),
        "attention/layer_norm": ("encoder_attn_layer_norm",),
        "attention/linear_0": ("encoder_attn.q_proj",),
        "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
        "attention/linear_2": ("encoder_attn.out_proj",),
        "ffn/layer_norm": ("final_layer_norm",),
        "ffn/linear_0": ("fc1",),
        "ffn/linear_1": ("fc2",),
    },
    others={
        "encoder/conv1": "model.encoder.conv1",
        "encoder/conv2": "model.encoder.conv2",
        "encoder/layer_norm": "model.encoder.layer_norm",
        "encoder/position_encodings/encodings": "model.encoder.embed_positions.weight",
        "decoder/embeddings/weight": "model.decoder.embed_tokens.weight",
        "decoder/layer_norm": "model.decoder.layer_norm",
        "decoder/position_encodings/encodings": "model.decoder.embed_positions.weight",
    },
)


class Canonical(Mapping[str, Array]):
    """Foreign arrays under canonical names, sorted, as float16: what the published files of Whisper hold.

    `get` answers a foreign name with its array; `shapes` are those of all that there are.
    """

    def __init__(
        self, get: Callable[[str], Array], shapes: Mapping[str, tuple[int, ...]], names: Names, origin: Path
    ):
        """Finds out which parts make which variable.

        Raises:
            WeightsError: if a part is missing, or its size is none that a Whisper has.
        """
        self._get, self._shapes, self._origin = get, shapes, origin
        n_layers = {side: _count(shapes, names, side) for side in ("encoder", "decoder")}
        self._sources = dict(_sources(names, n_layers))
        self._check(names)
        self.dims = Dimensions.of({name: self._stacked_shape(name) for name in self._sources})
        self._constants = _constants(self.dims)
        self._order = sorted([*self._sources, *self._constants])

    def _check(self, names: Names) -> None:
        for name, parts in self._sources.items():
            for part in parts:
                if part not in self._shapes and not _is_key_bias(name, part):
                    raise WeightsError(
                        f"{self._origin} is no whole Whisper model in {names.family}'s layout: no {part}"
                    )

    def _stacked_shape(self, name: str) -> tuple[int, ...]:
        parts = self._sources[name]
        first, *others = self._shapes[parts[-1]]  # the last one: a key's bias may be missing
        return (first * len(parts), *others)

    @property
    def aliases(self) -> dict[str, str]:
        """The output layer is the embedding, unless the model has one of its own."""
        return {} if PROJECTION in self._sources else {PROJECTION: EMBEDDING}

    def __getitem__(self, name: str) -> Array:
        if name in self._constants:
            return self._constants[name]
        parts = self._sources[name]
        arrays = [self._get(part) if part in self._shapes else None for part in parts]
        given = next(array for array in arrays if array is not None)
        whole = np.concatenate([np.zeros_like(given) if array is None else array for array in arrays])
        with np.errstate(over="ignore"):
            half = whole.astype(np.float16)
        if not np.isfinite(half).all():
            raise WeightsError(
                f"{self._origin} holds values in {name} that are not finite in float16: no use for it"
            )
        return half

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)


def _sources(names: Names, n_layers: Mapping[str, int]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every canonical variable with the foreign ones that it is stacked from."""
    for module, foreign in names.others.items():
        if module.endswith(("/weight", "/encodings")):
            yield module, (foreign,)
        else:
            yield from _weight_and_bias(module, (foreign,))
    for side, n in n_layers.items():
        for i in range(n):
            for part, foreign_parts in names.parts.items():
                if side == "encoder" and part.startswith("attention/"):
                    continue  # only the decoder looks at another sequence
                prefix = names.layer[side].format(i=i)
                yield from _weight_and_bias(
                    f"{side}/layer_{i}/{part}", tuple(prefix + p for p in foreign_parts)
                )


def _weight_and_bias(module: str, parts: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    weight, bias = ("gamma", "beta") if module.endswith("layer_norm") else ("weight", "bias")
    yield f"{module}/{weight}", tuple(f"{part}.weight" for part in parts)
    yield f"{module}/{bias}", tuple(f"{part}.bias" for part in parts)


def _is_key_bias(name: str, part: str) -> bool:
    return name.endswith(("/linear_0/bias", "/linear_1/bias")) and part.endswith(
        (".key.bias", ".k_proj.bias")
    )


def _count(shapes: Mapping[str, tuple[int, ...]], names: Names, side: str) -> int:
    n = 0
    while f"{names.layer[side].format(i=n)}{names.parts['ffn/linear_0'][0]}.weight" in shapes:
        n += 1
    return n


def _constants(dims: Dimensions) -> dict[str, Array]:
    """What CTranslate2 wants to know of the architecture."""
    return {
        "decoder/activation": np.array(GELU, np.int8),
        "decoder/alibi": np.array(0, np.int8),
        "decoder/alignment_heads": np.array(1, np.int16),
        "decoder/alignment_layer": np.array(-1, np.int16),
        "decoder/num_heads": np.array(dims.n_heads, np.int16),
        "decoder/pre_norm": np.array(1, np.int8),
        "decoder/scale_embeddings": np.array(0, np.int8),
        "decoder/start_from_zero_embedding": np.array(0, np.int8),
        "encoder/num_heads": np.array(dims.n_heads, np.int16),
    }
