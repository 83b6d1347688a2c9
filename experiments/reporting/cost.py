"""What heads cost, size by size: from efficiency.json."""

from collections.abc import Sequence
from typing import Any

from reporting.layout import loaded, made_by, prose, table

SHOWN = ("tl-tr", "tl-tr-512", "cell-mlp")  # the table has these heads; the result has all


def section() -> str:
    """The section."""
    found = loaded("efficiency")
    published = loaded("paper")["times less than AST, TL-Tr-512 on large-v1"]
    measured = found["measured"]
    clock = [
        [what, *(f"{of[what]['ms']:.1f}" if what in of else "-" for of in measured.values())]
        for what in next(iter(measured.values()))
    ]
    claims = [[claim, _told(one["holds"]), _told(one["fails"])] for claim, one in found["claims"].items()]
    header = ["Whisper", "encoder", "head", "parameters", "head, 30 s", "share", "times less than AST"]
    return "\n\n".join(
        [
            "## What does tagging cost?",
            prose(
                f"""Multiply-adds of 30 s, counted from the graphs of every published size, in rows of 10 s as the
                original serves them. The paper speaks of "less than 1 % more computation", and of {published} times
                less than AST for TL-Tr-512 on `large-v1`."""
            ),
            table(header, [row for size, one in found["sizes"].items() for row in _rows(size, one)]),
            table(["claim", "holds for", "fails for"], claims),
            "By the clock, milliseconds for 30 s, medians, one thread, the encoder as it is served:",
            table(["", *(f"`{model}`" for model in measured)], clock),
            made_by(found["command"], found["commit"], "efficiency"),
        ]
    )


def _rows(size: str, one: dict[str, Any]) -> list[list[str]]:
    return [
        [
            size,
            f"{one['encoder']['multiply-adds'] / 1e9:.1f} G",
            f"`{name}`",
            f"{head['parameters'] / 1e6:.1f} M",
            f"{head['multiply-adds, rows of 10 s'] / 1e9:.2f} G",
            f"{100 * head['share, rows']:.2f} %",
            f"{head['times less than AST, rows']:.0f}",
        ]
        for name in SHOWN
        if (head := one["heads"].get(name))
    ]


def _told(names: Sequence[str]) -> str:
    """Heads with the sizes that a claim holds for.

    >>> _told(["tl-tr on tiny", "tl-tr on base", "wa-mlp on base"])
    '`tl-tr` on tiny, base; `wa-mlp` on base'
    """
    of_head: dict[str, list[str]] = {}
    for name in names:
        head, _, size = name.partition(" on ")
        of_head.setdefault(head, []).append(size)
    most = max(map(len, of_head.values()), default=0)
    told = (
        f"`{head}` on {'all sizes' if len(sizes) == most > 3 else ', '.join(sizes)}"
        for head, sizes in of_head.items()
    )
    return "; ".join(told) or "-"
