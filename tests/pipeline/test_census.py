"""Every line of a block is counted and classified as one would by hand."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.pipeline import census

STAMP = re.compile(rb"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)")

times = st.datetimes(datetime(1600, 1, 1), datetime(9999, 12, 31)).map(  # noqa: DTZ001
    lambda time: time.isoformat(timespec="seconds").encode()
)
odd = st.text('0123456789-:T ,"x\u00e9\0', max_size=30).map(str.encode)
changed = st.tuples(times, st.integers(0, 18), st.sampled_from(b"09:/-T ;a\xff\x80")).map(
    lambda item: item[0][: item[1]] + bytes([item[2]]) + item[0][item[1] + 1 :]
)
fields = st.integers(0, 400).map(lambda count: b",a" * count)
line = st.tuples(st.one_of(times, odd, changed, st.just(b"0000-13-32T25:61:62")), fields).map(
    b"".join
)


def expected(raw: bytes) -> int:
    """Return the stamp as one number; 0 where there is none."""
    found = STAMP.match(raw)
    if not found or not raw[:19].isascii():
        return 0
    year, month, day, hour, minute, second = map(int, found.groups())
    possible = year >= 1601 and 1 <= month <= 12 and 1 <= day <= 31
    possible = possible and hour <= 23 and minute <= 59 and second <= 60
    return int(b"".join(found.groups())) if possible else 0


@settings(max_examples=200, deadline=None)
@given(st.lists(line, min_size=1, max_size=40))
def test_lines_are_classified_as_by_hand(lines: list[bytes]) -> None:
    block = bytearray(b"\n".join(lines) + b"\n")
    counted = census.take(block, ord(","))
    cut = [bytes(block[a:b]) for a, b in zip(counted.starts, counted.ends, strict=True)]
    assert cut == lines
    assert counted.stamps.tolist() == [expected(one) for one in lines]
    assert counted.stamped.tolist() == [expected(one) > 0 for one in lines]
    assert counted.delimiters.tolist() == [one.count(b",") for one in lines]
    quotes = [0] * len(lines) if counted.quotes is None else counted.quotes.tolist()
    assert quotes == [one.count(b'"') for one in lines]


@given(st.integers(1, 5000))
def test_blocks_of_short_lines_are_cut_as_well(count: int) -> None:
    block = bytearray(b"\n" * count)
    assert census.take(block, 44).ends.tolist() == list(range(count))


def test_hours_are_those_of_the_stamps() -> None:
    moment = datetime(2021, 3, 2, 23, 59, 59, tzinfo=UTC)
    lines = [(moment + timedelta(seconds=n)).strftime("%Y-%m-%d %H:%M:%S,") for n in range(3)]
    counted = census.take(bytearray("\n".join([*lines, ""]).encode()), 44)
    assert census.hours_of(counted.stamps) == {census.hour(moment), census.hour(moment) + 1}
