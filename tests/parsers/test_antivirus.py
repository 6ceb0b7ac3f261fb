"""Logs of antivirus programs: what was found, where, and what became of it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traces_reading import traces_of

from extriage.parsers import Document, antivirus

CHOPPER = "Backdoor:ASP/Chop" + "per.F!dha"
PAGE = r"C:\inetpub\wwwroot\aspnet_client\supp0rt.aspx"
SCANNER = rf"""
---------------------------------------------------------------------------------------
Microsoft Safety Scanner v1.333, (build 1.333.160.0)
Started On Tue Mar  9 08:05:42 2021

Engine: 1.1.17900.7
Quick Scan Results:
-------------------
Threat Detected: {CHOPPER} and Removed!
  Action: Remove, Result: 0x00000000
    containerfile://{PAGE}
    file://{PAGE}->(SCRIPT0000)
        SigSeq: 0x00002178F6DB5B40
Threat Detected: Trojan:Win64/Example.CR!MTB, not removed.
  Action: NoAction, Result: 0x00000000
    process://pid:12708,ProcessStart:134309266990404241
    file://C:\x.exe
Threat Detected: Trojan:Win32/Stuck.A
  Action: Remove, Result: 0x80070005
    file://C:\stuck.exe

Results Summary:
----------------
Found {CHOPPER} and Removed!
    file://C:\not\in\the\results.exe
Microsoft Safety Scanner Finished On Tue Mar  9 08:22:16 2021

Started On Wed Mar 10 09:00:00 2021
Threat Detected: {CHOPPER}, not removed.
  Action: NoAction, Result: 0x00000000
    file://C:\again.aspx
""".replace("\n", "\r\n")
DEFENDER = rf"""2021-03-09T10:00:00.000Z ProcessImageName: w3wp.exe, Pid: 4512, TotalTime: 800
2021-03-09T11:16:35.087Z DETECTIONEVENT MPSOURCE_REALTIME {CHOPPER} file:{PAGE};process:pid:12,Start:1;
2021-03-09T11:16:36.000Z DETECTION_ADD#1 {CHOPPER} file:{PAGE} PropBag [length: 0, data: (null)]
2021-03-09T11:20:01.549Z DETECTION_CLEANEVENT MPSOURCE_REALTIME MP_THREAT_ACTION_QUARANTINE 0x80508033 {CHOPPER} file:{PAGE};
2021-03-09T11:21:00.000Z DETECTIONEVENT MPSOURCE_AMSI Exploit:Script/ExchgProxyRequest.A!gen amsi:\Device\HarddiskVolume4\Windows\System32\inetsrv\w3wp.exe;
2021-03-09T11:22:00.000Z DETECTIONEVENT nothing that has a name
Beginning threat actions
Start time:03-09-2021 12:27:46
Threat Name:{CHOPPER}
Threat ID:2147805916
Action:quarantine
Resource action complete:Quarantine
Path:\\?\{PAGE}
File cleaned/removed successfully
Finished threat actions
Beginning threat actions
Threat Name:{CHOPPER}
Action:quarantine
Path:{PAGE}
Finished threat actions
"""  # noqa: E501
WIDE = pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])


@WIDE
def test_each_object_of_a_run_of_the_scanner_is_told(encoding: str) -> None:
    kind, records, trouble = traces_of(SCANNER.encode(encoding), "Windows/debug/msert.log")
    assert (kind, trouble) == ("antivirus-log", "")
    told = [
        tuple(record.fields.get(name, "") for name in ("Threat", "Path", "Action", "Removed"))
        for record in records
    ]
    assert told == [
        (CHOPPER, PAGE, "Remove", "yes"),
        (CHOPPER, PAGE, "Remove", "yes"),
        ("Trojan:Win64/Example.CR!MTB", "", "NoAction", "no"),
        ("Trojan:Win64/Example.CR!MTB", r"C:\x.exe", "NoAction", "no"),
        ("Trojan:Win32/Stuck.A", r"C:\stuck.exe", "Remove", "no"),
        (CHOPPER, r"C:\again.aspx", "NoAction", "no"),
    ]
    assert {record.time for record in records} == {None}, "the log's times have no zone"
    assert records[0].fields["Started"] == "Tue Mar  9 08:05:42 2021"
    assert records[1].fields["Object"] == f"file:{PAGE}->(SCRIPT0000)"
    assert records[-1].fields["Started"] == "Wed Mar 10 09:00:00 2021"
    assert records[0].fields["Tool"] == "Microsoft Safety Scanner"
    assert SCANNER.split("\r\n")[records[0].origin.line - 1].strip() == f"containerfile://{PAGE}"


def test_the_removal_tool_writes_the_same() -> None:
    text = SCANNER.replace("Safety Scanner", "Windows Malicious Software Removal Tool")
    _, records, _ = traces_of(text.encode("utf-16"), "mrt.log")
    assert len(records) == 6
    assert records[0].fields["Tool"] == "Malicious Software Removal Tool"


@WIDE
def test_detections_and_what_was_done_are_told_of_defender(encoding: str) -> None:
    kind, records, _ = traces_of(DEFENDER.encode(encoding), "MPLog-20210309-100000.log")
    assert kind == "antivirus-log"
    told = [
        (
            record.time.isoformat() if record.time else "",
            *(record.fields.get(name, "") for name in ("Path", "Action", "Source", "Removed")),
        )
        for record in records
    ]
    assert told == [
        ("2021-03-09T11:16:35.087000+00:00", PAGE, "DETECTIONEVENT", "REALTIME", "no"),
        ("2021-03-09T11:16:35.087000+00:00", "", "DETECTIONEVENT", "REALTIME", "no"),
        ("2021-03-09T11:16:36+00:00", PAGE, "DETECTION_ADD", "", "no"),
        ("2021-03-09T11:20:01.549000+00:00", PAGE, "QUARANTINE", "REALTIME", "yes"),
        ("2021-03-09T11:21:00+00:00", "", "DETECTIONEVENT", "AMSI", "no"),
        ("", PAGE, "quarantine", "", "yes"),
        ("", PAGE, "quarantine", "", "no"),
    ]
    assert str(records[4].fields["Object"]).endswith(r"inetsrv\w3wp.exe")
    assert records[5].fields["Started"] == "03-09-2021 12:27:46"


def test_defenders_log_is_known_by_its_name_before_anything_was_found() -> None:
    quiet = DEFENDER.split("\n", 1)[0].encode("utf-16")
    assert traces_of(quiet, "Support/MPLog-20210309-100000.log")[0] == "antivirus-log"
    assert traces_of(quiet, "Support/other.log")[0] == ""
    assert traces_of(b"Microsoft Safety Scanner is a tool.", "readme.txt")[0] == ""


def test_a_log_that_begins_and_never_ends_is_bounded() -> None:
    text = "2021-03-09T10:00:00.000Z x MPSOURCE_\nBeginning threat actions\n" + "Path:a\n" * 200_000
    _, records, trouble = traces_of(text.encode(), "MPLog-20210309-100000.log")
    assert (records, trouble) == ([], "")
    many = f"2021-03-09T11:16:35.087Z DETECTIONEVENT MPSOURCE_SYSTEM {CHOPPER} " + "file:a;" * 9999
    _, records, _ = traces_of(many.encode(), "x")
    assert len(records) == 200


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 32), text=st.sampled_from([SCANNER, DEFENDER]))
def test_no_damage_stops_the_reader(seed: int, text: str) -> None:
    chance = random.Random(seed)
    data = bytearray(text.encode())
    for _ in range(chance.randint(1, 20)):
        at = chance.randrange(len(data))
        data[at : at + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 5))
    found = list(antivirus.read(Document("MPLog-20210309-100000.log", bytes(data))))
    assert all(record.fields["Threat"] for record in found)
