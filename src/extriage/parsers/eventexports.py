"""Exports of Windows events as text: which form has one, and where does each event stand in it?

JSON lines (evtx_dump, Winlogbeat, NXLog, EvtxECmd, Velociraptor), a JSON array or objects printed
over many lines (`Get-WinEvent | ConvertTo-Json`, evtx_dump), tables as CSV (EvtxECmd, Export-Csv).
Names of files say nothing; the first bytes do.
"""

import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import msgspec

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream
from extriage.parsers.base import Columns, LineFormat
from extriage.parsers.eventitems import Item, Tape, elements, lines
from extriage.parsers.flatten import UNWRITTEN, names_of
from extriage.parsers.lines import split
from extriage.parsers.text import HEAD, text_of

Form = Literal["", "lines", "elements", "rows"]
HeaderOf = Callable[[bytes], tuple[Columns, int] | None]
"""Finds the header of a table: its columns, and how many lines stand above it."""

MOST_JOINED = 256
"""Lines that one quoted field of a table may span."""
JOIN_BOUND = 1 << 16
_TRIED = 40
"""Lines or objects of the head that are looked at to find one event."""

_ENDS = b"\r\n \t\x00\xef\xbb\xbf"
_EDGE = _ENDS + b","
_KEYS = tuple(
    frozenset(keys.split())
    for keys in (
        "Event",
        "winlog",
        "_source",
        "System EventData",
        "System UserData",
        "EventID Channel",
        "EventID SourceName",
        "EventID Provider_Name",
        "EventID ProviderName",
        "EventId Channel",
        "Id ProviderName LogName",
        "Id ProviderName TimeCreated",
    )
)
"""Keys that only an event has together."""
_CUT = (
    re.compile(rb'"(?:Event|winlog|Channel)"\s{0,8}:'),
    re.compile(rb'"(?:EventID|EventId|event_id)"\s{0,8}:'),
)
"""What stands in an event that is too long for the head."""
_NUMBERED = re.compile(rb"\s{0,8}Record \d{1,20}\s{1,8}\{")
_ABSOLUTE = re.compile(
    rb'"SystemTime"\s{0,8}:\s{0,8}\d{9}'
    rb'|"TimeCreated"\s{0,8}:\s{0,8}(?:\{\s{0,80}"value"\s{0,8}:\s{0,8})?"\\?/Date\(\d'
)
_ENVELOPE = frozenset(
    ["id", "eventid", "event_id", "version", "qualifiers", "level", "task", "opcode", "keywords"]
    + ["recordid", "recordnumber", "eventrecordid", "provider", "providername", "provider_name"]
    + ["providerid", "sourcename", "logname", "channel", "processid", "threadid", "machinename"]
    + ["computer", "hostname", "userid", "timecreated", "activityid", "relatedactivityid"]
    + ["containerlog", "matchedqueryids", "bookmark", "leveldisplayname", "opcodedisplayname"]
    + ["taskdisplayname", "keywordsdisplaynames", "mapdescription", "chunknumber", "username"]
    + ["hiddenrecord", "sourcefile", "extradataoffset", "pscomputername", "runspaceid"]
)
"""What exporters write of every event, in lower case: none of it is the event's own."""
_TYPE_LINE = b"#TYPE "
_NAMES = (
    frozenset({"eventid", "event_id", "id"}),
    frozenset({"channel", "logname"}),
    frozenset({"provider", "providername", "provider_name", "sourcename"}),
)
"""A table of events has a column of each of these."""
_TABLE = LineFormat("events-csv", b",")


def export_form(head: bytes) -> Form:
    """Tell in which form a text holds Windows events, from its first 64 KiB; empty if in none."""
    text = head.lstrip(_EDGE)
    if text[:1] in (b"{", b"[") or _NUMBERED.match(text):
        return json_form(text, _is_event, _CUT)
    return "rows" if _header(head) else ""


def json_form(
    text: bytes, is_one: Callable[[bytes], bool], cut: Iterable[re.Pattern[bytes]]
) -> Form:
    """Tell in which form a JSON text holds what is asked for; `cut` stands in a first that is cut.

    The text is the beginning of a file, without what may stand in front of the first bracket.
    """
    written = text.split(b"\n", _TRIED)[:_TRIED]
    if any(is_one(_bare(line)) for line in written):
        return "lines"
    tape = Tape(io.BytesIO(text), lambda _size: None)
    found = [item.document for item, _ in zip(elements(tape), range(_TRIED), strict=False)]
    if any(is_one(document) for document in found):
        return "elements"
    first_is_cut = len(found) == 1 and tape.unclosed
    if not first_is_cut or not all(key.search(text) for key in cut):
        return ""
    return "lines" if text[:1] == b"{" and len(written) == 1 else "elements"


def _bare(line: bytes) -> bytes:
    """Take off what stands around an event on its line, in an array with one on each."""
    text = line.strip(_EDGE)
    inner = text.removeprefix(b"[").removesuffix(b"]").strip(_EDGE)
    return inner if inner[:1] == b"{" and inner[-1:] == b"}" else text


def _is_event(document: bytes) -> bool:
    names = names_of(document)
    return any(keys <= names for keys in _KEYS)


def _header(text: bytes) -> tuple[Columns, int] | None:
    """Find the header of a table of events."""
    return table_header(text, lambda lowered: all(lowered & some for some in _NAMES))


def table_header(text: bytes, wanted: Callable[[set[str]], bool]) -> tuple[Columns, int] | None:
    """Find the header of a table, which the names of its columns (in lower case) tell.

    PowerShell writes the type of the objects above it.
    """
    for number, line in enumerate(text.split(b"\n", 4)[:4]):
        row = line.strip(_EDGE)
        if not row or row.startswith(_TYPE_LINE):
            continue
        names = tuple(name.strip().strip('"') for name in text_of(line.strip(_ENDS)).split(","))
        return (names, number) if wanted({name.lower() for name in names}) else None
    return None


def foreign_table(head: bytes) -> bool:
    """Tell whether a text is a table of events with other delimiters than commas: not read."""
    top = head.split(b"\n", 3)[:3]
    return any(_header(row.replace(mark, b",")) for row in top for mark in (b";", b"\t"))


def _holds_values(head: bytes, form: Form) -> bool:
    """Tell whether the first events of an export say more than when and where they were written."""
    if form == "rows":
        found = _header(head)
        return found is None or any(name.lower() not in _ENVELOPE for name in found[0])
    items = elements(Tape(io.BytesIO(head), lambda _size: None))
    events = [
        msgspec.json.decode(item.document)
        for item, _ in zip(items, range(_TRIED), strict=False)
        if _is_event(item.document)
    ]
    return not events or any(_has_values(event) for event in events)


def _has_values(event: dict[str, Any]) -> bool:
    """Tell whether an event has values; ConvertTo-Json may not have gone deep enough for them."""
    return any(
        value
        and name.lower() not in _ENVELOPE
        and not (isinstance(value, list) and all(item == UNWRITTEN for item in value))
        for name, value in event.items()
    )


class Export:
    """One export while it is read."""

    def __init__(self, stream: ByteStream, progress: Callable[[int], None]) -> None:
        """Look at the beginning of a stream and tell in which form it holds events."""
        self._tape = Tape(stream, progress)
        while len(self._tape.data) < HEAD and self._tape.more():
            pass
        head = bytes(self._tape.data[:HEAD])
        self.form: Form = export_form(head) or "lines"
        self.absolute = _ABSOLUTE.search(head) is not None
        """True if times are numbers that count from 1970 UTC, which no zone can change."""
        self.empty = not _holds_values(head, self.form)
        """True if the events were exported without anything that rules could read."""
        self.columns: Columns = ()
        """Columns of a table."""

    @property
    def unclosed(self) -> bool:
        """Tell whether the text ended inside an array or an event, once it is read."""
        return self._tape.unclosed

    def items(self) -> Iterator[Item]:
        """Yield all items; SourceError where the stream breaks off, after what was read before."""
        if self.form == "elements":
            return elements(self._tape)
        if self.form == "rows":
            return self._rows()
        return bare_lines(self._tape)

    def _rows(self) -> Iterator[Item]:
        found = _header(bytes(self._tape.data[:HEAD]))
        assert found is not None
        self.columns = found[0]
        return table_rows(self._tape, _header)


def bare_lines(tape: Tape) -> Iterator[Item]:
    """Yield one item for each line, without the brackets and commas of an array around it."""
    for item in lines(tape):
        if item.part:
            yield item
        else:
            document = _bare(item.raw)
            yield Item(b"") if document in (b"[", b"]") else Item(document, document)


def table_rows(tape: Tape, header_of: HeaderOf) -> Iterator[Item]:
    """Yield one item for each row; header and blank lines are items without content."""
    found = header_of(bytes(tape.data[:HEAD]))
    assert found is not None
    columns, above = found
    rows = lines(tape)
    for _ in range(above + 1):
        next(rows)
        yield Item(b"")
    yield from _rows(_Ahead(rows), columns, header_of)


class _Ahead:
    """Lines of a table, some of them looked at before their turn."""

    def __init__(self, rows: Iterator[Item]) -> None:
        self._rows = rows
        self._items: deque[Item] = deque()
        self.broken: SourceError | None = None

    def peek(self, place: int) -> Item | None:
        """Look at a line that is not taken yet; None behind the last."""
        while len(self._items) <= place and not self.broken:
            try:
                item = next(self._rows, None)
            except SourceError as error:
                self.broken = error
                item = None
            if item is None:
                return None
            self._items.append(item)
        return self._items[place] if place < len(self._items) else None

    def take(self, count: int) -> bytes:
        """Take some lines, joined as they stand."""
        taken = [self._items.popleft().raw for _ in range(count)]
        return b"\n".join(taken).rstrip(b"\r")


def _rows(ahead: _Ahead, columns: Columns, header_of: HeaderOf) -> Iterator[Item]:
    """Make a JSON document of every row; what does not fit the columns stays text."""
    while (item := ahead.peek(0)) is not None:
        if item.part or not item.raw.strip(_ENDS):
            ahead.take(1)
            yield item if item.part else Item(b"")
            continue
        count = _height(ahead, columns)
        raw = ahead.take(count)
        values = split(_TABLE, columns, raw)
        if (values is None or values[0] == columns[0]) and (found := header_of(raw)):
            columns, _ = found
            yield Item(b"")
        else:
            yield Item(raw, _document(columns, values), lines=count)
    if ahead.broken:
        raise ahead.broken


def _height(ahead: _Ahead, columns: Columns) -> int:
    """Return over how many lines the row in hand goes; an unclosed quote takes no other row along.

    A line end inside quotes leaves their number odd up to there, so a row has one possible end.
    """
    quotes = size = 0
    for count in range(MOST_JOINED):
        item = ahead.peek(count)
        if item is None or item.part:
            return 1
        size += len(item.raw)
        alone = count and split(_TABLE, columns, item.raw.rstrip(b"\r")) is not None
        if alone or (count and size > JOIN_BOUND):
            return 1
        quotes += item.raw.count(b'"')
        if quotes % 2 == 0:
            return count + 1
    return 1


def _document(columns: Columns, values: list[str] | None) -> bytes:
    if values is None:
        return b""
    named = {name: value for name, value in zip(columns, values, strict=True) if name and value}
    return msgspec.json.encode(named)
