"""What people and their devices do all day: Outlook, phones, OWA, the offline address book."""

from datetime import datetime

from extriage.samples.ledger import Ledger
from extriage.samples.organisation import Dice, User, guid, later
from extriage.samples.spec import dotted, packed, padded
from extriage.samples.web import Call, Hop, Request


def to_mailbox(ledger: Ledger, time: datetime, user: User, hint: str = "WindowsIdentity") -> Hop:
    """Return the ordinary route: the server that holds the user's mailbox."""
    org = ledger.org
    cookie = f"Database~{user.database}~~{later(time, 3e9):%Y-%m-%dT%H:%M:%S}~{org.domain}~1"
    return Hop(org.fqdn, anchor=f"Sid~{user.sid}", hint=hint, cookie=cookie, database=user.database)


def autodiscover(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Outlook asks where its mailbox is: the JSON form, then the XML form."""
    user, host = rng.choice(ledger.org.users), f"autodiscover.{ledger.org.domain}"
    by_path = rng.random() < 0.5
    base = "/autodiscover/autodiscover.json"
    ledger.web(
        Request(
            time=time,
            took=rng.randrange(2, 30),
            request_id=guid(rng),
            protocol="Autodiscover",
            method="GET",
            host=host,
            stem=f"{base}/v1.0/{user.mail}" if by_path else base,
            query=("" if by_path else f"Email={user.mail.replace('@', '%40')}&")
            + "Protocol=ActiveSync&RedirectCount=1",
            client=user.address,
            agent=user.outlook,
            status=200,
            hop=Hop(ledger.org.fqdn, anchor=f"Smtp~{user.mail}", hint="EmailRoutingHint"),
            sent=97,
        )
    )
    time = later(time, rng.randrange(100, 900))
    ledger.web(
        Request(
            time=time,
            took=rng.randrange(8, 90),
            request_id=guid(rng),
            protocol="Autodiscover",
            method="POST",
            host=host,
            stem="/autodiscover/autodiscover.xml",
            client=user.address,
            agent=user.outlook,
            status=200,
            user=user.account,
            authentication="NTLM",
            received=336,
            sent=rng.randrange(3000, 4200),
            hop=to_mailbox(ledger, time, user),
        )
    )
    stem = "/autodiscover/autodiscover.xml"
    ledger.call(Call(time, 11, "POST", stem, "", user.account, user.outlook, 200))


def activesync(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log one synchronisation of a phone."""
    user = rng.choice(ledger.org.users)
    command = rng.choice(("Ping", "Sync", "Sync", "FolderSync", "ItemOperations", "SendMail"))
    name = user.account.rpartition("\\")[2]
    query = f"Cmd={command}&User={ledger.org.netbios}%5C{name}&DeviceId={user.device}"
    query += "&DeviceType=" + ("iPhone" if "Apple" in user.phone else "SAMSUNGSMG973F")
    took = rng.randrange(30_000, 600_000) if command == "Ping" else rng.randrange(20, 900)
    ledger.web(
        Request(
            time=time,
            took=took,
            request_id=guid(rng),
            protocol="Eas",
            method="POST",
            host=ledger.org.public,
            stem="/Microsoft-Server-ActiveSync/default.eas",
            query=query,
            client=f"198.51.100.{rng.randrange(20, 240)}",
            agent=user.phone,
            status=200,
            user=user.account,
            authentication="Basic",
            received=rng.randrange(0, 900),
            sent=rng.randrange(40, 9000),
            hop=to_mailbox(ledger, time, user, "WindowsIdentity-NoDatabase"),
        )
    )
    stem = "/Microsoft-Server-ActiveSync/Proxy/default.eas"
    ledger.call(Call(time, took - 6, "POST", stem, query, user.account, user.phone, 200))


def mapi(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log one MAPI over HTTP round trip of Outlook."""
    user = rng.choice(ledger.org.users)
    kind = rng.choice(("Connect", "Execute", "Execute", "Execute", "NotificationWait"))
    context, number = guid(rng), rng.randrange(1, 40)
    query = f"mailboxId={user.mailbox}@{ledger.org.domain}"
    took = rng.randrange(6, 400)
    ledger.web(
        Request(
            time=time,
            took=took,
            request_id=guid(rng),
            client_request_id=(f"R:{guid(rng)}:{number};RT:{kind};CI:{context}:1;CID:{guid(rng)}"),
            protocol="Mapi",
            method="POST",
            host=ledger.org.public,
            stem="/mapi/emsmdb/",
            query=query,
            client=user.address,
            agent=user.outlook,
            status=200,
            user=user.account,
            authentication="Negotiate",
            organisation=ledger.org.domain,
            received=rng.randrange(200, 4000),
            sent=rng.randrange(90, 30_000),
            hop=Hop(
                ledger.org.fqdn,
                anchor=f"MailboxGuid~{user.mailbox}",
                hint="MailboxGuidWithDomain",
                cookie=f"Database~{user.database}~~{later(time, 2e9):%Y-%m-%dT%H:%M:%S}",
                database=user.database,
            ),
        )
    )
    ledger.call(Call(time, took, "POST", "/mapi/emsmdb/", query, user.account, user.outlook, 200))


def web_services(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log one Exchange Web Services call."""
    user = rng.choice(ledger.org.users)
    took = rng.randrange(9, 500)
    ledger.web(
        Request(
            time=time,
            took=took,
            request_id=guid(rng),
            protocol="Ews",
            method="POST",
            host=ledger.org.public,
            stem="/EWS/Exchange.asmx",
            client=user.address,
            agent=user.outlook,
            status=200,
            user=user.account,
            authentication="Negotiate",
            received=rng.randrange(400, 3000),
            sent=rng.randrange(500, 20_000),
            hop=to_mailbox(ledger, time, user),
        )
    )
    query = f"&request_id={guid(rng)}"
    stem = "/ews/exchange.asmx"
    ledger.call(Call(time, took, "POST", stem, query, user.account, user.outlook, 200))


def outlook_anywhere(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Outlook Anywhere: a pair of long requests, passed on as the server's own account."""
    user, org = rng.choice(ledger.org.users), ledger.org
    for method, win32 in (("RPC_IN_DATA", 64), ("RPC_OUT_DATA", 0)):
        took = rng.randrange(60_000, 900_000)
        request_id = guid(rng)
        query = f"{user.mailbox}@{org.domain}:6001&RequestId={request_id}"
        ledger.web(
            Request(
                time=time,
                took=took,
                request_id=request_id,
                protocol="RpcHttp",
                method=method,
                host=org.public,
                stem="/rpc/rpcproxy.dll",
                query=f"{user.mailbox}@{org.domain}:6001",
                client=user.address,
                agent="MSRPC",
                status=200,
                user=user.account,
                authentication="NTLM",
                hop=to_mailbox(ledger, time, user),
            )
        )
        ledger.call(
            Call(
                time,
                took,
                method,
                "/rpc/rpcproxy.dll",
                query,
                org.computer,
                "MSRPC",
                200,
                port=rng.choice((81, 444)),
                win32=win32,
            )
        )
        time = later(time, 40)


def address_book_download(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Outlook fetches the offline address book."""
    user, org = rng.choice(ledger.org.users), ledger.org
    ledger.web(
        Request(
            time=time,
            took=rng.randrange(10, 200),
            request_id=guid(rng),
            protocol="Oab",
            method="GET",
            host=org.public,
            stem=f"/OAB/{org.oab}/oab.xml",
            client=user.address,
            agent="Microsoft BITS/7.8",
            status=200,
            user=user.account,
            authentication="Negotiate",
            sent=rng.randrange(900, 1500),
            hop=to_mailbox(ledger, time, user),
        )
    )


def owa_logon(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log a whole OWA logon: sent to the form, its themes, the form, the mailbox."""
    user = rng.choice(ledger.org.users)
    steps: list[tuple[str, str, str, int]] = [
        ("GET", "/owa/", "", 302),
        ("GET", "/owa/auth/logon.aspx", "replaceCurrent=1&url=https%3a%2f%2fmail%2fowa%2f", 200),
        ("GET", "/owa/auth/Current/themes/resources/logon.css", "", 200),
        ("GET", "/owa/auth/Current/themes/resources/lgnbotl.gif", "", 200),
        ("POST", "/owa/auth.owa", "", 302),
        ("GET", "/owa/", "", 200),
        ("GET", f"/owa/prem/{dotted(ledger.spec.build_at(time))}/scripts/boot.js", "", 200),
        ("POST", "/owa/service.svc", "action=FindItem&EP=1&ID=-12&AC=1", 200),
    ]
    for number, (method, stem, query, status) in enumerate(steps):
        inside = number > 4 and "/prem/" not in stem
        took = rng.randrange(1, 60)
        ledger.web(
            Request(
                time=time,
                took=took,
                request_id=guid(rng),
                protocol="Owa",
                method=method,
                host=ledger.org.public,
                stem=stem,
                query=query,
                client=user.address,
                agent=user.browser,
                status=status,
                user=user.account if inside or method == "POST" else "",
                authentication="FBA",
                sent=rng.randrange(300, 40_000),
                hop=to_mailbox(ledger, time, user) if inside else None,
            )
        )
        if inside:
            ledger.call(Call(time, took, method, stem, query, user.account, user.browser, 200))
        time = later(time, rng.randrange(60, 2500))


def between_servers(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Another server of the organisation hands a request over: `ServerInfo~` without a path."""
    org, user = ledger.org, rng.choice(ledger.org.users)
    build = ledger.spec.build_at(time)
    took = rng.randrange(5, 90)
    cookie = f"Server~{org.fqdn}~{packed(build)}~{later(time, 6e5):%Y-%m-%dT%H:%M:%S}"
    ledger.web(
        Request(
            time=time,
            took=took,
            request_id=guid(rng),
            protocol="Ews",
            method="POST",
            host=org.fqdn,
            stem="/EWS/Exchange.asmx",
            client="10.20.0.12",
            agent=f"ASProxy/CrossForest/EmailDomain//{padded(build)}",
            status=200,
            user=user.account,
            authentication="Kerberos",
            received=900,
            sent=2400,
            hop=Hop(
                org.fqdn,
                anchor=f"ServerInfo~{org.fqdn}",
                hint="WindowsIdentity-ServerCookie",
                cookie=cookie,
            ),
        )
    )
    stem = "/ews/exchange.asmx"
    ledger.call(
        Call(time, took, "POST", stem, "", user.account, "ASProxy", 200, client="10.20.0.12")
    )
