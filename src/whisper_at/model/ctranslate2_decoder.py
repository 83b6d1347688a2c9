"""Whisper's decoder in CTranslate2, from a model file that carries no second encoder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from whisper_at.errors import OptionError
from whisper_at.model.decoder import Alignment, Features, Hypothesis, Search
from whisper_at.timegrid import FRAMES_PER_STEP


class CTranslate2Decoder:
    """A `Decoder` on any device that CTranslate2 runs on.

    Samples are not quite those of their seed: CTranslate2 4.8 heeds the first seed only (its issue 1757).

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
        self,
        features: Features,
        prompts: Sequence[Sequence[int]],
        search: Search,
        *,
        seeds: Sequence[int] | None = None,
        rows: Sequence[int] | None = None,
        until: Sequence[float] | None = None,
    ) -> list[Hypothesis]:
        seeds = seeds or [0] * len(prompts)
        chosen = features if rows is None else features[list(rows)]
        if search.temperature > 0:  # a seed for each window
            return [
                self._generate(chosen[i : i + 1], [prompt], search, seed)[0]
                for i, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True))
            ]
        return self._generate(chosen, prompts, search, 0)

    def _generate(
        self, features: Features, prompts: Sequence[Sequence[int]], search: Search, seed: int
    ) -> list[Hypothesis]:
        sampling: dict[str, Any] = {"beam_size": search.beam_size, "patience": search.patience}
        if search.temperature > 0:
            self._seed(seed)
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
            no_repeat_ngram_size=search.no_repeat_ngram_size,
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
