"""Sightings and derived indicators as rows of `case.db`; and the trail of a case, read back."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from extriage.casefile.cells import Row, iso, listed
from extriage.errors import CaseError
from extriage.model.case import Case
from extriage.model.host import Host
from extriage.model.indicator import Derived, Sighting
from extriage.model.trail import TrailRecord

INDICATOR_TABLES = """
CREATE TABLE sightings (host TEXT, level TEXT, type TEXT, value TEXT, place TEXT, count INTEGER,
  first TEXT, last TEXT, text TEXT, source TEXT, confidence TEXT, cluster TEXT, campaign TEXT,
  first_seen TEXT, last_seen TEXT, licence TEXT, tlp TEXT, reference TEXT, note TEXT);
CREATE TABLE sighting_proofs (host TEXT, type TEXT, value TEXT, source TEXT, path TEXT,
  line INTEGER, text TEXT);
CREATE TABLE indicators_derived (type TEXT, value TEXT, certainty TEXT, first_seen TEXT,
  last_seen TEXT, hosts TEXT, clusters TEXT, because TEXT, findings TEXT, look_alikes TEXT);
"""
_COLUMNS = "time, kind, path, line, offset, text, target, account, address, agent, keys"


def sighting_rows(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the tables about the sightings of one server, with their rows."""
    yield "sightings", [_sighting(host.name, one) for one in host.sightings]
    yield (
        "sighting_proofs",
        [
            (host.name, one.indicator.type, one.indicator.value, one.indicator.source)
            + (proof.path, proof.line, proof.text)
            for one in host.sightings
            for proof in one.proofs
        ],
    )


def derived_rows(case: Case) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the table of what a case gives to be looked for elsewhere."""
    yield "indicators_derived", [_derived(one) for one in case.indicators]


def _sighting(host: str, one: Sighting) -> Row:
    known = one.indicator
    first, last = known.first_seen, known.last_seen
    return (
        (host, one.level, known.type, known.value, one.where, one.count, iso(one.first))
        + (iso(one.last), one.text, known.source, known.confidence, known.cluster, known.campaign)
        + (first.isoformat() if first else None, last.isoformat() if last else None)
        + (known.licence, known.tlp, known.reference, known.note)
    )


def _derived(one: Derived) -> Row:
    return (
        (one.type, one.value, one.certainty, iso(one.first_seen), iso(one.last_seen))
        + (listed(one.hosts), listed(one.clusters), one.because, listed(one.findings))
        + (listed(one.look_alikes),)
    )


def has_trail(database: Path) -> bool:
    """Tell whether a case's database holds the trail of its suspects."""
    if not database.is_file():
        return False
    with closing(_opened(database)) as connection:
        return _has_trail(connection, database)


def trail_records(database: Path, host: str) -> Iterator[TrailRecord]:
    """Yield the trail of one server from a finished case, in order; CaseError if it is damaged."""
    with closing(_opened(database)) as connection:
        if not _has_trail(connection, database):
            return
        try:
            query = f"SELECT {_COLUMNS} FROM trail WHERE host = ? ORDER BY time, path, line, offset"
            for row in connection.execute(query, (host,)):
                yield _record(row)
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise CaseError(f"{database} is damaged: {error}") from error


def _opened(database: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise CaseError(f"{database} cannot be read: {error}") from error


def _has_trail(connection: sqlite3.Connection, database: Path) -> bool:
    try:
        names = {row[1] for row in connection.execute("PRAGMA table_info(trail)")}
    except sqlite3.Error as error:
        raise CaseError(f"{database} cannot be read: {error}") from error
    return names.issuperset(_COLUMNS.split(", "))


def _record(row: tuple[str, str, str, int, int, str, str, str, str, str, str]) -> TrailRecord:
    time, kind, path, line, offset, text, target, account, address, agent, keys = row
    pairs = tuple((str(name), str(value)) for name, value in json.loads(keys or "[]"))
    return TrailRecord(
        *(kind, "", datetime.fromisoformat(time), path, line, offset, text, pairs, ()),
        target=target,
        account=account,
        address=address,
        agent=agent,
    )
