"""The trail on disk: in order, each line once, its suspects told anew, gone when all is written."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extriage.casefile.folder import CaseFolder
from extriage.casefile.trail import (
    NAME,
    TABLE,
    TEMPORARY,
    Sheet,
    TrailStore,
    copy_trail,
    microseconds,
    pack,
    remove,
)
from extriage.errors import CaseError
from extriage.model.case import SCHEMA, Case, Tool
from extriage.model.trail import Deed, TrailRecord

START = datetime(2021, 3, 3, 4, 48, tzinfo=UTC)
RECORD = TrailRecord(
    *("iis", "front-end", START, "EX01/a.log", 7, 90, "a line", (("address", "203.0.113.9"),), ()),
    *("POST", "/owa/auth/x.aspx", "200", "CONTOSO\\eve", "203.0.113.9", "curl/7", 10, None, 31),
    Deed("page_orders", True, "/owa/auth/x.aspx", "", 3),
)


def sheet(second: int = 0, path: str = "EX01/a.log", line: int = 7, digest: int = 1) -> Sheet:
    time = microseconds(START + timedelta(seconds=second))
    return Sheet(pack(RECORD), time, path, line, 90, digest, (0,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TrailStore]:
    made = TrailStore.create(tmp_path)
    for kind, value in (("address", "203.0.113.9"), ("account", "eve"), ("canary", "c")):
        made.name(kind, value)
    yield made
    made.close()


def add(store: TrailStore, *sheets: Sheet, host: str = "EX01") -> None:
    store.add((host, one) for one in sheets)


def lines(store: TrailStore, host: str = "EX01") -> list[tuple[str, int]]:
    return [(one.path, one.line) for _, one in store.records(host)]


def test_a_record_comes_back_as_it_went_in(store: TrailStore) -> None:
    add(store, sheet())
    ((_, found),) = store.records("EX01")
    assert found == replace(RECORD, hits=(("address", "203.0.113.9"),))


def test_records_come_by_time_path_and_line(store: TrailStore) -> None:
    add(store, sheet(5, line=1, digest=1), sheet(0, line=9, digest=2))
    add(store, sheet(5, "EX01/B.log", 3, digest=3), sheet(0, "EX01/B.log", 4, digest=4))
    assert lines(store) == [
        ("EX01/B.log", 4),
        ("EX01/a.log", 9),
        ("EX01/B.log", 3),
        ("EX01/a.log", 1),
    ]


def test_a_copy_of_a_line_is_the_same_record_and_equal_lines_are_not(store: TrailStore) -> None:
    add(store, sheet(line=1), sheet(line=2))
    add(store, sheet(path="EX01/copy/a.log", line=1), sheet(path="EX01/copy/a.log", line=2))
    add(store, sheet(path="EX02/a.log"), host="EX02")
    assert lines(store) == [("EX01/a.log", 1), ("EX01/a.log", 2)]
    assert (store.count("EX01"), store.count("EX02"), store.count("EX03")) == (2, 1, 0)


def test_a_copy_adds_the_suspects_that_it_was_found_for(store: TrailStore) -> None:
    add(store, sheet())
    add(store, replace(sheet(), hits=(1, 2)))
    ((_, found),) = store.records("EX01")
    assert [kind for kind, _ in found.hits] == ["address", "account", "canary"]


def test_records_of_nobody_are_dropped(store: TrailStore) -> None:
    add(store, sheet(digest=1), replace(sheet(digest=2, line=8), hits=(0, 2)))
    add(store, sheet(digest=1), host="EX02")
    assert store.keep("EX01", lambda hits: tuple(one for one in hits if one)) == 1
    ((_, found),) = store.records("EX01")
    assert (found.line, found.hits) == (8, (("canary", "c"),))
    assert store.count("EX02") == 1


def test_sessions_are_set_by_row(store: TrailStore) -> None:
    add(store, sheet(digest=1), sheet(1, line=8, digest=2))
    rows = [row for row, _ in store.records("EX01")]
    store.assign("EX01", [(rows[1], "s-1", True)])
    store.assign("EX02", [(rows[0], "s-2", True)])
    assert [(one.session, one.sure) for _, one in store.records("EX01")] == [
        ("", False),
        ("s-1", True),
    ]


def test_records_can_be_asked_for_while_they_are_read(store: TrailStore) -> None:
    add(store, *(sheet(n, line=n, digest=n) for n in range(50)))
    seen = [
        sum(1 for _ in store.records("EX01"))
        for _, _ in zip(range(3), store.records("EX01"), strict=False)
    ]
    assert seen == [50, 50, 50]


def test_it_is_opened_again_and_copied_in_order(store: TrailStore, tmp_path: Path) -> None:
    add(store, sheet(5, digest=2, line=2), sheet(0, digest=1))
    again = TrailStore.open(tmp_path)
    assert again is not None
    target = sqlite3.connect(":memory:")
    target.executescript(TABLE)
    copy_trail(again, target)
    again.close()
    asked = "SELECT host, time, line, method, deed, done, items, hits FROM trail"
    assert target.execute(asked).fetchall() == [
        ("EX01", "2021-03-03T04:48:00.000000Z", 7, "POST", "page_orders", 1, 3)
        + ('[["address", "203.0.113.9"]]',),
        ("EX01", "2021-03-03T04:48:05.000000Z", 2, "POST", "page_orders", 1, 3)
        + ('[["address", "203.0.113.9"]]',),
    ]
    target.close()


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    assert TrailStore.open(tmp_path) is None
    (tmp_path / f"{TEMPORARY}0-part-1").write_bytes(b"x")
    TrailStore.create(tmp_path).close()
    assert [one.name for one in tmp_path.iterdir()] == [NAME]
    remove(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_nothing_is_lost_in_silence(store: TrailStore) -> None:
    (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
    store.connection.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(CaseError, match="cannot be written"):
        store.add(("EX01", sheet(line=n, digest=n)) for n in range(5000))


def test_a_disk_that_fills_up_while_records_are_sorted_is_said(store: TrailStore) -> None:
    store.add(("EX01", sheet(line=n, digest=n)) for n in range(500))
    (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
    store.connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(CaseError, match="cannot be written"):
        next(store.records("EX01"))


def test_what_could_not_be_written_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "case.db" / "in-the-way").mkdir(parents=True)
    tool = Tool("0", "2026-01-01", "", 0, ())
    with pytest.raises(CaseError, match="run the same command again"):
        CaseFolder(tmp_path).write(Case(SCHEMA, tool, ()), {})
    assert not list(tmp_path.glob(".tmp-*"))
