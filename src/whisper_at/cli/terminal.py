"""What was said and heard, on the screen: in colour and wrapped where that is a terminal, plain lines elsewhere."""

import os
import sys

from whisper_at.annotation import Annotation
from whisper_at.cli.talk import emit
from whisper_at.tagging import groups
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.readable import Line, readable_lines, to_readable

SOUND, IMPORTANT, TIMES = "magenta", "bold red", "dim"


def show(annotation: Annotation, options: WriteOptions, heading: str = "") -> None:
    """Writes it to stdout, under a heading if there is one."""
    lines = readable_lines(annotation, options)
    if not lines or not _is_colourful():
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

    important = {label.mid for label in groups.members("important")}
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for line in lines:
        style = "" if line.mid is None else IMPORTANT if line.mid in important else SOUND
        table.add_row(Text(line.times, TIMES), Text(line.text, style))
    screen = Console(
        file=io.StringIO(), force_terminal=True, color_system="standard", width=width or _width()
    )
    screen.print(table)
    return screen.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def _is_colourful() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _width() -> int:
    try:
        return max(40, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return 100
