r"""The registry of the running server, kept as the export that its readers would have asked for.

The hives of a running Windows are locked, but its keys can be asked. The readers of hives are run
over them once; every key that they open is written down as `reg export` would write it, and that
text is then read as evidence like any other. So it holds what is read and nothing else. An export
tells no times of keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from extriage.parsers.autostart import Keys
from extriage.parsers.base import DocumentError
from extriage.parsers.hive import MOST_BYTES, MOST_SUBKEYS, MOST_TEXT, Key, decoded
from extriage.parsers.registry import Reading, told
from extriage.pipeline.planning.settings import (
    SOFTWARE,
    SYSTEM,
    Said,
    see_software,
    see_system,
)
from extriage.sources.live import Data, LiveKey, live_key

MACHINE, USERS = "HKEY_LOCAL_MACHINE", "HKEY_USERS"
_FIRST = "Windows Registry Editor Version 5.00"
_SZ, _EXPAND, _BINARY, _DWORD, _MULTI, _QWORD = 1, 2, 3, 4, 7, 11
_TEXTS = (_SZ, _EXPAND)


@dataclass(slots=True)
class LiveHive:
    """A part of the running registry, asked like a hive; keeps what was asked."""

    root: str
    top: str
    """The key that stands for the hive's root: `SOFTWARE`, or a user's SID."""
    opened: dict[str, LiveKey | None] = field(default_factory=dict)
    """Keys by their path, as they were when they were first asked for."""

    def key(self, path: str) -> Key | None:
        """Open a key by its path below the root; None if there is none, or it may not be read."""
        return self._open(rf"{self.top}\{path}" if path else self.top)

    def child(self, parent: Key, name: str) -> Key | None:
        """Open a key right below another one; None if there is none."""
        return self._open(rf"{parent.record}\{name}")

    def subkeys(self, key: Key) -> Iterator[Key]:
        """Yield the keys below one, up to the bound that holds for hives."""
        found = self.opened.get(key.record)
        for name in found.below[:MOST_SUBKEYS] if found else ():
            one = self._open(rf"{key.record}\{name}")
            if one:
                yield one

    def values(self, key: Key) -> dict[str, str | int]:
        """Return the values of a key that are texts or numbers, by their names in lower case."""
        found: dict[str, str | int] = {}
        held = self.opened.get(key.record)
        for name, kind, data in held.values if held else ():
            value = decoded(kind, raw(kind, data)[:MOST_TEXT])
            if value is not None:
                found.setdefault(name.lower(), value)
        return found

    def binary(self, key: Key, wanted: str) -> bytes:
        """Return a value as its bytes, up to a bound; none if there is no such value."""
        held = self.opened.get(key.record)
        for name, kind, data in held.values if held else ():
            if name.lower() == wanted.lower():
                return raw(kind, data)[:MOST_BYTES]
        return b""

    def _open(self, path: str) -> Key | None:
        if path not in self.opened:
            self.opened[path] = live_key(self.root, path)
        if self.opened[path] is None:
            return None
        return Key(path.rpartition("\\")[2], None, path)

    def lines(self) -> Iterator[str]:
        """Yield the export of all keys that were asked for, in order of their names."""
        for path in sorted(self.opened, key=lambda path: (path.lower(), path)):
            key = self.opened[path]
            if key is None:
                continue
            yield ""
            yield f"[{self.root}\\{_printable(path)}]"
            for name, kind, data in key.values:
                yield f"{_quoted(_printable(name)) if name else '@'}={_written(kind, data)}"


@dataclass(frozen=True, slots=True)
class LiveRegistry:
    """What the running registry said."""

    export: bytes
    """As `reg export` writes it, in UTF-8."""
    hives: dict[str, Keys]
    """SOFTWARE and SYSTEM."""
    users: tuple[str, ...]
    """Folders of the users whose hives are loaded, and so locked."""


def live_registry() -> LiveRegistry:
    """Ask the registry of this server; UsageError on a system that has none."""
    hives = {name: LiveHive(MACHINE, name) for name in (SYSTEM, SOFTWARE)}
    said = Said()
    see_software(said, hives[SOFTWARE])
    see_system(said, hives[SYSTEM])
    loaded = {sid: LiveHive(USERS, sid) for sid in _loaded()}
    for hive in (*hives.values(), *loaded.values()):
        _ask(hive)
    lines = [_FIRST]
    for hive in (*hives.values(), *loaded.values()):
        lines += hive.lines()
    profiles = r"Microsoft\Windows NT\CurrentVersion\ProfileList"
    paths = []
    for sid in loaded:
        key = hives[SOFTWARE].key(rf"{profiles}\{sid}")
        if key:
            paths.append(str(hives[SOFTWARE].values(key).get("profileimagepath", "")))
    text = "\r\n".join(lines) + "\r\n"
    return LiveRegistry(text.encode("utf-8", "replace"), dict(hives), tuple(filter(None, paths)))


def _loaded() -> list[str]:
    found = live_key(USERS, "")
    names = found.below if found else ()
    return sorted(name for name in names if name.startswith("S-1-5-") and "_" not in name)


def _ask(hive: LiveHive) -> None:
    """Let the readers of hives open what they need."""
    try:
        for _ in told(Reading(hive, "live"), []):
            pass
    except DocumentError:
        return  # reading the export says what is wrong with it


def raw(kind: int, data: Data) -> bytes:
    """Return data of a value as the registry holds it."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, int):
        return (data & (1 << 64) - 1).to_bytes(8, "little")[: 4 if kind == _DWORD else 8]
    if isinstance(data, list):
        return "".join(f"{part}\0" for part in [*data, ""]).encode("utf-16-le", "surrogatepass")
    return f"{data or ''}\0".encode("utf-16-le", "surrogatepass") if kind in _TEXTS else b""


def _written(kind: int, data: Data) -> str:
    if kind == _SZ and isinstance(data, str) and _printable(data) == data:
        return _quoted(data)
    if kind == _DWORD and isinstance(data, int):
        return f"dword:{data & 0xFFFFFFFF:08x}"
    listed = raw(kind, data).hex(",")
    return f"hex:{listed}" if kind == _BINARY else f"hex({kind:x}):{listed}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _printable(text: str) -> str:
    """Replace what would end a line: an intruder chooses names of keys."""
    return "".join(one if one.isprintable() else "?" for one in text)
