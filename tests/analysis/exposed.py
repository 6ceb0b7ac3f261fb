"""Trail records, findings and sessions made by hand, for tests of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from extriage.analysis.exposure import Ledger, Seen, ledger
from extriage.model.detection import Certainty, Evidence, Finding, Level, Stage
from extriage.model.host import Coverage
from extriage.model.persistence import Role
from extriage.model.session import Amount, Intruder, Session
from extriage.model.trail import Deed, TrailRecord

START = datetime(2021, 8, 13, 5, tzinfo=UTC)
INTRUDER = "203.0.113.7"
STRANGER = "198.51.100.20"
OWNER = "192.0.2.40"
SESSION = "s-0000000000000001"
WEB_FILE = r"\\127.0.0.1\C$\inetpub\wwwroot\aspnet_client\ceo.pst"
WEB_URL = "/aspnet_client/ceo.pst"
EXPOSES = {
    "exported": "mailbox-export",
    "refused": "mailbox-export-refused",
    "removed": "mailbox-export-removed",
    "written": "mailbox-export-file",
    "listed": "mailbox-export-state",
    "fetched": "file-fetched",
    "read": "mailbox-read",
    "dumped": "lsass-dump",
}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def record(kind: str, seconds: float, **more: Any) -> TrailRecord:
    given: dict[str, Any] = {
        "part": "",
        "time": at(seconds),
        "path": f"{kind}.log",
        "line": int(seconds * 10) + 1,
        "offset": 0,
        "text": "",
        "keys": (),
        "hits": (),
        "session": SESSION,
        "sure": True,
    } | more
    given["text"] = given["text"] or f"{kind} {seconds} {given.get('target', '')}"
    return TrailRecord(kind, **given)


def cmdlet(kind: str, seconds: float, text: str, status: str, **more: Any) -> TrailRecord:
    name, _, _ = text.partition(" ")
    return record(
        kind, seconds, **{"method": name, "target": text, "status": status, "account": "x"} | more
    )


def export(
    kind: str, seconds: float, file: str = WEB_FILE, status: str = "success", **more: Any
) -> TrailRecord:
    rule = "exported" if status == "success" else "refused"
    text = f'New-MailboxExportRequest -Mailbox "ceo@contoso.example" -FilePath "{file}"'
    return cmdlet(
        kind,
        seconds,
        text + ' -Name "it"',
        status,
        **{"account": r"CONTOSO\admin", "hits": (("rule", rule),)} | more,
    )


def fetch(kind: str, seconds: float, size: int | None, **more: Any) -> TrailRecord:
    given = {
        "part": "front-end" if kind == "iis" else "",
        "method": "GET",
        "target": WEB_URL,
        "status": "200",
        "address": INTRUDER,
        "bytes_out": size,
    }
    return record(kind, seconds, **given | more)


def ews(seconds: float, operation: str, **more: Any) -> TrailRecord:
    given = {
        "method": operation,
        "target": "ceo@contoso.example",
        "status": "200",
        "account": r"CONTOSO\EX01$",
        "address": INTRUDER,
        "bytes_out": 1000,
        "deed": Deed("ews", True, operation, "ceo@contoso.example", more.pop("items", None)),
    }
    return record("ews", seconds, **given | more)


def finding(rule: str, *lines: Evidence, **more: Any) -> Finding:
    given: dict[str, Any] = {
        "id": f"f-{rule}",
        "rule": rule,
        "title": f"Title of {rule}",
        "level": Level.HIGH,
        "stage": None,
        "certainty": Certainty.LIKELY,
        "campaign": "",
        "cves": (),
        "attack": (),
        "first": lines[0].time if lines else START,
        "last": lines[-1].time if lines else START,
        "count": max(len(lines), 1),
        "evidence": lines,
        "look_alikes": (),
    } | more
    return Finding(**given)


def line(kind: str, seconds: float, summary: str, **more: Any) -> Evidence:
    given: dict[str, Any] = {
        "offset": 0,
        "text": summary,
        "sha256": "0" * 64,
        "time": at(seconds),
        "summary": summary,
        "kind": kind,
        "keys": (("address", INTRUDER),),
    } | more
    return Evidence(f"{kind}.log", int(seconds * 10) + 1, **given)


def session(name: str = SESSION, intruder: str = "intruder-1", **more: Any) -> Session:
    given: dict[str, Any] = {
        "role": Role.INTRUDER,
        "stage": Stage.EXECUTED,
        "certainty": Certainty.CONFIRMED,
        "first": START,
        "last": at(3600),
        "summary": "",
        "addresses": (INTRUDER,),
        "accounts": (),
        "agents": (),
        "mailboxes": (),
        "kinds": (),
        "joined_by": (),
        "requests": Amount(1, 1),
        "answered": 1,
        "bytes_in": Amount(0, 0),
        "bytes_out": Amount(0, 0),
        "steps": (),
        "steps_total": 0,
        "findings": (),
    } | more
    return Session(name, intruder, **given)


def intruder(*findings: str, **more: Any) -> Intruder:
    given: dict[str, Any] = {
        "first": START,
        "last": at(3600),
        "stage": Stage.EXECUTED,
        "certainty": Certainty.CONFIRMED,
        "keys": (("address", INTRUDER, 9),),
        "chains": (),
        "findings": findings,
        "ways": (),
        "sessions": (SESSION,),
        "summary": "",
    } | more
    return Intruder("intruder-1", **given)


def covered(*kinds: str, days: int = 20) -> tuple[Coverage, ...]:
    """Return logs without a hole, from ten days before until so many days after the start."""
    first, last = START - timedelta(days=10), START + timedelta(days=days)
    return tuple(Coverage(kind, 1, 1000, 0, first, last, ()) for kind in kinds)


def told(rows: Iterable[TrailRecord] = (), **more: Any) -> Ledger:
    """Make the ledger of a server with one intruder."""
    trail = sorted(rows, key=lambda one: (one.time, one.path, one.line))
    exposes: Mapping[str, str] = EXPOSES
    given: dict[str, Any] = {
        "records": lambda: iter(trail),
        "intruders": (intruder(),),
        "sessions": (session(),),
        "exposes": exposes,
        "findings": tuple(finding(rule, level=Level.LOW) for rule in EXPOSES),
        "coverage": covered("iis"),
    } | more
    return ledger(Seen("EX01", **given))


def kinds(found: Ledger) -> Sequence[str]:
    return [one.kind for one in found.items]
