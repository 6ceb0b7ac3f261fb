"""The same evidence gives the same bytes, however the work is shared out or interrupted."""

import hashlib
import json
import multiprocessing
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
from extriage.pipeline import parts as splitting
from extriage.pipeline import sharing, worker
from extriage.pipeline.artifact import read_artifact
from extriage.pipeline.beginning import begin
from extriage.pipeline.pack import Content
from extriage.pipeline.scan import Options, finish, scan
from extriage.samples import ServerSpec, write_big_log, write_server
from extriage.sources import survey


class Silent:
    """A watcher that only remembers how much there was to do."""

    def __init__(self) -> None:
        self.units = 0
        self.bytes = 0
        self.met = 0
        self.logs_again = 0

    def total(self, size: int, units: int) -> None:
        self.units = units

    def read(self, size: int) -> None:
        self.bytes += size

    def done(self, path: str, findings: int) -> None:
        self.met += findings

    def again(self, size: int, logs: int) -> None:
        self.logs_again = logs


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence") / "EX01"
    write_server(folder, ServerSpec(attack="chain", lines=8_000, hours_per_file=8))
    return folder


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a server of few files, for what does not depend on how many there are."""
    folder = tmp_path_factory.mktemp("little") / "EX01"
    write_server(folder, ServerSpec(attack="chain", lines=1_500, hours_per_file=24))
    return folder


def run(server: Path, folder: Path, **options: Any) -> tuple[Case, Silent]:
    case_folder, watcher = CaseFolder(folder), Silent()
    case_folder.prepare(force=False)
    settings = Options(**options)
    begun = begin([server], case_folder.path, settings.jobs)
    case = scan(begun, case_folder, settings, watcher)
    finish(case, case_folder, {})
    return case, watcher


@pytest.fixture(scope="module")
def whole(server: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, Path]:
    """Scan the server once, in one process; tests leave the case as it is."""
    folder = tmp_path_factory.mktemp("whole") / "case"
    return run(server, folder, jobs=1)[0], folder


def command(server: Path, case: Path, *words: str) -> list[str]:
    start = [sys.executable, "-m", "extriage", "scan", str(server), "--case", str(case), "-q"]
    return [*start, *words]


def fingerprint(folder: Path) -> tuple[bytes, str]:
    database = hashlib.sha256((folder / "case.db").read_bytes()).hexdigest()
    return (folder / "case.json").read_bytes(), database


def test_any_number_of_workers_gives_the_same_bytes(
    server: Path, whole: tuple[Case, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SMALL", 0)
    _, watcher = run(server, tmp_path / "three", jobs=3)
    assert fingerprint(whole[1]) == fingerprint(tmp_path / "three")
    assert watcher.bytes > 1_000_000


def test_workers_that_begin_anew_give_the_same_bytes(
    little: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows and macOS know no workers that are copies of the first process."""
    run(little, tmp_path / "one", jobs=1)
    for user in (worker, sharing):
        monkeypatch.setattr(user, "context", lambda: multiprocessing.get_context("spawn"))
        monkeypatch.setattr(user, "SMALL", 0)
    run(little, tmp_path / "two", jobs=2)
    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "two")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_log_read_in_parts_gives_the_same_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    log = tmp_path / "evidence" / "HttpProxy_1.LOG"
    log.parent.mkdir()
    write_big_log(log, 3_000_000, 7)
    routed = next(line for line in log.read_bytes().splitlines() if b",ServerInfo~" in line)
    forged = b",".join(
        b"ServerInfo~a]@h:444/mapi/emsmdb" if cell.startswith(b"ServerInfo~") else cell
        for cell in routed.split(b",")
    )
    data = log.read_bytes() + (forged + b"\r\n") * 50
    log.write_bytes(data)
    whole, _ = run(log.parent, tmp_path / "whole", jobs=1)
    monkeypatch.setattr(splitting, "LARGE", 1_000_000)
    monkeypatch.setattr(splitting, "PART", 400_000)
    monkeypatch.setattr(splitting, "SEARCH", 8_000)
    monkeypatch.setattr(worker, "SMALL", 0)
    (unit,) = survey([log.parent]).units
    parts = splitting.plan(unit)
    assert len(parts) > 5
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    split, watcher = run(log.parent, tmp_path / "split", jobs=jobs)
    assert watcher.bytes >= len(data)
    assert split.hosts[0].findings == whole.hosts[0].findings
    assert split.hosts[0].manifest == whole.hosts[0].manifest
    assert split.hosts[0].coverage[0] == whole.hosts[0].coverage[0]
    (entry,) = split.hosts[0].manifest.entries
    assert entry.sha256 == hashlib.sha256(data).hexdigest()
    assert entry.lines == data.count(b"\n")
    lines = data.splitlines()
    for finding in split.hosts[0].findings:
        for line in finding.evidence:
            assert hashlib.sha256(lines[line.line - 1]).hexdigest() == line.sha256


def test_a_log_whose_columns_change_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "evidence" / "u_ex.log"
    log.parent.mkdir()
    head = b"#Software: Microsoft Internet Information Services 10.0\r\n"
    one = head + b"#Fields: date time cs-method cs-uri-stem sc-status\r\n"
    two = b"#Fields: date time cs-uri-stem cs-method sc-status\r\n"
    first = b"2021-03-02 10:00:00 GET /owa/ 200\r\n"
    last = b"2021-03-02 11:00:00 /owa/auth/zzshell.aspx POST 200\r\n"
    log.write_bytes(one + first * 400 + two + last * 400)
    whole, _ = run(log.parent, tmp_path / "whole")
    monkeypatch.setattr(splitting, "LARGE", 1000)
    monkeypatch.setattr(splitting, "PART", 4000)
    (unit,) = survey([log.parent]).units
    assert len(splitting.plan(unit)) > 3
    split, _ = run(log.parent, tmp_path / "split")
    assert split == whole
    assert any(f.rule == "webserver_shell_page_post" for f in split.hosts[0].findings)


def test_zone_hash_seed_and_working_folder_do_not_matter(little: Path, tmp_path: Path) -> None:
    results = []
    for zone, seed in (("UTC", "1"), ("Asia/Kathmandu", "77")):
        place = tmp_path / seed
        place.mkdir()
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        outcome = subprocess.run(
            command(little, Path("case")), cwd=place, env=environment, check=False
        )
        assert outcome.returncode == 1
        results.append(fingerprint(place / "case"))
    assert results[0] == results[1]


def test_the_prefilter_changes_no_finding(
    server: Path, whole: tuple[Case, Path], tmp_path: Path
) -> None:
    with_it, _ = whole
    without, _ = run(server, tmp_path / "off", content=Content(prefilter=False))
    assert with_it.hosts[0].findings == without.hosts[0].findings
    assert len(with_it.hosts[0].findings) > 20
    assert without.tool.slow_rules != with_it.tool.slow_rules


def test_a_scan_killed_at_any_moment_resumes(
    server: Path, whole: tuple[Case, Path], tmp_path: Path
) -> None:
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
    assert fingerprint(tmp_path / "killed") == fingerprint(whole[1])
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
    scan(begin([copy], folder.path, 1), folder, Options(), Silent())
    again = Silent()
    scan(begin([copy], folder.path, 1), folder, Options(), again)
    assert again.units == 0
    log = next(copy.rglob("HttpProxy*.LOG"))
    log.write_bytes(log.read_bytes() * 2)
    scan(begin([copy], folder.path, 1), folder, Options(), again)
    assert again.units > 0


def test_evidence_is_only_read(little: Path, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[str, int]]:
        return {
            str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in sorted(little.rglob("*"))
            if path.is_file()
        }

    before = state()
    run(little, tmp_path / "case")
    assert state() == before


def test_hashes_and_places_in_the_case_are_true(server: Path, whole: tuple[Case, Path]) -> None:
    case, _ = whole
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
    little: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def failing(artifact: Any, *rest: Any) -> Any:
        if artifact.path.endswith("Security.jsonl"):
            raise ZeroDivisionError
        return read_artifact(artifact, *rest)

    monkeypatch.setattr("extriage.pipeline.unit.read_artifact", failing)
    case, _ = run(little, tmp_path / "case")
    entries = case.hosts[0].manifest.entries
    (row,) = [entry for entry in entries if entry.status == "unreadable"]
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
    why = worker.outcome(future)
    assert isinstance(why, str)
    assert said in why


def test_small_units_travel_together_and_large_ones_first() -> None:
    units = [Unit(f"f{n}", f"f{n}", 1000) for n in range(500)]
    units.append(Unit("big", "big", 1 << 30))
    batches = list(worker.batches(units))
    assert [unit.path for unit in batches[0]] == ["big"]
    assert len(batches) < 10
    assert sorted(u.path for batch in batches for u in batch) == sorted(u.path for u in units)


def test_a_full_disk_leaves_nothing_that_looks_complete(
    little: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_database", full)
    with pytest.raises(CaseError, match="No space left"):
        run(little, tmp_path / "case")
    assert not (tmp_path / "case" / "case.json").exists()
    assert not (tmp_path / "case" / "case.db").exists()


def test_the_case_database_answers_questions(whole: tuple[Case, Path]) -> None:
    case, folder = whole
    connection = sqlite3.connect(folder / "case.db")
    (status,) = connection.execute("SELECT status FROM hosts").fetchone()
    assert status == case.hosts[0].verdict.status
    lines = connection.execute("SELECT count(*) FROM evidence").fetchone()[0]
    assert lines == sum(len(f.evidence) for f in case.hosts[0].findings)
    times = [row[0] for row in connection.execute("SELECT time FROM timeline")]
    assert times == sorted(times)
    rows = connection.execute("SELECT count(*) FROM manifest").fetchone()[0]
    assert rows == len(case.hosts[0].manifest.entries) + len(case.unassigned)
    document = json.loads((folder / "case.json").read_bytes())
    assert document["schema"] == "extriage.case/1"
    connection.close()
