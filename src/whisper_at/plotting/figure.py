"""All rows of the picture, one above the other."""

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names

from whisper_at.annotation import Annotation
from whisper_at.plotting.envelope import Envelope
from whisper_at.plotting.sheet import (
    COLUMNS,
    DARK,
    FONTS,
    LIGHT,
    WIDTH,
    Colours,
    prepare,
    set_time,
    without_ticks,
)
from whisper_at.plotting.sounds import LANE, draw_sounds, strongest
from whisper_at.plotting.words import draw_words, height

WAVEFORM = 1.2  # inches of the row
AROUND = 0.9  # inches of the axis of time and of what is between the rows


def drawn(
    annotation: Annotation, envelope: Envelope | None, *, most: int, language: str, dark: bool
) -> Figure:
    """The figure: waveform, words and lanes, as far as there are any; lanes there are always."""
    colours = DARK if dark else LIGHT
    lanes = strongest(annotation, most)
    heights = [] if envelope is None else [WAVEFORM]
    heights += [height(annotation)] if annotation.segments else []
    heights.append(max(0.8, LANE * len(lanes)))
    there = set(get_font_names())
    with rc_context({"font.family": [font for font in FONTS if font in there]}):
        figure = Figure(
            figsize=(WIDTH, AROUND + sum(heights)), layout="constrained", facecolor=colours["paper"]
        )
        rows = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
        for axes in rows:
            prepare(axes, colours)
        left = iter(rows)
        if envelope is not None:
            _draw_waveform(next(left), envelope.narrowed(COLUMNS), colours)
        if annotation.segments:
            draw_words(next(left), annotation, colours)
        draw_sounds(next(left), annotation, lanes, language, colours)
        set_time(rows[-1], annotation.duration)
    return figure


def _draw_waveform(axes: Axes, envelope: Envelope, colours: Colours) -> None:
    if len(envelope.starts):
        axes.fill_between(envelope.starts, envelope.low, envelope.high, color=colours["wave"], linewidth=0.3)
        peak = max(float(np.abs([envelope.low, envelope.high]).max()), 1e-4)
        axes.set_ylim(-peak, peak)
    without_ticks(axes)
