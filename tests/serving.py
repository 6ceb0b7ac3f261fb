"""Case folders to be served: a case made by hand, and a trail of any length."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from extriage.casefile.database import write_database
from extriage.casefile.document import encode
from extriage.casefile.trail import TABLE
from extriage.model.case import Case

NAMES = (
    *("host", "time", "kind", "part", "path", "line", "offset", "method", "target", "status"),
    *("account", "address", "agent", "bytes_in", "bytes_out", "took", "deed", "done", "object"),
    *("mailbox", "items", "session", "sure", "keys", "hits", "text"),
)


def record(number: int, **changes: Any) -> dict[str, Any]:
    """Return one record of the trail as the database holds it."""
    made: dict[str, Any] = dict.fromkeys(NAMES, "")
    return {
        **made,
        "host": "EXCH01.contoso.test",
        "time": f"2021-03-14T06:{number // 60 % 60:02d}:{number % 60:02d}.000000Z",
        "kind": "iis",
        "path": "EXCH01/inetpub/logs/LogFiles/W3SVC1/u_ex210314.log",
        "line": number,
        "offset": number * 100,
        "method": "POST",
        "target": f"/owa/auth/ohyeah.aspx?n={number}",
        "status": "200",
        "address": "198.51.100.23",
        "bytes_out": number * 7 % 1_000,
        "session": "s-0123456789abcdef",
        "sure": 1,
        "keys": "[]",
        "hits": "[]",
        "text": f"2021-03-14 POST /owa/auth/ohyeah.aspx n={number} 198.51.100.23 200",
        **changes,
    }


def add_trail(database: Path, records: Iterable[dict[str, Any]], *, new: bool = False) -> Path:
    """Write records into the trail of a database; of a new one, it is the only table."""
    connection = sqlite3.connect(database)
    if new:
        connection.executescript(TABLE)
    marks = ",".join("?" * len(NAMES))
    rows = [[one[name] for name in NAMES] for one in records]
    connection.executemany(f"INSERT INTO trail VALUES ({marks})", rows)
    connection.commit()
    connection.close()
    return database


def case_folder(folder: Path, case: Case, records: Iterable[dict[str, Any]] = ()) -> Path:
    """Write a whole case folder."""
    folder.mkdir(exist_ok=True)
    (folder / "case.json").write_bytes(encode(case))
    write_database(folder / "case.db", case)
    add_trail(folder / "case.db", records)
    return folder
