"""`whisper-at models`: what can be used, how large it is, and where it lies."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from whisper_at.model.catalog import HEADS, WHISPER
from whisper_at.model.head_file import read_head
from whisper_at.model.weights import where
from whisper_at.tagging.heads import heads_folder, packaged_heads


def as_table(download_root: Path | None) -> str:
    """Two tables for people."""
    whisper = [
        (
            row["name"],
            f"{row['parameters'] / 1e6:.0f} M",
            "English" if row["languages"] == 1 else f"{row['languages']} languages",
            row["place"],
        )
        for row in whisper_rows(download_root)
    ]
    heads = [
        (row["name"], row["encoder"], f"{row['labels']} labels", row["score"], row["place"])
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
    tables = {"models": whisper_rows(download_root), "heads": head_rows(download_root)}
    return json.dumps(tables, indent=1, ensure_ascii=False) + "\n"


def whisper_rows(download_root: Path | None) -> list[dict[str, Any]]:
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


def head_rows(download_root: Path | None) -> list[dict[str, Any]]:
    """One row a head: those in the package, then those in the cache, then those that are published."""
    rows = []
    files = {name: (path, "in the package") for name, path in packaged_heads().items()}
    for path in sorted(heads_folder(download_root).glob("*.safetensors")):
        files.setdefault(path.stem, (path, f"in the cache: {path}"))
    for name, (path, place) in files.items():
        card = read_head(path).card
        score = next((f"{key} {value}" for key, value in card.scores.items()), "")
        rows.append(
            {
                "name": name,
                "encoder": card.encoder,
                "labels": len(card.reported),
                "score": score,
                "place": place,
            }
        )
    for name, head in HEADS.items():
        if name not in files:
            rows.append(
                {
                    "name": name,
                    "encoder": head.encoder,
                    "labels": 527,
                    "score": f"mAP {head.mean_average_precision} (published)",
                    "place": f"not here: would download {4 * head.parameters / 1e6:.0f} MB from {head.urls[0]}",
                }
            )
    return rows


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join("  " + line.rstrip() + "\n" for line in lines)
