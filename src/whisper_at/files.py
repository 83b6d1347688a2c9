"""Files and folders appear whole or not at all: whatever is written here takes its name when it is finished."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload


@overload
def write_atomically(
    path: Path, mode: Literal["wb"] = "wb"
) -> contextlib.AbstractContextManager[BinaryIO]: ...
@overload
def write_atomically(path: Path, mode: Literal["w"]) -> contextlib.AbstractContextManager[TextIO]: ...
def write_atomically(path: Path, mode: Literal["wb", "w"] = "wb") -> contextlib.AbstractContextManager[Any]:
    """A file to write to that takes its name when it is finished: readers find the old or the whole new one.

    Text is UTF-8 with plain line feeds. The bytes are on the disk before the name is, so that a power cut
    leaves no empty file either. What is no ordinary file (/dev/null, a pipe) is written to as it is.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "note.txt")
    >>> with write_atomically(path, "w") as file:
    ...     _ = file.write("done")
    ...     path.exists()
    False
    >>> path.read_text()
    'done'

    Raises:
        OSError: as the file system says it; then nothing of the new file is left.
    """
    return _write_atomically(path, mode)


@contextlib.contextmanager
def _write_atomically(path: Path, mode: Literal["wb", "w"]) -> Iterator[IO[Any]]:
    target = Path(os.path.realpath(path))  # a link stays a link
    if target.exists() and not target.is_file():
        with _open(target, mode) as file:
            yield file
        return
    temporary = target.with_name(f".{target.name[:20]}.{uuid.uuid4().hex[:12]}.part")
    try:
        with _open(temporary, mode) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _open(path: Path, mode: Literal["wb", "w"]) -> IO[Any]:
    return path.open("wb") if mode == "wb" else path.open("w", encoding="utf-8", newline="\n")


def _sync_folder(folder: Path) -> None:
    """Puts new names on the disk, where the platform lets folders be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def fill_folder(folder: Path, *, resume: bool = False) -> Iterator[Path]:
    """A folder to fill that takes its name, and replaces the one before it, when it is finished.

    With `resume`, what an interrupted attempt has left is there to go on with. One at a time may fill a folder.

    Raises:
        OSError: as the file system says it; then the old folder stands.
    """
    unfinished = folder.with_name(f".{folder.name}.part")
    try:
        if not resume:
            shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, exist_ok=True)
        yield unfinished
        discard(folder)
        unfinished.replace(folder)
        _sync_folder(folder.parent)
    finally:
        if not resume:
            shutil.rmtree(unfinished, ignore_errors=True)
        with contextlib.suppress(OSError):
            unfinished.rmdir()  # nothing came at all


def discard(folder: Path) -> None:
    """Removes a folder so that no reader sees it half gone."""
    if folder.exists():
        rubbish = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:12]}.old")
        folder.replace(rubbish)
        shutil.rmtree(rubbish, ignore_errors=True)
