"""The same evidence gives the same bytes, however the work is shared out or interrupted."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from extriage.casefile import CaseFolder
from extriage.casefile import folder as writing
from extriage.errors import CaseError
from extriage.model.case import Case
from extriage.model.evidence import Unit
from extriage.pipeline import Content, worker
from extriage.pipeline.scan import Options, finish, scan
from extriage.samples import ServerSpec, write_server


class Silent:
    """A watcher that only remembers how much there was to do."""

    def __init__(self) -> None:
        self.units = 0
        self.bytes = 0
        self.met = 0

    def total(self, size: int, units: int) -> None:
        self.units = units

    def read(self, size: int) -> None:
        self.bytes += size

    def done(self, path: str, findings: int) -> None:
        self.met += findings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence") / "EX01"
    write_server(folder, ServerSpec(attack="chain", lines=12_000, hours_per_file=6))
    return folder


def run(server: Path, folder: Path, **options: Any) -> tuple[Case, Silent]:
    case_folder, watcher = CaseFolder(folder), Silent()
    case_folder.prepare(force=False)
    case = scan([server], case_folder, Options(**options), watcher)
    finish(case, case_folder, {})
    return case, watcher


def command(server: Path, case: Path, *words: str) -> list[str]:
    start = [sys.executable, "-m", "extriage", "scan", str(server), "--case", str(case), "-q"]
    return [*start, *words]


def fingerprint(folder: Path) -> tuple[bytes, str]:
    database = hashlib.sha256((folder / "case.db").read_bytes()).hexdigest()
    return (folder / "case.json").read_bytes(), database


def test_any_number_of_workers_gives_the_same_bytes(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(server, tmp_path / "one", jobs=1)
    monkeypatch.setattr(worker, "SMALL", 0)
    _, watcher = run(server, tmp_path / "three", jobs=3)
    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "three")
    assert watcher.bytes > 1_000_000


def test_zone_hash_seed_and_working_folder_do_not_matter(server: Path, tmp_path: Path) -> None:
    results = []
    for zone, seed in (("UTC", "1"), ("Asia/Kathmandu", "77")):
        place = tmp_path / seed
        place.mkdir()
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        outcome = subprocess.run(
            command(server, Path("case")), cwd=place, env=environment, check=False
        )
        assert outcome.returncode == 1
        results.append(fingerprint(place / "case"))
    assert results[0] == results[1]


def test_the_prefilter_changes_no_finding(server: Path, tmp_path: Path) -> None:
    with_it, _ = run(server, tmp_path / "on")
    without, _ = run(server, tmp_path / "off", content=Content(prefilter=False))
    assert with_it.hosts[0].findings == without.hosts[0].findings
    assert len(with_it.hosts[0].findings) > 20
    assert without.tool.slow_rules != with_it.tool.slow_rules


def test_a_scan_killed_at_any_moment_resumes(server: Path, tmp_path: Path) -> None:
    run(server, tmp_path / "whole")
    ledger = tmp_path / "killed" / "scan.ledger"
    process = subprocess.Popen(command(server, tmp_path / "killed", "--jobs", "1"))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and finished(ledger) < 20:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = finished(ledger)
    assert done >= 20
    assert not (tmp_path / "killed" / "case.json").exists()
    _, watcher = run(server, tmp_path / "killed")
    total = sum(1 for path in server.rglob("*") if path.is_file())
    assert watcher.units == total - done
    assert fingerprint(tmp_path / "killed") == fingerprint(tmp_path / "whole")
    assert not ledger.exists()


def finished(ledger: Path) -> int:
    if not ledger.exists():
        return 0
    try:
        connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
        try:
            return int(connection.execute("SELECT count(*) FROM result").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error:
        return 0


def test_changed_evidence_is_read_again(server: Path, tmp_path: Path) -> None:
    copy = tmp_path / "EX01"
    write_server(copy, ServerSpec(lines=500, hours_per_file=24, attack="none"))
    folder = CaseFolder(tmp_path / "case")
    folder.prepare(force=False)
    scan([copy], folder, Options(), Silent())
    again = Silent()
    scan([copy], folder, Options(), again)
    assert again.units == 0
    log = next(copy.rglob("HttpProxy*.LOG"))
    log.write_bytes(log.read_bytes() * 2)
    scan([copy], folder, Options(), again)
    assert again.units > 0


def test_evidence_is_only_read(server: Path, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[str, int]]:
        return {
            str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in sorted(server.rglob("*"))
            if path.is_file()
        }

    before = state()
    run(server, tmp_path / "case")
    assert state() == before


def test_hashes_and_places_in_the_case_are_true(server: Path, tmp_path: Path) -> None:
    case, _ = run(server, tmp_path / "case")
    (host,) = case.hosts
    for entry in host.manifest.entries:
        data = (server.parent / entry.path).read_bytes()
        assert entry.sha256 == hashlib.sha256(data).hexdigest()
    checked = 0
    for finding in host.findings:
        for line in finding.evidence:
            if line.path.endswith((".LOG", ".log")):
                data = (server.parent / line.path).read_bytes()
                raw = data.splitlines()[line.line - 1]
                assert hashlib.sha256(raw).hexdigest() == line.sha256
                assert data[line.offset :].startswith(raw)
                checked += 1
    assert checked > 30


def test_a_reader_that_fails_is_a_manifest_row(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = worker.read_artifact

    def failing(artifact: Any, *rest: Any) -> Any:
        if artifact.path.endswith("Security.jsonl"):
            raise ZeroDivisionError
        return healthy(artifact, *rest)

    monkeypatch.setattr(worker, "read_artifact", failing)
    case, _ = run(server, tmp_path / "case")
    (row,) = [entry for entry in case.unassigned if entry.status == "unreadable"]
    assert row.path.endswith("Security.jsonl")
    assert "ZeroDivisionError" in row.reason
    assert case.hosts[0].verdict.status == "compromised"


@pytest.mark.parametrize(
    ("error", "said"),
    [(TimeoutError(), "took too long"), (MemoryError("gone"), "process died")],
)
def test_a_worker_that_dies_or_hangs_is_named(error: Exception, said: str) -> None:
    future: Future[list[bytes]] = Future()
    future.set_exception(error)
    outcome = worker._outcome(future)
    assert isinstance(outcome, str)
    assert said in outcome


def test_small_units_travel_together_and_large_ones_first() -> None:
    units = [Unit(f"f{n}", f"f{n}", 1000) for n in range(500)]
    units.append(Unit("big", "big", 1 << 30))
    batches = worker._batches(units)
    assert [unit.path for unit in batches[0]] == ["big"]
    assert len(batches) < 10
    assert sorted(u.path for batch in batches for u in batch) == sorted(u.path for u in units)


def test_a_full_disk_leaves_nothing_that_looks_complete(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_database", full)
    with pytest.raises(CaseError, match="No space left"):
        run(server, tmp_path / "case")
    assert not (tmp_path / "case" / "case.json").exists()
    assert not (tmp_path / "case" / "case.db").exists()


def test_the_case_database_answers_questions(server: Path, tmp_path: Path) -> None:
    case, _ = run(server, tmp_path / "case")
    connection = sqlite3.connect(tmp_path / "case" / "case.db")
    (status,) = connection.execute("SELECT status FROM hosts").fetchone()
    assert status == case.hosts[0].verdict.status
    lines = connection.execute("SELECT count(*) FROM evidence").fetchone()[0]
    assert lines == sum(len(f.evidence) for f in case.hosts[0].findings)
    times = [row[0] for row in connection.execute("SELECT time FROM timeline")]
    assert times == sorted(times)
    rows = connection.execute("SELECT count(*) FROM manifest").fetchone()[0]
    assert rows == len(case.hosts[0].manifest.entries) + len(case.unassigned)
    document = json.loads((tmp_path / "case" / "case.json").read_bytes())
    assert document["schema"] == "extriage.case/1"
    connection.close()
