"""The ledger of a running scan: what every finished unit gave, so that a killed scan resumes.

One row per unit. Rows are made lasting together, many times a second. The ledger disappears when
the case is written.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from extriage.errors import CaseError

OFTEN = 0.1
"""Seconds of finished work that a kill can cost: small files take less than making a row last."""
_TOGETHER = 200
"""Rows that are asked for in one go."""


@dataclass(slots=True)
class Ledger:
    """Results of finished units, by unit key."""

    path: Path
    connection: sqlite3.Connection
    _lasting: float = field(default=0.0, init=False)
    """When rows were made lasting, by the clock that never goes back."""

    @classmethod
    def open(cls, path: Path, key: str) -> "Ledger":
        """Open or start the ledger; one that was written for another `key` is thrown away."""
        try:
            connection, row = _connect(path)
        except sqlite3.DatabaseError:
            _remove(path)
            connection, row = _connect(path)
        if row is None or row[0] != key:
            connection.execute("DELETE FROM scan")
            connection.execute("DELETE FROM result")
            connection.execute("INSERT INTO scan VALUES (?)", (key,))
            connection.commit()
        return cls(path, connection)

    def done(self) -> set[str]:
        """Return the keys of the units that need not be read again."""
        return {row[0] for row in self.connection.execute("SELECT unit FROM result")}

    def add(self, unit: str, result: bytes) -> None:
        """Keep the result of one unit; it survives a kill, but for those of the last moment."""
        try:
            self.connection.execute("INSERT OR REPLACE INTO result VALUES (?, ?)", (unit, result))
            now = time.monotonic()
            if now - self._lasting >= OFTEN:
                self.connection.commit()
                self._lasting = now
        except sqlite3.Error as error:
            raise CaseError(f"{self.path} cannot be written: {error}") from error

    def results(self, units: list[str]) -> Iterator[bytes]:
        """Yield the results of these units in this order."""
        for start in range(0, len(units), _TOGETHER):
            asked = units[start : start + _TOGETHER]
            marks = ",".join("?" * len(asked))
            rows = self.connection.execute(
                f"SELECT unit, result FROM result WHERE unit IN ({marks})",
                asked,
            )
            found: dict[str, bytes] = dict(rows.fetchall())
            yield from (found[unit] for unit in asked if unit in found)

    def close(self, *, remove: bool) -> None:
        """Close the ledger; remove it once the case is written."""
        with suppress(sqlite3.Error):
            self.connection.commit()
        self.connection.close()
        if remove:
            _remove(self.path)


def _connect(path: Path) -> tuple[sqlite3.Connection, tuple[str] | None]:
    """Open the ledger; return it with its key, None if it is new."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE IF NOT EXISTS scan (key TEXT)")
        connection.execute("CREATE TABLE IF NOT EXISTS result (unit TEXT PRIMARY KEY, result BLOB)")
        connection.commit()
        row: tuple[str] | None = connection.execute("SELECT key FROM scan").fetchone()
    except sqlite3.Error:
        # NOTE: Windows takes no file away that is still open.
        connection.close()
        raise
    return connection, row


def _remove(path: Path) -> None:
    for tail in ("", "-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
