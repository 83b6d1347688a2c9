"""The cache folder, and how anything gets into it: whole or not at all.

    <cache>/whisper/<name>/     one Whisper model in the canonical form
    <cache>/decoder/<sha256>/   the model without encoder layers, for CTranslate2 (see `weights.Checkpoint`)
    <cache>/hashes/             which file had which sha256, so that no file is hashed twice
    <cache>/locks/              one fetcher at a time

The folder is `$WHISPER_AT_CACHE`, or else the user's cache folder of the platform.
"""

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

from whisper_at.errors import WeightsError

Location = str | os.PathLike[str]


def cache_folder(download_root: Location | None = None) -> Path:
    """The folder that fetched and converted weights are kept in; it need not exist yet.

    >>> cache_folder("/tmp/elsewhere").name
    'elsewhere'
    """
    import platformdirs

    chosen = download_root or os.environ.get("WHISPER_AT_CACHE") or platformdirs.user_cache_dir("whisper-at")
    return Path(chosen).expanduser().absolute()


@overload
def write_atomically(
    path: Location, mode: Literal["wb"] = "wb"
) -> contextlib.AbstractContextManager[BinaryIO]: ...
@overload
def write_atomically(path: Location, mode: Literal["w"]) -> contextlib.AbstractContextManager[TextIO]: ...
def write_atomically(
    path: Location, mode: Literal["wb", "w"] = "wb"
) -> contextlib.AbstractContextManager[Any]:
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
def _write_atomically(path: Location, mode: Literal["wb", "w"]) -> Iterator[IO[Any]]:
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

    With `resume`, what an interrupted attempt has left is there to go on with. Hold the folder's lock.

    Raises:
        WeightsError: if the disk is full or the place cannot be written to; then the old folder stands.
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
    except OSError as error:
        raise WeightsError(
            f"could not write {folder}: {error.strerror or error}; "
            "free space there or choose another cache with WHISPER_AT_CACHE"
        ) from error
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


@contextlib.contextmanager
def locked(cache: Path, name: str) -> Iterator[None]:
    """One thread of one process at a time may fetch or make what is called `name`; the others wait."""
    import filelock  # 40 ms, and a model that is there needs no lock

    lock = cache / "locks" / f"{name}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(lock)
        held.acquire()
    except OSError as error:
        raise WeightsError(
            f"cannot write to the cache {cache}: {error.strerror or error}; "
            "choose another with WHISPER_AT_CACHE"
        ) from error
    try:
        yield
    finally:
        held.release()


def sha256_of(path: Path, *, cache: Path | None = None) -> str:
    """The sha256 of a file in hexadecimal.

    With a `cache`, a file whose size and time of change are those of the last time is not read again:
    hashing 3 GB takes seconds, and every start would pay them. A file is known by its number on the disk,
    so it may be renamed meanwhile.
    """
    status = path.stat()
    stamp = [status.st_size, status.st_mtime_ns]
    note = cache and cache / "hashes" / f"{status.st_dev:x}-{status.st_ino:x}.json"
    if note and (known := _recall(note, stamp)):
        return known
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if note:
        _remember(note, stamp, digest.hexdigest(), path)
    return digest.hexdigest()


def _recall(note: Path, stamp: list[int]) -> str | None:
    try:
        known = json.loads(note.read_text("utf-8"))
        return str(known["sha256"]) if known["stamp"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # never noted, or the note is damaged: hash again


def _remember(note: Path, stamp: list[int], sha256: str, path: Path) -> None:
    with contextlib.suppress(OSError):  # a cache that cannot be written to costs time, not correctness
        note.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(note, "w") as file:
            json.dump({"path": str(path), "stamp": stamp, "sha256": sha256}, file)
