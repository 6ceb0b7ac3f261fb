"""Disk images as files that can be read at any place, and how much reading a step may take.

The structures inside an image are evidence, and hostile: chains that lead in a circle, tables that
name a billion rows. Every read of an image, and of the disk in it, is paid from one purse that is
filled again for each step (one folder listed, one block of a file read); whoever runs in a circle
runs out, and that is a `SourceError` like any other damage.
"""

import io
from abc import ABC, abstractmethod
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from extriage.errors import SourceError
from extriage.sources.files import EvidenceFile, open_file
from extriage.sources.limits import MIB

READS = 200_000
"""Reads that one step may take: thousands are usual for a large image in many segments."""
BYTES = 512 * MIB
AT_ONCE = 128 * MIB
OPEN = 64
SAME = 4_000
"""Reads of the same place in one step."""


class Purse:
    """What is left of the reads of one step."""

    def __init__(self) -> None:
        self._reads = READS
        self._bytes = BYTES
        self._places: Counter[int] = Counter()

    def fill(self) -> None:
        """Begin a new step."""
        self._reads, self._bytes = READS, BYTES
        self._places.clear()

    def pay(self, place: int, size: int) -> None:
        """Pay for one read; SourceError if a damaged or forged structure asks for too much."""
        self._reads -= 1
        self._bytes -= size
        self._places[place] += 1
        if self._reads < 0 or self._bytes < 0 or size > AT_ONCE or self._places[place] > SAME:
            raise SourceError("is damaged or forged: its structures lead in a circle")


@contextmanager
def guarded(purse: Purse) -> Iterator[None]:
    """Make one step of reading an image: whatever goes wrong in it comes out as SourceError."""
    purse.fill()
    try:
        yield
    except SourceError:
        raise
    except (OSError, EOFError) as error:
        raise SourceError("is damaged or cut off: it cannot be read any further") from error
    except Exception as error:
        # NOTE: the library raises anything at all on damaged structures.
        raise SourceError(f"is damaged: it cannot be read ({type(error).__name__})") from error


class Readable(Protocol):
    """What the readers of images ask of a file."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place."""


class Placed(ABC):
    """A readable place: what a file, a disk and a volume have in common."""

    def __init__(self, size: int) -> None:
        # NOTE: numbers of dissect are types of its own, which no case can hold.
        self.size = int(size)
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; before the beginning is the beginning."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def tell(self) -> int:
        """Return where it stands."""
        return self._at

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def close(self) -> None:  # noqa: B027  # a file must have it; there is nothing to be done
        """Leave the file open: whoever opened it closes it."""

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, all that are left if `size` is negative."""
        room = max(self.size - self._at, 0)
        size = room if size is None or size < 0 else min(size, room)
        data = self.piece(self._at, size) if size else b""
        self._at += len(data)
        return data

    def readinto(self, buffer: bytearray) -> int:
        """Fill a buffer; return how many bytes came."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    @abstractmethod
    def piece(self, offset: int, size: int) -> bytes:
        """Return bytes that lie within `size`."""


class Files:
    """The files of an image, of which an E01 may have thousands: few are open at a time."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, EvidenceFile] = OrderedDict()

    def get(self, path: str) -> EvidenceFile:
        """Return a file, open for reading; SourceError if it cannot be opened."""
        file = self._open.get(path)
        if file is None:
            file = self._open[path] = open_file(path)
            if len(self._open) > OPEN:
                _, oldest = self._open.popitem(last=False)
                oldest.__exit__(None, None, None)
        self._open.move_to_end(path)
        return file

    def close(self) -> None:
        """Close all of them."""
        while self._open:
            self._open.popitem()[1].__exit__(None, None, None)


class Handle(Placed):
    """One file on disk that is an image or a part of one."""

    def __init__(self, files: Files, path: str, purse: Purse) -> None:
        super().__init__(files.get(path).size)
        self._files = files
        self._path = path
        self._purse = purse

    def piece(self, offset: int, size: int) -> bytes:
        """Return bytes of the file."""
        self._purse.pay(offset, size)
        return self._files.get(self._path).piece(offset, size)


class Zeros(Placed):
    """A stretch of a disk that holds nothing."""

    def piece(self, offset: int, size: int) -> bytes:
        """Return zero bytes."""
        return bytes(size)


class Joined(Placed):
    """Several files, one after the other: a raw image that was cut in pieces."""

    def __init__(self, pieces: Sequence[Placed]) -> None:
        super().__init__(sum(one.size for one in pieces))
        self._pieces = pieces

    def piece(self, offset: int, size: int) -> bytes:
        """Return bytes of as many files as it takes."""
        found: list[bytes] = []
        for one in self._pieces:
            if size and offset < one.size:
                found.append(one.piece(offset, min(size, one.size - offset)))
                size -= len(found[-1])
                offset = 0
            else:
                offset -= one.size
        return b"".join(found)


class Metered(Placed):
    """A disk or a volume as its reader gives it: whole where it says so, and never for ever."""

    def __init__(self, source: Readable, size: int, purse: Purse, start: int = 0) -> None:
        super().__init__(size)
        self._source = source
        self._purse = purse
        self._start = start

    def piece(self, offset: int, size: int) -> bytes:
        """Return bytes of it; SourceError where the image has been cut off."""
        self._purse.pay(-1 - offset, size)
        self._source.seek(self._start + offset)
        data = self._source.read(size)
        if len(data) < size:
            raise SourceError("is cut off: the image ends before the disk does")
        return data
