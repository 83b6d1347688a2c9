"""A pipe that is read while somebody writes to it."""

from typing import Any


class Pipe:
    """What FFmpeg reads from: it gives what is there instead of waiting for as much as was asked for.

    It has no `seek`, so FFmpeg takes it from front to back.
    """

    def __init__(self, file: Any) -> None:
        self._read = getattr(
            file, "read1", file.read
        )  # a raw file has `read` alone, which does not wait either

    def read(self, n: int) -> bytes:
        """At most so many bytes; none at the end.

        >>> import io
        >>> Pipe(io.BytesIO(b"sound")).read(3)
        b'sou'
        """
        return self._read(n) or b""
