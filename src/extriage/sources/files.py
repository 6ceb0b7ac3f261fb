"""One file on disk, opened so that nothing about it changes.

Read-only, without following a link, without touching its access time where the system lets us,
and only if it is a regular file: a FIFO or a device would block or have side effects. On Windows
the server that owns the file may write, rename and delete it meanwhile.
"""

import errno
import os
import stat
from types import TracebackType

from extriage.errors import SourceError
from extriage.sources.stream import CHUNK, Stream
from extriage.sources.winfile import LOCKED, TAKE, WindowsRefusal, refused, shared_descriptor

NO_ATIME = getattr(os, "O_NOATIME", 0)
READ_ONLY = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)


class EvidenceFile:
    """A regular file, open for reading at any place."""

    def __init__(self, path: str, descriptor: int, info: os.stat_result) -> None:
        self._descriptor = descriptor
        self.path = path
        self.size = info.st_size
        self.modified = info.st_mtime_ns

    def __enter__(self) -> "EvidenceFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def stream(self, offset: int = 0, chunk: int = CHUNK) -> Stream:
        """Return the bytes from `offset` on; a stream returned before is no longer valid."""
        offset = min(offset, self.size)  # a damaged archive may name any place
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        reading = _Reading(self._descriptor, offset, self.size)
        return Stream(reading.fetch, fill=reading.fill, leap=reading.leap, chunk=chunk)

    def piece(self, offset: int, size: int) -> bytes:
        """Return `size` bytes at `offset`, fewer at the end of the file."""
        return self.stream(offset, chunk=1).take(size)


class _Reading:
    """Sequential reading up to the size that the file had when it was opened."""

    def __init__(self, descriptor: int, offset: int, size: int) -> None:
        self._descriptor = descriptor
        self._at = offset
        self._size = size

    def fetch(self, wanted: int) -> bytes:
        try:
            data = os.read(self._descriptor, min(wanted, max(self._size - self._at, 1)))
        except OSError as error:
            raise SourceError(broken(error, self._at)) from error
        return data[: self._read(len(data))]

    def fill(self, view: memoryview) -> int:
        view = view[: max(self._size - self._at, 1)]
        if not hasattr(os, "readv"):
            data = self.fetch(len(view))
            view[: len(data)] = data
            return len(data)
        try:
            count = os.readv(self._descriptor, [view])
        except OSError as error:
            raise SourceError(broken(error, self._at)) from error
        return self._read(count)

    def leap(self, wanted: int) -> int:
        count = max(min(wanted, self._size - self._at), 0)
        os.lseek(self._descriptor, count, os.SEEK_CUR)
        self._at += count
        return count

    def _read(self, count: int) -> int:
        if count and self._at >= self._size:
            raise SourceError(f"grew while it was read: only its first {self._size:,} bytes count")
        if not count and self._at < self._size:
            raise SourceError(
                f"shrank while it was read: {self._size - self._at:,} of {self._size:,} bytes "
                "are missing"
            )
        self._at += count
        return count


def open_file(file: str) -> EvidenceFile:
    """Open a regular file read-only; raise `SourceError` with the reason if that cannot be."""
    try:
        descriptor = _descriptor(file)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SourceError("symbolic link: not followed") from error
        raise SourceError(trouble(error)) from error
    except WindowsRefusal as error:
        raise SourceError(refused(error.code)) from error
    except ValueError as error:
        raise SourceError(f"cannot be opened: {error}") from error
    info = os.fstat(descriptor)
    if reason := irregular(info.st_mode):
        os.close(descriptor)
        raise SourceError(reason)
    return EvidenceFile(file, descriptor, info)


def _descriptor(file: str) -> int:
    if os.name == "nt":
        return shared_descriptor(file)
    if not NO_ATIME:
        return os.open(file, READ_ONLY)
    try:
        return os.open(file, READ_ONLY | NO_ATIME)
    except PermissionError:  # only a file's owner may keep its access time from changing
        return os.open(file, READ_ONLY)


def irregular(mode: int) -> str:
    """Say why a thing of this mode is not read; empty for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    return f"{_kind(mode)}: not read"


def _kind(mode: int) -> str:
    tests = (
        (stat.S_ISLNK, "symbolic link"),
        (stat.S_ISDIR, "folder"),
        (stat.S_ISFIFO, "named pipe"),
        (stat.S_ISSOCK, "socket"),
        (stat.S_ISCHR, "device"),
        (stat.S_ISBLK, "device"),
    )
    return next((name for test, name in tests if test(mode)), "no regular file")


def trouble(error: OSError) -> str:
    """Put a system error into words for the manifest."""
    if isinstance(error, FileNotFoundError):
        return "vanished before it could be read"
    if getattr(error, "winerror", 0) in LOCKED:
        return f"in use and locked by another program: {TAKE}"
    if isinstance(error, PermissionError):
        return _coded("permission denied", error)
    return _coded(f"cannot be opened: {error.strerror or error}", error)


def _coded(words: str, error: OSError) -> str:
    """Add the system's own name of an error, for the manifest: `permission denied (EACCES)`."""
    name = errno.errorcode.get(error.errno or 0, "")
    return f"{words} ({name})" if name else words


def broken(error: OSError, at: int) -> str:
    """Say where reading a file broke off, and why."""
    # NOTE: Windows reports a locked stretch of a file as a lack of permission.
    if os.name == "nt" and isinstance(error, PermissionError):
        return f"cannot be read from byte {at:,} on: locked by another program: {TAKE}"
    return _coded(f"cannot be read from byte {at:,} on: {error.strerror or error}", error)
