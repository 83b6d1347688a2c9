"""One label's probabilities over time to the stretches in which it is heard.

    probabilities ─► median ─► hysteresis ─► pauses filled, flickers dropped ─► cells ─► edges of the sound ─► frames

A stretch must somewhere be surer than the threshold by as much as it may elsewhere fall below it: a label that hovers
about its threshold is one event or none, not a dozen. What a stretch is made of lies within a second or two of it, so a
recording may be cut where nothing is heard and its parts give what the whole gives.
"""

import numpy as np
import numpy.typing as npt

from whisper_at.audio.edges import Edges
from whisper_at.tagging.kinds import Kind
from whisper_at.timegrid import FRAMES_PER_SECOND, TagGrid

Float = npt.NDArray[np.float32]

SURER = 1.0  # logits above the threshold that a stretch must reach, and below it that it may fall to
REACH = 1.5  # cells on either side of a border between cells in which the edge of the sound is looked for
LOOKS_AROUND = 2.0  # seconds: what is further away changes no edge of an event
CLEAR = 1.0  # decibels: a weaker edge is none


def stretches(
    shares: Float, threshold: float, kind: Kind, grid: TagGrid, *, exact: bool = False
) -> list[range]:
    """The cells in which a label is heard, stretch by stretch.

    Args:
        shares: probabilities [cell].
        threshold: probability from which the label counts as heard.
        exact: a stretch must reach the threshold and no more, as where a user has set it.

    >>> heard = np.float32([0.1, 0.9, 0.4, 0.8, 0.1, 0.1, 0.1, 0.1, 0.6, 0.1])
    >>> stretches(heard, 0.5, Kind(smoothing=0, gap=0.4, shortest=0), TagGrid(frames_per_cell=20))
    [range(1, 4)]
    """
    cell = grid.frames_per_cell / FRAMES_PER_SECOND
    smooth = median(shares, _odd(kind.smoothing / cell))
    limit = np.log(threshold / (1 - threshold)) if 0 < threshold < 1 else np.inf * (threshold - 0.5)
    high = threshold if exact else _share(limit + SURER)
    low = min(high, _share(limit - SURER))
    held = [run for run in runs(smooth >= low) if smooth[run.start : run.stop].max() >= high]
    joined: list[range] = []
    for run in held:
        if joined and run.start - joined[-1].stop <= round(kind.gap / cell):
            joined[-1] = range(joined[-1].start, run.stop)
        else:
            joined.append(run)
    return [run for run in joined if len(run) >= round(kind.shortest / cell)]


def placed(run: range, grid: TagGrid, edges: Edges, within: range) -> range:
    """The frames of a stretch of cells, its ends moved to where the sound grows louder and quieter.

    Where that would leave less than a quarter of it, they are edges of something else, and its ends stay.

    Args:
        within: the frames that were heard; the stretch ends there at the latest.
    """
    start = max(grid.frames(run.start)[0], within.start)
    end = min(grid.frames(run.stop - 1)[-1] + 1, within.stop)
    reach = round(REACH * grid.frames_per_cell)
    begins = edges.start + _strongest(edges.rise, start - edges.start, reach)
    ends = edges.start + _strongest(edges.fall, end - edges.start, reach) if end < within.stop else end
    return range(begins, ends) if 4 * (ends - begins) >= end - start else range(start, end)


def runs(on: npt.NDArray[np.bool_]) -> list[range]:
    """Where a mask holds, run by run.

    >>> runs(np.array([True, True, False, True]))
    [range(0, 2), range(3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return [range(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def median(shares: Float, n_cells: int) -> Float:
    """The median over an odd number of cells; before the first and behind the last nothing is heard.

    >>> median(np.float32([0, 1, 0, 1, 1]), 3).tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0]
    """
    if n_cells <= 1 or not len(shares):
        return shares
    side = n_cells // 2
    around = np.pad(shares, side)
    shifted = np.stack([around[i : i + len(shares)] for i in range(n_cells)])
    return np.asarray(np.sort(shifted, axis=0)[side], np.float32)


def _odd(n_cells: float) -> int:
    """The nearest odd number that is no greater by more than a half."""
    return max(1, 2 * round((n_cells - 1) / 2) + 1)


def _share(logit: float) -> float:
    return float(0.5 * (1 + np.tanh(0.5 * logit)))


def _strongest(strength: npt.NDArray[np.float16], border: int, reach: int) -> int:
    """The strongest edge near a border, or uphill from there; the border itself where there is none."""
    first, stop = max(0, border - reach), min(len(strength), border + reach + 1)
    if first >= stop or strength[first:stop].max() < CLEAR:
        return border
    peak = first + int(strength[first:stop].argmax())
    while peak + 1 < len(strength) and strength[peak + 1] > strength[peak]:
        peak += 1
    while peak > 0 and strength[peak - 1] > strength[peak]:
        peak -= 1
    return peak
