"""Those who only knock: a walker of shells' names, a mass scanner, an informed visitor, our own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from extriage.model.detection import Stage
from extriage.model.persistence import Role
from extriage.samples.chain import SSRF
from extriage.samples.ledger import Claim, Ledger
from extriage.samples.organisation import Dice, later
from extriage.samples.scanners import BROWSER, knock
from extriage.samples.visitor import Visitor
from extriage.samples.web import Hop

WALKER, SCANNER, INFORMED, OWN = "192.0.2.77", "198.51.100.200", "192.0.2.140", "10.20.0.15"
KNOCK = Claim("stranger", Stage.PROBED, SSRF)

_FOLDERS = ("aspnet_client", "aspnet_client/system_web", "owa/auth", "ecp/auth")
_NAMES = "shell help client discover web load one test log errorCheck aspnet multiup"


def names() -> Iterator[tuple[str, str, int]]:
    """Yield the pages that walkers ask for: protocol, path, and the answer if it is not there."""
    for folder in _FOLDERS:
        protocol = {"o": "Owa", "e": "Ecp"}.get(folder[0], "")
        for name in _NAMES.split():
            yield protocol, f"/{folder}/{name}.aspx", 302 if protocol == "Owa" else 404


def walk(ledger: Ledger, rng: Dice, time: datetime) -> Visitor:
    """Write somebody who walks a list of names that shells are known by."""
    visitor = Visitor("walker", Role.STRANGER)
    with ledger.visited_by(visitor):
        for protocol, path, status in names():
            request = replace(
                knock(ledger, rng, time, path, protocol),
                method=rng.choice(("GET", "POST")),
                client=WALKER,
                agent="python-requests/2.24.0",
                status=status,
            )
            ledger.web(request, KNOCK)
            time = later(time, rng.randrange(60, 400))
    return visitor


def scan(ledger: Ledger, rng: Dice, time: datetime, client: str = SCANNER) -> Visitor:
    """Write a scanner that asks for autodiscover through the hole, and for static names."""
    own = client.startswith("10.")
    visitor = Visitor(
        "own scanner" if own else "scanner", Role.ORGANISATION if own else Role.STRANGER
    )
    agent = "Nessus SOAP" if own else "Mozilla/5.0 zgrab/0.x"
    with ledger.visited_by(visitor):
        for number in range(30):
            request = replace(
                knock(ledger, rng, time, "/ecp/y.js"), client=client, agent=agent, status=404
            )
            if number % 3:
                request = replace(request, status=500, hop=_refused(ledger, number))
            ledger.web(request, KNOCK)
            time = later(time, rng.randrange(200, 900))
    return visitor


def _refused(ledger: Ledger, number: int) -> Hop:
    path = ("/autodiscover/autodiscover.xml?#", "/ecp/default.flt?#")[number % 2]
    return Hop(
        ledger.org.fqdn,
        version="15.00.0000.000",
        anchor=f"ServerInfo~a]@{ledger.org.fqdn}:444{path}",
        hint="X-BEResource-Cookie",
        routing="CrossRegion",
        status="",
    )


def ask_once(ledger: Ledger, rng: Dice, time: datetime, url: str) -> Visitor:
    """Write somebody who knows exactly one name, and only looks whether it is there."""
    visitor = Visitor("informed", Role.INFORMED)
    visitor.pages.append(url)
    request = replace(
        knock(ledger, rng, time, url, "Owa"),
        method="GET",
        client=INFORMED,
        agent=BROWSER,
        status=200,
        sent=61,
    )
    with ledger.visited_by(visitor):
        ledger.web(request, Claim("informed", Stage.PLANTED))
    return visitor
