"""Strangers at the door: scanners, crawlers, hunters of other people's web shells.

What they leave behind proves that somebody knocked, never that a door opened.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from extriage.model.detection import Stage
from extriage.samples.ledger import Claim, Ledger
from extriage.samples.organisation import CRAWLERS, Dice, dice, guid, later
from extriage.samples.web import Call, Hop, Request

SSRF = "CVE-2021-26855"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/88.0.4324.96"

_FOLDERS = ("aspnet_client", "aspnet_client/system_web", "owa/auth", "ecp/auth", "owa/auth/Current")
_NAMES = "shell help client discover web load one test log errorCheck"


def visit(ledger: Ledger) -> None:
    """Let every kind of stranger come by once or twice, spread over the covered time."""
    rng = dice(ledger.spec, "scanners")
    visits = (
        microsoft_script,
        outside_target,
        outside_target,
        autodiscover_only,
        static_post,
        static_post,
        static_post,
        shell_hunter,
        shell_hunter,
        manifest_scan,
        manifest_scan,
        crawler,
        crawler,
        crawler,
    )
    span = (ledger.spec.end - ledger.spec.start).total_seconds()
    for number, stranger in enumerate(visits):
        share = 0.06 + 0.88 * (number + rng.random() * 0.9) / len(visits)
        time = ledger.spec.start + timedelta(seconds=int(span * share))
        stranger(ledger, rng, _open_time(ledger, time))


def _open_time(ledger: Ledger, time: datetime) -> datetime:
    for start, end in ledger.spec.gaps:
        if start <= time < end:
            time = end + timedelta(minutes=7)
    return time


def knock(ledger: Ledger, rng: Dice, time: datetime, path: str, protocol: str = "Ecp") -> Request:
    """Return an anonymous POST that is sent to the logon page."""
    return Request(
        time=time,
        took=rng.randrange(1, 30),
        request_id=guid(rng),
        protocol=protocol,
        method="POST",
        host="198.51.100.5",
        stem=path,
        client=f"192.0.2.{rng.randrange(2, 250)}",
        agent=BROWSER,
        status=302,
        authentication="FBA",
    )


def microsoft_script(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log the check that Microsoft published for nmap: one request that targets `localhost`."""
    request = replace(
        knock(ledger, rng, time, "/owa/auth/x.js", "Owa"),
        method="GET",
        agent="Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
    )
    if not ledger.spec.is_patched(time):
        request = replace(
            request,
            status=500,
            errors="System.Net.WebException: NegotiateSecurityContext failed with LogonDenied",
            hop=Hop(
                "localhost",
                version="00.00.0003.000",
                anchor="ServerInfo~localhost/owa/auth/logon.aspx?",
                hint="X-AnonResource-Backend-Cookie",
                routing="CrossRegion",
                status="",
            ),
        )
    ledger.web(request, Claim("nmap-check", Stage.PROBED, SSRF))


def outside_target(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log one forged route to a collaborator's host outside: answered, and then nothing."""
    request = knock(ledger, rng, time, f"/ecp/{rng.choice('abcdwxyz')}.js")
    if not ledger.spec.is_patched(time):
        name = f"{rng.getrandbits(90):022x}.oast.example"
        request = replace(
            request,
            method="GET",
            status=200,
            sent=61,
            hop=Hop(
                name,
                version="15.00.0000.000",
                anchor=f"ServerInfo~{name}/ecp/default.flt?",
                hint="X-BEResource-Cookie",
                routing="CrossRegion",
            ),
        )
    ledger.web(request, Claim("ssrf-outside", Stage.PROBED, SSRF))


def autodiscover_only(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log a forged route to autodiscover that is answered and never followed up."""
    request = knock(ledger, rng, time, "/ecp/y.js")
    if not ledger.spec.is_patched(time):
        request = replace(
            request,
            agent="python-requests/2.25.1",
            status=200,
            sent=1088,
            hop=Hop(
                ledger.org.fqdn,
                version="15.00.0000.000",
                anchor=f"ServerInfo~a]@{ledger.org.fqdn}:444/autodiscover/autodiscover.xml?#",
                hint="X-BEResource-Cookie",
                routing="CrossRegion",
            ),
        )
        stem = "/autodiscover/autodiscover.xml"
        ledger.call(Call(time, 8, "POST", stem, "", ledger.org.computer, request.agent, 200))
    ledger.web(request, Claim("ssrf-autodiscover", Stage.PROBED, SSRF))


def static_post(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log one POST to a static name, without a forged cookie."""
    status = rng.choice((302, 404))
    request = replace(knock(ledger, rng, time, "/ecp/y.js"), status=status)
    ledger.web(request, Claim("static-post", Stage.PROBED, SSRF))


def shell_hunter(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log somebody who walks fifty names of other people's shells in a few seconds."""
    address = f"192.0.2.{rng.randrange(2, 250)}"
    for folder in _FOLDERS:
        for name in _NAMES.split():
            below_owa = folder.startswith("owa")
            protocol = "" if folder.startswith("aspnet") else "Owa" if below_owa else "Ecp"
            request = replace(
                knock(ledger, rng, time, f"/{folder}/{name}.aspx", protocol),
                method=rng.choice(("GET", "GET", "POST")),
                client=address,
                agent="python-requests/2.24.0",
                status=302 if below_owa else 404,
            )
            ledger.web(request, Claim("shell-hunter", None))
            time = later(time, rng.randrange(60, 240))


def manifest_scan(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log a scanner that reads the version out of the export tool's manifest."""
    stem = "/ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application"
    request = replace(
        knock(ledger, rng, time, stem),
        method="GET",
        agent="Mozilla/5.0 zgrab/0.x",
        status=200,
        sent=10112,
        hop=Hop(
            ledger.org.fqdn,
            anchor="ServerVersion~Version 15.0 (Build 0.0)",
            hint="EDiscoveryExportTool-ServerVersion",
        ),
    )
    ledger.web(request, Claim("manifest-scan", None))


def crawler(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log a search engine."""
    for path, protocol, status in (("/robots.txt", "", 404), ("/owa/", "Owa", 302)):
        request = replace(
            knock(ledger, rng, time, path, protocol),
            method="GET",
            agent=rng.choice(CRAWLERS),
            status=status,
        )
        ledger.web(request, Claim("crawler", None))
        time = later(time, 1500)
