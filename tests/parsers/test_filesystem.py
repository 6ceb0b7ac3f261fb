"""Exports of $MFT and $J: the same fields whatever the tool, and places and times as they are."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traces_reading import rows_of

from extriage.parsers.filesystem import CHANGE_FIELDS, FILE_FIELDS

MFT = (
    "EntryNumber,SequenceNumber,InUse,ParentEntryNumber,ParentSequenceNumber,ParentPath,FileName,"
    "Extension,FileSize,ReferenceCount,ReparseTarget,IsDirectory,HasAds,IsAds,SI<FN,uSecZeros,"
    "Copied,SiFlags,NameType,Created0x10,Created0x30,LastModified0x10,LastModified0x30"
)
JOURNAL = (
    "Name,Extension,EntryNumber,SequenceNumber,ParentEntryNumber,ParentSequenceNumber,ParentPath,"
    "UpdateSequenceNumber,UpdateTimestamp,UpdateReasons,FileAttributes,OffsetToData,SourceFile"
)
USN = (
    "Timestamp,Filename,Device,FullPath,Reason,MFTId,Sequence,ParentMFTId,ParentSequence,"
    "FileAttributes,SourceInfo,Usn"
)
CLIENT = r".\inetpub\wwwroot\aspnet_client"
OWA = r".\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth"


def entry(folder: str, name: str, said: str, named: str = "", *, used: bool = True) -> str:
    return (
        f"100,6,{used},80,2,{folder},{name},.{name.rpartition('.')[2]},1362,1,,False,False,False,"
        f"False,False,False,Archive,Windows,{said},{named},2021-03-03 05:01:02.1,"
    )


def change(folder: str, name: str, reasons: str) -> str:
    return (
        f"{name},.aspx,5,1,6,1,{folder},514726464,2021-03-03 05:01:02.1744759,{reasons},Archive,"
        r"36559424,.\C\$Extend\$J"
    )


def test_a_table_of_mftecmd_gives_the_tools_columns_and_ours() -> None:
    text = f"{MFT}\r\n{entry(CLIENT, 'x.aspx', '2021-03-03 05:01:02.7654321')}\r\n"
    kind, (record,) = rows_of(text.encode(), "out.csv")
    assert kind == "file-record"
    assert record.fields["Path"] == r"\inetpub\wwwroot\aspnet_client\x.aspx"
    assert record.fields["InUse"] == "True"
    assert str(record.time) == "2021-03-03 05:01:02.765432+00:00"
    assert {name: record.fields[name] for name in FILE_FIELDS[1:]} == {
        "FileName": "x.aspx",
        "Extension": ".aspx",
        "Place": "aspnet_client",
        "ShippedPath": "no",
        "Imitates": "",
        "Deleted": "no",
        "DaysBackdated": "0",
    }


def test_shipped_pages_are_told_from_foreign_ones() -> None:
    rows = [entry(OWA, name, "2021-03-03 05:01:02") for name in ("logon.aspx", "x.aspx", "x.txt")]
    _, records = rows_of("\n".join([MFT, *rows]).encode(), "out.csv")
    assert [record.fields["ShippedPath"] for record in records] == ["yes", "no", ""]
    assert {record.fields["Place"] for record in records} == {"front-end"}


@pytest.mark.parametrize(
    ("said", "named", "days"),
    [
        ("2016-07-16 13:23:21.0000000", "2021-03-03 05:01:02.7654321", "1690"),
        ("2021-03-02 05:01:02.7654321", "2021-03-03 05:01:02.7654321", "1"),
        ("2021-03-02 05:01:03.0000000", "2021-03-03 05:01:02.0000000", "0"),
        ("2021-03-03 05:01:02.7654321", "", "0"),
        ("2021-03-04 05:01:02.7654321", "2021-03-03 05:01:02.7654321", "0"),
        ("yesterday", "2021-03-03 05:01:02.7654321", "0"),
        ("0001-01-01 00:00:00", "9999-12-31 23:59:59", "3652058"),
    ],
)
def test_days_are_counted_by_which_a_file_is_dated_back(said: str, named: str, days: str) -> None:
    _, (record,) = rows_of(f"{MFT}\n{entry(CLIENT, 'x.aspx', said, named)}".encode(), "x")
    assert record.fields["DaysBackdated"] == days


def test_rows_of_velociraptor_say_the_same() -> None:
    row = {
        "EntryNumber": 5,
        "InUse": False,
        "ParentEntryNumber": 9,
        "MFTPath": "C:/$MFT",
        "OSPath": "\\\\.\\C:\\inetpub\\wwwroot\\aspnet_client\\x.aspx",
        "FileName": "x.aspx",
        "FileSize": 7,
        "Created0x10": "2016-07-16T13:23:21Z",
        "Created0x30": "2021-03-03T05:01:02.123Z",
        "Nothing": None,
    }
    kind, (record,) = rows_of(json.dumps(row).encode() + b"\n", "mft.json")
    assert kind == "file-record"
    assert "Message" not in record.fields
    assert record.fields["Path"] == r"C:\inetpub\wwwroot\aspnet_client\x.aspx"
    assert record.fields["Deleted"] == "yes"
    assert record.fields["DaysBackdated"] == "1690"
    assert str(record.time) == "2021-03-03 05:01:02.123000+00:00"


def test_a_journal_of_mftecmd_tells_what_was_done() -> None:
    rows = [
        change(CLIENT, "x.aspx", "DataExtend|FileCreate|Close"),
        change(CLIENT, "x.aspx", "RenameOldName"),
        change("", "x.aspx", "FileDelete|Close"),
    ]
    kind, records = rows_of("\n".join([JOURNAL, *rows]).encode(), "j.csv")
    assert kind == "file-change"
    assert [record.fields["Changes"] for record in records] == [
        ("written", "created"),
        ("renamed-from",),
        ("deleted",),
    ]
    assert records[0].fields["Place"] == "aspnet_client"
    assert records[2].fields["Path"] == "x.aspx"
    assert records[2].fields["Place"] == "elsewhere", "without its folder a name tells no place"
    assert str(records[0].time) == "2021-03-03 05:01:02.174475+00:00"


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_journal_of_velociraptor_says_the_same(form: str) -> None:
    row = {
        "Timestamp": "2021-03-03T05:01:02.123Z",
        "Filename": "x.aspx",
        "Device": "C:",
        "FullPath": "inetpub/wwwroot/aspnet_client/x.aspx",
        "Reason": ["FILE_CREATE", "CLOSE"],
        "Usn": 77,
    }
    cells = (
        '2021-03-03T05:01:02.123Z,x.aspx,C:,inetpub/wwwroot/aspnet_client/x.aspx,"[""FILE_CREATE"",'
    )
    table = f'{USN}\n{cells}""CLOSE""]",5,1,6,1,"[""ARCHIVE""]",0,77\n'
    text = json.dumps(row) if form == "json" else table
    kind, (record,) = rows_of(text.encode(), "usn")
    assert kind == "file-change"
    assert {name: record.fields[name] for name in CHANGE_FIELDS} == {
        "Path": r"\inetpub\wwwroot\aspnet_client\x.aspx",
        "FileName": "x.aspx",
        "Extension": ".aspx",
        "Place": "aspnet_client",
        "ShippedPath": "no",
        "Imitates": "",
        "Changes": ("created",),
    }
    assert str(record.time) == "2021-03-03 05:01:02.123000+00:00"


def test_other_tables_and_rows_are_none_of_these() -> None:
    assert rows_of(f"{MFT}\n".encode(), "x")[0] == "file-record"
    for text in ('{"EntryNumber": 1}\n', '{"Usn": 1, "Reason": ["CLOSE"]}\n', "EntryNumber,A,B\n"):
        with pytest.raises(KeyError):
            rows_of(text.encode(), "x")


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=80), at=st.integers(0, 300), form=st.sampled_from("abc"))
def test_no_row_stops_the_reader(text: str, at: int, form: str) -> None:
    rows = {
        "a": f"{MFT}\n" + entry(CLIENT, "x.aspx", "2021-03-03 05:01:02"),
        "b": f"{JOURNAL}\n" + change(CLIENT, "x.aspx", "FileCreate"),
        "c": '{"EntryNumber":5,"Created0x10":"x","Usn":1}\n{"Reason":{"a":[1]},"OSPath":["x"]}',
    }
    head, _, row = rows[form].partition("\n")
    row = row[:at] + text.replace("\n", "") + row[at:]
    for record in rows_of(f"{head}\n{row}".encode(), "x")[1]:
        assert record.raw == (not record.fields)
