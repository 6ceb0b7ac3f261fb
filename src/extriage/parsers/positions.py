"""Names for the values of classic events, which hold them in a fixed order without names.

ASP.NET's web events, the control panel's failures, the engine's life in Windows PowerShell, crash
reports. The whole data stays in `Data`; each value gets the name that its own message gives it.
Orders: https://github.com/microsoft/referencesource (EventLogWebEventProvider), the messages
themselves for the others. Numbers and times are the event's own.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from extriage.model.evidence import Fields
from extriage.parsers.base import names as listed

Namer: TypeAlias = Callable[[Fields, int], None]

_MOST_LINES = 200
_LONGEST = 32 * 1024

_WEB_HEAD = (
    "EventCode EventMessage EventTime EventTimeUtc WebEventID EventSequence EventOccurrence "
    "EventDetailCode ApplicationDomain TrustLevel ApplicationVirtualPath ApplicationPath "
    "MachineName CustomEventDetails ProcessId ProcessName AccountName "
)
_WEB_REQUEST = (
    "RequestUrl RequestPath UserHostAddress User IsAuthenticated AuthenticationType "
    "ThreadAccountName "
)
_WEB_ERROR = "ExceptionType ExceptionMessage "
_WEB_THREAD = "ThreadId ThreadAccount IsImpersonating StackTrace "
_VIEW_STATE = "ViewStateMessage ClientIP ClientPort UserAgent PersistedState Referer Path "

_WEB_EVENTS = {
    event: tuple((_WEB_HEAD + names).split())
    for event, names in (
        (1309, _WEB_ERROR + _WEB_REQUEST + _WEB_THREAD),
        (1310, _WEB_ERROR + _WEB_REQUEST + _WEB_THREAD),
        (1314, _WEB_REQUEST),
        (1315, _WEB_REQUEST + "NameToAuthenticate"),
        (1316, _WEB_REQUEST + _VIEW_STATE),
    )
}
"""What the web events of these ids hold: failed requests, failed logons, forged view state."""

_WEB_LABELS = {
    "Event code": "EventCode",
    "Event message": "EventMessage",
    "Event detail code": "EventDetailCode",
    "Application domain": "ApplicationDomain",
    "Application Virtual Path": "ApplicationVirtualPath",
    "Application Path": "ApplicationPath",
    "Machine name": "MachineName",
    "Process ID": "ProcessId",
    "Process name": "ProcessName",
    "Account name": "AccountName",
    "Exception type": "ExceptionType",
    "Request URL": "RequestUrl",
    "Request path": "RequestPath",
    "User host address": "UserHostAddress",
    "User": "User",
    "Is authenticated": "IsAuthenticated",
    "Authentication Type": "AuthenticationType",
    "Thread account name": "ThreadAccountName",
    "Client IP": "ClientIP",
    "Port": "ClientPort",
    "User-Agent": "UserAgent",
    "PersistedState": "PersistedState",
    "Referer": "Referer",
    "Path": "Path",
    "Name to authenticate": "NameToAuthenticate",
}
_JOINER = "-++-"
"""Stands between the values where a tool could not render the message."""
_WEB_LINE = re.compile(r"[ \t]*([A-Z][A-Za-z -]{1,30}):[ \t]*(.*)")
_FIRST = re.compile(r"(?:\d+ \| \w+ \| )?Event code: *")

_COMMAS = re.compile(r"(\d{4}), (.{1,400}?), \d")
"""EvtxECmd joins the values by commas: only the first two can be told apart."""

_CONTROL_PANEL = {
    4: ("User", "RequestUrl", "Error", "FlightInfo"),
    47: ("User", "ThreadId", "Command"),
    48: ("User", "ThreadId", "Command"),
}
_CONTROL_PANEL_TEXT = {
    4: re.compile(
        r"Current user: '(?P<User>[^'\n]*)'\s+Request for URL '(?P<RequestUrl>[^\n]*)' failed "
        r"with the following error:\s*(?P<Error>.*)",
        re.DOTALL,
    ),
    47: re.compile(
        r"Current User: '(?P<User>[^'\n]*)'.*Command: '(?P<Command>[^'\n]*)'", re.DOTALL
    ),
    48: re.compile(
        r"Current User: '(?P<User>[^'\n]*)'.*Command: '(?P<Command>[^'\n]*)'", re.DOTALL
    ),
}
_CONTROL_PANEL_COMMAS = re.compile(
    r"(?P<User>[^,\n]{0,400}), (?P<RequestUrl>https?://[^\n]{1,8000}?), (?P<Error>.*)", re.DOTALL
)
_CRASH = listed("""
    AppName,AppVersion,AppTimeStamp,ModuleName,ModuleVersion,ModuleTimeStamp,ExceptionCode,
    FaultingOffset,ProcessId,ProcessCreationTime,AppPath,ModulePath,IntegratorReportId,
    PackageFullName,PackageRelativeAppId""")
_REPORT = listed("""
    BucketId,BucketType,EventName,Response,CabId,P1,P2,P3,P4,P5,P6,P7,P8,P9,P10,AttachedFiles,
    StorePath,AnalysisSymbol,Rechecking,ReportId,ReportStatus,HashedBucket""")
_WATSON = listed("""
    ProcessId,EventType,Flavor,AppVersion,ProcessName,AssemblyName,MethodName,ExceptionType,
    CallstackHash,AssemblyVersion""")
_TASK_USER = ("TaskName", "UserName")
_ORDERS: dict[tuple[str, int], tuple[str, ...]] = {
    ("Application Error", 1000): _CRASH,
    ("Windows Error Reporting", 1001): _REPORT,
    ("MSExchange Common", 4999): _WATSON,
    ("Service Control Manager", 7045): listed(
        "ServiceName,ImagePath,ServiceType,StartType,AccountName"
    ),
    ("Microsoft-Windows-TaskScheduler", 106): ("TaskName", "UserContext"),
    ("Microsoft-Windows-TaskScheduler", 129): ("TaskName", "Path", "ProcessID", "Priority"),
    ("Microsoft-Windows-TaskScheduler", 140): _TASK_USER,
    ("Microsoft-Windows-TaskScheduler", 141): _TASK_USER,
    ("Microsoft-Windows-TaskScheduler", 200): ("TaskName", "ActionName", "TaskInstanceId"),
    ("Microsoft-Windows-TaskScheduler", 201): listed(
        "TaskName,TaskInstanceId,ActionName,ResultCode"
    ),
    ("Microsoft-Windows-PowerShell", 4103): ("ContextInfo", "UserData", "Payload"),
    ("Microsoft-Windows-PowerShell", 4104): listed(
        "MessageNumber,MessageTotal,ScriptBlockText,ScriptBlockId,Path"
    ),
}
"""Values of events that nobody names, and of some that are named by an EVTX file alone."""
_SHELL_LINE = re.compile(r"[ \t]*([A-Z][A-Za-z]{2,30})=(.*)")
_CONTEXT_LINE = re.compile(r"^[ \t]{2,}(\S[^=\n]{0,60}?) ?= ?", re.MULTILINE)
_CONTEXT = listed("""
    Severity,HostName,HostVersion,HostId,HostApplication,EngineVersion,RunspaceId,PipelineId,
    CommandName,CommandType,ScriptName,CommandPath,SequenceNumber,User,ConnectedUser,ShellID""")
"""Lines of a module event's context in their order; their names are localised."""


def named_events() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield provider, event and the names that its values are given, for documents."""
    yield from (("ASP.NET", str(event), names) for event, names in _WEB_EVENTS.items())
    yield from (
        ("MSExchange Control Panel", str(event), names) for event, names in _CONTROL_PANEL.items()
    )
    yield from ((provider, str(event), names) for (provider, event), names in _ORDERS.items())
    yield "Microsoft-Windows-PowerShell", "4103", _CONTEXT[1:]
    yield "PowerShell", "400, 403, 600, 800", (*_CONTEXT[1:11], "CommandPath", "CommandLine")


def namer(provider: str) -> Namer | None:
    """Return what names the data of a provider's events; None for others."""
    found = _NAMERS.get(provider)
    return _web_event if found is None and provider.startswith("ASP.NET ") else found


def _items(fields: Fields) -> tuple[str, ...]:
    data = fields.get("Data", ())
    return (data,) if isinstance(data, str) else data


def _add(fields: Fields, pairs: Iterable[tuple[str, str]]) -> None:
    for name, value in pairs:
        if value:
            fields.setdefault(name, value)


def _web_event(fields: Fields, event_id: int) -> None:
    """Name the data of a web event, however a tool wrote it; values are never rendered anew."""
    names, items = _WEB_EVENTS.get(event_id), _items(fields)
    message = fields.get("Message", "")
    text = items[0] if len(items) == 1 else message if isinstance(message, str) else ""
    if names is None:
        return
    if _JOINER in text:
        items = tuple(_FIRST.sub("", text, count=1).split(_JOINER, len(names)))
    if len(items) > 1:
        _add(fields, zip(names, items, strict=False))
    elif found := _COMMAS.match(text):
        _add(fields, zip(names, found.groups(), strict=False))
    else:
        _add(fields, _labelled(text))


def _labelled(text: str) -> Iterator[tuple[str, str]]:
    """Yield the values that an English message names; the first of a name counts."""
    for line in text[: 4 * _LONGEST].split("\n", _MOST_LINES):
        found = _WEB_LINE.match(line)
        if found and (name := _WEB_LABELS.get(found[1])):
            yield name, found[2].strip()


def _control_panel(fields: Fields, event_id: int) -> None:
    """Name who asked the control panel for what: from the values, joined ones, or the message."""
    names, items = _CONTROL_PANEL.get(event_id), _items(fields)
    message = fields.get("Message", "")
    if names is None:
        return
    if len(items) > 1:
        _add(fields, zip(names, items, strict=False))
        return
    text = items[0] if items else message if isinstance(message, str) else ""
    found = _CONTROL_PANEL_TEXT[event_id].match(text) or _CONTROL_PANEL_COMMAS.match(text)
    _add(fields, found.groupdict().items() if found else ())


def _in_order(fields: Fields, event_id: int) -> None:
    """Name the values by their order alone."""
    items, provider = _items(fields), fields.get("Provider_Name", "")
    names = _ORDERS.get((str(provider), event_id), ())
    if len(items) > 1:
        _add(fields, zip(names, items, strict=False))


def _windows_powershell(fields: Fields, event_id: int) -> None:
    """Name what the classic log says of an engine or a pipeline: lines of `Name=value`."""
    items = _items(fields)
    message = fields.get("Message", "")
    texts = items or ((message,) if isinstance(message, str) else ())
    for text in texts:
        if "HostName=" in text:
            _add(fields, _engine(text[:_LONGEST]))
            break
    if event_id == 800 and len(items) > 1:
        _add(fields, (("PipelineText", items[0]), ("PipelineDetails", items[-1])))
    elif event_id == 600 and items:
        _add(fields, (("ProviderName", items[0]),))


def _engine(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs; a value may go on over lines, as a command of several lines does."""
    name, value = "", ""
    for line in text.split("\n", _MOST_LINES):
        found = _SHELL_LINE.match(line)
        if found:
            if name:
                yield name, value.strip()
            name, value = found[1], found[2].rstrip("\r")
        elif name:
            value += "\n" + line.rstrip("\r")
    if name:
        yield name, value.strip()


def _powershell(fields: Fields, event_id: int) -> None:
    """Name what a module event says of who ran it; the names in its lines are localised."""
    _in_order(fields, event_id)
    context = fields.get("ContextInfo", "")
    if event_id != 4103 or not isinstance(context, str):
        return
    context = context[:_LONGEST]
    found = list(_CONTEXT_LINE.finditer(context))[:_MOST_LINES]
    if not found:
        return
    ends = [here.start() for here in found[1:]] + [len(context)]
    values = [context[here.end() : end].strip() for here, end in zip(found, ends, strict=True)]
    # NOTE: a command over several lines may hold lines of this form; then the English names count.
    told = [here[1].replace(" ", "") for here in found]
    names = _CONTEXT if len(found) == len(_CONTEXT) else told
    known = {name.lower(): name for name in _CONTEXT[1:]}
    named = zip((known.get(name.lower(), "") for name in names), values, strict=True)
    _add(fields, ((name, value) for name, value in named if name))


_NAMERS: dict[str, Namer] = {
    **{provider: _in_order for provider, _ in _ORDERS},
    "MSExchange Control Panel": _control_panel,
    "PowerShell": _windows_powershell,
    "Microsoft-Windows-PowerShell": _powershell,
    "PowerShellCore": _powershell,
}
