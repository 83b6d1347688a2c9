"""`whisper-at find`: words and sounds in stored annotations."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

from whisper_at.cli.stored import Shelf, read_data
from whisper_at.cli.talk import emit
from whisper_at.cli.terminal import TIMES, is_colourful, painted, style_of
from whisper_at.errors import AnnotationError, OptionError
from whisper_at.search import Hit, Query, columns, hits
from whisper_at.writers.readable import clock

FILE = "cyan"
UNREAD = 2  # exit status, as of grep: a file that was named cannot be read
FIELDS = ("file", "start", "end", "kind", "text", "probability", "mid", "context", "channel")


@dataclass(frozen=True, kw_only=True)
class Search:
    """What to look for, and how to show it: "text", "json" (an object a line) or "csv"."""

    query: Query
    form: str
    context: bool


def kinds(text: str) -> tuple[bool, bool]:
    """Whether words and whether sounds are wanted.

    >>> kinds("heard")
    (False, True)

    Raises:
        OptionError: if it is neither of them.
    """
    if text not in ("both", "said", "heard"):
        raise OptionError(f"kind must be both, said or heard; got {text!r}")
    return text != "heard", text != "said"


def find_all(arguments: Sequence[str], search: Search) -> int:
    """Shows what is found, file by file; 2 if a named file cannot be read, else 0 if anything was found, else 1."""
    shelf, n, failed = Shelf(arguments), 0, 0
    if search.form == "csv":
        emit(_row(FIELDS))
    for name in shelf.names():
        try:
            here = hits(read_data(name), search.query)
        except AnnotationError as error:
            failed += shelf.complain(name, error if name in str(error) else f"{name}: {error}")
            continue
        n += len(here)
        if here:
            emit(_shown(name, here, search))
    shelf.close()
    if failed:
        return UNREAD
    return 0 if n else 1


def _shown(name: str, here: Sequence[Hit], search: Search) -> str:
    if search.form == "text":
        colours = is_colourful()
        return "".join(_line(name, hit, context=search.context, colours=colours) for hit in here)
    rows = [{"file": name, **row} for row in columns(here)]
    if search.form == "json":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return "".join(_row([row.get(field, "") for field in FIELDS]) for row in rows)


def _line(name: str, hit: Hit, *, context: bool, colours: bool) -> str:
    parts = [(name, FILE), (f"[{clock(hit.start)} → {clock(hit.end)}]", TIMES)]
    if hit.kind == "heard":
        parts.append((f"[{hit.text} {hit.probability:.2f}]", style_of(hit.mid)))
    if context and hit.context is not None:
        parts.append((hit.context, ""))
    elif hit.kind == "said":
        parts.append((hit.text, ""))
    return "  ".join(painted(text, style) if colours else text for text, style in parts) + "\n"


def _row(values: Sequence[object]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(values)
    return written.getvalue()
