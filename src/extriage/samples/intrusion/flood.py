"""A scanner of any size on a small server: it must neither drown the report nor fill the memory."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

from extriage.model.persistence import Role
from extriage.samples import iis, layout
from extriage.samples.intrusion import acts, strangers
from extriage.samples.intrusion.scene import closed, opened
from extriage.samples.layout import Log
from extriage.samples.spec import ServerSpec
from extriage.samples.visitor import Sum, Truth, Visit, Visitor

CLIENT, AGENT = "198.51.100.66", "Mozilla/5.0+zgrab/0.x"
PAGE = "h1dd3n.aspx"
INTRUDER = {"client": "203.0.113.66", "agent": "python-requests/2.25.1", "parameter": "mango8"}

_DAY = datetime(2021, 3, 1, tzinfo=UTC)
_FLOOD = _DAY.replace(day=6)
_TAIL = "&CorrelationID=<empty>;&cafeReqId={}"
_BLOCK = 5000


def write(folder: Path, hits: int, lines: int = 3000, intruder: bool = True) -> Truth:
    """Write a server that a scanner asks so often in one day; return who came."""
    spec = ServerSpec(start=_DAY, end=_FLOOD, lines=lines, hours_per_file=24)
    scene = opened(spec)
    visitors = []
    if intruder:
        visitors.append(Visitor("A"))
        plan = acts.plan(scene.ledger, scene.rng, PAGE, INTRUDER)
        time = _DAY.replace(day=3, hour=2)
        acts.break_in(scene.ledger, scene.rng, time, plan, visitors[0])
    truth = closed(scene, folder, visitors)
    path = folder / layout.path(spec, Log("iis", "1"), _FLOOD)
    with path.open("wb") as file:
        file.write("\r\n".join([*iis.head("2016", _FLOOD), ""]).encode())
        for block in _blocks(hits):
            file.write(block)
    return replace(truth, visits=(*truth.visits, _flood(hits)))


def _blocks(hits: int) -> Iterator[bytes]:
    rows = []
    for row in _rows(hits):
        rows.append(row)
        if len(rows) == _BLOCK:
            yield "".join(rows).encode()
            rows.clear()
    yield "".join(rows).encode()


def _rows(hits: int) -> Iterator[str]:
    """Yield walks over the names of shells, and POSTs to static names, one hit after another."""
    asked = [(method, path, status) for _, path, status in strangers.names() for method in _METHODS]
    asked += [("POST", "/ecp/y.js", 404), ("POST", "/ecp/x.js", 302)]
    step = timedelta(days=1) / (hits + 1)
    for number, (method, path, status) in zip(range(hits), cycle(asked), strict=False):
        time = _FLOOD + step * number
        query = "-"
        if not path.startswith("/aspnet"):
            query = _TAIL.format(f"{number:08x}-5ca0-4e00-8000-{number:012x};")
        yield (
            f"{time:%Y-%m-%d %H:%M:%S} 10.20.0.11 {method} {path} {query} 443 - {CLIENT} {AGENT} - "
            f"{status} 0 0 4\r\n"
        )


_METHODS = ("GET", "POST")


def _flood(hits: int) -> Visit:
    last = _FLOOD + timedelta(days=1) / (hits + 1) * (hits - 1)
    return replace(
        _NOBODY,
        last=last.replace(microsecond=0),
        requests=hits,
        records=(("iis", hits),),
    )


_NOBODY = Visit(
    name="flood",
    role=Role.STRANGER,
    addresses=(CLIENT,),
    accounts=(),
    agents=(AGENT.replace("+", " "),),
    canaries=(),
    pages=(),
    first=_FLOOD,
    last=_FLOOD,
    requests=0,
    records=(),
    bytes_in=Sum(0, None),
    bytes_out=Sum(0, None),
    mailboxes=(),
    exports=(),
    files=(),
)
