"""PowerShell's own XML (CLIXML), as `Export-Clixml` writes objects: each object as a flat bag.

HealthChecker and many collection scripts save what the server said in this form; files reach tens
of megabytes, most of it of no interest here. They are read as a stream: objects of the types that
are asked for are handed out wherever they stand in the tree, all others are passed over. Reference:
[MS-PSRP], section 2.2.5, the serialization format.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from extriage.parsers.base import DocumentError
from extriage.parsers.xmlstream import End, Start, elements

MAX_VALUES = 300_000
"""Values that are held of one object at the top."""
MAX_TYPES = 5_000
MAX_INNER = 1_000
"""Objects that wait for the end of the one around them."""
FETCHED_FROM = "pscomputername"
MAX_NESTED = 32
"""Objects around an object that is handed out."""
BAG_DEPTH = 5
BAG_VALUES = 20_000
_KEPT = 16
"""Names below which nothing is held: `a.b.c…`."""
_TYPES = 32
_NAMES = 5_000
_FRAMEWORK = frozenset({"En", "TNRef", "Objs"})
_HOLDERS = frozenset({"Props", "MS", "LST", "IE", "QUE", "STK", "DCT"})
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")

Values = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Bag:
    """One object: what it is and what it holds, names in lower case, `a.b` for nested ones."""

    types: frozenset[str]
    """Short names of its class and base classes: `OrganizationConfig`, `ADObject`."""
    line: int
    values: Values
    text: str = ""
    """The object written as text."""
    key: str = ""
    """The name under which it stands in its owner, if it does."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where each value stands, if that is known."""

    def at(self, name: str) -> int:
        """Return the line of a value, else that of the object."""
        return self.lines.get(name.lower(), self.line)

    def one(self, name: str) -> str:
        """Return a value; empty when there is none."""
        found = self.values.get(name.lower())
        return found[0] if found else ""

    def all(self, name: str) -> list[str]:
        """Return all values of a list."""
        return self.values.get(name.lower(), [])

    def has(self, *names: str) -> bool:
        """Tell whether it has these properties, whatever their values."""
        return all(name.lower() in self.values for name in names)


Wanted = Callable[[frozenset[str], frozenset[str]], bool]
"""Gets an object's types and the names that stand directly in it."""


@dataclass(slots=True)
class _Frame:
    """One object that is open."""

    path: str
    start: int
    line: int
    key: str
    types: frozenset[str] = frozenset()
    names: set[str] = field(default_factory=set)
    text: str = ""
    entry: str = ""
    """Key of the dictionary entry that is being read."""


@dataclass(slots=True)
class _Reader:
    wanted: Wanted
    frames: list[_Frame] = field(default_factory=list)
    entries: list[tuple[str, str, int]] = field(default_factory=list)
    known: dict[str, frozenset[str]] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)
    reference: str = ""
    """The number of the list of types that is being read."""
    names: list[str] = field(default_factory=list)
    """The name attribute of each open element."""
    full: bool = False
    server: str = ""
    """The server from which the last object at the top was fetched, if it says so."""

    def see(self, event: Start | End) -> Bag | None:
        """Take in one element; give an object that ends here and is asked for."""
        if isinstance(event, Start):
            self.names.append(event.attributes.get("N", ""))
            self._start(event)
            return None
        name = self.names.pop()
        if event.name == "Obj":
            return self._close()
        if event.name == "T":
            self._type(event.text)
        elif event.name == "TN":
            self._remember()
        elif event.name == "ToString" and self.frames:
            frame = self.frames[-1]
            frame.text = unescaped(event.text)
            self._hold(frame.path, frame.text, event.line)
        elif event.name not in _HOLDERS and event.name not in _FRAMEWORK:
            self._value(event, name)
        return None

    def _start(self, event: Start) -> None:
        if event.name == "Obj":
            self._open(event)
        elif event.name == "TN":
            self.types, self.reference = [], event.attributes.get("RefId", "")
        elif event.name == "TNRef" and self.frames:
            self.frames[-1].types = self.known.get(event.attributes.get("RefId", ""), frozenset())

    def _open(self, event: Start) -> None:
        key, path = self._key(event.attributes.get("N", "")), ""
        if self.frames:
            owner = self.frames[-1]
            path = f"{owner.path}.{key}".strip(".") if key else owner.path
            if key and len(owner.names) < _NAMES:
                owner.names.add(key)
        self.frames.append(_Frame(path[:1024], len(self.entries), event.line, key))

    def _type(self, name: str) -> None:
        if len(self.types) < _TYPES:
            self.types.append(short_type(name))

    def _remember(self) -> None:
        """Give the types that were read to the open object, and to those that point at them."""
        types = frozenset(self.types)
        if self.frames:
            self.frames[-1].types = types
        if len(self.known) < MAX_TYPES:
            self.known[self.reference] = types

    def _key(self, name: str) -> str:
        """Name a value of a dictionary by its key."""
        frame = self.frames[-1] if self.frames else None
        return frame.entry if frame and name == "Value" and frame.entry else name.lower()

    def _value(self, event: End, name: str) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame is None or event.name == "BA" or event.path[-2] not in (*_HOLDERS, "En", "Obj"):
            return
        text = unescaped(event.text)
        if event.path[-2] == "En" and name == "Key":
            frame.entry = text[:256].lower()
            return
        key = self._key(name)
        if key and len(frame.names) < _NAMES:
            frame.names.add(key)
        elif frame.text and event.path[-2] == "Obj":
            return  # NOTE: an enumeration gives its name as text, then its number.
        self._hold(f"{frame.path}.{key}".strip(".") if key else frame.path, text, event.line)

    def _hold(self, path: str, text: str, line: int) -> None:
        if len(self.entries) >= MAX_VALUES:
            self.full = True
        elif path.count(".") < _KEPT:
            self.entries.append((path, text, line))

    def _close(self) -> Bag | None:
        frame = self.frames.pop()
        bag = None
        if len(self.frames) < MAX_NESTED and self.wanted(frame.types, frozenset(frame.names)):
            bag = self._bag(frame)
        if not self.frames:
            names = {text for path, text, _ in self.entries if path == FETCHED_FROM}
            self.server = names.pop() if len(names) == 1 else ""
            self.entries.clear()
        return bag

    def _bag(self, frame: _Frame) -> Bag:
        values: Values = {}
        lines: dict[str, int] = {}
        cut = len(frame.path) + 1 if frame.path else 0
        for path, text, line in self.entries[frame.start : frame.start + BAG_VALUES]:
            name = path[cut:]
            if name.count(".") < BAG_DEPTH:
                values.setdefault(name, []).append(text)
                lines.setdefault(name, line)
        return Bag(frame.types, frame.line, values, frame.text, frame.key, lines)


def objects(data: bytes, wanted: Wanted) -> Iterator[Bag]:
    """Yield the objects asked for, the inner before the outer; DocumentError where it breaks.

    Of an object that was fetched from another server only the outermost says so: the objects in it
    are given its `PSComputerName`.
    """
    reader = _Reader(wanted)
    inner: list[Bag] = []
    try:
        for event in elements(data):
            bag = reader.see(event)
            if bag is not None:
                inner.append(bag)
            if inner and not reader.frames:
                yield from _fetched(inner, reader.server)
                inner.clear()
            elif len(inner) >= MAX_INNER:
                yield from inner
                inner.clear()
    except DocumentError:
        yield from inner
        raise
    if reader.full:
        raise DocumentError(
            f"an object holds more than {MAX_VALUES:,} values: the rest was not read"
        )


def _fetched(inner: Iterable[Bag], server: str) -> Iterator[Bag]:
    for bag in inner:
        known = not server or bag.has(FETCHED_FROM)
        yield bag if known else replace(bag, values={**bag.values, FETCHED_FROM: [server]})


def short_type(name: str) -> str:
    r"""Return the last part of a class name: `Microsoft.X.ExchangeServer` or `…\root\Win32_Y`."""
    name = name.split("`", 1)[0].split("[[", 1)[0]
    return re.split(r"[.\\#+]", name)[-1][:128]


def unescaped(text: str) -> str:
    """Return a string as it was before PowerShell wrote `_x000D_` for a carriage return."""
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    # NOTE: halves of a surrogate pair come one by one, and a lone one cannot be written as UTF-8.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
