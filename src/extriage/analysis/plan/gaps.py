"""Logs that would have answered what now nobody can tell, and those that do not last."""

from collections.abc import Iterable, Iterator

from extriage.analysis.absence import need
from extriage.knowledge.evidence import describe
from extriage.knowledge.exposures import exposure_groups
from extriage.knowledge.plan import Gap, plan_table
from extriage.model.evidence import Period
from extriage.model.exposure import Shown
from extriage.model.host import Absence, Host

LOGS = 20
"""Logs that a sentence names."""


def missing_logs(host: Host) -> tuple[str, ...]:
    """Return the kinds of log that would have answered something, the most asked for first."""
    count: dict[str, int] = {}
    for kind in _asked(host):
        count[kind] = count.get(kind, 0) + 1
    ordered = sorted(count, key=lambda kind: (-count[kind], kind))
    return tuple(ordered[:LOGS])


def _asked(host: Host) -> Iterator[str]:
    """Yield each log that fell short, once for each answer that it would have given."""
    for campaign in host.campaigns:
        for cve in campaign.coverage:
            if cve.answer is Absence.CANNOT_TELL and cve.weighs:
                yield from _kinds(log.kind for log in cve.logs if not log.covered)
    groups = exposure_groups()
    for answer in host.exposure_answers:
        if answer.answer is Shown.CANNOT_TELL and answer.kind in groups:
            kinds = _kinds(groups[answer.kind].needs)
            yield from (kind for kind in kinds if _falls_short(kind, host, answer.window))


def _falls_short(kind: str, host: Host, window: Period | None) -> bool:
    return not need(kind, host.coverage, window).log.covered


def _kinds(logs: Iterable[str]) -> Iterator[str]:
    """Take apart what is needed together, `httpproxy + ews`, each kind once."""
    yield from dict.fromkeys(one.strip() for log in logs for one in log.split("+"))


def gap_of(kind: str) -> Gap | None:
    """Return how a log comes to be missing: of its kind, else of the kind that it is one of."""
    gaps = plan_table().gaps
    return gaps.get(kind) or gaps.get(kind.partition(":")[0])


def gap_sentences(host: Host) -> tuple[str, ...]:
    """Say of each log that was missing why, and what to do."""
    told: dict[str, list[str]] = {}
    for kind in missing_logs(host):
        gap = gap_of(kind)
        told.setdefault(gap.text if gap else "", []).append(describe(kind))
    return tuple(
        f"{', '.join(names)}{f' ({text})' if text else ''}." for text, names in told.items()
    )


def lasting(host: Host) -> str:
    """Say which logs of this case do not last, and which of those are not in the evidence."""
    there = {row.kind for row in host.coverage if row.records}
    kept = plan_table().keep
    soon = [f"{describe(kind)} ({lasts})" for kind, lasts in kept if kind in there]
    lost = [f"{describe(kind)} ({lasts})" for kind, lasts in kept if kind not in there]
    first = f"In this evidence, and on the server only for: {', '.join(soon)}." if soon else ""
    more = f"Not in this evidence, get them first: {', '.join(lost)}." if lost else ""
    return " ".join(filter(None, [first, more]))
