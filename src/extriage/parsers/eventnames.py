"""Names for the values of events whose export has none: `Get-WinEvent` keeps their order alone.

Sysmon writes each value into its message as `Name: value`, always in English. Security events have
a fixed order, which later versions of Windows only add to. Source: Microsoft Learn, the pages of
these events below "Audit …"; the manifest of Sysmon.
"""

import re
from collections.abc import Iterator

from extriage.model.evidence import Fields
from extriage.parsers.cmdlet import PROVIDER

SYSMON = "Microsoft-Windows-Sysmon"
SECURITY = "Microsoft-Windows-Security-Auditing"

_SUBJECT = "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId "
_TARGET = "TargetUserName TargetDomainName TargetSid "
_MEMBER = "MemberName MemberSid " + _TARGET + _SUBJECT + "PrivilegeList"
_LOGON_END = "ProcessId ProcessName IpAddress IpPort"
_SYSMON_HEAD = "RuleName UtcTime ProcessGuid ProcessId Image "
_ORDERS: dict[tuple[str, str], tuple[str, ...]] = {
    (provider, event): tuple(names.split())
    for provider, event, names in (
        (
            SECURITY,
            "4624",
            _SUBJECT + "TargetUserSid TargetUserName TargetDomainName TargetLogonId LogonType "
            "LogonProcessName AuthenticationPackageName WorkstationName LogonGuid "
            "TransmittedServices LmPackageName KeyLength " + _LOGON_END,
        ),
        (
            SECURITY,
            "4625",
            _SUBJECT + "TargetUserSid TargetUserName TargetDomainName Status FailureReason "
            "SubStatus LogonType LogonProcessName AuthenticationPackageName WorkstationName "
            "TransmittedServices LmPackageName KeyLength " + _LOGON_END,
        ),
        (
            SECURITY,
            "4648",
            _SUBJECT + "LogonGuid TargetUserName TargetDomainName TargetLogonGuid "
            "TargetServerName TargetInfo " + _LOGON_END,
        ),
        (SECURITY, "4672", _SUBJECT + "PrivilegeList"),
        (
            SECURITY,
            "4720",
            _TARGET + _SUBJECT + "PrivilegeList SamAccountName DisplayName UserPrincipalName",
        ),
        *((SECURITY, event, _TARGET + _SUBJECT) for event in ("4722", "4724", "4725", "4726")),
        *((SECURITY, event, _MEMBER) for event in ("4728", "4732", "4756")),
        (
            SECURITY,
            "4688",
            _SUBJECT + "NewProcessId NewProcessName TokenElevationType ProcessId CommandLine "
            "TargetUserSid TargetUserName TargetDomainName TargetLogonId ParentProcessName "
            "MandatoryLabel",
        ),
        (
            SECURITY,
            "4656",
            _SUBJECT + "ObjectServer ObjectType ObjectName HandleId TransactionId AccessList "
            "AccessReason AccessMask PrivilegeList RestrictedSidCount ProcessId ProcessName "
            "ResourceAttributes",
        ),
        (
            SECURITY,
            "4663",
            _SUBJECT + "ObjectServer ObjectType ObjectName HandleId AccessList AccessMask "
            "ProcessId ProcessName ResourceAttributes",
        ),
        (
            SECURITY,
            "5145",
            _SUBJECT + "ObjectType IpAddress IpPort ShareName ShareLocalPath RelativeTargetName "
            "AccessMask AccessList AccessReason",
        ),
        (
            SECURITY,
            "5136",
            "OpCorrelationID AppCorrelationID " + _SUBJECT + "DSName DSType ObjectDN ObjectGUID "
            "ObjectClass AttributeLDAPDisplayName AttributeSyntaxOID AttributeValue OperationType",
        ),
        (
            SYSMON,
            "1",
            _SYSMON_HEAD + "FileVersion Description Product Company OriginalFileName CommandLine "
            "CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes "
            "ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser",
        ),
        (SYSMON, "11", _SYSMON_HEAD + "TargetFilename CreationUtcTime User"),
    )
}
"""Of these events, which rules read by name, the values in the order of their manifest."""

_LABELS = {
    "New Process Name": "NewProcessName",
    "Process Command Line": "CommandLine",
    "Creator Process Name": "ParentProcessName",
    "Object Name": "ObjectName",
    "Process Name": "ProcessName",
    "Share Name": "ShareName",
    "Relative Target Name": "RelativeTargetName",
    "LDAP Display Name": "AttributeLDAPDisplayName",
    "Value": "AttributeValue",
}
"""What the English message of a Security event calls a value, and the value's own name."""

_LINE = re.compile(r"[ \t]*([A-Za-z][A-Za-z ]{0,40}):[ \t]*(.*)")
_UTC = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_MOST_LINES = 400
_CMDLET = re.compile(r"([A-Z][A-Za-z]{1,30}-[A-Z][A-Za-z0-9]{1,60}), (.*)", re.DOTALL)
_CALLER = re.compile(r", ([^,]{1,400}), (S-1-[-0-9]{1,184}), (S-1-[-0-9]{1,184}), ")
_WITHOUT_COMMAS = 5
"""So many values behind the caller hold no comma: application to duration."""


def name_values(fields: Fields) -> None:
    """Name the values of an event from their order, else from its message, where this is known.

    A name that the message gives twice has both values: a command line may hold line ends.
    """
    provider, message = fields.get("Provider_Name", ""), fields.get("Message", "")
    if provider not in (SYSMON, SECURITY) or not isinstance(message, str):
        return
    known = dict(_ordered(fields, str(provider)))
    told: dict[str, list[str]] = {}
    for name, value in _told(str(provider), message):
        if name not in known:
            told.setdefault(name, []).append(value)
    for name, values in [*((name, [value]) for name, value in known.items()), *told.items()]:
        if name not in fields:
            fields[name] = values[0] if len(values) == 1 else tuple(values)


def split_cmdlet(fields: Fields) -> None:
    """Take name, parameters and caller of a cmdlet out of values that EvtxECmd joined by commas.

    Parameters may hold commas: the caller stands before the last pair of security identifiers.
    """
    data = fields.get("Data", ())
    if fields.get("Provider_Name") != PROVIDER or isinstance(data, str) or len(data) != 1:
        return
    found = _CMDLET.fullmatch(data[0])
    if found is None:
        return
    name, rest = found[1], found[2]
    callers = list(_CALLER.finditer(rest))
    if callers:
        caller = callers[-1]
        behind = rest[caller.end() :].split(", ", _WITHOUT_COMMAS)[:_WITHOUT_COMMAS]
        fields["Data"] = (name, rest[: caller.start()], *caller.groups(), *behind)
    else:
        fields["Data"] = (name, rest)


def _ordered(fields: Fields, provider: str) -> Iterator[tuple[str, str]]:
    event, data = fields.get("EventID", ""), fields.get("Data", ())
    names = _ORDERS.get((provider, event)) if isinstance(event, str) else None
    values = (data,) if isinstance(data, str) else data
    if not names:
        return
    # NOTE: older versions of Sysmon had no rule name in front, or no original file name.
    fits = len(values) >= len(names) - 1 and _UTC.match(values[1])
    if provider != SYSMON or fits:
        yield from zip(names, values, strict=False)


def _told(provider: str, message: str) -> Iterator[tuple[str, str]]:
    """Yield what the lines of a message say; a line without a name goes on with the last one."""
    name, value = "", ""
    for line in message.split("\n", _MOST_LINES)[1:]:
        text = line.rstrip("\r")
        found = _LINE.fullmatch(text)
        known = found and (found[1] if provider == SYSMON else _LABELS.get(found[1], ""))
        if found and known and " " not in known:
            if name:
                yield name, value
            name, value = known, found[2]
        elif name and provider == SYSMON:
            value += "\n" + text
    if name:
        yield name, value
