"""Events mean the same whichever program exported them, and nothing of them is lost."""

import hashlib
import io
import json
import random
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest
from event_shapes import SHAPES, Event
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.errors import SourceError
from extriage.model.evidence import Artifact, ByteStream, Entry
from extriage.model.reading import ArtifactResult
from extriage.parsers.clockcheck import UNCHECKED
from extriage.parsers.eventitems import LIMIT, OVERLAP, Tape, elements
from extriage.parsers.flatten import UNWRITTEN
from extriage.parsers.text import open_text
from extriage.pipeline import events as reading_events
from extriage.pipeline.artifact import read_artifact
from extriage.pipeline.collect import Collector
from extriage.pipeline.events import WINDOW, EventReader
from extriage.pipeline.pack import Content, load_pack

LAB = (
    Path(__file__).parents[1] / "evidence/proxylogon-lab-2021/proxylogon_ssrf_rce_poc_extract.json"
)


def read(data: bytes, *, prefilter: bool = True) -> ArtifactResult:
    pack = load_pack(Content(prefilter=prefilter))
    return read_artifact(Artifact("x", len(data)), io.BytesIO(data), pack, lambda _size: None)


def adds_up(entry: Entry) -> bool:
    counts = entry.parsed + entry.raw + entry.rejected + entry.comment + entry.blank
    return counts == entry.lines


def met(result: ArtifactResult) -> dict[tuple[str, bool], tuple[int, datetime | None]]:
    """Return how often each rule was met, and when first."""
    return {(one.rule, one.raw): (one.count, one.first) for one in result.kept}


@pytest.fixture(scope="module")
def lab() -> list[Event]:
    return [json.loads(line) for line in LAB.read_bytes().splitlines()]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_export_tells_the_same(lab: list[Event], shape: str) -> None:
    told = read(LAB.read_bytes())
    found = read(SHAPES[shape](lab))
    assert found.entry.status == "read", found.entry.reason
    assert found.entry.kind == "events-json"
    assert adds_up(found.entry)
    assert (found.entry.parsed, found.entry.raw) == (len(lab), 0)
    assert met(found) == met(told)
    assert len(met(told)) >= 10
    covered = {(t.kind, t.computer): (t.records, t.first, t.last) for t in found.tallies}
    assert covered == {(t.kind, t.computer): (t.records, t.first, t.last) for t in told.tallies}


def test_an_array_says_what_counts_as_a_line(lab: list[Event]) -> None:
    reader, _ = reading(SHAPES["one_array"](lab))
    assert reader.remarks == ["holds no event per line: its elements count as lines"]
    assert reader.counts.lines == len(lab)
    assert read(SHAPES["one_array"](lab)).entry.reason == reader.remarks[0]
    assert reading(LAB.read_bytes())[0].remarks == []


def test_times_that_no_zone_can_change_need_no_check(lab: list[Event]) -> None:
    told = [event for event in lab if event["Channel"] == "Application"]
    assert reading(SHAPES["winevent_5"](told))[0].notes == []
    assert reading(SHAPES["velociraptor"](told))[0].notes == []
    assert reading(SHAPES["evtxecmd_json"](told))[0].notes == [UNCHECKED]


def reading(data: bytes) -> tuple[EventReader, Collector]:
    collector = Collector()
    reader = EventReader("x", load_pack(Content()).prefilter("events"), collector)
    _, text, _ = open_text(io.BytesIO(data))
    reader.read_json(text, lambda _size: None)
    return reader, collector


class Breaking(io.RawIOBase):
    """A stream that breaks off after its bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        target = memoryview(cast("bytearray", buffer)).cast("B")
        block = self.data.read(min(len(target), 50_000))
        if not block:
            raise SourceError("the archive ends here")
        target[: len(block)] = block
        return len(block)


@pytest.mark.parametrize("shape", ["one_array", "evtxecmd_csv", "evtx_dump", "evtxecmd_json"])
def test_what_was_read_before_a_break_counts(lab: list[Event], shape: str) -> None:
    data = SHAPES[shape](lab)[:-20]
    collector = Collector()
    reader = EventReader("x", load_pack(Content()).prefilter("events"), collector)
    with pytest.raises(SourceError, match="ends here"):
        reader.read_json(cast("ByteStream", Breaking(data)), lambda _size: None)
    assert reader.counts.parsed >= len(lab) - 1
    counts = reader.counts
    assert counts.parsed + counts.raw + counts.blank == counts.lines
    assert len(collector.kept) >= 10
    assert any("5:00 hours behind" in note for note in reader.notes)


@pytest.mark.parametrize("shape", ["one_array", "wrapped_array"])
def test_an_array_that_does_not_end_is_not_wholly_read(lab: list[Event], shape: str) -> None:
    data = SHAPES[shape](lab)
    for end in (len(data) // 2, data.rindex(b"}", 0, -30) + 1):
        found = read(data[:end])
        assert found.entry.status == "partial"
        assert "ends inside" in found.entry.reason
        assert adds_up(found.entry)
        assert found.entry.parsed > 100


def test_damage_in_an_array_costs_what_it_hit(lab: list[Event]) -> None:
    lines = json.dumps(lab, indent=1).encode().split(b"\n")
    place = next(at for at, line in enumerate(lines) if at > 500 and b'"Message"' in line)
    lines[place] = lines[place][:-9]
    found = read(b"\n".join(lines))
    assert adds_up(found.entry)
    assert found.entry.parsed == len(lab) - 1
    assert found.entry.raw > 1


@pytest.mark.parametrize(
    "events",
    [
        [{"Id": 1, "ProviderName": "P", "LogName": "Application", "TimeCreated": "/Date(1)/"}],
        [{"Id": 1, "ProviderName": "P", "LogName": "A", "Properties": [UNWRITTEN, UNWRITTEN]}],
    ],
)
def test_events_without_their_values_are_no_evidence(events: list[Event]) -> None:
    found = read(json.dumps(events).encode())
    assert found.entry.status == "partial"
    assert "without their values" in found.entry.reason
    table = b'"Id","ProviderName","LogName"\r\n"1","P","Application"\r\n'
    assert read(table).entry.status == "partial"
    assert read(
        table.replace(b'"Id"', b'"Message","Id"').replace(b'"1"', b'"m","1"')
    ).entry.status == ("read")


def hidden(lab: list[Event]) -> bytes:
    """Return a text that rules find in a line that is no event."""
    (event, *_) = [event for event in lab if "Set-OabVirtualDirectory" in event["Message"]]
    return json.dumps(json.dumps(event))[1:-1].encode()


@pytest.mark.parametrize("place", [0, 900_000, WINDOW - 210, WINDOW + 5, 3_000_000, 15_990_000])
@pytest.mark.parametrize("prefilter", [True, False])
def test_a_long_line_that_is_no_event_is_searched_to_its_end(
    lab: list[Event], place: int, prefilter: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = 2_000_000
    if not prefilter:
        # NOTE: without it every rule looks at every window: the same places in smaller windows.
        small = WINDOW // SMALLER
        monkeypatch.setattr(reading_events, "WINDOW", small)
        monkeypatch.setattr(reading_events, "OVERLAP", OVERLAP // SMALLER)
        near = place - WINDOW
        place = small + near if abs(near) < 500 else place // SMALLER
        gap //= SMALLER
    text = hidden(lab)
    # NOTE: of `WINDOW - 210` the channel stands before the border, the cmdlet behind it.
    for again in (text, b""):
        line = b'{"x": "' + b"a" * place + text + b"a" * gap + again + b'"}'
        first = LAB.read_bytes().splitlines()[0]
        found = read(first + b"\n" + line + b"\n" + first + b"\n", prefilter=prefilter)
        assert (found.entry.parsed, found.entry.raw, found.entry.lines) == (2, 1, 3)
        (kept,) = (one for one in found.kept if one.rule == MARKUP)
        assert (kept.raw, kept.count) == (True, 1)
        assert "Set-OabVirtualDirectory" in kept.lines[0].text
        if len(line) <= LIMIT:
            assert kept.lines[0].sha256 == hashlib.sha256(line).hexdigest()


SMALLER = 16
MARKUP = "msexchange_management_virtual_directory_markup_cve_2021_27065"


@pytest.mark.parametrize("form", ["line", "array"])
def test_an_item_above_the_limit_is_searched_in_windows(lab: list[Event], form: str) -> None:
    text = hidden(lab)
    long = b'{"EventID": 1, "Channel": "x", "y": "' + b"a" * (LIMIT + 2_500_000) + text + b'"}'
    one = json.dumps(lab[0]).encode()
    lines = b"\n".join([one, long, one, one])
    found = read(lines if form == "line" else b"[" + lines.replace(b"\n", b",") + b"]")
    assert found.entry.status == "partial"
    assert "line 2 is longer than" in found.entry.reason
    assert (found.entry.parsed, found.entry.raw, found.entry.lines) == (3, 1, 4)
    assert [one.count for one in found.kept if one.rule == MARKUP] == [1]


def test_a_table_keeps_account_of_every_line(lab: list[Event]) -> None:
    header, *rows = SHAPES["evtxecmd_csv"](lab[:40]).split(b"\r\n")
    rows.pop()
    spanning = (
        rows[3].replace(b"something: of", b'"something:\r\nof').replace(b"its own", b'its own"')
    )
    unclosed = rows[5].replace(b"something: of its own", b'"never closed')
    rows[3:4] = spanning.split(b"\r\n")
    rows += [unclosed, rows[0], header, rows[1], b"", b"1,2,3", b"\x01\x02"]
    found = read(b"\r\n".join([header, *rows]) + b"\r\n")
    assert adds_up(found.entry)
    assert found.entry.lines == len(rows) + 1
    counts = found.entry.parsed, found.entry.raw, found.entry.rejected, found.entry.blank
    assert counts == (43, 2, 1, 3)
    assert sum(tally.records for tally in found.tallies) == 42


def test_a_row_of_a_table_is_shown_as_it_stands(lab: list[Event]) -> None:
    data = SHAPES["evtxecmd_csv"](lab)
    lines = {hashlib.sha256(line).hexdigest() for line in data.split(b"\r\n")}
    for kept in read(data).kept:
        for line in kept.lines:
            assert line.sha256 in lines
            assert line.text[:1].isdigit()


def test_gigabytes_in_one_array_need_little_memory(lab: list[Event]) -> None:
    one = json.dumps(lab[:100]).encode()[1:-1]
    blocks = iter([b"[" + one, *[b"," + one] * 400, b"]"])
    most = 0

    class Endless(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            nonlocal most
            most = max(most, len(tape.data))
            return next(blocks, b"")

    tape = Tape(cast("ByteStream", Endless()), lambda _size: None)
    assert sum(1 for _ in elements(tape)) == 100 * 401
    assert most < 4 << 20


SCRAPS = [b'"', b"{", b"}", b"[", b"]", b",", b"\n", b"\\", b"\0", b"\xff", b"\r\n", b"Record 1\n"]


@settings(max_examples=60, deadline=None)
@given(shape=st.sampled_from(sorted(SHAPES)), seed=st.integers(0, 1 << 32))
def test_no_damage_stops_the_reader_or_loses_a_line(shape: str, seed: int) -> None:
    chance = random.Random(seed)
    lines = LAB.read_bytes().splitlines()
    events = [json.loads(line) for line in chance.sample(lines, 4)]
    data = SHAPES[shape](events)
    for _ in range(chance.randint(1, 5)):
        at, end = sorted(chance.choices(range(len(data) + 1), k=2))
        scrap = chance.choice(SCRAPS) * chance.randint(1, 3)
        kept = data[:at] + scrap + data[at:], data[:at] + data[end:], data[at:] + data[:at]
        data = chance.choice(kept)
    reader, _ = reading(data)
    assert (
        reader.counts.parsed + reader.counts.raw + reader.counts.rejected + reader.counts.blank
        == reader.counts.lines
    )


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_stop_the_reader(data: bytes) -> None:
    reader, _ = reading(data)
    assert (
        reader.counts.parsed + reader.counts.raw + reader.counts.rejected + reader.counts.blank
        == reader.counts.lines
    )
