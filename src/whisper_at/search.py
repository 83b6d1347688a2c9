"""Looking for words and sounds in annotations that were stored before.

In: the dictionaries that annotations were written from, as they lie in their files (thousands are searched without
building anything of them), and a query. Out: `Hit`s with their times.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from whisper_at.errors import AnnotationError, OptionError
from whisper_at.tagging import groups
from whisper_at.tagging.wording import ENGLISH, group_name, wording


@dataclass(frozen=True, kw_only=True)
class Hit:
    """Something that was found: words that were said or a sound that was heard, from `start` to `end` in seconds.

    kind: "said" or "heard". mid, probability: of sounds.
    context: all that was said with the words, or while the sound was heard.
    """

    start: float
    end: float
    kind: str
    text: str
    mid: str | None = None
    probability: float | None = None
    context: str | None = None
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for.

    pattern: a regular expression; capitals do not count. Sounds are found by name, caption or mid, and by the
        whole name of their group.
    near: only what has something else that answers this within so many seconds, whether that was said or heard.
    words, sounds: which of them are looked for.
    threshold: sounds of at least this probability count, also those near by.
    """

    pattern: re.Pattern[str]
    near: re.Pattern[str] | None = None
    within: float = 5.0
    words: bool = True
    sounds: bool = True
    threshold: float = 0.0
    language: str = ENGLISH

    def __post_init__(self) -> None:
        if not 0 <= self.within < math.inf:
            raise OptionError(f"within is a number of seconds, 0 or more; got {self.within:g}")
        if not 0 <= self.threshold <= 1:
            raise OptionError(f"threshold is a probability between 0 and 1, got {self.threshold:g}")


def pattern(text: str) -> re.Pattern[str]:
    """A query as a regular expression.

    Raises:
        OptionError: if it is none.
    """
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise OptionError(
            f"wanted a regular expression such as 'glass|alarm', got {text!r}: {error}"
        ) from error


def hits(annotation: Mapping[str, Any], query: Query) -> list[Hit]:
    """What of a stored annotation answers the query, in the order of time.

    Raises:
        AnnotationError: if it is no whole annotation.
    """
    try:
        found = list(_found(annotation, query.pattern, query))
        if query.near is not None:
            everything = replace(query, words=True, sounds=True)
            found = near(found, list(_found(annotation, query.near, everything)), query.within)
    except KeyError as error:
        raise AnnotationError(f"not a whole annotation: {error} is missing") from error
    except TypeError as error:
        raise AnnotationError(f"not a whole annotation: {error}") from error
    return sorted(found, key=lambda hit: (hit.start, hit.end, hit.kind))


def near(found: Sequence[Hit], others: Sequence[Hit], within: float) -> list[Hit]:
    """Those that have another one within so many seconds; none is near to itself.

    >>> rain, roof = (Hit(start=at, end=at, kind="said", text="") for at in (1, 3))
    >>> len(near([rain, roof], [roof], 2)), len(near([rain, roof], [roof], 1))
    (1, 0)
    """
    starts, ends = sorted(hit.start for hit in others), sorted(hit.end for hit in others)
    itself = set(others)
    return [
        hit
        for hit in found  # of those that begin in time, all but those that are over too early
        if bisect_right(starts, hit.end + within) - bisect_left(ends, hit.start - within) > (hit in itself)
    ]


def _found(annotation: Mapping[str, Any], wanted: re.Pattern[str], query: Query) -> Iterator[Hit]:
    if query.words:
        for segment in annotation["segments"]:
            yield from _said(segment, wanted)
    if query.sounds:
        for event in annotation["events"]:
            if event["probability"] >= query.threshold and _is_called(
                event["mid"], event["label"], wanted, query.language
            ):
                yield Hit(
                    start=event["start"],
                    end=event["end"],
                    kind="heard",
                    text=wording(event["mid"], event["label"], query.language).name,
                    mid=event["mid"],
                    probability=event["probability"],
                    context=_said_during(annotation["segments"], event),
                    channel=event.get("channel"),
                )


def _said(segment: Mapping[str, Any], wanted: re.Pattern[str]) -> Iterator[Hit]:
    text = segment["text"]
    for match in wanted.finditer(text):
        if match.group():
            start, end = _times(segment, match)
            yield Hit(
                start=start,
                end=end,
                kind="said",
                text=match.group(),
                context=text.strip(),
                channel=segment.get("channel"),
            )


def _said_during(segments: Sequence[Mapping[str, Any]], event: Mapping[str, Any]) -> str | None:
    meanwhile = (s for s in segments if s["start"] < event["end"] and s["end"] > event["start"])
    return " ".join(segment["text"].strip() for segment in meanwhile) or None


def _times(segment: Mapping[str, Any], match: re.Match[str]) -> tuple[float, float]:
    """When a part of a segment was said: by its words, or with the segment where they have no times."""
    at, touched = 0, []
    for word in segment.get("words") or ():
        if at < match.end() and at + len(word["word"]) > match.start():
            touched.append(word)
        at += len(word["word"])
    if not touched:
        return segment["start"], segment["end"]
    return touched[0]["start"], touched[-1]["end"]


def _is_called(mid: str, label: str, wanted: re.Pattern[str], language: str) -> bool:
    return any(wanted.search(name) for name in _names(mid, label, language)) or any(
        wanted.fullmatch(name) for name in _group_names(mid, language)
    )


@cache
def _names(mid: str, label: str, language: str) -> tuple[str, ...]:
    own, english = wording(mid, label, language), wording(mid, label)
    return label, mid, own.name, own.caption, english.caption


@cache
def _group_names(mid: str, language: str) -> tuple[str, ...]:
    keys = [key for key in groups.GROUPS if any(label.mid == mid for label in groups.members(key))]
    names = (group_name(key, one) for key in keys for one in (language, ENGLISH))
    return (*keys, *(f"group:{key}" for key in keys), *names)


def columns(hit_list: Sequence[Hit]) -> list[dict[str, Any]]:
    """Hits as dictionaries of what is known of them."""
    return [{name: value for name, value in vars(hit).items() if value is not None} for hit in hit_list]
