"""The trail on disk: every record of the suspects, as many as there are, in constant memory.

While a scan runs, records stand in `scan.trail` beside the ledger, an SQLite file that vanishes
when the case is written; there they get their sessions. They end as the table `trail` of `case.db`.
The same line in two copies of a log is one record, that of the first path. Times are microseconds
since 1970 in UTC.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import msgspec

from extriage.casefile.cells import Row, iso, pairs
from extriage.errors import CaseError
from extriage.model.trail import Deed, Keys, TrailRecord

NAME = "scan.trail"
TABLE = """
CREATE TABLE trail (host TEXT, time TEXT, kind TEXT, part TEXT, path TEXT, line INTEGER,
  offset INTEGER, method TEXT, target TEXT, status TEXT, account TEXT, address TEXT, agent TEXT,
  bytes_in INTEGER, bytes_out INTEGER, took INTEGER, deed TEXT, done INTEGER, object TEXT,
  mailbox TEXT, items INTEGER, session TEXT, sure INTEGER, keys TEXT, hits TEXT, text TEXT);
"""
TEMPORARY = ".tmp-trail-"
"""How the files begin in which readers leave what they found."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RECENT = 4096
"""Lines of a log among which equal ones are told from copies: equal lines have one time."""
_BATCH = 2000
_STORE = """
CREATE TABLE trail (id INTEGER PRIMARY KEY, host TEXT, time INTEGER, path TEXT, line INTEGER,
  offset INTEGER, digest INTEGER, twin INTEGER, hits TEXT, body BLOB, session TEXT, sure INTEGER);
CREATE UNIQUE INDEX same ON trail (digest, twin, host);
CREATE TABLE suspect (number INTEGER PRIMARY KEY, kind TEXT, value TEXT);
"""
_FAST = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32000;"
_ORDERED = "CREATE INDEX IF NOT EXISTS ordered ON trail (host, time, path, line, offset)"

Hits: TypeAlias = tuple[int, ...]
"""Suspects, by their number in the scan."""


class _Body(msgspec.Struct, array_like=True):
    """A record without its place, its suspects and its session."""

    kind: str
    part: str
    text: str
    keys: Keys
    method: str
    target: str
    status: str
    account: str
    address: str
    agent: str
    bytes_in: int | None
    bytes_out: int | None
    took: int | None
    deed: tuple[str, bool, str, str, int | None]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Body)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One record on its way into the store."""

    record: bytes
    """As `pack` makes it."""
    time: int
    path: str
    line: int
    offset: int
    digest: int
    """Of what makes the line itself, wherever its copy lies."""
    hits: Hits


def pack(record: TrailRecord) -> bytes:
    """Pack a record for the way through files; its place and suspects are kept beside it."""
    one, deed = record, record.deed
    return _encoder.encode(
        _Body(
            *(one.kind, one.part, one.text, one.keys, one.method, one.target, one.status),
            *(one.account, one.address, one.agent, one.bytes_in, one.bytes_out, one.took),
            (deed.id, deed.done, deed.object, deed.mailbox, deed.items),
        )
    )


def microseconds(time: datetime) -> int:
    """Return a time as the store counts it."""
    return (time - _EPOCH) // timedelta(microseconds=1)


@dataclass(slots=True)
class Twins:
    """Tells equal lines of one log apart, so that copies of the log are told from them."""

    _seen: OrderedDict[int, int] = field(default_factory=OrderedDict)

    def number(self, digest: int) -> int:
        """Return how many equal lines stood in the log before."""
        before = self._seen.pop(digest, -1) + 1
        self._seen[digest] = before
        if len(self._seen) > _RECENT:
            self._seen.popitem(last=False)
        return before


@dataclass(slots=True)
class TrailStore:
    """The records of all servers of a scan."""

    path: Path
    connection: sqlite3.Connection
    suspects: list[tuple[str, str]] = field(default_factory=list)
    """Kind and value of every suspect, by number."""

    @classmethod
    def create(cls, folder: Path) -> "TrailStore":
        """Start an empty store in the case folder; what an earlier scan left there goes."""
        remove(folder)
        path = folder / NAME
        with _connected(path) as connection:
            connection.executescript(_FAST + _STORE)
            return cls(path, connection)

    @classmethod
    def open(cls, folder: Path) -> "TrailStore | None":
        """Open the store that a scan left in the case folder; None if it followed nobody."""
        path = folder / NAME
        if not path.is_file():
            return None
        with _connected(path) as connection:
            rows = connection.execute("SELECT kind, value FROM suspect ORDER BY number")
            return cls(path, connection, rows.fetchall())

    def name(self, kind: str, value: str) -> int:
        """Give a suspect its number."""
        number = len(self.suspects)
        with _guarded(self.path):
            self.connection.execute("INSERT INTO suspect VALUES (?, ?, ?)", (number, kind, value))
        self.suspects.append((kind, value))
        return number

    def add(self, sheets: Iterable[tuple[str, Sheet]]) -> None:
        """Take in records of one log with their servers, in the log's order.

        A copy only adds to what it is a copy of. Logs must come in the order of their paths.
        """
        twins = Twins()
        with _written_to(self):
            for host, sheet in sheets:
                twin = twins.number(sheet.digest)
                hits = _written(sheet.hits)
                done = self.connection.execute(
                    "INSERT OR IGNORE INTO trail (host, time, path, line, offset, digest, twin,"
                    " hits, body, session, sure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0)",
                    (host, sheet.time, sheet.path, sheet.line, sheet.offset, sheet.digest, twin)
                    + (hits, sheet.record),
                )
                if not done.rowcount:
                    self._hit_again(host, sheet, twin)

    def _hit_again(self, host: str, sheet: Sheet, twin: int) -> None:
        where = "digest = ? AND twin = ? AND host = ?"
        key = (sheet.digest, twin, host)
        row = self.connection.execute(f"SELECT hits FROM trail WHERE {where}", key).fetchone()
        hits = _written(sorted({*_read(row[0]), *sheet.hits}))
        if hits != row[0]:
            self.connection.execute(f"UPDATE trail SET hits = ? WHERE {where}", (hits, *key))

    def keep(self, host: str, of: Callable[[Hits], Hits]) -> int:
        """Say anew for which suspects records were collected; return how many are for none left.

        These are dropped.
        """
        asked = "SELECT DISTINCT hits FROM trail WHERE host = ?"
        found = [row[0] for row in self.connection.execute(asked, (host,))]
        dropped = 0
        with _written_to(self):
            for hits in found:
                left = _written(of(_read(hits)))
                if not left:
                    done = self.connection.execute(
                        "DELETE FROM trail WHERE host = ? AND hits = ?", (host, hits)
                    )
                    dropped += done.rowcount
                elif left != hits:
                    self.connection.execute(
                        "UPDATE trail SET hits = ? WHERE host = ? AND hits = ?", (left, host, hits)
                    )
        return dropped

    def records(self, host: str) -> Iterator[tuple[int, TrailRecord]]:
        """Yield the records of a server with their rows, by time, path, line and offset."""
        with _guarded(self.path):
            self.connection.execute(_ORDERED)
        rows = self.connection.execute(
            "SELECT id, time, path, line, offset, hits, body, session, sure FROM trail"
            " WHERE host = ? ORDER BY time, path, line, offset",
            (host,),
        )
        for row in rows:
            yield row[0], self._record(row)

    def _record(self, row: tuple[int, int, str, int, int, str, bytes, str, int]) -> TrailRecord:
        _, time, path, line, offset, hits, body, session, sure = row
        one = _decoder.decode(body)
        return TrailRecord(
            *(one.kind, one.part, _EPOCH + timedelta(microseconds=time), path, line, offset),
            *(one.text, one.keys, self._named(_read(hits)), one.method, one.target, one.status),
            *(one.account, one.address, one.agent, one.bytes_in, one.bytes_out, one.took),
            Deed(*one.deed),
            session,
            bool(sure),
        )

    def _named(self, hits: Hits) -> Keys:
        return tuple(self.suspects[number] for number in hits)

    def assign(self, host: str, sessions: Iterable[tuple[int, str, bool]]) -> None:
        """Say to which session rows belong, and whether that is sure."""
        update = "UPDATE trail SET session = ?, sure = ? WHERE id = ? AND host = ?"
        with _written_to(self):
            self.connection.executemany(
                update, ((session, int(sure), row, host) for row, session, sure in sessions)
            )

    def count(self, host: str) -> int:
        """Return how many records a server has."""
        asked = "SELECT count(*) FROM trail WHERE host = ?"
        return int(self.connection.execute(asked, (host,)).fetchone()[0])

    def hosts(self) -> list[str]:
        """Return the servers that have any, by name."""
        rows = self.connection.execute("SELECT DISTINCT host FROM trail ORDER BY host")
        return [row[0] for row in rows]

    def close(self) -> None:
        """Let go of the file, which stays until `remove`."""
        self.connection.close()


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Say it as an error of the case if the file cannot be written, or read again."""
    try:
        yield
    except sqlite3.Error as error:
        raise CaseError(f"{path} cannot be written: {error}") from error


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file for a store; it is let go of if that fails, else the store has it."""
    with _guarded(path):
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            yield connection
        except sqlite3.Error:
            connection.close()
            raise


@contextmanager
def _written_to(store: TrailStore) -> Iterator[None]:
    """Make many changes in one go; CaseError if they cannot all be made."""
    with _guarded(store.path):
        store.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):
                store.connection.execute("COMMIT")
            raise
        # NOTE: on a full disk it may be only now that rows do not fit.
        store.connection.execute("COMMIT")


def remove(folder: Path) -> None:
    """Take the store away, and what readers left in the case folder."""
    with suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)
    remove_spilled(folder)


def remove_spilled(folder: Path) -> None:
    """Take away what readers left in the case folder."""
    for path in folder.glob(f"{TEMPORARY}*"):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def copy_trail(store: TrailStore, target: sqlite3.Connection) -> None:
    """Write all records into the table `trail` of a case, by server and time."""
    marks = ",".join("?" * 26)
    rows = (
        _row(host, record) for host in store.hosts() for _, record in store.records(host)
    )  # fmt: skip
    target.executemany(f"INSERT INTO trail VALUES ({marks})", rows)


def _row(host: str, one: TrailRecord) -> Row:
    deed = one.deed
    return (
        (host, iso(one.time), one.kind, one.part, one.path, one.line, one.offset, one.method)
        + (one.target, one.status, one.account, one.address, one.agent, one.bytes_in)
        + (one.bytes_out, one.took, deed.id, int(deed.done), deed.object, deed.mailbox, deed.items)
        + (one.session, int(one.sure), pairs(one.keys), _named(one.hits), one.text)
    )


@lru_cache(4096)
def _named(hits: Keys) -> str:
    """Write suspects, of which few records have others than the one before."""
    return pairs(hits)


def _written(hits: Iterable[int]) -> str:
    return ",".join(map(str, hits))


def _read(hits: str) -> Hits:
    return tuple(int(one) for one in hits.split(",") if one)
