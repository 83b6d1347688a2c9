"""Windows to their best hypotheses: search, and search again where a text does not look right."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from whisper_at.model.decoder import Decoder, Features, Hypothesis, Search
from whisper_at.speech.options import SpeechOptions
from whisper_at.speech.tokenizer import Tokenizer

SURE = -0.3  # mean log probability of a greedy text that a beam is not needed for


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


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A window of a batch: its place in the features, what its text is to follow, and the seed of its samples.

    `until`: seconds of it up to which somebody speaks, if that is known. The first text may not end before; who was
    made to go on and is in doubt may end where it likes.
    """

    row: int
    prompt: Sequence[int]
    seed: int = 0
    until: float = 0.0


def search_of(options: SpeechOptions, tokenizer: Tokenizer) -> Search:
    """How the decoder looks for a text."""
    numerals = tokenizer.numerals if options.suppress_numerals else ()
    return Search(
        beam_size=options.beam_size,
        best_of=options.best_of,
        patience=options.patience,
        length_penalty=options.length_penalty,
        suppress_tokens=(*options.suppress_tokens, *numerals),
        no_repeat_ngram_size=options.no_repeat_ngram_size,
    )


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
    asked: Sequence[Asked],
    search: Search,
    options: SpeechOptions,
    *,
    greedy_first: bool = False,
) -> list[Decoded]:
    """Decode windows of a batch [window, step, dim]; those again, at rising temperatures, whose texts fail the tests.

    Where no text passes, the most probable one that is no loop is kept (as faster-whisper does; openai-whisper keeps
    the one of the last temperature). The features are the same each time: nothing is encoded twice.

    Args:
        greedy_first: try without a beam, and keep the texts that are sure enough.
    """
    kept: dict[int, Decoded] = {}
    tried: dict[int, list[Decoded]] = {one.row: [] for one in asked}
    for i, (attempt, surely) in enumerate(_attempts(search, options, greedy_first=greedy_first)):
        waiting = [one for one in asked if one.row not in kept]
        if not waiting:
            break
        hypotheses = decoder.generate(
            features,
            [one.prompt for one in waiting],
            attempt,
            seeds=[one.seed for one in waiting],
            rows=[one.row for one in waiting],
            until=None if i else [one.until for one in waiting],
        )
        for one, hypothesis in zip(waiting, hypotheses, strict=True):
            decoded = _with_text(tokenizer, hypothesis, attempt.temperature)
            if surely and decoded.avg_logprob < SURE:
                continue
            if not _needs_fallback(decoded, options):
                kept[one.row] = decoded
            tried[one.row].append(decoded)
    return [kept.get(one.row) or _best(tried[one.row], options) for one in asked]


def _attempts(search: Search, options: SpeechOptions, *, greedy_first: bool) -> Iterator[tuple[Search, bool]]:
    """The searches in the order of trying, and whether a text must be sure to be kept."""
    if greedy_first and search.beam_size > 1 and options.temperatures[0] == 0:
        yield replace(search, beam_size=1, patience=1.0, temperature=0.0), True
    for temperature in options.temperatures:
        yield replace(search, temperature=temperature), False


def _best(tried: Sequence[Decoded], options: SpeechOptions) -> Decoded:
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
