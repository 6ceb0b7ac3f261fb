"""Small builders of findings, lives and trail records for tests of intruders and sessions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from extriage.analysis.sessions import Told, tell_sessions
from extriage.model.detection import Certainty, Evidence, Finding, Level, Sign, Stage
from extriage.model.persistence import PageLife, Persistence, Presence, Role, Visitor
from extriage.model.session import Intruder
from extriage.model.trail import Deed, Keys, TrailRecord

DAY = datetime(2021, 3, 3, 4, 12, tzinfo=UTC)
A, B = "203.0.113.7", "198.51.100.23"


def at(seconds: float) -> datetime:
    return DAY + timedelta(seconds=seconds)


def line(number: int, seconds: float, keys: dict[str, str], **more: Any) -> Evidence:
    text = more.pop("text", "")
    path = more.pop("path", "u_ex.log")
    known = {"kind": "httpproxy", **more}
    return Evidence(path, number, 0, text, "", at(seconds), keys=tuple(keys.items()), **known)


def finding(name: str, stage: Stage | None, *lines: Evidence, **more: Any) -> Finding:
    times = [one.time for one in lines if one.time]
    known: dict[str, Any] = {
        "rule": name,
        "title": name,
        "level": Level.HIGH,
        "certainty": Certainty.LIKELY,
        "campaign": "proxylogon",
        "cves": (),
        "attack": (),
        "count": len(lines),
        "look_alikes": (),
        **more,
    }
    first, last = min(times, default=None), max(times, default=None)
    return Finding(id=f"f-{name}", stage=stage, first=first, last=last, evidence=lines, **known)


def visitor(address: str, role: Role, seconds: float = 0, **more: Any) -> Visitor:
    known: dict[str, Any] = {"agents": (), "requests": 1, "answered": 1, "account": "", **more}
    return Visitor(
        address=address,
        role=role,
        first=at(seconds),
        last=at(seconds),
        methods=(("POST", 1),),
        bytes_in=None,
        bytes_out=None,
        **known,
    )


def life(page: str, *visitors: Visitor) -> PageLife:
    return PageLife(
        page=page,
        requests=1,
        answered=1,
        first=DAY,
        last=DAY,
        first_answered=None,
        last_answered=None,
        gone_after=None,
        gone_before=None,
        missing_until=None,
        methods=(),
        statuses=(),
        sizes=0,
        bytes_in=None,
        bytes_out=None,
        visitors=visitors,
        visitors_total=len(visitors),
        proofs=(),
    )


def way(page: PageLife) -> Persistence:
    return Persistence(
        id=f"w-{page.page}",
        kind="web-shell",
        object=page.page,
        state=Presence.UNKNOWN,
        state_note="",
        level=Level.HIGH,
        certainty=Certainty.LIKELY,
        first=DAY,
        last=DAY,
        by=(),
        paths=(),
        findings=(),
        reasons=(),
        proofs=(),
        story=(),
        life=page,
        removal=(),
    )


def shell(address: str, page: str, seconds: float, number: int = 1) -> Finding:
    """Return the finding of a file that was written right after an address was busy."""
    keys = {"page": page}
    one = line(number, seconds, keys, path="sysmon.evtx", kind="events", sign=Sign.PLANTED)
    one = replace(one, object=f"C:\\inetpub\\{page}")
    return finding(f"written_{page}_{address}", Stage.PLANTED, one, persistence="web-shell")


def record(seconds: float, address: str = "", **more: Any) -> TrailRecord:
    """Return a row of the trail, by default one of HttpProxy."""
    keys = dict(more.pop("keys", {}))
    if address:
        keys["address"] = address
    known: dict[str, Any] = {
        "kind": "httpproxy",
        "part": "Owa",
        "path": "HttpProxy_1.LOG",
        "line": int(seconds * 1000) % 10_000_000,
        "offset": 0,
        "text": "row",
        "hits": (),
        "method": "POST",
        "target": "/owa/auth/x.aspx",
        "status": "200",
        "deed": Deed("page_orders", True, "/owa/auth/x.aspx"),
        **more,
    }
    told: Keys = tuple(keys.items())
    return TrailRecord(time=at(seconds), keys=told, address=address, **known)


def intruder(number: int = 1, *keys: tuple[str, str], **more: Any) -> Intruder:
    counted = tuple((name, value, 1) for name, value in keys or (("address", A),))
    known: dict[str, Any] = {"findings": (), "chains": (), "ways": (), "sessions": (), **more}
    return Intruder(
        id=f"intruder-{number}",
        first=DAY,
        last=DAY,
        stage=Stage.EXECUTED,
        certainty=Certainty.CONFIRMED,
        keys=counted,
        summary="",
        **known,
    )


def streamed(
    records: Sequence[TrailRecord],
) -> Callable[[], Iterator[tuple[int, TrailRecord]]]:
    """Return the records as the store hands them out: in order, as often as it is asked."""
    place = lambda one: (one.time, one.path, one.line, one.offset)  # noqa: E731
    ordered = sorted(records, key=place)
    return lambda: iter(enumerate(ordered))


def told(who: Sequence[Intruder], records: Sequence[TrailRecord], *findings: Finding) -> Told:
    return tell_sessions("EX01", who, streamed(records), findings, ())
