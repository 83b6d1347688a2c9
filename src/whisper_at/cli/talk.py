"""The two ways out: data on stdout, talk on stderr."""

import contextlib
import errno
import os
import sys

from whisper_at.errors import OutputError

READER_GONE = (errno.EPIPE, errno.EINVAL)  # EINVAL on Windows


def say(text: str) -> None:
    """One line of talk. Nobody hears it where stderr is closed, and it never goes to stdout instead."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"whisper-at: {text}", file=sys.stderr, flush=True)


def emit(text: str) -> None:
    """Data, as it is. Where the reader has gone (`| head -1`) the rest is dropped without a word.

    Raises:
        OutputError: if stdout is a file on a full disk, say.
    """
    try:
        print(text, end="", flush=True)
    except OSError as error:
        _close_stdout()
        if error.errno not in READER_GONE:
            raise OutputError(
                f"stdout could not be written to ({error.strerror}); free space or send it elsewhere"
            ) from error


def _close_stdout() -> None:
    """Sends what is left to nowhere; else Python tries again at its end, and complains."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
