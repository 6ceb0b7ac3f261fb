"""Cmdlets of remote PowerShell: the row of their own log (UTC), and the event that goes with it."""

import csv
import io
from dataclasses import dataclass, replace
from datetime import datetime

from extriage.model.exchange import BuildNumber
from extriage.samples import events
from extriage.samples.organisation import Dice, Organisation, User, guid, later, stamp

_NAMES = (
    "DateTime StartTime RequestId ClientRequestId MajorVersion MinorVersion BuildVersion "
    "RevisionVersion ServerHostName ProcessId ProcessName ThreadId CultureInfo Organization "
    "AuthenticatedUser ExecutingUserSid EffectiveOrganization UserServicePlan IsAdmin "
    "ClientApplication Cmdlet Parameters CmdletUniqueId UserBudgetOnStart ContributeToFailFast "
    "RunspaceSettingsCreationHint ADViewEntireForest ADRecipientViewRoot "
    "ADConfigurationDomainControllers ADPreferredGlobalCatalogs ADPreferredDomainControllers "
    "ADUserConfigurationDomainController ADUserPreferredGlobalCatalog "
    "ADuserPreferredDomainControllers ThrottlingInfo DelayInfo ThrottlingDelay "
    "IsOutputObjectRedacted CmdletProxyStage CmdletProxyRemoteServer "
    "CmdletProxyRemoteServerVersion CmdletProxyMethod ProxiedObjectCount CmdletProxyLatency "
    "OutputObjectCount ParameterBinding BeginProcessing ProcessRecord EndProcessing "
    "StopProcessing BizLogic PowerShellLatency UserInteractionLatency ProvisioningLayerLatency "
    "ActivityContextLifeTime TotalTime ErrorType ExecutionResult CacheHitCount CacheMissCount "
    "GenericLatency GenericInfo GenericErrors ObjectGuid ExternalDirectoryOrganizationId "
    "ExternalDirectoryObjectId NonPiiParameters"
)
COLUMNS = tuple(_NAMES.split())
"""The 67 columns of Exchange 2016 and 2019."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One cmdlet, as it was called and as it ended."""

    time: datetime
    caller: User
    name: str
    parameters: str
    """As Exchange writes them: `-Name "value" -Other "value"`."""
    error: str = ""
    """Text of the exception; empty if it succeeded."""
    application: str = ""
    """What the caller's shell calls itself: `EMC` for the Exchange shell, empty for others."""
    session: str = ""
    """Request id that the rows of one caller share."""


def head(first: datetime) -> list[str]:
    """Return the bare header row and the comment block; its version is the logging library's."""
    names = ",".join(COLUMNS)
    return [
        names,
        "#Software: Microsoft Exchange Server",
        "#Version: 15.00.0000.001",
        "#Log-type: Rps Cmdlet Logs",
        f"#Date: {stamp(first)}",
        f"#Fields: {names}",
    ]


def row(org: Organisation, build: BuildNumber, ran: Ran) -> str:
    """Return the line of one cmdlet."""
    major, minor, number, revision = build
    identifier = guid(Dice(f"{ran.name}{ran.time}"))
    values = {
        "DateTime": stamp(ran.time),
        "StartTime": stamp(later(ran.time, -156)),
        "RequestId": ran.session or identifier,
        "MajorVersion": str(major),
        "MinorVersion": str(minor),
        "BuildVersion": str(number),
        "RevisionVersion": str(revision),
        "ServerHostName": org.server,
        "ProcessId": "5668",
        "ProcessName": "w3wp#MSExchangePowerShellAppPool",
        "ThreadId": "54",
        "AuthenticatedUser": ran.caller.mail,
        "ExecutingUserSid": ran.caller.sid,
        "IsAdmin": "True",
        "ClientApplication": ran.application,
        "Cmdlet": ran.name,
        "Parameters": ran.parameters,
        "CmdletUniqueId": identifier,
        "ADViewEntireForest": "False",
        "ADRecipientViewRoot": org.domain,
        "ADConfigurationDomainControllers": org.controller,
        "ProxiedObjectCount": "0",
        "OutputObjectCount": "0" if ran.error else "1",
        "TotalTime": "156",
        "ErrorType": "NonLocalizedException" if ran.error else "",
        "ExecutionResult": "Error" if ran.error else "Success",
        "GenericErrors": ran.error,
    }
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values.get(name, "") for name in COLUMNS)
    return text.getvalue()


def event(org: Organisation, ran: Ran) -> events.Event:
    """Return the event of MSExchange Management: 1, or 6 if it failed, with its 27 data items."""
    done = events.cmdlet(ran.time, org, ran.caller, ran.name, ran.parameters)
    items = list(done.items)
    if not ran.application:
        items[5] = "Remote-PowerShell-Unknown"
    if not ran.error:
        return replace(done, items=tuple(items))
    items[11] = ran.error
    items[14] = "NonLocalizedException"
    text = f"Cmdlet failed. Cmdlet {ran.name}, parameters {ran.parameters}."
    return replace(done, number=6, level=2, message=text, items=tuple(items))
