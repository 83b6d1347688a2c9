"""The lanes of sounds: bars for events, and the probability over time as steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from whisper_at.annotation import Annotation
from whisper_at.plotting.sheet import COLUMNS, Colours
from whisper_at.tagging.wording import wording

BAR = 0.7  # of the height of a lane
LANE = 0.36  # inches
Numbers = npt.NDArray[np.floating[Any]]


def strongest(annotation: Annotation, most: int) -> list[tuple[str, str]]:
    """Mid and name of the labels that are heard longest and surest."""
    weights: dict[tuple[str, str], float] = {}
    for event in annotation.events:
        key = event.mid, event.label
        weights[key] = weights.get(key, 0.0) + (event.end - event.start) * event.probability
    if not weights and annotation.curves:
        weights = {(c.mid, c.label): max(c.probabilities, default=0) for c in annotation.curves.curves}
    return sorted(weights, key=lambda key: (-weights[key], key))[:most]


def draw_sounds(
    axes: Axes, annotation: Annotation, lanes: Sequence[tuple[str, str]], language: str, colours: Colours
) -> None:
    """A lane for each label, from above."""
    axes.set_yticks(range(len(lanes)), [wording(mid, label, language).name for mid, label in lanes])
    axes.set_ylim(len(lanes) - 0.5 if lanes else 0.5, -0.6)
    if not lanes:
        middle = axes.transAxes
        axes.text(0.5, 0.5, "no sounds", color=colours["faint"], transform=middle, ha="center", va="center")
    for row, (mid, _) in enumerate(lanes):
        _draw_curve(axes, row, *curve(annotation, mid), colours["bar"])
        _draw_events(axes, row, annotation, mid, colours["bar"])
    axes.grid(axis="x", color=colours["faint"], alpha=0.25)
    axes.set_axisbelow(True)


def _draw_curve(axes: Axes, row: int, edges: Numbers, shares: Numbers, colour: str) -> None:
    """Steps that stand on the lane's line."""
    if len(shares):
        base = row + BAR / 2
        axes.stairs(
            base - BAR * shares, edges, baseline=base, fill=True, color=colour, alpha=0.35, linewidth=0
        )


def _draw_events(axes: Axes, row: int, annotation: Annotation, mid: str, colour: str) -> None:
    events = [event for event in annotation.events if event.mid == mid]
    shortest = annotation.duration / 3000  # that can be seen
    bars = [(event.start, max(event.end - event.start, shortest)) for event in events]
    fills = [to_rgba(colour, 0.25 + 0.65 * event.probability) for event in events]
    axes.broken_barh(bars, (row - BAR / 2, BAR), facecolors=fills, linewidth=0)


def curve(annotation: Annotation, mid: str) -> tuple[Numbers, Numbers]:
    """Edges [step + 1] in seconds and probabilities [step] of a label: of its curve, else of the rows of tags.

    Of several channels the likeliest counts, and of steps too many to be seen the likeliest of each column.
    """
    edges, shares = _of_cells(annotation, mid) if annotation.curves else _of_rows(annotation, mid)
    edges = np.minimum(edges, annotation.duration)
    if len(shares) <= COLUMNS:
        return edges, shares
    firsts = np.linspace(0, len(shares), COLUMNS + 1).astype(int)[:-1]
    return np.append(edges[firsts], edges[-1]), np.maximum.reduceat(shares, firsts)


def _of_cells(annotation: Annotation, mid: str) -> tuple[Numbers, Numbers]:
    assert annotation.curves is not None
    found = [c.probabilities for c in annotation.curves.curves if c.mid == mid]
    shares = np.zeros(max(map(len, found), default=0))
    for probabilities in found:
        shares[: len(probabilities)] = np.maximum(shares[: len(probabilities)], probabilities)
    return np.arange(len(shares) + 1) * annotation.curves.resolution, shares


def _of_rows(annotation: Annotation, mid: str) -> tuple[Numbers, Numbers]:
    steps: dict[float, tuple[float, float]] = {}  # by their start: end and probability
    for row in annotation.tags.rows if annotation.tags else ():
        share = max((tag.probability for tag in row.tags if tag.mid == mid), default=0.0)
        end, before = steps.get(row.start, (row.end, 0.0))
        steps[row.start] = max(end, row.end), max(share, before)
    edges, shares = [min(steps, default=0.0)], list[float]()
    for start, (end, share) in sorted(steps.items()):
        if start > edges[-1]:  # nobody listened in between
            edges.append(start)
            shares.append(0.0)
        edges.append(max(end, edges[-1]))
        shares.append(share)
    return np.array(edges), np.array(shares)
