"""Lines that name nobody: what the server did itself, given to the one whose work it was.

A line about a page is its owner's; else it is his who was busy within a minute, or whose process,
logon or account it names, or who used a page without a pause while it happened.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from extriage.analysis.chains import BESIDE
from extriage.analysis.intrudertraces import Trace

ACCOUNT = timedelta(minutes=30)
"""Within this time a line without an address goes to who used its account."""
PROGRAM = timedelta(days=1)
"""Within this time a process or logon is the same one's."""


def given(silent: Iterable[Trace], hands: Sequence[list[Trace]]) -> Iterator[Trace]:
    """Give lines that name nobody to who they belong to; yield those that are nobody's."""
    finder = _Finder(hands)
    waiting = [one for one in silent if not finder.give(one)]
    # NOTE: a later line may show whose process or page an earlier one speaks of.
    for one in waiting:
        if not finder.give(one):
            yield one


class _Finder:
    """Finds whose a line is that names nobody."""

    def __init__(self, hands: Sequence[list[Trace]]) -> None:
        self._hands = hands
        self._times = sorted(
            (one.time, at) for at, hand in enumerate(hands) for one in hand if one.rank
        )
        self._pages = self._claimed(hands)
        self._programs: dict[tuple[str, str], tuple[datetime, int]] = {}

    @staticmethod
    def _claimed(hands: Sequence[list[Trace]]) -> dict[str, int]:
        """Return the pages that one hand alone planted, or alone gave orders to."""
        found: dict[str, set[int]] = {}
        given: dict[str, set[int]] = {}
        for at, hand in enumerate(hands):
            for one in hand:
                if one.planted and one.one("page"):
                    found.setdefault(one.one("page"), set()).add(at)
                for name in one.pages:
                    given.setdefault(name, set()).add(at)
        claimed = given | found
        return {page: min(those) for page, those in claimed.items() if len(those) == 1}

    def give(self, trace: Trace) -> bool:
        """Give a line to a hand; False if it is nobody's."""
        at = self._whose(trace)
        if at is None:
            return False
        self._hands[at].append(trace)
        for key in trace.keys:
            if key[0] in ("process", "logon"):
                self._programs[key] = (trace.time, at)
        return True

    def _whose(self, trace: Trace) -> int | None:
        claimed = self._pages.get(trace.one("page"))
        if claimed is not None:
            return claimed
        near = self._near(trace.time)
        near = near if near is not None else self._by_key(trace)
        return near if near is not None else self._steadily(trace.time)

    def _steadily(self, time: datetime) -> int | None:
        """Return who alone gave orders to a page all the time, minute by minute: a tunnel."""
        found = {
            at
            for at, hand in enumerate(self._hands)
            for one in hand
            if one.time <= time <= one.until and one.orders * BESIDE >= one.until - one.time
        }
        return found.pop() if len(found) == 1 else None

    def _near(self, time: datetime) -> int | None:
        """Return who was busy last, within a minute before; else who was right after."""
        around = [(abs(time - when), when > time, at) for when, at in self._within(time, BESIDE)]
        return min(around, key=lambda one: (one[1], one[0], one[2]))[2] if around else None

    def _within(self, time: datetime, span: timedelta) -> Iterator[tuple[datetime, int]]:
        begin = bisect_left(self._times, (time - span, -1))
        for when, at in islice(self._times, begin, None):
            if when > time + span:
                return
            yield when, at

    def _by_key(self, trace: Trace) -> int | None:
        for key in trace.keys:
            when, at = self._programs.get(key, (None, -1))
            if when is not None and abs(trace.time - when) <= PROGRAM:
                return at
        account = trace.one("account")
        if not account:
            return None
        users = {
            at
            for when, at in self._within(trace.time, ACCOUNT)
            if any(one.one("account") == account for one in self._hands[at])
        }
        return users.pop() if len(users) == 1 else None
