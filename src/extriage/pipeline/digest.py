"""SHA-256 of evidence: while it is read, or of a large file beside the reading of its parts."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream, Unit
from extriage.sources import read_range

LARGE = 192 << 20
"""Logs from this size on are read in parts, so that several workers share one."""
PIECE = 8 << 20
FIRST = 8
BEGINNING = 64 << 10
"""Bytes that are kept, so that what tells the kind of a file need not be read twice."""


class Digest:
    """A stream that is hashed while it is read; errors of the stream come through."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0
        """Bytes read from the stream so far."""
        self.first = b""
        """The first bytes, which often tell what a file is."""
        self._blocks: list[bytes] = []
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes; at the end of the stream it is not asked again."""
        block = b"" if self._ended else self._stream.read(size)
        if not block:
            self._ended = self._ended or size != 0
            return b""
        self._digest.update(block)
        if self.size < FIRST:
            self.first += block[: FIRST - self.size]
        if self.size < BEGINNING:
            self._blocks.append(block)
        self.size += len(block)
        return block

    def beginning(self) -> bytes:
        """Return what was read so far, as it is in the evidence; at most the first 64 KiB."""
        return self._blocks[0] if len(self._blocks) == 1 else b"".join(self._blocks)

    def readinto(self, buffer: memoryview) -> int:
        """Read into a buffer; return how many bytes came, 0 at the end."""
        got: int = self._stream.readinto(buffer) or 0
        self._digest.update(buffer[:got])
        self.size += got
        return got

    def hexdigest(self) -> str:
        """Return the SHA-256 of what was read so far."""
        return self._digest.hexdigest()


def digest(unit: Unit, stopped: Event | None = None) -> str:
    """Return the SHA-256 of a whole file; SourceError when it cannot be read."""
    whole = hashlib.sha256()
    view = memoryview(bytearray(PIECE))
    with read_range(unit, 0, unit.size) as stream:
        while got := stream.readinto(view):
            whole.update(view[:got])
            if stopped is not None and stopped.is_set():
                raise SourceError("reading was interrupted")
    return whole.hexdigest()


class Digests:
    """Threads that hash large files while their parts are read by processes.

    Hashing needs no rules, so it begins while they are loaded.
    """

    def __init__(self, threads: int) -> None:
        self._stopped = Event()
        self._threads = ThreadPoolExecutor(threads, "digest")
        self._begun: dict[str, Future[str]] = {}

    def of(self, unit: Unit) -> Future[str]:
        """Hash one file as soon as a thread is free, if that has not begun already."""
        if unit.file not in self._begun:
            self._begun[unit.file] = self._threads.submit(digest, unit, self._stopped)
        return self._begun[unit.file]

    def stop(self) -> None:
        """Give up what is not done."""
        self._stopped.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
