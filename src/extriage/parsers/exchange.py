"""Exchange's other text logs: remote PowerShell, web services, mail flow, audit. All of it is data.

They share one head (`#Software`, `#Version`, `#Log-type`, `#Date`, `#Fields`), UTC times and RFC
4180 quoting. A log that is not listed here but has that head is read as `exchange-log`.
"""

import re

from extriage.model.evidence import Fields
from extriage.parsers.base import ROW_STARTS, LineFormat, names
from extriage.parsers.packed import COLUMNS, unpack
from extriage.parsers.parameters import add_parameters, parameters

_BUILD_COLUMNS = ("MajorVersion", "MinorVersion", "BuildVersion", "RevisionVersion")
_PACKED = tuple(f"{column}.<key>" for column in COLUMNS)
_RESULTS = {"success": "success", "error": "failure"}
_ANY_BUILD = r"([0-9]{1,3}(?:\.[0-9]{1,5}){3})(?![0-9.])"


RPS_HTTP_COLUMNS = names("""
    DateTime,StartTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,
    ClientRequestId,UrlHost,UrlStem,AuthenticationType,IsAuthenticated,AuthenticatedUser,
    Organization,ManagedOrganization,ClientIpAddress,ServerHostName,FrontEndServer,HttpStatus,
    SubStatus,ErrorCode,Action,CommandId,CommandName,SessionId,ShellId,FailFast,
    ContributeToFailFast,RequestBytes,ClientInfo,CPU,Memory,ActivityContextLifeTime,TotalTime,
    UrlQuery,GenericLatency,GenericInfo,GenericErrors""")

RPS_CMDLET_COLUMNS = names("""
    DateTime,StartTime,RequestId,ClientRequestId,MajorVersion,MinorVersion,BuildVersion,
    RevisionVersion,ServerHostName,ProcessId,ProcessName,ThreadId,CultureInfo,Organization,
    AuthenticatedUser,ExecutingUserSid,EffectiveOrganization,UserServicePlan,IsAdmin,
    ClientApplication,Cmdlet,Parameters,CmdletUniqueId,UserBudgetOnStart,ContributeToFailFast,
    RunspaceSettingsCreationHint,ADViewEntireForest,ADRecipientViewRoot,
    ADConfigurationDomainControllers,ADPreferredGlobalCatalogs,ADPreferredDomainControllers,
    ADUserConfigurationDomainController,ADUserPreferredGlobalCatalog,
    ADuserPreferredDomainControllers,ThrottlingInfo,DelayInfo,ThrottlingDelay,
    IsOutputObjectRedacted,CmdletProxyStage,CmdletProxyRemoteServer,
    CmdletProxyRemoteServerVersion,CmdletProxyMethod,ProxiedObjectCount,CmdletProxyLatency,
    OutputObjectCount,ParameterBinding,BeginProcessing,ProcessRecord,EndProcessing,
    StopProcessing,BizLogic,PowerShellLatency,UserInteractionLatency,ProvisioningLayerLatency,
    ActivityContextLifeTime,TotalTime,ErrorType,ExecutionResult,CacheHitCount,CacheMissCount,
    GenericLatency,GenericInfo,GenericErrors,ObjectGuid,ExternalDirectoryOrganizationId,
    ExternalDirectoryObjectId,NonPiiParameters""")

EWS_COLUMNS = names("""
    DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,Ring,
    ClientRequestId,AuthenticationType,IsAuthenticated,AuthenticatedUser,Organization,UserAgent,
    VersionInfo,ClientIpAddress,ServerHostName,FrontEndServer,SoapAction,HttpStatus,RequestSize,
    ResponseSize,ErrorCode,ImpersonatedUser,ProxyAsUser,ActAsUser,Cookie,CorrelationGuid,
    PrimaryOrProxyServer,TaskType,RemoteBackendCount,LocalMailboxCount,RemoteMailboxCount,
    LocalIdCount,RemoteIdCount,BeginBudgetConnections,EndBudgetConnections,
    BeginBudgetHangingConnections,EndBudgetHangingConnections,BeginBudgetAD,EndBudgetAD,
    BeginBudgetCAS,EndBudgetCAS,BeginBudgetRPC,EndBudgetRPC,BeginBudgetFindCount,
    EndBudgetFindCount,BeginBudgetSubscriptions,EndBudgetSubscriptions,MDBResource,MDBHealth,
    MDBHistoricalLoad,ThrottlingPolicy,ThrottlingDelay,ThrottlingRequestType,
    TotalDCRequestCount,TotalDCRequestLatency,TotalMBXRequestCount,TotalMBXRequestLatency,
    RecipientLookupLatency,ExchangePrincipalLatency,HttpPipelineLatency,CheckAccessCoreLatency,
    AuthModuleLatency,CallContextInitLatency,PreExecutionLatency,CoreExecutionLatency,
    TotalRequestTime,DetailedExchangePrincipalLatency,ClientStatistics,GenericInfo,
    AuthenticationErrors,GenericErrors,Puid,StartTime,ProcessId,TimeInGC,StartTotalMemory,
    EndTotalMemory,StartGCCounts,EndGCCounts,TokenBasedThrottlingPolicy,BudgetKey,CoinsCharged,
    CoinsChargedMethod,SidBudgetInfo,AppBudgetInfo,TenantBudgetInfo,ResourceAccessed,
    ResourceHealthBasedThreshold,ThrottledBy,BackoffHint,WorkClassification""")

EWS_COLUMNS_2013 = tuple(
    name for name in EWS_COLUMNS[: EWS_COLUMNS.index("StartTime")] if name != "Ring"
)

TRACKING_COLUMNS = names("""
    date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,
    source,event-id,internal-message-id,message-id,network-message-id,recipient-address,
    recipient-status,total-bytes,recipient-count,related-recipient-address,reference,
    message-subject,sender-address,return-path,message-info,directionality,tenant-id,
    original-client-ip,original-server-ip,custom-data,transport-traffic-type,log-id,
    schema-version""")


def decode_cmdlet(fields: Fields, _text: str) -> None:
    """Give a cmdlet's parameters fields of their own, and name caller and result as events do."""
    unpack(fields)
    told, status = fields.get("Parameters", ""), fields.get("ExecutionResult", "")
    if fields.get("AuthenticatedUser"):
        fields.setdefault("CmdletCaller", fields["AuthenticatedUser"])
    if result := _RESULTS.get(str(status).lower()):
        fields.setdefault("CmdletResult", result)
    if isinstance(told, str):
        add_parameters(fields, parameters(told))


RPS_HTTP = LineFormat(
    kind="rps-http",
    delimiter=b",",
    columns=(RPS_HTTP_COLUMNS,),
    header_starts=ROW_STARTS,
    host_fields=("ServerHostName",),
    build_fields=_BUILD_COLUMNS,
    decode=unpack,
    url=("UrlStem", "UrlQuery"),
    made=_PACKED,
)
RPS_CMDLET = LineFormat(
    kind="rps-cmdlet",
    delimiter=b",",
    columns=(RPS_CMDLET_COLUMNS,),
    header_starts=ROW_STARTS,
    host_fields=("ServerHostName",),
    build_fields=_BUILD_COLUMNS,
    decode=decode_cmdlet,
    made=("Parameters.<Name>", "CmdletCaller", "CmdletResult", *_PACKED),
)
EWS = LineFormat(
    kind="ews",
    delimiter=b",",
    columns=(EWS_COLUMNS, EWS_COLUMNS_2013),
    header_starts=ROW_STARTS,
    host_fields=("ServerHostName",),
    build_fields=_BUILD_COLUMNS,
    decode=unpack,
    made=_PACKED,
)
# NOTE: `server-hostname` of a tracking row is the next hop's for some events, so it names nobody.
MESSAGE_TRACKING = LineFormat(
    kind="message-tracking",
    delimiter=b",",
    columns=(TRACKING_COLUMNS, TRACKING_COLUMNS[:27]),
    header_starts=ROW_STARTS,
    build_fields=("schema-version",),
    build_mark=re.compile(f"^{_ANY_BUILD}$"),
)
SMTP = LineFormat(
    kind="smtp",
    delimiter=b",",
    columns=(
        names("""date-time,connector-id,session-id,sequence-number,local-endpoint,
        remote-endpoint,event,data,context"""),
    ),
    header_starts=ROW_STARTS,
    host_fields=("connector-id",),
)
CONNECTIVITY = LineFormat(
    kind="connectivity",
    delimiter=b",",
    columns=(("date-time", "session", "source", "Destination", "direction", "description"),),
    header_starts=ROW_STARTS,
)
AGENT = LineFormat(
    kind="agent",
    delimiter=b",",
    columns=(
        names("""Timestamp,SessionId,LocalEndpoint,RemoteEndpoint,EnteredOrgFromIP,MessageId,
        P1FromAddress,P2FromAddresses,Recipient,NumRecipients,Agent,Event,Action,SmtpResponse,
        Reason,ReasonData,Diagnostics,NetworkMsgID,TenantID,Directionality"""),
    ),
    header_starts=ROW_STARTS,
)
IMAP_POP = LineFormat(
    kind="imap-pop",
    delimiter=b",",
    columns=(
        names("""dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,
        parameters,context,puid"""),
    ),
    header_starts=ROW_STARTS,
)
OTHER = LineFormat(
    kind="exchange-log",
    delimiter=b",",
    header_starts=ROW_STARTS,
    host_fields=("ServerHostName", "ServerName", "MachineName", "Server"),
    build_fields=_BUILD_COLUMNS,
    type_field="LogType",
    made=("LogType",),
)
