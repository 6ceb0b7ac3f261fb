"""A log that does not cover the time says how it falls short, and what that points to."""

from datetime import UTC, datetime

from extriage.analysis.shortfall import shortfall
from extriage.model.evidence import Period
from extriage.model.host import Coverage


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2021, 1, day, hour, tzinfo=UTC)


WINDOW: Period = {"from": at(3), "to": at(20)}


def row(kind: str, first: int = 1, last: int = 21, *gaps: tuple[int, int]) -> Coverage:
    holes: list[Period] = [{"from": at(start), "to": at(end)} for start, end in gaps]
    return Coverage(kind, 1, 100, 0, at(first), at(last), tuple(holes))


def test_a_log_that_covers_the_window_falls_short_of_nothing() -> None:
    assert shortfall(row("httpproxy"), [], WINDOW) == ""
    assert shortfall(row("httpproxy", 1, 21, (1, 2)), [], WINDOW) == "", "a gap before it"


def test_a_log_that_begins_late_was_rotated_or_deleted() -> None:
    assert "rotated away or deleted" in shortfall(row("httpproxy", 5), [], WINDOW)
    assert "moved or deleted" in shortfall(row("iis", 5), [], WINDOW), "IIS deletes nothing itself"


def test_a_log_that_ends_early_says_when() -> None:
    assert "end on 2021-01-10 00:00" in shortfall(row("httpproxy", 1, 10), [], WINDOW)


def test_a_hole_while_other_logs_go_on_points_to_deletion() -> None:
    holed, whole = row("httpproxy", 1, 21, (7, 9)), row("iis")
    text = shortfall(holed, [holed, whole], WINDOW)
    assert "have a gap from 2021-01-07 00:00 to 2021-01-09 00:00" in text
    assert "while IIS logs go on: deleted or switched off" in text


def test_a_hole_in_every_log_points_to_a_server_that_was_off() -> None:
    holed, also = row("httpproxy", 1, 21, (7, 9), (12, 13)), row("iis", 1, 21, (7, 10))
    text = shortfall(holed, [holed, also], WINDOW)
    assert "have 2 gaps, the longest" in text
    assert "server off, or all of them deleted" in text


def test_damaged_files_are_no_cover() -> None:
    damaged = Coverage("httpproxy", 3, 100, 2, at(1), at(21), ())
    assert shortfall(damaged, [damaged], WINDOW) == "are damaged in 2 files"
