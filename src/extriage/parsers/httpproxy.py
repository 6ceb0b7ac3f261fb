r"""HttpProxy: the front-end proxy's own record of every client request, since Exchange 2013.

Who came, whom the client asked for, where the request was sent, with what answer. Hourly files in
`Logging\HttpProxy\<Protocol>\`, UTC; the time is that of the end of the request. Bodies and
cookies are not logged. Exchange 2010 has no such log.
"""

from extriage.parsers.base import ROW_STARTS, Columns, LineFormat, names

COLUMNS: Columns = names("""
    DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,ClientRequestId,
    Protocol,UrlHost,UrlStem,ProtocolAction,AuthenticationType,IsAuthenticated,AuthenticatedUser,
    Organization,AnchorMailbox,UserAgent,ClientIpAddress,ServerHostName,HttpStatus,BackEndStatus,
    ErrorCode,Method,ProxyAction,TargetServer,TargetServerVersion,RoutingType,RoutingHint,
    BackEndCookie,ServerLocatorHost,ServerLocatorLatency,RequestBytes,ResponseBytes,
    TargetOutstandingRequests,AuthModulePerfContext,HttpPipelineLatency,
    CalculateTargetBackEndLatency,GlsLatencyBreakup,TotalGlsLatency,AccountForestLatencyBreakup,
    TotalAccountForestLatency,ResourceForestLatencyBreakup,TotalResourceForestLatency,ADLatency,
    SharedCacheLatencyBreakup,TotalSharedCacheLatency,ActivityContextLifeTime,
    ModuleToHandlerSwitchingLatency,ClientReqStreamLatency,BackendReqInitLatency,
    BackendReqStreamLatency,BackendProcessingLatency,BackendRespInitLatency,
    BackendRespStreamLatency,ClientRespStreamLatency,KerberosAuthHeaderLatency,
    HandlerCompletionLatency,RequestHandlerLatency,HandlerToModuleSwitchingLatency,ProxyTime,
    CoreLatency,RoutingLatency,HttpProxyOverhead,TotalRequestTime,RouteRefresherLatency,UrlQuery,
    BackEndGenericInfo,GenericInfo,GenericErrors,EdgeTraceId,DatabaseGuid,UserADObjectGuid,
    PartitionEndpointLookupLatency,RoutingStatus""")
"""The 74 columns of Exchange 2016 CU22 and CU23."""

_ADDED_LATER = {
    "SharedCacheLatencyBreakup",
    "TotalSharedCacheLatency",
    "RouteRefresherLatency",
    "UrlQuery",
    "BackEndGenericInfo",
}
COLUMNS_2013_SP1: Columns = tuple(
    name for name in COLUMNS[: COLUMNS.index("EdgeTraceId")] if name not in _ADDED_LATER
)
"""The 64 columns of Exchange 2013 SP1."""

PROTOCOLS = (
    *("Autodiscover", "Eas", "Ecp", "Ews", "Mapi"),
    *("Oab", "Owa", "OwaCalendar", "PowerShell", "RpcHttp"),
)
"""Each has a folder and log files of its own."""

FORMAT = LineFormat(
    kind="httpproxy",
    delimiter=b",",
    # NOTE: columns were appended between 2013 CU21 (68 seen) and 2016; a prefix is what it had.
    columns=(*(COLUMNS[:count] for count in range(len(COLUMNS), 67, -1)), COLUMNS_2013_SP1),
    header_starts=ROW_STARTS,
    host_fields=("ServerHostName",),
    part_field="Protocol",
    part_names=(*((name.lower(), name) for name in PROTOCOLS), ("", "other")),
    build_fields=("MajorVersion", "MinorVersion", "BuildVersion", "RevisionVersion"),
    url=("UrlStem", "UrlQuery"),
)
