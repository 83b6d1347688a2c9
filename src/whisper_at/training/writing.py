"""One run at a time writes to a folder, and leaves nothing half written behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whisper_at.errors import DatasetError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Keep other runs out; what a killed one has left half written is removed.

    Raises:
        DatasetError: if another run is at work there.
    """
    import filelock

    lock = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise DatasetError(
            f"another run is writing to {folder}; wait until it is done, or choose another --out"
        ) from error
    try:
        _sweep(folder)
        yield
    finally:
        _sweep(folder)
        lock.release()


def _sweep(folder: Path) -> None:
    for path in folder.glob(".*.part"):
        path.unlink(missing_ok=True)
