"""A suspect page is followed through the web logs: once for all, counted once, told by status."""

import hashlib
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extriage.casefile import CaseFolder
from extriage.errors import SourceError
from extriage.knowledge.suppressions import read_suppressions
from extriage.model.detection import Certainty, Evidence, Stage
from extriage.model.host import Host
from extriage.model.persistence import PageLife, Role, Visitor
from extriage.pipeline import again, conclude, sharing
from extriage.pipeline import parts as splitting
from extriage.pipeline.beginning import begin
from extriage.pipeline.host import HostEvidence, triage_host
from extriage.pipeline.pack import Content
from extriage.pipeline.scan import Options, scan
from extriage.samples import ServerSpec, httpproxy, iis
from extriage.samples.organisation import organisation
from extriage.samples.web import Request

SPEC = ServerSpec(name="EX01")
OWNER, WALKER, LATE, FRIEND = "203.0.113.9", "192.0.2.44", "192.0.2.77", "198.51.100.66"
SHELL = "/owa/auth/Qx7Tr.aspx"
PAGE = SHELL.lower()
LIST = tuple(f"/owa/auth/{name}.aspx" for name in ("shell", "web", "help", "one", "load"))
IIS = "EX01/C/inetpub/logs/LogFiles/W3SVC1"
PROXY = "EX01/C/Program Files/Microsoft/Exchange Server/V15/Logging/HttpProxy/Owa"


def at(day: int, hour: int = 12, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2021, 3, day, hour, minute, second, tzinfo=UTC)


def asked(
    time: datetime, client: str, stem: str = SHELL, method: str = "GET", status: int = 200
) -> Request:
    return Request(
        time=time,
        took=9,
        request_id="64a2e300-e9c9-4a0f-9487-e8e1afe4f62b",
        protocol="Owa",
        method=method,
        host="mail.contoso.example",
        stem=stem,
        client=client,
        agent="Mozilla/5.0 (Windows NT 10.0)",
        status=status,
        received=120,
    )


def walk(time: datetime, client: str, *, there: bool, method: str = "GET") -> list[Request]:
    """Return the requests of somebody who tries a list of names, one of which is the shell's."""
    hit = asked(time, client, SHELL, method, 200 if there else 302)
    rest = [
        asked(time + timedelta(seconds=n + 1), client, name, method, 302)
        for n, name in enumerate(LIST)
    ]
    return [hit, *rest]


def story() -> list[Request]:
    """Return what befell a page: hunted in vain, planted, used, hunted, used, removed, hunted."""
    return [
        *walk(at(1, 8), WALKER, there=False),
        asked(at(2, 10), OWNER, method="POST"),
        asked(at(2, 10, 1), OWNER, method="POST"),
        asked(at(2, 10, 2), OWNER, method="POST", status=500),
        *walk(at(3), WALKER, there=True, method="POST"),
        asked(at(4), FRIEND),
        asked(at(5), OWNER, method="POST"),
        *walk(at(6, 9), LATE, there=False),
    ]


def write(folder: Path, requests: list[Request], *, proxy: bool = True) -> Path:
    """Write IIS logs by day and HttpProxy logs by hour, as the front end does."""
    org, build = organisation(SPEC), SPEC.number
    days: dict[str, list[str]] = {}
    hours: dict[str, list[str]] = {}
    for request in sorted(requests, key=lambda one: one.time):
        day, hour = f"{IIS}/u_ex{request.time:%y%m%d}.log", f"{request.time:%Y%m%d%H}"
        days.setdefault(day, []).append(iis.front(org, "2016", request))
        if proxy and request.stem.startswith("/owa/"):
            row = httpproxy.row(org, build, request)
            hours.setdefault(f"{PROXY}/HttpProxy_{hour}-1.LOG", []).append(row)
    for name, rows in days.items():
        put(folder / name, [*iis.head("2016", at(1)), *rows])
    for name, rows in hours.items():
        put(folder / name, [*httpproxy.head(build, at(1)), *rows])
    return folder


def put(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join([*lines, ""]), "utf-8")


@dataclass
class Scanned:
    lives: dict[str, dict[str, PageLife]]
    hosts: dict[str, Host]
    announced: list[tuple[int, int]]


class Watching:
    def __init__(self) -> None:
        self.announced: list[tuple[int, int]] = []
        self.bytes = 0

    def total(self, size: int, units: int) -> None:
        self.bytes = 0

    def read(self, size: int) -> None:
        self.bytes += size

    def done(self, path: str, findings: int) -> None:
        assert path

    def again(self, size: int, logs: int) -> None:
        self.announced.append((size, logs))


Scan = Callable[..., Scanned]


@pytest.fixture
def scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Scan a folder and remember what the second pass told each server."""
    lives: dict[str, dict[str, PageLife]] = {}
    triage = triage_host

    def remember(evidence: HostEvidence, *rest: Any, **more: Any) -> Host:
        lives[evidence.name] = {one.page: one for one in evidence.lives}
        return triage(evidence, *rest, **more)

    monkeypatch.setattr(conclude, "triage_host", remember)

    def run(evidence: Path, jobs: int = 1, content: Content | None = None) -> Scanned:
        lives.clear()
        folder, watcher = CaseFolder(tmp_path / "case"), Watching()
        folder.prepare(force=True)
        options = Options(content or Content(), jobs=jobs)
        case = scan(begin([evidence], folder.path, jobs), folder, options, watcher)
        return Scanned(dict(lives), {host.name: host for host in case.hosts}, watcher.announced)

    return run


def one_life(found: Scanned) -> PageLife:
    (lives,) = found.lives.values()
    (life,) = lives.values()
    return life


def orders_line(found: Scanned) -> Evidence:
    (host,) = found.hosts.values()
    (finding,) = [one for one in host.findings if one.rule == "page_life_orders_answered"]
    (line,) = finding.evidence
    return line


def visitors(life: PageLife) -> dict[str, Visitor]:
    return {one.address: one for one in life.visitors}


def test_the_story_of_a_page_is_told_by_its_answers(tmp_path: Path, scanned: Scan) -> None:
    life = one_life(scanned(write(tmp_path / "ev", story())))
    assert life.page == PAGE
    assert (life.requests, life.answered) == (8, 6)
    assert (life.first, life.last) == (at(1, 8), at(6, 9))
    assert (life.missing_until, life.first_answered) == (at(1, 8), at(2, 10))
    assert (life.last_answered, life.gone_after) == (at(5), at(5))
    assert life.gone_before == at(6, 9)
    assert life.methods == (("POST", 5), ("GET", 3))
    assert life.statuses == (("200", 5), ("302", 2), ("500", 1))
    assert (life.sizes, life.bytes_out, life.bytes_in) == (0, None, 8 * 120)
    roles = {address: one.role for address, one in visitors(life).items()}
    assert roles == {
        OWNER: Role.OWNER,
        WALKER: Role.STRANGER,
        FRIEND: Role.INFORMED,
        LATE: Role.STRANGER,
    }
    owner = life.visitors[0]
    assert (owner.address, owner.requests, owner.answered) == (OWNER, 4, 4)
    assert (owner.first, owner.last, owner.methods) == (at(2, 10), at(5), (("POST", 4),))


def test_both_logs_prove_it_and_neither_counts_twice(tmp_path: Path, scanned: Scan) -> None:
    evidence = write(tmp_path / "ev", story())
    life = one_life(scanned(evidence))
    assert {proof.path.rpartition("/")[2] for proof in life.proofs} == {
        *("u_ex210302.log", "u_ex210305.log", "u_ex210306.log"),
        *(f"HttpProxy_20210{hour}-1.LOG" for hour in ("30210", "30512", "30609")),
    }
    for proof in life.proofs:
        lines = (evidence.parent / proof.path).read_text().splitlines()
        assert lines[proof.line - 1] == proof.text
    alone = one_life(scanned(write(tmp_path / "iis", story(), proxy=False)))
    assert alone.requests == life.requests
    shutil.rmtree(evidence / IIS)
    proxied = one_life(scanned(evidence))
    assert (proxied.requests, proxied.gone_after) == (life.requests, life.gone_after)


def test_what_came_back_is_told_by_its_last_life(tmp_path: Path, scanned: Scan) -> None:
    requests = [
        *story(),
        asked(at(8), OWNER, method="POST"),
        asked(at(9), LATE, status=302),
    ]
    life = one_life(scanned(write(tmp_path / "ev", requests)))
    assert (life.first_answered, life.missing_until) == (at(2, 10), at(1, 8))
    assert (life.gone_after, life.gone_before) == (at(8), at(9))


def test_a_page_that_answers_to_the_end_is_not_gone(tmp_path: Path, scanned: Scan) -> None:
    requests = [one for one in story() if one.time < at(6, 0)]
    life = one_life(scanned(write(tmp_path / "ev", requests)))
    assert (life.gone_after, life.gone_before, life.last_answered) == (None, None, at(5))


def test_a_page_that_moved_has_two_lives(tmp_path: Path, scanned: Scan) -> None:
    moved = "/aspnet_client/Qx7Tr.aspx"
    requests = [
        *story(),
        asked(at(6), OWNER, moved, "POST"),
        asked(at(7), OWNER, f"{moved}/a.js", "POST"),
        asked(at(8), OWNER, moved, status=404),
    ]
    lives = scanned(write(tmp_path / "ev", requests)).lives["EX01"]
    assert sorted(lives) == ["/aspnet_client/qx7tr.aspx", PAGE]
    life = lives["/aspnet_client/qx7tr.aspx"]
    assert (life.requests, life.answered, life.gone_before) == (3, 2, at(8))


def test_who_only_walks_names_never_owns_a_page(tmp_path: Path, scanned: Scan) -> None:
    requests = [
        *walk(at(2), WALKER, there=True),
        *walk(at(3), WALKER, there=True, method="POST"),
        *walk(at(4), LATE, there=True, method="POST"),
    ]
    life = one_life(scanned(write(tmp_path / "ev", requests)))
    assert life.answered == 3
    assert {one.role for one in life.visitors} == {Role.STRANGER}


def test_a_page_on_disk_is_followed_wherever_it_lies(tmp_path: Path, scanned: Scan) -> None:
    stem = "/helpdesk/tools/Upd.aspx"
    requests = [asked(at(2), OWNER, stem, "POST"), asked(at(3), FRIEND, stem, status=401)]
    evidence = write(tmp_path / "ev", requests)
    words = ("<%@ Page Language='JScr", "ipt'%><%ev", "al(Request.Item['k'],'uns", "afe');%>")
    put(evidence / f"EX01/C/inetpub/wwwroot{stem}", ["".join(words)])
    found = scanned(evidence)
    life = one_life(found)
    assert life.page == stem.lower()
    assert (life.requests, life.answered, life.visitors[0].role) == (2, 1, Role.OWNER)
    assert visitors(life)[FRIEND].role is Role.INFORMED
    (host,) = found.hosts.values()
    (finding,) = [one for one in host.findings if one.rule == "page_life_orders_answered"]
    assert (finding.stage, finding.certainty, finding.count) == (
        Stage.EXECUTED,
        Certainty.LIKELY,
        1,
    )
    (line,) = finding.evidence
    assert (line.time, line.kind, dict(line.keys)["address"]) == (at(2), "page-life", OWNER)
    data = (evidence.parent / line.path).read_bytes()
    raw = data.splitlines()[line.line - 1]
    assert (line.text, line.sha256) == (raw.decode(), hashlib.sha256(raw).hexdigest())
    assert data[line.offset :].startswith(raw)


def test_orders_to_a_page_that_is_only_hinted_at_prove_nothing(
    tmp_path: Path, scanned: Scan
) -> None:
    stem = "/oab/Upd.cshtml"
    requests = [asked(at(2), OWNER, stem, status=500), asked(at(3), OWNER, f"{stem}/x", "POST")]
    found = scanned(write(tmp_path / "ev", requests))
    assert visitors(one_life(found))[OWNER].role is Role.OWNER
    (host,) = found.hosts.values()
    assert "page_life_orders_answered" not in {one.rule for one in host.findings}


def test_a_page_without_a_known_place_is_followed_by_its_name(
    tmp_path: Path, scanned: Scan
) -> None:
    evidence = write(tmp_path / "ev", [asked(at(2), OWNER, "/custom/Upd7.aspx", "POST")])
    words = ("<%@ Page Language='JScr", "ipt'%><%ev", "al(Request.Item['k'],'uns", "afe');%>")
    put(evidence / "EX01/found/upd7.aspx", ["".join(words)])
    assert one_life(scanned(evidence)).page == "/custom/upd7.aspx"


def test_without_suspects_nothing_is_read_again(tmp_path: Path, scanned: Scan) -> None:
    requests = [asked(at(2), OWNER, "/owa/auth/logon.aspx"), *walk(at(3), WALKER, there=False)]
    found = scanned(write(tmp_path / "ev", requests))
    assert found.lives == {"EX01": {}}
    assert found.announced == []


def test_the_logs_to_read_again_are_announced(tmp_path: Path, scanned: Scan) -> None:
    evidence = write(tmp_path / "ev", story())
    logs = [path for path in evidence.rglob("*") if path.is_file()]
    found = scanned(evidence)
    assert found.announced == [(sum(path.stat().st_size for path in logs), len(logs))]


def test_archives_encodings_and_workers_change_nothing(
    tmp_path: Path, scanned: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = write(tmp_path / "ev", story())
    plain = one_life(scanned(evidence))
    monkeypatch.setattr(sharing, "SMALL", 0)
    assert one_life(scanned(evidence, jobs=2)) == plain
    archive = tmp_path / "EX01.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(evidence.rglob("*")):
            file.write(path, path.relative_to(evidence))
    for path in evidence.rglob("*.log"):
        path.write_bytes(path.read_text().encode("utf-16"))
    for found in (scanned(archive, jobs=2), scanned(evidence)):
        life = one_life(found)
        assert replace(life, proofs=()) == replace(plain, proofs=())
        assert [(one.line, one.text) for one in life.proofs] == [
            (one.line, one.text) for one in plain.proofs
        ]


def test_a_large_log_read_in_parts_gives_the_same(
    tmp_path: Path, scanned: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = [
        asked(at(1) + timedelta(seconds=7 * n), FRIEND, f"/owa/img/{n}.png") for n in range(9000)
    ]
    evidence = write(tmp_path / "ev", [*story(), *noise], proxy=False)
    rows = sorted((evidence / IIS).glob("*.log"))
    whole = evidence / IIS / "u_ex2103.log"
    whole.write_bytes(b"".join(path.read_bytes() for path in rows))
    for path in rows:
        path.unlink()
    found = scanned(evidence)
    plain = one_life(found)
    monkeypatch.setattr(splitting, "LARGE", 1 << 16)
    monkeypatch.setattr(splitting, "PART", 1 << 17)
    parted = scanned(evidence)
    assert one_life(parted) == plain
    assert orders_line(parted) == orders_line(found)
    monkeypatch.setattr(sharing, "SMALL", 0)
    assert one_life(scanned(evidence, jobs=2)) == plain


def test_copies_of_a_log_count_once(tmp_path: Path, scanned: Scan) -> None:
    evidence = write(tmp_path / "ev", story())
    plain = one_life(scanned(evidence))
    for path in sorted((evidence / IIS).glob("*.log")):
        lines = path.read_text().splitlines()
        put(evidence / "EX01/HarddiskVolumeShadowCopy1/W3SVC1" / path.name, lines[:-1])
        put(evidence / "EX01/copies" / path.name, lines)
    assert replace(one_life(scanned(evidence)), proofs=()) == replace(plain, proofs=())


def test_a_log_without_dates_or_head_is_followed_too(tmp_path: Path, scanned: Scan) -> None:
    evidence = write(tmp_path / "ev", story(), proxy=False)
    plain = one_life(scanned(evidence))
    for number, path in enumerate(sorted((evidence / IIS).glob("*.log"))):
        head, rows = path.read_text().splitlines()[:4], path.read_text().splitlines()[4:]
        if number % 2:
            put(path, rows)
            continue
        day = f"20{path.name[4:6]}-{path.name[6:8]}-{path.name[8:10]}"
        head[2:] = [f"#Date: {day} 00:00:00", head[3].replace(" date time", " time")]
        put(path, [*head, *(row.partition(" ")[2] for row in rows)])
    life = one_life(scanned(evidence))
    assert replace(life, proofs=()) == replace(plain, proofs=())


def test_the_organisations_own_scanner_is_called_so(tmp_path: Path, scanned: Scan) -> None:
    evidence = write(tmp_path / "ev", story())
    known = tmp_path / "known.yml"
    known.write_text(
        f"scanners:\n  - name: weekly check\n    addresses: [{FRIEND}, {OWNER}]\n"
        "    hosts: [EX01]\n"
        f"  - name: of another server\n    addresses: [{LATE}]\n    hosts: [EX02]\n"
    )
    entries = read_suppressions([known], at(1).date())
    life = one_life(scanned(evidence, content=Content(suppressions=entries)))
    assert visitors(life)[FRIEND].role is Role.ORGANISATION
    assert visitors(life)[LATE].role is Role.STRANGER
    assert visitors(life)[OWNER].role is Role.OWNER


def test_a_log_that_cannot_be_read_again_is_named(
    tmp_path: Path, scanned: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = write(tmp_path / "ev", story(), proxy=False)
    reading = again.SecondReader.read

    def fail(self: again.SecondReader, *rest: Any) -> None:
        if self.path.endswith("u_ex210305.log"):
            raise SourceError("the disk is gone")
        if self.path.endswith("u_ex210304.log"):
            raise ValueError("odd")
        reading(self, *rest)

    monkeypatch.setattr(again.SecondReader, "read", fail)
    found = scanned(evidence)
    assert one_life(found).last_answered == at(3)
    (host,) = found.hosts.values()
    assert any("2 files" in note and "second time" in note for note in host.notes)
