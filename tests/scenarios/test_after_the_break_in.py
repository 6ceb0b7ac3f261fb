"""What follows a break-in: tools, ransomware, clean-up; and the same acts by administrators."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scenario import rescanned, the_host

START = datetime(2021, 8, 20, 5, tzinfo=UTC)
SYSMON = "Microsoft-Windows-Sysmon/Operational"
WORKER = r"C:\Windows\System32\inetsrv\w3wp.exe"
SHELL = r"C:\Windows\System32\cmd.exe"
ADMIN = r"CONTOSO\novak"


def event(minutes: float, channel: str, number: int, **data: str) -> dict[str, Any]:
    stamp = f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}.000Z"
    head = {"Channel": channel, "EventID": number, "Hostname": "EX01.contoso.example"}
    return {**head, "SourceName": channel, "TimeCreated": stamp, "@timestamp": stamp, **data}


def started(minutes: float, command: str, parent: str, **data: str) -> dict[str, Any]:
    pool = {"ParentCommandLine": 'w3wp.exe -ap "MSExchangeOWAAppPool"'} if parent == WORKER else {}
    return event(
        minutes, SYSMON, 1, Image=SHELL, CommandLine=command, ParentImage=parent, **pool, **data
    )


def by_shell(minutes: float, command: str) -> dict[str, Any]:
    return started(minutes, command, WORKER, User=r"NT AUTHORITY\SYSTEM")


def by_admin(minutes: float, command: str) -> dict[str, Any]:
    return started(minutes, command, r"C:\Windows\explorer.exe", User=ADMIN)


def scan(folder: Path, events: Iterable[dict[str, Any]], files: Iterable[str] = ()) -> Any:
    """Write events and files into a collection, scan it, and return the one host."""
    evidence = folder / "EVIDENCE" / "EX01"
    (evidence / "logs").mkdir(parents=True)
    text = "".join(json.dumps(one) + "\n" for one in events)
    (evidence / "logs" / "events.json").write_text(text)
    for name in files:
        place = evidence / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x")
    return the_host(rescanned(folder)[1])


def rules(host: Any) -> set[str]:
    return {finding["rule"] for finding in host["findings"]}


def test_a_person_at_a_shell_is_told_from_a_scanner(tmp_path: Path) -> None:
    orders = ["whoami", "quser", "nltest /dclist:contoso", "tasklist /svc", "dir c:\\users"]
    person = scan(tmp_path / "a", [by_shell(n, f"cmd /c {word}") for n, word in enumerate(orders)])
    scanner = scan(tmp_path / "b", [by_shell(n, "cmd /c whoami") for n in range(6)])
    assert "process_creation_worker_commands_in_series" in rules(person)
    assert "process_creation_worker_commands_in_series" not in rules(scanner)
    assert person["verdict"]["stage"] == "acted"
    assert scanner["verdict"]["stage"] == "executed"


def test_the_last_quarter_of_an_hour_before_encryption(tmp_path: Path) -> None:
    orders = [
        by_admin(1, "net stop MSExchangeIS /y"),
        by_admin(1.1, "net stop MSExchangeSA /y"),
        by_admin(1.2, "net stop MSExchangeMTA /y"),
        by_admin(2, "vssadmin delete shadows /all /quiet"),
        by_admin(2.1, "bcdedit /set {default} recoveryenabled No"),
    ]
    host = scan(tmp_path, orders)
    assert host["verdict"]["status"] == "compromised"
    assert {
        "process_creation_way_back_cut_off",
        "process_creation_exchange_services_stopped_in_series",
    } <= rules(host)


def test_names_alone_tell_that_a_disk_was_encrypted(tmp_path: Path) -> None:
    names = ["C/Users/Public/CONTI_README.txt", "D/Mail/plan.docx.lockfile"]
    host = scan(tmp_path, [by_admin(1, "ipconfig /flushdns")], names)
    assert {"file_name_ransom_note", "file_name_encrypted_file"} <= rules(host)
    assert host["verdict"]["status"] == "compromised"


def test_logs_deleted_through_a_shell_and_by_an_administrator(tmp_path: Path) -> None:
    order = r"cmd /c del /q C:\inetpub\logs\LogFiles\W3SVC1\u_ex210819.log"
    intruder = scan(tmp_path / "a", [by_shell(1, order)])
    admin = scan(tmp_path / "b", [by_admin(1, order)])
    assert intruder["verdict"]["status"] == "compromised"
    assert "process_creation_web_logs_deleted_by_worker" in rules(intruder)
    assert rules(admin) == {"process_creation_web_logs_deleted"}
    assert admin["verdict"]["status"] != "compromised"


@pytest.mark.parametrize(
    "orders",
    [
        ["ipconfig /all", "nltest /dsgetdc:contoso", "netstat -ano", "quser", "systeminfo"],
        ["net localgroup administrators CONTOSO\\helpdesk /add", "net user svc P@ss /add"],
        ["vssadmin delete shadows /for=D: /oldest", "net stop MSExchangeTransport"],
        ['powershell -c "Add-PSSnapin Microsoft.Exchange.Management.PowerShell.SnapIn"'],
        ["C:\\Tools\\psexec.exe \\\\EX02 cmd", "7z.exe a D:\\exports\\leaver.7z D:\\leaver.pst"],
        ["manage-bde -on D: -rp", "plink.exe -batch switch01"],
    ],
)
def test_what_administrators_do_proves_nothing(tmp_path: Path, orders: list[str]) -> None:
    host = scan(tmp_path, [by_admin(n, order) for n, order in enumerate(orders)])
    assert host["verdict"]["status"] in {"no-sign", "cannot-tell"}
    assert not any(finding["level"] == "critical" for finding in host["findings"])


def test_antivirus_that_removes_a_shell_is_no_reason_to_be_calm(tmp_path: Path) -> None:
    defender = "Microsoft-Windows-Windows Defender/Operational"
    words = {"Threat Name": "Backdoor:ASP/Webshell.A", "Action Name": "Quarantine"}
    place = {"Path": r"file:_C:\inetpub\wwwroot\aspnet_client\a.aspx"}
    host = scan(tmp_path / "a", [event(1, defender, 1117, **words, **place)])
    assert host["verdict"]["status"] == "compromised"
    sample = {"Path": r"file:_D:\samples\a.aspx"}
    host = scan(tmp_path / "b", [event(1, defender, 1117, **words, **sample)])
    assert host["verdict"]["status"] != "compromised"
