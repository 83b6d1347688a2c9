"""Results in, Markdown out: prose, tables, scores."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from whisper_at.evaluation.score import Score

RESULTS = Path(__file__).parents[1] / "results"
WIDTH = 120


def loaded(name: str) -> dict[str, Any]:
    """A result by its name."""
    return dict(json.loads((RESULTS / f"{name}.json").read_text("utf-8")))


def there(*names: str) -> tuple[str, ...]:
    """Those of the results that have been made."""
    return tuple(name for name in names if (RESULTS / f"{name}.json").is_file())


def prose(text: str) -> str:
    """A paragraph.

    >>> prose("one " * 3)
    'one one one'
    """
    return textwrap.fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table.

    >>> print(table(["a", "b"], [[1, "x"]]))
    | a | b |
    |---|---|
    | 1 | x |
    """
    lines = ["| " + " | ".join(map(str, line)) + " |" for line in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def score_of(told: Mapping[str, float | None] | None) -> Score:
    """A score as JSON has it."""
    return Score(None) if told is None else Score(told["value"], told["low"], told["high"])


def made_by(command: str, commit: str, result: str) -> str:
    """How a result was made, and where it is.

    >>> made_by("do it", "abcdef0123456789+", "x")
    '`do it`, commit abcdef0123, [result](../experiments/results/x.json).'
    """
    return f"`{command}`, commit {commit[:10]}, [result](../experiments/results/{result}.json)."
