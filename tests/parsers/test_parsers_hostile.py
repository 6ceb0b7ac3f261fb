"""No bytes stop a parser; what was written well is read back as it was."""

import random
import string
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers_reading import EVIDENCE

from extriage import parsers
from extriage.model.evidence import Origin
from extriage.parsers import KINDS, Clock, ClockCheck, LineFormat
from extriage.parsers.ecp import COLUMNS as ECP_COLUMNS
from extriage.parsers.ecp import SERVER, pairs
from extriage.parsers.httpproxy import COLUMNS, FORMAT
from extriage.parsers.iis import COLUMNS as IIS_COLUMNS
from extriage.parsers.iis import FORMAT as IIS

FORMATS = [kind.format for kind in KINDS.values() if kind.format]
HERE = Origin("x", 1)
REAL_LINES = sorted(
    {
        line
        for folder in ("exchange-2016-cu22-benign", "iis")
        for path in sorted((EVIDENCE / folder).iterdir())
        if path.suffix.lower() == ".log"
        for line in path.read_bytes().splitlines()
    }
)
EVENTS = (EVIDENCE / "proxylogon-lab-2021" / "proxylogon_ssrf_rce_poc_extract.json").read_bytes()
SCRAPS = [b'"', b",", b" ", b"\0", b"'", b";", b"#", b"\xff", b"\n", b"\r", b"S:", b"T", b"Z", b""]


def ask_everything(fmt: LineFormat, line: bytes) -> None:
    """Ask a format everything that the scanner asks, and hold the answers to their promises."""
    clock = Clock("u_ex210303.log")
    clock.see(line)
    named = parsers.header(fmt, line)
    assert named is None or any(named)
    if named is not None:
        assert parsers.starts_record(fmt, line)
    guessed = parsers.fallback_columns(fmt, line)
    for columns in (named or (), guessed or (), *fmt.columns[:1]):
        values = parsers.split(fmt, columns, line)
        if values is not None:
            assert len(values) == len(columns)
            assert not columns or parsers.computer(fmt, columns, values) in {"", *_parts(values)}
            build = parsers.build(fmt, columns, values)
            assert not build or build.count(".") == 3
        record = parsers.record(fmt, columns, line, HERE, clock)
        assert record.raw == (not record.fields)
        assert record.time is None or record.time.utcoffset() is not None
        assert parsers.joined(fmt, columns, [line, line]) is None or b"\n" not in line


def _parts(values: list[str]) -> set[str]:
    return {value.partition("\\")[0] for value in values}


def mutated(line: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        at, end = sorted(chance.choices(range(len(line) + 1), k=2))
        scrap = chance.choice(SCRAPS) * chance.randint(1, 3)
        line = chance.choice(
            (line[:at] + scrap + line[at:], line[:at] + line[end:], line[:at], line[at:] + line)
        )[:20_000]
    return line


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.kind)
@settings(max_examples=40, deadline=None)
@given(line=st.binary(max_size=300))
def test_no_bytes_stop_a_line_parser(fmt: LineFormat, line: bytes) -> None:
    ask_everything(fmt, line)


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.kind)
@settings(max_examples=40, deadline=None)
@given(line=st.sampled_from(REAL_LINES), seed=st.integers(0, 1 << 32))
def test_no_mutation_of_a_real_line_stops_a_line_parser(
    fmt: LineFormat, line: bytes, seed: int
) -> None:
    ask_everything(fmt, mutated(line, seed))


@settings(max_examples=150, deadline=None)
@given(
    line=st.sampled_from(EVENTS.splitlines()) | st.binary(max_size=200),
    seed=st.integers(0, 1 << 32),
)
def test_nothing_stops_the_reader_of_events(line: bytes, seed: int) -> None:
    document = mutated(line, seed)
    system = parsers.event_system(document)
    record = parsers.event_record(document, "x", 3)
    assert system or record.raw
    if system and not record.raw:
        assert (record.time, record.computer) == (system.time, system.computer)
    check = ClockCheck()
    check.see(document)
    check.verdict()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Event",
                    "System",
                    "EventData",
                    "UserData",
                    "Data",
                    "#text",
                    "#attributes",
                    "winlog",
                ]
                + [
                    "EventID",
                    "Channel",
                    "Provider",
                    "TimeCreated",
                    "SystemTime",
                    "Name",
                    "@Name",
                    "x",
                ]
                + ["RenderingInfo", "Message", "SourceName", "_source", "event_data", "Hostname"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_no_shape_of_document_stops_the_reader_of_events(document: object) -> None:
    data = msgspec.json.encode(document)
    record = parsers.event_record(data, "x", 3)
    assert (parsers.event_system(data) is None) == record.raw
    for value in record.fields.values():
        assert isinstance(value, str) or all(isinstance(item, str) for item in value)


@settings(max_examples=150, deadline=None)
@given(head=st.binary(max_size=400) | st.sampled_from(REAL_LINES), seed=st.integers(0, 1 << 32))
def test_nothing_stops_recognition(head: bytes, seed: int) -> None:
    assert parsers.recognise(mutated(head, seed), "x") in {"", *KINDS}
    assert parsers.page_record("x", head, HERE).kind == "web-file"


@pytest.mark.parametrize(
    "head",
    [
        b'{"Event":' * 7000,
        b"<script " * 8000,
        b"<%@ " * 16000,
        b"2021-03-03T05:02:11.130Z," * 2600,
        b"#Fields: " + b"a," * 32000,
        b"1.1.1.1, " * 7000,
        b"\n" * 65536,
        b"2021-03-03 05:02:11 " + b":" * 65000,
    ],
)
def test_a_spiteful_head_is_soon_done_with(head: bytes) -> None:
    start = time.perf_counter()
    parsers.recognise(head, "x")
    assert time.perf_counter() - start < 1


def test_spiteful_ecp_data_is_soon_done_with() -> None:
    start = time.perf_counter()
    for data in (";'S:a" * 60_000, "'" * 300_001, "S:" * 150_000, ";" * 300_000, "''S:a;" * 50_000):
        pairs(data)
    assert time.perf_counter() - start < 5


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)


def csv_cell(text: str) -> str:
    """Write a field as Exchange does."""
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


@settings(max_examples=200, deadline=None)
@given(st.lists(CELL, min_size=74, max_size=74))
def test_a_row_that_was_written_well_is_read_back(cells: list[str]) -> None:
    cells[0] = "2021-03-03T05:02:11.130Z"
    line = ",".join(map(csv_cell, cells)).encode()
    assert parsers.split(FORMAT, COLUMNS, line) == cells


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(string.ascii_letters + "+/-.%", min_size=1, max_size=9), min_size=15, max_size=15
    )
)
def test_a_w3c_row_that_was_written_well_is_read_back(cells: list[str]) -> None:
    line = " ".join(cells).encode()
    expected = ["" if cell == "-" else cell for cell in cells]
    assert parsers.split(IIS, IIS_COLUMNS, line) == expected


VALUE = st.text(string.ascii_letters + "'\";,=<> ", max_size=20)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.text(string.ascii_uppercase, min_size=1, max_size=6), VALUE, min_size=1, max_size=8
    )
)
def test_ecp_pairs_that_were_written_well_are_read_back(values: dict[str, str]) -> None:
    def written(key: str, value: str) -> str:
        pair = f"S:{key}={value}"
        return "'" + pair.replace("'", "''") + "'" if set(value) & set("';,\"") else pair

    data = ";".join(written(key, value) for key, value in values.items())
    line = ",".join(map(csv_cell, ["2021-03-03T05:02:11Z", "EX01", "ECP.Request", data])).encode()
    record = parsers.record(SERVER, ECP_COLUMNS, line, HERE, Clock())
    assert {key: record.fields[f"S:{key}"] for key in values} == values


def test_every_line_format_is_fuzzed() -> None:
    assert len(FORMATS) == len([kind for kind in KINDS.values() if kind.shape == "lines"])
    assert Path(EVIDENCE).is_dir()
    assert len(REAL_LINES) > 100
