"""Objects as cmdlets and the directory hand them out, whole: rules need their properties together.

A forwarding is told by the rule's name, its target and what becomes of the mail, all at once. So
each object of a kind that intruders use becomes one fact with all its properties, under the names
that Microsoft gives them. Which server it belongs to is only told by objects that name it.
"""

import re
from collections.abc import Iterator, Mapping

from extriage.model.evidence import Origin
from extriage.model.state import Fact, Subject
from extriage.parsers.base import names
from extriage.parsers.clixml import Bag
from extriage.parsers.statement import VALUE_LIMIT, Source, short_name

NOUNS: Mapping[str, str] = {
    "InboxRule": "InboxRule",
    "TransportAgent": "TransportAgent",
    "TransportRule": "TransportRule",
    "JournalRuleObject": "JournalRule",
    "JournalRule": "JournalRule",
    "RulePresentationObjectBase": "TransportRule",
    "SmtpSendConnectorConfig": "SendConnector",
    "SendConnector": "SendConnector",
    "ReceiveConnector": "ReceiveConnector",
    "TenantInboundConnector": "InboundConnector",
    "InboundConnector": "InboundConnector",
    "TenantOutboundConnector": "OutboundConnector",
    "OutboundConnector": "OutboundConnector",
    "DomainContentConfig": "RemoteDomain",
    "RemoteDomain": "RemoteDomain",
    "MailboxFolderPermission": "MailboxFolderPermission",
    "MailboxAcePresentationObject": "MailboxPermission",
    "MailboxPermission": "MailboxPermission",
    "ADAcePresentationObject": "ADPermission",
    "ADPermission": "ADPermission",
    "ExchangeRoleAssignmentPresentation": "ManagementRoleAssignment",
    "ExchangeRoleAssignment": "ManagementRoleAssignment",
    "ManagementRoleAssignment": "ManagementRoleAssignment",
    "ManagementScope": "ManagementScope",
    "RoleGroup": "RoleGroup",
    "Mailbox": "Mailbox",
    "MailboxExportRequest": "MailboxExportRequest",
    "MailboxExportRequestStatistics": "MailboxExportRequest",
    "ADOabVirtualDirectory": "OabVirtualDirectory",
    "ADOwaVirtualDirectory": "OwaVirtualDirectory",
    "ADEcpVirtualDirectory": "EcpVirtualDirectory",
    "ADWebServicesVirtualDirectory": "WebServicesVirtualDirectory",
    "ADMobileVirtualDirectory": "ActiveSyncVirtualDirectory",
    "ADAutodiscoverVirtualDirectory": "AutodiscoverVirtualDirectory",
    "ADMapiVirtualDirectory": "MapiVirtualDirectory",
    "ADPowerShellVirtualDirectory": "PowerShellVirtualDirectory",
    "ADRpcHttpVirtualDirectory": "OutlookAnywhere",
    "VirtualDirectory": "VirtualDirectory",
}
"""The short name of a class, or of a kind known by its properties, to the noun of its cmdlet."""

_DIRECTORIES = (
    ("oab", "OabVirtualDirectory"),
    ("owa", "OwaVirtualDirectory"),
    ("ecp", "EcpVirtualDirectory"),
    ("ews", "WebServicesVirtualDirectory"),
    ("microsoft-server-activesync", "ActiveSyncVirtualDirectory"),
    ("autodiscover", "AutodiscoverVirtualDirectory"),
    ("mapi", "MapiVirtualDirectory"),
    ("powershell", "PowerShellVirtualDirectory"),
    ("rpc", "OutlookAnywhere"),
)
"""How Exchange names its directories: `OAB (Default Web Site)`."""

_SPELLINGS = names(
    """
    Name,Identity,Guid,Id,Server,ServerName,Enabled,State,Mode,Priority,Comments,Description,
    Type,DistinguishedName,WhenCreated,WhenChanged,WhenCreatedUTC,WhenChangedUTC,IsValid,
    MailboxOwnerId,RuleIdentity,ForwardTo,ForwardAsAttachmentTo,RedirectTo,DeleteMessage,
    SoftDeleteMessage,MoveToFolder,CopyToFolder,MarkAsRead,StopProcessingRules,From,
    FromAddressContainsWords,SubjectContainsWords,SubjectOrBodyContainsWords,BodyContainsWords,
    HeaderContainsWords,SentTo,RecipientAddressContainsWords,SendTextMessageNotificationTo,
    InError,TransportAgentFactory,AssemblyPath,BlindCopyTo,CopyTo,RedirectMessageTo,
    AddToRecipients,AddManagerAsRecipientType,RouteMessageOutboundConnector,RuleVersion,
    SentToScope,FromScope,SetSCL,SetHeaderName,Conditions,Actions,JournalEmailAddress,Recipient,
    Scope,ExceptIfFrom,AddressSpaces,SmartHosts,SmartHostsString,SourceTransportServers,
    DNSRoutingEnabled,SmartHostAuthMechanism,RequireTLS,TlsDomain,Fqdn,Port,
    CloudServicesMailEnabled,Bindings,RemoteIPRanges,PermissionGroups,AuthMechanism,
    TransportRole,ProtocolLoggingLevel,SenderDomains,SenderIPAddresses,RecipientDomains,
    ConnectorType,ConnectorSource,TreatMessagesAsInternal,AllAcceptedDomains,DomainName,
    AutoForwardEnabled,AutoReplyEnabled,AllowedOOFType,IsInternal,TrustedMailOutboundEnabled,
    FolderName,User,AccessRights,SharingPermissionFlags,Deny,IsInherited,InheritanceType,
    IsOwner,ExtendedRights,ChildObjectTypes,Properties,InheritedObjectType,Role,RoleAssignee,
    RoleAssigneeName,RoleAssigneeType,AssignmentMethod,EffectiveUserName,
    RoleAssignmentDelegationType,CustomRecipientWriteScope,RecipientWriteScope,Roles,
    RoleAssignments,Members,ManagedBy,LinkedGroup,RecipientRoot,RecipientFilter,ServerFilter,
    ScopeRestrictionType,Exclusive,Alias,DisplayName,PrimarySmtpAddress,UserPrincipalName,
    SamAccountName,Database,ForwardingAddress,ForwardingSmtpAddress,DeliverToMailboxAndForward,
    GrantSendOnBehalfTo,HiddenFromAddressListsEnabled,AuditEnabled,AuditBypassEnabled,
    RecipientTypeDetails,IsMailboxEnabled,LitigationHoldEnabled,SingleItemRecoveryEnabled,
    RetainDeletedItemsFor,FilePath,Mailbox,BatchName,RequestGuid,Status,Direction,Flags,
    CreationTimestamp,StatusDetail,SourceAlias,StartTimestamp,CompletionTimestamp,ContentFilter,
    TargetRootFolder,IncludeFolders,ExcludeFolders,RequestQueue,InternalUrl,ExternalUrl,
    InternalHostname,ExternalHostname,WebSite,WebsiteName,MetabasePath,Path,OfflineAddressBooks,
    PollInterval,RequireSSL,BasicAuthentication,WindowsAuthentication,FormsAuthentication,
    OAuthAuthentication,InternalAuthenticationMethods,ExternalAuthenticationMethods,
    ExtendedProtectionTokenChecking,ExtendedProtectionFlags,ExtendedProtectionSPNList,
    MRSProxyEnabled,InternalNLBBypassUrl,LogonFormat,DefaultDomain,AdminDisplayVersion,
    PSComputerName,RunspaceId,ObjectClass,ObjectCategory,ObjectState,msExchInternalHostName,
    msExchExternalHostName
    """
)
SPELT = {name.lower(): name for name in _SPELLINGS}
"""How properties are spelt that rules ask for; a person who exports them may spell otherwise."""

_SERVED_BY = ("VirtualDirectory", "OutlookAnywhere", "ReceiveConnector")
_OWNER = re.compile(r"([^\\/,=]{1,63})\\")
_MOST_PROPERTIES = 400
_MOST_VALUES = 200
_NAME = 200


def noun(types: frozenset[str]) -> str:
    """Name the cmdlet that hands out objects of a class; empty if rules do not ask for them."""
    if types.isdisjoint(NOUNS):
        return ""
    return next(kind for name, kind in NOUNS.items() if name in types)


def object_facts(bag: Bag, source: Source) -> Iterator[Fact]:
    """Yield the one fact of an object that rules ask for."""
    kind = noun(bag.types)
    if not kind:
        return
    name = bag.one("Identity") or bag.one("Name")
    if kind == "VirtualDirectory":
        kind = _directory(bag.one("Name") or name) or kind
    # NOTE: made at once, without `replace`: large organisations export hundreds of thousands.
    yield Fact(
        Subject.OBJECT,
        f"{kind}/{name[:_NAME]}",
        "",
        source.evidence,
        Origin(source.path, bag.line),
        computer=_server(bag, kind),
        properties=(("Object", kind), *_properties(bag)),
    )


def _properties(bag: Bag) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Yield what stands directly in an object, whatever holds a value."""
    # NOTE: what rules ask for comes first, so that it stands in the text that reports show.
    direct = [name for name in bag.values if name in SPELT]
    direct += [name for name in bag.values if name not in SPELT and name and "." not in name]
    for name in direct[:_MOST_PROPERTIES]:
        kept = tuple(one[:VALUE_LIMIT] for one in bag.values[name][:_MOST_VALUES] if one)
        if kept:
            yield SPELT.get(name, name), kept[0] if len(kept) == 1 else kept


def _directory(name: str) -> str:
    low = name.rpartition("\\")[2].lower()
    return next((kind for start, kind in _DIRECTORIES if low.startswith(f"{start} (")), "")


def _server(bag: Bag, kind: str) -> str:
    """Return the server that an object is of; those of the organisation have none."""
    if not kind.endswith(_SERVED_BY):
        return ""
    named = (bag.one(name) for name in ("Server", "Server.Name", "ServerName"))
    owner = _OWNER.match(bag.one("Identity"))
    return short_name(next(filter(None, named), owner[1] if owner else ""))
