"""What administrators and others did, as Exchange's audit wrote it: one flat record for each act.

The same act is told by queue files (JSON in a CSV row), by `Search-AdminAuditLog`,
`Search-MailboxAuditLog` and `Search-UnifiedAuditLog` in many forms. Fields keep the names of their
source; the common ones (`Operation`, `UserId`, `ObjectId`, `ClientIP`, `ResultStatus`, for cmdlets
`Cmdlet`, `Parameters`, `CmdletCaller`, `CmdletResult`) are there in every form. A time without a
zone is the server's or the exporting program's local time, so it is not used. Reference:
https://learn.microsoft.com/exchange/policy-and-compliance/admin-audit-logging/log-structure
"""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

import msgspec

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers.base import ROW_STARTS, LineFormat, names
from extriage.parsers.clock import iso_time, since_epoch
from extriage.parsers.lines import TEXT_LIMIT
from extriage.parsers.parameters import add_parameters, parameters, rendered
from extriage.parsers.text import text_of

KIND = "audit"
_Tree: TypeAlias = dict[str, Any]

_DEEPEST = 8
_MOST = 1000
"""Values of one act."""
_LONGEST = 64 * 1024
_PAIRED = {"Parameters", "CmdletParameters", "ExtendedProperties"}
_CHANGED = "ModifiedProperties"
_INNER = ("AuditData", "Data")
"""Values that hold the whole act as JSON."""

_COMMON: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Operation", ("Operations", "CmdletName", "Cmdlet")),
    ("UserId", ("UserIds", "Caller", "LogonUserDisplayName", "LogonUserDN", "UserKey")),
    ("ObjectId", ("ObjectModified", "MailboxOwnerUPN", "MailboxResolvedOwnerName", "Owner")),
    ("ClientIP", ("ClientIPAddress", "ActorIpAddress")),
    ("ResultStatus", ("Succeeded", "OperationResult")),
)
_OF_CMDLETS = ("Cmdlet", "Parameters", "Parameters.<Name>", "CmdletCaller", "CmdletResult")
_CMDLET = re.compile(r"[A-Z][a-z]{1,30}-[A-Z][A-Za-z0-9]{1,60}")
_RESULTS = {"true": "success", "succeeded": "success", "partiallysucceeded": "success"}
_FAILURES = {"false": "failure", "failed": "failure"}
_TIMES = ("RunDate", "LastAccessed", "CreationTime", "CreationDate")
_HERE = {"", "00000000-0000-0000-0000-000000000000"}
"""The organisation that a server of one's own names."""
_DOTNET_DATE = re.compile(r"\\?/Date\((-?\d{1,15})[^)]{0,6}\)\\?/")

_ANY_BUILD = r"([0-9]{1,3}(?:\.[0-9]{1,5}){3})(?![0-9.])"


def fields_of(document: object) -> Fields | None:
    """Lay an act flat, whatever program wrote it; None for what is no act."""
    if not isinstance(document, dict):
        return None
    fields: Fields = {}
    _flatten(fields, document)
    if not any(name in fields for name in ("Operation", "Operations", "CmdletName", "Cmdlet")):
        return None
    _name_common(fields)
    return fields


def decode(fields: Fields, _text: str) -> None:
    """Add what the JSON in the `Data` of a queue file's row says."""
    data = fields.get("Data", "")
    document = _decoded(data) if isinstance(data, str) else None
    if isinstance(document, dict):
        _flatten(fields, document)
    if fields:
        _name_common(fields)


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _flatten(fields: Fields, document: _Tree) -> None:
    told: dict[str, list[str]] = {}
    for name, value in islice(_leaves(document, "", 0), _MOST):
        values = told.setdefault(name, [])
        if value not in values:
            values.append(value)
    for name, values in told.items():
        fields.setdefault(name, values[0] if len(values) == 1 else tuple(values))


def _leaves(document: _Tree, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield every value with its name, `a.b` for nested ones, those of a list one by one."""
    for name, value in document.items():
        called = f"{prefix}{name}"
        if isinstance(value, str):
            yield called, value[:_LONGEST]
            if not depth and name in _INNER and isinstance(inner := _decoded(value), dict):
                yield from _leaves(inner, "", 1)
        elif (name in _PAIRED or name == _CHANGED) and (rows := _rows(value)):
            yield from _pairs(name, rows)
        else:
            yield from _values(called, value, depth)


def _values(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield from _leaves(value, f"{name}.", depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _values(name, one, depth + 1)
    else:
        yield name, _text(value)[:_LONGEST]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _rows(value: Any) -> list[_Tree]:
    """Return rows with a name; Windows PowerShell puts some lists into an object of their own."""
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        value = value["value"]
    rows = value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("Name"), str)]


def _pairs(name: str, rows: list[_Tree]) -> Iterator[tuple[str, str]]:
    """Yield what cmdlets were given or changed; their text is that of the other cmdlet logs."""
    if name == _CHANGED:
        for row in rows[:_MOST]:
            yield f"{name}.{row['Name']}", _text(row.get("NewValue"))[:_LONGEST]
            yield f"{name}.{row['Name']}.OldValue", _text(row.get("OldValue"))[:_LONGEST]
        return
    told = [(row["Name"], _text(row.get("Value"))) for row in rows[:_MOST]]
    if name != "ExtendedProperties":
        name = "Parameters"
        yield name, rendered(told)[:_LONGEST]
    for parameter, value in told:
        yield f"{name}.{parameter}", value[:_LONGEST]


def _name_common(fields: Fields) -> None:
    for name, spellings in _COMMON:
        if not fields.get(name):
            value = next((fields[one] for one in spellings if fields.get(one)), None)
            if value is not None:
                fields[name] = value
    server = fields.get("Server") or fields.get("OriginatingServer", "")
    if isinstance(server, str) and server:
        fields.setdefault("Computer", server.partition(" ")[0])
    operation = fields.get("Operation", "")
    if not isinstance(operation, str) or not _CMDLET.fullmatch(operation):
        return
    fields["Cmdlet"] = operation
    if fields.get("UserId"):
        fields["CmdletCaller"] = fields["UserId"]
    status = str(fields.get("ResultStatus", "")).lower()
    if result := _RESULTS.get(status) or _FAILURES.get(status):
        fields["CmdletResult"] = result
    given = fields.get("CmdletParameters", "")
    if isinstance(given, str) and given.startswith("-"):
        fields.setdefault("Parameters", given)
    told = fields.get("Parameters", "")
    if isinstance(told, str) and not any(name.startswith("Parameters.") for name in fields):
        add_parameters(fields, parameters(told))


def act_time(fields: Fields) -> datetime | None:
    """Return when an exported act happened, in UTC; None if its time names no zone."""
    for name in _TIMES:
        value = fields.get(name)
        if isinstance(value, str) and value and (time := _time(fields, name, value)):
            return time
    return None


def _time(fields: Fields, name: str, value: str) -> datetime | None:
    if dotnet := _DOTNET_DATE.fullmatch(value):
        return since_epoch(int(dotnet[1]) / 1000)
    zoned = re.search(r"(?:Z|[+-]\d\d:?\d\d)$", value[:64]) is not None
    # NOTE: Microsoft's cloud writes UTC without saying so, an Exchange server its own local time.
    cloud = name == "CreationTime" and fields.get("OrganizationId", "") not in _HERE
    return iso_time(value[:64].encode("utf-8", "replace")) if zoned or cloud else None


def act_record(document: bytes, origin: Origin, raw: bytes = b"") -> Record:
    """Make a record of one exported act, given as JSON; what is no act stays raw."""
    fields = fields_of(_decoded(text_of(document)))
    text = text_of(raw or document)[:TEXT_LIMIT]
    if fields is None:
        return Record(KIND, None, origin, {}, text, raw=True)
    computer = str(fields.get("Computer", ""))
    return Record(KIND, act_time(fields), origin, fields, text, computer)


QUEUE = LineFormat(
    kind=KIND,
    delimiter=b",",
    columns=(
        names("""Timestamp,Server,TenantId,RecordType,Data,UserKey,RecordId,Operation,Workload,
        ResultStatus,Version,Scope"""),
    ),
    header_starts=ROW_STARTS,
    host_fields=("Server",),
    build_fields=("Data",),
    build_mark=re.compile(rf'"OriginatingServer"\s*:\s*"[^"()]{{0,200}}\({_ANY_BUILD}\)'),
    decode=decode,
    made=(*(name for name, _ in _COMMON), *_OF_CMDLETS, "Computer", "<every name in the JSON>"),
)
