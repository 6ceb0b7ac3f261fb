"""From findings to the trail: who is followed, whom it shows, and the same in every scan."""

import gzip
import multiprocessing
import os
import shutil
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_pivot import IIS, OWNER, PROXY, SHELL, SPEC, Watching, asked, at, put, story, write

from extriage.analysis.suspects import Suspect, SuspectKind
from extriage.analysis.trailsuspects import Followed
from extriage.casefile import CaseFolder
from extriage.casefile.trail import NAME, TEMPORARY, TrailStore
from extriage.model.case import Case
from extriage.model.trail import TrailRecord
from extriage.pipeline import again, lives, sharing, worker
from extriage.pipeline import parts as splitting
from extriage.pipeline.beginning import begin
from extriage.pipeline.pack import Content
from extriage.pipeline.scan import Options, finish, scan
from extriage.samples import httpproxy, iis
from extriage.samples.organisation import organisation
from extriage.samples.web import Request

OFFICE = "198.51.100.200"
PLAIN = "Mozilla/5.0 (Windows NT 10.0)"


class Traced:
    """A scan's trail, and what its servers say of it."""

    def __init__(self, case: Case, folder: Path, announced: list[tuple[int, int]]) -> None:
        self.case = case
        self.announced = announced
        store = TrailStore.open(folder)
        self.records: dict[str, list[TrailRecord]] = {}
        if store is not None:
            self.records = {host: [one for _, one in store.records(host)] for host in store.hosts()}
            store.close()

    def of(self, **values: str) -> list[TrailRecord]:
        every = [one for records in self.records.values() for one in records]
        return [one for one in every if all(getattr(one, k) == v for k, v in values.items())]

    def notes(self) -> str:
        return " ".join(note for host in self.case.hosts for note in host.notes)


Trace = Callable[..., Traced]


@pytest.fixture
def traced(tmp_path: Path, files_held: None) -> Trace:
    """Scan a folder; what the readers left is looked at before the case is written.

    Nothing that is open can be taken away, so that what is left open is left over.
    """

    def run(evidence: Path, jobs: int = 1) -> Traced:
        folder, watcher = CaseFolder(tmp_path / "case"), Watching()
        folder.prepare(force=True)
        begun = begin([evidence], folder.path, jobs)
        case = scan(begun, folder, Options(Content(), jobs=jobs), watcher)
        found = Traced(case, folder.path, watcher.announced)
        assert not list(folder.path.glob(f"{TEMPORARY}*"))
        finish(case, folder, {})
        assert not (folder.path / NAME).exists()
        database = sqlite3.connect(folder.database)
        (count,) = database.execute("SELECT count(*) FROM trail").fetchone()
        database.close()
        assert count == len(found.of())
        return found

    return run


def own(request: Request, number: int, agent: str = "curl/7.1") -> Request:
    """Give a request an id and an agent of its own."""
    name = f"64a2e300-e9c9-4a0f-9487-{number:012}"
    return replace(request, request_id=name, agent=agent)


def intrusion() -> list[Request]:
    orders = [asked(at(2, 10, n), OWNER, method="POST") for n in range(4)]
    benign = [asked(at(3, 9, n), OWNER, "/owa/x.png") for n in range(3)]
    other = [asked(at(3, 8, n), "192.0.2.200", "/owa/x.png") for n in range(5)]
    named = [own(one, at) for at, one in enumerate([*orders, *benign])]
    return [*named, *(own(one, 90 + at, PLAIN) for at, one in enumerate(other))]


def test_all_that_an_intruder_did_is_in_the_trail(tmp_path: Path, traced: Trace) -> None:
    found = traced(write(tmp_path / "ev", intrusion()))
    assert {one.address for one in found.of()} == {OWNER}
    assert {(one.kind, one.target.partition("?")[0]) for one in found.of()} == {
        (kind, stem) for kind in ("iis", "httpproxy") for stem in (SHELL, "/owa/x.png")
    }
    assert len(found.of(kind="iis")) == 7
    assert len(found.announced) == 1


def test_without_suspects_nothing_is_read_or_kept(tmp_path: Path, traced: Trace) -> None:
    requests = [own(asked(at(3, 8, n), OWNER, "/owa/x.png"), n) for n in range(5)]
    found = traced(write(tmp_path / "ev", requests))
    assert (found.records, found.announced) == ({}, [])


def test_strangers_who_asked_for_the_page_are_not_followed(tmp_path: Path, traced: Trace) -> None:
    requests = [own(one, n, f"agent{n}") for n, one in enumerate(story())]
    found = traced(write(tmp_path / "ev", requests))
    pages = {(one.address, one.target.partition("?")[0]) for one in found.of(kind="iis")}
    assert {page for address, page in pages if address == "192.0.2.44"} == {SHELL}
    assert {kind for one in found.of(address="192.0.2.44") for kind, _ in one.hits} == {"page"}


def test_a_shared_address_is_followed_with_the_agent_only(tmp_path: Path, traced: Trace) -> None:
    requests = [own(asked(at(2, 10, n), OFFICE, method="POST"), n) for n in range(4)]
    requests.append(own(asked(at(3, 10), OFFICE, "/owa/x.png"), 9))
    for n in range(60):
        one = replace(asked(at(3, 8, n), OFFICE, "/owa/y.png"), user=f"CONTOSO\\user{n % 20}")
        requests.append(own(one, 100 + n, f"Mozilla/5.0 (Windows NT {n % 5})"))
    found = traced(write(tmp_path / "ev", requests))
    assert {one.target.partition("?")[0] for one in found.of(kind="iis")} == {SHELL, "/owa/x.png"}
    assert f"address {OFFICE}" in found.notes()


def canary_rows(folder: Path) -> None:
    """Add requests with the canary of an intruder, who comes from other addresses by and by."""
    columns = (
        "DateTime,RequestId,Protocol,UrlStem,UrlQuery,Method,HttpStatus,UserAgent,ClientIpAddress"
    )
    canary = "?schema=X&msExchEcpCanary=ABCdef1234567890._"
    rows = [
        (f"2021-03-02T10:0{n}:00.000Z", f"req-{n}", stem, query, address)
        for n, (stem, query, address) in enumerate(
            [
                ("/ecp/x.svc", canary, OWNER),
                ("/ecp/x.svc", canary, "203.0.113.50"),
                ("/owa/mail", "", "203.0.113.50"),
                ("/owa/mail", "", "203.0.113.51"),
            ]
        )
    ]
    lines = [f"{t},{r},Ecp,{s},{q},POST,200,curl/{r[-1]},{a}" for t, r, s, q, a in rows]
    head = ["#Log-type: HttpProxy Logs", f"#Fields: {columns}"]
    put(folder / PROXY.replace("Owa", "Ecp") / "HttpProxy_2021030210-1.LOG", [*head, *lines])
    data = "S:CMD=Get-Mailbox;S:URL=/ecp/x.svc?msExchEcpCanary=ABCdef1234567890._;S:ACTID=act-7"
    server = folder / "EX01/C/Logging/ECP/Server/ECPServer20210302-1.LOG"
    put(server, ["#Log-type: ECP Server Log", "#Fields: TimeStamp,ServerName,EventId,EventData"])
    with server.open("a") as file:
        file.write(f'2021-03-02T10:01:01.000Z,EX01,ECP.Request,"{data}"\r\n')


def test_an_intruder_who_changes_address_and_keeps_the_canary(
    tmp_path: Path, traced: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = write(tmp_path / "ev", [own(asked(at(1), "192.0.2.1", "/owa/x.png"), 1)])
    canary_rows(evidence)
    canary = Suspect(SuspectKind.CANARY, "abcdef1234567890._")
    monkeypatch.setattr(lives, "trail_suspects", lambda *_: Followed((canary,)))
    found = traced(evidence)
    assert sorted((one.address, one.target.partition("?")[0]) for one in found.of(part="Ecp")) == [
        ("203.0.113.50", "/ecp/x.svc"),
        ("203.0.113.50", "/owa/mail"),
        (OWNER, "/ecp/x.svc"),
    ]
    assert [one.method for one in found.of(kind="ecp-server")] == ["Get-Mailbox"]
    assert len(found.announced) == 2


def test_the_same_trail_however_the_work_is_shared_out(
    tmp_path: Path, traced: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = [
        own(asked(at(1, 1, n % 60, n // 60), "192.0.2.99", f"/owa/img/{n}.png"), 1000 + n, PLAIN)
        for n in range(3000)
    ]
    evidence = write(tmp_path / "ev", [*intrusion(), *noise], proxy=False)
    rows = sorted((evidence / IIS).glob("*.log"))
    whole = evidence / IIS / "u_ex2103.log"
    whole.write_bytes(b"".join(path.read_bytes() for path in rows))
    for path in rows:
        path.unlink()
    plain = traced(evidence).records
    assert sum(map(len, plain.values())) == 7
    monkeypatch.setattr(splitting, "LARGE", 1 << 15)
    monkeypatch.setattr(splitting, "PART", 1 << 16)
    assert traced(evidence).records == plain
    monkeypatch.setattr(sharing, "SMALL", 0)
    assert traced(evidence, jobs=2).records == plain


def bare(found: Traced) -> list[tuple[Any, ...]]:
    return [(one.time, one.line, one.offset, one.target, one.hits) for one in found.of()]


def test_logs_in_archives_are_read_again_too(tmp_path: Path, traced: Trace) -> None:
    evidence = write(tmp_path / "ev", intrusion())
    plain = bare(traced(evidence))
    (tmp_path / "zip").mkdir()
    with zipfile.ZipFile(tmp_path / "zip" / "EX01.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(evidence.rglob("*.[lL][oO][gG]")):
            archive.write(path, path.relative_to(evidence))
    assert bare(traced(tmp_path / "zip")) == plain
    (tmp_path / "tar").mkdir()
    with tarfile.open(tmp_path / "tar" / "EX01.tar.gz", "w:gz") as tape:
        tape.add(evidence / "EX01", "EX01")
    assert bare(traced(tmp_path / "tar")) == plain
    for path in sorted(evidence.rglob("*.[lL][oO][gG]")):
        with gzip.open(f"{path}.gz", "wb") as target:
            target.write(path.read_bytes())
        path.unlink()
    assert bare(traced(evidence)) == plain


def test_a_line_in_two_copies_of_a_log_is_one_record(tmp_path: Path, traced: Trace) -> None:
    requests = [*intrusion(), intrusion()[0]]
    evidence = write(tmp_path / "ev", requests)
    plain = bare(traced(evidence))
    log = evidence / IIS / "u_ex210302.log"
    for number, name in enumerate(("EX01/z/one.log", "EX01/C/z/W3SVC1/u_ex210302.log")):
        (evidence / name).parent.mkdir(parents=True)
        lines = log.read_text().splitlines()
        put(evidence / name, lines[: len(lines) - number])
    assert bare(traced(evidence)) == plain


def test_a_reader_that_dies_costs_its_logs_and_is_named(
    tmp_path: Path, traced: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = write(tmp_path / "ev", intrusion())
    reading = again.SecondReader.read

    def die(self: again.SecondReader, *rest: Any) -> None:
        if self.path.endswith("u_ex210303.log"):
            assert multiprocessing.parent_process() is not None
            os._exit(9)
        reading(self, *rest)

    whole = traced(evidence)
    lost = [one for one in whole.of() if one.path.endswith("u_ex210303.log")]
    monkeypatch.setattr(again.SecondReader, "read", die)
    monkeypatch.setattr(sharing, "SMALL", 0)
    monkeypatch.setattr(worker, "BATCH", 200 << 10)
    found = traced(evidence, jobs=2)
    assert lost
    assert found.records["EX01"] == [one for one in whole.records["EX01"] if one not in lost]
    assert "second time" in found.notes()


def test_a_scan_that_was_killed_leaves_nothing_that_counts(tmp_path: Path, traced: Trace) -> None:
    evidence = write(tmp_path / "ev", intrusion())
    plain = traced(evidence).records
    case = tmp_path / "case"
    shutil.rmtree(case)
    case.mkdir()
    (case / NAME).write_bytes(b"no database")
    (case / f"{TEMPORARY}0-batch-0").write_bytes(b"half a rec")
    assert traced(evidence).records == plain


def test_rows_of_the_samples_are_what_the_front_end_writes() -> None:
    org, request = organisation(SPEC), intrusion()[0]
    assert OWNER in iis.front(org, "2016", request)
    assert OWNER in httpproxy.row(org, SPEC.number, request)
