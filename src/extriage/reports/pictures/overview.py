"""All servers of a case at a glance, worst first: when open, what could be seen, what was found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from extriage.analysis.coverage import either
from extriage.model.case import Case
from extriage.model.detection import Stage
from extriage.model.evidence import Period
from extriage.model.host import Host
from extriage.reports.meanings import STATUS_NAMES, badness
from extriage.reports.pictures.axis import Axis, Span, axis
from extriage.reports.pictures.blindness import Opening, kinds_of, openings
from extriage.reports.pictures.reading import band_words
from extriage.reports.pictures.shapes import (
    HEAD,
    ROW,
    Mark,
    Strip,
    day,
    joined,
    short,
    stage_marks,
)

ROWS = 60
BINS = 40
_LEAST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One server."""

    at: int
    """Its position in the case."""
    name: str
    status: str
    status_words: str
    stage: str
    opened: tuple[Strip, ...]
    blind: tuple[Strip, ...]
    covered: tuple[Strip, ...]
    marks: tuple[Mark, ...]
    note: str
    """What the strips do not say."""
    words: str
    y: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The picture, and the same in words."""

    axis: Axis | None
    rows: tuple[ServerRow, ...]
    left: int
    """Servers that are not drawn."""
    height: int
    reading: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Server:
    at: int
    host: Host
    opened: tuple[Opening, ...]
    covered: tuple[Span, ...]


def case_overview(case: Case) -> Overview:
    """Return one row for each server of a case, the worst first; at most `ROWS`."""
    ranked = sorted(enumerate(case.hosts), key=lambda one: (badness(one[1]), one[0]))[:ROWS]
    servers = [_server(at, host) for at, host in ranked]
    drawn = _axis(servers)
    rows = tuple(_row(drawn, one, HEAD + ROW * place) for place, one in enumerate(servers))
    left = len(case.hosts) - len(rows)
    return Overview(
        *(drawn, rows, left, HEAD + ROW * len(rows), _reading(case.hosts)),
        tuple(_notes(drawn, left)),
    )


def _server(at: int, host: Host) -> _Server:
    """Take together what a server's needed logs cover; all its logs if none is needed."""
    needed = {
        kind for campaign in host.campaigns for cve in campaign.coverage for kind in kinds_of(cve)
    }
    timed = [one for one in host.coverage if one.first and one.last]
    asked = [one for one in timed if one.kind in needed] or timed
    found: list[Period] = []
    for one in asked:
        begin = one.first
        for gap in one.gaps:
            if begin is not None and begin <= gap["from"]:
                found.append({"from": begin, "to": gap["from"]})
            begin = gap["to"]
        if begin is not None and one.last is not None and begin <= one.last:
            found.append({"from": begin, "to": one.last})
    covered = tuple((one["from"], one["to"]) for one in either(found))
    opened = openings(host)
    weighty = tuple(one for one in opened if one.seen or one.weighs)
    return _Server(at, host, weighty or opened, covered)


def _axis(servers: Sequence[_Server]) -> Axis | None:
    windows = [(one.start, one.end) for server in servers for one in server.opened]
    covered = [span for server in servers for span in server.covered]
    steps = [(time, time) for server in servers for time, _, _ in _steps(server.host)]
    start = min((one[0] for one in windows), default=None)
    late = (
        [(max(one[0], start), one[1]) for one in covered if one[1] >= start] if start else covered
    )
    return axis([*windows, *late, *steps], [*late, *steps], _LEAST)


def _steps(host: Host) -> Iterator[tuple[datetime, Stage, str]]:
    for one in host.findings:
        if one.stage is not None and not one.raw:
            for time in {one.first, one.last, *(line.time for line in one.evidence)}:
                if time:
                    yield time, one.stage, one.title


def _row(drawn: Axis | None, one: _Server, y: int) -> ServerRow:
    verdict = one.host.verdict
    # NOTE: of all that a server was open to, what its verdict turns on; the rest is on its page.
    lead = one.opened[:1]
    opened = [(window.start, window.end) for window in lead]
    blind = [(gap["from"], gap["to"]) for window in lead for gap in window.blind]
    return ServerRow(
        at=one.at,
        name=short(one.host.name, 30),
        status=verdict.status.value,
        status_words=STATUS_NAMES[verdict.status].lower(),
        stage=verdict.stage.value if verdict.stage else "",
        opened=joined(drawn, opened, "proved") if drawn else (),
        blind=joined(drawn, blind, "blind") if drawn else (),
        covered=joined(drawn, one.covered, "there") if drawn else (),
        marks=stage_marks(drawn, _steps(one.host), BINS) if drawn else (),
        note=_note(drawn, one),
        words=_words(one),
        y=y,
    )


def _note(drawn: Axis | None, one: _Server) -> str:
    if drawn is None or not one.covered:
        return "no log with a time"
    last = one.covered[-1][1]
    return f"logs end on {day(last)}" if last < drawn.start else ""


def _words(one: _Server) -> str:
    if not one.covered:
        return "no log with a time"
    logs = f"logs from {day(one.covered[0][0])} to {day(one.covered[-1][1])}"
    lead = one.opened[:1]
    return "; ".join((logs, *(short(f"{w.campaign}: {band_words(w)}", 200) for w in lead)))


def _reading(hosts: Sequence[Host]) -> str:
    counts = [
        (status, sum(one.verdict.status is status for one in hosts)) for status in STATUS_NAMES
    ]
    told = ", ".join(f"{n} {STATUS_NAMES[status].lower()}" for status, n in counts if n)
    return f"{len(hosts):,} {'server' if len(hosts) == 1 else 'servers'}: {told}."


def _notes(drawn: Axis | None, left: int) -> Iterator[str]:
    if drawn is not None and drawn.broken:
        yield "The scale of time changes at the zigzag lines: grey stretches are squeezed."
    if left:
        yield f"{left:,} more servers, none of them worse, are in the table."
