"""What is no case, or no whole one: one sentence, exit code 2, no traceback, nothing written.

Every command that reads a case is given every kind of it.
"""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from cases import case

from extriage.casefile import CaseFolder, decode, encode, load
from extriage.casefile.document import is_document
from extriage.casefile.named import is_case
from extriage.casefile.trail import TrailStore
from extriage.errors import UsageError
from extriage.model.case import SCHEMA
from keyboard import Keyboard, Outcome

AGAIN = "run the scan again"


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Keyboard:
    monkeypatch.chdir(tmp_path)
    Path("known.csv").write_text("type,value\nipv4,203.0.113.9\n")
    return Keyboard(capfd)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a whole case folder."""
    folder = tmp_path_factory.mktemp("good") / "good.case"
    place = CaseFolder(folder)
    place.prepare(force=False)
    TrailStore.open(folder)
    place.write(case(), {})
    return folder


COMMANDS: dict[str, Callable[[Path, Path], list[str | Path]]] = {
    "report": lambda bad, good: ["report", bad],
    "report json": lambda bad, good: ["report", bad, "--format", "json", "-o", "out"],
    "timeline": lambda bad, good: ["timeline", bad, "-o", "out"],
    "grep": lambda bad, good: ["grep", bad, "whoami"],
    "indicators check": lambda bad, good: ["indicators", "check", bad, "known.csv"],
    "indicators export": lambda bad, good: ["indicators", "export", bad, "-o", "out"],
    "diff before": lambda bad, good: ["diff", bad, good, "-o", "out"],
    "diff after": lambda bad, good: ["diff", good, bad, "--format", "html", "-o", "out"],
    "answers": lambda bad, good: ["answers", bad, "--form", "gdpr-33", "-o", "out"],
    "serve": lambda bad, good: ["serve", bad, "--port", "0"],
}
WITHOUT_GREP = [name for name in COMMANDS if name != "grep"]


def changed(good: Path, to: Path, change: Callable[[bytes], bytes]) -> Path:
    """Copy a case and change its document."""
    shutil.copytree(good, to)
    file = to / "case.json"
    file.write_bytes(change(file.read_bytes()))
    return to


def with_schema(schema: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(f'"{SCHEMA}"'.encode(), f'"{schema}"'.encode(), 1)


def newer(data: bytes) -> bytes:
    """Return a case as a later version might write it: other fields, too."""
    document = json.loads(data)
    document |= {"schema": "extriage.case/2", "hosts": {"by": "name"}}
    return json.dumps(document).encode()


NESTED = b'{"schema":"extriage.case/1","tool":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
DAMAGED: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "newer": (
        newer,
        "was made by a newer extriage (schema extriage.case/2); this one reads extriage.case/1: "
        "update extriage",
    ),
    "older": (
        with_schema("extriage.case/0"),
        "was made by an older extriage (schema extriage.case/0); this one reads extriage.case/1: "
        "scan the evidence again",
    ),
    "unknown schema": (with_schema("acme/7"), "is no case: its schema is 'acme/7'"),
    "another document of ours": (with_schema("extriage.diff/1"), "name the folder that `scan`"),
    "cut off": (lambda data: data[: len(data) // 2], "breaks off after"),
    "empty": (lambda data: b"", "is empty"),
    "blank": (lambda data: b"\n \n", "is empty"),
    "damaged": (lambda data: data[:2000] + b"\0\0" + data[2002:], "is damaged at byte 2,00"),
    "no UTF-8": (lambda data: data.replace(b"EXCH01", b"EXCH\xe9", 1), "is no UTF-8"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "is UTF-16 and not UTF-8"),
    "trailing": (lambda data: data + b"}", "is damaged at byte"),
    "a field is wrong": (
        lambda data: data.replace(b'"compromised"', b'"hacked"', 1),
        "is not as extriage.case/1 must be: Invalid enum value 'hacked'",
    ),
    "a time has no zone": (
        lambda data: re.sub(rb'("first": "[^"]+)Z"', rb'\1"', data, count=1),
        "has a time that is not in UTC (hosts[0].",
    ),
    "a time is of another zone": (
        lambda data: re.sub(rb'("last": "[^"]+)Z"', rb'\1+01:00"', data, count=1),
        "run the scan again, or write the time as 2021-03-05T08:30:00Z",
    ),
    "a field is missing": (
        lambda data: data.replace(b'"reason"', b'"raison"', 1),
        "missing required field `reason`",
    ),
    "other JSON": (lambda data: b'{"Records": [{"eventName": "x"}]}', "it names no schema"),
    "a list": (lambda data: b"[1, 2, 3]", "it is not the JSON document that `scan` writes"),
    "binary": (lambda data: bytes(range(256)) * 9, "if it is evidence, scan it first"),
    "deep": (lambda data: NESTED, "nests deeper than any case does"),
    "deep without schema": (lambda data: b'{"a":' * 200_000, "is no case"),
}


def refused(outcome: Outcome, said: str) -> None:
    """Hold that a command ended with one sentence and exit code 2, and wrote nothing."""
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("extriage: ")
    assert said in line, line
    assert not Path("out").exists()


@pytest.mark.parametrize("name", WITHOUT_GREP)
@pytest.mark.parametrize("badness", DAMAGED)
def test_a_document_that_is_no_case_is_one_sentence(
    run: Keyboard, good: Path, name: str, badness: str
) -> None:
    change, said = DAMAGED[badness]
    bad = changed(good, Path("bad.case"), change)
    outcome = run(*COMMANDS[name](bad, good))
    refused(outcome, said)
    assert str(Path("bad.case/case.json")) in outcome.err


@pytest.mark.parametrize("badness", DAMAGED)
def test_the_file_itself_may_be_named(run: Keyboard, good: Path, badness: str) -> None:
    change, said = DAMAGED[badness]
    refused(run("report", changed(good, Path("bad.case"), change) / "case.json"), said)


def nothing(folder: Path) -> None:
    folder.mkdir()


def evidence(folder: Path) -> None:
    (folder / "inetpub").mkdir(parents=True)
    (folder / "inetpub" / "u_ex210302.log").write_text("#Fields: date time\n")


def unfinished(folder: Path) -> None:
    folder.mkdir()
    (folder / "scan.ledger").write_bytes(b"SQLite format 3\0")


def unfinished_beside_a_trail(folder: Path) -> None:
    folder.mkdir()
    (folder / "scan.trail").write_bytes(b"SQLite format 3\0")


FOLDERS: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "an empty folder": (nothing, "holds no case (no case.json)"),
    "evidence": (evidence, "if it is evidence, scan it first: extriage scan here"),
    "an unfinished scan": (unfinished, "run the same scan command again to finish it"),
    "an unfinished trail": (unfinished_beside_a_trail, "run the same scan command again"),
}


@pytest.mark.parametrize("name", WITHOUT_GREP)
@pytest.mark.parametrize("what", FOLDERS)
def test_a_folder_without_a_case_is_told_from_one(
    run: Keyboard, good: Path, name: str, what: str
) -> None:
    make, said = FOLDERS[what]
    make(Path("here"))
    refused(run(*COMMANDS[name](Path("here"), good)), said)


@pytest.mark.parametrize("name", WITHOUT_GREP)
def test_what_is_not_there_is_said(run: Keyboard, good: Path, name: str) -> None:
    refused(run(*COMMANDS[name](Path("nowhere"), good)), "there is no nowhere")


@pytest.mark.parametrize("name", WITHOUT_GREP)
def test_a_part_of_a_case_names_its_folder(run: Keyboard, good: Path, name: str) -> None:
    shutil.copytree(good, "x.case")
    outcome = run(*COMMANDS[name](Path("x.case/case.db"), good))
    if "is no case" not in outcome.err:
        refused(outcome, "is a part of a case: name its folder, x.case")


@pytest.mark.parametrize("name", WITHOUT_GREP)
def test_what_may_not_be_read_is_said(
    run: Keyboard, good: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(good, "locked.case")
    real = Path.read_bytes

    def locked(self: Path) -> bytes:
        if "locked.case" in str(self):
            raise PermissionError(13, "Permission denied", str(self))
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", locked)
    refused(run(*COMMANDS[name](Path("locked.case"), good)), "cannot be read (Permission denied)")


def test_what_does_not_fit_into_memory_is_said(
    run: Keyboard, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path) -> bytes:
        raise MemoryError

    monkeypatch.setattr(Path, "read_bytes", full)
    refused(run("report", good), "does not fit into this machine's memory")


def test_a_device_or_a_pipe_is_not_waited_for(run: Keyboard) -> None:
    os.mkfifo("pipe")
    refused(run("report", "pipe"), "is no file that can be read")
    refused(run("report", "/dev/zero"), "is no file that can be read")


# What needs case.db


@pytest.mark.parametrize("words", [["grep", "bad.case", "x"], ["grep", "bad.case/case.json", "x"]])
def test_grep_needs_the_database_of_a_case(run: Keyboard, good: Path, words: list[str]) -> None:
    shutil.copytree(good, "bad.case")
    Path("bad.case/case.db").unlink()
    refused(run(*words), "has no case.db, only a part of a case: copy the whole folder")


def test_grep_says_that_a_scan_was_not_finished(run: Keyboard) -> None:
    unfinished(Path("here"))
    refused(run("grep", "here", "x"), "run the same scan command again to finish it")


def test_grep_takes_a_folder_with_a_foreign_case_json_for_evidence(run: Keyboard) -> None:
    evidence(Path("here"))
    Path("here/case.json").write_text('{"ticket": 7}')
    assert run("grep", "here", "ticket").code in (0, 1)


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0" + bytes(4096), b"no database" * 99])
@pytest.mark.parametrize("name", ["grep", "indicators check", "serve"])
def test_a_damaged_database_is_one_sentence(
    run: Keyboard, good: Path, name: str, data: bytes
) -> None:
    shutil.copytree(good, "bad.case")
    Path("bad.case/case.db").write_bytes(data)
    if name != "grep" and not data:
        return  # NOTE: an empty database has no trail, which these two can do without.
    outcome = run(*COMMANDS[name](Path("bad.case"), good))
    assert outcome.code == 2, outcome
    assert "case.db" in outcome.err
    assert "again" in outcome.err
    assert outcome.out == ""


def test_a_view_in_the_place_of_a_table_is_not_asked(run: Keyboard, good: Path) -> None:
    """A case from other hands could make grep wait for ever."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i AS path FROM n"
    shutil.copytree(good, "bad.case")
    with closing(sqlite3.connect("bad.case/case.db")) as database:
        database.execute("DROP TABLE evidence")
        database.execute(f"CREATE VIEW evidence AS {endless}")
        database.commit()
    outcome = run("grep", "bad.case", "owa")
    assert outcome.code == 2, outcome
    assert "it has no table evidence" in outcome.err


# What can be read


def test_a_case_with_fields_of_a_later_version_is_read(good: Path) -> None:
    document = json.loads((good / "case.json").read_bytes())
    document["weather"] = {"rain": True}
    document["hosts"][0]["verdict"]["mood"] = "sad"
    assert decode(json.dumps(document).encode()) == load(good)


def test_a_text_that_looks_like_a_time_is_no_time(good: Path) -> None:
    document = json.loads((good / "case.json").read_bytes())
    document["hosts"][0]["notes"] = ["2021-03-05T08:30:00", "2021-03-05 08:30:00+01:00"]
    assert decode(json.dumps(document).encode()).hosts[0].notes[0] == "2021-03-05T08:30:00"


LATER = {
    "case": ("unassigned", "clusters", "indicators", "timeline", "suppressions"),
    "hosts": (
        *("notes", "chains", "suppressed", "persistence", "intruders", "sessions", "shared"),
        *("strangers", "exposures", "exposure_answers", "sightings"),
    ),
    "findings": ("author", "hints", "about", "raw", "persistence", "objects"),
}
"""Fields that were added while the schema kept its number: earlier cases lack them."""


def test_a_case_of_an_earlier_version_of_this_schema_is_read(good: Path, run: Keyboard) -> None:
    document = json.loads((good / "case.json").read_bytes())
    for name in LATER["case"]:
        del document[name]
    for host in document["hosts"]:
        for finding in host["findings"]:
            for name in LATER["findings"]:
                del finding[name]
        for name in LATER["hosts"]:
            del host[name]
    Path("old.case").mkdir()
    Path("old.case/case.json").write_text(json.dumps(document))
    old = load(Path("old.case"))
    assert old.hosts[0].verdict == load(good).hosts[0].verdict
    assert run("report", "old.case").out.startswith("COMPROMISED")
    assert run("diff", "old.case", good).code in (1, 3)


def test_a_byte_order_mark_of_utf_8_does_no_harm(good: Path) -> None:
    data = (good / "case.json").read_bytes()
    assert decode(b"\xef\xbb\xbf" + data) == decode(data)


def test_the_schema_is_found_wherever_it_stands(good: Path) -> None:
    document = json.loads((good / "case.json").read_bytes())
    del document["schema"]
    moved = json.dumps({**document, "schema": SCHEMA}).encode()
    assert decode(moved) == load(good)
    with pytest.raises(UsageError, match="newer extriage"):
        decode(moved.replace(b"case/1", b"case/12"))
    with pytest.raises(UsageError, match="newer extriage"):
        decode(encode(case()).rstrip()[:-1] + b',"schema":"extriage.case/9"}')


def test_a_case_is_told_by_its_first_bytes(good: Path, tmp_path: Path) -> None:
    assert is_document((good / "case.json").read_bytes()[:200])
    assert is_document(b'\xef\xbb\xbf { "schema" : "extriage.case/7"')
    for data in (b"", b"{}", b'{"schema": "acme"}', b'["schema"]', bytes(range(256))):
        assert not is_document(data)
    assert is_case(good)
    assert is_case(good / "case.json")
    assert not is_case(tmp_path)
    assert not is_case(tmp_path / "nowhere")
