"""Event logs chunk by chunk: damage costs itself, and is named."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from evtx import PyEvtxParser
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers_reading import EVIDENCE

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream
from extriage.parsers import EventTrouble, event_record, events_binary
from extriage.parsers.evtx import CHUNK, HEADER

LOGS = sorted((EVIDENCE / "evtx").glob("*.evtx"))
GROUPS = EVIDENCE / "evtx" / "ID4756-Exchange admin group change.evtx"
DAMAGED = EVIDENCE / "evtx" / "RdpCoreTS_first_chunk.evtx"


def read(data: bytes) -> tuple[list[bytes], list[EventTrouble]]:
    documents: list[bytes] = []
    troubles: list[EventTrouble] = []
    for found in events_binary(io.BytesIO(data)):
        if isinstance(found, EventTrouble):
            troubles.append(found)
        else:
            documents.append(found)
    return documents, troubles


def whole(path: Path) -> Iterator[str]:
    """Read a whole file with the library alone."""
    records = PyEvtxParser(str(path), 1).records_json()
    while True:
        try:
            found = next(records, None)
        except RuntimeError:
            continue
        if found is None:
            return
        yield found["data"]


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_no_record_is_lost_against_reading_the_whole_file(path: Path) -> None:
    documents, troubles = read(path.read_bytes())
    assert [document.decode() for document in documents] == list(whole(path))
    assert bool(troubles) == (path == DAMAGED)


def test_damage_is_named_with_its_chunk() -> None:
    documents, troubles = read(DAMAGED.read_bytes())
    assert len(documents) == 95
    assert [trouble.chunk for trouble in troubles] == [0, 0]
    assert "6335011" in troubles[0].reason


def test_the_tail_of_zeros_is_no_damage() -> None:
    data = GROUPS.read_bytes()
    documents, troubles = read(data + bytes(3 * CHUNK) + bytes(100))
    assert (len(documents), troubles) == (15, [])


def test_a_chunk_without_its_mark_costs_itself() -> None:
    data = GROUPS.read_bytes()
    chunk = data[HEADER:]
    documents, troubles = read(data + b"\0" * 8 + chunk[8:] + chunk)
    assert len(documents) == 30
    assert troubles == [EventTrouble("chunk does not begin with its mark", 1)]


def test_a_cut_chunk_is_read_to_the_cut() -> None:
    data = GROUPS.read_bytes()
    documents, troubles = read(data + data[HEADER : HEADER + 9000])
    assert len(documents) > 15
    assert troubles[0] == EventTrouble("file ends inside this chunk", 1)


def test_a_chunk_carved_from_a_disk_is_read() -> None:
    data = GROUPS.read_bytes()
    assert read(data[HEADER:] * 2) == (read(data)[0] * 2, [])


def test_a_wiped_file_header_costs_nothing() -> None:
    data = GROUPS.read_bytes()
    assert read(b"\0" * HEADER + data[HEADER:]) == read(data)


@pytest.mark.parametrize("size", [0, 3, 8, 4000])
def test_a_file_cut_in_its_header_is_trouble(size: int) -> None:
    documents, troubles = read(GROUPS.read_bytes()[:size])
    assert documents == []
    assert troubles == [EventTrouble("file ends inside its header", 0)]


@pytest.mark.parametrize("cut", [2, 100, HEADER + 5, HEADER + CHUNK + 9000])
def test_a_source_that_breaks_off_is_read_to_the_break(cut: int) -> None:
    data = GROUPS.read_bytes()
    data += data[HEADER:]

    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            part = super().read(min(size or 0, 5000))
            if not part:
                raise SourceError("bad checksum")
            return part

    found: list[bytes | EventTrouble] = []
    with pytest.raises(SourceError):
        found.extend(events_binary(cast("ByteStream", Breaking(data[:cut]))))
    assert len([one for one in found if isinstance(one, bytes)]) >= (15 if cut > CHUNK else 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, CHUNK - 1), st.integers(0, 255)), min_size=1, max_size=20),
    st.integers(HEADER, HEADER + CHUNK),
)
def test_no_mutation_of_a_log_stops_the_reader(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(GROUPS.read_bytes())
    for at, value in changes:
        data[HEADER + at] = value
    documents, _ = read(bytes(data[:length]))
    for document in documents:
        assert event_record(document, "x", 1).kind == "events"


@pytest.mark.parametrize("link", [0xA8, 0x546, 0x61D, 0xFFFFFF])
def test_names_chained_in_circles_are_not_followed_for_ever(link: int) -> None:
    data = bytearray(GROUPS.read_bytes())
    at = HEADER + 0x546
    data[at : at + 4] = link.to_bytes(4, "little")
    documents, troubles = read(bytes(data))
    assert documents == read(GROUPS.read_bytes())[0]
    reason = "names or templates of this chunk are chained in circles"
    assert troubles == ([] if link == 0x61D else [EventTrouble(reason, 0)])
