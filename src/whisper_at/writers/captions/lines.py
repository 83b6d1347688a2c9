"""A caption's text on its lines: as few as do, broken where it disturbs least, of like length."""

from collections.abc import Sequence
from functools import cache

from whisper_at.writers.captions.breaks import disturbance
from whisper_at.writers.captions.units import Unit, joined, width
from whisper_at.writers.options import WriteOptions

UNEVEN = 1.0  # what it costs if one line is as long as it may be and the other empty
ONE_MORE = 2.0  # what another line costs


def lines_of(
    units: Sequence[Unit], options: WriteOptions, count: int | None = None
) -> list[Sequence[Unit]] | None:
    """The units line by line; None if they do not fit into `count` lines, which are those of the options if not given.

    A single unit that is wider than a line has one to itself.
    """
    at_most = options.max_line_count if count is None else count

    @cache
    def best(start: int, left: int) -> tuple[float, tuple[int, ...]]:
        """The cost of the units from here on in so many lines, and where each line ends."""
        if start == len(units):
            return 0.0, ()
        if not left:
            return float("inf"), ()
        found: tuple[float, tuple[int, ...]] = (float("inf"), ())
        for end in range(start + 1, len(units) + 1):
            if not fits(units[start:end], options):
                break
            cost = ONE_MORE + UNEVEN * (1 - width(joined(units[start:end])) / options.max_line_width) ** 2
            if end < len(units):
                cost += disturbance(units[end - 1], units[end])
            rest, ends = best(end, left - 1)
            if cost + rest < found[0]:
                found = cost + rest, (end, *ends)
        return found

    cost, ends = best(0, at_most)
    if cost == float("inf"):
        return None
    return [units[a:b] for a, b in zip((0, *ends[:-1]), ends, strict=True)]


def fits(units: Sequence[Unit], options: WriteOptions) -> bool:
    """Whether units go into one line."""
    if len(units) == 1:
        return True
    if options.max_words_per_line is not None and len(units) > options.max_words_per_line:
        return False
    return width(joined(units)) <= options.max_line_width
