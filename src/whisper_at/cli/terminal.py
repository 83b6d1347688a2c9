"""What was said and heard, on the screen: in colour and wrapped where that is a terminal, plain lines elsewhere."""

import os
import sys
from functools import cache

from whisper_at.annotation import Annotation
from whisper_at.cli.talk import emit
from whisper_at.tagging import groups
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.readable import Line, readable_lines, to_readable

SOUND, IMPORTANT, TIMES = "magenta", "bold red", "dim"


def show(annotation: Annotation, options: WriteOptions, heading: str = "") -> None:
    """Writes it to stdout, under a heading if there is one."""
    lines = readable_lines(annotation, options)
    if not lines or not is_colourful():
        text = to_readable(annotation, options)
        emit(f"{heading}\n{text}\n" if heading else text)
        return
    emit(f"{heading}\n{coloured(lines)}\n" if heading else coloured(lines))


def coloured(lines: list[Line], width: int | None = None) -> str:
    """Lines as a table with colours: sounds apart from words, important ones more so; text wrapped beside its time."""
    import io

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for line in lines:
        table.add_row(Text(line.times, TIMES), Text(line.text, style_of(line.mid)))
    screen = Console(
        file=io.StringIO(), force_terminal=True, color_system="standard", width=width or _width()
    )
    screen.print(table)
    return screen.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def style_of(mid: str | None) -> str:
    """How a sound is told from words, and what must not be missed from other sounds."""
    return "" if mid is None else IMPORTANT if mid in _important() else SOUND


def painted(text: str, style: str) -> str:
    """A text in a style, for a terminal.

    >>> painted("Siren", "bold red"), painted("word", "")
    ('\\x1b[1;31mSiren\\x1b[0m', 'word')
    """
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD) if style else text


def is_colourful() -> bool:
    """Whether stdout is a terminal that shows colours to somebody who wants them."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@cache
def _important() -> frozenset[str]:
    return frozenset(label.mid for label in groups.members("important"))


def _width() -> int:
    try:
        return max(40, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return 100
