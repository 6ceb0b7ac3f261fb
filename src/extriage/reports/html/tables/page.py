"""All tables of a page, within what the page may weigh.

Rows are taken in by weight and in turns: findings before files, servers that were broken into
before those that were not, the heaviest rows of each table first, so that a table with very many
rows never takes the room of another. What stays out is counted in the table's note; the case has
all of it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import Any

from extriage.model.case import Case
from extriage.model.host import Host, Status
from extriage.reports.html.tables.ofcase import case_tables
from extriage.reports.html.tables.ofhost import LINE, host_tables
from extriage.reports.html.tables.packed import Packed, Packer, island
from extriage.reports.html.tables.table import Table

BUDGET = 3_500_000
"""Bytes that the rows of all tables of a page may weigh together."""
PRINTED = 1_000
"""Rows that all tables of a page write as HTML together; one table 25 at most, and at least 3."""
REMOTE = "rows/"

_LINES = 1_300_000
"""Bytes that the lines of evidence may have together before each is cut shorter."""
_SHORTEST = 200
_WEIGHTS = {"findings": 12, "evidence": 4, "timeline": 3, "indicators": 2}
_STATUS = {Status.COMPROMISED: 4, Status.TARGETED: 2}


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a page, and its data for the scripts."""

    hosts: dict[int, dict[str, Table]]
    """By name, for each server by its position in the case."""
    case: dict[str, Table]
    """Case-wide tables by name."""
    island: dict[str, Any]
    """What the page's data island holds as `tables`."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Tables, one dict for each server and one for the case, with their rows for the island."""

    tables: list[dict[str, Table]]
    packed: dict[str, list[Packed]]
    texts: list[str]


def tables_of(case: Case, *, hosts: Collection[int] | None = None, remote: bool = False) -> Tables:
    """Return the tables of a case, or of some of its servers and the case-wide ones.

    `hosts` names servers by their position. With `remote` the server hands out what is not written
    as HTML; else the rows of all tables together stay within `BUDGET`.
    """
    chosen = [at for at in range(len(case.hosts)) if hosts is None or at in hosts]
    servers = [case.hosts[at] for at in chosen]
    room = LINE if remote else _room(servers)
    made = [*(host_tables(case.hosts[at], at, case, room) for at in chosen), case_tables(case)]
    count = sum(len(tables) for tables in made)
    printed = max(3, min(25, PRINTED // max(count, 1)))
    page = _remote(made, printed) if remote else _filled(servers, made, printed)
    by_id = {table.id: table for tables in page.tables for table in tables.values()}
    return Tables(
        dict(zip(chosen, page.tables[:-1], strict=True)),
        page.tables[-1],
        island(by_id, page.packed, page.texts),
    )


def _remote(made: Sequence[dict[str, Table]], printed: int) -> _Page:
    sized = [
        {
            name: replace(
                table, rows=table.rows[:printed], printed=printed, remote=f"{REMOTE}{table.id}"
            )
            for name, table in tables.items()
        }
        for tables in made
    ]
    return _Page(sized, {}, [])


@dataclass(slots=True)
class _Filling:
    """One table on its way into the page."""

    table: Table
    weight: int
    waiting: Iterator[int]
    spent: int = 0
    taken: list[int] = field(default_factory=list)


def _filled(hosts: Sequence[Host], made: Sequence[dict[str, Table]], printed: int) -> _Page:
    fillings = [
        _Filling(table, weight * _WEIGHTS.get(table.name, 1), iter(_order(table)))
        for tables, weight in zip(made, _host_weights(hosts), strict=True)
        for table in tables.values()
    ]
    _fill(fillings)
    packer = Packer()
    packed: dict[str, list[Packed]] = {}
    sized: dict[str, Table] = {}
    for one in fillings:
        rows = [one.table.rows[at] for at in sorted(one.taken)]
        packed[one.table.id] = [packer.pack(one.table, row) for row in rows]
        note = _note(len(rows), one.table.total)
        sized[one.table.id] = replace(one.table, rows=rows, note=note, order=(), printed=printed)
    placed = [{name: sized[table.id] for name, table in tables.items()} for tables in made]
    return _Page(placed, packed, list(packer.texts))


def _host_weights(hosts: Sequence[Host]) -> list[int]:
    return [*(_STATUS.get(host.verdict.status, 1) for host in hosts), max(_STATUS.values())]


def _order(table: Table) -> Sequence[int]:
    return table.order or range(len(table.rows))


def _fill(fillings: Sequence[_Filling]) -> None:
    """Give every table its next row in turns, the one that has least for its weight first."""
    packer, left = Packer(), BUDGET
    turns = [(0.0, at) for at in range(len(fillings))]
    heapify(turns)
    while turns:
        _, at = heappop(turns)
        one = fillings[at]
        row = next(one.waiting, None)
        if row is None:
            continue
        cost = packer.cost(one.table, one.table.rows[row])
        if cost > left:
            continue
        packer.pack(one.table, one.table.rows[row])
        left -= cost
        one.spent += cost
        one.taken.append(row)
        heappush(turns, (one.spent / one.weight, at))


def _room(hosts: Iterable[Host]) -> int:
    """Return how long lines of evidence may be, so that many of them fit."""
    lines = sum(len(finding.evidence) for host in hosts for finding in host.findings)
    return max(_SHORTEST, min(LINE, _LINES // max(lines, 1)))


def _note(carried: int, total: int) -> str:
    if carried == total:
        return ""
    return (
        f"This page has {carried:,} of {total:,} rows, so that it stays small enough to hand on. "
        f"The other {total - carried:,} are in case.json; extriage serve shows all of them."
    )
