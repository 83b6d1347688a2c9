"""When each word of a window is said, from the decoder's attention to the features.

In: the segments of a window and its features, which are not encoded again. Out: the segments with their words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from whisper_at.annotation import Segment, Word
from whisper_at.model.decoder import Alignment, Decoder, Features
from whisper_at.speech.tokenizer import SECONDS_PER_TIMESTAMP, Tokenizer
from whisper_at.timegrid import seconds

# ruff: noqa: RUF001 (full-width punctuation is meant)
PREPEND = frozenset("\"'“¿([{-")  # openai-whisper's lists: a run of these goes with the word after it ...
APPEND = frozenset("\"'.。,，!！?？:：”)]}、")  # ... and of these with the one before
SENTENCE_ENDS = tuple(".。!！?？")
CLOSING = "\"'”)]}"  # may follow the end of a sentence
SLACK = 0.5  # s that words may lie outside the model's own segment, whose times are rough


def _ends_sentence(text: str) -> bool:
    return text.rstrip(CLOSING).endswith(SENTENCE_ENDS)


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

    Words are monotone; punctuation goes with the word that it belongs to. A segment starts and ends with its
    words, and they lie no more than half a second outside the times that the model wrote for it.
    """
    texts = [[t for t in segment.tokens if t < tokenizer.eot] for segment in segments]
    tokens = [t for text in texts for t in text]
    if not tokens:
        return [replace(segment, words=()) for segment in segments]
    alignment = decoder.align(features, start, tokens, n_frames)
    words = [word for text in texts for word in tokenizer.words(text, language)]  # none reaches into the next
    timed = _time_words(alignment, words, offset=seconds(segments[0].seek))
    longest, end = _longest(timed), seconds(segments[0].seek + n_frames)
    done: list[Segment] = []
    for segment, text in zip(segments, texts, strict=True):
        mine, timed = _take(timed, len(text))
        spoken = _without_pauses(_merge_punctuation(mine), longest)
        done.append(_with_words(segment, spoken, end))
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
        if merged and merged[-1].text.startswith(" ") and set(merged[-1].text.strip()) <= PREPEND:
            merged[-1] = replace(word, text=merged[-1].text + word.text)
        elif merged and set(word.text) <= APPEND and not merged[-1].text.endswith(" "):
            merged[-1] = replace(merged[-1], text=merged[-1].text + word.text)
        else:
            merged.append(word)
    return merged


def _longest(words: Sequence[_Timed]) -> float:
    """What a word beside a pause may last: twice the median of the window, as in openai-whisper."""
    durations = [word.end - word.start for word in words if word.end > word.start]
    return 2 * min(0.7, median(durations)) if durations else 0.0


def _without_pauses(words: Sequence[_Timed], longest: float) -> list[_Timed]:
    """The words of a segment without the silence around sentences.

    The path has to spend a pause somewhere: it goes to the last word before it, or the first one after it.
    """
    done = []
    for i, word in enumerate(words):
        start, end = word.start, word.end
        if i == 0 or _ends_sentence(words[i - 1].text):
            start = max(start, end - longest)
        if i == len(words) - 1 or _ends_sentence(word.text):
            end = min(end, start + longest)
        done.append(replace(word, start=start, end=end))
    return done


def _with_words(segment: Segment, timed: Sequence[_Timed], end: float) -> Segment:
    """The segment between its first and its last word; `end` is that of the window."""
    low, high = segment.start - SLACK, min(segment.end + SLACK, end)

    def clip(time: float) -> float:
        return round(min(max(time, low), high), 2)

    words = tuple(
        Word(word=w.text, start=clip(w.start), end=clip(w.end), probability=w.probability) for w in timed
    )
    if not words:
        return replace(segment, words=words)
    first, last = words[0].start, words[-1].end
    if first == last:  # all at one moment: the model's own times tell more
        first, last = min(first, segment.start), max(last, segment.end)
    return replace(segment, start=first, end=last, words=words)
