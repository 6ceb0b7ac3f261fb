"""Lines as the servers of a healthy organisation write them, to be put together into evidence."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import yaml

Line = tuple[str, str]
"""A path inside the evidence, and a line or a whole document of that file."""

EXCHANGE = r"C:\Program Files\Microsoft\Exchange Server\V15"
ADMIN = r"CONTOSO\Administrator"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0"
)
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
_CONTENT = Path(str(files("extriage"))) / "content" / "cases" / "headers.yml"
_HEADERS: dict[str, str] = yaml.safe_load(_CONTENT.read_text("utf-8"))
_NAMES = {kind: line.removeprefix("#Fields: ").split(",") for kind, line in _HEADERS.items()}
_PROVIDERS = {
    SYSMON: "Microsoft-Windows-Sysmon",
    "Security": "Microsoft-Windows-Security-Auditing",
    "System": "Service Control Manager",
    "MSExchange Management": "MSExchange CmdletLogs",
    "Microsoft-Windows-PowerShell/Operational": "Microsoft-Windows-PowerShell",
    "Microsoft-Windows-Windows Defender/Operational": "Microsoft-Windows-Windows Defender",
    "Microsoft-Windows-TaskScheduler/Operational": "Microsoft-Windows-TaskScheduler",
    "Microsoft-Windows-IIS-Configuration/Operational": "Microsoft-Windows-IIS-Configuration",
}


def at(text: str, seconds: float = 0) -> datetime:
    """Return a moment (UTC) as many seconds after the one that is written."""
    return datetime.fromisoformat(text) + timedelta(seconds=seconds)


def stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def number(*parts: object) -> str:
    """Return an identifier that stays the same whatever else is written."""
    seed = json.dumps([str(part) for part in parts]).encode()
    return str(UUID(bytes=(seed * 16)[-16:]))


def people(count: int) -> list[str]:
    return [f"CONTOSO\\user{at:03}" for at in range(count)]


def iis(time: datetime, call: str, **known: object) -> Line:
    """Return a line of the front end (site 1), or of the back end if the port says so."""
    method, _, url = call.partition(" ")
    stem, _, query = url.partition("?")
    port = known.get("port", 443)
    words = (
        f"{time:%Y-%m-%d %H:%M:%S}",
        "10.0.0.5",
        method,
        stem,
        query or "-",
        port,
        known.get("user") or "-",
        known.get("client", "10.20.9.215"),
        str(known.get("agent", CHROME)).replace(" ", "+") or "-",
        "-",
        known.get("answer", "200 0 0"),
        known.get("took", 31),
    )
    site = "W3SVC2" if port == 444 else "W3SVC1"
    path = f"inetpub/logs/LogFiles/{site}/u_ex{time:%y%m%d}.log"
    return path, " ".join(str(word) for word in words)


def _row(kind: str, values: dict[str, object]) -> str:
    cells = []
    for name in _NAMES[kind]:
        text = str(values.get(name, ""))
        quoted = kind != "httpproxy-2016" and ('"' in text or "," in text)
        plain = text.replace(",", " ") if kind == "httpproxy-2016" else text
        cells.append('"' + text.replace('"', '""') + '"' if quoted else plain)
    return ",".join(cells)


def _build(time: datetime) -> dict[str, object]:
    build = (2176, 9) if time.year < 2022 else (2507, 6) if time.year < 2023 else (2507, 39)
    return dict(
        zip(
            ("MajorVersion", "MinorVersion", "BuildVersion", "RevisionVersion"),
            (15, 1, *build),
            strict=True,
        )
    )


def proxy(time: datetime, protocol: str, call: str, **known: object) -> Line:
    """Return a HttpProxy row; names that are no columns are short forms."""
    method, _, url = call.partition(" ")
    stem, mark, query = url.partition("?")
    user = known.pop("user", "")
    values = _build(time) | {
        "DateTime": stamp(time),
        "RequestId": number(time, call, user),
        "Protocol": protocol,
        "UrlHost": "mail.contoso.example",
        "UrlStem": stem,
        "UrlQuery": mark + query,
        "AuthenticationType": "Negotiate" if user else "",
        "IsAuthenticated": "true" if user else "false",
        "AuthenticatedUser": user,
        "UserAgent": known.pop("agent", CHROME),
        "ClientIpAddress": known.pop("client", "10.20.9.215"),
        "ServerHostName": "EX01",
        "HttpStatus": 200,
        "BackEndStatus": 200,
        "Method": method,
        "ProxyAction": "Proxy",
        "TargetServer": "ex01.contoso.example",
        "TargetServerVersion": "15.01.2507.000",
        "RoutingType": "IntraForest",
        "RoutingHint": "WindowsIdentity",
    }
    path = f"Logging/HttpProxy/{protocol}/HttpProxy_{time:%Y%m%d%H}-1.LOG"
    return path, _row("httpproxy-2016", values | known)


def ews(time: datetime, action: str, **known: object) -> Line:
    """Return a row of the log of web services."""
    values = _build(time) | {
        "DateTime": stamp(time),
        "RequestId": number(time, action),
        "AuthenticationType": "Negotiate",
        "IsAuthenticated": "true",
        "AuthenticatedUser": known.pop("user", r"CONTOSO\user001"),
        "UserAgent": known.pop("agent", OUTLOOK),
        "ClientIpAddress": known.pop("client", "10.20.9.215"),
        "ServerHostName": "EX01",
        "FrontEndServer": "EX01.CONTOSO.EXAMPLE",
        "SoapAction": action,
        "HttpStatus": 200,
        "RequestSize": 1450,
        "ResponseSize": 20400,
    }
    return f"Logging/Ews/Ews_{time:%Y%m%d%H}-1.LOG", _row("ews-2016", values | known)


def shell(time: datetime, user: str, agent: str, **known: object) -> Line:
    """Return a row of remote PowerShell's back end."""
    values = _build(time) | {
        "DateTime": stamp(time),
        "StartTime": stamp(time),
        "RequestId": number(time, user),
        "UrlHost": "ex01.contoso.example",
        "UrlStem": "/powershell",
        "AuthenticationType": "Kerberos",
        "IsAuthenticated": "true",
        "AuthenticatedUser": user,
        "ClientIpAddress": "10.0.0.31 10.0.0.5",
        "ServerHostName": "EX01",
        "FrontEndServer": "EX01.contoso.example",
        "HttpStatus": 200,
        "ClientInfo": agent,
    }
    path = f"Logging/CmdletInfra/Powershell-Proxy/Http/Rps_Http_{time:%Y%m%d%H}-1.LOG"
    return path, _row("rps-http", values | known)


def event(time: datetime, channel: str, what: int, **data: str) -> Line:
    """Return an event as log shippers write it."""
    head = {
        "SourceName": data.pop("provider", _PROVIDERS.get(channel, channel)),
        "Level": "4",
        "Channel": channel,
        "Hostname": "EX01.contoso.example",
        "TimeCreated": stamp(time),
        "@timestamp": stamp(time),
        "EventID": what,
    }
    name = channel.replace("/", "-").replace(" ", "-")
    return f"events/{name}.json", json.dumps(head | data)


def cmdlet(time: datetime, act: str, caller: str = "Administrator", failed: str = "") -> list[Line]:
    """Return what the server writes of a cmdlet: the event and the row of remote PowerShell."""
    name, _, parameters = act.partition(" ")
    items = [""] * 27
    items[:6] = [name, parameters, f"contoso.example/Users/{caller}", "", "", "Remote-Mana"]
    items[5] = "Remote-ManagementShell-Unknown"
    items[6] = "5668 w3wp#MSExchangePowerShellAppPool"
    items[11] = failed
    system = {
        "Provider": {"#attributes": {"Name": "MSExchange CmdletLogs"}},
        "EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 6 if failed else 1},
        "Level": 2 if failed else 4,
        "TimeCreated": {"#attributes": {"SystemTime": stamp(time)}},
        "Channel": "MSExchange Management",
        "Computer": "EX01.contoso.example",
    }
    told = {"Event": {"System": system, "EventData": {"Data": {"#text": items}}}}
    row = _build(time) | {
        "DateTime": stamp(time),
        "StartTime": stamp(time),
        "ServerHostName": "EX01",
        "ProcessName": "w3wp#MSExchangePowerShellAppPool",
        "AuthenticatedUser": f"{caller}@contoso.example",
        "Cmdlet": name,
        "Parameters": parameters,
        "ExecutionResult": "Error" if failed else "Success",
    }
    path = f"Logging/CmdletInfra/Powershell-Proxy/Cmdlet/Rps_Cmdlet_{time:%Y%m%d%H}-1.LOG"
    return [("events/management.json", json.dumps(told)), (path, _row("rps-cmdlet", row))]


def process(time: datetime, parent: str, line: str, **known: str) -> list[Line]:
    """Return Sysmon's and the security log's event of a program that was started."""
    image, started = _program(line), _program(parent)
    user = known.get("user", r"NT AUTHORITY\SYSTEM")
    sysmon = {"Image": image, "User": user, "ParentImage": started, "ParentCommandLine": parent}
    security = {
        "SubjectUserName": user.rpartition("\\")[2],
        "NewProcessName": image,
        "ParentProcessName": started,
    }
    return [
        event(time, SYSMON, 1, CommandLine=line, **sysmon),
        event(time, "Security", 4688, CommandLine=line, **security),
    ]


def _program(line: str) -> str:
    program = line[: line.lower().index(".exe") + 4].lstrip('"')
    return program if "\\" in program else rf"C:\Windows\System32\{program}"


def written(time: datetime, image: str, target: str) -> Line:
    return event(time, SYSMON, 11, Image=image, TargetFilename=target)


def smtp(time: datetime, client: str, **known: str) -> Line:
    """Return a line of the log of incoming SMTP."""
    values = {
        "date-time": stamp(time),
        "connector-id": r"EX01\Client Frontend EX01",
        "session-id": number(time, client)[-12:].upper(),
        "sequence-number": "15",
        "local-endpoint": "10.0.0.5:587",
        "remote-endpoint": f"{client}:56000",
        "event": "*",
    }
    path = f"TransportRoles/Logs/FrontEnd/ProtocolLog/SmtpReceive/RECV{time:%Y%m%d%H}-1.LOG"
    return path, _row("smtp-2016", {**values, **known})


def control_panel(time: datetime, command: str, url: str) -> Line:
    """Return a line of the control panel's own log."""
    inner = command.replace("'", "''")
    data = (
        f"S:TIME=331;S:SID={number(time)};'S:CMD={inner}';S:REQID=;S:URL={url};S:REFERRER=;S:EX=;"
        "S:ACTID=;S:RS=0;S:BLD=15.1.2507.39;S:TNAME=<null>;S:TID=;S:USID=;S:EDOID=;S:ACID="
    )
    cell = '"' + data.replace('"', '""') + '"'
    path = f"Logging/ECP/Server/ECPServer{time:%Y%m%d}-1.LOG"
    return path, f"{stamp(time)},EX01,ECP.Request,{cell}"


_KINDS = {
    "W3SVC": "iis-10",
    "HttpProxy_": "httpproxy-2016",
    "Ews_": "ews-2016",
    "Rps_Http_": "rps-http",
    "Rps_Cmdlet_": "rps-cmdlet",
    "RECV": "smtp-2016",
    "ECPServer": "ecp-server",
}


def _head(path: str) -> Iterator[str]:
    for mark, kind in _KINDS.items():
        if mark in path:
            if kind == "iis-10":
                yield "#Software: Microsoft Internet Information Services 10.0"
                yield "#Version: 1.0"
            else:
                yield "#Software: Microsoft Exchange Server"
                yield "#Version: 15.01.2507.039"
                if kind == "ecp-server":
                    yield "#Log-type: ECP Server Log"
            yield _HEADERS[kind]


def write(folder: Path, lines: Iterable[Line]) -> None:
    """Write the files of the evidence, each in the order of time, with its header."""
    told: dict[str, list[str]] = defaultdict(list)
    for path, line in lines:
        told[path].append(line)
    for path, rows in told.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        ordered = rows if path.startswith("EX01/") else sorted(rows, key=_moment)
        place.write_text("".join(f"{row}\n" for row in (*_head(path), *ordered)), "utf-8")


def _moment(row: str) -> str:
    if row.startswith("{"):
        found: dict[str, object] = json.loads(row)
        if "Event" in found:
            return row[row.index("SystemTime") :][:40]
        return str(found.get("@timestamp", row))
    return row[:24]
