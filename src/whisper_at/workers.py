"""The same work on many tasks: in this process, or in several at a time.

A worker that dies is an error and not a wait without end; workers of a process that was killed end by themselves.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import Any, Generic, Protocol, TypeVar

from whisper_at.errors import DatasetError

Report = Callable[[float], None]
"""Called by the work with how much of its task is done, in whatever unit."""
POLL = 0.25  # seconds between two looks at how far the workers are

Task = TypeVar("Task", contravariant=True)
Result = TypeVar("Result", covariant=True)


class Work(Protocol, Generic[Task, Result]):
    """Goes to each process, is opened there once (loads a model, say), then does tasks."""

    def open(self) -> Callable[[Task, Report], Result]:
        """What does a task."""
        ...


class _Stopped(Exception):
    """The others are not interested in this task any more."""


def results(
    work: Work[Task, Result],
    tasks: Sequence[Task],
    *,
    workers: int = 1,
    progress: Callable[[float], None] = lambda done: None,
) -> Iterator[tuple[int, Result]]:
    """The number of each task and its result, in the order in which they are finished.

    Args:
        work: what is to be done; it and the tasks must be picklable for more than one worker.
        tasks: on what.
        workers: processes; with 1 all is done here.
        progress: is given the sum of what all tasks have reported.

    Raises:
        DatasetError: if a worker dies. What a task raises is raised here, and ends the others.
    """
    if min(workers, len(tasks)) > 1:
        yield from _in_processes(work, tasks, min(workers, len(tasks)), progress)
        return
    if not tasks:
        return
    do = work.open()
    before = latest = 0.0

    def report(amount: float) -> None:
        nonlocal latest
        latest = amount
        progress(before + amount)

    for number, task in enumerate(tasks):
        yield number, do(task, report)
        before, latest = before + latest, 0.0


def _in_processes(
    work: Work[Task, Result], tasks: Sequence[Task], workers: int, progress: Callable[[float], None]
) -> Iterator[tuple[int, Result]]:
    context = get_context("spawn")  # engines have threads, which do not survive a fork
    amounts = context.RawArray("d", len(tasks))  # each is written by one worker: no locks
    stop = context.RawValue("b", 0)
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin, initargs=(work, amounts, stop)
    ) as pool:
        try:
            pending = {pool.submit(_do, number, task) for number, task in enumerate(tasks)}
            while pending:
                done, pending = wait(pending, timeout=POLL, return_when=FIRST_COMPLETED)
                progress(sum(amounts))
                for future in done:
                    yield future.result()
        except BrokenProcessPool as error:
            raise DatasetError(
                "a worker died, perhaps for want of memory; what is finished is kept: "
                "run the same command again with fewer --workers"
            ) from error
        finally:
            stop.value = 1
            pool.shutdown(cancel_futures=True)


_here: dict[str, Any] = {}  # what a worker process works with


def _begin(work: Work[Any, Any], amounts: Any, stop: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the first process tells the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _here.update(do=work.open(), amounts=amounts, stop=stop)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "a worker has a parent"
    connection.wait([parent.sentinel])
    os._exit(1)


def _do(number: int, task: Any) -> tuple[int, Any]:
    def report(amount: float) -> None:
        _here["amounts"][number] = amount
        if _here["stop"].value:
            raise _Stopped

    return number, _here["do"](task, report)
