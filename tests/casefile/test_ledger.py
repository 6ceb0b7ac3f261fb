"""A killed scan loses nothing that was finished, and never mixes two scans."""

from pathlib import Path

from extriage.casefile import Ledger


def test_results_survive_and_come_back_in_the_asked_order(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "scan.ledger", "k")
    ledger.add("b", b"2")
    ledger.add("a", b"1")
    ledger.connection.close()
    again = Ledger.open(tmp_path / "scan.ledger", "k")
    assert again.done() == {"a", "b"}
    assert list(again.results(["a", "missing", "b"])) == [b"1", b"2"]


def test_another_scan_starts_anew(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "scan.ledger", "k")
    ledger.add("a", b"1")
    ledger.close(remove=False)
    assert Ledger.open(tmp_path / "scan.ledger", "other").done() == set()


def test_a_broken_ledger_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "scan.ledger").write_bytes(b"this is no database" * 100)
    ledger = Ledger.open(tmp_path / "scan.ledger", "k")
    ledger.add("a", b"1")
    assert ledger.done() == {"a"}


def test_removed_when_done(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "scan.ledger", "k").close(remove=True)
    assert not list(tmp_path.iterdir())
