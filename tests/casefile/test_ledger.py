"""A killed scan loses nothing that was finished, and never mixes two scans."""

import time
from pathlib import Path

import pytest

from extriage.casefile import Ledger
from extriage.casefile.ledger import OFTEN


def test_results_survive_and_come_back_in_the_asked_order(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "scan.ledger", "k")
    ledger.add("b", b"2")
    ledger.add("a", b"1")
    ledger.close(remove=False)
    again = Ledger.open(tmp_path / "scan.ledger", "k")
    assert again.done() == {"a", "b"}
    assert list(again.results(["a", "missing", "b"])) == [b"1", b"2"]


def test_a_kill_costs_no_more_than_the_last_moment(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "scan.ledger", "k")
    for unit in ("a", "b"):
        ledger.add(unit, b"1")
    time.sleep(OFTEN)
    ledger.add("c", b"1")
    ledger.add("d", b"1")
    ledger.connection.close()
    assert Ledger.open(tmp_path / "scan.ledger", "k").done() >= {"a", "b", "c"}


def test_many_results_come_in_the_asked_order(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "scan.ledger", "k")
    units = [f"{number * 7919 % 1009}" for number in range(1009)]
    for unit in sorted(units):
        ledger.add(unit, unit.encode())
    assert list(ledger.results(units)) == [unit.encode() for unit in units]


def test_another_scan_starts_anew(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "scan.ledger", "k")
    ledger.add("a", b"1")
    ledger.close(remove=False)
    assert Ledger.open(tmp_path / "scan.ledger", "other").done() == set()


@pytest.mark.usefixtures("files_held")
def test_a_broken_ledger_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "scan.ledger").write_bytes(b"this is no database" * 100)
    ledger = Ledger.open(tmp_path / "scan.ledger", "k")
    ledger.add("a", b"1")
    assert ledger.done() == {"a"}


def test_removed_when_done(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "scan.ledger", "k").close(remove=True)
    assert not list(tmp_path.iterdir())
