"""Two servers of one name, with equal ids: the database takes them as the document does."""

import sqlite3
from contextlib import closing
from pathlib import Path

from cases import CASES, of_hosts

from extriage.casefile.database import write_database


def test_every_row_of_two_servers_of_one_name_is_kept(tmp_path: Path) -> None:
    one = CASES["robbed"].hosts[0]
    database = tmp_path / "case.db"
    write_database(database, of_hosts(one, one))
    assert one.intruders
    assert one.sessions
    with closing(sqlite3.connect(database)) as connection:
        for table, count in {
            "hosts": 1,
            "findings": len(one.findings),
            "evidence": sum(len(each.evidence) for each in one.findings),
            "intruders": len(one.intruders),
            "sessions": len(one.sessions),
        }.items():
            ((found,),) = connection.execute(f"SELECT count(*) FROM {table}")
            assert found == 2 * count, table
