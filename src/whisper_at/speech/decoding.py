"""One window to its best hypothesis: search, and search again where the text does not look right."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from whisper_at.model.decoder import Decoder, Features, Hypothesis, Search
from whisper_at.speech.options import SpeechOptions
from whisper_at.speech.tokenizer import Tokenizer


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The hypothesis that was kept for a window, and what speaks for and against it.

    `temperature` is the hypothesis's own; `last_temperature` is the last one that was tried, which says how far
    the window was from passing the tests.
    """

    tokens: tuple[int, ...]
    text: str
    temperature: float
    last_temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float

    def is_silent(self, options: SpeechOptions) -> bool:
        """Whether nobody speaks: the model says so, and its text is not probable enough to doubt that."""
        if options.no_speech_threshold is None or self.no_speech_prob <= options.no_speech_threshold:
            return False
        return options.logprob_threshold is None or self.avg_logprob <= options.logprob_threshold


def compression_ratio(text: str) -> float:
    """How much zlib shrinks a text; loops shrink a lot (openai-whisper's measure).

    >>> compression_ratio("no loop here") < 1 < 2.4 < compression_ratio("again " * 20)
    True
    """
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded))


def decode_with_fallback(
    decoder: Decoder,
    tokenizer: Tokenizer,
    features: Features,
    prompt: Sequence[int],
    search: Search,
    options: SpeechOptions,
) -> Decoded:
    """Decode one window [1, step, dim] at rising temperatures until a text passes the tests.

    Where none passes, the most probable one that is no loop is kept (as faster-whisper does; openai-whisper keeps
    the one of the last temperature). The features are the same each time: nothing is encoded twice.
    """
    tried: list[Decoded] = []
    for temperature in options.temperatures:
        (hypothesis,) = decoder.generate(features, [prompt], replace(search, temperature=temperature))
        decoded = _with_text(tokenizer, hypothesis, temperature)
        if not _needs_fallback(decoded, options):
            return decoded
        tried.append(decoded)
    no_loops = [d for d in tried if not _is_loop(d, options)]
    best = max(no_loops or tried, key=lambda d: d.avg_logprob)
    return replace(best, last_temperature=tried[-1].temperature)


def _with_text(tokenizer: Tokenizer, hypothesis: Hypothesis, temperature: float) -> Decoded:
    text = tokenizer.decode(hypothesis.tokens).strip()
    return Decoded(
        tokens=hypothesis.tokens,
        text=text,
        temperature=temperature,
        last_temperature=temperature,
        avg_logprob=hypothesis.avg_logprob,
        compression_ratio=compression_ratio(text),
        no_speech_prob=hypothesis.no_speech_prob,
    )


def _is_loop(decoded: Decoded, options: SpeechOptions) -> bool:
    threshold = options.compression_ratio_threshold
    return threshold is not None and decoded.compression_ratio > threshold


def _needs_fallback(decoded: Decoded, options: SpeechOptions) -> bool:
    improbable = options.logprob_threshold is not None and decoded.avg_logprob < options.logprob_threshold
    return (_is_loop(decoded, options) or improbable) and not decoded.is_silent(options)
