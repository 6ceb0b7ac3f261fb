r"""Registry keys exported as text: `.reg` files of regedit and `reg export`.

They are read as the hive that they were taken from would be: what stands below
`HKEY_LOCAL_MACHINE\SOFTWARE`, `\SYSTEM` and below each user. Exports tell no times. Reference:
Microsoft, "How to add, modify, or delete registry subkeys and values by using a .reg file".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from extriage.model.state import Fact
from extriage.parsers.base import Document, DocumentError, DocumentReader
from extriage.parsers.hive import MOST_BYTES, MOST_SUBKEYS, MOST_TEXT, Key, decoded
from extriage.parsers.registry import Reading, told

KIND = "registry-export"
_STARTS = (b"Windows Registry Editor Version 5.00", b"REGEDIT4")
MOST_KEYS = 200_000
_KEY = re.compile(r"\[(HKEY_[A-Z_]{1,24}(?:\\[^\r\n]{1,2000})?)\]")
_VALUE = re.compile(r'(?:@|"((?:[^"\\]|\\.){0,1000})")=(.*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_HEX = re.compile(r"hex(?:\(([0-9a-f]{1,8})\))?:(.*)", re.DOTALL | re.IGNORECASE)
_DWORD = re.compile(r"dword:([0-9a-f]{1,8})$", re.IGNORECASE)
_BINARY, _TEXT = 3, 1
_USERS = re.compile(r"HKEY_USERS\\[^\\]{1,200}", re.IGNORECASE)
_USER = "HKEY_CURRENT_USER"
_MACHINE = "HKEY_LOCAL_MACHINE"

_Values = dict[str, tuple[int, bytes | str | int]]


@dataclass(slots=True)
class Export:
    """Everything that one file says, by its keys."""

    names: dict[str, str] = field(default_factory=dict)
    """The keys as they are written, by their path in lower case."""
    below: dict[str, list[str]] = field(default_factory=dict)
    held: dict[str, _Values] = field(default_factory=dict)

    def add(self, path: str) -> _Values:
        """Take in a key, and those above it; return the place for its values."""
        while path.lower() not in self.names:
            if len(self.names) >= MOST_KEYS:
                raise DocumentError("lists more keys than are looked at")
            outer, _, _ = path.rpartition("\\")
            self.names[path.lower()] = path
            if not outer:
                break
            self.below.setdefault(outer.lower(), []).append(path.lower())
            path = outer
        return self.held.setdefault(path.lower(), {})

    def roots(self) -> Iterator[tuple[str, str]]:
        """Yield the hives that the keys are of, each with its path: `SOFTWARE`, `SYSTEM`, user."""
        for name in ("SOFTWARE", "SYSTEM"):
            if rf"{_MACHINE}\{name}".lower() in self.names:
                yield name, rf"{_MACHINE}\{name}"
        for low, path in self.names.items():
            if low == _USER.lower() or _USERS.fullmatch(path):
                yield "NTUSER.DAT", path


@dataclass(frozen=True, slots=True)
class ExportedHive:
    """One hive of an export, asked like a hive."""

    export: Export
    root: str

    def key(self, path: str) -> Key | None:
        """Open a key by its path below the root; None if there is none."""
        low = rf"{self.root}\{path}".lower()
        name = self.export.names.get(low)
        return Key(name.rpartition("\\")[2], None, low) if name else None

    def child(self, parent: Key, name: str) -> Key | None:
        """Open a key right below another one; None if there is none."""
        low = rf"{parent.record}\{name}".lower()
        found = self.export.names.get(low)
        return Key(found.rpartition("\\")[2], None, low) if found else None

    def subkeys(self, key: Key) -> Iterator[Key]:
        """Yield the keys below one, up to the bound that holds for hives."""
        for low in self.export.below.get(key.record, [])[:MOST_SUBKEYS]:
            yield Key(self.export.names[low].rpartition("\\")[2], None, low)

    def values(self, key: Key) -> dict[str, str | int]:
        """Return the values of a key that are texts or numbers, by their names in lower case."""
        found: dict[str, str | int] = {}
        for name, (kind, data) in self.export.held.get(key.record, {}).items():
            value = decoded(kind, data[:MOST_TEXT]) if isinstance(data, bytes) else data
            if value is not None:
                found[name] = value[:MOST_TEXT] if isinstance(value, str) else value
        return found

    def binary(self, key: Key, wanted: str) -> bytes:
        """Return a value as its bytes, up to a bound; none if there is no such value."""
        _, data = self.export.held.get(key.record, {}).get(wanted.lower(), (0, b""))
        return data[:MOST_BYTES] if isinstance(data, bytes) else b""


def accepts(head: bytes, path: str) -> bool:
    """Tell an export of registry keys."""
    return head.startswith(_STARTS)


def read(document: Document) -> Iterator[Fact]:
    """Yield what the export tells; DocumentError at the end if a part of it was not to be read."""
    export = read_export(document.data)
    computer, troubles = "", list[str]()
    for name, root in export.roots():
        reading = Reading(ExportedHive(export, root), document.path)
        reading.computer = computer
        reading.user = root.rpartition("\\")[2] if name == "NTUSER.DAT" else ""
        try:
            yield from told(reading, [])
        except DocumentError as error:
            troubles.append(str(error))
        computer = reading.computer
    if troubles:
        raise DocumentError("; ".join(dict.fromkeys(troubles)))


def read_export(data: bytes) -> Export:
    """Read an export; lines that are no key and no value are passed over."""
    export, values = Export(), _Values()
    for line in _lines(data.decode("utf-8", "replace")):
        if key := _KEY.fullmatch(line):
            path = key[1]
            export.add(path)
            values = export.held.setdefault(path.lower(), {})
        elif found := _VALUE.fullmatch(line):
            name = _ESCAPED.sub(r"\1", found[1] or "").lower()
            value = _value(found[2].strip())
            if value is not None:
                values.setdefault(name, value)
    return export


def _lines(text: str) -> Iterator[str]:
    """Join the lines of binary values, which end with a backslash."""
    parts: list[str] = []
    for line in text.splitlines():
        parts.append(line.strip())
        if not line.endswith("\\"):
            yield "".join(part.removesuffix("\\") for part in parts[:-1]) + parts[-1]
            parts = []
    if parts:
        yield "".join(part.removesuffix("\\") for part in parts)


def _value(text: str) -> tuple[int, bytes | str | int] | None:
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        return _TEXT, _ESCAPED.sub(r"\1", text[1:-1])
    if found := _DWORD.match(text):
        return 4, int(found[1], 16)
    if found := _HEX.match(text):
        kind = int(found[1], 16) if found[1] else _BINARY
        try:
            return kind, bytes.fromhex(found[2].replace(",", " "))
        except ValueError:
            return None
    return None


READER = DocumentReader(accepts, read, 64 << 20)
