"""A line that several copies of a log hold happened once."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.analysis.findings import merge
from extriage.model.detection import Evidence
from extriage.model.reading import EARLIEST, LATEST, Kept

START = datetime(2021, 3, 3, tzinfo=UTC)


def kept(path: str, lines: Iterable[int], *, timed: bool = True, computer: str = "") -> Kept:
    """Return the matches of a rule in one file; equal numbers are equal lines."""
    found = Kept("rule", computer, raw=False)
    for place, number in enumerate(lines, start=1):
        time = START + timedelta(minutes=number) if timed else None
        found.add(Evidence(path, place, 0, f"line {number}", f"{number:064x}", time))
    return found


def count(*parts: Kept) -> int:
    (one,) = merge(parts)
    return one.count


def test_copies_of_a_log_count_once() -> None:
    (one,) = merge([kept("a.log", range(10)), kept("b.log", range(8)), kept("c.log", range(5, 12))])
    assert one.count == len(one.lines) == 12
    assert len({line.sha256 for line in one.lines}) == 12
    assert (one.first, one.last) == (START, START + timedelta(minutes=11))


def test_equal_lines_of_one_file_are_several_events() -> None:
    assert count(kept("a.log", [1, 1, 1])) == 3
    assert count(kept("a.log", [1, 1, 1]), kept("b.log", [1, 1])) == 3
    assert count(kept("a.log", [1]), kept("b.log", [1, 1])) == 2
    assert count(kept("a.log", [1]), kept("a.log", [1], computer="EX02")) == 2


def test_what_has_no_time_counts_as_often_as_it_is_there() -> None:
    assert count(kept("a/x.aspx", [1], timed=False), kept("b/x.aspx", [1], timed=False)) == 2


def test_where_not_all_lines_are_kept_nothing_is_lost() -> None:
    many = range(EARLIEST + LATEST + 100)
    total = count(kept("a.log", many), kept("b.log", many), kept("c.log", range(3)))
    assert len(many) <= total < 2 * len(many)


FILES = st.lists(st.lists(st.integers(0, 30), max_size=40), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(FILES)
def test_the_count_is_never_too_small_and_exact_when_all_is_kept(files: list[list[int]]) -> None:
    parts = [kept(f"{place}.log", lines) for place, lines in enumerate(files)]
    true = sum(max(lines.count(number) for lines in files) for number in range(31))
    total = count(*parts)
    assert true <= total <= sum(map(len, files))
    if true <= EARLIEST + LATEST:
        assert total == true
    step: list[Kept] = []
    for part in parts:
        step = merge([*step, part])
    assert [one.count for one in step] == [total], "one after the other is the same"
