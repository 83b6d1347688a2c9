"""A transcript as what can be put on lines: words, or in languages without blanks what may stand alone.

In: segments, with or without word times. Out: `Unit`s in the order of time. Without word times a unit has its share of
the segment's time, by its length.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from whisper_at.annotation import Segment

CLOSING = frozenset(
    "、。，．！？：；）」』】〉》〕］｝…‥ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ”’％,.!?:;)]}%"
)
OPENING = frozenset("「『（【〈《〔［｛“‘([{¿¡")


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What is never broken: its text, when it is said in seconds, whether a blank goes before it.

    first: it begins a segment.
    """

    text: str
    start: float
    end: float
    blank: bool = True
    first: bool = False


def units_of(segments: Iterable[Segment]) -> Iterator[Unit]:
    """The units of some segments, those without any text left out."""
    for segment in segments:
        first = True
        for unit in _timed_by_words(segment) if segment.words else _timed_by_length(segment):
            if unit.text:
                yield Unit(text=unit.text, start=unit.start, end=unit.end, blank=unit.blank, first=first)
                first = False


def width(text: str) -> int:
    """Columns that a text takes: wide characters count two, marks on others none.

    >>> width("犬 barks"), width("é")
    (8, 1)
    """
    return sum(_columns(character) for character in text)


def joined(units: Iterable[Unit]) -> str:
    """Their text, with the blanks between them.

    >>> joined([Unit(text="It", start=0, end=1), Unit(text="rains.", start=1, end=2)])
    'It rains.'
    """
    return "".join((" " if unit.blank else "") + unit.text for unit in units).strip()


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _timed_by_words(segment: Segment) -> Iterator[Unit]:
    """Words as the decoder timed them; what goes on without a blank belongs to the word before."""
    at: Unit | None = None
    for word in segment.words or ():
        text, blank = word.word.strip(), word.word[:1].isspace()
        if at is not None and not blank and _belong_together(at.text, text):
            at = Unit(text=at.text + text, start=at.start, end=max(at.end, word.end), blank=at.blank)
            continue
        if at is not None:
            yield at
        at = Unit(text=text, start=word.start, end=word.end, blank=blank)
    if at is not None:
        yield at


def _timed_by_length(segment: Segment) -> Iterator[Unit]:
    pieces = list(_pieces(segment.text))
    total = sum(width(text) for text, _ in pieces) or 1
    at, share = segment.start, (segment.end - segment.start) / total
    for text, blank in pieces:
        end = at + width(text) * share
        yield Unit(text=text, start=at, end=end, blank=blank)
        at = end


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Words, or single characters of scripts without blanks with the marks that cling to them."""
    for word in text.split():
        blank, piece = True, ""
        for character in word:
            if piece and not _belong_together(piece, character):
                yield piece, blank
                blank, piece = False, ""
            piece += character
        yield piece, blank


def _belong_together(before: str, after: str) -> bool:
    """Whether no line may be broken between two texts that have no blank between them."""
    if not before or not after or after[0] in CLOSING or before[-1] in OPENING:
        return True
    return not (_stands_alone(before[-1]) or _stands_alone(after[0]))


def _stands_alone(character: str) -> bool:
    """Whether this is a character of a script that is written without blanks: Han, kana, Thai and its neighbours."""
    code = ord(character)
    return (
        0x0E00 <= code <= 0x0EFF
        or 0x1000 <= code <= 0x109F
        or 0x1780 <= code <= 0x17FF
        or 0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0x20000 <= code <= 0x3FFFF
    )
