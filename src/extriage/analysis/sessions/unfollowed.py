"""Lines that prove what an intruder did and have nothing by which he could be followed.

The trail holds what addresses, accounts and other keys join. A cmdlet of the server itself or an
event of a process names none of them; such lines are known from the findings alone, and belong to
the story all the same.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from extriage.model.detection import Evidence, Finding
from extriage.model.session import Intruder
from extriage.model.trail import Deed, TrailRecord

TEXT = 1000
_CONCLUDED = ("page-life", "page-comparison")
"""What was concluded from lines that the trail has."""

Place: TypeAlias = tuple[str, int]
"""Path and line."""


def unfollowed(
    who: Sequence[Intruder], findings: Sequence[Finding], seen: Collection[Place]
) -> list[tuple[int, TrailRecord]]:
    """Return lines of one intruder's findings that the trail lacks, with his number, in order.

    A line of two intruders' findings is left out: nothing tells whose it is.
    """
    found: dict[Place, tuple[set[int], int, TrailRecord]] = {}
    for finding in findings:
        whose = {at for at, one in enumerate(who) if finding.id in one.findings}
        rank = finding.stage.rank if finding.stage else 0
        for place, record in _lines(finding) if whose and not finding.raw else ():
            if place in seen:
                continue
            known = found.get(place)
            whole = whose | known[0] if known else whose
            if known is None or rank > known[1]:
                found[place] = (whole, rank, record)
            else:
                found[place] = (whole, known[1], known[2])
    told = [(min(whose), record) for whose, _, record in found.values() if len(whose) == 1]
    return sorted(told, key=lambda one: (one[1].time, one[1].path, one[1].line, one[1].offset))


def _lines(finding: Finding) -> Iterator[tuple[Place, TrailRecord]]:
    for line in finding.evidence:
        # NOTE: what a series began with proves nothing before its last step.
        early = line.time is None or (finding.first and line.time < finding.first)
        if not early and line.kind and line.kind not in _CONCLUDED:
            yield (line.path, line.line), _record(finding, line)


def _record(finding: Finding, line: Evidence) -> TrailRecord:
    """Make a record of a line; what was done is what the finding says."""
    assert line.time is not None
    place = (line.path, line.line, line.offset, line.text[:TEXT])
    deed = Deed("", finding.stage is not None, finding.title)
    return TrailRecord(line.kind, "", line.time, *place, line.keys, (), deed=deed)
