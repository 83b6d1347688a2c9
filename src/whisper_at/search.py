"""Looking for words and sounds in annotations that were stored before.

In: the dictionaries that annotations were written from, as they lie in their files (thousands are searched without
building anything of them), and a query. Out: `Hit`s with their times.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from whisper_at.errors import OptionError
from whisper_at.tagging import groups
from whisper_at.tagging.wording import ENGLISH, group_name, wording


@dataclass(frozen=True, kw_only=True)
class Hit:
    """Something that was found: words that were said or a sound that was heard, from `start` to `end` in seconds.

    kind: "said" or "heard". mid, probability: of sounds.
    context: of words, all that was said with them.
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
        whole name of their group. near: only what has one of these within so many seconds.
    """

    pattern: re.Pattern[str]
    near: re.Pattern[str] | None = None
    within: float = 5.0
    words: bool = True
    sounds: bool = True
    threshold: float = 0.0
    language: str = ENGLISH


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
        KeyError: if it is no whole annotation.
    """
    found = list(_found(annotation, query.pattern, query))
    if query.near is not None:
        neighbours = list(_found(annotation, query.near, query))
        found = [hit for hit in found if any(_apart(hit, other) <= query.within for other in neighbours)]
    return sorted(found, key=lambda hit: (hit.start, hit.end, hit.kind))


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


def _apart(one: Hit, other: Hit) -> float:
    """Seconds between two hits; 0 where they overlap."""
    return max(0.0, other.start - one.end, one.start - other.end)


def columns(hit_list: Sequence[Hit]) -> list[dict[str, Any]]:
    """Hits as dictionaries of what is known of them."""
    return [{name: value for name, value in vars(hit).items() if value is not None} for hit in hit_list]
