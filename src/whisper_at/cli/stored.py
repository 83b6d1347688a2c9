"""Annotations that were written before: read from files, folders and stdin, without any model."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whisper_at.annotation import SCHEMA, Annotation
from whisper_at.cli.talk import say
from whisper_at.errors import AnnotationError

STDIN = "-"


@dataclass
class Shelf:
    """Files that were named, and those of folders: of the latter, what is no annotation is only counted."""

    arguments: Sequence[str]
    passed_over: list[str] = field(default_factory=list)

    def names(self) -> Iterator[str]:
        """The files, each once, by the order of the arguments; a folder stands for the `.json` in it and below."""
        yield from dict.fromkeys(self._names())

    def _names(self) -> Iterator[str]:
        for argument in self.arguments:
            folder = Path(argument)
            if argument != STDIN and folder.is_dir():
                yield from (str(path) for path in sorted(folder.rglob("*.json")) if path.is_file())
            else:
                yield argument

    def complain(self, name: str, problem: object) -> bool:
        """Says what is wrong with a file that was named; whether it was."""
        if name in self.arguments:
            say(str(problem))
            return True
        self.passed_over.append(name)
        return False

    def close(self) -> None:
        """Says how many were passed over, if any were."""
        if self.passed_over:
            n = len(self.passed_over)
            say(
                f"{n} file{'s are' if n > 1 else ' is'} no annotation and passed over, such as {self.passed_over[0]}"
            )


def read_annotation(name: str) -> Annotation:
    """The annotation in a file, or on stdin.

    Raises:
        AnnotationError: if there is none, or it is of another schema.
    """
    try:
        return Annotation.from_dict(read_data(name))
    except ValueError as error:
        raise AnnotationError(f"{name}: {error}") from error


def read_data(name: str) -> dict[str, Any]:
    """The dictionary that an annotation was written from, unchecked but for its schema.

    Raises:
        AnnotationError: if there is none, or it is of another schema.
    """
    try:
        text = sys.stdin.read() if name == STDIN else Path(name).read_text(encoding="utf-8")
        data = json.loads(text)
    except OSError as error:
        raise AnnotationError(f"{name} cannot be read ({error.strerror or error})") from error
    except ValueError as error:  # no UTF-8, or no JSON
        raise AnnotationError(f"{name} is no JSON; wanted what whisper-at -f json writes") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise AnnotationError(
            f"{name} is no annotation of schema {SCHEMA}; wanted what whisper-at -f json writes"
        )
    return data


def recording_beside(stored: Path) -> Path | None:
    """The recording of the same name, if it lies beside an annotation."""
    from whisper_at.audio import MEDIA_SUFFIXES

    paths = (stored.with_suffix(ending) for ending in sorted(MEDIA_SUFFIXES))
    return next((path for path in paths if path.is_file()), None)
