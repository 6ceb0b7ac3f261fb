"""Every line of a log is accounted for, and what a rule looks for is found wherever it stands."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.errors import SourceError
from extriage.knowledge.logsources import load_logsources
from extriage.matchers.prefilter import Prefilter, Watch, build
from extriage.matchers.sigma import load_rules
from extriage.model.evidence import Unit
from extriage.parsers import KINDS
from extriage.pipeline import blocks as cutting
from extriage.pipeline import census
from extriage.pipeline import parts as splitting
from extriage.pipeline.collect import Collector
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Content, load_pack

RULE = """
title: A forged anchor
id: 7d3a4c0e-0000-4000-8000-000000000001
name: forged_anchor
logsource: {product: exchange, service: httpproxy}
detection:
  anchor: {AnchorMailbox|startswith: 'ServerInfo~', AnchorMailbox|contains: '/'}
  condition: anchor
level: high
"""
COLUMNS = b"DateTime,RequestId,AnchorMailbox,UserAgent,GenericErrors"
HEADER = b"#Log-type: HttpProxy Logs\r\n#Fields: " + COLUMNS + b"\r\n"
ORDINARY = b"2021-03-02T10:00:00.000Z,r,,Mozilla,\r\n"
FORGED = b"2021-03-02T10:00:01.000Z,r,ServerInfo~a]@h:444/mapi/emsmdb?#,Mozilla,\r\n"


@pytest.fixture(scope="module")
def prefilter(tmp_path_factory: pytest.TempPathFactory) -> Prefilter:
    file = tmp_path_factory.mktemp("rules") / "rule.yml"
    file.write_text(RULE)
    return _prefilter(file, enabled=True)


def _prefilter(file: Path, *, enabled: bool) -> Prefilter:
    ruleset = load_rules([file], load_logsources())
    assert not ruleset.refused
    watches = [Watch(rule, target) for rule, target in ruleset.targets("httpproxy")]
    return build("httpproxy", watches, enabled=enabled)


def read(data: bytes, prefilter: Prefilter, kind: str = "httpproxy") -> LineReader:
    format = KINDS[kind].format
    assert format is not None
    reader = LineReader("x.LOG", format, prefilter, Collector())
    reader.read(io.BytesIO(data), lambda _: None)
    return reader


def accounted(reader: LineReader) -> int:
    c = reader.counts
    return c.parsed + c.raw + c.rejected + c.comment + c.blank


def found(reader: LineReader) -> list[tuple[int, bool]]:
    lines = [(e.line, e.raw) for kept in reader.collector.kept.values() for e in kept.lines]
    return sorted(lines)


def physical(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


def test_a_forged_line_is_found_with_its_place(prefilter: Prefilter) -> None:
    data = HEADER + ORDINARY * 3 + FORGED + ORDINARY
    reader = read(data, prefilter)
    (kept,) = reader.collector.kept.values()
    (line,) = kept.lines
    assert (line.line, line.raw) == (6, False)
    assert data[line.offset :].startswith(FORGED.rstrip())
    assert reader.counts.parsed == 5
    assert reader.counts.comment == 2


@pytest.mark.parametrize("block", [64, 100, 333, 1 << 20])
def test_block_size_changes_nothing(
    prefilter: Prefilter, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    quoted = b'2021-03-02T10:00:02.000Z,r,ServerInfo~a/b,"line one\r\nline ""two""",\r\n'
    data = HEADER + (ORDINARY + FORGED + b"\r\n" + quoted) * 20
    whole = read(data, prefilter)
    monkeypatch.setattr(cutting, "BLOCK", block)
    parts = read(data, prefilter)
    assert parts.counts == whole.counts
    assert found(parts) == found(whole)
    assert len(found(whole)) == 40
    assert accounted(parts) == parts.counts.lines == physical(data)


def test_what_was_read_before_a_break_is_kept(prefilter: Prefilter) -> None:
    class Breaking(io.BytesIO):
        def readinto(self, buffer: "WriteableBuffer") -> int:
            if self.tell():
                raise SourceError("the disk gave up")
            return super().readinto(buffer)

    format = KINDS["httpproxy"].format
    assert format is not None
    reader = LineReader("x.LOG", format, prefilter, Collector())
    with pytest.raises(SourceError, match="gave up"):
        reader.read(Breaking(HEADER + FORGED), lambda _: None)
    assert found(reader) == [(3, False)]


def test_a_closed_quote_may_span_lines(prefilter: Prefilter) -> None:
    row = b'2021-03-02T10:00:02.000Z,"r\r\nServerInfo~","ServerInfo~a/""b",agent,\r\n'
    reader = read(HEADER + row + ORDINARY, prefilter)
    assert found(reader) == [(3, False)]
    assert reader.counts.parsed == 3
    assert reader.counts.raw == 0


def test_an_unclosed_quote_does_not_swallow_the_next_row(prefilter: Prefilter) -> None:
    broken = b'2021-03-02T10:00:02.000Z,r,"unclosed,agent,\r\n'
    reader = read(HEADER + broken + FORGED + ORDINARY, prefilter)
    assert found(reader) == [(4, False)]
    assert (reader.counts.raw, reader.counts.parsed) == (1, 2)


def test_a_damaged_line_is_still_matched(prefilter: Prefilter) -> None:
    reader = read(HEADER + b"2021-03-02T10:00:01.000Z,ServerInfo~a/b,cut\r\n", prefilter)
    assert found(reader) == [(3, True)]


def test_a_cut_last_line_is_named(prefilter: Prefilter) -> None:
    reader = read(HEADER + ORDINARY + b"2021-03-02T10:00:05.000Z,r,", prefilter)
    assert reader.counts.cut
    assert (reader.counts.parsed, reader.counts.raw) == (1, 1)
    assert not read(HEADER + ORDINARY + ORDINARY.rstrip(), prefilter).counts.cut


def test_nul_lines_are_rejected_and_counted(prefilter: Prefilter) -> None:
    reader = read(HEADER + b"\0" * 500 + b"\r\n" + FORGED, prefilter)
    assert (reader.counts.rejected, reader.counts.parsed) == (1, 1)


def test_columns_may_change_in_mid_file(prefilter: Prefilter) -> None:
    other = b"#Fields: DateTime,AnchorMailbox,RequestId\r\n"
    row = b"2021-03-02T11:00:01.000Z,ServerInfo~a/b,r\r\n"
    bare = b"DateTime,RequestId,MajorVersion,ProtocolAction,AuthenticationType,AnchorMailbox\r\n"
    last = b"2021-03-02T12:00:01.000Z,r,15,,,ServerInfo~a/b\r\n"
    reader = read(HEADER + FORGED + other + row + bare + last + last, prefilter)
    assert [line for line, raw in found(reader) if not raw] == [3, 5, 7, 8]
    assert reader.counts.comment == 4
    assert reader.counts.parsed == 4


def test_a_row_of_another_layout_than_the_header_says_is_still_a_row() -> None:
    layout = KINDS["httpproxy"].format
    assert layout is not None
    columns = layout.columns[0]
    cells = dict.fromkeys(columns, "")
    cells |= {"DateTime": "2021-03-02T10:00:02.000Z", "ServerHostName": "EX01", "Protocol": "Ecp"}
    row = ",".join(cells.values()).encode() + b"\r\n"
    reader = read(HEADER + row + ORDINARY + row, build("httpproxy", ()))
    assert (reader.counts.parsed, reader.counts.raw) == (3, 0)
    assert ("EX01", "Ecp") in reader.tallies


def test_a_line_of_any_length_takes_constant_memory(prefilter: Prefilter) -> None:
    piece = b"x" * 1_000_003

    def lines() -> Iterator[bytes]:
        yield HEADER + ORDINARY
        yield from [piece] * 12
        yield b",ServerInfo~far/away,"
        yield from [piece] * 3
        yield b"\r\n" + FORGED

    reader = read(b"".join(lines()), prefilter)
    assert reader.counts.long == 1
    assert reader.counts.lines == accounted(reader) == 5
    assert found(reader) == [(4, True), (5, False)]


def test_coverage_knows_every_hour_and_build() -> None:
    columns = b"DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion"
    head = b"#Log-type: HttpProxy Logs\r\n#Fields: " + columns + b",ServerHostName\r\n"
    rows = [
        f"2021-03-0{day}T{hour:02}:30:00.000Z,r,15,1,2106,{2 if day < 3 else 13},EX01\r\n".encode()
        for day, hour in ((2, 1), (2, 2), (3, 9), (1, 0))
    ]
    reader = read(head + b"".join(rows), build("httpproxy", ()))
    (tally,) = reader.tallies.values()
    assert (tally.computer, tally.records, len(tally.hours)) == ("EX01", 4, 4)
    assert str(tally.first) == "2021-03-01 00:30:00+00:00"
    assert str(tally.last) == "2021-03-03 09:30:00+00:00"
    assert list(tally.builds) == ["15.1.2106.2", "15.1.2106.13"]


PIECES = st.sampled_from(
    [
        HEADER, ORDINARY, FORGED, b"\r\n", b"\n", b"\0\0\0\n", b'"', b",", b"#Fields: a,b\n",
        b"DateTime,RequestId,x\r\n", b"2021-03-02T10:00:00.000Z", b"2021-13-99T99:99:99,,,,\n",
        b'2021-03-02T10:00:00.000Z,"a\r\nb",,,\r\n', b"ServerInfo~x/y", b"\xff\xfe\x93\n",
    ]
)  # fmt: skip
GARBAGE = st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=40).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(data=GARBAGE, kind=st.sampled_from(sorted(k for k in KINDS if KINDS[k].format)))
def test_no_line_is_ever_lost(data: bytes, kind: str) -> None:
    reader = read(data, build(kind, ()), kind)
    assert reader.counts.lines == accounted(reader) == physical(data)


@settings(max_examples=200, deadline=None)
@given(data=GARBAGE)
def test_the_prefilter_is_invisible(data: bytes, rule_files: tuple[Prefilter, Prefilter]) -> None:
    on, off = rule_files
    assert found(read(HEADER + data, on)) == found(read(HEADER + data, off))


@pytest.fixture(scope="module")
def rule_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prefilter, Prefilter]:
    file = tmp_path_factory.mktemp("rules") / "rule.yml"
    file.write_text(RULE)
    return _prefilter(file, enabled=True), _prefilter(file, enabled=False)


def test_a_row_with_very_many_columns_is_not_taken_for_an_ordinary_one() -> None:
    """Columns are counted in a few bits; a count that runs over must not look right."""
    crowded = b"2021-03-02T10:00:00.000Z" + b"," * (256 + COLUMNS.count(b",")) + b"\r\n"
    flooded = b"2021-03-02T10:00:00.000Z" + b"," * (65_536 + COLUMNS.count(b",")) + b"\r\n"
    reader = read(HEADER + ORDINARY + crowded + flooded + ORDINARY, build("httpproxy", ()))
    assert (reader.counts.parsed, reader.counts.raw) == (2, 2)


def test_the_row_with_which_the_build_changes_is_found(prefilter: Prefilter) -> None:
    """An update in the middle of a file is dated by the rows, not by the file's ends."""
    columns = b"#Fields: DateTime,MajorVersion,MinorVersion,BuildVersion,RevisionVersion\r\n"
    rows = [
        b"2021-03-02T%02d:%02d:00.000Z,15,1,2106,%d\r\n" % (n // 60, n % 60, 2 if n < 617 else 13)
        for n in range(1000)
    ]
    reader = read(columns + b"".join(rows), prefilter)
    (tally,) = reader.tallies.values()
    spans = {
        build: (a.strftime("%H:%M"), b.strftime("%H:%M")) for build, (a, b) in tally.builds.items()
    }
    assert spans == {"15.1.2106.2": ("00:00", "10:16"), "15.1.2106.13": ("10:17", "16:39")}


TYPED = """
title: A mailbox is moved by an outsider
id: 7d3a4c0e-0000-4000-8000-000000000009
name: moved
logsource: {product: exchange, service: exchange-log}
detection:
  move: {LogType: MRS Logs, Operation|contains: 'PushMailbox'}
  condition: move
level: high
"""
OTHER_LOG = b"#Software: Microsoft Exchange Server\r\n#Log-type: MRS Logs\r\n"
OTHER_LOG += b"#Fields: DateTime,ServerName,Operation\r\n"
OTHER_LOG += b"2021-03-02T10:00:00.000Z,EX01,PushMailbox\r\n"


@pytest.mark.parametrize("enabled", [True, False])
def test_what_the_head_calls_a_log_is_a_field_and_a_log_of_its_own(
    tmp_path: Path, enabled: bool
) -> None:
    file = tmp_path / "rule.yml"
    file.write_text(TYPED)
    ruleset = load_rules([file], load_logsources())
    watches = [Watch(rule, target) for rule, target in ruleset.targets("exchange-log")]
    typed = build("exchange-log", watches, enabled=enabled)
    reader = read(OTHER_LOG, typed, "exchange-log")
    assert found(reader) == [(4, False)]
    assert [(t.computer, t.part) for t in reader.tallies.values()] == [("EX01", "MRS Logs")]
    assert found(read(OTHER_LOG.replace(b"MRS Logs", b"RBAC Logs"), typed, "exchange-log")) == []
    assert found(read(OTHER_LOG.replace(b"#Log-type", b"#Other"), typed, "exchange-log")) == []


def test_a_later_part_of_a_large_log_knows_what_its_head_called_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "LARGE", 1000)
    monkeypatch.setattr(splitting, "PART", 400_000)
    log = tmp_path / "x.LOG"
    log.write_bytes(OTHER_LOG + OTHER_LOG.splitlines(keepends=True)[3] * 20_000)
    size = log.stat().st_size
    first, second, *_ = splitting.plan(Unit(str(log), "x.LOG", size))
    pack = load_pack(Content())
    for part in (first, second):
        result = splitting.read_part(part, pack, lambda _size: None)
        assert [tally.part for tally in result.tallies] == ["MRS Logs"]


@pytest.mark.parametrize("rows", [1, 3, 700])
def test_headers_without_end_cost_no_more_than_their_lines(
    prefilter: Prefilter, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    judged: list[int] = []
    plain = census.plain

    def counting(lines: census.Census, here: slice, *more: Any) -> Any:
        judged.append(here.stop - here.start)
        return plain(lines, here, *more)

    monkeypatch.setattr(census, "plain", counting)
    header = b"#Fields: " + COLUMNS + b"\r\n"
    times = 12_000 // (rows + 1)
    reader = read((header + FORGED + ORDINARY * (rows - 1)) * times, prefilter)
    assert (reader.counts.parsed, reader.counts.comment) == (rows * times, times)
    assert [line for line, _ in found(reader)][:2] == [2, 2 + rows + 1]
    assert sum(judged) <= times * 1024 + 2 * rows * times
