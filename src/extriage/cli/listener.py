"""Whoever reads the output: may have enough of it (`| more`), may know fewer letters than we do.

Neither is a failure. Windows says who has gone with another error than other systems do: EINVAL
instead of EPIPE; and a pipe there takes only the letters of the system's code page. Reference: the
documentation of Python's `signal` on SIGPIPE, and Microsoft, "System Error Codes", ERROR_NO_DATA.
"""

import errno
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Pipe(io.RawIOBase):
    """A pipe of Windows that says who has gone as other systems say it."""

    def __init__(self, pipe: io.FileIO, owner: io.TextIOWrapper) -> None:
        super().__init__()
        self._pipe = pipe
        self._owner = owner
        """Kept, as it closes the pipe when nobody knows it any more."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._pipe.fileno()

    def write(self, data: "ReadableBuffer", /) -> int | None:
        try:
            return self._pipe.write(data)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise BrokenPipeError(errno.EPIPE, "whoever read this has gone") from error


def listen() -> None:
    r"""Write letters that the output does not know as `\u0434`; tell everywhere who has gone.

    From then on a reader who has gone is a BrokenPipeError, on Windows too.
    """
    out = sys.stdout
    if not isinstance(out, io.TextIOWrapper):
        return
    if out.errors == "strict" or not out.encoding.lower().startswith("utf"):
        out.reconfigure(errors="backslashreplace")
    raw = getattr(out.buffer, "raw", out.buffer)  # with `python -u` there is no buffer
    if os.name == "nt" and isinstance(raw, io.FileIO):
        out.flush()
        # NOTE: "\n" keeps line ends as they are, so that a pipe gets the bytes that a file gets.
        pipe = io.BufferedWriter(_Pipe(raw, out))
        sys.stdout = io.TextIOWrapper(pipe, out.encoding, out.errors, "\n")
