"""The row of what was said: each word at its time where there is room, else as much of a segment as fits."""

import unicodedata

from matplotlib.axes import Axes

from whisper_at.annotation import Annotation, Segment
from whisper_at.plotting.sheet import INCHES_A_COLUMN, POINTS, Colours, inches, without_ticks
from whisper_at.writers.captions.units import width

NARROWEST = 0.25  # inches of a segment whose text is worth writing
INCHES_A_WORD = 0.4  # from which each word stands at its own time
LINES = 4
ROW, BARE = 0.9, 0.3  # inches of a row with words, and of one where none would fit
RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "yi", "ps", "sd")


def rows_of(annotation: Annotation) -> list[int | None]:
    """Channels that speak, each of which has a row: who speaks at once would stand upon each other."""
    return sorted({segment.channel for segment in annotation.segments}, key=lambda channel: channel or 0)


def height(annotation: Annotation) -> float:
    """Inches of all rows."""
    longest = max((s.end - s.start for s in annotation.segments), default=0.0)
    fits = inches(longest, annotation.duration) > NARROWEST
    return (ROW if fits else BARE) * len(rows_of(annotation))


def draw_words(axes: Axes, annotation: Annotation, colours: Colours) -> None:
    """A row for each channel, from above."""
    channels = rows_of(annotation)
    axes.set_ylim(len(channels), 0)
    without_ticks(axes)
    if len(channels) > 1:
        axes.set_yticks([row + 0.5 for row in range(len(channels))], [str(channel) for channel in channels])
    for row, channel in enumerate(channels):
        segments = [segment for segment in annotation.segments if segment.channel == channel]
        boxes = [(s.start, s.end - s.start) for s in segments]
        axes.broken_barh(boxes, (row + 0.04, 0.92), color=colours["said"], linewidth=0)
        for segment in segments:
            _draw_text(axes, row, segment, annotation, colours["ink"])


def _draw_text(axes: Axes, row: int, segment: Segment, annotation: Annotation, ink: str) -> None:
    length = inches(segment.end - segment.start, annotation.duration)
    words = segment.words or ()
    if words and length > INCHES_A_WORD * len(words):
        for i, word in enumerate(words):  # on two levels, so that short ones do not touch
            level = row + (0.34 if i % 2 else 0.66)
            axes.text(
                word.start, level, word.word.strip(), color=ink, fontsize=POINTS, va="center", clip_on=True
            )
    elif length > NARROWEST:
        leftward = annotation.text_language in RIGHT_TO_LEFT
        place, side = (segment.end, "right") if leftward else (segment.start, "left")
        text = fitting(segment.text.strip(), int(length / INCHES_A_COLUMN))
        axes.text(place, row + 0.5, text, color=ink, fontsize=POINTS, va="center", ha=side, clip_on=True)


def fitting(text: str, columns: int, lines: int = LINES) -> str:
    r"""A text on a few lines of so many columns, with an ellipsis where it is cut off.

    >>> fitting("It is beginning to rain.", 10, lines=2)
    'It is\nbeginning…'
    >>> fitting("现在开始下雨了。", 8, lines=2)
    '现在开始\n下雨了。'
    """
    broken = [""]
    for piece in _pieces(text):
        if width((broken[-1] + piece).rstrip()) <= columns:
            broken[-1] += piece
        elif broken[-1] and len(broken) < lines and width(piece.rstrip()) <= columns:
            broken.append(piece)
        else:
            broken[-1] = _cut(broken[-1] + piece, columns)
            break
    return "\n".join(line.rstrip() for line in broken)


def _cut(line: str, columns: int) -> str:
    """As many whole words as leave room for an ellipsis; of a single one as many letters."""
    while line and width(line.rstrip()) >= columns:
        line = line.rstrip().rpartition(" ")[0] or line[:-1]
    return line.rstrip() + "…" if line else ""


def _pieces(text: str) -> list[str]:
    """What a line may end after: words with their blank, and wide characters with the marks that follow them.

    >>> _pieces("It rains 下雨。")
    ['It ', 'rains ', '下', '雨。']
    """
    pieces = [""]
    for character in text:
        closes = unicodedata.category(character) in ("Po", "Pe", "Pf")
        if pieces[-1].endswith(" ") or (2 in (width(character), width(pieces[-1][-1:])) and not closes):
            pieces.append("")
        pieces[-1] += character
    return [piece for piece in pieces if piece]
