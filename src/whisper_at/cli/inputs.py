"""What a user names on the command line to recordings: files, folders, globs, addresses, `-` for stdin."""

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import unquote

from whisper_at.audio import MEDIA_SUFFIXES, Source, read
from whisper_at.audio.source import printable
from whisper_at.errors import AudioError

STDIN = "-"


@dataclass(frozen=True, kw_only=True)
class Input:
    """A recording to be read: what messages call it, the name of its outputs, and where it comes from.

    The source of what cannot be there (a file that is missing, a folder without media) is the error that says so.
    """

    name: str
    stem: str
    source: Source | AudioError

    def open(self) -> Source:
        """The source, to be given to a model.

        Raises:
            AudioError: if there is none.
        """
        if isinstance(self.source, AudioError):
            raise self.source
        return _stdin() if self.source == STDIN else self.source


def expand(arguments: Sequence[str], *, folder: Path = Path(), formats: Sequence[str] = ()) -> list[Input]:
    """The recordings that the arguments stand for, each once, folders and globs in the order of names.

    A file is taken whatever it is called; in a folder, files with the suffix of a medium are taken.
    Outputs, `folder / f"{stem}.{format}"`, get names that differ from one another (a.mp3, b/a.wav) and from
    those of the recordings (a recording called talk.txt), so that nothing is overwritten that was not an output.
    """
    found: dict[str, tuple[str, Source | AudioError]] = {}
    for argument in arguments:
        for name, source in _sources(argument):
            found.setdefault(name if _is_no_path(name) else os.path.abspath(name), (name, source))  # noqa: PTH100
    recordings = {os.path.realpath(source) for _, source in found.values() if isinstance(source, Path)}
    taken: set[str] = set()
    inputs = []
    for name, source in found.values():
        plain = _plain_name(name)
        for stem in _stems(plain):
            outputs = {os.path.realpath(folder / f"{stem}.{suffix}") for suffix in formats}
            if stem.casefold() not in taken and not outputs & recordings:
                break
        taken.add(stem.casefold())  # some file systems do not tell A from a
        inputs.append(Input(name=printable(plain if _is_no_path(name) else name), stem=stem, source=source))
    return inputs


def _sources(argument: str) -> Iterator[tuple[str, Source | AudioError]]:
    if _is_no_path(argument) or not argument:
        yield argument, argument or _problem(argument)
    elif os.path.isdir(argument):  # noqa: PTH112 (pathlib raises for a name that is too long)
        yield from _media(argument)
    elif not os.path.exists(argument) and glob.has_magic(argument):  # noqa: PTH110
        matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 (absolute patterns too)
        files = [match for match in matches if not Path(match).is_dir()]
        yield from ((file, Path(file)) for file in files)
        if not files:
            yield argument, _problem(argument)
    else:
        yield argument, Path(argument) if os.path.exists(argument) else _problem(argument)  # noqa: PTH110


def _media(folder: str) -> Iterator[tuple[str, Source | AudioError]]:
    files = sorted(
        path
        for path in Path(folder).rglob("*")
        if path.suffix.lower() in MEDIA_SUFFIXES
        and not path.name.startswith(".")  # what macOS keeps beside a file is called ._talk.mp3
        and path.is_file()
    )
    yield from ((str(path), path) for path in files)
    if not files:
        yield (
            folder,
            AudioError(
                f"the folder {printable(folder)} holds no recordings (files such as talk.mp3, yard.wav or "
                f"street.mp4); name files to try them"
            ),
        )


def _problem(path: str) -> Source | AudioError:
    """What is wrong with a path that is not there, found out before a model is loaded."""
    try:
        read(path)
    except AudioError as error:
        return error
    return Path(path)  # it has just come


def _stdin() -> Source:
    if sys.stdin is None:
        raise AudioError("stdin is closed; pipe a recording into it, or name a file")
    if sys.stdin.isatty():
        raise AudioError("stdin is a terminal; pipe a recording into it, or name a file")
    return sys.stdin.buffer


def _is_no_path(name: str) -> bool:
    return name == STDIN or "://" in name


def _plain_name(name: str) -> str:
    """The name of a file, without folders, and of an address without what is secret.

    >>> _plain_name("talks/what?.mp3"), _plain_name("https://example.org/my%20dog.mp3?token=1"), _plain_name("-")
    ('what?.mp3', 'my dog.mp3', 'stdin')
    """
    if name == STDIN:
        return "stdin"
    if "://" in name:
        name = unquote(name.split("://", 1)[1].split("?")[0].split("#")[0].rstrip("/"))
    return Path(name).name or "recording"


def _stems(name: str) -> Iterator[str]:
    """Names for outputs, the simplest first.

    >>> from itertools import islice
    >>> list(islice(_stems("talk.mp3"), 4))
    ['talk', 'talk.mp3', 'talk.mp3-2', 'talk.mp3-3']
    """
    yield Path(name).stem
    yield name
    yield from (f"{name}-{i}" for i in count(2))
