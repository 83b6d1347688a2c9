"""When each word of a window is said, from the decoder's attention to the features.

In: the segments of a window and its features, which are not encoded again. Out: the segments with their words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from whisper_at.annotation import Segment, Word
from whisper_at.model.decoder import Alignment, Decoder, Features
from whisper_at.speech.tokenizer import SECONDS_PER_TIMESTAMP, Tokenizer
from whisper_at.timegrid import seconds

# ruff: noqa: RUF001 (full-width punctuation is meant)
PREPEND = "\"'“¿([{-"  # openai-whisper's lists: these go with the word after them ...
APPEND = "\"'.。,，!！?？:：”)]}、"  # ... and these with the one before


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """A word in the making: its tokens count towards the segment that it lies in."""

    text: str
    n_tokens: int
    start: float
    end: float
    probability: float


def add_words(
    decoder: Decoder,
    tokenizer: Tokenizer,
    features: Features,
    segments: Sequence[Segment],
    *,
    start: Sequence[int],
    n_frames: int,
    language: str,
) -> list[Segment]:
    """The segments of one window [1, step, dim], with words.

    Words are monotone and lie within their segment; punctuation goes with the word that it belongs to.
    """
    texts = [[t for t in segment.tokens if t < tokenizer.eot] for segment in segments]
    tokens = [t for text in texts for t in text]
    if not tokens:
        return [replace(segment, words=()) for segment in segments]
    alignment = decoder.align(features, start, tokens, n_frames)
    timed = _time_words(alignment, tokenizer.words(tokens, language), offset=seconds(segments[0].seek))
    done: list[Segment] = []
    for segment, text in zip(segments, texts, strict=True):
        mine, timed = _take(timed, len(text))
        done.append(replace(segment, words=_within(segment, _merge_punctuation(mine))))
    return done


def _time_words(
    alignment: Alignment, words: Sequence[tuple[str, list[int]]], *, offset: float
) -> list[_Timed]:
    """A word starts where the path reaches its first token, and ends where it reaches the next word's."""
    first_step = np.full(int(alignment.tokens[-1]) + 2, alignment.steps[-1] + 1)
    for token, step in zip(alignment.tokens[::-1], alignment.steps[::-1], strict=True):
        first_step[token] = step
    timed, at = [], 0
    for text, tokens in words:
        begin, end = (first_step[min(i, len(first_step) - 1)] for i in (at, at + len(tokens)))
        timed.append(
            _Timed(
                text=text,
                n_tokens=len(tokens),
                start=offset + float(begin) * SECONDS_PER_TIMESTAMP,
                end=offset + float(end) * SECONDS_PER_TIMESTAMP,
                probability=float(alignment.probabilities[at : at + len(tokens)].mean()),
            )
        )
        at += len(tokens)
    return timed


def _take(timed: list[_Timed], n_tokens: int) -> tuple[list[_Timed], list[_Timed]]:
    """The words that begin within the next n tokens, and the rest."""
    taken, counted = 0, 0
    while taken < len(timed) and counted < n_tokens:
        counted += timed[taken].n_tokens
        taken += 1
    return timed[:taken], timed[taken:]


def _merge_punctuation(words: list[_Timed]) -> list[_Timed]:
    """`"(" + "well" + ","` as one word, with the times of the spoken part."""
    merged: list[_Timed] = []
    for word in words:
        if merged and merged[-1].text.strip() in PREPEND and merged[-1].text.startswith(" "):
            merged[-1] = replace(word, text=merged[-1].text + word.text)
        elif merged and word.text in APPEND and not merged[-1].text.endswith(" "):
            merged[-1] = replace(merged[-1], text=merged[-1].text + word.text)
        else:
            merged.append(word)
    return merged


def _within(segment: Segment, words: Sequence[_Timed]) -> tuple[Word, ...]:
    def clip(time: float) -> float:
        return round(min(max(time, segment.start), segment.end), 2)

    return tuple(
        Word(word=w.text, start=clip(w.start), end=clip(w.end), probability=w.probability) for w in words
    )
