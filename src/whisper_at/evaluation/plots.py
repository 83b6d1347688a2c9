"""An evaluation as pictures: average precision of each label, reliability, confusion.

Drawn with matplotlib's figures, without its windows and without any state of its own; the suffix of a path says how it
is written (.png, .svg, .pdf).
"""

from pathlib import Path
from typing import Any

import numpy as np

from whisper_at.errors import OutputError
from whisper_at.evaluation.calibration import Reliability
from whisper_at.evaluation.closed_set import ClosedSet
from whisper_at.evaluation.need import need
from whisper_at.evaluation.result import Evaluation, LabelScore

SUFFIXES = (".png", ".svg", ".pdf")
LABELS_A_COLUMN = 60
BLUE, GREY = "#2166ac", "#777777"


def write_plots(evaluation: Evaluation, folder: Path, suffix: str = ".png") -> tuple[Path, ...]:
    """All pictures that the evaluation has something for; gives their paths.

    Raises:
        OutputError: if one cannot be written, or the suffix is of no picture.
        OptionError: if matplotlib is not installed.
    """
    if suffix not in SUFFIXES:
        raise OutputError(f"pictures are written as {', '.join(SUFFIXES)}, got {suffix!r}")
    pictures = {"reliability": reliability_diagram(evaluation.reliability)}
    if evaluation.labels:
        pictures["labels"] = label_bars(evaluation)
    for one in evaluation.closed_sets:
        pictures[f"confusion-{one.name.lower()}"] = confusion_matrix(one)
    paths = {folder / f"{name}{suffix}": picture for name, picture in pictures.items()}
    for path, picture in paths.items():
        save(picture, path)
    return tuple(paths)


def save(figure: Any, path: Path) -> None:
    """Write a figure; the same one gives the same bytes.

    Raises:
        OutputError: if it cannot be written.
    """
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix, {})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with need("matplotlib").rc_context({"svg.hashsalt": "whisper-at"}):
            figure.savefig(path, dpi=130, metadata=metadata)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; check the folder") from error


def figure_with_grid(width: float, height: float) -> tuple[Any, Any]:
    """A figure of so many inches, and its only axes, with a faint grid behind what is drawn."""
    figure = _figure(width, height)
    axes = figure.subplots()
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    return figure, axes


def label_bars(evaluation: Evaluation) -> Any:
    """Average precision of each label with its interval, best first; a number says in how many clips it is."""
    labels = evaluation.labels
    n_columns = -(-len(labels) // LABELS_A_COLUMN)
    rows = -(-len(labels) // n_columns)
    figure = _figure(5.2 * n_columns, 1.4 + 0.17 * rows)
    axes = figure.subplots(1, n_columns, squeeze=False)[0]
    for i, axis in enumerate(axes):
        _bars(axis, labels[i * rows : (i + 1) * rows], rows)
    means = evaluation.tags
    figure.suptitle(
        f"{evaluation.tagger} on {evaluation.dataset}: mAP {means.mean_ap} over {means.n_labels} labels",
        fontsize=10,
    )
    return figure


def reliability_diagram(found: Reliability) -> Any:
    """Share of clips that hold a label against the probability that was said; below, how often it was said."""
    figure = _figure(4.6, 5.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    used = np.array(found.count) > 0
    edges = np.linspace(0, 1, len(found.count) + 1)
    above.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="means what it says")
    above.plot(
        np.array(found.predicted)[used],
        np.array(found.observed)[used],
        "o-",
        color=BLUE,
        markersize=4,
        label="found",
    )
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that holds the label")
    error = "-" if not sum(found.count) else f"{found.error:.4f}"
    above.set_title(f"Reliability: expected calibration error {error}", fontsize=10)
    above.legend(frameon=False, fontsize=8, loc="upper left")
    below.bar(
        edges[:-1],
        np.maximum(found.count, 0.5),
        width=np.diff(edges),
        align="edge",
        color=BLUE,
        edgecolor="white",
    )
    below.set(yscale="log", ylim=(0.5, None), xlabel="probability said", ylabel="predictions")
    for axis in (above, below):
        axis.grid(color="#dddddd", linewidth=0.5)
        axis.set_axisbelow(True)
    return figure


def confusion_matrix(found: ClosedSet) -> Any:
    """What each class was taken for: clips, and shares of the class as colour."""
    counts = np.array(found.confusion)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    n = len(found.classes)
    size = 2.6 + (0.36 if n <= 20 else 0.22) * n
    figure = _figure(size, size)
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axis.text(
            column,
            row,
            int(counts[row, column]),
            ha="center",
            va="center",
            color=colour,
            fontsize=7 if n > 20 else 9,
        )
    called = [_short(name, 24) for name in found.classes]
    axis.set_xticks(range(n), called, rotation=90, fontsize=8)
    axis.set_yticks(range(n), called, fontsize=8)
    axis.set(xlabel="answered", ylabel="true")
    figure.suptitle(f"{found.name}: accuracy {found.accuracy}, {found.n_clips} clips", fontsize=10)
    return figure


def _bars(axis: Any, labels: tuple[LabelScore, ...], rows: int) -> None:
    values = np.array([one.ap.value or 0 for one in labels])
    low = np.array([one.ap.value if one.ap.low is None else one.ap.low for one in labels], float)
    high = np.array([one.ap.value if one.ap.high is None else one.ap.high for one in labels], float)
    reach = np.maximum([values - low, high - values], 0)  # percentiles need not hold the value itself
    places = range(len(labels))
    axis.barh(places, values, color=BLUE, alpha=0.75, height=0.75)
    axis.errorbar(values, places, xerr=reach, fmt="none", ecolor="black", elinewidth=0.7)
    axis.set_yticks(places, [f"{_short(one.name, 34)} ({one.positives})" for one in labels], fontsize=7)
    axis.set(xlim=(0, 1.02), ylim=(rows - 0.4, -0.6), xlabel="average precision")
    axis.tick_params(axis="x", labelsize=8)
    axis.grid(axis="x", color="#dddddd", linewidth=0.5)
    axis.set_axisbelow(True)


def _short(name: str, length: int) -> str:
    """A name that is too long, with dots for its end.

    >>> _short("Chicken, rooster / Crowing", 14)
    'Chicken, roos…'
    """
    return name if len(name) <= length else name[: length - 1].rstrip(" ,/") + "…"


def _figure(width: float, height: float) -> Any:
    figure = need("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    need("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    return figure
