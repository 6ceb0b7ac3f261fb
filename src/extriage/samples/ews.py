"""EWS log: which mailbox was opened with which operation, and how much it gave; UTC."""

from dataclasses import dataclass
from datetime import datetime

from extriage.model.exchange import BuildNumber
from extriage.samples.organisation import Dice, Organisation, guid, later, stamp
from extriage.samples.spec import padded

_NAMES = (
    "DateTime RequestId MajorVersion MinorVersion BuildVersion RevisionVersion Ring "
    "ClientRequestId AuthenticationType IsAuthenticated AuthenticatedUser Organization UserAgent "
    "VersionInfo ClientIpAddress ServerHostName FrontEndServer SoapAction HttpStatus RequestSize "
    "ResponseSize ErrorCode ImpersonatedUser ProxyAsUser ActAsUser Cookie CorrelationGuid "
    "PrimaryOrProxyServer TaskType RemoteBackendCount LocalMailboxCount RemoteMailboxCount "
    "LocalIdCount RemoteIdCount BeginBudgetConnections EndBudgetConnections "
    "BeginBudgetHangingConnections EndBudgetHangingConnections BeginBudgetAD EndBudgetAD "
    "BeginBudgetCAS EndBudgetCAS BeginBudgetRPC EndBudgetRPC BeginBudgetFindCount "
    "EndBudgetFindCount BeginBudgetSubscriptions EndBudgetSubscriptions MDBResource MDBHealth "
    "MDBHistoricalLoad ThrottlingPolicy ThrottlingDelay ThrottlingRequestType "
    "TotalDCRequestCount TotalDCRequestLatency TotalMBXRequestCount TotalMBXRequestLatency "
    "RecipientLookupLatency ExchangePrincipalLatency HttpPipelineLatency CheckAccessCoreLatency "
    "AuthModuleLatency CallContextInitLatency PreExecutionLatency CoreExecutionLatency "
    "TotalRequestTime DetailedExchangePrincipalLatency ClientStatistics GenericInfo "
    "AuthenticationErrors GenericErrors Puid StartTime ProcessId TimeInGC StartTotalMemory "
    "EndTotalMemory StartGCCounts EndGCCounts TokenBasedThrottlingPolicy BudgetKey CoinsCharged "
    "CoinsChargedMethod SidBudgetInfo AppBudgetInfo TenantBudgetInfo ResourceAccessed "
    "ResourceHealthBasedThreshold ThrottledBy BackoffHint WorkClassification"
)
COLUMNS = tuple(_NAMES.split())
"""The 92 columns of Exchange 2016."""


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One operation, as the back end saw it."""

    time: datetime
    took: int
    request_id: str
    operation: str
    user: str
    client: str
    agent: str
    items: int = 0
    received: int = 0
    sent: int = 0
    impersonated: str = ""
    acted_as: str = ""
    status: int = 200
    error: str = ""


def head(build: BuildNumber, first: datetime) -> list[str]:
    """Return the bare header row and the comment block that follows it."""
    names = ",".join(COLUMNS)
    return [
        names,
        "#Software: Microsoft Exchange Server",
        f"#Version: {padded(build)}",
        "#Log-type: EWS Logs",
        f"#Date: {stamp(first)}",
        f"#Fields: {names}",
    ]


def row(org: Organisation, build: BuildNumber, call: ServiceCall) -> str:
    """Return the line of one operation."""
    values = _who(org, build, call) | _what(call)
    return ",".join(values.get(name, "").replace(",", " ") for name in COLUMNS)


def _who(org: Organisation, build: BuildNumber, call: ServiceCall) -> dict[str, str]:
    major, minor, number, revision = build
    return {
        "DateTime": stamp(call.time),
        "RequestId": call.request_id,
        "MajorVersion": str(major),
        "MinorVersion": str(minor),
        "BuildVersion": str(number),
        "RevisionVersion": str(revision),
        "Ring": "Unknown",
        "AuthenticationType": "Kerberos" if call.user.endswith("$") else "Negotiate",
        "IsAuthenticated": "true",
        "AuthenticatedUser": call.user,
        "Organization": org.domain.upper(),
        "UserAgent": call.agent,
        "VersionInfo": "Target=None;Req=Exchange2013/Exchange2013;",
        "ClientIpAddress": call.client,
        "ServerHostName": org.server,
        "FrontEndServer": org.fqdn.upper(),
        "ImpersonatedUser": call.impersonated,
        "ActAsUser": call.acted_as,
    }


def _what(call: ServiceCall) -> dict[str, str]:
    identifier = guid(Dice(call.request_id))
    return {
        "SoapAction": call.operation,
        "HttpStatus": str(call.status),
        "RequestSize": str(call.received),
        "ResponseSize": str(call.sent),
        "ErrorCode": call.error,
        "CorrelationGuid": identifier,
        "PrimaryOrProxyServer": "PrimaryServer",
        "TaskType": "LocalTask",
        "RemoteBackendCount": "0",
        "LocalMailboxCount": "1",
        "RemoteMailboxCount": "0",
        "LocalIdCount": str(call.items),
        "RemoteIdCount": "0",
        "ThrottlingRequestType": "[C]",
        "TotalRequestTime": str(call.took),
        "GenericInfo": (
            f"SKU=Unknown;RequestHandler=Wcf;MessageId_0={identifier};"
            f"SoapAction_0={call.operation};S:WLM.BT=Ews;"
        ),
        "StartTime": stamp(later(call.time, -call.took)),
        "ProcessId": "9716",
        "StartGCCounts": "4038_450_53",
        "EndGCCounts": "4038_450_53",
    }
