"""Exports of events are known by their content, and cut into events without holding them all."""

import io
import itertools
import json
from typing import Any, cast

import pytest
from event_shapes import SHAPES, Event
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers_reading import EVIDENCE

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream, Fields
from extriage.parsers import event_record, event_system, eventitems, recognise
from extriage.parsers.clockcheck import ClockCheck
from extriage.parsers.eventexports import Export, export_form
from extriage.parsers.eventitems import Item, Tape, elements, lines
from extriage.parsers.eventnames import SECURITY, SYSMON, name_values
from extriage.parsers.recognise import looks_like_events

LAB = EVIDENCE / "proxylogon-lab-2021" / "proxylogon_ssrf_rce_poc_extract.json"
LAB_EVENTS: list[Event] = [json.loads(line) for line in LAB.read_bytes().splitlines()]
FORMS = {
    "evtxecmd_json": "lines",
    "evtxecmd_csv": "rows",
    "velociraptor": "lines",
    "velociraptor_rows": "lines",
    "winevent_5": "elements",
    "winevent_7": "elements",
    "one_array": "elements",
    "wrapped_array": "elements",
    "evtx_dump": "elements",
}


def tape(data: bytes) -> Tape:
    return Tape(io.BytesIO(data), lambda _size: None)


def cut(data: bytes) -> list[bytes]:
    return [item.raw for item in elements(tape(data))]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_form_is_known_by_its_beginning(shape: str) -> None:
    data = SHAPES[shape](LAB_EVENTS)
    if shape == "winevent_5":
        data = data.decode("utf-16").encode()
    for head in (data[: 64 * 1024], data[: 20 * 1024]):
        assert export_form(head) == FORMS[shape]
        assert recognise(head, "x.log") == "events-json"


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b'[\n{"EventID": 4, "Channel": "A"},\n{"EventID": 4, "Channel": "A"}\n]', "lines"),
        (b'{"cut": "by dam\n{"EventID": 4, "Channel": "A"}\n', "lines"),
        (b'[{"EventID": 4, "Channel": "A"}]', "lines"),
        (b'[{"EventID": 4, "Channel": "A"},{"EventID": 4, "Channel": "A"}]', "elements"),
        (b'[{"Id": 4, "ProviderName": "P", "TimeCreated": "x"},{}]', "elements"),
        (b'[{"System": {}, "UserData": {}},{}]', "elements"),
        (b'[{"Event": {"System": {"EventID": 4, "Channel": "' + b"a" * 70_000, "elements"),
        (b'{"Event": {"System": {"EventID": 4, "Channel": "' + b"a" * 70_000, "lines"),
        (b'#TYPE System.Diagnostics\r\n"Id","ProviderName","LogName"\r\n', "rows"),
        (b"\xef\xbb\xbf\r\nEventID,SourceName,Channel,Message\r\n", "rows"),
        (b"EventID,SourceName,Message\r\n", ""),
        (b"some text\nEventID,SourceName,Channel\n", ""),
        (b'[{"Id": 4, "Name": "P"}, {"Id": 5}]', ""),
        (b'[{"Server": {"EventID": 4, "Channel": "A"}}, {"EventIDs": []}]', ""),
        (b"[1, 2, 3]", ""),
        (b"[" * 60_000, ""),
        (b"{}", ""),
        (b"", ""),
    ],
)
def test_a_beginning_has_a_form(head: bytes, form: str) -> None:
    assert export_form(head) == form


def test_an_event_that_quotes_a_log_is_an_event() -> None:
    quoted = {"EventID": 1, "Channel": "A", "Message": "download failed and temporary file"}
    assert recognise(json.dumps(quoted).encode(), "x") == "events-json"


@pytest.mark.parametrize(
    ("head", "events"),
    [
        (
            b"<?xml version='1.0'?><Events><Event xmlns='http://schemas.microsoft.com/win/2004'",
            True,
        ),
        (b"Level,Date and Time,Source,Event ID,Task Category\r\n", True),
        (b"Id;ProviderName;LogName\r\n", True),
        (b'[{"a": {"EventID": 1}}]', True),
        (b"<Event><Name>party</Name></Event>", False),
        (b"a;b;c\r\n", False),
        (b"", False),
    ],
)
def test_what_is_not_read_is_known_all_the_same(head: bytes, events: bool) -> None:
    assert recognise(head, "x") == ""
    assert looks_like_events(head) is events


@pytest.mark.parametrize(
    ("text", "items"),
    [
        (b"", []),
        (b"[]", []),
        (b'[{"a":1},{"b":"}\\"{"}]', [b'{"a":1}', b'{"b":"}\\"{"}']),
        (b'[[{"a":[{}]}],[{"b":2}]]', [b'{"a":[{}]}', b'{"b":2}']),
        (b'[{"a":1}, junk {"b":2}\n]', [b'{"a":1}', b"junk ", b'{"b":2}']),
        (b'Record 1\n{"a":1}\nRecord 22\n{}', [b'{"a":1}', b"{}"]),
        (b'{"value":[{"a":1}],"Count":1}', [b'{"a":1}']),
        (b'[{"a":"cut\n{"b":1}]', [b'{"a":"cut', b'{"b":1}']),
        (b'[{"a":"cut\\\n{"b":1}]', [b'{"a":"cut', b"\\", b'{"b":1}']),
        (b'{"a":"x\\', [b'{"a":"x\\']),
        (b"\xef\xbb\xbf\0 {}", [b"{}"]),
        (b"text", [b"text"]),
    ],
)
def test_objects_are_cut_out_of_a_text(text: bytes, items: list[bytes]) -> None:
    assert cut(text) == items


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(['"', "\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(
    objects=st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=4), max_size=6),
    indent=st.none() | st.integers(0, 3),
    block=st.integers(1, 40),
)
def test_an_array_gives_back_its_elements(
    objects: list[dict[str, Any]], indent: int | None, block: int
) -> None:
    data = json.dumps(objects, indent=indent).encode()
    patch = pytest.MonkeyPatch()
    patch.setattr(eventitems, "BLOCK", block)
    try:
        assert [json.loads(raw) for raw in cut(data)] == objects
    finally:
        patch.undo()
    assert [json.loads(raw) for raw in cut(data)] == objects


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200), seed=st.integers(1, 30))
def test_the_size_of_blocks_does_not_matter(data: bytes, seed: int) -> None:
    whole = [(item.raw, item.part) for item in elements(tape(data))]
    split = [(item.raw, item.part) for item in lines(tape(data))]
    assert [raw for raw, _ in split] == (data.removesuffix(b"\n").split(b"\n") if data else [])
    patch = pytest.MonkeyPatch()
    patch.setattr(eventitems, "BLOCK", seed)
    try:
        if not data.startswith(b"\xef"):
            assert [(item.raw, item.part) for item in elements(tape(data))] == whole
        assert [(item.raw, item.part) for item in lines(tape(data))] == split
    finally:
        patch.undo()


@pytest.mark.parametrize("cutter", [lines, elements])
def test_windows_of_a_long_item_hold_all_of_it(
    cutter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"BLOCK": 100, "LIMIT": 1000, "OVERLAP": 40}.items():
        monkeypatch.setattr(eventitems, name, value)
    body = b"".join(b"%d " % number for number in range(2000))
    data = b'{"a":1}\n{"b":"' + body + b'"}\n{"c":1}\n'
    items: list[Item] = list(cutter(tape(data)))
    assert [item.raw for item in (items[0], items[-1])] == [b'{"a":1}', b'{"c":1}']
    windows = items[1:-1]
    assert [item.part for item in windows] == list(range(1, len(windows) + 1))
    assert [item.ends for item in windows] == [False] * (len(windows) - 1) + [True]
    assert not any(item.document for item in windows)
    joined = windows[0].raw + b"".join(item.raw[40:] for item in windows[1:])
    assert joined == b'{"b":"' + body + b'"}'
    assert max(len(item.raw) for item in windows) < 1200


def test_a_stream_that_breaks_off_gives_what_was_read() -> None:
    class Broken(io.RawIOBase):
        blocks = itertools.chain([b'{"EventID": 1, "Channel": "A"}\n{"Even'], ())

        def read(self, size: int = -1, /) -> bytes:
            for block in self.blocks:
                return block
            raise SourceError("broken")

    export = Export(cast("ByteStream", Broken()), lambda _size: None)
    got: list[bytes] = []
    with pytest.raises(SourceError, match="broken"):
        got.extend(item.raw for item in export.items())
    assert got == [b'{"EventID": 1, "Channel": "A"}', b'{"Even']


WHEN = "2021-03-14T06:40:12.987Z"
ENVELOPE = {
    "Channel": "Application",
    "EventID": "4",
    "Provider_Name": "P",
    "Computer": "EX01",
    "EventRecordID": "77",
}


@pytest.mark.parametrize(
    "document",
    [
        {"EventId": 4, "Provider": "P", "Channel": "Application", "Computer": "EX01"}
        | {"EventRecordId": "77", "TimeCreated": "2021-03-14 06:40:12.9870000", "Payload": "{}"},
        {"EventId": 4, "Provider": "P", "Channel": "Application", "Computer": "EX01"}
        | {"EventRecordId": 77, "TimeCreated": "2021-03-14T06:40:12.9870000+00:00"},
        {
            "System": {
                "Provider": {"Name": "P"},
                "EventID": {"Value": 4},
                "TimeCreated": {"SystemTime": 1615704012.987},
                "EventRecordID": 77,
                "Channel": "Application",
                "Computer": "EX01",
            },
            "EventData": None,
        },
        {"EventTime": WHEN, "Computer": "EX01", "Channel": "Application", "Provider": "P"}
        | {"EventID": 4, "EventRecordID": 77},
        {"Id": 4, "ProviderName": "P", "LogName": "Application", "MachineName": "EX01"}
        | {"RecordId": 77, "TimeCreated": "\\/Date(1615704012987)\\/".replace("\\", "")},
        {"Id": 4, "ProviderName": "P", "LogName": "Application", "MachineName": "EX01"}
        | {"RecordId": 77, "TimeCreated": {"value": "2021-03-14T01:40:12.987-05:00", "x": 1}},
        {"Id": "4", "ProviderName": "P", "LogName": "Application", "MachineName": "EX01"}
        | {
            "RecordId": "77",
            "TimeCreated": {"DateTime": "Sunday", "value": "/Date(1615704012987)/"},
        },
    ],
)
def test_every_shape_has_the_same_envelope(document: Event) -> None:
    data = json.dumps(document).encode()
    system, record = event_system(data), event_record(data, "x", 5)
    assert system is not None
    assert system.time == record.time
    assert record.time is not None
    assert record.time.isoformat() == "2021-03-14T06:40:12.987000+00:00"
    assert (system.channel, system.event_id, system.provider) == ("Application", 4, "P")
    assert (system.computer, system.record_id) == ("EX01", 77)
    assert {name: record.fields[name] for name in ENVELOPE} == ENVELOPE


@pytest.mark.parametrize("number", ["12", "99999999", "1e30", "-5", "9" * 13, "9" * 14])
def test_a_number_that_is_no_time_is_none(number: str) -> None:
    data = json.dumps({"Id": 4, "ProviderName": "P", "TimeCreated": number}).encode()
    record = event_record(data, "x", 5)
    assert record.time is None or record.time.year > 2200


def fields_of(document: Event) -> Fields:
    return event_record(json.dumps(document).encode(), "x", 5).fields


def test_evtxecmd_keeps_its_own_columns_apart_from_the_events_data() -> None:
    payload = {"EventData": {"Data": [{"@Name": "ProcessId", "#text": "7"}], "Binary": ""}}
    head = {"EventId": 1, "Provider": "P", "Channel": "A", "ProcessId": 4711}
    fields = fields_of(head | {"Payload": json.dumps(payload), "PayloadData1": "x"})
    assert (fields["ProcessId"], fields["Execution_ProcessID"]) == ("7", "4711")
    assert "Payload" not in fields
    assert fields_of(head | {"Payload": "plain text"})["Data"] == ("plain text",)
    assert fields_of(head | {"Payload": "{" * 5000})["Data"] == ("{" * 5000,)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            'Set-Mailbox, -Identity "a, b", -Force "x", d.e/Users/Adm, S-1-5-21-1, S-1-5-21-1, R, ',
            ("Set-Mailbox", '-Identity "a, b", -Force "x"', "d.e/Users/Adm"),
        ),
        (
            'Set-Mailbox, -A ", x, S-1-5-1, S-1-5-2, <script>", d/A, S-1-5-21-1, S-1-5-21-1, R',
            ("Set-Mailbox", '-A ", x, S-1-5-1, S-1-5-2, <script>"', "d/A"),
        ),
        ("Set-Mailbox, -A b", ("Set-Mailbox", "-A b", None)),
        ("no cmdlet at all", (None, None, None)),
    ],
)
def test_a_cmdlet_whose_values_were_joined(data: str, expected: tuple[str | None, ...]) -> None:
    payload = json.dumps({"EventData": {"Data": data}})
    head = {"EventId": 1, "Provider": "MSExchange CmdletLogs", "Channel": "MSExchange Management"}
    fields = fields_of(head | {"Payload": payload})
    told = [fields.get(name) for name in ("Cmdlet", "Parameters", "CmdletCaller")]
    assert tuple(told) == expected


POWERSHELL = {"Id": 4688, "ProviderName": SECURITY, "LogName": "Security"}


def test_values_without_names_get_them_from_their_order() -> None:
    for event in LAB_EVENTS:
        if event["EventID"] not in (4688, 4656, 4663, 5145, 1, 11):
            continue
        at = list(event).index("Task") + 1
        values = dict(list(event.items())[at:])
        if not values:
            continue
        head = {"Id": event["EventID"], "ProviderName": event["SourceName"], "LogName": "x"}
        fields = fields_of(head | {"Properties": [{"Value": value} for value in values.values()]})
        assert {name: fields.get(name) for name in values} == values, event["EventID"]
        assert fields["Data"] == tuple(values.values())


def test_sysmon_names_its_values_in_its_message() -> None:
    checked = 0
    for event in LAB_EVENTS:
        if event["SourceName"] != SYSMON:
            continue
        at = list(event).index("Task") + 1
        head = {"Id": event["EventID"], "ProviderName": SYSMON, "LogName": "x"}
        fields = fields_of(head | {"Message": event["Message"]})
        for name, value in list(event.items())[at:]:
            if name in ("Image", "CommandLine", "ParentImage", "TargetFilename", "TargetObject"):
                assert fields[name] == value.strip(), event["Message"]
                checked += 1
    assert checked > 100


def test_a_name_that_a_message_gives_twice_has_both_values() -> None:
    message = "Process Create:\r\nCommandLine: cmd\nParentImage: C:\\good.exe\r\nParentImage: w3wp"
    fields: Fields = {"Provider_Name": SYSMON, "EventID": "1", "Message": message}
    name_values(fields)
    assert fields["ParentImage"] == ("C:\\good.exe", "w3wp")
    assert fields["CommandLine"] == "cmd"


def test_an_english_security_message_names_what_rules_ask_for() -> None:
    message = (
        "A new process has been created.\r\n\r\nCreator Subject:\r\n\tAccount Name:\t\tE$\r\n\r\n"
        "Process Information:\r\n\tNew Process Name:\tC:\\cmd.exe\r\n"
        "\tCreator Process Name:\tC:\\w3wp.exe\r\n\tProcess Command Line:\tcmd /c whoami\r\n\r\n"
        "Token Elevation Type indicates the type of token: it is long.\r\n"
    )
    fields = fields_of(POWERSHELL | {"Message": message})
    names = ("NewProcessName", "ParentProcessName", "CommandLine")
    assert [fields[n] for n in names] == ["C:\\cmd.exe", "C:\\w3wp.exe", "cmd /c whoami"]


def test_an_old_sysmon_whose_order_differs_gets_no_wrong_names() -> None:
    values = ["2021-03-14 06:40:11.001", "{guid}", "4711", "C:\\a.exe", "cmd"]
    fields = fields_of({"Id": 1, "ProviderName": SYSMON, "LogName": "x", "Properties": values})
    assert "Image" not in fields
    assert fields["Data"] == tuple(values)


def test_a_long_spiteful_message_is_soon_done_with() -> None:
    message = "x\n" + "a: b\n" * 200_000 + "A" * 200_000
    fields: Fields = {"Provider_Name": SYSMON, "EventID": "1", "Message": message}
    name_values(fields)
    assert len(fields["a"]) < 1000


@pytest.mark.parametrize("shape", ["evtxecmd_json", "evtxecmd_csv"])
def test_a_wrong_clock_is_found_in_json_within_json(shape: str) -> None:
    export = Export(io.BytesIO(SHAPES[shape](LAB_EVENTS)), lambda _size: None)
    check = ClockCheck()
    for item in export.items():
        check.see(item.document)
    assert "5:00 hours behind UTC" in check.verdict()[1]


KEYS = st.sampled_from(
    ["EventId", "Id", "Channel", "LogName", "Provider", "ProviderName", "TimeCreated", "Payload"]
    + ["PayloadData1", "Properties", "Value", "value", "Message", "System", "EventData", "Data"]
    + ["@Name", "#text", "EventID", "SystemTime", "Name", "EventTime", "Computer", "MachineName"]
)
TREES = st.recursive(
    st.none()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(
        [SYSMON, SECURITY, "4688", "/Date(1615704012987)/", WHEN, '{"EventData":{}}']
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_no_shape_of_document_stops_the_reader(document: object) -> None:
    data = json.dumps(document).encode()
    record, system = event_record(data, "x", 3), event_system(data)
    assert (system is None) == record.raw
    if system:
        assert (system.time, system.computer) == (record.time, record.computer)
    for value in record.fields.values():
        assert isinstance(value, str) or all(isinstance(item, str) for item in value)
