"""The text decoder behind a narrow interface: features in; hypotheses, alignments and languages out.

Features come from our own encoder. Two decoders fill the interface, and are compared with each other in the tests: our
own graph (`graph_decoder`), the fastest on processors, and CTranslate2's (`ctranslate2_decoder`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.float32]  # [batch, step, dim]


@dataclass(frozen=True, kw_only=True)
class Search:
    """How hypotheses are looked for: by beam at temperature 0, by the best of several samples above it."""

    beam_size: int = 5
    best_of: int = 5
    patience: float = 1.0
    length_penalty: float = 1.0
    temperature: float = 0.0
    suppress_tokens: tuple[int, ...] = (-1,)  # the symbols that the model's config.json lists
    no_repeat_ngram_size: int = 0  # no run of so many tokens is written twice; 0 allows all
    suppress_blank: bool = True
    max_initial_timestamp_index: int = 50  # 1 s
    max_length: int = 448


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """The tokens of a window, the mean of their log probabilities, and how probable it is that nobody speaks."""

    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """Which token lies at which step of a window, in order, and the probability of each text token."""

    tokens: npt.NDArray[np.int64]  # [path], indices into the text tokens
    steps: npt.NDArray[np.int64]  # [path]
    probabilities: npt.NDArray[np.float32]  # [token]


class Decoder(Protocol):
    """What a transcriber asks for."""

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
        """The best hypothesis for each window of a batch.

        Args:
            rows: the windows that are decoded, by their place in the features; all of them if not given.
            prompts, seeds: for each of these. A seed is that of a window's samples, 0 if not given.
            until: seconds of each window up to which somebody speaks: a text with times does not end a second or more
                before. A decoder that cannot heed it passes over it.
        """
        ...

    def align(
        self, features: Features, start: Sequence[int], text: Sequence[int], n_frames: int
    ) -> Alignment:
        """When each of the text tokens is said in one window, of whose frames `n_frames` are real."""
        ...

    def detect_language(self, features: Features) -> list[Mapping[str, float]]:
        """Probability of each language code, for each window of a batch."""
        ...
