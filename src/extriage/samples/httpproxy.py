"""HttpProxy logs: the front end's own record of every request, Exchange 2013 and later, in UTC."""

from collections.abc import Sequence
from datetime import datetime

from extriage.model.exchange import BuildNumber
from extriage.samples.organisation import Organisation, later, stamp
from extriage.samples.spec import packed, padded
from extriage.samples.web import Hop, Request

PROTOCOLS = ("Autodiscover", "Eas", "Ecp", "Ews", "Mapi", "Oab", "Owa", "PowerShell", "RpcHttp")

_NAMES = (
    "DateTime RequestId MajorVersion MinorVersion BuildVersion RevisionVersion ClientRequestId "
    "Protocol UrlHost UrlStem ProtocolAction AuthenticationType IsAuthenticated "
    "AuthenticatedUser Organization AnchorMailbox UserAgent ClientIpAddress ServerHostName "
    "HttpStatus BackEndStatus ErrorCode Method ProxyAction TargetServer TargetServerVersion "
    "RoutingType RoutingHint BackEndCookie ServerLocatorHost ServerLocatorLatency RequestBytes "
    "ResponseBytes TargetOutstandingRequests AuthModulePerfContext HttpPipelineLatency "
    "CalculateTargetBackEndLatency GlsLatencyBreakup TotalGlsLatency "
    "AccountForestLatencyBreakup TotalAccountForestLatency ResourceForestLatencyBreakup "
    "TotalResourceForestLatency ADLatency SharedCacheLatencyBreakup TotalSharedCacheLatency "
    "ActivityContextLifeTime ModuleToHandlerSwitchingLatency ClientReqStreamLatency "
    "BackendReqInitLatency BackendReqStreamLatency BackendProcessingLatency "
    "BackendRespInitLatency BackendRespStreamLatency ClientRespStreamLatency "
    "KerberosAuthHeaderLatency HandlerCompletionLatency RequestHandlerLatency "
    "HandlerToModuleSwitchingLatency ProxyTime CoreLatency RoutingLatency HttpProxyOverhead "
    "TotalRequestTime RouteRefresherLatency UrlQuery BackEndGenericInfo GenericInfo "
    "GenericErrors EdgeTraceId DatabaseGuid UserADObjectGuid PartitionEndpointLookupLatency "
    "RoutingStatus"
)
COLUMNS = tuple(_NAMES.split())
"""The 74 columns of Exchange 2016 and 2019."""

_LATER_THAN_2013 = frozenset(COLUMNS[69:])
_LATER_THAN_2013_SP1 = _LATER_THAN_2013 | {
    "SharedCacheLatencyBreakup",
    "TotalSharedCacheLatency",
    "RouteRefresherLatency",
    "UrlQuery",
    "BackEndGenericInfo",
}


def columns(build: BuildNumber) -> tuple[str, ...]:
    """Return the columns that this build writes: 64, 69 or 74 of them."""
    if build[:2] != (15, 0):
        return COLUMNS
    absent = _LATER_THAN_2013_SP1 if build[2] <= 847 else _LATER_THAN_2013
    return tuple(name for name in COLUMNS if name not in absent)


def head(build: BuildNumber, first: datetime) -> list[str]:
    """Return the bare header row and the comment block that follows it."""
    names = ",".join(columns(build))
    return [
        names,
        "#Software: Microsoft Exchange Server",
        f"#Version: {padded(build)}",
        "#Log-type: HttpProxy Logs",
        f"#Date: {stamp(first)}",
        f"#Fields: {names}",
    ]


def row(org: Organisation, build: BuildNumber, request: Request) -> str:
    """Return the line that the front end writes when a request has ended."""
    values = _client_side(org, build, request)
    values |= _unproxied(request) if request.hop is None else _proxied(build, request, request.hop)
    return _joined(columns(build), values)


def _joined(names: Sequence[str], values: dict[str, str]) -> str:
    # NOTE: this log does not quote; commas inside a value become blanks
    return ",".join([values.get(name, "").replace(",", " ") for name in names])


def _client_side(org: Organisation, build: BuildNumber, request: Request) -> dict[str, str]:
    known = bool(request.user) and request.status != 401
    major, minor, number, revision = build
    return {
        "DateTime": stamp(request.time),
        "RequestId": request.request_id,
        "MajorVersion": str(major),
        "MinorVersion": str(minor),
        "BuildVersion": str(number),
        "RevisionVersion": str(revision),
        "ClientRequestId": request.client_request_id,
        "Protocol": request.protocol,
        "UrlHost": request.host,
        "UrlStem": request.stem,
        "ProtocolAction": request.action,
        "AuthenticationType": request.authentication,
        "IsAuthenticated": str(known) if build[:3] == (15, 0, 847) else str(known).lower(),
        "AuthenticatedUser": request.user if known else "",
        "Organization": request.organisation,
        "UserAgent": request.agent,
        "ClientIpAddress": request.client,
        "ServerHostName": org.server,
        "HttpStatus": str(request.status),
        "Method": request.method,
        "RequestBytes": str(request.received),
        "ActivityContextLifeTime": str(request.took),
        "TotalRequestTime": str(request.took),
        "UrlQuery": f"?{request.query}" if request.query else "",
        "GenericErrors": request.errors,
    }


def _unproxied(request: Request) -> dict[str, str]:
    begin = stamp(later(request.time, -request.took))
    info = request.info or "NoCookies=302 - GET/E14AuthPost;" * (request.status == 302)
    return {
        "CoreLatency": "0",
        "HttpProxyOverhead": "0",
        "GenericInfo": (
            f"BeginRequest={begin};CorrelationID=<empty>;SharedCacheGuard=0;{info}"
            f"EndRequest={stamp(request.time)};"
        ),
    }


_ALWAYS_COUNTED = (
    "HttpPipelineLatency TotalGlsLatency TotalAccountForestLatency TotalResourceForestLatency "
    "ADLatency TotalSharedCacheLatency ModuleToHandlerSwitchingLatency ClientReqStreamLatency "
    "BackendReqStreamLatency BackendRespInitLatency BackendRespStreamLatency "
    "ClientRespStreamLatency KerberosAuthHeaderLatency HandlerCompletionLatency "
    "HandlerToModuleSwitchingLatency"
)
_LATENCIES = dict.fromkeys(_ALWAYS_COUNTED.split(), "0")

_OF_BODY = (
    "ClientReqStreamLatency",
    "BackendReqInitLatency",
    "BackendReqStreamLatency",
    "KerberosAuthHeaderLatency",
)
"""Empty for a request without a body."""
_OF_ANSWER = (
    *_OF_BODY,
    "ResponseBytes",
    "BackendProcessingLatency",
    "BackendRespInitLatency",
    "BackendRespStreamLatency",
    "ClientRespStreamLatency",
    "ProxyTime",
    "RoutingLatency",
)
"""Empty for a request that the back end never answered."""


def _proxied(build: BuildNumber, request: Request, hop: Hop) -> dict[str, str]:
    took = str(request.took)
    work = str(max(request.took - 4, 0))
    values = _LATENCIES | {
        "AnchorMailbox": hop.anchor,
        "BackEndStatus": hop.status,
        "ProxyAction": "Proxy",
        "TargetServer": hop.target,
        "TargetServerVersion": hop.version or padded((*build[:3], 0)),
        "RoutingType": hop.routing,
        "RoutingHint": hop.hint,
        "BackEndCookie": hop.cookie,
        "ResponseBytes": str(request.sent),
        "CalculateTargetBackEndLatency": "1",
        "BackendReqInitLatency": "1",
        "BackendProcessingLatency": work,
        "RequestHandlerLatency": took,
        "ProxyTime": work,
        "CoreLatency": "3",
        "RoutingLatency": "4",
        "HttpProxyOverhead": "4",
        "DatabaseGuid": f"|RoutingDB:{hop.database}" if hop.database else "",
        "RoutingStatus": "CafeV1",
        "GenericInfo": _proxied_info(build, request),
    }
    absent = _OF_ANSWER if not hop.status else _OF_BODY if request.method == "GET" else ()
    return values | dict.fromkeys(absent, "")


def _proxied_info(build: BuildNumber, request: Request) -> str:
    begin = later(request.time, -request.took)
    sent = stamp(later(begin, min(3, request.took)))
    ready = stamp(later(request.time, -min(1, request.took)))
    return (
        f"BeginRequest={stamp(begin)};CorrelationID=<empty>;ProxyState-Run=None;"
        f"FEAuth=BEVersion-{packed(build)};{request.info}BeginGetResponse={sent};"
        f"OnResponseReady={ready};EndGetResponse={ready};ProxyState-Complete=ProxyResponseData;"
        f"SharedCacheGuard=0;EndRequest={stamp(request.time)};"
    )
