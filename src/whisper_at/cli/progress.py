"""A bar on stderr: how far, how long, how long still, how many times faster than the recording plays."""

from types import TracebackType
from typing import Any


class Bar:
    """Progress over recordings; shows nothing where stderr is no terminal or quiet was asked for."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[speed]}"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task: Any = None

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, name: str) -> None:
        """Start with the next recording."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(name, total=None, speed="")

    def __call__(self, done: float, total: float) -> None:
        """Seconds done and seconds there are: the callback of `Model.annotate`."""
        task = self._progress.tasks[-1]
        elapsed = task.elapsed or 0
        speed = f"{done / elapsed:.1f}x" if elapsed > 0 else ""
        self._progress.update(self._task, completed=done, total=total, speed=speed)
