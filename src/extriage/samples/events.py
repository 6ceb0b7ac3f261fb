"""Windows events as JSON lines, in the two shapes that exports come in.

`evtx` is what a dump of an EVTX file prints (`{"Event": {"System": …}}`, no rendered text), `flat`
what log shippers write (fields beside `Message`, unnamed data only inside the rendered text).
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extriage.samples.organisation import Dice, Organisation, User, guid, stamp
from extriage.samples.spec import EventShape

APPLICATION = "Application"
MANAGEMENT = "MSExchange Management"
SECURITY = "Security"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
SYSTEM = "System"
CHANNELS = (APPLICATION, MANAGEMENT, SECURITY, SYSMON, SYSTEM)

_SYSTEM32 = "C:\\Windows\\System32\\"


@dataclass(frozen=True, slots=True)
class Event:
    """One event, before it is written in either shape."""

    time: datetime
    channel: str
    provider: str
    number: int
    level: int
    message: str
    data: dict[str, str] = field(default_factory=dict)
    items: tuple[str, ...] = ()
    """Data without names, in their order."""
    computer: str = ""
    """Empty for the server itself."""


@dataclass(frozen=True, slots=True)
class Process:
    """A program and its command line."""

    image: str
    line: str
    number: int


def as_line(event: Event, shape: EventShape, computer: str, offset: timedelta) -> str:
    """Return the JSON document of an event; `offset` falsifies the export's time stamp."""
    time = stamp(event.time + offset)
    name = event.computer or computer
    if shape == "flat":
        document: dict[str, object] = {
            "SourceName": event.provider,
            "Level": str(event.level),
            "Channel": event.channel,
            "Hostname": name,
            "TimeCreated": time,
            "@timestamp": time,
            "EventID": event.number,
            "Message": event.message,
            **event.data,
        }
    else:
        document = {"Event": {"System": _system(event, time, name), "EventData": _data(event)}}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _system(event: Event, time: str, computer: str) -> dict[str, object]:
    number: object = event.number
    if event.items:
        refused = event.channel == MANAGEMENT and event.number != 1
        number = {"#attributes": {"Qualifiers": 49152 if refused else 16384}, "#text": event.number}
    return {
        "Provider": {"#attributes": {"Name": event.provider}},
        "EventID": number,
        "Level": event.level,
        "TimeCreated": {"#attributes": {"SystemTime": time}},
        # NOTE: derived from the time, so that a line stays the same whatever is written around it
        "EventRecordID": int(event.time.timestamp() * 1000) - 1_600_000_000_000,
        "Channel": event.channel,
        "Computer": computer,
        "Security": None,
    }


def _data(event: Event) -> dict[str, object]:
    if event.items:
        return {"Data": {"#text": list(event.items)}}
    return dict(event.data)


def application(time: datetime, provider: str, number: int, level: int, text: str) -> Event:
    """Return an event of the Application channel whose text is its only datum."""
    return Event(time, APPLICATION, provider, number, level, text, items=(text,))


def cmdlet(time: datetime, org: Organisation, caller: User, name: str, parameters: str) -> Event:
    """Return the event of a cmdlet that succeeded, with its 27 data items."""
    scope = (
        f"View Entire Forest: 'False', Default Scope: '{org.domain}', "
        f"Configuration Domain Controller: '{org.controller}', "
        f"Preferred Global Catalog: '{org.controller}', "
        f"Preferred Domain Controllers: '{{ {org.controller} }}'"
    )
    account = caller.account.rpartition("\\")[2]
    items = [""] * 27
    items[0] = name
    items[1] = parameters
    items[2] = f"{org.domain}/Users/{account}"
    items[3] = items[4] = caller.sid
    items[5] = "Remote-ManagementShell-Unknown"
    items[6] = "5668 w3wp#MSExchangePowerShellAppPool"
    items[8] = "54"
    items[9] = "00:00:00.1560250"
    items[10] = scope
    items[17] = "False"
    items[19] = "0 objects execution has been proxied to remote server."
    items[22] = "0"
    items[23] = f"ActivityId: {guid(Dice(f'{name}{time}'))}"
    items[24] = "ServicePlan:;IsAdmin:True;"
    items[26] = "en-US"
    text = f"Cmdlet suceeded. Cmdlet {name}, parameters {parameters}."
    return Event(time, MANAGEMENT, "MSExchange CmdletLogs", 1, 4, text, items=tuple(items))


def started(time: datetime, org: Organisation, parent: Process, child: Process) -> list[Event]:
    """Return Sysmon's and the security log's event of a program that SYSTEM started."""
    return [_sysmon_process(time, parent, child), _security_process(time, org, parent, child)]


def _sysmon_process(time: datetime, parent: Process, child: Process) -> Event:
    utc = time.isoformat(" ", "milliseconds")[:23]
    data = {
        "RuleName": "-",
        "UtcTime": utc,
        "ProcessGuid": f"{{{guid(Dice(f'{child}{time}')).upper()}}}",
        "ProcessId": str(child.number),
        "Image": child.image,
        "CommandLine": child.line,
        "CurrentDirectory": "C:\\Windows\\system32\\",
        "User": "NT AUTHORITY\\SYSTEM",
        "LogonId": "0x3e7",
        "TerminalSessionId": "0",
        "IntegrityLevel": "System",
        "ParentProcessId": str(parent.number),
        "ParentImage": parent.image,
        "ParentCommandLine": parent.line,
    }
    return Event(
        time, SYSMON, "Microsoft-Windows-Sysmon", 1, 4, _text("Process Create", data), data
    )


def _security_process(time: datetime, org: Organisation, parent: Process, child: Process) -> Event:
    data = {
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": f"{org.server}$",
        "SubjectDomainName": org.netbios,
        "SubjectLogonId": "0x3e7",
        "NewProcessId": hex(child.number),
        "NewProcessName": child.image,
        "TokenElevationType": "%%1936",
        "ProcessId": hex(parent.number),
        "CommandLine": child.line,
        "TargetUserName": "-",
        "ParentProcessName": parent.image,
        "MandatoryLabel": "S-1-16-16384",
    }
    text = _text("A new process has been created.\r\n", data)
    return _security(time, 4688, text, data)


def file_created(time: datetime, image: str, number: int, target: str) -> Event:
    """Return Sysmon's event of a new file."""
    utc = time.isoformat(" ", "milliseconds")[:23]
    data = {
        "RuleName": "-",
        "UtcTime": utc,
        "ProcessGuid": f"{{{guid(Dice(f'{image}{number}')).upper()}}}",
        "ProcessId": str(number),
        "Image": image,
        "TargetFilename": target,
        "CreationUtcTime": utc,
    }
    return Event(time, SYSMON, "Microsoft-Windows-Sysmon", 11, 4, _text("File created", data), data)


def share_written(time: datetime, org: Organisation, target: str) -> Event:
    r"""Return the security event of the server itself writing to its own `C$` from loopback."""
    drive, _, relative = target.partition(":\\")
    data = {
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": f"{org.server}$",
        "SubjectDomainName": org.netbios,
        "ObjectType": "File",
        "IpAddress": "127.0.0.1",
        "ShareName": f"\\\\*\\{drive}$",
        "ShareLocalPath": f"\\??\\{drive}:\\",
        "RelativeTargetName": relative,
        "AccessMask": "0x2",
        "AccessList": "%%4417",
    }
    text = _text("A network share object was checked to see whether client can be granted", data)
    return _security(time, 5145, text, data)


def logon(time: datetime, org: Organisation, user: User) -> Event:
    """Return the security event of a network logon."""
    data = {
        "SubjectUserSid": "S-1-0-0",
        "SubjectUserName": "-",
        "TargetUserSid": user.sid,
        "TargetUserName": user.account.rpartition("\\")[2],
        "TargetDomainName": org.netbios,
        "LogonType": "3",
        "LogonProcessName": "Kerberos",
        "AuthenticationPackageName": "Kerberos",
        "IpAddress": user.address,
        "ProcessName": "-",
    }
    return _security(time, 4624, _text("An account was successfully logged on.\r\n", data), data)


def service_state(time: datetime, service: str, state: str) -> Event:
    """Return the system event of a service that entered a state."""
    text = f"The {service} service entered the {state} state."
    data = {"param1": service, "param2": state}
    return Event(time, SYSTEM, "Service Control Manager", 7036, 4, text, data)


def worker(pool: str, number: int, install: str) -> Process:
    """Return the IIS worker process of an application pool."""
    return Process(
        f"{_SYSTEM32}inetsrv\\w3wp.exe",
        f'c:\\windows\\system32\\inetsrv\\w3wp.exe -ap "{pool}" -v "v4.0" '
        f'-c "{install}bin\\GenericAppPoolConfigWithGCServerEnabledFalse.config" '
        f'-h "C:\\inetpub\\temp\\apppools\\{pool}\\{pool}.config" -w "" -m 0',
        number,
    )


def _security(time: datetime, number: int, text: str, data: dict[str, str]) -> Event:
    return Event(time, SECURITY, "Microsoft-Windows-Security-Auditing", number, 0, text, data)


def _text(title: str, data: dict[str, str]) -> str:
    return f"{title}:\r\n" + "\r\n".join(f"{name}: {value}" for name, value in data.items())
