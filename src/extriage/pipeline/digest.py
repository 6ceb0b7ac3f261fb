"""Hash a stream while it is read, so that evidence is read only once."""

import hashlib
from typing import BinaryIO


class Digest:
    """A stream that is hashed while it is read; errors of the stream come through."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0
        """Bytes read from the stream so far."""

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        block = self._stream.read(size)
        self._digest.update(block)
        self.size += len(block)
        return block

    def readinto(self, buffer: memoryview) -> int:
        """Read into a buffer; return how many bytes came, 0 at the end."""
        got: int = self._stream.readinto(buffer) or 0  # type: ignore[attr-defined]
        self._digest.update(buffer[:got])
        self.size += got
        return got

    def hexdigest(self) -> str:
        """Return the SHA-256 of what was read so far."""
        return self._digest.hexdigest()
