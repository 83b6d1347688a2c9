"""The sheet that is drawn on: its size, colours, fonts and axis of time."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

Colours = Mapping[str, str]
WIDTH = 14.0  # inches
MARGIN = 2.2  # of it, about what the names of the lanes take
COLUMNS = 2000  # more than a picture has; what is finer than that cannot be seen
POINTS = 8  # of the words
INCHES_A_COLUMN = 0.066  # of a letter so large; wide characters take two
MOST_TICKS = 14
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
FONTS = (  # those that are there are tried in this order for each character
    *("DejaVu Sans", "Noto Sans", "Noto Sans Arabic", "Noto Sans Devanagari", "Lohit Devanagari"),
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Nirmala UI"),  # Windows
    *(
        "PingFang SC",
        "Hiragino Sans",
        "Apple SD Gothic Neo",
        "Kohinoor Devanagari",
        "Arial Unicode MS",
    ),  # macOS
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


def inches(seconds: float, duration: float) -> float:
    """How long a stretch of a recording is on the sheet."""
    return seconds / max(duration, 0.1) * (WIDTH - MARGIN)


def prepare(axes: Axes, colours: Colours) -> None:
    """Paper and ink, and no frame."""
    axes.set_facecolor(colours["paper"])
    axes.tick_params(colors=colours["ink"], labelsize=9)
    for side in axes.spines.values():
        side.set_visible(False)


def without_ticks(axes: Axes) -> None:
    axes.set_yticks([])
    axes.tick_params(bottom=False)


def set_time(axes: Axes, duration: float) -> None:
    """The axis of time, from 0 to the end."""
    duration = max(duration, 0.1)
    step = next((step for step in STEPS if duration / step <= MOST_TICKS), STEPS[-1])
    axes.set_xlim(0, duration)
    axes.set_xticks(np.arange(0, duration + 1e-9, step))
    axes.xaxis.set_major_formatter(lambda t, _: clock(t, duration))


def clock(seconds: float, duration: float) -> str:
    """A time on the axis, with hours where there are any and tenths where all is short.

    >>> clock(65, 300), clock(3725, 7200), clock(2.5, 8)
    ('1:05', '1:02:05', '2.5')
    """
    if duration < 20:
        return f"{seconds:g}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
