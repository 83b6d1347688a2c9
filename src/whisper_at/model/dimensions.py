"""How large a Whisper model is, read off the shapes of its variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from whisper_at.errors import WeightsError

STATE_PER_HEAD = 64  # in every Whisper


@dataclass(frozen=True, kw_only=True)
class Dimensions:
    """The sizes that the networks are built from.

    >>> base = Dimensions(n_mels=80, n_state=512, n_heads=8, n_layers=6, n_text_layers=6, n_vocab=51865)
    >>> base.multilingual, base.n_languages
    (True, 99)
    """

    n_mels: int
    n_state: int
    n_heads: int
    n_layers: int  # of the encoder: the taps
    n_text_layers: int  # of the decoder
    n_vocab: int

    @property
    def multilingual(self) -> bool:
        """False for the `.en` models, whose vocabulary is one byte pair shorter."""
        return self.n_vocab >= 51865

    @property
    def n_languages(self) -> int:
        """How many languages it writes: 1, 99, or 100 since large-v3 (Cantonese)."""
        return self.n_vocab - 51766 if self.multilingual else 1

    @classmethod
    def of(cls, shapes: Mapping[str, tuple[int, ...]]) -> "Dimensions":
        """Reads the sizes off the shapes of variables with their canonical names.

        Raises:
            WeightsError: if a variable that every Whisper has is missing, or has no such shape.
        """
        n_state, n_mels, _ = _shape(shapes, "encoder/conv1/weight", 3)
        n_vocab, text_state = _shape(shapes, "decoder/embeddings/weight", 2)
        n_steps, _ = _shape(shapes, "encoder/position_encodings/encodings", 2)
        if n_state % STATE_PER_HEAD or text_state != n_state or n_steps != 1500:
            raise WeightsError(
                f"wanted a Whisper model: a multiple of {STATE_PER_HEAD} values a step, encoder and decoder "
                f"the same, and 1500 steps; found {n_state}, {text_state} and {n_steps}"
            )
        return cls(
            n_mels=n_mels,
            n_state=n_state,
            n_heads=n_state // STATE_PER_HEAD,
            n_layers=_layers(shapes, "encoder"),
            n_text_layers=_layers(shapes, "decoder"),
            n_vocab=n_vocab,
        )


def _shape(shapes: Mapping[str, tuple[int, ...]], name: str, rank: int) -> tuple[int, ...]:
    shape = shapes.get(name)
    if shape is None or len(shape) != rank:
        raise WeightsError(
            f"wanted a Whisper model with {name} of {rank} axes, found {shape or 'no such variable'}"
        )
    return shape


def _layers(shapes: Mapping[str, tuple[int, ...]], side: str) -> int:
    n = 0
    while f"{side}/layer_{n}/ffn/linear_0/weight" in shapes:
        n += 1
    if n == 0:
        raise WeightsError(f"wanted a Whisper model, found no layer in its {side}")
    return n
