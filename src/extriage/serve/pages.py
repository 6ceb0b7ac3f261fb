"""The pages that only the server has: the trail, one line with what stands around it, refusals.

They are made like the report: by templates that escape every text, locked by the same policy.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import HTMLResponse

from extriage.model.detection import Evidence, Finding
from extriage.reports import REPORTS
from extriage.reports.html.shell import document
from extriage.reports.html.tables import Cell, Column, Row, Table
from extriage.reports.html.tables.packed import island
from extriage.reports.html.tables.page import REMOTE
from extriage.reports.html.tables.table import RECORD, quote
from extriage.reports.neutral import cut, visible

PRINTED = 25
WHOLE = 200_000
"""Characters of a line that its own page shows."""
_SHORT = 500

_POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
_TITLES = {
    200: "Welcome",
    400: "That cannot be answered",
    401: "A token is needed",
    403: "Not for other sites",
    404: "Not found",
    405: "Only reading is possible",
    410: "The case has changed",
    421: "Not called by that name",
}


@dataclass(frozen=True, slots=True)
class Near:
    """A record beside another one."""

    href: str
    place: str
    time: str
    text: str
    here: bool


def page(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """Return a document with its own policy as a header too, where frames can be forbidden."""
    found = _POLICY.search(text)
    policy = html.unescape(found[1]) if found else "default-src 'none'"
    more = {"Content-Security-Policy": f"{policy}; frame-ancestors 'none'", **(headers or {})}
    return HTMLResponse(text, status, more)


def told(
    status: int, text: str, headers: Mapping[str, str] | None = None, *, home: bool = False
) -> HTMLResponse:
    """Return a page that says in plain words why there is nothing to see; `home` leads on."""
    context = {
        "title": _TITLES.get(status, "That did not work"),
        "text": text,
        "home": home or status in (400, 404),
    }
    return page(document("served/told.html.j2", context, scripts=()), status, headers)


def trail_page(columns: tuple[Column, ...], first: Sequence[Row], total: int) -> str:
    """Return the page of the trail."""
    table = Table(
        *("trail", "trail", "Records of the suspects", columns, first, total),
        printed=PRINTED,
        remote=f"{REMOTE}trail",
        key="row",
    )
    data = {"tables": island({table.id: table}, {}, [])}
    scripts = ("tables.js",)
    context = {"trail": table}
    return document("served/trail.html.j2", context, scripts=scripts, data=data, remote=True)


def more_page(records: int) -> str:
    """Return the page of what else can be had: the trail, and the case in other formats."""
    context = {"records": records, "reports": list(REPORTS.values())}
    return document("served/more.html.j2", context, scripts=())


def record_page(record: Mapping[str, Cell], beside: Iterable[Near], around: Iterable[Near]) -> str:
    """Return the page of one record of the trail."""
    shown = ("host", "kind", "address", "account", "method", "status", "agent", "session")
    facts = [(name, str(record[name])) for name in shown if record[name]]
    return _line(
        place=f"{record['path']}:{record['line']}",
        facts=[("time", stamp(record["time"])), *facts],
        text=str(record["text"] or ""),
        finding=None,
        near=(beside, around),
        trail=True,
    )


def evidence_page(
    at: int,
    finding: Finding,
    line: Evidence,
    near: tuple[Iterable[Near], Iterable[Near]],
    *,
    trail: bool,
) -> str:
    """Return the page of one line of a finding; `at` is the position of its server in the case."""
    facts = [
        ("time", stamp(line.time)),
        ("kind", line.kind),
        ("reads", line.summary),
        ("read in it", " | ".join(line.reasons)),
        ("offset in the file", f"{line.offset:,}" if line.offset else ""),
        ("SHA-256 of the line", line.sha256),
    ]
    named = {
        "href": f"./#h{at}-finding-{quote(visible(finding.id))}",
        "title": finding.title or "(no title)",
    }
    return _line(
        place=f"{line.path}:{line.line}",
        facts=facts,
        text=line.text,
        finding=named,
        near=near,
        trail=trail,
    )


def _line(*, near: tuple[Iterable[Near], Iterable[Near]], **context: Any) -> str:
    beside, around = near
    context["facts"] = [(name, value) for name, value in context["facts"] if value]
    context["text"] = cut(context["text"], WHOLE)
    return document(
        "served/line.html.j2",
        {**context, "beside": list(beside), "around": list(around)},
        scripts=(),
    )


def near(records: Iterable[Mapping[str, Cell]], row: Cell = None) -> list[Near]:
    """Return records of the trail for a list; `row` is the number of the one that it is about."""
    return [
        Near(
            f"{RECORD}{one['row']}",
            f"{one['path']}:{one['line']}",
            stamp(one["time"]),
            cut(str(one["text"] or ""), _SHORT),
            one["row"] == row,
        )
        for one in records
    ]


def stamp(time: Cell) -> str:
    """Return a time with all its digits, in UTC; empty for none."""
    if not isinstance(time, datetime):
        return ""
    digits = "microseconds" if time.microsecond % 1000 else "milliseconds"
    return time.isoformat(" ", digits if time.microsecond else "seconds").replace("+00:00", "Z")
