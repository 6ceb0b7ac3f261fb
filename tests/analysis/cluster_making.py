"""Servers with intruders for tests, made by hand: what one has, and what his lines say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from extriage.model.detection import Certainty, Evidence, Finding, Level, Stage
from extriage.model.evidence import Entry
from extriage.model.host import Host, Manifest, Patch, Status, Verdict
from extriage.model.persistence import Persistence, Presence, Role
from extriage.model.session import Amount, Intruder, Session, SessionStep

START = datetime(2021, 3, 3, 4, 0, tzinfo=UTC)
PLACE = "C:/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth"


@dataclass(frozen=True)
class Who:
    """One intruder as a test wants him."""

    keys: tuple[tuple[str, str], ...] = ()
    password: str = ""
    page: str = ""
    content: str = ""
    """SHA-256 of his page."""
    summaries: tuple[str, ...] = ()
    start: datetime = START
    deeds: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    days: int = 1
    ways: tuple[Persistence, ...] = ()


def host(name: str, *who: Who) -> Host:
    """Return a server with these intruders, each with findings, ways back and a session."""
    parts = [_parts(name, number, one) for number, one in enumerate(who, 1)]
    verdict = Verdict(Status.COMPROMISED, Stage.EXECUTED, Certainty.CONFIRMED, "")
    return Host(
        name=name,
        verdict=verdict,
        campaigns=(),
        patch=Patch("", "", "", "", (), ()),
        coverage=(),
        findings=tuple(one for part in parts for one in part[1]),
        actions=(),
        manifest=Manifest(0, 0, 0, 0, tuple(one for part in parts for one in part[4])),
        persistence=tuple(one for part in parts for one in part[2]),
        intruders=tuple(part[0] for part in parts),
        sessions=tuple(one for part in parts for one in part[3]),
    )


def finding(name: str, lines: Sequence[Evidence], rule: str = "a_rule") -> Finding:
    return Finding(
        id=name,
        rule=rule,
        title=rule,
        level=Level.HIGH,
        stage=Stage.PLANTED,
        certainty=Certainty.CONFIRMED,
        campaign="proxylogon",
        cves=(),
        attack=(),
        first=START,
        last=START,
        count=len(lines),
        evidence=tuple(lines),
        look_alikes=(),
    )


def line(
    kind: str,
    path: str,
    summary: str = "",
    *,
    number: int = 1,
    text: str = "",
    keys: tuple[tuple[str, str], ...] = (),
) -> Evidence:
    return Evidence(
        path, number, 0, text or summary, "0" * 64, START, summary=summary, keys=keys, kind=kind
    )


def way(name: str, kind: str, thing: str, paths: tuple[str, ...] = ()) -> Persistence:
    return Persistence(
        id=name,
        kind=kind,
        object=thing,
        state=Presence.PRESENT,
        state_note="",
        level=Level.HIGH,
        certainty=Certainty.CONFIRMED,
        first=START,
        last=START,
        by=(),
        paths=paths,
        findings=(),
        reasons=(),
        proofs=(),
        story=(),
        life=None,
        removal=(),
    )


Parts = tuple[Intruder, list[Finding], list[Persistence], list[Session], list[Entry]]


def _parts(name: str, number: int, one: Who) -> Parts:
    findings: list[Finding] = []
    ways, entries = list(one.ways), list[Entry]()
    if one.page:
        path = f"{name}-{number}/{PLACE}/{one.page}"
        shell = f'eval(Req{"uest"}["{one.password}"],"unsafe")' if one.password else "a page"
        proof = line("web-file", path, "FileName=x", text=shell, keys=(("page", one.page),))
        findings.append(finding(f"f-{name}-{number}-page", [proof]))
        ways.append(way(f"p-{name}-{number}", "web-shell", f"/owa/auth/{one.page}", paths=(path,)))
        entries.append(Entry(path, 100, "web-file", "read", sha256=one.content))
    if one.summaries:
        lines = [line("events", "x.evtx", said, number=at) for at, said in enumerate(one.summaries)]
        findings.append(finding(f"f-{name}-{number}-lines", lines))
    session = _session(name, number, one) if one.deeds or one.agents else None
    sessions = [session] if session else []
    page = (("page", one.page, 1),) if one.page else ()
    intruder = Intruder(
        id=f"intruder-{number}",
        first=one.start,
        last=one.start + timedelta(hours=1),
        stage=Stage.EXECUTED,
        certainty=Certainty.CONFIRMED,
        keys=(*((kind, value, 1) for kind, value in one.keys), *page),
        chains=(),
        findings=tuple(found.id for found in findings),
        ways=tuple(found.id for found in ways),
        sessions=tuple(found.id for found in sessions),
        summary="",
    )
    return intruder, findings, ways, sessions, entries


def _session(name: str, number: int, one: Who) -> Session:
    amount = Amount(1, None)
    steps = tuple(_step(one.start, deed, foothold=deed == one.deeds[-1]) for deed in one.deeds)
    return Session(
        id=f"s-{name}-{number}",
        intruder=f"intruder-{number}",
        role=Role.INTRUDER,
        stage=Stage.EXECUTED,
        certainty=Certainty.CONFIRMED,
        first=one.start,
        last=one.start + timedelta(days=one.days - 1, minutes=10),
        summary="",
        addresses=(),
        accounts=(),
        agents=one.agents,
        mailboxes=(),
        kinds=(),
        joined_by=(),
        requests=amount,
        answered=1,
        bytes_in=amount,
        bytes_out=amount,
        steps=steps,
        steps_total=len(steps),
        findings=(),
    )


def _step(time: datetime, deed: str, *, foothold: bool) -> SessionStep:
    return SessionStep(
        time=time,
        until=time + timedelta(minutes=5),
        deed=deed,
        text=deed,
        done=True,
        stage=Stage.PLANTED if foothold else None,
        object="",
        mailbox="",
        requests=30,
        items=None,
        bytes_in=None,
        bytes_out=None,
        sure=True,
        kinds=(),
        findings=(),
        proofs=(),
    )
