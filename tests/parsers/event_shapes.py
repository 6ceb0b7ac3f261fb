"""Writes events as the programs do that analysts export them with; input is NXLog's flat form.

Each function gives the bytes of a whole file. The lab recording holds local time (UTC-5) that is
labelled as UTC; `local` shapes keep that, the others tell the true time, as these programs do.
"""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Event = dict[str, Any]

LAB_OFFSET = timedelta(hours=5)
_ENVELOPE = frozenset(
    ["SourceName", "ProviderGuid", "Level", "Keywords", "Channel", "Hostname", "TimeCreated"]
    + ["@timestamp", "EventID", "Message", "Task", "RecordNumber"]
)
_COLUMNS = (
    ["RecordNumber", "EventRecordId", "TimeCreated", "EventId", "Level", "Provider", "Channel"]
    + ["ProcessId", "ThreadId", "Computer", "ChunkNumber", "UserId", "MapDescription", "UserName"]
    + ["RemoteHost", "PayloadData1", "PayloadData2", "PayloadData3", "PayloadData4"]
    + ["PayloadData5", "PayloadData6", "ExecutableInfo", "HiddenRecord", "SourceFile", "Keywords"]
    + ["ExtraDataOffset", "Payload"]
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SID = "S-1-5-21-1-2-3-500"


def _values(event: Event) -> Event:
    return {name: value for name, value in event.items() if name not in _ENVELOPE}


def _strings(event: Event) -> list[str]:
    """Return the unnamed values of an event of which the recording kept the sentence alone."""
    message = str(event.get("Message", ""))
    found = re.match(r"Cmdlet suceeded\. Cmdlet (\S+), parameters (.*)\.", message, re.DOTALL)
    if found:
        rest = ["a.b/Users/Admin", _SID, _SID, "Remote-ManagementShell-Unknown", "1 w3wp#x", ""]
        return [found[1], found[2], *rest]
    return [message]


def _time(event: Event) -> datetime:
    return datetime.fromisoformat(str(event["TimeCreated"]).replace("Z", "+00:00"))


def true_time(event: Event) -> datetime:
    """Return when an event of the lab happened."""
    return _time(event) + LAB_OFFSET


def _evtxecmd(event: Event, number: int) -> Event:
    values = _values(event)
    named = [{"@Name": name, "#text": value} for name, value in values.items()]
    payload = {"EventData": {"Data": named or ", ".join(_strings(event)), "Binary": ""}}
    return {
        "PayloadData1": "something: of its own",
        "MapDescription": "Something happened",
        "ChunkNumber": 1,
        "Computer": event["Hostname"],
        "Payload": json.dumps(payload, separators=(",", ":")),
        "Channel": event["Channel"],
        "Provider": event["SourceName"],
        "EventId": event["EventID"],
        "EventRecordId": str(number),
        "ProcessId": 4711,
        "ThreadId": 1,
        "Level": "Info",
        "TimeCreated": _time(event).isoformat(),
        "RecordNumber": number,
    }


def evtxecmd_json(events: list[Event]) -> bytes:
    """Write what `EvtxECmd --json` does: byte order mark, one event on a line."""
    lines = [json.dumps(_evtxecmd(event, at)) for at, event in enumerate(events, start=1)]
    return b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n"


def evtxecmd_csv(events: list[Event]) -> bytes:
    """Write what `EvtxECmd --csv` does."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for at, event in enumerate(events, start=1):
        stamp = _time(event).strftime("%Y-%m-%d %H:%M:%S.%f0")
        writer.writerow(_evtxecmd(event, at) | {"TimeCreated": stamp})
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _velociraptor(event: Event, number: int) -> Event:
    return {
        "System": {
            "Provider": {"Name": event["SourceName"], "Guid": event.get("ProviderGuid", "")},
            "EventID": {"Value": event["EventID"]},
            "Level": int(event["Level"]),
            "TimeCreated": {"SystemTime": (true_time(event) - _EPOCH).total_seconds()},
            "EventRecordID": number,
            "Execution": {"ProcessID": 4711, "ThreadID": 1},
            "Channel": event["Channel"],
            "Computer": event["Hostname"],
        },
        "EventData": _values(event) or {"Data": _strings(event)},
        "Message": event.get("Message"),
    }


def velociraptor(events: list[Event]) -> bytes:
    """Write what Velociraptor does of `parse_evtx`: JSON lines."""
    lines = [json.dumps(_velociraptor(event, at)) for at, event in enumerate(events, start=1)]
    return "\n".join(lines).encode() + b"\n"


def velociraptor_rows(events: list[Event]) -> bytes:
    """Write what Velociraptor does of its artifacts: rows with columns of their own."""
    rows = []
    for at, event in enumerate(events, start=1):
        system = _velociraptor(event, at)["System"]
        row = {
            "EventTime": true_time(event).isoformat().replace("+00:00", "Z"),
            "Computer": system["Computer"],
            "Channel": system["Channel"],
            "Provider": system["Provider"]["Name"],
            "EventID": event["EventID"],
            "EventRecordID": at,
            "EventData": _values(event) or {"Data": _strings(event)},
            "OSPath": "C:\\Windows\\System32\\winevt\\Logs\\x.evtx",
        }
        rows.append(json.dumps(row))
    return "\n".join(rows).encode() + b"\n"


def _winevent(event: Event, number: int, time: Any) -> Event:
    values = list(_values(event).values()) or _strings(event)
    return {
        "Message": event.get("Message"),
        "Id": event["EventID"],
        "Version": 0,
        "Qualifiers": None,
        "Level": int(event["Level"]),
        "RecordId": number,
        "ProviderName": event["SourceName"],
        "LogName": event["Channel"],
        "ProcessId": 4711,
        "ThreadId": 1,
        "MachineName": event["Hostname"],
        "UserId": {"BinaryLength": 12, "AccountDomainSid": None, "Value": "S-1-5-18"},
        "TimeCreated": time,
        "Bookmark": {},
        "Properties": [{"Value": value} for value in values],
    }


def winevent_5(events: list[Event]) -> bytes:
    """Write what `Get-WinEvent | ConvertTo-Json` does in Windows PowerShell: UTF-16, escapes."""
    rows = []
    for at, event in enumerate(events, start=1):
        milliseconds = round((true_time(event) - _EPOCH).total_seconds() * 1000)
        rows.append(_winevent(event, at, f"/Date({milliseconds})/"))
    text = json.dumps(rows, indent=4).replace("/Date(", "\\/Date(").replace(")/", ")\\/")
    for sign in "<>&'":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.replace("\n", "\r\n").encode("utf-16")


def winevent_7(events: list[Event]) -> bytes:
    """Write what `Get-WinEvent | Select-Object … | ConvertTo-Json -Compress` does since 7."""
    rows = []
    for at, event in enumerate(events, start=1):
        local = true_time(event) - LAB_OFFSET
        stamp = local.strftime("%Y-%m-%dT%H:%M:%S.%f0") + "-05:00"
        time = {"value": stamp, "DisplayHint": 2, "DateTime": local.strftime("%A, %d %B %Y")}
        row = _winevent(event, at, time)
        kept = ("TimeCreated", "Id", "ProviderName", "LogName", "MachineName", "Message")
        rows.append({name: row[name] for name in (*kept, "Properties")})
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()


def one_array(events: list[Event]) -> bytes:
    """Write the events themselves as one array on one line."""
    return json.dumps(events, separators=(",", ":")).encode()


def wrapped_array(events: list[Event]) -> bytes:
    """Write the events as PowerShell does when it takes an array for an object."""
    return json.dumps({"value": events, "Count": len(events)}, indent=4).encode()


def evtx_dump(events: list[Event]) -> bytes:
    """Write what `evtx_dump -o json` does: a line with the number above each event."""
    parts = [f"Record {at}\n{json.dumps(event, indent=2)}\n" for at, event in enumerate(events)]
    return "".join(parts).encode()


SHAPES: dict[str, Callable[[list[Event]], bytes]] = {
    writer.__name__: writer
    for writer in (
        evtxecmd_json,
        evtxecmd_csv,
        velociraptor,
        velociraptor_rows,
        winevent_5,
        winevent_7,
        one_array,
        wrapped_array,
        evtx_dump,
    )
}
