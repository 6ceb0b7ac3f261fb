"""What a healthy organisation's users, programs and scanners ask of the web server."""

from collections.abc import Iterator

from healthy import ADMIN, CHROME, OUTLOOK, Line, at, control_panel, ews, iis, people, proxy, shell

SYNC = "POST /Microsoft-Server-ActiveSync/default.eas?Cmd=Sync&User=novak&DeviceType=iPhone"
PHONE = "Apple-iPhone14C2/2001.202"
WRONG, GONE = "401 1 1326", "404 0 2"
NAT = "203.0.113.40"
JSON = "/autodiscover/autodiscover.json"
LOGON = "POST /owa/auth.owa"
REFUSED = LOGON + "?&CorrelationID=<empty>;&cafeReqId=1;&LogoffReason=NoCookiesPost"
CANARY = "msExchEcpCanary=Abc123."


def phones_with_an_old_password() -> Iterator[Line]:
    for step in range(0, 18_000, 60):
        yield iis(
            at("2023-05-10T06:00:00", step),
            SYNC,
            user=r"CONTOSO\novak",
            client="198.51.100.7",
            agent=PHONE,
            answer=WRONG,
        )
    yield iis(
        at("2023-05-10T11:01:00"),
        SYNC,
        user=r"CONTOSO\novak",
        client="198.51.100.7",
        agent=PHONE,
    )


def an_office_behind_one_address() -> Iterator[Line]:
    """All passwords expired: forty people mistype and get in, in Outlook and on the web."""
    for place, user in enumerate(people(40)):
        begin = at("2024-02-05T07:30:00", place * 40)
        known = {"user": user, "client": NAT, "agent": OUTLOOK}
        yield iis(begin, "POST /EWS/Exchange.asmx", **known, answer=WRONG)
        yield iis(at(f"{begin}", 20), "POST /EWS/Exchange.asmx", **known)
        yield iis(at(f"{begin}", 5), REFUSED, user=user, client=NAT, answer="302 0 0")
        yield iis(at(f"{begin}", 25), LOGON, user=user, client=NAT, answer="302 0 0")
        yield iis(at(f"{begin}", 26), "GET /owa/", user=user, client=NAT)


def a_load_balancer_stands_for_all() -> Iterator[Line]:
    for step in range(0, 1800, 5):
        time = at("2024-03-04T08:00:00", step)
        balancer = {"client": "10.0.0.9", "agent": "-"}
        yield iis(time, "GET /owa/healthcheck.htm", **balancer)
        yield iis(time, "HEAD /ecp/healthcheck.htm", **balancer)
    for place, user in enumerate(people(120)):
        time = at("2024-03-04T08:00:00", place * 15)
        yield iis(time, REFUSED, user=user, client="10.0.0.9", answer="302 0 0")
        yield iis(at(f"{time}", 9), LOGON, user=user, client="10.0.0.9", answer="302 0 0")
        yield iis(at(f"{time}", 10), "GET /owa/", user=user, client="10.0.0.9")


def a_traveller() -> Iterator[Line]:
    for step, client in enumerate(("198.51.100.80", "203.0.113.99", "198.51.100.81")):
        time = at("2026-06-02T19:00:00", step * 400)
        known = {"user": r"CONTOSO\novak", "client": client}
        yield iis(time, LOGON, **known, answer="302 0 0")
        yield iis(at(f"{time}", 2), "POST /owa/sessiondata.ashx?appcacheclient=0", **known)
    rule = f"POST /ecp/RulesEditor/InboxRules.svc/NewObject?{CANARY}"
    yield iis(at("2026-06-02T19:20:00"), rule, user=r"CONTOSO\novak", client="203.0.113.99")


def monitoring() -> Iterator[Line]:
    tools = ("python-requests/2.31.0", "curl/8.5.0", "check_http/v2.3.3 (nagios-plugins 2.3.3)")
    for step in range(0, 3600, 60):
        time = at("2024-05-06T10:00:00", step)
        for agent in tools:
            tool = {"client": "10.0.0.30", "agent": agent}
            yield iis(time, "GET /owa/auth/logon.aspx?url=https%3a%2f%2fmail%2fowa", **tool)
            yield iis(time, "GET /ews/exchange.asmx", **tool, answer="401 0 0")
            yield iis(time, "POST /EWS/Exchange.asmx", **tool, user=r"CONTOSO\svc-mon")
            yield iis(time, LOGON, **tool, user=r"CONTOSO\svc-mon", answer="302 0 0")
            yield iis(time, "GET /PowerShell/", **tool, answer="401 2 5")
    for agent in ("Ruby WinRM Client", "Python PSRP Client", "Go-http-client/1.1", ""):
        for step in range(20):
            yield shell(at("2024-05-06T10:00:00", step), r"CONTOSO\svc-auto", agent)


def mail_programs() -> Iterator[Line]:
    user = {"user": r"CONTOSO\novak"}
    for number, agent in enumerate(
        (
            "MacOutlook/16.78.23100802 (Intelx64 Mac OS X Version 13.6)",
            "Mac+OS+X/10.15.7 (19H2) CalendarAgent/930.5.1",
            "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Thunderbird/102.4.0",
            "Microsoft Office/16.0 (Microsoft Outlook Mail 16.0.17328; Pro)",
            "AppleExchangeWebServices/817 accountsd/113",
            "Evolution/3.44.4",
            "okhttp/4.9.2",
            "OC/16.0.17328.20550 (Skype for Business)",
            "Dalvik/2.1.0 (Linux; U; Android 13)",
            "exchangelib/5.0.3 (python-requests/2.31.0)",
        )
    ):
        time = at("2025-01-15T09:00:00", number * 30)
        for url in (
            "POST /EWS/Exchange.asmx",
            f"GET {JSON}?Email=novak%40contoso.example&Protocol=Autodiscoverv1&RedirectCount=1",
            f"GET {JSON}/v1.0/novak@contoso.example?Protocol=Ews",
            f"GET {JSON}/v1.0/novak@contoso.example?Protocol=ActiveSync&RedirectCount=1",
            f"GET {JSON}?Email=novak@contoso.example&Protocol=REST",
            "POST /autodiscover/autodiscover.xml",
            "POST /mapi/nspi/?mailboxId=4f3a@contoso.example",
            "POST /mapi/emsmdb/?mailboxId=4f3a@contoso.example",
            "GET /OAB/7a1c3f5e-1111-4222-8333-444455556666/oab.xml",
            "GET /OAB/7a1c3f5e-1111-4222-8333-444455556666/2a-data-9.lzx",
            "RPC_IN_DATA /rpc/rpcproxy.dll?4f3a@contoso.example:6001",
        ):
            yield iis(time, url, **user, agent=agent, client="198.51.100.22")
            yield iis(time, url, agent=agent, client="198.51.100.22", answer="401 1 2148074254")


def outlook_on_the_web() -> Iterator[Line]:
    user = {"user": r"CONTOSO\tanaka", "client": "198.51.100.23"}
    published = "/owa/calendar/0f3a5c7e11112222@contoso.example/0a1b2c3d/"
    for step, url in enumerate(
        (
            "POST /owa/service.svc?action=GetExtensibilityContext&EP=1&ID=-1&AC=1",
            "POST /owa/service.svc?action=FindPeople&EP=1",
            "POST /owa/service.svc?action=NewInboxRule",
            "GET /owa/auth/errorfe.aspx?httpCode=500&msg=3050910&owaError=Microsoft.Exchange",
            "GET /owa/auth/frowny.aspx?app=mail&et=ServerError&esrc=MasterPage&te="
            "Microsoft.Exchange.Data.Storage.StorageTransientException&refurl="
            "https%3a%2f%2fmail.contoso.example%2fowa%2f%23path%3d%2fmail",
            f"GET {published}calendar.html",
            f"GET {published}reachcalendar.ics",
            f"POST {published}service.svc?action=FindItem",
            "GET /owa/smime/owasmime.msi",
            "GET /owa/service.svc/s/GetFileAttachment?id=AAMk&X-OWA-CANARY=b.",
            "GET /owa/attachment.ashx?attach=1&name=report.7z",
            "GET /owa/auth/15.1.2507/themes/resources/segoeui-regular.ttf",
            "GET /aspnet_client/system_web/4_0_30319/WebUIValidation.js",
            "GET /.well-known/acme-challenge/abcDEF",
            "POST /ecp/novak@contoso.example/PersonalSettings/HomePage.aspx?showhelp=false",
            f"POST /ecp/RulesEditor/InboxRules.svc/NewObject?{CANARY}",
            "GET /ecp/auth/TimeoutLogout.aspx",
            "POST /ecp/DLPPolicy/ManagePolicyFromISV.aspx?pwmcid=2&ReturnObjectType=1",
        )
    ):
        yield iis(at("2025-03-03T09:00:00", step), url, **user)
    for step in range(12):
        time = at("2025-03-03T03:00:00", step * 9)
        yield iis(time, LOGON, client="198.51.100.24", answer="500 0 64")


def between_the_servers() -> Iterator[Line]:
    """Exchange servers talk to each other as computer accounts, with Kerberos and by proxying."""
    for step in range(30):
        time = at("2025-04-01T01:00:00", step * 20)
        peer = {"user": "CONTOSO\\EX02$", "client": "10.0.0.6", "agent": "-"}
        yield iis(time, "POST /ecp/proxyLogon.ecp", **peer, port=444, answer="241 0 0")
        yield iis(time, "POST /owa/proxylogon.owa", **peer, port=444, answer="241 0 0")
        yield iis(time, "POST /EWS/Exchange.asmx", **peer, port=444)
        agent = "ASProxy/CrossSite/Directory/EWS/15.01.2507.039"
        yield iis(time, "POST /EWS/Exchange.asmx", **(peer | {"agent": agent}))
        call = "POST /EWS/mrsproxy.svc"
        yield iis(time, call, **(peer | {"agent": "MRS"}))
        yield proxy(time, "Ews", call, user="CONTOSO\\EX02$", client="10.0.0.6")
        yield ews(time, "GetItem", user="CONTOSO\\EX01$", agent="ExchangeInternalEwsClient-ELC")
        yield ews(time, "CreateItem", user=r"NT AUTHORITY\SYSTEM", agent="EwsStoreDataProvider")


def hybrid() -> Iterator[Line]:
    cloud = {"client": "192.0.2.107", "agent": "-"}
    for step in range(40):
        time = at("2024-09-02T20:00:00", step * 15)
        for answer in ("401 0 0", "401 1 2148074254", "200 0 0"):
            who = r"CONTOSO\svc-mig" if answer.startswith("200") else ""
            yield iis(time, "POST /EWS/mrsproxy.svc", **cloud, user=who, answer=answer)
        agent = "ASProxy/CrossForest/EmailDomain//15.20.7918.020"
        url = "POST /ews/exchange.asmx/wssecurity"
        yield iis(time, url, client="192.0.2.107", agent=agent)
        yield iis(time, "POST /autodiscover/autodiscover.svc/WSSecurity", **cloud)
        yield iis(time, f"GET {JSON}?Email=novak@contoso.example&Protocol=Ews", **cloud)
        known = {"client": "192.0.2.107", "AuthenticationType": "Bearer"}
        yield proxy(time, "Ews", "POST /EWS/Exchange.asmx", user="Actor-Office365", **known)


def service_accounts() -> Iterator[Line]:
    """Backup, archive, CRM and rooms act as everybody, and read a lot."""
    readers = (
        (r"CONTOSO\svc-backup", "ExchangeServicesClient/15.00.0913.015", "ExportItems"),
        (r"CONTOSO\svc-crm", "Java/1.8.0_392", "SyncFolderItems"),
        (r"CONTOSO\svc-archive", "python-requests/2.31.0", "GetItem"),
        (r"CONTOSO\svc-rooms", "ExchangeServicesClient/0.0.0.0", "Subscribe"),
    )
    for account, agent, action in readers:
        for step in range(120):
            time = at("2024-10-07T22:00:00", step * 20)
            person = f"user{step:03}@contoso.example"
            known = {"client": "10.0.0.40", "ImpersonatedUser": person}
            yield ews(time, action, user=account, agent=agent, **known)
            url = "POST /EWS/Exchange.asmx"
            yield iis(time, url, user=account, agent=agent, client="10.0.0.40")
    for step in range(150):
        time = at("2024-10-07T22:00:00", step * 10)
        yield ews(time, "ResolveNames", user=r"CONTOSO\svc-crm", agent="Java/1.8.0_392")
    for step in range(60):
        time = at("2024-10-08T22:00:00", step * 10)
        cloud = {"client": "192.0.2.55", "agent": "Go-http-client/2.0"}
        yield iis(time, "POST /EWS/Exchange.asmx", user=f"user{step}@contoso.example", **cloud)


def add_ins() -> Iterator[Line]:
    for step in range(5):
        time = at("2025-05-05T10:00:00", step * 400)
        actions = ("CreateUserConfiguration", "UpdateUserConfiguration", "GetClientAccessToken")
        for offset, action in enumerate((*actions, "GetAppManifests")):
            later = at(f"{time}", offset * 4)
            yield ews(later, action, user=f"CONTOSO\\user{step:03}", agent=CHROME)


def scanners() -> Iterator[Line]:
    """Scan from inside, then from the internet: all doors are shut."""
    asked = (
        ("GET /owa/auth/x.js", GONE),
        ("POST /ecp/y.js", "500 0 0"),
        ("GET /ecp/default.flt", "302 0 0"),
        (f"GET {JSON}?@test.com/owa/?&Email=autodiscover/autodiscover.json%3F@test.com", "302 0 0"),
        (f"GET {JSON}?@test.com/mapi/nspi/?&Email=autodiscover/autodiscover.json%3F@t", "404 0 0"),
        (f"POST {JSON}?@test.com/powershell/?X-Rps-CAT=VgEAVAd&Email=a", "401 0 0"),
        (f"GET {JSON}?a@b.test/ews/exchange.asmx", "400 0 0"),
        ("POST /owa/mastermailbox%40outlook.com/powershell", "401 0 0"),
        ("GET /ecp/default.aspx?__VIEWSTATEGENERATOR=B97B4E27&__VIEWSTATE=" + "A" * 400, "302 0 0"),
        ("POST /ecp/novak@contoso.example/RulesEditor/InboxRules.svc/NewObject", "302 0 0"),
        ("GET /EWS/mrsproxy.svc", "401 0 0"),
        ("POST /owa/calendar/abc", "404 0 0"),
        ("GET /aspnet_client/discover.aspx", GONE),
        ("GET /aspnet_client/supp0rt.aspx", GONE),
        ("GET /owa/auth/shell.aspx", "302 0 0"),
        ("GET /owa/auth/OutlookEN.aspx", "302 0 0"),
        ("GET /owa/auth/errorEE.aspx", "302 0 0"),
        ("GET /owa/auth/web.aspx?cmd=read", "302 0 0"),
        ("POST /owa/auth/Current/themes/resources/logon.css", "405 0 1"),
        ("GET /owa/auth/../../../../windows/win.ini", "400 0 0"),
        ("GET /ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application", "200"),
    )
    both = (("10.0.0.50", "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)"),)
    for client, agent in (*both, ("192.0.2.9", "python-requests/2.27.1")):
        for step, (call, answer) in enumerate(asked):
            full = answer if " " in answer else f"{answer} 0 0"
            time = at("2025-06-01T02:00:00", step * 2)
            yield iis(time, call, client=client, agent=agent, answer=full)
    local = "ServerInfo~localhost/ecp/default.flt?"
    known = {"AnchorMailbox": local, "HttpStatus": 500, "BackEndStatus": "", "client": "192.0.2.9"}
    yield proxy(at("2025-06-01T02:00:00"), "Ecp", "GET /ecp/y.js", **known)


def administrators() -> Iterator[Line]:
    """Change addresses of virtual directories in the admin centre, with a name and a browser."""
    admin = {"user": ADMIN, "client": "10.20.9.3"}
    for step, kind in enumerate(("OAB", "OWA", "WebServices", "ActiveSync", "Mapi")):
        time = at("2023-08-01T13:00:00", step * 60)
        for method in ("GetList", "GetObject", "SetObject"):
            url = f"/ecp/DDI/DDIService.svc/{method}?schema={kind}VirtualDirectory&{CANARY}"
            yield iis(time, f"POST {url}", **admin)
            yield iis(time, f"POST {url}", **admin, port=444)
            yield proxy(time, "Ecp", f"POST {url}", **admin)
        change = f"Set-{kind}VirtualDirectory.ExternalUrl='https://mail.contoso.example/{kind}'"
        yield control_panel(time, change, url)
    reset = "/ecp/DDI/DDIService.svc/SetObject?schema=ResetOWAVirtualDirectory&" + CANARY
    time = at("2023-08-01T13:30:00")
    yield iis(time, f"POST {reset}", **admin)
    command = r"Remove-OwaVirtualDirectory.FilePathName='\\fs01\vdir$\owa.txt'.Identity='EX01\owa'"
    yield control_panel(time, command, reset)
    for number, action in enumerate(
        ("New-PSSession:Receive", "TabExpansion2:Command", "Get-Mailbox:Command")
    ):
        known = {"agent": "Microsoft WinRM Client", "ProtocolAction": action}
        time = at("2023-08-01T14:00:00", number)
        yield proxy(time, "PowerShell", "POST /powershell?PSVersion=5.1", **admin, **known)


def other_sites() -> Iterator[Line]:
    """Use a portal and a certificate authority that live on the same server."""
    for step, call in enumerate(
        (
            "POST /certsrv/certfnsh.asp",
            "GET /certsrv/certnew.cer?ReqID=5",
            "POST /portal/login.aspx",
            "GET /portal/download/report.zip",
            "POST /ReportServer/ReportService2010.asmx",
            "GET /owa/auth/help/de/index.htm",
            "POST /owa/ev.owa?oeh=1&ns=PendingRequest",
            "POST /owa/auth/expiredpassword.aspx?url=/owa/auth.owa",
        )
    ):
        yield iis(at("2025-06-03T08:00:00", step), call, client="10.20.9.7")


def filters_tested() -> Iterator[Line]:
    """Scan with names that are encoded to pass a filter: refused all the same."""
    for step, (call, answer) in enumerate(
        (
            (f"GET /%61utodiscover{JSON[13:]}?@x.test/%6dapi/nspi/", GONE),
            (f"POST {JSON}?@x.test/%70owershell/", "400 0 0"),
            ("POST /autodiscover/x.aspx", "401 0 0"),
            ("POST /shell.aspx", GONE),
            ("GET /aspnet_client/a.aspx", "403 14 0"),
        )
    ):
        yield iis(at("2025-06-04T08:00:00", step), call, client="192.0.2.9", answer=answer)
