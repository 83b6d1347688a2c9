"""`whisper-at models`: what can be used, how large it is, and where it lies; and which sounds have names."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from whisper_at.errors import HeadError
from whisper_at.model.catalog import HEADS, WHISPER
from whisper_at.model.head_file import read_head
from whisper_at.model.weights import where
from whisper_at.tagging import ontology
from whisper_at.tagging.groups import GROUPS
from whisper_at.tagging.heads import heads_folder, packaged_heads
from whisper_at.tagging.wording import group_name

Row = dict[str, Any]


def as_text(download_root: Path | None) -> str:
    """Two tables for people."""
    whisper = [
        (
            row["name"],
            _size(row["parameters"], digits=0),
            "English" if row["languages"] == 1 else f"{row['languages']} languages",
            row["place"],
        )
        for row in whisper_rows(download_root)
    ]
    heads = [
        (
            row["name"],
            _size(row["parameters"], digits=1),
            row["encoder"],
            f"{row['labels']} labels",
            row["score"],
            row["place"],
        )
        for row in head_rows(download_root)
    ]
    return (
        "Whisper models (--model)\n"
        + _columns(whisper)
        + "\nTagging heads (--head); default is the model's own\n"
        + _columns(heads)
    )


def as_json(download_root: Path | None) -> str:
    """The same for programs."""
    return _json({"models": whisper_rows(download_root), "heads": head_rows(download_root)})


def labels_as_text() -> str:
    """AudioSet's labels, one a line: the row of its logit, its mid and its name, between tabs; then the groups."""
    lines = [f"{label.index}\t{label.mid}\t{label.name}\n" for label in ontology.labels()]
    lines += [f"group\tgroup:{key}\t{group_name(key)}\n" for key in GROUPS]
    return "".join(lines)


def labels_as_json() -> str:
    """The same for programs."""
    return _json([{"index": x.index, "mid": x.mid, "name": x.name} for x in ontology.labels()])


def whisper_rows(download_root: Path | None) -> list[Row]:
    """One row a Whisper model."""
    rows = []
    for name, model in WHISPER.items():
        found = where(name, download_root=download_root)
        rows.append(
            {
                "name": name,
                "parameters": model.parameters,
                "languages": model.languages,
                "bytes": model.n_bytes,
                "here": found.place is not None,
                "place": str(found),
            }
        )
    return rows


def head_rows(download_root: Path | None) -> list[Row]:
    """One row a head: those in the package, then those in the cache, then those that are published.

    `parameters` and `bytes` are None where a file cannot be read; `bytes` of what is not here are those of the weights.
    `notes` are those of the card.
    """
    files = {name: (path, "in the package") for name, path in packaged_heads().items()}
    for path in sorted(heads_folder(download_root).glob("*.safetensors")):
        files.setdefault(path.stem, (path, f"in the cache: {path}"))
    rows = [_head_row(name, path, place) for name, (path, place) in files.items()]
    for name, head in HEADS.items():
        if name not in files:
            n_bytes = 4 * head.parameters
            rows.append(
                {
                    "name": name,
                    "parameters": head.parameters,
                    "encoder": head.encoder,
                    "labels": len(ontology.labels()),
                    "score": f"mAP {head.mean_average_precision} % (published)",
                    "notes": "",
                    "bytes": n_bytes,
                    "here": False,
                    "place": f"not here: would download {n_bytes / 1e6:.0f} MB from {head.urls[0]}",
                }
            )
    return rows


def _head_row(name: str, path: Path, place: str) -> Row:
    try:
        head = read_head(path)
    except HeadError as error:  # one that is damaged is no reason to hide the others
        unknown = {"parameters": None, "encoder": "?", "labels": 0, "score": "", "notes": "", "bytes": None}
        return {"name": name, **unknown, "here": False, "place": str(error)}
    return {
        "name": name,
        "parameters": sum(array.size for array in head.arrays.values()),
        "encoder": head.card.encoder,
        "labels": len(head.card.reported),
        "score": next((f"{key} {value}" for key, value in head.card.scores.items()), ""),
        "notes": head.card.notes,
        "bytes": path.stat().st_size,
        "here": True,
        "place": place,
    }


def _size(parameters: int | None, *, digits: int) -> str:
    return "?" if parameters is None else f"{parameters / 1e6:.{digits}f} M"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join("  " + line.rstrip() + "\n" for line in lines)
