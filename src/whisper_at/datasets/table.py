"""A csv, tsv or jsonl file in, its rows out one by one, each with the line that it ends on.

Nothing is guessed at: a row that is longer or shorter than the header is an error with its line, for what a
stray quote or a killed writer has swallowed would else be missing without a word.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from whisper_at.errors import DatasetError

JSONL_SUFFIXES = frozenset({".jsonl", ".ndjson"})
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab"})
LONGEST_FIELD = 1 << 24  # characters; csv's own limit is too low for a long transcript

Row = dict[str, Any]


def rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Line number and values by column: what JSON has, or strings, and None for an empty field of a csv or tsv.

    Raises:
        DatasetError: if the file cannot be read, or a row does not fit; names the line.
    """
    with opened(path) as file:
        if path.suffix.lower() in JSONL_SUFFIXES:
            yield from _json_rows(file, path)
            return
        lines = records(file, path, delimiter_of(path))
        _, header = next(lines, (0, []))
        columns = _checked_header(header, path)
        for number, fields in lines:
            if len(fields) != len(columns):
                raise DatasetError(
                    f"{path}, line {number}: the header has {len(columns)} columns, this row {len(fields)}; "
                    f"quote what holds the delimiter, and check that the file is whole"
                )
            yield number, {name: field or None for name, field in zip(columns, fields, strict=True)}


def columns_of(path: Path) -> tuple[str, ...]:
    """The names in the first line of a csv or tsv; none in an empty file."""
    with opened(path) as file:
        _, header = next(records(file, path, delimiter_of(path)), (0, []))
        return tuple(name.strip() for name in header)


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """A text file, UTF-8 with or without the mark that spreadsheets put at its beginning."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except FileNotFoundError as error:
        raise DatasetError(f"there is no file {path}; check its path") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text ({error.reason}); save it as UTF-8") from error
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}; check the file") from error


def records(file: TextIO, path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The fields of each row that is not blank, with the line that it ends on."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_FIELD))
    reader = csv.reader(file, delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True)
    try:
        for fields in reader:
            if any(fields):
                yield reader.line_num, fields
    except csv.Error as error:
        raise DatasetError(
            f"{path}, line {reader.line_num}: {error}; a quote within a field is written twice"
        ) from error


def delimiter_of(path: Path) -> str:
    """A tab in a .tsv; else what is most frequent in the first line: some spreadsheets write semicolons."""
    if path.suffix.lower() != ".csv":
        return "\t"
    with opened(path) as file:
        first = file.readline()
    return max(",;\t", key=first.count)


def _checked_header(header: list[str], path: Path) -> list[str]:
    columns = [name.strip() for name in header]
    twice = {name for name in columns if columns.count(name) > 1}
    if twice:
        raise DatasetError(f"{path} has two columns called '{min(twice)}'; rename one")
    return columns


def _json_rows(file: TextIO, path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DatasetError(
                f"{path}, line {number}: not JSON ({error}); each line is one object"
            ) from error
        if not isinstance(row, dict):
            raise DatasetError(f"{path}, line {number}: wanted an object {{...}}, found {line.strip()[:40]}")
        yield number, row
