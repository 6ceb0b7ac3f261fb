"""An update counts from when no open build was seen any more."""

from datetime import UTC, datetime

from extriage.analysis.window import fixed_since
from extriage.knowledge.builds import build_table
from extriage.model.evidence import BuildSeen

OPEN, FIXED = "15.1.2106.2", "15.1.2106.13"
CVE = "CVE-2021-26855"


def day(number: int) -> datetime:
    return datetime(2021, 3, number, tzinfo=UTC)


def since(*seen: tuple[str, int, int]) -> datetime | None:
    sources = tuple(BuildSeen(build, "httpproxy", day(a), day(b)) for build, a, b in seen)
    return fixed_since(CVE, sources, build_table())


def test_the_window_ends_with_the_update() -> None:
    assert since((OPEN, 1, 5), (FIXED, 5, 9)) == day(5)
    assert since((OPEN, 1, 9)) is None
    assert since((FIXED, 2, 9)) == day(2)


def test_an_update_that_was_taken_off_again_counts_for_nothing() -> None:
    assert since((OPEN, 1, 20), (FIXED, 3, 4)) is None
    assert since((OPEN, 1, 10), (FIXED, 3, 20)) == day(10)
