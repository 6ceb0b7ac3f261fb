"""Read a stream once: hash it, and read ahead of the one who uses it.

Reading, decompressing and hashing release Python's lock, so for large files they run in a thread
of their own while the blocks before are searched.
"""

import hashlib
from queue import Queue
from threading import Thread
from typing import BinaryIO

BLOCK = 1 << 20
AHEAD = 4
DIRECT = 4 << 20
"""Files up to this size are read without a thread."""


class ReadAhead:
    """A stream that is hashed while it is read; SourceError of the stream comes through."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._queue: Queue[bytes | BaseException] | None = None
        self._thread: Thread | None = None
        self._stopped = False
        self._ready = memoryview(b"")
        self._ended = False
        self.size = 0
        """Bytes read from the stream so far."""

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes; fewer only at the end."""
        parts = []
        while size != 0 and (data := self._next(size if size > 0 else BLOCK)):
            parts.append(bytes(data))
            size -= len(data) if size > 0 else 0
        return b"".join(parts)

    def readinto(self, buffer: memoryview) -> int:
        """Read into a buffer; return how many bytes came, 0 at the end."""
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> memoryview:
        if not self._ready and not self._ended:
            block = self._take(size)
            self._ended = not block
            self._ready = memoryview(block)
        data, self._ready = self._ready[:size], self._ready[size:]
        return data

    def _take(self, size: int) -> bytes:
        if self.size < DIRECT and self._queue is None:
            return self._pull(min(size, BLOCK))
        if self._queue is None:
            self._queue = Queue(AHEAD)
            self._thread = Thread(target=self._run, args=(self._queue,), daemon=True)
            self._thread.start()
        block = self._queue.get()
        if isinstance(block, BaseException):
            raise block
        return block

    def _pull(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._digest.update(block)
        self.size += len(block)
        return block

    def _run(self, queue: "Queue[bytes | BaseException]") -> None:
        block = b"-"
        try:
            while block and not self._stopped:
                block = self._pull(BLOCK)
                queue.put(block)
        except BaseException as error:  # NOTE: it is raised again where the block is asked for
            queue.put(error)

    def close(self) -> None:
        """Stop reading ahead; must be called before the stream is closed."""
        self._stopped = True
        while self._thread is not None and self._thread.is_alive():
            while self._queue is not None and not self._queue.empty():
                self._queue.get()
            self._thread.join(0.01)

    def hexdigest(self) -> str:
        """Return the SHA-256 of what was read so far."""
        return self._digest.hexdigest()
