"""What is said as captions: cut where it disturbs a reader least, and long enough on the screen to be read.

In: units of one channel. Out: cues in the order of time, a gap apart.

    cut        dynamic programming over all places where a caption may end: sentences and clauses stay whole where they
               fit, no caption holds more lines or seconds than allowed, none is too short or too full to be read
    time       from the first word to the last; longer where it has to be read and the next one leaves time
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from whisper_at.writers.captions.breaks import SENTENCE, disturbance
from whisper_at.writers.captions.cue import LONGEST, SHORTEST, Cue
from whisper_at.writers.captions.lines import lines_of
from whisper_at.writers.captions.units import Unit, joined, width
from whisper_at.writers.options import WriteOptions

FRAMES_BETWEEN = 2
PAUSE = 1.5  # seconds of silence over which no caption goes on
HESITATION = 0.6  # seconds from which a pause is a good place to cut
FLASH = 0.1  # seconds that a caption is shown at the very least, if words follow each other too fast
EARLIER = 0.5  # seconds that a short caption may come before its first word
ONE_MORE, TWO_SENTENCES, OVER_HESITATION, UNREADABLE = 1.0, 0.3, 1.0, 3.0  # costs


def dialogue(
    units: Sequence[Unit], options: WriteOptions, duration: float, channel: int | None = None
) -> list[Cue]:
    """The captions of what is said on one channel of a recording of so many seconds."""
    pages = [units[a:b] for a, b in _cuts(units, options)]
    cues = []
    for page in pages:
        lines = lines_of(page, options) or [page]
        cues.append(
            Cue(
                start=page[0].start,
                end=page[-1].end,
                words=tuple(tuple(line) for line in lines),
                channel=channel,
            )
        )
    return _readable(cues, options, duration)


def gap(options: WriteOptions) -> float:
    """Seconds that stay free between two captions."""
    return FRAMES_BETWEEN / options.frame_rate


def reading_time(n_characters: int, options: WriteOptions) -> float:
    """Seconds that a text has to be on the screen."""
    return min(LONGEST, max(SHORTEST, n_characters / options.max_cps))


def _cuts(units: Sequence[Unit], options: WriteOptions) -> list[tuple[int, int]]:
    """Where captions begin and end, as numbers of units, so that the sum of what disturbs is least."""
    n = len(units)
    cost: list[float] = [0.0] + [float("inf")] * n
    came_from = [0] * (n + 1)
    for start in range(n):
        if cost[start] == float("inf"):
            continue
        for end, inside in _possible(units, start, options):
            here = cost[start] + inside + _cost(units, start, end, options)
            if here < cost[end]:
                cost[end], came_from[end] = here, start
    cuts, end = [], n
    while end:
        cuts.append((came_from[end], end))
        end = came_from[end]
    return cuts[::-1]


def _possible(units: Sequence[Unit], start: int, options: WriteOptions) -> Iterator[tuple[int, float]]:
    """Where a caption may end that begins here, and what is against it for what it holds; one unit always may."""
    lines, columns, words, inside = 1, 0, 0, 0.0
    for end in range(start + 1, len(units) + 1):
        unit = units[end - 1]
        if end > start + 1:
            pause = unit.start - units[end - 2].end
            if pause > PAUSE or unit.end - units[start].start > LONGEST:
                return
            inside += OVER_HESITATION * (pause > HESITATION) + TWO_SENTENCES * unit.first
        more = width(unit.text) + (1 if unit.blank and columns else 0)
        full = words == options.max_words_per_line
        if columns and (columns + more > options.max_line_width or full):
            lines, columns, words, more = lines + 1, 0, 0, width(unit.text)
            if lines > options.max_line_count:
                return
        columns, words = columns + more, words + 1
        yield end, inside


def _cost(units: Sequence[Unit], start: int, end: int, options: WriteOptions) -> float:
    """What is against a caption of these units: where it ends, and how fast it must be read."""
    last = end == len(units)
    between = SENTENCE if last else disturbance(units[end - 1], units[end])
    if not last and units[end].first:
        between /= 2  # the decoder heard an end there
    until = units[end - 1].end + LONGEST if last else units[end].start - gap(options)
    needed = reading_time(len(joined(units[start:end])), options)
    there = min(LONGEST, max(0.1, until - units[start].start))
    return ONE_MORE + between + UNREADABLE * max(0.0, 1 - there / needed)


def _readable(cues: Sequence[Cue], options: WriteOptions, duration: float) -> list[Cue]:
    """The same cues, each on the screen as long as it has to be read, where there is time; none over another."""
    timed: list[Cue] = []
    free = 0.0  # nothing is on the screen from here on
    for i, cue in enumerate(cues):
        start = max(cue.start, free)
        following = cues[i + 1].start - gap(options) if i + 1 < len(cues) else duration
        needed = reading_time(cue.n_characters, options)
        latest = min(max(following, start + FLASH), start + LONGEST, max(duration, start + FLASH))
        end = min(max(cue.end, start + needed), latest)
        if end - start < needed:
            start = max(min(start, free), start - EARLIER, end - needed, 0.0) if free < start else start
        timed.append(replace(cue, start=start, end=end))
        free = end + gap(options)
    return timed
