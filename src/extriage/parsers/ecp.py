"""ECP logs: what the Exchange control panel did, cmdlet by cmdlet, and every request that it had.

Both logs have four columns, UTC; `EventData` packs `S:KEY=value` pairs joined by `;`. A pair with
special characters in it is wrapped in single quotes, those inside doubled.
"""

import re
from collections.abc import Iterator

from extriage.model.evidence import Fields
from extriage.parsers.base import ROW_STARTS, Columns, LineFormat
from extriage.parsers.parameters import add_parameters, rendered

COLUMNS: Columns = ("TimeStamp", "ServerName", "EventId", "EventData")

_NEXT_PAIR = re.compile(r";(?='?(?:S|I32|I64|Dbl|F|B|Dt|TS):)")
_QUOTE = re.compile(r"'(?!')|''")
_COMMAND = re.compile(r"([A-Z][a-z]{1,30}-[A-Z][A-Za-z0-9]{1,60})(?=[.|\s]|\Z)")
_PARAMETER = re.compile(r"\.([A-Za-z]\w{0,63})=(?='|\S)")
_VALUE_END = re.compile(r"'(?=\.[A-Za-z]\w{0,63}=|\s*\||\s*\Z)")
_BARE = re.compile(r"[^.|\s]*")
_MOST = 100
_BUILD = re.compile(r"(?i:S:Bld)=([0-9]{1,3}(?:\.[0-9]{1,5}){3})(?![0-9.])")


def pairs(data: str) -> list[tuple[str, str]]:
    """Unpack `S:KEY=value` pairs in their order; a piece without `=` has an empty value."""
    found: list[tuple[str, str]] = []
    data = data.removesuffix(";")
    at = 0
    while at < len(data):
        end = _wrapped_end(data, at) if data[at] == "'" else -1
        if end >= 0:
            piece, at = data[at + 1 : end].replace("''", "'"), end + 2
        else:
            # NOTE: values that should be wrapped and are not have been published; `;` alone
            # does not end a value, the next type tag does.
            step = _NEXT_PAIR.search(data, at)
            end = step.start() if step else len(data)
            piece, at = data[at:end].removeprefix("'"), end + 1
        key, _, value = piece.partition("=")
        if key:
            found.append((key, value))
    return found


def _wrapped_end(data: str, start: int) -> int:
    """Find the quote that closes the pair; -1 if none stands before a `;` or the end."""
    for quote in _QUOTE.finditer(data, start + 1):
        if quote[0] == "'":
            end = quote.start()
            return end if end + 1 == len(data) or data[end + 1] == ";" else -1
    return -1


def decode(fields: Fields, _text: str) -> None:
    """Give every pair of EventData its own field; a key that comes twice keeps both values."""
    data = fields.get("EventData")
    if not isinstance(data, str):
        return
    several: dict[str, list[str]] = {}
    for key, value in pairs(data):
        several.setdefault(key, []).append(value)
    for key, values in several.items():
        if key not in COLUMNS:
            fields[key] = values[0] if len(values) == 1 else tuple(values)
    _name_cmdlet(fields)


def _name_cmdlet(fields: Fields) -> None:
    """Name the command of `S:CMD` as the other logs do: `Verb-Noun.Name='value'.Name='value'`."""
    command = fields.get("S:CMD", "")
    found = _COMMAND.match(command) if isinstance(command, str) else None
    if found is None or not isinstance(command, str):
        return
    told = list(_parameters(command, found.end()))
    fields.setdefault("Cmdlet", found[1])
    fields.setdefault("Parameters", rendered(told))
    fields.setdefault("CmdletResult", "failure" if fields.get("S:EX") else "success")
    add_parameters(fields, ((name, (value,)) for name, value in told))


def _parameters(command: str, at: int) -> Iterator[tuple[str, str]]:
    for _ in range(_MOST):
        found = _PARAMETER.match(command, at)
        if found is None:
            return
        at = found.end()
        if command[at] != "'":
            bare = _BARE.match(command, at)
            assert bare is not None
            value, at = bare[0], bare.end()
        else:
            end = _VALUE_END.search(command, at + 1)
            value = command[at + 1 : end.start() if end else len(command)]
            at = end.end() if end else len(command)
        yield found[1], value


SERVER = LineFormat(
    kind="ecp-server",
    delimiter=b",",
    columns=(COLUMNS,),
    header_starts=ROW_STARTS,
    host_fields=("ServerName",),
    build_fields=("EventData",),
    build_mark=_BUILD,
    decode=decode,
    made=("S:<KEY>", "Cmdlet", "Parameters", "Parameters.<Name>", "CmdletResult"),
)
ACTIVITY = LineFormat(
    kind="ecp-activity",
    delimiter=b",",
    columns=(COLUMNS,),
    header_starts=ROW_STARTS,
    host_fields=("ServerName",),
    build_fields=("EventData",),
    build_mark=_BUILD,
    decode=decode,
    made=("S:<KEY>", "I32:<KEY>", "F:<KEY>", "Dbl:<KEY>"),
)
