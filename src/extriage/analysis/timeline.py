"""What happened when, on all hosts of the case, in one row?

Every line that proves something stands here once, with the furthest thing that it proves.
"""

from collections.abc import Iterable

from extriage.model.case import Moment
from extriage.model.detection import Finding
from extriage.model.host import Host


def timeline(hosts: Iterable[Host]) -> tuple[Moment, ...]:
    """Return the moments of all hosts in the order of time; lines without a time are left out."""
    best: dict[tuple[str, str, int, int], tuple[int, Moment]] = {}
    for host in hosts:
        for finding in host.findings:
            _add(best, host.name, finding)
    moments = [moment for _, moment in best.values()]
    return tuple(sorted(moments, key=lambda m: (m.time, m.host, m.path, m.line)))


def _add(
    best: dict[tuple[str, str, int, int], tuple[int, Moment]], host: str, finding: Finding
) -> None:
    if finding.stage is None:
        return
    rank = finding.stage.rank * 10 + finding.certainty.rank
    for line in finding.evidence:
        if line.time is None:
            continue
        key = (host, line.path, line.line, line.offset)
        if key not in best or rank > best[key][0]:
            moment = Moment(
                line.time, host, finding.stage, finding.title, finding.id, line.path, line.line
            )
            best[key] = rank, moment
