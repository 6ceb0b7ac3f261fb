"""What could hide an attack is never called clean: each of these once was."""

import json
import shutil
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from extriage.cli import main
from extriage.samples import ServerSpec, write_server

PAGE = "<" + "%@ Page Language='JScript' %" + ">"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a server whose logs cover all of the time and show nothing."""
    folder = tmp_path_factory.mktemp("clean") / "EX01"
    spec = ServerSpec(
        start=datetime(2021, 1, 1, tzinfo=UTC), end=datetime(2021, 1, 12, tzinfo=UTC),
        lines=30_000, hours_per_file=24,
    )  # fmt: skip
    write_server(folder, spec)
    return folder


@pytest.fixture
def server(clean: Path, tmp_path: Path) -> Path:
    shutil.copytree(clean, tmp_path / "EX01")
    return tmp_path / "EX01"


def scanned(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    case = folder.parent / "case"
    with pytest.raises(SystemExit) as stop:
        main(["scan", str(folder), "--case", str(case), "-q", *words])
    return int(stop.value.code or 0), json.loads((case / "case.json").read_bytes())


def status(case: dict[str, Any]) -> str:
    (host,) = case["hosts"]
    return str(host["verdict"]["status"])


def test_the_server_is_clean_to_begin_with(server: Path) -> None:
    code, case = scanned(server)
    assert (code, status(case)) == (0, "no-sign")


def test_a_log_behind_a_password(server: Path) -> None:
    (log, *_) = sorted(server.rglob("ECPServer*.LOG"))
    archive = server / "more.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.write(log, log.name)
    data = bytearray(archive.read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + flags] |= 1
    archive.write_bytes(data)
    log.unlink()
    code, case = scanned(server)
    assert (code, status(case)) == (3, "cannot-tell")
    assert "could not be read" in json.dumps(case["hosts"][0]["campaigns"])


def test_a_log_of_zero_bytes_only(server: Path) -> None:
    (log, *_) = sorted(server.rglob("HttpProxy/Ecp/*.LOG"))
    log.write_bytes(bytes(5000))
    assert status(scanned(server)[1]) == "cannot-tell"


def test_events_in_a_form_that_is_not_read(server: Path) -> None:
    event = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'></Event>"
    (server / "all.xml").write_text(f"<Events>{event}</Events>")
    code, case = scanned(server)
    assert (code, status(case)) == (3, "cannot-tell")
    (row,) = [e for e in case["hosts"][0]["manifest"]["entries"] if e["status"] == "unreadable"]
    assert "export them as JSON lines" in row["reason"]


def attack() -> dict[str, Any]:
    text = "Cmdlet suceeded. Cmdlet Set-OabVirtualDirectory, parameters -ExternalUrl "
    return {
        "Id": 1,
        "LogName": "MSExchange Management",
        "ProviderName": "MSExchange CmdletLogs",
        "MachineName": "ex01.contoso.example",
        "RecordId": 1,
        "TimeCreated": "/Date(1610000000000)/",
        "Message": text + "\"http://f/<script language='JScript' runat='server'>\".",
    }


@pytest.mark.parametrize("indent", [None, 4])
def test_an_attack_in_an_array_of_events(server: Path, indent: int | None) -> None:
    quiet = attack() | {"Message": "Cmdlet suceeded. Cmdlet Get-Mailbox, parameters ."}
    text = json.dumps([quiet, attack(), quiet], indent=indent)
    for sign in "<>'":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    (server / "all.json").write_text(text, "utf-16")
    code, case = scanned(server)
    assert (code, status(case)) == (1, "compromised")
    (line,) = case["hosts"][0]["findings"][0]["evidence"]
    assert (line["path"], line["time"]) == ("EX01/all.json", "2021-01-07T06:13:20Z")


def test_an_array_of_events_that_is_cut_off(server: Path) -> None:
    text = json.dumps([attack() | {"Message": "x"} for _ in range(9)])
    (server / "all.json").write_text(text[:-10])
    assert status(scanned(server)[1]) == "cannot-tell"


def test_an_attack_far_into_a_line_that_is_no_event(server: Path) -> None:
    (log,) = server.rglob("System.jsonl")
    told = json.dumps(attack())[1:-1].encode()
    with log.open("ab") as file:
        file.write(b'["' + b"a" * (3 << 20) + b'", {' + told + b"}\n")
    code, case = scanned(server)
    assert code == 3, "a damaged line proves nothing, and is shown"
    rules = {finding["rule"] for finding in case["hosts"][0]["findings"]}
    assert "msexchange_management_virtual_directory_markup_cve_2021_27065" in rules


def of_cve(case: dict[str, Any], cve: str) -> dict[str, Any]:
    campaigns = case["hosts"][0]["campaigns"]
    (found,) = (c for campaign in campaigns for c in campaign["coverage"] if c["cve"] == cve)
    assert isinstance(found, dict)
    return found


def day_of(server: Path, name: str, day: int) -> Path:
    """Return the log of one day; the server writes a file a day."""
    return sorted(server.rglob(name))[day]


def test_a_day_of_the_control_panel_log_taken_away(server: Path) -> None:
    """Others that show the same carry that day, but the hole is told."""
    day_of(server, "ECPServer*.LOG", 4).unlink()
    code, case = scanned(server)
    (row,) = [c for c in case["hosts"][0]["coverage"] if c["kind"] == "ecp-server"]
    assert row["gaps"]
    assert (code, status(case)) == (0, "no-sign")
    told = of_cve(case, "CVE-2021-27065")
    assert told["answer"] == "not-seen"
    assert (
        "but ECP server logs have a gap from 2021-01-05 00:00 to 2021-01-06 00:00, while "
        in told["note"]
    )
    assert "go on: deleted or switched off" in told["note"]


def test_different_days_of_different_logs_taken_away(server: Path) -> None:
    day_of(server, "HttpProxy/Ecp/*.LOG", 3).unlink()
    day_of(server, "HttpProxy/Owa/*.LOG", 4).unlink()
    for site in ("W3SVC1", "W3SVC2"):
        day_of(server, f"{site}/*.log", 7).unlink()
    code, case = scanned(server)
    told = of_cve(case, "CVE-2021-26855")
    assert (code, told["answer"]) == (0, "not-seen")
    assert told["note"].startswith("together they cover the time: IIS logs (front-end, back-end) ")
    assert ", HttpProxy logs (Ecp, Owa) 2021-01-08 00:00 to " in told["note"]
    assert "deleted or switched off" in told["note"]


def test_the_same_day_of_all_logs_that_show_it_taken_away(server: Path) -> None:
    day_of(server, "HttpProxy/Ecp/*.LOG", 4).unlink()
    day_of(server, "W3SVC2/*.log", 4).unlink()
    code, case = scanned(server)
    told = of_cve(case, "CVE-2021-26855")
    assert (code, told["answer"]) == (3, "cannot-tell")
    assert told["note"].startswith("no log carries 2021-01-0")


def test_logs_of_two_kinds_put_together(server: Path) -> None:
    (log, *_) = sorted(server.rglob("HttpProxy/Eas/*.LOG"))
    panel = b"".join(path.read_bytes() for path in sorted(server.rglob("ECPServer*.LOG")))
    log.write_bytes(log.read_bytes() + panel)
    code, case = scanned(server)
    assert (code, status(case)) == (3, "cannot-tell")
    (row,) = [e for e in case["hosts"][0]["manifest"]["entries"] if e["status"] == "partial"]
    assert "several kinds" in row["reason"]


def test_a_page_that_is_looked_at_in_part(server: Path) -> None:
    page = server / "C/inetpub/wwwroot/app/a.aspx"
    page.parent.mkdir(parents=True)
    page.write_text(PAGE + " " * (5 << 20) + "the end")
    code, case = scanned(server)
    assert (code, status(case)) == (3, "cannot-tell")


def test_an_archive_that_is_cut_off(server: Path) -> None:
    """What was behind the cut is not known: the files before it do not make up for it."""
    archive = server / "more.tar"
    with tarfile.open(archive, "w") as made:
        for log in sorted(server.rglob("ECPServer*.LOG")):
            made.add(log, log.name)
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    code, case = scanned(server)
    assert (code, status(case)) == (3, "cannot-tell")


def test_an_archive_without_files_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "coll").mkdir()
    for name in ("one.zip", "two.zip"):
        zipfile.ZipFile(tmp_path / "coll" / name, "w").close()
    code, case = scanned(tmp_path / "coll")
    assert (code, case["hosts"]) == (4, [])


def test_no_rule_looks_for_it(server: Path) -> None:
    code, case = scanned(server, "--no-builtin-rules")
    assert (code, status(case)) == (3, "cannot-tell")
    assert "no rule that was loaded" in case["hosts"][0]["verdict"]["reason"]


def test_a_server_that_became_subscription_edition(tmp_path: Path) -> None:
    write_server(
        tmp_path / "EX01",
        ServerSpec(product="2019", build=(15, 2, 2562, 17), lines=2_000, hours_per_file=24),
    )
    assert status(scanned(tmp_path / "EX01")[1]) == "cannot-tell"


def test_a_former_computer_name_does_not_split_the_server(server: Path) -> None:
    for name in ("System.jsonl", "Application.jsonl"):
        (log,) = server.rglob(name)
        first = json.loads(log.read_text("utf-8").splitlines()[0])
        first["Event"]["System"] |= {
            "Computer": "WIN-0A1B2C3D4E5",
            "TimeCreated": {"#attributes": {"SystemTime": "2020-12-31T10:00:00Z"}},
        }
        log.write_text(json.dumps(first) + "\n" + log.read_text("utf-8"), "utf-8")
    code, case = scanned(server)
    assert [host["name"] for host in case["hosts"]] == ["EX01"]
    assert (code, status(case)) == (0, "no-sign")


def test_another_server_in_forwarded_events_is_told_apart(server: Path) -> None:
    (log,) = server.rglob("System.jsonl")
    text = log.read_text("utf-8").splitlines()[-1].replace("ex01.contoso", "dc01.contoso")
    with log.open("a", encoding="utf-8") as file:
        file.write(text + "\n")
    assert len(scanned(server)[1]["hosts"]) == 2


def test_a_note_about_web_shells_is_no_web_shell(server: Path) -> None:
    quoted = "<script language='JScript' runat='server'>" + "eval(Request['code'])</script>"
    for name in ("bulletin.txt", "mail.eml", "report.html"):
        (server / name).write_text(f"Dear all,\nlook for pages with {quoted} in them.\n")
    assert status(scanned(server)[1]) == "no-sign"


def test_shadow_copies_of_one_request_are_one_request(server: Path) -> None:
    (log, *_) = sorted(server.rglob("HttpProxy/Ecp/*.LOG"))
    lines = log.read_bytes().splitlines(keepends=True)
    row = lines[-1].split(b",")
    anchor = lines[0].split(b",").index(b"AnchorMailbox")
    row[anchor] = b"ServerInfo~a]@ex01:444/mapi/emsmdb?#"
    row[lines[0].split(b",").index(b"HttpStatus")] = b"200"
    row[lines[0].split(b",").index(b"BackEndStatus")] = b"200"
    attack = b",".join(row)
    log.write_bytes(b"".join(lines) + attack)
    for number in range(1, 5):
        copy = log.with_name(f"shadow{number}.LOG")
        copy.write_bytes(b"".join(lines[: -2 * number]) + attack)
    _, case = scanned(server)
    assert case["hosts"][0]["verdict"]["stage"] == "probed"


def test_only_what_cannot_be_read_is_not_the_same_as_no_evidence(tmp_path: Path) -> None:
    (tmp_path / "coll").mkdir()
    (tmp_path / "coll" / "logs.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(200))
    with pytest.raises(SystemExit) as stop:
        main(["scan", str(tmp_path / "coll"), "--case", str(tmp_path / "case"), "-q"])
    assert stop.value.code == 3
