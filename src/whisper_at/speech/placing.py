"""Words out of silence: the spans of the words of a window and its silent stretches in, better spans out.

The path of an alignment has to spend a pause somewhere, and spends it on the words beside it. Between two silences lies
a stretch of sound. Every word is given to the stretch that it shares most with, or to the nearest one:

    sound     |##########|          |#############|
    spans        <---><------------><--><------>
    placed    <-----><-->           <---><------->|

All in frames of the recording; a span is (start, end).
"""

from collections.abc import Sequence
from itertools import groupby

Span = tuple[int, int]

SHORTEST_WORD = 4  # frames that a word lasts at least, if there is room
REACH = 30  # frames: so near to the edge of a sound, its first word starts and its last one ends there


def place(spans: Sequence[Span], silent: Sequence[range], window: range) -> list[Span]:
    """The spans, none of which reaches into a silence, in the same order.

    Spans are in order and lie in the window. Where all of it is silent, nothing tells more than they do.

    >>> place([(0, 60), (60, 200)], [range(0, 40), range(100, 180)], range(0, 300))
    [(40, 60), (60, 100)]
    """
    sounds = _sounds(silent, window)
    if not sounds:
        return list(spans)
    owners = [min(range(len(sounds)), key=lambda i: _distance(span, sounds[i])) for span in spans]
    placed: list[Span] = []
    for i, mine in groupby(zip(owners, spans, strict=True), key=lambda pair: pair[0]):
        placed += _fit([span for _, span in mine], sounds[i], window)
    return placed


def _sounds(silent: Sequence[range], window: range) -> list[range]:
    edges = [window.start, *(edge for run in silent for edge in (run.start, run.stop)), window.stop]
    return [range(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


def _distance(span: Span, sound: range) -> tuple[int, int]:
    """Least for the sound that shares most of a span; then for the one that is nearest to its middle."""
    start, end = span
    shared = min(end, sound.stop) - max(start, sound.start)
    twice = start + end
    return -max(shared, 0), max(2 * sound.start - twice, twice - 2 * sound.stop, 0)


def _fit(spans: Sequence[Span], sound: range, window: range) -> list[Span]:
    """The words of one sound in it, each with some length; the outer ones reach to edges that are near."""
    low, high = sound.start, sound.stop
    fitted = [[min(max(time, low), high) for time in span] for span in spans]
    if low > window.start and fitted[0][0] - low <= REACH:
        fitted[0][0] = low
    if high < window.stop and high - fitted[-1][1] <= REACH:
        fitted[-1][1] = high
    shortest = min(SHORTEST_WORD, (high - low) // len(spans))
    at = low
    for span in fitted:
        span[0] = max(span[0], at)
        span[1] = at = max(span[1], span[0] + shortest)
    at = high
    for span in reversed(fitted):
        span[1] = min(span[1], at)
        span[0] = at = min(span[0], span[1] - shortest)
    return [(start, end) for start, end in fitted]
