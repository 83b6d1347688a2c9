"""The canonical folder: what published CTranslate2 models of Whisper consist of, written from other forms."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whisper_at.files import write_atomically
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.formats import vocabulary
from whisper_at.model.formats.ctranslate2_bin import write_bin
from whisper_at.model.formats.layout import Canonical

Heads = Sequence[tuple[int, int]]  # (layer, head) of the decoder's cross-attention


def write_folder(
    folder: Path,
    model: Canonical,
    tokenizer: Mapping[str, Any],
    *,
    alignment_heads: Heads | None = None,
    known: Mapping[str, Any] | None = None,
) -> None:
    """Writes model.bin, config.json, tokenizer.json, vocabulary.json, and how many bands there are if not 80.

    Args:
        tokenizer: what the model's tokenizer.json holds.
        alignment_heads: heads whose attention follows the words in time; by default all of the upper half.
        known: what a generation_config.json of Hugging Face says; where it is silent, the tokenizer answers.
    """
    tokens = vocabulary.with_timestamps(vocabulary.tokens_of(tokenizer), model.dims.n_vocab)
    write_bin(folder / "model.bin", model, model.aliases)
    _write_json(folder / "config.json", _config(model.dims, tokenizer, tokens, alignment_heads, known or {}))
    _write_json(folder / "tokenizer.json", tokenizer)
    _write_json(folder / "vocabulary.json", tokens)
    if model.dims.n_mels != 80:
        _write_json(folder / "preprocessor_config.json", preprocessor_config(model.dims.n_mels))


def _config(
    dims: Dimensions,
    tokenizer: Mapping[str, Any],
    tokens: Sequence[str],
    alignment_heads: Heads | None,
    known: Mapping[str, Any],
) -> dict[str, Any]:
    never, not_first = vocabulary.suppressed_ids(tokenizer)
    languages = (known.get("lang_to_id") or {}).values() or vocabulary.language_ids(tokens)
    upper_half = [
        (i, j) for i in range(dims.n_text_layers // 2, dims.n_text_layers) for j in range(dims.n_heads)
    ]
    heads = known.get("alignment_heads") or alignment_heads or upper_half
    return {
        "alignment_heads": [list(pair) for pair in heads],
        "lang_ids": sorted(languages),
        "suppress_ids": never if known.get("suppress_tokens") is None else known["suppress_tokens"],
        "suppress_ids_begin": known.get("begin_suppress_tokens", not_first),
    }


def preprocessor_config(n_mels: int) -> dict[str, Any]:
    """How the log-mel spectrogram is made, in the words of Hugging Face's file."""
    return {
        "chunk_length": 30,
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": n_mels,
        "hop_length": 160,
        "n_fft": 400,
        "n_samples": 480000,
        "nb_max_frames": 3000,
        "padding_side": "right",
        "padding_value": 0.0,
        "processor_class": "WhisperProcessor",
        "return_attention_mask": False,
        "sampling_rate": 16000,
    }


def _write_json(path: Path, value: Any) -> None:
    with write_atomically(path, "w") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
