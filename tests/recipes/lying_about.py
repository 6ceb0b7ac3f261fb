"""Files as they lie on two servers, and whether a recipe must take them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lying:
    """One file of a server."""

    path: str
    read: bool = True


_V15 = "C:/Program Files/Microsoft/Exchange Server/V15"
_V14 = "C:/Program Files/Microsoft/Exchange Server/V14"
_NET = "C:/Windows/Microsoft.NET/Framework64"
_COMPILED = "Temporary ASP.NET Files/owa/1a2b3c4d/5e6f7a8b"

_WINDOWS = (
    Lying("C:/inetpub/logs/LogFiles/W3SVC1/u_ex210302.log"),
    Lying("C:/inetpub/wwwroot/aspnet_client/system_web/shell.aspx"),
    Lying("C:/inetpub/wwwroot/aspnet_client/SHELL.ASHX"),
    Lying("C:/inetpub/wwwroot/aspnet_client/discover.help"),
    Lying("C:/inetpub/wwwroot/aspnet_client/out"),
    Lying("C:/inetpub/history/CFGHISTORY_0000000001/applicationHost.config"),
    Lying("C:/Windows/System32/inetsrv/config/applicationHost.config"),
    Lying("C:/Windows/System32/inetsrv/cachtokn.dll"),
    Lying("C:/Windows/System32/LogFiles/HTTPERR/httperr1.log"),
    Lying("C:/Windows/System32/winevt/Logs/MSExchange Management.evtx"),
    Lying("C:/Windows/System32/winevt/Logs/Microsoft-Windows-Sysmon%4Operational.evtx"),
    Lying("C:/Windows/System32/config/SOFTWARE"),
    Lying("C:/Windows/System32/config/SYSTEM.LOG1"),
    Lying("C:/Windows/System32/Tasks/Microsoft/Windows/Chkdsk/Proxy"),
    Lying("C:/Users/admin/NTUSER.DAT"),
    Lying("C:/Users/Public/thing.dll"),
    Lying("C:/ProgramData/Microsoft/Windows Defender/Support/MPLog-20210302-010203.log"),
    Lying("C:/ExchangeSetupLogs/ExchangeSetup.log"),
    Lying("C:/$MFT"),
    Lying("C:/$Extend/$UsnJrnl:$J"),
    Lying("C:/pagefile.sys", read=False),
    Lying("C:/Users/admin/Documents/salaries.xlsx", read=False),
    Lying("C:/Windows/System32/winevt/Logs/Microsoft-Windows-Ntfs%4Performance.evtx", read=False),
    Lying("C:/Windows/System32/config/SAM", read=False),
    Lying("C:/Windows/NTDS/ntds.dit", read=False),
)

SERVER = (
    *_WINDOWS,
    Lying(f"{_V15}/Logging/HttpProxy/Owa/HttpProxy_2021030210-1.LOG"),
    Lying(f"{_V15}/Logging/ECP/Server/ECPServer20210302-1.LOG"),
    Lying(f"{_V15}/Logging/CmdletInfra/Powershell-Proxy/Cmdlet/Rps_Cmdlet_2021030210-1.LOG"),
    Lying(f"{_V15}/TransportRoles/Logs/MessageTracking/MSGTRK20210302-1.LOG"),
    Lying(f"{_V15}/TransportRoles/Logs/Hub/ProtocolLog/SmtpReceive/RECV20210302-1.LOG"),
    Lying(f"{_V15}/TransportRoles/Agents/agents.config"),
    Lying(f"{_V15}/FrontEnd/HttpProxy/owa/auth/logon.aspx"),
    Lying(f"{_V15}/FrontEnd/HttpProxy/owa/auth/15.1.2176/scripts/premium/flogon.js"),
    Lying(f"{_V15}/ClientAccess/ecp/web.config"),
    Lying(f"{_V15}/Bin/ExSetup.exe"),
    Lying(f"{_NET}/v4.0.30319/{_COMPILED}/App_Web_abcd1234.dll"),
    Lying(f"{_NET}/v4.0.30319/{_COMPILED}/logon.aspx.1a2b3c4d.compiled"),
    Lying(f"{_V15}/Mailbox/DB01/DB01.edb", read=False),
    Lying(f"{_V15}/TransportRoles/data/Queue/mail.que", read=False),
    Lying(f"{_V15}/Bin/store.exe", read=False),
)
"""Exchange 2016."""

SERVER_2010 = (
    *_WINDOWS,
    Lying(f"{_V14}/Logging/EWS/Ews_2013010210-1.LOG"),
    Lying(f"{_V14}/TransportRoles/Logs/MessageTracking/MSGTRK20130102-1.LOG"),
    Lying(f"{_V14}/TransportRoles/Logs/ProtocolLog/SmtpReceive/RECV20130102-1.LOG"),
    Lying(f"{_V14}/TransportRoles/Logs/AgentLog/AGENTLOG20130102-1.LOG"),
    Lying(f"{_V14}/ClientAccess/Owa/auth/logon.aspx"),
    Lying(f"{_NET}/v2.0.50727/{_COMPILED}/App_Web_abcd1234.dll"),
    Lying(f"{_V14}/Mailbox/DB01/DB01.edb", read=False),
)
