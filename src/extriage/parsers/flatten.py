"""The tree of an event, laid flat: one name, one text, whichever program wrote the tree.

What the event's `System` part says keeps its name; a data item of the same name (event 104 names
the *cleared* channel `Channel`) stands beside it as `EventData_…` or `UserData_…`.
"""

from typing import Any, TypeAlias

import msgspec

from extriage.model.evidence import Fields
from extriage.parsers.eventnames import name_values, split_cmdlet

_Tree: TypeAlias = dict[str, Any]

_FLAT_NAMES: dict[str, tuple[str, ...]] = {
    "Computer": ("Computer", "Hostname", "ComputerName", "MachineName", "computer_name"),
    "Provider_Name": ("Provider_Name", "SourceName", "ProviderName", "Provider", "provider_name"),
    "EventID": ("EventID", "EventId", "event_id", "Id"),
    "Channel": ("Channel", "LogName", "channel"),
    "EventRecordID": (
        "EventRecordID",
        "EventRecordId",
        "RecordNumber",
        "RecordId",
        "RecordID",
        "record_id",
    ),
    "TimeCreated": ("TimeCreated", "@timestamp", "SystemTime", "EventTime"),
    "Message": ("Message", "message"),
}
"""Our name of a part of the envelope, and what exporters call it; the first one present counts."""

_DATA_PARTS = {
    "event_data": "EventData",
    "user_data": "UserData",
    "EventData": "EventData",
    "UserData": "UserData",
    "winlog": "",
}
"""Parts of a flat document that hold the event's own data; the empty one is taken by itself."""

_OF_SERVICE = {
    "ProcessId": "Execution_ProcessID",
    "ThreadId": "Execution_ThreadID",
    "UserId": "Security_UserID",
}
"""What EvtxECmd and Get-WinEvent say of the service that wrote the event, where events often have
a value of their own with the same name."""
UNWRITTEN = "System.Diagnostics.Eventing.Reader.EventProperty"
"""What stands for a value that ConvertTo-Json did not go deep enough to write."""

_ATTRIBUTES = "#attributes"
_TEXT = "#text"
_DEEPEST = 16


def names_of(document: bytes) -> frozenset[str]:
    """Return the names at the top of a JSON object; none for any other text."""
    if not document.startswith(b"{"):
        return frozenset()
    try:
        found: Any = msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return frozenset()
    return frozenset(found) if isinstance(found, dict) else frozenset()


def flatten(document: _Tree) -> Fields:
    """Lay an event document flat, whatever its shape."""
    source = document.get("_source")
    if isinstance(source, dict):
        document = source
    event = document.get("Event")
    if isinstance(event, dict):
        return _of_tree(event)
    if isinstance(document.get("System"), dict):
        return _of_tree(document)
    return _of_flat(document)


def _of_flat(document: _Tree) -> Fields:
    fields: Fields = {}
    winlog = document.get("winlog")
    parts = (winlog, document) if isinstance(winlog, dict) else (document,)
    own = _own_parts(document)
    for part in parts:
        for name, value in part.items():
            if (name in _DATA_PARTS and isinstance(value, dict)) or name in own:
                continue
            called = _OF_SERVICE.get(name, name) if own else name
            if called not in fields:
                fields[called] = _value(_time(value) if name == "TimeCreated" else value)
    _name_envelope(fields)
    for part in parts:
        for name, called in _DATA_PARTS.items():
            if called:
                _add_data(fields, called, part.get(name))
    if own:
        _add_own(fields, own)
    return fields


def _time(value: Any) -> Any:
    """Return the time that PowerShell or Velociraptor put into an object."""
    if isinstance(value, dict):
        return next((value[name] for name in ("value", "SystemTime") if name in value), value)
    return value


def _own_parts(document: _Tree) -> _Tree:
    """Return what EvtxECmd and Get-WinEvent put the event's own data into; empty for others."""
    if "PayloadData1" in document or ("Payload" in document and "EventId" in document):
        payload = document.get("Payload")
        decoded = _decoded(payload) if isinstance(payload, str) else payload
        return {"Payload": decoded if isinstance(decoded, dict) else {"Data": payload}}
    if "Id" in document and "ProviderName" in document:
        return {"Properties": document.get("Properties")}
    return {}


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _add_own(fields: Fields, own: _Tree) -> None:
    payload, properties = own.get("Payload"), own.get("Properties")
    if isinstance(payload, dict):
        _add_data(fields, "EventData", payload)
        split_cmdlet(fields)
    if isinstance(properties, list):
        values = tuple(_property(item) for item in properties)
        if any(values):
            _add(fields, "EventData", "Data", values)
    name_values(fields)


def _property(item: Any) -> str:
    """Return the text of one value; PowerShell wraps it in objects, as deep as it was told to."""
    for _ in range(2):
        if isinstance(item, dict) and "Value" in item:
            item = item["Value"]
    return "" if item == UNWRITTEN else _text(item)


def _name_envelope(fields: Fields) -> None:
    for name, spellings in _FLAT_NAMES.items():
        for spelling in spellings:
            if fields.get(spelling):
                fields[name] = fields[spelling]
                break


def _of_tree(event: _Tree) -> Fields:
    fields: Fields = {}
    system = event.get("System")
    if isinstance(system, dict):
        for name, value in system.items():
            _add_system(fields, name, value)
    rendering = event.get("RenderingInfo")
    message = rendering.get("Message") if isinstance(rendering, dict) else None
    if message or (message := event.get("Message")):
        fields["Message"] = _value(message)
    for name in ("EventData", "UserData", "ProcessingErrorData"):
        _add_data(fields, name, event.get(name))
    return fields


def _add_system(fields: Fields, name: str, value: Any) -> None:
    if not isinstance(value, dict):
        fields[name] = _value(value)
        return
    for key, text in _attributes(value).items():
        if key in ("Value", "value"):
            fields[name] = _value(text)
        elif key == "SystemTime":
            fields["TimeCreated"] = _value(text)
        elif key == "Qualifiers":
            fields["Qualifiers"] = _value(text)
        else:
            fields[f"{name}_{key}"] = _value(text)
    if _TEXT in value:
        fields[name] = _value(value[_TEXT])


def _attributes(value: _Tree) -> _Tree:
    inner = value.get(_ATTRIBUTES)
    if isinstance(inner, dict):
        return inner
    return {key.lstrip("@"): text for key, text in value.items() if key != _TEXT}


def _add_data(fields: Fields, part: str, data: Any, depth: int = 0) -> None:
    """Add data items under their own names; nested ones under the name of the leaf."""
    if not isinstance(data, dict) or depth > _DEEPEST:
        return
    for name, value in data.items():
        if name == _ATTRIBUTES or name.startswith("@"):
            continue
        if name == "Data":
            _add_items(fields, part, value)
        elif isinstance(value, dict) and _TEXT not in value:
            _add_attributes(fields, name, value)
            _add_data(fields, part, value, depth + 1)
        else:
            _add(fields, part, name, _value(value))


def _add_attributes(fields: Fields, name: str, value: _Tree) -> None:
    """Add what an element says in attributes: a certificate's subject, who asked for its key."""
    own = value.get(_ATTRIBUTES)
    for key, text in own.items() if isinstance(own, dict) else ():
        if not key.startswith("xmlns") and key != "Name":
            called = f"{name}_{key}"
            known = fields.get(called, ())
            several = (*((known,) if isinstance(known, str) else known), _text(text))
            fields[called] = several[0] if len(several) == 1 else several


def _add_items(fields: Fields, part: str, value: Any) -> None:
    """Add `Data` items: those with a name under it, the others together as `Data`."""
    unnamed: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            unnamed.append(_text(item))
            continue
        name = _attributes(item).get("Name")
        if isinstance(name, str) and name:
            _add(fields, part, name, _value(item.get(_TEXT)))
        else:
            texts = item.get(_TEXT)
            unnamed += [_text(text) for text in (texts if isinstance(texts, list) else [texts])]
    if unnamed and unnamed != [""]:
        _add(fields, part, "Data", tuple(unnamed))


def _add(fields: Fields, part: str, name: str, value: str | tuple[str, ...]) -> None:
    if name in fields:
        name = f"{part}_{name}"
    fields[name] = value


def _value(value: Any) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(item) for item in value)
    return _text(value)


def _text(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if value is None or depth > _DEEPEST:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        if _TEXT in value:
            return _text(value[_TEXT], depth + 1)
        # NOTE: a line end, since values that do not stand side by side must not seem to.
        return "\n".join(_text(item, depth + 1) for item in value.values())
    if isinstance(value, list):
        return "\n".join(_text(item, depth + 1) for item in value)
    return str(value)
