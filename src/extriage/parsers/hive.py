"""A registry hive in memory: keys opened by name, values read within bounds.

Nothing is ever walked as a whole. How many keys and values are looked at is bounded, whatever the
hive says of itself. Reference: M. Suhanov, "Windows registry file format specification".
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from extriage.parsers.base import DocumentError
from extriage.parsers.hivelog import BASE, HiveHeader, header, replay

MOST_KEYS = 20_000
"""Keys of one hive that are looked at; those named in this project are among some two thousand."""
MOST_SUBKEYS = 4_000
MOST_VALUES = 1024
MOST_TEXT = 4096
"""Bytes of one value that are read."""
MOST_BYTES = 16 * 1024
"""Bytes of one value that are read where it is no text; larger ones are kept in pieces."""

_TOO_MANY = "lists more keys than are looked at"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_INLINE = 0x80000000
_OFFSETS = struct.Struct("<I")
_VALUE_HEAD = 20
_TEXTS, _NUMBERS, _LISTS = (1, 2), {4: "<I", 11: "<Q"}, 7


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a hive."""

    name: str
    written: datetime | None
    """When the key or one of its values was last changed, in UTC."""
    record: Any


@dataclass(slots=True)
class Hive:
    """A hive whose keys can be opened; DocumentError from any of its methods if it is damaged."""

    data: bytes
    header: HiveHeader
    pending: bool
    """Changes are missing that were never written into the file: its logs were not at hand."""
    _left: int = MOST_KEYS
    _opened: dict[str, Key | None] = field(default_factory=dict)

    def key(self, path: str) -> Key | None:
        r"""Open a key by its path below the root, `Microsoft\Windows`; None if there is none."""
        low = path.lower()
        if low not in self._opened:
            outer, _, name = path.rpartition("\\")
            parent = self.key(outer) if outer else self._root()
            self._opened[low] = self.child(parent, name) if parent else None
        return self._opened[low]

    def child(self, parent: Key, name: str) -> Key | None:
        """Open a key right below another one; None if there is none."""
        wanted = name.lower()
        return next((key for key in self.subkeys(parent) if key.name.lower() == wanted), None)

    def subkeys(self, key: Key) -> Iterator[Key]:
        """Yield the keys below one."""
        for count, record in enumerate(self._guarded(key.record.iter_subkeys())):
            if count == MOST_SUBKEYS:
                raise DocumentError(_TOO_MANY)
            yield _key(record)

    def values(self, key: Key) -> dict[str, str | int]:
        """Return the values of a key that are texts or numbers, by their names in lower case."""
        found: dict[str, str | int] = {}
        for name, kind, data in self._values(key, MOST_TEXT):
            value = decoded(kind, data)
            if value is not None:
                found.setdefault(name, value)
        return found

    def binary(self, key: Key, wanted: str) -> bytes:
        """Return a value as its bytes, up to a bound; none if there is no such value."""
        low = wanted.lower()
        values = self._values(key, MOST_BYTES)
        return next((data for name, _, data in values if name == low), b"")

    def _values(self, key: Key, most: int) -> Iterator[tuple[str, int, bytes]]:
        count = min(key.record.header.values_count, MOST_VALUES)
        at = BASE + 4 + key.record.header.values_list_offset
        offsets = self._bytes(at, count * 4)
        for (offset,) in _OFFSETS.iter_unpack(offsets[: len(offsets) & ~3]):
            value = self._value(BASE + 4 + offset, most)
            if value is not None:
                yield value

    def _root(self) -> Key:
        return _key(next(self._guarded(iter((self.header.root,)), self._record)))

    def _record(self, offset: int) -> Any:
        from regipy import registry  # noqa: PLC0415  # slow to import, rarely needed

        make: Any = registry.NKRecord
        return make(registry.Cell(BASE + offset + 6, "nk", 0), BytesIO(self.data))

    def _guarded(self, records: Iterator[Any], make: Any = None) -> Iterator[Any]:
        """Hand on records while there are some left to look at; name whatever goes wrong."""
        while True:
            try:
                record = next(records)
                made = make(record) if make else record
            except StopIteration:
                return
            except Exception as error:
                # NOTE: the library raises what its parts raise, of a dozen kinds.
                raise DocumentError(f"is damaged ({type(error).__name__})") from error
            self._left -= 1
            if self._left < 0:
                raise DocumentError(_TOO_MANY)
            yield made

    def _value(self, at: int, most: int) -> tuple[str, int, bytes] | None:
        head = self._bytes(at, _VALUE_HEAD)
        if len(head) < _VALUE_HEAD or head[:2] != b"vk":
            return None
        length, size, offset, kind, flags = struct.unpack_from("<HIIIH", head, 2)
        raw = self._bytes(at + _VALUE_HEAD, min(length, MOST_TEXT))
        name = raw.decode("latin-1" if flags & 1 else "utf-16-le", "replace").lower()
        if size & _INLINE:
            return name, kind, struct.pack("<I", offset)[: size & 7]
        return name, kind, self._bytes(BASE + 4 + offset, min(size, most))

    def _bytes(self, at: int, size: int) -> bytes:
        return self.data[at : at + size]


def open_hive(data: bytes, logs: Sequence[bytes]) -> Hive:
    """Open a hive and bring it up to date from its logs; DocumentError if it is none."""
    found = header(data)
    if found is None:
        raise DocumentError("is no registry hive, or its header is cut off")
    if found.clean:
        return Hive(data, found, pending=False)
    replayed = replay(data, found, logs)
    return Hive(replayed or data, found, pending=replayed is None)


def _key(record: Any) -> Key:
    return Key(record.name, _time(record.header.last_modified), record)


def _time(filetime: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=filetime // 10) if filetime else None
    except OverflowError:
        return None


def decoded(kind: int, data: bytes) -> str | int | None:
    """Return a value's text or number; the parts of a list are joined by semicolons."""
    if kind in _TEXTS:
        return data.decode("utf-16-le", "replace").partition("\0")[0]
    if kind == _LISTS:
        return ";".join(filter(None, data.decode("utf-16-le", "replace").split("\0")))
    layout = _NUMBERS.get(kind)
    if layout is None or len(data) < struct.calcsize(layout):
        return None
    return int(struct.unpack_from(layout, data)[0])
