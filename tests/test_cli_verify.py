"""Custody at the keyboard: who did it, what was done, and whether anything changed since."""

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

import image_making as making
import pytest

from extriage.casefile import runlog
from extriage.cli import scanning
from extriage.cli import verify as verifying
from extriage.errors import CaseError
from keyboard import Keyboard, Outcome

EVIDENCE = Path(__file__).parent / "evidence" / "iis"


@pytest.fixture
def coll(tmp_path: Path) -> Path:
    """Evidence: some logs, a file of no kind, and the same logs in a zip archive."""
    folder = tmp_path / "coll"
    shutil.copytree(EVIDENCE, folder / "logs")
    (folder / "notes.bin").write_bytes(bytes(range(256)))
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        for log in sorted(item for item in EVIDENCE.iterdir() if item.is_file()):
            archive.writestr(f"W3SVC1/{log.name}", log.read_bytes() + b"#end\n")
    return folder


def scanned(run: Keyboard, coll: Path, *more: str) -> Outcome:
    outcome = run("scan", coll, "--case", "c", "-q", "--jobs", "1", *more)
    assert outcome.code in (0, 1, 3)
    return outcome


def verified(run: Keyboard, *words: str | Path) -> tuple[int, dict[str, dict[str, str]]]:
    """Verify and return the exit code, and by state the files that are in it."""
    outcome = run("verify", "c", *words, "--json")
    document = json.loads(outcome.out)
    assert document["schema"] == "extriage.verify/1"
    assert {"unchanged": 0, "changed": 1, "cannot-tell": 3}[document["verdict"]] == outcome.code
    found: dict[str, dict[str, str]] = {}
    for check in (document["evidence"] or {"files": []})["files"]:
        found.setdefault(check["state"], {})[check["path"]] = check["reason"]
    return outcome.code, found


def log_of(coll: Path) -> Path:
    return next(item for item in sorted((coll / "logs").iterdir()) if item.suffix == ".log")


def test_what_nobody_touched_is_unchanged_down_to_every_file(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    code, found = verified(run)
    assert code == 0
    assert set(found) == {"same"}
    on_disk = {f"coll/{f.relative_to(coll).as_posix()}" for f in coll.rglob("*") if f.is_file()}
    assert set(found["same"]) == on_disk
    screen = run("verify", "c")
    assert screen.out.startswith("UNCHANGED  c: ")
    assert "inside containers that are the same" in screen.out


def test_every_file_and_container_of_a_case_has_its_hash(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    case = json.loads(Path("c/case.json").read_bytes())
    rows = [row for host in case["hosts"] for row in host["manifest"]["entries"]]
    assert all(row["sha256"] for row in (*rows, *case["unassigned"]))
    (container,) = case["custody"]["containers"]
    assert container["path"] == "coll/more.zip"
    assert container["sha256"] == runlog.sha256_of(coll / "more.zip")
    assert container["note"] == "zip archive"


def test_changed_missing_and_new_files_are_named(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    log = log_of(coll)
    data = bytearray(log.read_bytes())
    data[-3] ^= 1
    log.write_bytes(data)
    (coll / "notes.bin").unlink()
    (coll / "logs" / "later.txt").write_text("put in afterwards")
    code, found = verified(run)
    assert code == 1
    assert set(found["changed"]) == {f"coll/logs/{log.name}"}
    assert set(found["missing"]) == {"coll/notes.bin"}
    assert set(found["new"]) == {"coll/logs/later.txt"}
    screen = run("verify", "c")
    assert (screen.code, screen.out.startswith("CHANGED  c")) == (1, True)
    assert f"changed   coll/logs/{log.name}" in screen.out


def test_in_an_archive_that_changed_the_files_that_differ_are_named(
    run: Keyboard, coll: Path
) -> None:
    scanned(run, coll)
    with zipfile.ZipFile(coll / "more.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    first, *others = sorted(held)
    with zipfile.ZipFile(coll / "more.zip", "w") as archive:
        for name in others:
            archive.writestr(name, held[name])
        archive.writestr(first, held[first] + b"x")
        archive.writestr("added.txt", "added")
    _, found = verified(run)
    assert set(found["changed"]) == {"coll/more.zip", f"coll/more.zip!/{first}"}
    assert set(found["new"]) == {"coll/more.zip!/added.txt"}
    assert {f"coll/more.zip!/{name}" for name in others} <= set(found["same"])


def test_an_archive_that_is_gone_is_missing_once(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    (coll / "more.zip").unlink()
    assert set(verified(run)[1]["missing"]) == {"coll/more.zip"}


def test_evidence_is_found_again_under_another_name(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    coll.rename(coll.with_name("copied"))
    gone = run("verify", "c")
    assert gone.code == 3
    assert "name where it lies now: extriage verify c PATH" in gone.out
    assert verified(run, "copied")[0] == 0


def test_a_case_file_that_was_changed_or_is_gone_is_told(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    document = Path("c/case.json")
    document.write_bytes(document.read_bytes().replace(b"cannot-tell", b"no-sign", 1))
    outcome = run("verify", "c", "--no-evidence")
    assert outcome.code == 1
    assert "changed   case.json" in outcome.out
    Path("c/case.db").unlink()
    assert "missing   case.db" in run("verify", "c", "--no-evidence").out


def test_a_damaged_case_document_is_a_finding_and_no_wrong_usage(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    Path("c/case.json").write_bytes(b'{"schema": "extriage.case/1"')
    outcome = run("verify", "c")
    assert outcome.code == 1
    assert "the evidence was not compared: " in outcome.out


def test_without_a_run_log_it_cannot_be_told_whether_the_case_changed(
    run: Keyboard, coll: Path
) -> None:
    scanned(run, coll)
    Path("c/run.jsonl").unlink()
    outcome = run("verify", "c", coll)
    assert outcome.code == 3
    assert "no run log" in outcome.out
    assert verified(run, coll)[1].keys() == {"same"}


def test_a_seal_noted_elsewhere_shows_a_log_that_was_written_anew(
    run: Keyboard, coll: Path
) -> None:
    said = scanned(run, coll, "--operator", "A. Person", "--case-id", "IR-7").err
    seal = runlog.read(Path("c")).head
    assert f"the run log ends with {seal}" in said
    assert run("verify", "c", "--seal", seal[:16]).code == 0
    lines = Path("c/run.jsonl").read_text().splitlines()
    started = json.loads(lines[0])
    Path("c/run.jsonl").unlink()
    for line in lines:
        facts = {k: v for k, v in json.loads(line).items() if k not in ("number", "previous")}
        what, at = facts.pop("what"), facts.pop("at")
        facts["operator"] = "Somebody else"
        runlog.append(Path("c"), what, at, facts)
    assert started["operator"] == "A. Person"
    assert run("verify", "c").code == 0
    outcome = run("verify", "c", "--seal", seal)
    assert (outcome.code, "no line has it" in outcome.out) == (1, True)
    assert run("verify", "c", "--seal", "abc").code == 2


def test_a_broken_chain_is_told_with_its_line(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    log = Path("c/run.jsonl")
    log.write_bytes(log.read_bytes().replace(b'"resumed": false', b'"resumed": true', 1))
    outcome = run("verify", "c", "--no-evidence")
    assert outcome.code == 1
    assert "broken: line 2 does not follow line 1" in outcome.out


def test_verify_writes_nothing(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    before = {item: item.stat().st_mtime_ns for item in Path("c").rglob("*")}
    run("verify", "c")
    assert {item: item.stat().st_mtime_ns for item in Path("c").rglob("*")} == before


def test_the_log_tells_scan_reports_and_answers(run: Keyboard, coll: Path) -> None:
    scanned(run, coll, "--format", "json=all.json")
    run("report", "c", "--format", "html", "-o", "page.html")
    run("report", "c")
    run("answers", "c", "--form", "gdpr-33", "--now", "2026-01-01T00:00Z")
    run("answers", "c", "--form", "gdpr-33", "--now", "2026-01-02T00:00Z")
    lines = runlog.read(Path("c")).lines
    assert [line.what for line in lines] == [
        "scan-started", "scan-finished", "report", "report", "answers",
    ]  # fmt: skip
    facts = lines[0].facts
    assert facts["evidence"] == [{"path": str(coll), "shown": "coll"}]
    assert lines[3].facts["sha256"] == runlog.sha256_of(Path("page.html"))
    assert verified(run, "--no-evidence")[0] == 0
    kept = next(Path("c/answers").iterdir())
    kept.write_bytes(kept.read_bytes() + b" ")
    assert f"changed   answers/{kept.name}" in run("verify", "c", "--no-evidence").out


def test_another_scan_into_the_folder_goes_on_with_the_log(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    scanned(run, coll, "--force")
    assert [line.what for line in runlog.read(Path("c")).lines] == [
        "scan-started", "scan-finished", "scan-started", "scan-finished",
    ]  # fmt: skip
    assert verified(run)[0] == 0


def test_a_scan_that_was_interrupted_says_so_in_the_log(
    run: Keyboard, coll: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(scanning, "run_scan", interrupted)
        assert run("scan", coll, "--case", "c", "-q").code == 130
    last = runlog.read(Path("c")).lines[-1]
    assert (last.what, last.facts) == ("scan-stopped", {"reason": "interrupted at the keyboard"})
    scanned(run, coll)
    assert verified(run)[0] == 0


def test_custody_stands_in_the_case_and_on_the_reports_and_changes_nothing_else(
    run: Keyboard, coll: Path
) -> None:
    words = ("--operator", "A. Person", "--case-id", "IR-7", "--note", "first", "--note", "se\x1bc")
    scanned(run, coll, *words)
    told = json.loads(Path("c/case.json").read_bytes())
    assert told["custody"] | {"containers": []} == {
        "operator": "A. Person", "case_id": "IR-7", "notes": ["first", "se\x1bc"], "containers": [],
    }  # fmt: skip
    for format in ("text", "markdown", "html"):
        text = run("report", "c", "--format", format).out
        assert "A. Person" in text
        assert "IR-7" in text
        assert "\x1b" not in text
    again = run("scan", coll, "--case", "d", "-q", "--jobs", "2", *words)
    assert Path("d/case.json").read_bytes() == Path("c/case.json").read_bytes()
    assert Path("d/case.db").read_bytes() == Path("c/case.db").read_bytes()
    run("scan", coll, "--case", "e", "-q")
    plain = json.loads(Path("e/case.json").read_bytes())
    del plain["custody"], told["custody"]
    assert (plain, again.code) == (told, again.code)


def test_a_case_on_a_medium_that_cannot_be_written_is_still_shown(
    run: Keyboard, coll: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(run, coll)

    def refused(*_: object) -> str:
        raise CaseError("c/run.jsonl cannot be written: Read-only file system")

    monkeypatch.setattr(runlog, "append", refused)
    outcome = run("report", "c", "-o", "r.txt")
    assert outcome.code == 0
    assert "not noted in the run log" in outcome.err
    assert Path("r.txt").is_file()


def test_a_copied_case_document_gets_no_log_of_its_own(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    Path("alone").mkdir()
    shutil.copy("c/case.json", "alone")
    assert run("report", "alone/case.json", "-o", "r.txt").code == 0
    assert [item.name for item in Path("alone").iterdir()] == ["case.json"]


def test_what_is_no_case_is_wrong_usage(run: Keyboard, coll: Path) -> None:
    assert run("verify", coll).code == 2
    assert run("verify", "nowhere").code == 2


@making.needs("mkntfs", "wimcapture", "wimapply")
def test_a_file_inside_a_disk_image_that_was_not_hashed_is_compared(
    run: Keyboard, tmp_path: Path
) -> None:
    place = tmp_path / "tree" / "inetpub" / "logs" / "LogFiles" / "W3SVC1"
    place.mkdir(parents=True)
    log = (EVIDENCE / "iis10.log").read_bytes()
    log *= 40  # so that it gets clusters of its own
    (place / "u_ex210305.log").write_bytes(log)
    image = tmp_path / "disk" / "srv.img"
    image.parent.mkdir()
    making.ntfs(tmp_path / "tree", image, 32 << 20)
    assert run("scan", tmp_path / "disk", "--case", "c", "-q").code in (0, 1, 3)
    code, found = verified(run)
    assert code == 0
    (inside,) = [path for path in found["same"] if path.endswith("/u_ex210305.log")]
    assert "disk/srv.img" in found["not-hashed"]
    data = bytearray(image.read_bytes())
    at = data.index(log[:200])
    data[at + 100] ^= 1
    image.write_bytes(data)
    code, found = verified(run)
    assert (code, set(found["changed"])) == (1, {inside})
    data[at + 100] ^= 1
    image.write_bytes(data)
    outcome = run("verify", "c")
    assert outcome.code == 0
    assert "1 file of the evidence has no hash in the case" in outcome.out
    image.write_bytes(data + bytes(1 << 20))
    code, found = verified(run)
    assert (code, set(found["changed"])) == (1, {"disk/srv.img"})


def test_a_mounted_drive_is_compared_where_it_lies_now(run: Keyboard, tmp_path: Path) -> None:
    place = tmp_path / "mnt" / "inetpub" / "logs" / "LogFiles" / "W3SVC1"
    place.mkdir(parents=True)
    (tmp_path / "mnt" / "Windows" / "System32").mkdir(parents=True)
    shutil.copy(EVIDENCE / "iis10.log", place / "u_ex210305.log")
    assert run("scan", "--drive", "C=mnt", "--case", "c", "-q").code in (0, 1, 3)
    assert verified(run)[0] == 0
    (tmp_path / "mnt").rename(tmp_path / "moved")
    code, found = verified(run, "--drive", "C=moved")
    assert code == 0
    (log,) = [path for path in found["same"] if path.endswith("/u_ex210305.log")]
    (tmp_path / "moved/inetpub/logs/LogFiles/W3SVC1/u_ex210305.log").write_bytes(b"x")
    assert set(verified(run, "--drive", "C=moved")[1]["changed"]) == {log}


def test_of_a_running_server_only_the_case_is_compared(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    runlog.append(Path("c"), "scan-started", "2021-03-05T00:00:00Z", {"live": True, "evidence": []})
    runlog.append(Path("c"), "scan-finished", "2021-03-05T00:00:00Z", {})
    outcome = run("verify", "c")
    assert outcome.code == 3
    assert "the server's drives were not compared" in outcome.out


def rewritten(*facts: dict[str, object]) -> None:
    """Write the run log anew, with facts put into its lines: a chain that hangs together."""
    log, previous, out = Path("c/run.jsonl"), "", b""
    for line, more in zip(log.read_bytes().splitlines(), facts, strict=True):
        raw = json.dumps(json.loads(line) | more | {"previous": previous}).encode()
        previous, out = hashlib.sha256(raw).hexdigest(), out + raw + b"\n"
    log.write_bytes(out)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
@pytest.mark.parametrize("name", ["case.db", "case.json", "run.jsonl"])
def test_a_pipe_in_a_case_folder_is_not_waited_for(run: Keyboard, coll: Path, name: str) -> None:
    scanned(run, coll)
    Path("c", name).unlink()
    os.mkfifo(Path("c", name))
    outcome = run("verify", "c")
    assert outcome.code == 3
    assert "CANNOT TELL" in outcome.out


@pytest.mark.parametrize("name", ["/dev/zero", "a\0b", "../coll/notes.bin", r"C:\pagefile.sys"])
def test_a_log_that_names_files_elsewhere_leads_nowhere(
    run: Keyboard, coll: Path, name: str
) -> None:
    scanned(run, coll)
    rewritten({}, {"files": {name: runlog.sha256_of(coll / "notes.bin")}})
    outcome = run("verify", "c", "--json")
    assert outcome.code == 3
    (check,) = json.loads(outcome.out)["case_files"]
    assert (check["path"], check["state"]) == (name, "unread")


def test_a_case_from_elsewhere_makes_nobody_call_another_computer(
    run: Keyboard, coll: Path
) -> None:
    scanned(run, coll)
    rewritten({"evidence": [{"path": r"\\evil\share", "shown": "coll"}]}, {})
    outcome = run("verify", "c")
    assert outcome.code == 3
    assert r"it lay on another computer, \\evil\share" in outcome.out
    rewritten({"evidence": [], "drives": [r"C=\\evil\share"]}, {})
    outcome = run("verify", "c")
    assert outcome.code == 3
    assert r"it lay on another computer, \\evil\share" in outcome.out
    rewritten({"evidence": [], "drives": ["C=/mnt\0x", 5, None]}, {})
    assert run("verify", "c").code == 3
    rewritten({"evidence": [{"path": str(coll), "shown": "coll"}], "drives": []}, {})
    assert run("verify", "c", coll).code == 0


def test_a_log_that_is_a_link_is_not_written_through(run: Keyboard, coll: Path) -> None:
    scanned(run, coll)
    Path("mine.txt").write_text("mine")
    Path("c/run.jsonl").unlink()
    Path("c/run.jsonl").symlink_to(Path("mine.txt").resolve())
    outcome = run("report", "c", "-o", "report.txt")
    assert outcome.code == 0
    assert "not noted in the run log" in outcome.err
    assert Path("mine.txt").read_text() == "mine"


def test_a_later_scan_that_was_interrupted_does_not_stand_for_the_case(
    run: Keyboard, coll: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(run, coll)
    Path("other").mkdir()
    shutil.copy(EVIDENCE / "iis6.log", "other")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(scanning, "run_scan", interrupted)
        run("scan", "other", "--case", "c", "-q", "--force", "--jobs", "1")
    code, found = verified(run)
    assert (code, set(found)) == (0, {"same"})


def test_answers_that_were_put_in_are_new_and_strange_files_are_named(
    run: Keyboard, coll: Path
) -> None:
    scanned(run, coll)
    Path("c/answers").mkdir()
    Path("c/answers/gdpr-33.v9.json").write_text("{}")
    Path("c/todo.txt").write_text("")
    outcome = run("verify", "c")
    assert outcome.code == 1
    assert "new       answers/gdpr-33.v9.json" in outcome.out
    shutil.rmtree("c/answers")
    outcome = run("verify", "c")
    assert outcome.code == 0
    assert "todo.txt lies in the case folder" in outcome.out


def test_fewer_paths_than_the_scan_had_are_no_loss(run: Keyboard, coll: Path) -> None:
    shutil.copytree(coll / "logs", "two")
    scanned(run, coll, "two")
    outcome = run("verify", "c", coll)
    assert outcome.code == 3
    assert "two was not compared: it lies in none of the places that were named" in outcome.out
    assert run("verify", "c", coll, "two").code == 0


def test_drives_are_found_from_another_folder_and_none_is_a_case_of_cannot_tell(
    run: Keyboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "mnt" / "inetpub" / "logs" / "LogFiles" / "W3SVC1"
    place.mkdir(parents=True)
    (tmp_path / "mnt" / "Windows" / "System32").mkdir(parents=True)
    shutil.copy(EVIDENCE / "iis10.log", place / "u_ex210305.log")
    run("scan", "--drive", "C=mnt", "--case", "c", "-q", "--jobs", "1")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run("verify", tmp_path / "c").code == 0
    (tmp_path / "mnt").rename(tmp_path / "gone")
    outcome = run("verify", tmp_path / "c")
    assert outcome.code == 3
    assert "the evidence was not compared: there is no folder" in outcome.out


def test_a_case_folder_that_cannot_be_looked_into_is_told(
    run: Keyboard, coll: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(run, coll)

    def refused(_: Path) -> list[str]:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(verifying, "_files_below", refused)
        outcome = run("verify", "c")
    assert outcome.code == 3
    assert "the case folder cannot be listed: Permission denied" in outcome.out

    def barred(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", barred)
    outcome = run("report", "c")
    assert outcome.code == 2
    assert "case.json cannot be read (Permission denied)" in outcome.err
