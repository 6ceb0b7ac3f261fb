"""Headers, columns, quoting, times: what the scanner asks of a line format."""

from datetime import UTC, datetime

import pytest

from extriage import parsers
from extriage.model.evidence import Origin
from extriage.parsers import Clock, LineFormat
from extriage.parsers.audit import QUEUE as AUDIT
from extriage.parsers.exchange import EWS, EWS_COLUMNS_2013, OTHER, RPS_CMDLET, SMTP
from extriage.parsers.httpproxy import COLUMNS, COLUMNS_2013_SP1
from extriage.parsers.httpproxy import FORMAT as HTTPPROXY
from extriage.parsers.iis import COLUMNS as IIS_COLUMNS
from extriage.parsers.iis import COLUMNS_6, COLUMNS_7, HTTPERR, NATIVE, NATIVE_COLUMNS
from extriage.parsers.iis import FORMAT as IIS

ABC = ("DateTime", "A", "B")
HERE = Origin("x.log", 7)
T0 = datetime(2021, 3, 3, 5, 2, 11, 130000, tzinfo=UTC)


def row(columns: tuple[str, ...], **values: str) -> bytes:
    return ",".join(values.get(name, "") for name in columns).encode()


def test_column_lists_have_the_published_lengths() -> None:
    assert (len(COLUMNS), len(COLUMNS_2013_SP1)) == (74, 64)
    assert COLUMNS_2013_SP1[62:] == ("GenericInfo", "GenericErrors")
    assert COLUMNS_2013_SP1[:44] == COLUMNS[:44]
    counts = {
        name: [len(c) for c in k.format.columns] for name, k in parsers.KINDS.items() if k.format
    }
    assert counts["rps-http"] == [38]
    assert counts["rps-cmdlet"] == [67]
    assert counts["ews"] == [92, 72]
    assert counts["message-tracking"] == [30, 27]
    assert counts["imap-pop"] == [13]
    assert counts["agent"] == [20]


@pytest.mark.parametrize(
    ("fmt", "line", "columns"),
    [
        (HTTPPROXY, b"#Fields: DateTime,A,B", ABC),
        (HTTPPROXY, b"#FIELDS:DateTime, A ,B", ABC),
        (HTTPPROXY, b"\xef\xbb\xbf#Fields: DateTime,A,B", ABC),
        (HTTPPROXY, b"DateTime,RequestId,MajorVersion", ("DateTime", "RequestId", "MajorVersion")),
        (HTTPPROXY, b'"DateTime","RequestId"', ("DateTime", "RequestId")),
        (OTHER, b"date-time,x", ("date-time", "x")),
        (HTTPPROXY, b"#Fields: DateTime,A,B,DateTime,A,B", ABC),
        (HTTPPROXY, b"#Fields: DateTime,A,DateTime,A,B", ABC),
        (HTTPPROXY, b"#Fields: A,TargetServer,,Version", ("A", "TargetServer", "", "Version")),
        (IIS, b"#Fields: date time cs-method ", ("date", "time", "cs-method")),
        (HTTPPROXY, b"#Fields:", None),
        (IIS, b"#Fields: ", None),
        (HTTPPROXY, b"#Software: Microsoft Exchange Server", None),
        (HTTPPROXY, b"2021-03-03T05:02:11Z,DateTime,", None),
        (HTTPPROXY, b"#Fields: Date\x00Time,A", None),
        (IIS, b"DateTime,RequestId", None),
        (HTTPPROXY, b"", None),
    ],
)
def test_headers_are_found_wherever_they_stand(
    fmt: LineFormat, line: bytes, columns: tuple[str, ...] | None
) -> None:
    assert parsers.header(fmt, line) == columns


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (b"t,a,b", ["t", "a", "b"]),
        (b"t,,", ["t", "", ""]),
        (b't,"a, b",c', ["t", "a, b", "c"]),
        (b't,"say ""hi""",c', ["t", 'say "hi"', "c"]),
        (b't,"""",c', ["t", '"', "c"]),
        (b't,"",c', ["t", "", "c"]),
        (b't,a "quoted" word,c', ["t", 'a "quoted" word', "c"]),
        (b't,a",c', ["t", 'a"', "c"]),
        (b't,"a,b,c","d"', ["t", "a,b,c", "d"]),
        (b't,"two\nlines",c', ["t", "two\nlines", "c"]),
        (b't,"a"",""b",c', ["t", 'a","b', "c"]),
        ("t,Système,«c»".encode(), ["t", "Système", "«c»"]),
        ("t,Système,c".encode("cp1252"), ["t", "Système", "c"]),
        (b"t,\x00\x00,c", ["t", "\0\0", "c"]),
        (b"\xef\xbb\xbft,a,b", ["t", "a", "b"]),
        (b"t,a", None),
        (b"t,a,b,c", None),
        (b't,"never closed,b', None),
        (b't,"a" tail,b', None),
        (b"t,two\nlines,c", None),
        (b't,two\nlines,"c"', None),
        (b"", None),
    ],
)
def test_csv_is_split_exactly_or_not_at_all(line: bytes, cells: list[str] | None) -> None:
    assert parsers.split(HTTPPROXY, ABC, line) == cells


def test_no_field_is_too_long() -> None:
    long = b"a" * 500_000
    assert parsers.split(HTTPPROXY, ABC, b"t," + long + b",c") == ["t", long.decode(), "c"]
    quoted = parsers.split(HTTPPROXY, ABC, b't,"' + long + b'",c')
    assert quoted == ["t", long.decode(), "c"]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (b"GET /a 443", ["GET", "/a", "443"]),
        (b"GET  443", ["GET", "", "443"]),
        (b"GET - 443", ["GET", "", "443"]),
        (b"GET  /a 443", ["GET", "/a", "443"]),
        (b"GET /a", None),
        (b"GET /a 443 more", None),
        (b"GET  /a 443 more", None),
        (b'GET "/a 443', ["GET", '"/a', "443"]),
        (b"", None),
    ],
)
def test_w3c_rows_keep_their_empty_values(line: bytes, cells: list[str] | None) -> None:
    assert parsers.split(IIS, ("cs-method", "cs-uri-stem", "s-port"), line) == cells


@pytest.mark.parametrize(
    ("fmt", "line", "columns"),
    [
        (HTTPPROXY, b"," * 73, COLUMNS),
        (HTTPPROXY, b"," * 67, COLUMNS[:68]),
        (HTTPPROXY, b"," * 63, COLUMNS_2013_SP1),
        (HTTPPROXY, b"," * 64, None),
        (EWS, b"," * 71, EWS_COLUMNS_2013),
        (OTHER, b"a,b", None),
        (IIS, b"2021-03-03 05:02:11 ::1 GET /a - 443 - ::1 agent - 200 0 0 15", IIS_COLUMNS),
        (IIS, b"2021-03-03 05:02:11 ::1 GET /a - 443 - ::1 agent 200 0 0 15", COLUMNS_7),
        (IIS, b"2021-03-03 05:02:11 W3SVC1 ::1 GET /a - 443 - ::1 agent 200 0 0", COLUMNS_6),
        (IIS, b"a b c d e f g h i j k l m n o", None),
        (
            NATIVE,
            b"::1, -, 03/03/21, 5:02:11, W3SVC1, EX, ::1, 1, 2, 3, 200, 0, GET, /, -,",
            NATIVE_COLUMNS,
        ),
    ],
)
def test_without_a_header_the_number_of_columns_decides(
    fmt: LineFormat, line: bytes, columns: tuple[str, ...] | None
) -> None:
    assert parsers.fallback_columns(fmt, line) == columns


def test_a_broken_header_does_not_make_good_rows_raw() -> None:
    line = row(COLUMNS, DateTime="2021-03-03T05:02:11.130Z", UrlStem="/ecp/y.js")
    record = parsers.record(HTTPPROXY, ("DateTime", "A"), line, HERE, Clock())
    assert not record.raw
    assert record.fields["UrlStem"] == "/ecp/y.js"


@pytest.mark.parametrize(
    ("fmt", "line", "starts"),
    [
        (HTTPPROXY, b"2021-03-03T05:02:11.130Z,x", True),
        (HTTPPROXY, b'"2021-03-03T05:02:11.130Z","x"', True),
        (RPS_CMDLET, b",2021-03-03T05:02:11.130Z,x", True),
        (HTTPPROXY, b"#Fields: a,b", True),
        (HTTPPROXY, b"DateTime,RequestId,MajorVersion", True),
        (HTTPPROXY, b'rest of a value",200', False),
        (HTTPPROXY, b"2021-03-03 is a day", False),
        (HTTPPROXY, b"", False),
        (IIS, b"2021-03-03 05:02:11 ::1 GET", True),
        (IIS, b"05:02:11 ::1 GET", True),
        (IIS, b"GET /x", False),
        (NATIVE, b"10.0.0.1, -, 03/20/01, 7:55:20,", True),
        (NATIVE, b"GET, /x", False),
    ],
)
def test_the_start_of_a_record_is_known(fmt: LineFormat, line: bytes, starts: bool) -> None:
    assert parsers.starts_record(fmt, line) is starts


def test_only_a_closed_quoted_field_joins_lines() -> None:
    first, second = b'2021-03-03T05:02:11Z,"two', b'lines",c'
    assert parsers.joined(HTTPPROXY, ABC, [first, second]) == [
        "2021-03-03T05:02:11Z",
        "two\nlines",
        "c",
    ]
    assert parsers.joined(HTTPPROXY, ABC, [first, b"2021-03-03T05:02:12Z,a,b"]) is None
    assert parsers.joined(HTTPPROXY, ABC, [first, b"still open"]) is None
    assert parsers.joined(HTTPPROXY, ABC, [b"t,a", b",b"]) is None
    assert parsers.joined(HTTPPROXY, ABC, [first, b"x" * 70_000, second]) is None


@pytest.mark.parametrize(
    ("start", "time"),
    [
        (b"2021-03-03T05:02:11.130Z", T0),
        (b'"2021-03-03T05:02:11.130Z"', T0),
        (b"\xef\xbb\xbf2021-03-03T05:02:11.130Z", T0),
        (b"2021-03-03T05:02:11.1300000Z", T0),
        (b"2021-03-03T05:02:11,130Z", T0),
        (b"2021-03-03T06:02:11.130+01:00", T0),
        (b"2021-03-02T23:32:11.130-0530", T0),
        (b"2021-03-03T05:02:11Z", T0.replace(microsecond=0)),
        (b"2021-03-03T05:02:11", T0.replace(microsecond=0)),
        (b"2021-02-30T05:02:11Z", None),
        (b"2021-03-03T25:02:11Z", None),
        (b"0001-01-01T00:00:00+14:00", None),
        (b"2021-03-03", None),
        (b"nonsense", None),
        (b"", None),
    ],
)
def test_exchange_times_are_utc(start: bytes, time: datetime | None) -> None:
    assert parsers.line_time(HTTPPROXY, COLUMNS, start + b"," * 73, Clock()) == time


def test_an_empty_time_beside_a_start_time_is_no_loss() -> None:
    columns = ("DateTime", "StartTime", "Cmdlet")
    line = b",2021-03-03T05:02:11.130Z,Get-Mailbox"
    assert parsers.line_time(RPS_CMDLET, columns, line, Clock()) == T0


def test_the_time_column_may_stand_elsewhere() -> None:
    line = b"1,2021-03-03T05:02:11.130Z,x"
    assert parsers.line_time(OTHER, ("Seq", "TimeStamp", "X"), line, Clock()) == T0


def test_iis_times_are_utc_without_a_mark() -> None:
    time = T0.replace(microsecond=0)
    line = b"2021-03-03 05:02:11 GET"
    assert parsers.line_time(IIS, ("date", "time", "cs-method"), line, Clock()) == time
    assert parsers.line_time(IIS, (), line, Clock()) == time
    apart = b"2021-03-03 GET 05:02:11"
    assert parsers.line_time(IIS, ("date", "cs-method", "time"), apart, Clock()) == time
    assert parsers.line_time(
        IIS, ("date", "cs-method"), b"2021-03-03 GET", Clock()
    ) == time.replace(hour=0, minute=0, second=0)
    assert parsers.line_time(IIS, ("cs-method",), b"GET", Clock()) is None
    assert parsers.line_time(IIS, ("cs-method", "time"), b"GET", Clock()) is None


def test_native_iis_times_name_no_zone_and_are_not_guessed() -> None:
    line = b"::1, -, 03/03/21, 5:02:11, W3SVC1, EX, ::1, 1, 2, 3, 200, 0, GET, /, -,"
    record = parsers.record(NATIVE, NATIVE_COLUMNS, line, HERE, Clock())
    assert record.time is None
    assert not record.raw
    assert record.fields["date"] == "03/03/21"
    assert record.fields["cs-uri-query"] == ""
    assert record.computer == "EX"


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("u_ex130730.log", (2013, 7, 30)),
        ("C/W3SVC1/u_ex13073004_x.log", (2013, 7, 30)),
        ("ex960101.log", (1996, 1, 1)),
        ("ex139999.log", None),
        ("x.log", None),
    ],
)
def test_a_file_without_dates_is_dated_by_its_name(
    name: str, day: tuple[int, int, int] | None
) -> None:
    time = parsers.line_time(IIS, ("time", "c-ip"), b"05:02:11 ::1", Clock(name))
    assert time == (datetime(*day, 5, 2, 11, tzinfo=UTC) if day else None)


def test_rows_without_a_date_follow_the_date_line_and_midnight() -> None:
    clock = Clock()
    columns = ("time", "c-ip")

    def time(row: bytes) -> datetime | None:
        return parsers.line_time(IIS, columns, row, clock)

    assert time(b"05:00:00 ::1") is None
    clock.see(b"#Date: 2013-07-30 23:59:00")
    clock.see(b"#Date: nonsense")
    assert time(b"23:59:58 ::1") == datetime(2013, 7, 30, 23, 59, 58, tzinfo=UTC)
    assert time(b"23:59:57 ::1") == datetime(2013, 7, 30, 23, 59, 57, tzinfo=UTC)
    assert time(b"00:00:01 ::1") == datetime(2013, 7, 31, 0, 0, 1, tzinfo=UTC)
    assert time(b"00:00:00 ::1") == datetime(2013, 7, 31, 0, 0, 0, tzinfo=UTC)
    assert time(b"24:00:00 ::1") is None
    clock.see(b"#date: 9999-12-31 23:00:00")
    assert time(b"23:30:00 ::1") == datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    assert time(b"00:00:00 ::1") is None


def test_a_row_tells_server_and_build() -> None:
    line = row(
        COLUMNS,
        DateTime="2021-03-03T05:02:11.130Z",
        MajorVersion="15",
        MinorVersion="01",
        BuildVersion="2507",
        RevisionVersion="044",
        ServerHostName="EX01",
    )
    values = parsers.split(HTTPPROXY, COLUMNS, line)
    assert values is not None
    assert parsers.build(HTTPPROXY, COLUMNS, values) == "15.1.2507.44"
    assert parsers.computer(HTTPPROXY, COLUMNS, values) == "EX01"
    assert parsers.build(HTTPPROXY, ABC, ["", "", ""]) == ""
    assert parsers.computer(HTTPPROXY, ABC, ["", "", ""]) == ""
    bad = [value if value != "2507" else "2507x" for value in values]
    assert parsers.build(HTTPPROXY, COLUMNS, bad) == ""


def test_a_receive_connector_names_the_server_and_a_send_connector_does_not() -> None:
    columns = SMTP.columns[0]
    receive = ["t", "EX01\\Default Frontend EX01", *[""] * 7]
    assert parsers.computer(SMTP, columns, receive) == "EX01"
    assert parsers.computer(SMTP, columns, ["t", "To the internet", *[""] * 7]) == ""


def test_an_audit_row_names_the_build_of_the_server_it_came_from() -> None:
    columns = AUDIT.columns[0]
    data = '{"OriginatingServer":"EX01 (15.02.2562.037)","X":"(15.9.9.9)"}'
    assert parsers.build(AUDIT, columns, ["t", "EX01", "", "", data, *[""] * 7]) == "15.2.2562.37"


def test_a_line_that_fits_nothing_is_kept_as_text() -> None:
    line = b'2021-03-03T05:02:11.130Z,EX01,"never closed, ServerInfo~'
    record = parsers.record(HTTPPROXY, COLUMNS, line, HERE, Clock())
    assert record.raw
    assert record.fields == {}
    assert record.text == line.decode()
    assert record.time == T0
    assert record.origin == HERE
    assert parsers.raw_record(HTTPPROXY, line, HERE, Clock()) == record


def test_a_nameless_column_is_no_field() -> None:
    record = parsers.record(HTTPPROXY, ("DateTime", "", "A"), b"t,x,y", HERE, Clock())
    assert record.fields == {"DateTime": "t", "A": "y"}


def test_httperr_rows_are_read() -> None:
    line = b"2021-03-03 05:02:11 10.0.0.2 50001 10.0.0.1 443 HTTP/1.1 GET /x 400 - BadRequest -"
    columns = parsers.fallback_columns(HTTPERR, line)
    assert columns is not None
    record = parsers.record(HTTPERR, columns, line, HERE, Clock())
    assert record.fields["s-reason"] == "BadRequest"
    assert record.fields["s-queuename"] == ""
