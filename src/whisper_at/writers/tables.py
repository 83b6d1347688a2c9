"""Rows for programs: tsv as openai-whisper writes it, csv and jsonl with the sounds among the words."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from whisper_at.annotation import Annotation
from whisper_at.tagging.wording import language_of, wording
from whisper_at.writers.options import WriteOptions

COLUMNS = ("start", "end", "kind", "text", "mid", "probability", "channel")


def to_tsv(annotation: Annotation, options: WriteOptions) -> str:
    """Start and end in whole milliseconds, and what was said: the columns of openai-whisper, so words alone."""
    rows = [
        f"{round(1000 * s.start)}\t{round(1000 * s.end)}\t{_one_line(s.text)}\n" for s in annotation.segments
    ]
    return "start\tend\ttext\n" + "".join(rows)


def to_csv(annotation: Annotation, options: WriteOptions) -> str:
    """What was said and heard in the order of time, seconds, for spreadsheets."""
    written = io.StringIO()
    table = csv.DictWriter(written, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows(annotation, options))
    return written.getvalue()


def to_jsonl(annotation: Annotation, options: WriteOptions) -> str:
    """The same, one JSON object a line, for archives and grep."""
    return "".join(
        json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows(annotation, options)
    )


def rows(annotation: Annotation, options: WriteOptions) -> Iterator[dict[str, Any]]:
    """Segments ("said") and events ("heard") by their start; only what is known of each."""
    language = language_of(options.label_language, annotation.text_language)
    found: list[dict[str, Any]] = []
    if options.with_words:
        found += [
            {"start": s.start, "end": s.end, "kind": "said", "text": _one_line(s.text), "channel": s.channel}
            for s in annotation.segments
        ]
    if options.with_sounds:
        found += [
            {
                "start": e.start,
                "end": e.end,
                "kind": "heard",
                "text": wording(e.mid, e.label, language).name,
                "mid": e.mid,
                "probability": e.probability,
                "channel": e.channel,
            }
            for e in annotation.events
        ]
    for row in sorted(found, key=lambda row: (row["start"], row["end"], row["kind"])):
        yield {name: value for name, value in row.items() if value is not None}


def _one_line(text: str) -> str:
    return " ".join(text.split())
