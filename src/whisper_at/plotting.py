"""A picture of an annotation: waveform, words and the likeliest sounds over time, on one axis.

In: an annotation and, if it is at hand, the waveform. Out: a matplotlib figure, or a file of it (png, svg, pdf).
Needs whisper-at[plot].
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from whisper_at.annotation import Annotation
from whisper_at.errors import OptionError, OutputError
from whisper_at.files import write_atomically
from whisper_at.tagging.wording import language_of, wording
from whisper_at.timegrid import SAMPLE_RATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Colours = Mapping[str, str]
SUFFIXES = (".png", ".svg", ".pdf")
WIDTH = 14.0  # inches
COLUMNS = 2000  # of the waveform: least and greatest sample of each
BAR = 0.7  # of the height of a lane
NARROWEST = 0.25  # inches of a segment whose text is worth writing
INCHES_A_WORD = 0.4  # from which each word stands at its own time
STEPS = (
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14400,
)  # seconds between ticks
MOST_TICKS = 14
FONTS = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
)
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1a1d21",
    "faint": "#8a949e",
    "bar": "#3b82c4",
    "wave": "#7d8994",
    "said": "#eef2f6",
}
DARK = {
    "paper": "#14171a",
    "ink": "#e8eaed",
    "faint": "#7d8794",
    "bar": "#5aa2e0",
    "wave": "#7d8794",
    "said": "#2b323a",
}


def plot(
    annotation: Annotation,
    path: str | Path | None = None,
    *,
    waveform: npt.NDArray[np.floating[Any]] | None = None,
    most: int = 8,
    dark: bool = False,
    label_language: str | None = None,
) -> Any:
    """The picture, as a matplotlib figure; with a path it is written there too.

    Where the annotation has curves (`curves=N`) these are drawn, else its rows of tags, with the events as bars.

    Args:
        path: ends in .png, .svg or .pdf.
        waveform: samples [sample], mono at 16 kHz.
        most: so many of the labels that are heard longest and surest.
        label_language: code of the language of the labels; None for that of the text.

    Raises:
        OptionError: if matplotlib is not installed, the suffix is none of these, or `most` is no number of labels.
        OutputError: if the file cannot be written.
    """
    if path is not None and Path(path).suffix.lower() not in SUFFIXES:
        raise OptionError(f"a picture's name ends in {', '.join(SUFFIXES)}; got {str(path)!r}")
    if most < 1:
        raise OptionError(f"a picture shows 1 label or more, got {most}")
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.font_manager import get_font_names
    except ImportError as error:
        raise OptionError("pictures need matplotlib: pip install 'whisper-at[plot]'") from error
    with rc_context({"font.family": [font for font in FONTS if font in get_font_names()]}):
        figure = Figure(layout="constrained")
        language = language_of(label_language, annotation.text_language)
        _draw(figure, annotation, waveform, _lanes(annotation, most), language, DARK if dark else LIGHT)
        if path is not None:
            _write(figure, Path(path))
    return figure


def _draw(
    figure: Any,
    annotation: Annotation,
    waveform: npt.NDArray[np.floating[Any]] | None,
    lanes: Sequence[tuple[str, str]],
    language: str,
    colours: Colours,
) -> None:
    """All rows of the picture, one above the other."""
    heights = ([1.2] if waveform is not None else []) + ([0.9] if annotation.segments else [])
    heights.append(max(0.8, 0.36 * len(lanes)))
    figure.set_size_inches(WIDTH, 0.9 + sum(heights))
    figure.set_facecolor(colours["paper"])
    axes = list(np.atleast_1d(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)))
    for one in axes:
        one.set_facecolor(colours["paper"])
        one.tick_params(colors=colours["ink"], labelsize=9)
        for side in one.spines.values():
            side.set_visible(False)
    left = iter(axes)
    if waveform is not None:
        _draw_waveform(next(left), np.asarray(waveform), colours)
    if annotation.segments:
        _draw_words(next(left), annotation, colours)
    _draw_sounds(next(left), annotation, lanes, language, colours)
    duration = max(annotation.duration, 0.1)
    step = next((step for step in STEPS if duration / step <= MOST_TICKS), STEPS[-1])
    axes[-1].set_xlim(0, duration)
    axes[-1].set_xticks(np.arange(0, duration + 1e-9, step))
    axes[-1].xaxis.set_major_formatter(lambda t, _: _clock(t, duration))


def _lanes(annotation: Annotation, most: int) -> list[tuple[str, str]]:
    """Mid and name of the labels that are heard longest and surest."""
    weights: dict[tuple[str, str], float] = {}
    for event in annotation.events:
        key = event.mid, event.label
        weights[key] = weights.get(key, 0.0) + (event.end - event.start) * event.probability
    if not weights and annotation.curves:
        weights = {
            (curve.mid, curve.label): max(curve.probabilities, default=0)
            for curve in annotation.curves.curves
        }
    return sorted(weights, key=lambda key: (-weights[key], key))[:most]


def _draw_waveform(axes: "Axes", samples: npt.NDArray[np.floating[Any]], colours: Colours) -> None:
    """Least and greatest sample of each column, so that two hours draw as quickly as ten seconds."""
    edges = np.linspace(0, len(samples), min(COLUMNS, max(1, len(samples))) + 1).astype(int)[:-1]
    if len(samples):
        low, high = np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)
        axes.fill_between(edges / SAMPLE_RATE, low, high, color=colours["wave"], linewidth=0.3)
        peak = max(float(np.abs(samples).max()), 1e-4)
        axes.set_ylim(-peak, peak)
    axes.set_yticks([])
    axes.tick_params(bottom=False)


def _draw_words(axes: "Axes", annotation: Annotation, colours: Colours) -> None:
    """Segments as boxes: with each word at its time where there is room, else with as much of their text as fits."""
    inch = annotation.duration / (WIDTH - 2.2)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.tick_params(bottom=False)
    for segment in annotation.segments:
        axes.axvspan(segment.start, segment.end, color=colours["said"], linewidth=0)
        length = (segment.end - segment.start) / inch
        if segment.words and length > INCHES_A_WORD * len(segment.words):
            for i, word in enumerate(segment.words):  # on two levels, so that short ones do not touch
                level = 0.66 if i % 2 else 0.34
                axes.text(word.start, level, word.word.strip(), color=colours["ink"], fontsize=8, va="center")
        elif length > NARROWEST:
            text = _fitting(segment.text.strip(), length)
            axes.text(segment.start, 0.5, text, color=colours["ink"], fontsize=8, va="center", clip_on=True)


def _fitting(text: str, inches: float, lines: int = 4) -> str:
    """A text on a few lines of so many inches, with an ellipsis where it is cut off."""
    import textwrap

    columns = int(inches / 0.072)  # of an average letter of eight points
    if columns < 4:
        return ""
    broken = textwrap.wrap(text, columns, max_lines=lines, placeholder="…", break_long_words=False)
    return "\n".join(broken)


def _draw_sounds(
    axes: "Axes",
    annotation: Annotation,
    lanes: Sequence[tuple[str, str]],
    language: str,
    colours: Colours,
) -> None:
    """A lane for each label: bars for its events, and its probability over time above the lane's line."""
    names = [wording(mid, label, language).name for mid, label in lanes]
    axes.set_yticks(range(len(lanes)), names)
    axes.set_ylim(len(lanes) - 0.5 if lanes else 0.5, -0.6)
    if not lanes:
        axes.text(
            0.5, 0.5, "no sounds", color=colours["faint"], transform=axes.transAxes, ha="center", va="center"
        )
    for row, (mid, _) in enumerate(lanes):
        times, shares = _curve(annotation, mid)
        if len(times):
            base = row + BAR / 2
            axes.fill_between(
                times, base - BAR * shares, base, step="post", color=colours["bar"], alpha=0.35, linewidth=0
            )
        for event in annotation.events:
            if event.mid == mid:
                length = max(event.end - event.start, annotation.duration / 3000)
                axes.barh(
                    row,
                    length,
                    left=event.start,
                    height=BAR,
                    color=colours["bar"],
                    alpha=0.25 + 0.65 * event.probability,
                )
    axes.grid(axis="x", color=colours["faint"], alpha=0.25)
    axes.set_axisbelow(True)


def _curve(annotation: Annotation, mid: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Times and probabilities of a label, as steps: from its curve, else from the rows of tags."""
    nothing = np.zeros(0)
    if annotation.curves is not None:
        for curve in annotation.curves.curves:
            if curve.mid == mid:
                times = np.arange(len(curve.probabilities)) * annotation.curves.resolution
                return times, np.array(curve.probabilities)
        return nothing, nothing
    rows = annotation.tags.rows if annotation.tags else ()
    shares = [max((tag.probability for tag in row.tags if tag.mid == mid), default=0.0) for row in rows]
    return np.array([row.start for row in rows]), np.array(shares)


def _clock(seconds: float, duration: float) -> str:
    """A time on the axis, with hours where there are any and tenths where all is short.

    >>> _clock(65, 300), _clock(3725, 7200), _clock(2.5, 8)
    ('1:05', '1:02:05', '2.5')
    """
    if duration < 20:
        return f"{seconds:g}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _write(figure: Any, path: Path) -> None:
    try:
        with write_atomically(path) as file:
            figure.savefig(file, format=path.suffix[1:].lower(), dpi=110, facecolor=figure.get_facecolor())
    except OSError as error:
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}); choose another --output"
        ) from error
