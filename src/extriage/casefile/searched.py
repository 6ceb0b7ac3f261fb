"""The lines that a case folder holds, as records to be searched: evidence lines, and the trail.

A case holds a bounded number of lines of each rule, and all records of the suspects as far as they
were collected; what else stood in the logs is not in it. Of their fields only those are known that
an analyst reads first (`summary`), what joins them (`keys`), and the columns of the trail.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from heapq import merge
from pathlib import Path
from typing import Any, TypeAlias

from extriage.casefile.named import database as database_of
from extriage.errors import UsageError
from extriage.model.evidence import Fields, Origin, Record
from extriage.model.trail import TrailRecord

Found: TypeAlias = dict[str, Any]

_EVIDENCE = """SELECT e.*, f.host AS host, f.rule AS rule FROM evidence e
  JOIN findings f ON f.id = e.finding ORDER BY e.path, e.line, e.offset, f.rule"""
_TRAIL = "SELECT * FROM trail ORDER BY path, line, offset"
_OF_TRAIL = "time, kind, path, line, offset, text, target, account, address, agent, keys"
_AGAIN = "copy it again from where it was made, or run the scan again"
_VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL", re.IGNORECASE)
_PAIR = re.compile(r"(?:^| )([A-Za-z][\w.():-]*)=")
_COLUMNS = (
    *("method", "target", "status", "account", "address", "agent", "bytes_in", "bytes_out"),
    *("took", "deed", "object", "mailbox", "items", "session", "part", "rule"),
)


def case_records(folder: Path) -> Iterator[Record]:
    """Yield the lines of a case in the order of paths and lines, each once.

    `folder` is a case folder or its `case.json`; UsageError if its `case.db` cannot be read.
    """
    database = database_of(folder)
    try:
        with closing(_opened(database)) as connection:
            connection.text_factory = _text
            yield from _records(connection)
    except sqlite3.Error as error:
        raise UsageError(f"{database} cannot be read: {error}; {_AGAIN}") from error


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _records(connection: sqlite3.Connection) -> Iterator[Record]:
    tables = plain_tables(connection)
    for name in ("evidence", "findings"):
        if name not in tables:
            raise sqlite3.DatabaseError(f"it has no table {name}")
    queries = [_EVIDENCE] + ([_TRAIL] if "trail" in tables else [])
    last: tuple[str, int, int] | None = None
    for row in merge(*(_rows(connection, query) for query in queries), key=_place):
        if _place(row) != last:
            last = _place(row)
            yield _record(row)


def plain_tables(connection: sqlite3.Connection) -> set[str]:
    """Return the tables of a database, in small letters; sqlite3.Error for a trail that is none.

    A case comes from other hands too, and views and virtual tables are programs of whoever made it.
    """
    made = list(connection.execute("SELECT lower(name), type, sql FROM sqlite_master"))
    tables = {name for name, kind, sql in made if kind == "table" and not _VIRTUAL.match(sql or "")}
    if "trail" not in tables and any(name == "trail" for name, _, _ in made):
        raise sqlite3.DatabaseError("it has no table trail")
    return tables


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[Found]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def _place(row: Found) -> tuple[str, int, int]:
    return (row["path"] or "", row["line"] or 0, row["offset"] or 0)


def _record(row: Found) -> Record:
    fields: Fields = _summed(row.get("summary") or "")
    fields |= {name: str(row[name]) for name in _COLUMNS if row.get(name) not in (None, "")}
    for name, value in _keys(row.get("keys")):
        known = fields.get(name, ())
        before = (known,) if isinstance(known, str) else known
        fields[name] = tuple(dict.fromkeys((*before, value)))
    origin = Origin(*_place(row))
    return Record(row["kind"] or "", _time(row["time"]), origin, fields, row["text"], row["host"])


def _summed(summary: str) -> Fields:
    """Read `name=value name=value` again; a value ends where the next name begins."""
    marks = list(_PAIR.finditer(summary))
    ends = [mark.start() for mark in marks[1:]] + [len(summary)] * bool(marks)
    return {
        mark[1]: summary[mark.end() : end] for mark, end in zip(marks, ends, strict=True)
    }  # fmt: skip


def _keys(text: str | None) -> Iterator[tuple[str, str]]:
    try:
        found = json.loads(text or "[]")
        yield from ((str(name), str(value)) for name, value in found)
    except (ValueError, TypeError):
        return


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def has_trail(database: Path) -> bool:
    """Tell whether a case's database holds the trail of its suspects."""
    if not database.is_file():
        return False
    with closing(_opened(database)) as connection:
        return _has_trail(connection, database)


def trail_records(database: Path, host: str) -> Iterator[TrailRecord]:
    """Yield the trail of one server from a finished case, in order; UsageError if it is damaged."""
    with closing(_opened(database)) as connection:
        if not _has_trail(connection, database):
            return
        try:
            query = (
                f"SELECT {_OF_TRAIL} FROM trail WHERE host = ? ORDER BY time, path, line, offset"
            )
            for row in connection.execute(query, (host,)):
                yield _trail_record(row)
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise UsageError(f"{database} is damaged: {error}; {_AGAIN}") from error


def _opened(database: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise UsageError(f"{database} cannot be read: {error}; {_AGAIN}") from error


def _has_trail(connection: sqlite3.Connection, database: Path) -> bool:
    try:
        if "trail" not in plain_tables(connection):
            return False
        names = {row[1] for row in connection.execute("PRAGMA table_info(trail)")}
    except sqlite3.Error as error:
        raise UsageError(f"{database} cannot be read: {error}; {_AGAIN}") from error
    return names.issuperset(_OF_TRAIL.split(", "))


def _trail_record(row: tuple[str, str, str, int, int, str, str, str, str, str, str]) -> TrailRecord:
    time, kind, path, line, offset, text, target, account, address, agent, keys = row
    pairs = tuple((str(name), str(value)) for name, value in json.loads(keys or "[]"))
    return TrailRecord(
        *(kind, "", datetime.fromisoformat(time), path, line, offset, text, pairs, ()),
        target=target,
        account=account,
        address=address,
        agent=agent,
    )
