"""What a user names on the command line to recordings: files, folders, globs, addresses, `-` for stdin."""

import glob
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from whisper_at.audio import MEDIA_SUFFIXES, Source
from whisper_at.errors import AudioError


@dataclass(frozen=True, kw_only=True)
class Input:
    """A recording to be read: what it is called, the name of its outputs, and where it comes from."""

    name: str
    stem: str
    source: "Source | None" = None  # None is stdin

    def open(self) -> Source:
        """The source, to be given to a model; stdin is read here."""
        return sys.stdin.buffer.read() if self.source is None else self.source


def expand(arguments: Sequence[str]) -> list[Input]:
    """The recordings that the arguments stand for, each once, folders and globs in the order of names.

    A file is taken whatever it is called; in a folder, files with the suffix of a medium are taken.
    Outputs of files with equal names (a.mp3, b/a.wav) get the suffix or a number too, so that none is overwritten.

    Raises:
        AudioError: never for a missing file (that is found out when it is read), only for a folder without media.
    """
    found: dict[str, Source | None] = {}
    for argument in arguments:
        if argument == "-":
            found["-"] = None
        elif Path(argument).is_dir():
            found |= {str(path): path for path in _media(Path(argument))}
        elif not Path(argument).exists() and glob.has_magic(argument):
            matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 (absolute patterns too)
            found |= {match: Path(match) for match in matches or [argument] if not Path(match).is_dir()}
        else:
            found[argument] = argument if "://" in argument else Path(argument)
    return _with_stems(found)


def _media(folder: Path) -> list[Path]:
    files = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in MEDIA_SUFFIXES and path.is_file()
    )
    if not files:
        kinds = ", ".join(sorted(MEDIA_SUFFIXES)[:5])
        raise AudioError(
            f"the folder {folder} holds no recordings (files such as {kinds}); name files to try them"
        )
    return files


def _with_stems(found: dict[str, "Source | None"]) -> list[Input]:
    inputs: list[Input] = []
    taken: set[str] = set()
    for name, source in found.items():
        path = Path("stdin" if name == "-" else name.split("?")[0].rstrip("/"))
        candidates = [path.stem, path.name, *(f"{path.name}-{i}" for i in range(2, len(found) + 2))]
        stem = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(stem)
        inputs.append(Input(name="stdin" if name == "-" else name, stem=stem, source=source))
    return inputs
