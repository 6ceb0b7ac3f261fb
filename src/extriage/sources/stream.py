"""Evidence as a stream of bytes: forward only, with look-ahead, and with one kind of error.

Every file of every source is read through `Stream`. A read delivers all bytes that are asked for
unless the data ends or breaks off; what was read before a damaged place is always delivered, and
the read after it raises `SourceError` (again and again: a broken stream stays broken).
"""

import io
from collections.abc import Callable
from typing import Any, TypeVar

from extriage.errors import SourceError
from extriage.sources.limits import KIB

CHUNK = 64 * KIB
ZEROS = bytes(CHUNK)
_CLOSED = "this stream was valid only until the next file was opened"

Wanted = TypeVar("Wanted")
Got = TypeVar("Got")


class Stream(io.RawIOBase):
    """A readable byte stream over a function that fetches up to n bytes (none at the end)."""

    def __init__(
        self,
        fetch: Callable[[int], bytes],
        *,
        fill: Callable[[memoryview], int] | None = None,
        leap: Callable[[int], int] | None = None,
        chunk: int = CHUNK,
    ) -> None:
        """Wrap `fetch`; `fill` reads into a buffer without a copy, `leap` skips without reading."""
        super().__init__()
        self._fetch = fetch
        self._fill = fill
        self._leap = leap
        self._chunk = chunk
        self._ahead = b""
        self._at = 0
        self._error = ""
        self._ended = False
        self.position = 0
        self.cap: int | None = None

    def readable(self) -> bool:
        """Say yes: that is all a stream of evidence can do."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes; fewer mean that the data ends or breaks off there."""
        if size is None or size < 0:
            return self.readall()
        if self.closed:
            raise ValueError(_CLOSED)
        data = self.some(size)
        if not data or len(data) == size:
            return data
        parts, left = [data], size - len(data)
        while left:
            try:
                data = self.some(left)
            except SourceError:
                break
            if not data:
                break
            parts.append(data)
            left -= len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; fewer bytes mean that the data ends or breaks off there."""
        if self.closed:
            raise ValueError(_CLOSED)
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view):
            try:
                count = self._into(view[filled:])
            except SourceError:
                if filled:
                    break
                raise
            if not count:
                break
            filled += count
        return filled

    def _into(self, view: memoryview) -> int:
        if self._fill is None or self._at < len(self._ahead) or self.cap is not None:
            data = self.some(len(view))
            view[: len(data)] = data
            return len(data)
        count = self._guarded(self._fill, view)
        self.position += count
        return count

    def some(self, size: int) -> bytes:
        """Return between 1 and `size` bytes, none only at the end."""
        if self.cap is not None:
            size = self._room(size)
        if self._at < len(self._ahead):
            data = self._ahead[self._at : self._at + size]
            self._at += len(data)
        else:
            data = self._fetched(size)
        self.position += len(data)
        return data

    def _room(self, size: int) -> int:
        room = (self.cap or 0) - self.position
        if room > 0 or not self.peek(1):
            return min(size, max(room, 1))
        self._error = f"larger than {self.cap:,} bytes: the rest was not read"
        raise SourceError(self._error)

    def _fetched(self, size: int) -> bytes:
        data = b"" if self._ended else self._guarded(self._fetch, size)
        self._ended = self._ended or (not data and size > 0)
        return data

    def _guarded(self, fetch: Callable[[Wanted], Got], wanted: Wanted) -> Got:
        if self._error:
            raise SourceError(self._error)
        try:
            return fetch(wanted)
        except SourceError as error:
            self._error = str(error)
            raise
        except OSError as error:
            self._error = f"cannot be read any further: {error.strerror or error}"
            raise SourceError(self._error) from error

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes without consuming them; fewer before an end or a break."""
        have = len(self._ahead) - self._at
        if have >= size:
            return self._ahead[self._at : self._at + size]
        parts = [self._ahead[self._at :]]
        while have < size:
            try:
                data = self._fetched(max(size - have, self._chunk))
            except SourceError:
                break
            if not data:
                break
            parts.append(data)
            have += len(data)
        self._ahead, self._at = b"".join(parts), 0
        return self._ahead[:size]

    def take(self, size: int) -> bytes:
        """Return exactly `size` bytes, or fewer at the end; raise where the stream breaks off."""
        data = self.peek(size)
        if len(data) < size and self._error:
            raise SourceError(self._error)
        self._at += len(data)
        self.position += len(data)
        return data

    def unread(self, data: bytes) -> None:
        """Put back bytes that were read too far."""
        self._ahead = data + self._ahead[self._at :]
        self._at = 0
        self.position -= len(data)

    def skip(self, size: int) -> int:
        """Pass over `size` bytes; return how many there were."""
        ready = min(size, len(self._ahead) - self._at)
        self._at += ready
        self.position += ready
        left = size - ready
        if left and self._leap is not None:
            leapt = self._guarded(self._leap, left)
            self.position += leapt
            return ready + leapt
        while left:
            data = self.some(min(left, CHUNK))
            if not data:
                break
            left -= len(data)
        return size - left

    def skip_zeros(self) -> int:
        """Pass over zero bytes; return how many there were."""
        count = 0
        while data := self.peek(CHUNK):
            zeros = len(data) if data == ZEROS else len(data) - len(data.lstrip(b"\0"))
            count += self.skip(zeros)
            if zeros < len(data):
                break
        return count

    @property
    def broken(self) -> str:
        """Why nothing more can be read; empty while all is well."""
        return self._error


def section(parent: Stream, size: int) -> Stream:
    """Return the next `size` bytes of a stream as a stream of their own."""
    left = size

    def fetch(wanted: int) -> bytes:
        nonlocal left
        if not left:
            return b""
        data = parent.some(min(wanted, left))
        if not data:
            raise SourceError(f"cut off: {left:,} of {size:,} bytes are missing")
        left -= len(data)
        return data

    return Stream(fetch)


class Bounded:
    """The next bytes of a stream and no more, read straight into the reader's buffer."""

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream = stream
        self._left = size

    def readinto(self, buffer: memoryview) -> int:
        """Read into a buffer; return how many bytes came, 0 at the end of the range."""
        got = self._stream.readinto(memoryview(buffer)[: self._left]) or 0
        self._left -= got
        return got

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, all that are left when it is negative."""
        data = self._stream.read(self._left if size < 0 else min(size, self._left)) or b""
        self._left -= len(data)
        return data


def drain(stream: Stream) -> None:
    """Read a stream to its end, or to where it breaks off."""
    try:
        while stream.some(CHUNK):
            pass
    except SourceError:
        pass
