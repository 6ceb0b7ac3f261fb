"""Collectors' own logs: what they name as missing becomes rows; containers and their commands."""

import json
from pathlib import Path

import pytest
from evidence_making import account, flagged, kept, taped, zipped
from hypothesis import given
from hypothesis import strategies as st

from extriage.model.evidence import Entry
from extriage.sources import collections
from extriage.sources.stream import Stream

BOM = "\ufeff"
SKIP_HEAD = "SourceFile,SourceFileSha1,Reason"
SHA1 = "0123456789ABCDEF0123456789ABCDEF01234567"
PROXY_LOG = r"C:\Program Files\Microsoft\Exchange Server\V15\Logging\HttpProxy\Owa\HttpProxy_1.LOG"
CONSOLE = "[2025-08-25 13:20:59.6012345 | INF] KAPE directory: C:\\Tools\\KAPE"


def text(*lines: str) -> bytes:
    return (BOM + "".join(f"{line}\r\n" for line in lines)).encode()


def rows(folder: Path) -> dict[str, str]:
    return {one.path: f"{one.status}: {one.reason}" for one in account(folder).entries}


def test_what_kape_did_not_take_is_named_beside_its_log(tmp_path: Path) -> None:
    locked, same = f"{PROXY_LOG},{SHA1},Access denied", rf"C:\inetpub\wwwroot\a.aspx,{SHA1},Deduped"
    kept(tmp_path, "EX01/run_SkipLog.csv.csv", text(SKIP_HEAD, locked, same))
    found = rows(tmp_path / "EX01")
    assert found["EX01/" + PROXY_LOG.replace("\\", "/")] == (
        "unreadable: KAPE did not take it: Access denied"
    )
    assert found["EX01/C:/inetpub/wwwroot/a.aspx"] == (
        "skipped: KAPE did not take it: its content is that of another file which KAPE took "
        f"(SHA-1 {SHA1})"
    )
    assert found["EX01/run_SkipLog.csv.csv"].startswith("read: KAPE's list of what it left out")


def test_files_that_hold_nothing_for_this_program_are_only_counted(tmp_path: Path) -> None:
    skipped = [rf"C:\Users\x\AppData\Cookies-{number},{SHA1},Access denied" for number in range(7)]
    kept(tmp_path, "EX01/run_SkipLog.csv", text(SKIP_HEAD, *skipped))
    assert rows(tmp_path / "EX01") == {
        "EX01/run_SkipLog.csv": "read: KAPE's list of what it left out: names 7 files that it did "
        "not take, 0 of them of a kind that is read here"
    }


def test_copies_that_failed_stand_in_kapes_console(tmp_path: Path) -> None:
    source = r"C:\inetpub\logs\LogFiles\W3SVC1\go to hell.log"
    failed = f"[2025-08-25 13:21:07.2 | FTL] Could not copy file {source} to E:\\k\\{source[3:]}"
    gone = r"[2025-08-25 13:21:07 | WRN] File C:\inetpub\wwwroot\x.aspx does not exist! Skipping!"
    older = "2022-05-28 02:43:44.1234 | I | KAPE version 1.2.0.0 Author: E. Zimmerman"
    for at, first in enumerate((CONSOLE, older)):
        lines = text(first, f"{failed}. Error: Attempt to get an old record", "  at X.Open()", gone)
        kept(tmp_path, f"K{at}/run_ConsoleLog.txt", lines)
        found = rows(tmp_path / f"K{at}")
        assert found[f"K{at}/C:/inetpub/logs/LogFiles/W3SVC1/go to hell.log"] == (
            "unreadable: KAPE could not copy it: Attempt to get an old record"
        )
        assert found[f"K{at}/C:/inetpub/wwwroot/x.aspx"] == (
            "unreadable: was gone when KAPE came to copy it"
        )


def upload(path: str, whole: int, sent: int, kind: str = "") -> str:
    row = {"Timestamp": "2024-01-01T00:00:00Z", "vfs_path": path, "Type": kind}
    parts = ["uploads", "auto", *path.split("/")]
    return json.dumps(row | {"_Components": parts, "file_size": whole, "uploaded_size": sent})


def test_uploads_of_velociraptor_that_broke_off_are_named(tmp_path: Path) -> None:
    listed = [
        upload("C:/inetpub/logs/LogFiles/W3SVC1/u_ex240101.log", 9000, 4096),
        upload("C:/inetpub/logs/LogFiles/W3SVC1/u_ex240102.log", 9000, 9000),
        upload("C:/$Extend/$UsnJrnl:$J", 9000, 100),
        upload("C:/inetpub/wwwroot/x.aspx", 9000, 100, "idx"),
    ]
    kept(tmp_path, "c.zip", zipped([("uploads.json", "\n".join(listed).encode())]))
    found = rows(tmp_path / "c.zip")
    assert len(found) == 2
    place = "c.zip!/uploads/auto/C:/inetpub/logs/LogFiles/W3SVC1/u_ex240101.log"
    assert found[place] == "unreadable: Velociraptor took only 4,096 of its 9,000 bytes"


def test_failures_in_acquires_report_are_named(tmp_path: Path) -> None:
    failed = {"module_name": "Exchange", "outcome": "failure", "artifact_type": "file"}
    failed |= {"artifact_value": "/c:/inetpub/wwwroot/x.aspx", "details": "OSError: busy"}
    report = {"target": "local", "modules-successful": [], "Exchange": {"failure": [failed]}}
    kept(tmp_path, "EX01/EX01.report.json", json.dumps(report).encode())
    found = rows(tmp_path / "EX01")
    assert found["EX01/c:/inetpub/wwwroot/x.aspx"] == (
        "unreadable: acquire could not copy it: OSError: busy"
    )


def test_a_file_that_is_only_called_like_a_collectors_log_is_read_like_any_other(
    tmp_path: Path,
) -> None:
    kept(tmp_path, "EX01/run_SkipLog.csv", b"DateTime,RequestId,MajorVersion\n")
    kept(tmp_path, "EX01/uploads.json", b'{"Event": {}}')
    kept(tmp_path, "EX01/x_ConsoleLog.txt", b"#Fields: date time\n")
    assert len(account(tmp_path / "EX01").files) == 3


def test_a_collectors_log_has_its_hash_and_is_read_in_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collections, "LONGEST", 200)
    data = text(SKIP_HEAD, *[f"{PROXY_LOG},{SHA1},locked"] * 50)
    kept(tmp_path, "EX01/run_SkipLog.csv", data)
    (log,) = (one for one in account(tmp_path / "EX01").entries if "SkipLog" in one.path)
    assert log.status == "partial"
    assert "not read to its end: larger than 200 bytes" in log.reason
    assert len(log.sha256) == 64


def test_many_missing_files_are_counted_and_the_first_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collections, "MOST", 3)
    lines = [rf"C:\inetpub\wwwroot\{number}.aspx,{SHA1},locked" for number in range(9)]
    kept(tmp_path, "EX01/run_SkipLog.csv", text(SKIP_HEAD, *lines))
    found = rows(tmp_path / "EX01")
    assert len(found) == 4
    assert "names 9 files that it did not take, 3 of them" in found["EX01/run_SkipLog.csv"]


LINES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(
            [SKIP_HEAD, "Could not copy file ", " File ", '"', '{"vfs_path":', "[" * 9]
        ),
        st.dictionaries(st.sampled_from(["vfs_path", "file_size", "Type"]), st.none()).map(str),
    ),
    max_size=12,
)


@given(
    st.sampled_from(["_SkipLog.csv", "_ConsoleLog.txt", "/uploads.json", "x.report.json"]), LINES
)
def test_no_log_of_a_collector_stops_a_scan(name: str, lines: list[str]) -> None:
    heads = {
        "_SkipLog.csv": SKIP_HEAD + "\n",
        "_ConsoleLog.txt": CONSOLE + "\n",
        "/uploads.json": '{"vfs_path":1}\n',
        "x.report.json": '{"modules-successful":1,',
    }
    data = (heads[name] + "\n".join(lines)).encode("utf-8", "surrogatepass")
    whole = iter([data])
    stream = Stream(lambda _: next(whole, b""))
    assert collections.tells(f"EX01{name}", stream)
    told = collections.told(f"EX01{name}", stream)
    assert told.status in ("read", "partial")


SCHEMES = {
    b'[{"EncryptedPass":"AAAA","Scheme":"X509","PublicKey":"-----BEGIN"}]': "unzip --dump_dir",
    b'[{"EncryptedPass":"AAAA","Scheme":"PGP"}]': "gpg --decrypt",
    b'[{"EncryptedPass":"","Scheme":"Password"}]': "7z x -pPASSWORD data.zip",
    b'[{"EncryptedPass":"AAAA"}]': "velociraptor unzip",
}


@pytest.mark.parametrize("metadata", SCHEMES)
def test_an_encrypted_container_is_named_with_the_command_that_opens_it(
    metadata: bytes, tmp_path: Path
) -> None:
    plain, locked = zipped([("metadata.json", metadata)]), flagged(zipped([("data.zip", b"x")]), 1)
    reason = _container(tmp_path, plain, locked)
    assert "encrypted: password needed; Velociraptor's encrypted container" in reason
    assert SCHEMES[metadata] in reason


def test_another_encrypted_zip_is_no_container_of_velociraptor(tmp_path: Path) -> None:
    plain, locked = zipped([("metadata.json", b"{}")]), flagged(zipped([("data.zip", b"x")]), 1)
    assert _container(tmp_path, plain, locked) == "encrypted: password needed"


def _container(tmp_path: Path, plain: bytes, locked: bytes) -> str:
    """Put both entries into one archive that has to be read entry by entry."""
    first = plain[: plain.index(b"PK\x01\x02")]
    second = locked[: locked.index(b"PK\x01\x02")]
    found: list[Entry] = account(kept(tmp_path, "Collection.zip", first + second)).entries
    return next(one.reason for one in found if one.path.endswith("data.zip"))


def test_missing_files_are_named_in_every_wrapping(tmp_path: Path) -> None:
    log = text(SKIP_HEAD, f"{PROXY_LOG},{SHA1},locked")
    tape = taped([("EX01/run_SkipLog.csv", log)])
    kept(tmp_path, "in/a.zip", zipped([("k.tar", tape)]))
    found = rows(tmp_path / "in")
    place = "in/a.zip!/k.tar!/EX01/" + PROXY_LOG.replace("\\", "/")
    assert found[place] == "unreadable: KAPE did not take it: locked"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("C:/Program Files/Microsoft/Exchange Server/V15/Logging/HttpProxy/Owa/x.LOG", True),
        ("D:/Exchange/Logging/Ews/Ews_1.log", True),
        ("E:/anywhere/shell.aspx", True),
        ("C:/inetpub/logs/LogFiles/W3SVC1/u_ex1.log", True),
        ("C:/Windows/System32/winevt/Logs/Security.evtx", True),
        ("C:/Users/x/AppData/Local/Cache/data_1", False),
        ("C:/Windows/Prefetch/CMD.EXE-1.pf", False),
    ],
)
def test_the_table_of_places_tells_which_missing_files_matter(path: str, wanted: bool) -> None:
    assert collections.matters(path) is wanted
