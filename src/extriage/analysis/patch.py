"""Which build was running, since when, and which vulnerabilities was it open to?"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from extriage.knowledge.builds import BuildTable, number
from extriage.model.evidence import BuildSeen, Tally
from extriage.model.host import AdvisoryState, Patch, State

_NEVER = datetime(1601, 1, 1, tzinfo=UTC)
_INSTALL = re.compile(r"Exchange Server/(V1[45])/", re.IGNORECASE)


def patch_state(tallies: Sequence[Tally], table: BuildTable, cves: Iterable[str]) -> Patch:
    """Return the build history of one host and the state of these vulnerabilities today.

    "Today" is the last build that the evidence names, not the day of the scan.
    """
    seen = build_history(tallies)
    if not seen:
        product = "2010" if installs(tallies) == {"V14"} else ""
        states = tuple(
            AdvisoryState(cve, State.CANNOT_TELL, "no evidence names the build")
            for cve in cves
            if not product or table.concerns(cve, product)
        )
        return Patch("", product, "", "", (), states)
    last = max(seen, key=lambda one: (one.last or _NEVER, number(one.build) or (0, 0, 0, 0)))
    build = number(last.build)
    assert build is not None
    known = table.name(build)
    states = tuple(
        AdvisoryState(cve, state) for cve in cves if (state := table.state(cve, build)) is not None
    )
    return Patch(
        last.build,
        table.product(build),
        known.cu if known else "",
        known.su if known and known.number == build else "",
        tuple(seen),
        states,
    )


def installs(tallies: Iterable[Tally]) -> set[str]:
    """Return the installation folders that records or paths name: V14 is 2010, V15 all later."""
    found: set[str] = set()
    for tally in tallies:
        found |= tally.installs | {name.upper() for name in _INSTALL.findall(tally.path)}
    return found


def build_history(tallies: Iterable[Tally]) -> list[BuildSeen]:
    """Return every build that rows named, with its first and last time, in order."""
    seen: dict[str, tuple[datetime, datetime, set[str]]] = {}
    for tally in tallies:
        for build, (first, last) in tally.builds.items():
            if number(build) is None:
                continue
            earliest, latest, kinds = seen.get(build, (first, last, set[str]()))
            kinds.add(tally.kind)
            seen[build] = (min(first, earliest), max(last, latest), kinds)
    return [
        BuildSeen(build, ", ".join(sorted(kinds)), first, last)
        for build, (first, last, kinds) in sorted(
            seen.items(), key=lambda item: (item[1][0], number(item[0]) or (0,))
        )
    ]


def fixed_since(cve: str, patch: Patch, table: BuildTable) -> datetime | None:
    """Return the first time from which on every build seen has the fix; None when there is none.

    An update can be taken off again: what counts is the last sighting of an open build.
    """
    fixed, still_open = list[tuple[datetime, datetime]](), list[tuple[datetime, datetime]]()
    for seen in patch.sources:
        if seen.first is None or seen.last is None:
            continue
        build = number(seen.build)
        good = build is not None and table.state(cve, build) in (State.FIXED, None)
        (fixed if good else still_open).append((seen.first, seen.last))
    end = max((last for _, last in still_open), default=None)
    after = [first for first, last in fixed if end is None or last > end]
    if not after:
        return None
    return min(after) if end is None else max(min(after), end)
