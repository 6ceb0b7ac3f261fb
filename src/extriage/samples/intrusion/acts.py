"""What visitors do on a server that they can open: break in, give orders, read mail, fetch files.

The same functions write what the owners of mailboxes do; only what a visitor of the sample does is
counted.
"""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from extriage.model.detection import Stage
from extriage.samples import chain, events, iis
from extriage.samples.chain import Intrusion
from extriage.samples.events import Process
from extriage.samples.everyday import to_mailbox
from extriage.samples.ews import ServiceCall
from extriage.samples.ledger import Claim, Ledger
from extriage.samples.machines import token
from extriage.samples.organisation import Dice, User, guid, later
from extriage.samples.scanners import knock
from extriage.samples.visitor import Visitor
from extriage.samples.web import Call, Hop, Request

READ = Claim("mailbox-read", Stage.TAKEN, chain.SSRF)
FETCH = Claim("file-fetched", Stage.TAKEN)
DUMP = Claim("lsass-dump", Stage.ACTED)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls web services, and how he comes in."""

    client: str
    agent: str
    user: User | None = None
    """The account that he logs on with; None for the bypass, which is the server's own."""
    door: str = ""
    """Static name that the bypass is asked through."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One operation on one mailbox."""

    operation: str
    ids: int
    received: int
    sent: int
    mailbox: str = ""
    """Its address, if the log names it apart from the caller."""
    named: Literal["impersonated", "acted_as"] = "impersonated"


def plan(ledger: Ledger, rng: Dice, page: str, intrusion: dict[str, str]) -> Intrusion:
    """Return what stays the same in one break-in through ProxyLogon."""
    folder = f"{ledger.spec.install}FrontEnd\\HttpProxy\\owa\\auth\\"
    return Intrusion(
        client=intrusion["client"],
        agent=intrusion["agent"],
        door=intrusion.get("door", "/ecp/y.js"),
        session=guid(rng),
        canary=token(rng),
        directory=guid(rng),
        shell=f"{folder}{page}",
        url=f"/owa/auth/{page}",
        parameter=intrusion["parameter"],
    )


def break_in(
    ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion, visitor: Visitor
) -> datetime:
    """Write the whole way from the first request to the first orders of a page."""
    visitor.canaries.append(intrusion.canary)
    visitor.pages.append(intrusion.url)
    with ledger.visited_by(visitor):
        time = chain.reach(ledger, rng, time, intrusion)
        time = chain.write_page(ledger, rng, time, intrusion)
        return chain.use_shell(ledger, rng, later(time, 2200), intrusion)


def order(
    ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion, visitor: Visitor
) -> datetime:
    """Write four more orders to the page."""
    worker = _worker(ledger, rng)
    with ledger.visited_by(visitor):
        return chain.give_orders(ledger, rng, time, intrusion, worker)


def order_by_name(
    ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion, visitor: Visitor
) -> None:
    """Write one order that stands in the query, below the page's own parameter."""
    request = replace(
        knock(ledger, rng, time, intrusion.url, "Owa"),
        method="GET",
        query=f"{intrusion.parameter}=Response.Write(7*6)",
        client=intrusion.client,
        agent=intrusion.agent,
        status=200,
        sent=2,
    )
    with ledger.visited_by(visitor):
        ledger.web(request, Claim("shell-get", Stage.EXECUTED, chain.WRITE))


def dump_memory(ledger: Ledger, rng: Dice, time: datetime, visitor: Visitor) -> None:
    """Log a dump of the process that keeps logons, made below the page's worker."""
    file = "C:\\Windows\\Temp\\lsass.dmp"
    words = " ".join(("rundll32.exe C:\\windows\\System32\\com" + "svcs.dll,", "Mini" + "Dump 640"))
    folder = "C:\\Windows\\System32\\"
    shell = Process(f"{folder}cmd.exe", f"cmd /c {words} {file} full", rng.randrange(2000, 30000))
    child = Process(f"{folder}rundll32.exe", f"{words} {file} full", rng.randrange(2000, 30000))
    with ledger.visited_by(visitor):
        for event in events.started(time, ledger.org, _worker(ledger, rng), shell):
            ledger.event(event, DUMP)
        for event in events.started(later(time, 20), ledger.org, shell, child):
            ledger.event(event, DUMP)
        ledger.event(events.file_created(later(time, 400), child.image, child.number, file), DUMP)


def fetch(ledger: Ledger, time: datetime, request: Request, visitor: Visitor) -> None:
    """Write a GET of a file that the front end serves by itself."""
    done = replace(request, time=time, method="GET", status=200)
    with ledger.visited_by(visitor):
        ledger.web(done, FETCH)
    visitor.fetched(done.stem, iis.sent_bytes(done))


def call_service(
    ledger: Ledger,
    rng: Dice,
    moment: datetime,
    caller: Caller,
    reading: Reading,
    visitor: Visitor | None = None,
) -> None:
    """Write one operation of web services in each log that sees it; count it if it is a visitor."""
    claim = READ if visitor else None
    request = _request(ledger, rng, moment, caller, reading)
    account = caller.user.account if caller.user else ledger.org.computer
    query = f"&request_id={request.request_id}"
    took = max(request.took - 3, 1)
    stem = "/EWS/Exchange.asmx"
    done = Call(
        moment, took, "POST", stem, query, account, caller.agent, 200,
        received=reading.received, sent=reading.sent,
    )  # fmt: skip
    row = ServiceCall(
        time=later(moment, -2),
        took=took,
        request_id=request.request_id,
        operation=reading.operation,
        user=account,
        client=ledger.seen_as(caller.client),
        agent=caller.agent,
        items=reading.ids,
        received=reading.received,
        sent=reading.sent,
        impersonated=reading.mailbox if reading.named == "impersonated" else "",
        acted_as=reading.mailbox if reading.named == "acted_as" else "",
    )
    with ledger.visited_by(visitor) if visitor else nullcontext():
        ledger.web(request, claim)
        ledger.call(done, claim)
        ledger.service(row, claim)
    whose = reading.mailbox or (caller.user.mail if caller.user else "")
    if visitor and whose:
        visitor.read(whose, reading.operation, reading.ids, (reading.received, reading.sent))


def _request(
    ledger: Ledger, rng: Dice, moment: datetime, caller: Caller, reading: Reading
) -> Request:
    org = ledger.org
    common = replace(
        knock(ledger, rng, moment, "/EWS/Exchange.asmx", "Ews"),
        took=20 + reading.sent // 4000,
        host=org.public,
        client=caller.client,
        agent=caller.agent,
        status=200,
        received=reading.received,
        sent=reading.sent,
    )
    if caller.user:
        return replace(
            common,
            user=caller.user.account,
            authentication="Negotiate",
            hop=to_mailbox(ledger, moment, caller.user),
        )
    return replace(
        common,
        protocol="Ecp",
        stem=caller.door,
        hop=Hop(
            org.fqdn,
            version="15.00.0000.000",
            anchor=f"ServerInfo~a]@{org.fqdn}:444/EWS/Exchange.asmx?#",
            hint="X-BEResource-Cookie",
            routing="CrossRegion",
        ),
    )


_OWA = (
    ("GET", "/owa/", "", 2100),
    ("POST", "/owa/service.svc", "action=FindConversation&EP=1&ID=-12&AC=1", 18_400),
    ("POST", "/owa/service.svc", "action=GetConversationItems&EP=1&ID=-15&AC=1", 64_200),
    ("POST", "/owa/service.svc", "action=GetItem&EP=1&ID=-17&AC=1", 31_900),
)


def read_in_browser(
    ledger: Ledger, rng: Dice, time: datetime, caller: Caller, visitor: Visitor | None = None
) -> datetime:
    """Write a logon to Outlook on the web, and three looks into the mailbox."""
    user, claim = caller.user, Claim("owa-read", Stage.TAKEN) if visitor else None
    if user is None:
        raise ValueError("Outlook on the web asks who comes")
    request = replace(
        knock(ledger, rng, time, "/owa/auth.owa", "Owa"),
        host=ledger.org.public, client=caller.client, agent=caller.agent, user=user.account,
    )  # fmt: skip
    with ledger.visited_by(visitor) if visitor else nullcontext():
        ledger.web(request, claim)
        for method, stem, query, sent in _OWA:
            time = later(time, rng.randrange(900, 6000))
            done = replace(
                request,
                time=time,
                request_id=guid(rng),
                method=method,
                stem=stem,
                query=query,
                status=200,
                received=1200 * (method == "POST"),
                sent=sent,
                hop=to_mailbox(ledger, time, user),
            )
            ledger.web(done, claim)
            ledger.call(Call(time, 9, method, stem, query, user.account, caller.agent, 200), claim)
            if visitor and query:
                action = query[7:].partition("&")[0]
                visitor.read(user.mail, action, 0, (done.received, done.sent))
    return time


def _worker(ledger: Ledger, rng: Dice) -> Process:
    return events.worker(chain.POOL, rng.randrange(2000, 30000), ledger.spec.install)
