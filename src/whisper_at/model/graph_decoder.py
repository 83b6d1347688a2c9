"""Whisper's decoder as our own graph: what CTranslate2 finds, found faster on processors.

In: a reader (`OpenVinoReader`) and a decoder that aligns. Out: a `Decoder`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from whisper_at.model.decoder import Alignment, Decoder, Features, Hypothesis, Search
from whisper_at.model.search import Reader, Symbols, search_texts


class WindowReader(Reader, Protocol):
    """A reader that is given the windows too."""

    def remember(self, features: Features) -> None:
        """Take a batch of windows."""
        ...

    def begin(self, rows: Sequence[int] | None = None) -> None:
        """Forget the tokens that were read, not the windows; from now on some of these are read, or all."""
        ...


class GraphDecoder:
    """Search over our own network; alignment is left to another decoder, which is made when first asked.

    Args:
        reader: the network.
        symbols: its special tokens.
        vocabulary: reads all tokens by their number; asked for when a language is to be told.
        aligner: makes the decoder that aligns.
    """

    def __init__(
        self,
        reader: WindowReader,
        symbols: Symbols,
        *,
        vocabulary: Callable[[], Sequence[str]],
        aligner: Callable[[], Decoder],
    ) -> None:
        self._reader, self._symbols = reader, symbols
        self._read_vocabulary, self._make_aligner = vocabulary, aligner
        self._heard: Features | None = None

    def generate(
        self,
        features: Features,
        prompts: Sequence[Sequence[int]],
        search: Search,
        *,
        seeds: Sequence[int] | None = None,
        rows: Sequence[int] | None = None,
        until: Sequence[float] | None = None,
    ) -> list[Hypothesis]:
        """The best hypothesis for each window of a batch."""
        self._begin(features, rows)
        found = search_texts(self._reader, prompts, self._symbols, search, seeds, until)
        return [
            Hypothesis(
                tokens=text.tokens,
                avg_logprob=text.total / (len(text.tokens) + 1),  # the end counts, as in openai-whisper
                no_speech_prob=text.no_speech_prob,
            )
            for text in found
        ]

    def detect_language(self, features: Features) -> list[Mapping[str, float]]:
        """Probability of each language code, for each window of a batch."""
        self._begin(features)
        n = len(features)
        tokens, zero = np.full((n, 1), self._symbols.sot, np.int64), np.zeros((n, 1), np.int64)
        logits = self._reader.read(tokens, zero, np.zeros((n, 1, 1, 1), np.float32), np.zeros(1, np.int64))
        at_languages = logits[:, 0, self._symbols.languages.start : self._symbols.languages.stop]
        shares = np.exp(at_languages - at_languages.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return [dict(zip(self._languages, map(float, row), strict=True)) for row in shares]

    def align(
        self, features: Features, start: Sequence[int], text: Sequence[int], n_frames: int
    ) -> Alignment:
        """When each of the text tokens is said in one window."""
        return self._aligner.align(features, start, text, n_frames)

    @cached_property
    def _languages(self) -> tuple[str, ...]:
        tokens = self._read_vocabulary()
        return tuple(tokens[i].strip("<|>") for i in self._symbols.languages)

    @cached_property
    def _aligner(self) -> Decoder:
        return self._make_aligner()

    def _begin(self, features: Features, rows: Sequence[int] | None = None) -> None:
        """Features that were just heard, as at the next temperature, are remembered still."""
        if features is not self._heard:
            self._reader.remember(features)
            self._heard = features
        self._reader.begin(rows)
