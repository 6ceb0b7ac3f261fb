"""What readers of the second pass leave in the case folder: records, as many as there are.

A reader writes what it found into a file of its own, record by record, and tells only where in it
the records of each log stand. The main process gathers them from there.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec

from extriage.casefile.trail import TEMPORARY
from extriage.errors import CaseError

_LENGTH = struct.Struct("<I")
_BUFFER = 1 << 20


class Found(msgspec.Struct, array_like=True):
    """One record of a suspect on its way to the main process."""

    computer: str
    time: int
    line: int
    offset: int
    digest: int
    hits: tuple[int, ...]
    address: str
    """In comparable form, like the two that follow."""
    account: str
    agent: str
    status: str
    process: str
    """The process that it shows to be started; mostly none."""
    body: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Found)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where in a file the records of one log stand."""

    file: str = ""
    start: int = 0
    end: int = 0
    count: int = 0


@dataclass(slots=True)
class Spill:
    """The file of one task, made when the first record is written."""

    folder: str
    name: str
    _file: BinaryIO | None = field(default=None, init=False)
    _size: int = field(default=0, init=False)

    def write(self, found: Found) -> None:
        """Put a record at the end."""
        data = _encoder.encode(found)
        try:
            if self._file is None:
                # NOTE: a task that is tried again begins anew.
                self._file = self.path.open("wb", buffering=_BUFFER)
            self._file.write(_LENGTH.pack(len(data)))
            self._file.write(data)
        except OSError as error:
            raise self._full(error) from error
        self._size += _LENGTH.size + len(data)

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(self.folder) / f"{TEMPORARY}{self.name}"

    def at(self) -> int:
        """Return how many bytes were written."""
        return self._size

    def __enter__(self) -> "Spill":
        """Begin; nothing is on disk yet."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Let everything be on disk."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                raise self._full(error) from error
            finally:
                self._file = None

    def _full(self, error: OSError) -> CaseError:
        """Return what ends the scan: a trail with holes would be a wrong answer."""
        return CaseError(
            f"{self.path.parent} cannot be written ({error.strerror}); "
            "the scan's results so far are kept there, run the same command again"
        )


def found_in(stretch: Stretch) -> Iterator[Found]:
    """Yield the records that a reader found in one log, in its order."""
    if stretch.start == stretch.end:
        return
    with Path(stretch.file).open("rb", buffering=_BUFFER) as file:
        file.seek(stretch.start)
        while file.tell() < stretch.end:
            (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
            yield _decoder.decode(file.read(length))
