"""When each word of a window is said, from the decoder's attention to the features.

In: the segments of a window and its features, which are not encoded again. Out: the segments with their words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from statistics import median

import numpy as np

from whisper_at.annotation import Segment, Word
from whisper_at.audio.silence import silences
from whisper_at.audio.windows import Window
from whisper_at.model.decoder import Alignment, Decoder, Features
from whisper_at.speech.placing import place
from whisper_at.speech.tokenizer import Tokenizer
from whisper_at.timegrid import FRAMES_PER_STEP, seconds

# ruff: noqa: RUF001 (full-width punctuation is meant)
PREPEND = frozenset("\"'“¿([{-")  # openai-whisper's lists: a run of these goes with the word after it ...
APPEND = frozenset("\"'.。,，!！?？:：”)]}、")  # ... and of these with the one before
SENTENCE_ENDS = tuple(".。!！?？")
CLOSING = "\"'”)]}"  # may follow the end of a sentence
TAIL = 20  # frames of a punctuation mark that belong to the word before: the mark is written while it fades


def _ends_sentence(text: str) -> bool:
    return text.rstrip(CLOSING).endswith(SENTENCE_ENDS)


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """A word in the making: its tokens count towards the segment that it lies in."""

    text: str
    n_tokens: int
    start: int  # frame
    end: int
    probability: float


def add_words(
    decoder: Decoder,
    tokenizer: Tokenizer,
    features: Features,
    segments: Sequence[Segment],
    *,
    start: Sequence[int],
    window: Window,
    language: str,
) -> list[Segment]:
    """The segments of one window [1, step, dim], with words.

    Words are monotone, and none reaches into a silence of a quarter of a second; punctuation goes with the word that it
    belongs to. A segment starts and ends with its words: the times that the model wrote for it are rougher than theirs.
    """
    texts = [[t for t in segment.tokens if t < tokenizer.eot] for segment in segments]
    tokens = [t for text in texts for t in text]
    if not tokens:
        return [replace(segment, words=()) for segment in segments]
    alignment = decoder.align(features, start, tokens, window.n_frames)
    words = [word for text in texts for word in tokenizer.words(text, language)]  # none reaches into the next
    timed = _time_words(alignment, words, seek=window.seek)
    longest = _longest(timed)
    spoken: list[list[_Timed]] = []
    for text in texts:
        mine, timed = _take(timed, len(text))
        spoken.append(_without_pauses(_merge_punctuation(mine), longest))
    placed = iter(_out_of_silence([word for mine in spoken for word in mine], window))
    return [
        _with_words(segment, list(islice(placed, len(mine))))
        for segment, mine in zip(segments, spoken, strict=True)
    ]


def _time_words(alignment: Alignment, words: Sequence[tuple[str, list[int]]], *, seek: int) -> list[_Timed]:
    """A word starts where the path reaches its first token, and ends where it reaches the next word's."""
    first_step = np.full(int(alignment.tokens[-1]) + 2, alignment.steps[-1] + 1)
    for token, step in zip(alignment.tokens[::-1], alignment.steps[::-1], strict=True):
        first_step[token] = step
    timed, at = [], 0
    for text, tokens in words:
        begin, end = (int(first_step[min(i, len(first_step) - 1)]) for i in (at, at + len(tokens)))
        timed.append(
            _Timed(
                text=text,
                n_tokens=len(tokens),
                start=seek + begin * FRAMES_PER_STEP,
                end=seek + end * FRAMES_PER_STEP,
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
    """`"(" + "well" + ","` as one word, with the times of the spoken part, and the mark's own for a little while."""
    merged: list[_Timed] = []
    for word in words:
        if merged and merged[-1].text.startswith(" ") and set(merged[-1].text.strip()) <= PREPEND:
            merged[-1] = replace(word, text=merged[-1].text + word.text)
        elif merged and set(word.text) <= APPEND and not merged[-1].text.endswith(" "):
            before = merged[-1]
            end = max(before.end, min(word.end, before.end + TAIL))
            merged[-1] = replace(before, text=before.text + word.text, end=end)
        else:
            merged.append(word)
    return merged


def _longest(words: Sequence[_Timed]) -> int:
    """What a word beside a pause may last: twice the median of the window, as in openai-whisper."""
    durations = [word.end - word.start for word in words if word.end > word.start]
    return int(2 * min(70, median(durations))) if durations else 0


def _without_pauses(words: Sequence[_Timed], longest: int) -> list[_Timed]:
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


def _out_of_silence(words: Sequence[_Timed], window: Window) -> list[_Timed]:
    end = window.seek + window.n_frames
    spans = [(min(word.start, end), min(word.end, end)) for word in words]  # a last step may be half a one
    placed = place(spans, silences(window), range(window.seek, end))
    return [replace(word, start=a, end=b) for word, (a, b) in zip(words, placed, strict=True)]


def _with_words(segment: Segment, timed: Sequence[_Timed]) -> Segment:
    """The segment between its first and its last word."""
    words = tuple(
        Word(word=w.text, start=seconds(w.start), end=seconds(w.end), probability=w.probability)
        for w in timed
    )
    if not words:
        return replace(segment, words=words)
    first, last = words[0].start, words[-1].end
    if first == last:  # all at one moment: the model's own times tell more
        first, last = min(first, segment.start), max(last, segment.end)
    return replace(segment, start=first, end=last, words=words)
