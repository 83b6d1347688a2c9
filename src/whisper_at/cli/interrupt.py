"""Ctrl-C once: stop after this batch and write what is there. Ctrl-C twice: stop at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from whisper_at.cli.talk import say


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second one raises `KeyboardInterrupt`."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only there signals arrive
        yield stop
        return

    def interrupted(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say("stopping; again to stop at once")

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
