"""For all tests: a cache of their own, and what several of them ask.

Hypothesis has no deadlines, since machines that run tests are shared and slow at times.
"""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for the test, and no other program's; the network is not forbidden."""
    for name in ("WHISPER_AT_OFFLINE", "HF_HUB_OFFLINE", "HUGGINGFACE_HUB_CACHE", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("WHISPER_AT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def listing(folder: str | Path) -> list[str]:
    """The names of what is in a folder, hidden or not."""
    return sorted(path.name for path in Path(folder).iterdir())


def left_over(cache: Path) -> list[str]:
    """Names in the cache of what is unfinished or thrown away."""
    return [path.name for path in cache.rglob("*") if path.name.endswith((".part", ".old"))]


def one_line(error: pytest.ExceptionInfo[BaseException]) -> str:
    """What an error says, in one line."""
    assert "\n" not in str(error.value)
    return str(error.value)


def at_once(n: int, work: Callable[[], None]) -> None:
    """Does the work in so many threads, and waits for them."""
    threads = [threading.Thread(target=work) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
