"""The cache folder, who may fill it, and which file in it has which sum.

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
from collections.abc import Iterator
from pathlib import Path

from whisper_at.errors import WeightsError
from whisper_at.files import fill_folder, write_atomically

Location = str | os.PathLike[str]


def cache_folder(download_root: Location | None = None) -> Path:
    """The folder that fetched and converted weights are kept in; it need not exist yet.

    >>> cache_folder("/tmp/elsewhere").name
    'elsewhere'
    """
    import platformdirs

    chosen = download_root or os.environ.get("WHISPER_AT_CACHE") or platformdirs.user_cache_dir("whisper-at")
    return Path(chosen).expanduser().absolute()


@contextlib.contextmanager
def fill_cached(folder: Path, *, resume: bool = False) -> Iterator[Path]:
    """`fill_folder` for a folder of the cache. Hold its lock.

    Raises:
        WeightsError: if the disk is full or the place cannot be written to; then the old folder stands.
    """
    try:
        with fill_folder(folder, resume=resume) as unfinished:
            yield unfinished
    except OSError as error:
        raise WeightsError(
            f"could not write {folder}: {error.strerror or error}; "
            "free space there or choose another cache with WHISPER_AT_CACHE"
        ) from error


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
