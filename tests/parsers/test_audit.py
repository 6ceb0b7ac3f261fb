"""The same act of an administrator is one and the same record, whichever log or export tells it."""

import io
import json
from datetime import UTC, datetime

import pytest
from audit_shapes import ACTS, DELETED, EXPORT, SHAPES, xml
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers_reading import EVIDENCE, line_records

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers import first_act, recognise
from extriage.parsers.audit import QUEUE, act_record, fields_of
from extriage.parsers.auditexports import AuditExport, xml_act
from extriage.parsers.text import HEAD

HERE = Origin("x", 1)
NOBODY = "00000000-0000-0000-0000-000000000000"
TIMES = [
    datetime(2021, 8, 18, 22, 48, 15, tzinfo=UTC),
    datetime(2021, 8, 18, 22, 40, tzinfo=UTC),
    datetime(2021, 8, 18, 22, 50, tzinfo=UTC),
]


def records(data: bytes) -> list[Record]:
    export = AuditExport(io.BytesIO(data), lambda _size: None)
    return [
        act_record(item.document, Origin("x", line), item.raw)
        for line, item in export.items()
        if item.raw
    ]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_export_tells_the_same_acts(shape: str) -> None:
    data = SHAPES[shape](ACTS)
    assert recognise(data[:HEAD], "SearchResult.txt") == "audit-export"
    found = records(data)
    assert not [record for record in found if record.raw]
    assert [record.time for record in found] == TIMES
    assert [record.computer for record in found] == ["EX01", "EX01", ""]
    wanted = {
        "Cmdlet": "New-MailboxExportRequest",
        "CmdletCaller": "contoso.example/Users/Administrator",
        "CmdletResult": "success",
        "Parameters.Mailbox": "david",
        "Parameters.FilePath": EXPORT["CmdletParameters"][1]["Value"],
        "Parameters": f'-Mailbox "david" -FilePath "{EXPORT["CmdletParameters"][1]["Value"]}"',
        "ModifiedProperties.Quota": "10 GB",
        "ModifiedProperties.Quota.OldValue": "35 GB",
        "ObjectId": "contoso.example/Users/david",
        "Computer": "EX01",
    }
    assert {name: found[0].fields.get(name) for name in wanted} == wanted
    assert found[1].fields["CmdletResult"] == "failure"
    mailbox = {
        "Operation": "HardDelete",
        "UserId": "Administrator",
        "ObjectId": "david@contoso.example",
        "ClientIP": "203.0.113.9",
        "ResultStatus": "Succeeded",
        "FolderPathName": DELETED["FolderPathName"],
        "ExternalAccess": "false",
    }
    assert {name: found[2].fields.get(name) for name in mailbox} == mailbox
    assert "Cmdlet" not in found[2].fields
    assert any("litigation" in str(value) for value in found[2].fields.values())


def test_a_row_of_the_queue_tells_what_its_json_says() -> None:
    path = EVIDENCE / "exchange-2016-cu22-benign" / "audit20230111-1.LOG"
    (record,) = line_records(path.read_bytes(), path.name)
    wanted = {
        "Operation": "Set-Mailbox",
        "Cmdlet": "Set-Mailbox",
        "CmdletResult": "success",
        "ExternalAccess": "false",
        "Parameters.Password": "<Secure Information Omitted>",
        "Computer": "SERVER-HOSTNAME",
        "OrganizationName": "First Org",
        "RecordType": "ExchangeAdmin",
    }
    assert {name: record.fields.get(name) for name in wanted} == wanted
    assert str(record.fields["Parameters"]).startswith('-Identity "DOMAIN.TEST/Microsoft')
    assert record.time == datetime(2023, 1, 11, 15, 56, 33, 189000, tzinfo=UTC)


@pytest.mark.parametrize("data", ["", "{", "[]", "null", "{}", '{"Operation":5}', "{" * 9000])
def test_a_queue_row_with_odd_json_keeps_its_columns(data: str) -> None:
    fields: Fields = {}
    fields.update(dict.fromkeys(QUEUE.columns[0], "x"))
    fields.update({"Data": data, "Operation": "Set-Mailbox"})
    assert QUEUE.decode is not None
    QUEUE.decode(fields, "")
    assert (fields["Cmdlet"], fields["Data"]) == ("Set-Mailbox", data)


@pytest.mark.parametrize(
    ("more", "time"),
    [
        ({"RunDate": "2021-08-18T22:48:15Z"}, TIMES[0]),
        ({"RunDate": "2021-08-18T15:48:15.0000000-07:00"}, TIMES[0]),
        ({"RunDate": "2021-08-18T15:48:15"}, None),
        ({"RunDate": "8/18/2021 3:48:15 PM"}, None),
        ({"RunDate": "/Date(1629326895000)/"}, TIMES[0]),
        ({"RunDate": "\\/Date(1629326895000+0200)\\/"}, TIMES[0]),
        ({"RunDate": "/Date(999999999999999)/"}, None),
        ({"CreationTime": "2021-08-18T22:48:15"}, None),
        ({"CreationTime": "2021-08-18T22:48:15", "OrganizationId": NOBODY}, None),
        ({"CreationTime": "2021-08-18T22:48:15", "OrganizationId": "11111111-0000"}, TIMES[0]),
        ({}, None),
    ],
)  # fmt: skip
def test_a_time_without_a_zone_is_none(more: dict[str, str], time: datetime | None) -> None:
    document = json.dumps({"Operation": "Set-Mailbox", **more}).encode()
    assert act_record(document, HERE).time == time


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b"null", b'{"a":1}', b"\xff", b"{" * 9999])
def test_what_is_no_act_stays_text(document: bytes) -> None:
    record = act_record(document, HERE)
    assert record.raw
    assert record.fields == {}


def test_lists_and_trees_are_laid_flat() -> None:
    fields = fields_of(
        {
            "Operation": "MailItemsAccessed",
            "Members": ["a", "b", "a"],
            "Item": {"Parent": {"Path": "\\Inbox"}},
            "Folders": [{"Path": "x"}, {"Path": "y"}],
            "ExtendedProperties": [{"Name": "Ext", "Value": "v"}],
            "Parameters": "-Identity text",
        }
    )
    assert fields is not None
    wanted = {
        "Members": ("a", "b"),
        "Item.Parent.Path": "\\Inbox",
        "Folders.Path": ("x", "y"),
        "ExtendedProperties.Ext": "v",
        "Parameters": "-Identity text",
    }
    assert {name: fields.get(name) for name in wanted} == wanted


def test_parameters_that_are_text_are_taken_apart() -> None:
    fields = fields_of({"CmdletName": "Set-Mailbox", "CmdletParameters": '-Identity "a b"'})
    assert fields is not None
    assert fields["Parameters.Identity"] == "a b"


def test_broken_xml_costs_only_its_own_act() -> None:
    data = xml(ACTS).replace(b'Mailbox Import Export"', b"Mailbox Import < Export", 1)
    found = records(data)
    assert [record.fields["Operation"] for record in found] == [
        "New-MailboxExportRequest",
        "New-ManagementRoleAssignment",
        "HardDelete",
    ]
    assert found[0].origin.line == 3
    assert data.split(b"\n")[found[2].origin.line - 1].startswith(b"  <Event Operation=")


def test_an_attribute_is_read_as_xml_means_it() -> None:
    act = json.loads(xml_act(b'<Event Caller="a &amp; &quot;b&quot; &#60;c" x:y="1" >'))
    assert act == {"Caller": 'a & "b" <c', "x:y": "1"}
    assert json.loads(xml_act(b"<Event")) == {}


def test_the_first_act_is_read_for_a_rules_case() -> None:
    assert first_act(xml(ACTS), "x").fields["Cmdlet"] == "New-MailboxExportRequest"
    assert first_act(b"nothing", "x").raw


@pytest.mark.parametrize(
    "text",
    [
        b'"CmdletName","Other"\r\n',
        b'{"Workload":"Exchange"}',
        b"<SearchResults></SearchResults>",
        b"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>",
        b'<Objs><Obj><S N="CmdletName">x</S></Obj></Objs>',
        b"",
    ],
)
def test_other_files_are_no_audit(text: bytes) -> None:
    assert recognise(text, "x.txt") != "audit-export"


SCRAPS = [
    b"<Event ",
    b'"',
    b"<",
    b">",
    b"'",
    b"{",
    b"}",
    b"[",
    b",",
    b"\n",
    b"=",
    b"&",
    b"\xff",
    b"\0",
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.lists(
        st.tuples(st.integers(0, 3000), st.sampled_from(SCRAPS), st.integers(0, 90)), max_size=4
    ),
)
def test_nothing_stops_the_reader_of_exports(
    shape: str, changes: list[tuple[int, bytes, int]]
) -> None:
    data = SHAPES[shape](ACTS)
    for at, scrap, gone in changes:
        data = data[:at] + scrap + data[at + gone :]
    for record in records(data):
        assert record.raw == (not record.fields)
        assert record.time is None or record.time.utcoffset() is not None
        for value in record.fields.values():
            assert isinstance(value, str) or all(isinstance(one, str) for one in value)
