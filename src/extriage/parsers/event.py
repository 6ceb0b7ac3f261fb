"""One Windows event as a JSON document, whoever exported it, and the record it becomes.

Three shapes are read: the tree that EVTX readers write (`Event`, `System`, `EventData`), flat
documents as log shippers write them (NXLog, HELK), and Winlogbeat's (`winlog`). Times in an EVTX
file are UTC; exports may be wrong about their zone, which `clockcheck` finds out.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import msgspec

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers import cmdlet
from extriage.parsers.clock import iso_time
from extriage.parsers.flatten import flatten
from extriage.parsers.lines import TEXT_LIMIT
from extriage.parsers.text import text_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DOTNET_DATE = re.compile(r"/Date\((-?\d{1,15})[^)]*\)/")
_Scalar: TypeAlias = int | str | None


class _Attributes(msgspec.Struct):
    Name: str | None = None
    SystemTime: str | None = None


class _Tag(msgspec.Struct):
    attributes: _Attributes = msgspec.field(name="#attributes", default_factory=_Attributes)
    text: _Scalar = msgspec.field(name="#text", default=None)


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
    Event: _Event | None = None
    Channel: str | None = None
    EventID: _Scalar = None
    SourceName: str | None = None
    Hostname: str | None = None
    TimeCreated: str | None = None
    timestamp: str | None = msgspec.field(name="@timestamp", default=None)
    RecordNumber: _Scalar = None
    EventRecordID: _Scalar = None


_decoder = msgspec.json.Decoder(_Document)
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class System:
    """What every event says of itself."""

    channel: str
    event_id: int
    """0 if the document names none."""
    provider: str
    computer: str
    time: datetime | None
    record_id: int | None


def event_system(document: bytes) -> System | None:
    """Read an event's envelope without building its fields; None if it is no event."""
    try:
        found = _decoder.decode(document)
    except msgspec.ValidationError:
        return _of_fields(_fields(document))
    except _UNREADABLE:
        return None
    if found.Event:
        return _of_tree(found.Event.System) or _of_fields(_fields(document))
    if not (found.Channel and found.SourceName and found.Hostname):
        return _of_fields(_fields(document))
    number = found.RecordNumber if found.EventRecordID is None else found.EventRecordID
    return System(
        found.Channel,
        _number(found.EventID) or 0,
        found.SourceName,
        found.Hostname,
        _time(found.TimeCreated or found.timestamp or ""),
        _number(number),
    )


def _of_tree(part: _SystemPart) -> System | None:
    identity = part.EventID.text if isinstance(part.EventID, _Tag) else part.EventID
    provider = part.Provider.attributes.Name if part.Provider else None
    time = part.TimeCreated.attributes.SystemTime if part.TimeCreated else None
    if not (part.Channel and provider and time):
        return None
    return System(
        part.Channel,
        _number(identity) or 0,
        provider,
        part.Computer or "",
        _time(time),
        _number(part.EventRecordID),
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


def event_record(document: bytes, path: str, line: int) -> Record:
    """Make a record with flat fields of an event; what is no event stays raw."""
    fields = _fields(document)
    system = _of_fields(fields)
    if fields is None or system is None:
        return raw_event(document, path, line)
    if system.provider == cmdlet.PROVIDER:
        cmdlet.decode(fields, system.event_id)
    origin = Origin(path, line if system.record_id is None else system.record_id)
    text = text_of(document)[:TEXT_LIMIT]
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
    """Read a time stamp; one before 1970 is an unset field, not a time."""
    found = _DOTNET_DATE.match(text)
    if found:
        try:
            time: datetime | None = _EPOCH + timedelta(milliseconds=int(found[1]))
        except OverflowError:
            return None
    else:
        time = iso_time(text[:64].encode("utf-8", "replace"))
    return time if time and time >= _EPOCH else None
