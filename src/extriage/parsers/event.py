"""One Windows event as a JSON document, whoever exported it, and the record it becomes.

Many shapes are read: the tree that EVTX readers write (`Event`, `System`, `EventData`), the same
without its root (Velociraptor), flat documents as log shippers write them (NXLog, HELK),
Winlogbeat's (`winlog`), EvtxECmd's (`Payload`) and PowerShell's (`Properties`). Times in an EVTX
file are UTC; exports may be wrong about their zone, which `clockcheck` finds out.
"""

import re
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers import cmdlet, positions
from extriage.parsers.clock import EPOCH, iso_time, since_epoch
from extriage.parsers.flatten import flatten
from extriage.parsers.lines import TEXT_LIMIT
from extriage.parsers.text import text_of

_DOTNET_DATE = re.compile(r"/Date\((-?\d{1,15})[^)]*\)/")
_Scalar: TypeAlias = int | str | None
_Stamp: TypeAlias = int | float | str | None
_EPOCH_NUMBER = re.compile(r"\d{9,13}(?:\.\d{1,12})?")
_MILLISECONDS = 1e11
"""A number as large as this counts milliseconds, not seconds."""
_PLAUSIBLE = 1e8
"""A smaller number of seconds is no time."""


class _Attributes(msgspec.Struct):
    Name: str | None = None
    SystemTime: _Stamp = None


class _Tag(msgspec.Struct):
    attributes: _Attributes | None = msgspec.field(name="#attributes", default=None)
    text: _Scalar = msgspec.field(name="#text", default=None)
    Name: str | None = None
    SystemTime: _Stamp = None
    Value: _Scalar = None


class _SystemPart(msgspec.Struct):
    Provider: _Tag | None = None
    EventID: _Tag | _Scalar = None
    TimeCreated: _Tag | None = None
    EventRecordID: _Scalar = None
    Channel: str | None = None
    Computer: str | None = None


class _Event(msgspec.Struct):
    System: _SystemPart


class _Document(msgspec.Struct):
    source: msgspec.Raw = msgspec.field(name="_source", default_factory=msgspec.Raw)
    winlog: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    Event: _Event | None = None
    System: _SystemPart | None = None
    Channel: str | None = None
    LogName: str | None = None
    EventID: _Scalar = None
    EventId: _Scalar = None
    Id: _Scalar = None
    Provider_Name: str | None = None
    SourceName: str | None = None
    ProviderName: str | None = None
    Provider: str | None = None
    Computer: str | None = None
    Hostname: str | None = None
    ComputerName: str | None = None
    MachineName: str | None = None
    TimeCreated: str | None = None
    timestamp: str | None = msgspec.field(name="@timestamp", default=None)
    EventRecordID: _Scalar = None
    EventRecordId: _Scalar = None
    RecordNumber: _Scalar = None
    RecordId: _Scalar = None


_decoder = msgspec.json.Decoder(_Document)
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class System(msgspec.Struct, frozen=True):
    """What every event says of itself."""

    channel: str
    event_id: int
    """0 if the document names none."""
    provider: str
    computer: str
    time: datetime | None
    record_id: int | None
    sure: bool = False
    """The fields of the record are these very texts; each has one value."""


def event_system(document: bytes) -> System | None:
    """Read an event's envelope without building its fields; None if it is no event."""
    try:
        found = _decoder.decode(document)
    except _UNREADABLE:
        # NOTE: an odd type in the envelope, or bytes that are no UTF-8 and can be repaired.
        return _of_fields(_fields(document))
    tree = found.Event.System if found.Event else found.System
    read = None
    if not bytes(found.source) and not bytes(found.winlog):
        read = _of_tree(tree) if tree else _of_flat(found)
    return read or _of_fields(_fields(document))


def _of_flat(found: _Document) -> System | None:
    """Read the envelope of a flat document; None for one that must be looked at closer.

    The names of each part stand in the order of `flatten`.
    """
    channel = found.Channel or found.LogName
    provider = found.Provider_Name or found.SourceName or found.ProviderName or found.Provider
    computer = found.Computer or found.Hostname or found.ComputerName or found.MachineName
    identity = _first(found.EventID, found.EventId, found.Id)
    stamp = found.TimeCreated or found.timestamp
    if not (channel and provider and computer and stamp) or identity is None:
        return None
    return System(
        channel,
        _number(identity) or 0,
        provider,
        computer,
        _time(stamp),
        _number(
            _first(found.EventRecordID, found.EventRecordId, found.RecordNumber, found.RecordId)
        ),
        sure=True,
    )


def _first(*values: _Scalar) -> _Scalar:
    return next((value for value in values if value not in (None, "")), None)


def _of_tree(part: _SystemPart) -> System | None:
    identity, provider, time = part.EventID, part.Provider, part.TimeCreated
    if isinstance(identity, _Tag):
        identity = identity.Value if identity.text is None else identity.text
    name = (provider.attributes or provider).Name if provider else None
    stamp = (time.attributes or time).SystemTime if time else None
    if not (part.Channel and name and stamp):
        return None
    return System(
        part.Channel,
        _number(identity) or 0,
        name,
        part.Computer or "",
        _time(str(stamp)),
        _number(part.EventRecordID),
        sure=True,
    )


def _of_fields(fields: Fields | None) -> System | None:
    if not fields or not (fields.get("Channel") or fields.get("EventID")):
        return None
    return System(
        _one(fields, "Channel"),
        _number(_one(fields, "EventID")) or 0,
        _one(fields, "Provider_Name"),
        _one(fields, "Computer"),
        _time(_one(fields, "TimeCreated")),
        _number(_one(fields, "EventRecordID")),
    )


def event_record(document: bytes, path: str, line: int, raw: bytes = b"") -> Record:
    """Make a record with flat fields of an event; what is no event stays raw.

    `raw` is how the event stands in the file, where that is no JSON.
    """
    fields = _fields(document)
    system = _of_fields(fields)
    if fields is None or system is None:
        return raw_event(raw or document, path, line)
    if system.provider == cmdlet.PROVIDER:
        cmdlet.decode(fields, system.event_id)
    elif name := positions.namer(system.provider):
        name(fields, system.event_id)
    origin = Origin(path, line if system.record_id is None else system.record_id)
    text = text_of(raw or document)[:TEXT_LIMIT]
    return Record("events", system.time, origin, fields, text, system.computer)


def raw_event(document: bytes, path: str, line: int) -> Record:
    """Make a record of a line that is no event: its text alone."""
    text = text_of(document)[:TEXT_LIMIT]
    return Record("events", None, Origin(path, line), {}, text, raw=True)


def _fields(document: bytes) -> Fields | None:
    decoded = _decoded(document)
    if decoded is None:
        # NOTE: exporters have written single cp1252 bytes into documents that are UTF-8 else.
        repaired = text_of(document).encode("utf-8", "replace")
        decoded = _decoded(repaired) if repaired != document else None
    return flatten(decoded) if isinstance(decoded, dict) else None


def _decoded(document: bytes) -> Any:
    try:
        return msgspec.json.decode(document)
    except _UNREADABLE:
        return None


def _one(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else next(iter(value), "")


def _number(value: _Scalar) -> int | None:
    if isinstance(value, int):
        return value if 0 <= value < 1 << 63 else None
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None


def _time(text: str) -> datetime | None:
    """Read a time stamp; one before 1970 is an unset field, not a time.

    Velociraptor writes seconds since then, Windows PowerShell milliseconds, both in UTC.
    """
    written = text[4:5] == "-"
    dotnet = None if written else _DOTNET_DATE.match(text)
    number = None if written or dotnet else _EPOCH_NUMBER.fullmatch(text)
    if dotnet or number:
        seconds = int(dotnet[1]) / 1000 if dotnet else float(text)
        if number and seconds >= _MILLISECONDS:
            seconds /= 1000
        return since_epoch(seconds) if dotnet or seconds >= _PLAUSIBLE else None
    time = iso_time(text[:64].encode("utf-8", "replace"))
    return time if time and time >= EPOCH else None
