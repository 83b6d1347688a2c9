"""A bar on stderr: how far, how long, how long still, how many times faster than the recording plays."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any


class Bar:
    """Progress over recordings; shows nothing where stderr is no terminal or quiet was asked for."""

    def __init__(self, *, quiet: bool) -> None:
        self._progress = None if quiet or not _on_terminal() else _progress()
        self._task: Any = None

    def __enter__(self) -> "Bar":
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Takes the bar off the screen while something else is written there."""
        if self._progress:
            self._progress.stop()
        yield
        if self._progress:
            self._progress.start()

    def begin(self, name: str) -> None:
        """Start with the next recording."""
        if self._progress:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(name, total=None, speed="")

    def __call__(self, done: float, total: float) -> None:
        """Seconds done and seconds there are: the callback of `Model.annotate`."""
        if self._progress:
            elapsed = self._progress.tasks[-1].elapsed
            speed = f"{done / elapsed:.1f}x" if elapsed else ""
            self._progress.update(self._task, completed=done, total=total, speed=speed)


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()  # rich would believe FORCE_COLOR


def _progress() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[speed]}"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # rich would send it to stderr
        redirect_stderr=False,
    )
