"""The text decoder behind a narrow interface: features in; hypotheses, alignments and languages out.

CTranslate2 runs it, from a model file that carries no second encoder; features come from our own encoder.
Another decoder needs nothing but the three methods of `Decoder`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from whisper_at.errors import OptionError
from whisper_at.timegrid import FRAMES_PER_STEP

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
    suppress_blank: bool = True
    max_initial_timestamp_index: int = 50  # 1 s
    max_length: int = 448
    seed: int = 0  # of the samples; CTranslate2 4.8 heeds the first one only (its issue 1757)


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
        self, features: Features, prompts: Sequence[Sequence[int]], search: Search
    ) -> list[Hypothesis]:
        """The best hypothesis for each window of a batch."""
        ...

    def align(
        self, features: Features, start: Sequence[int], text: Sequence[int], n_frames: int
    ) -> Alignment:
        """When each of the text tokens is said in one window, of whose frames `n_frames` are real."""
        ...

    def detect_language(self, features: Features) -> list[Mapping[str, float]]:
        """Probability of each language code, for each window of a batch."""
        ...


class CTranslate2Decoder:
    """Whisper's decoder in CTranslate2.

    Args:
        folder: a CTranslate2 model folder, of whose encoder only the first layer must be there.
        device: `cpu`, `cuda`, or `cuda:1` for the second one.
        threads: 0 lets CTranslate2 choose.
        compute_type: `int8` or `float32`.
    """

    def __init__(
        self, folder: Path, *, device: str = "cpu", threads: int = 0, compute_type: str = "int8"
    ) -> None:
        import ctranslate2

        self._view = ctranslate2.StorageView.from_array
        self._seed = ctranslate2.set_random_seed
        kind, _, index = device.partition(":")
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder),
                device=kind,
                device_index=int(index or 0),
                intra_threads=threads,
                compute_type=compute_type,
            )
        except (ValueError, RuntimeError) as error:
            raise OptionError(f"the decoder cannot run with {compute_type} on {device}: {error}") from error

    def generate(
        self, features: Features, prompts: Sequence[Sequence[int]], search: Search
    ) -> list[Hypothesis]:
        sampling: dict[str, Any] = {"beam_size": search.beam_size, "patience": search.patience}
        if search.temperature > 0:
            self._seed(search.seed)
            sampling = {
                "beam_size": 1,
                "num_hypotheses": search.best_of,
                "sampling_topk": 0,
                "sampling_temperature": search.temperature,
            }
        results = self._model.generate(
            self._view(np.ascontiguousarray(features)),
            [list(prompt) for prompt in prompts],
            length_penalty=search.length_penalty,
            suppress_tokens=list(search.suppress_tokens),
            suppress_blank=search.suppress_blank,
            max_initial_timestamp_index=search.max_initial_timestamp_index,
            max_length=search.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            **sampling,
        )
        return [self._hypothesis(result, search) for result in results]

    def _hypothesis(self, result: Any, search: Search) -> Hypothesis:
        tokens = tuple(result.sequences_ids[0])
        total = result.scores[0] * len(tokens) ** search.length_penalty
        return Hypothesis(
            tokens=tokens,
            avg_logprob=total
            / (len(tokens) + 1),  # the end of the text counts as a token, as in openai-whisper
            no_speech_prob=result.no_speech_prob,
        )

    def align(
        self, features: Features, start: Sequence[int], text: Sequence[int], n_frames: int
    ) -> Alignment:
        (result,) = self._model.align(
            self._view(np.ascontiguousarray(features)),
            list(start),
            [list(text)],
            [max(n_frames, FRAMES_PER_STEP)],  # less than a step would give no path
        )
        path = np.array(result.alignments, np.int64).reshape(-1, 2)
        return Alignment(
            tokens=path[:, 0],
            steps=path[:, 1],
            probabilities=np.array(result.text_token_probs, np.float32),
        )

    def detect_language(self, features: Features) -> list[Mapping[str, float]]:
        found = self._model.detect_language(self._view(np.ascontiguousarray(features)))
        return [{token[2:-2]: probability for token, probability in window} for window in found]
