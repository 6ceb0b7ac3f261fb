"""Exports of Exchange's audit as text: which form has one, and where does each act stand in it?

`SearchResult.xml` as Exchange mails it, CLIXML, JSON and CSV as PowerShell writes the results of
`Search-AdminAuditLog`, `Search-MailboxAuditLog` and `Search-UnifiedAuditLog`. Names of files say
nothing; the first bytes do. Each act becomes one JSON document; all but CLIXML is read as a
stream. Reference: https://learn.microsoft.com/exchange/policy-and-compliance/
"""

import html
import io
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from extriage.model.evidence import ByteStream, Origin, Record
from extriage.parsers.audit import act_record
from extriage.parsers.auditobjects import acts
from extriage.parsers.base import Columns, DocumentError
from extriage.parsers.eventexports import bare_lines, json_form, table_header, table_rows
from extriage.parsers.eventitems import Item, Tape, elements
from extriage.parsers.flatten import names_of
from extriage.parsers.text import HEAD, text_of

Form = Literal["", "lines", "elements", "rows", "xml", "clixml"]

CLIXML_LIMIT = 64 << 20
XML_LIMIT = 4 << 20
"""Bytes of one act in `SearchResult.xml`; Exchange cuts the whole file at 10 MB."""

_EDGE = b"\xef\xbb\xbf \t\r\n\x00"
_KEYS = tuple(
    frozenset(keys.split())
    for keys in (
        "cmdletname rundate",
        "caller cmdlet rundate",
        "lastaccessed operation logontype",
        "auditdata operations",
        "auditdata recordtype",
        "creationtime operation workload",
    )
)
"""Names, in lower case, that only an act of Exchange's audit has together."""
_CUT = (re.compile(rb'"(?:AuditData|CmdletName|LastAccessed|Workload)"\s{0,8}:'),)
_XML = re.compile(rb"<SearchResults\b|<Event\s{1,80}(?:MailboxGuid|Caller|Owner)\s{0,8}=")
_CLIXML_NAMES = tuple(
    re.compile(rb'N="' + name + b'"', re.I) for name in (b"CmdletName", b"RunDate")
)
_CLIXML_OTHERS = tuple(
    re.compile(rb'N="' + name + b'"', re.I) for name in (b"LastAccessed", b"LogonType")
)
_CLIXML_UNIFIED = tuple(
    re.compile(rb'N="' + name + b'"', re.I) for name in (b"AuditData", b"Operations")
)
_START = re.compile(rb"<Event(?=[\s/>])")
_TAG = re.compile(r"<([A-Za-z]\w{0,63})((?:\s+[A-Za-z_][\w:.-]{0,63}\s*=\s*\"[^\"]*\")*)\s*/?>")
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w:.-]{0,63})\s*=\s*\"([^\"]*)\"")
_MOST_TAGS = 2000
_LISTS = {"Parameter": "CmdletParameters", "Property": "ModifiedProperties"}


def audit_form(head: bytes) -> Form:
    """Tell in which form a text holds acts, from its first 64 KiB; empty if in none."""
    text = head.lstrip(_EDGE)
    if text[:1] == b"<":
        return _xml_form(text)
    if text[:1] in (b"{", b"["):
        return json_form(text, _is_act, _CUT)
    return "rows" if _header(head) else ""


def _xml_form(text: bytes) -> Form:
    if _XML.search(text[:4096]) and _START.search(text):
        return "xml"
    several = (_CLIXML_NAMES, _CLIXML_OTHERS, _CLIXML_UNIFIED)
    if b"<Objs" in text[:4096] and any(all(one.search(text) for one in two) for two in several):
        return "clixml"
    return ""


def _is_act(document: bytes) -> bool:
    return _wanted({name.lower() for name in names_of(document)})


def _wanted(names: set[str]) -> bool:
    return any(keys <= names for keys in _KEYS)


def _header(text: bytes) -> tuple[Columns, int] | None:
    return table_header(text, _wanted)


class AuditExport:
    """One export of the audit while it is read."""

    def __init__(self, stream: ByteStream, progress: Callable[[int], None]) -> None:
        """Look at the beginning of a stream and tell in which form it holds acts."""
        self._tape = Tape(stream, progress)
        while len(self._tape.data) < HEAD and self._tape.more():
            pass
        self.form: Form = audit_form(bytes(self._tape.data[:HEAD])) or "lines"
        self.trouble = ""
        """Why not all of it was read, though its source gave all."""

    @property
    def unclosed(self) -> bool:
        """Tell whether the text ended inside an array or an act, once it is read."""
        return self._tape.unclosed

    def items(self) -> Iterator[tuple[int, Item]]:
        """Yield every act with the line where it stands; 0 where lines are to be counted."""
        if self.form == "xml":
            yield from self._xml()
        elif self.form == "clixml":
            yield from self._clixml()
        elif self.form == "elements":
            yield from ((0, item) for item in elements(self._tape))
        elif self.form == "rows":
            yield from ((0, item) for item in table_rows(self._tape, _header))
        else:
            yield from ((0, item) for item in bare_lines(self._tape))

    def _xml(self) -> Iterator[tuple[int, Item]]:
        """Cut a document at each `<Event`; what is broken costs only its own act."""
        tape, line = self._tape, 1
        more = True
        while more:
            more = tape.more()
            starts = [found.start() for found in _START.finditer(tape.data)]
            if starts and len(tape.data) - starts[-1] > XML_LIMIT:
                self.trouble = f"an act is longer than {XML_LIMIT:,} bytes: its end was not read"
                more = False
            ends = starts[1:] + ([] if more else [len(tape.data)])
            done = 0
            for start, end in zip(starts, ends, strict=False):
                raw = bytes(tape.data[start:end])
                line += tape.data.count(b"\n", done, start)
                yield line, Item(raw, xml_act(raw))
                line += raw.count(b"\n")
                done = end
            if not starts and more:
                done = max(0, len(tape.data) - 8)
                line += tape.data.count(b"\n", 0, done)
            tape.drop(done)
        if tape.broken:
            raise tape.broken

    def _clixml(self) -> Iterator[tuple[int, Item]]:
        tape = self._tape
        while len(tape.data) <= CLIXML_LIMIT and tape.more():
            pass
        if len(tape.data) > CLIXML_LIMIT:
            self.trouble = f"is larger than the {CLIXML_LIMIT:,} bytes that are read of such a file"
        try:
            for line, act in acts(bytes(tape.data[:CLIXML_LIMIT])):
                document = msgspec.json.encode(act)
                yield line, Item(document, document)
        except DocumentError as error:
            self.trouble = self.trouble or str(error)
        if tape.broken:
            raise tape.broken


def first_act(data: bytes, path: str) -> Record:
    """Read the first act of an export that is short."""
    export = AuditExport(io.BytesIO(data), lambda _size: None)
    line, item = next(((line, item) for line, item in export.items() if item.raw), (1, Item(data)))
    return act_record(item.document, Origin(path, line or 1), item.raw)


def xml_act(raw: bytes) -> bytes:
    """Make a JSON document of one `<Event …>`: its attributes, parameters, changes and items."""
    act: dict[str, Any] = {}
    for count, found in enumerate(_TAG.finditer(text_of(raw))):
        if count >= _MOST_TAGS:
            break
        told = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(found[2])}
        name = found[1]
        if name == "Event":
            act |= told
        elif told:
            act.setdefault(_LISTS.get(name, name), []).append(told)
    return msgspec.json.encode(act)
