"""Which build was running, since when, what was it open to, and what is the way out?"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from extriage.analysis.advisories import assess
from extriage.analysis.checks import answer_checks
from extriage.analysis.history import History, history
from extriage.analysis.support import support
from extriage.analysis.wayout import way_out
from extriage.analysis.window import open_window, traces
from extriage.knowledge.advisories import advisories, exploited_from
from extriage.knowledge.builds import build_table, number
from extriage.knowledge.campaigns import campaigns
from extriage.model.detection import Finding
from extriage.model.evidence import Entry, Tally
from extriage.model.exchange import BuildNumber
from extriage.model.host import AdvisoryState, OpenWindow, Patch, State
from extriage.model.state import CheckAnswer, Fact

_INSTALL = re.compile(r"Exchange Server/(V1[45])/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StateEvidence:
    """What the evidence of one server holds about its state."""

    tallies: Sequence[Tally]
    facts: Sequence[Fact] = ()
    entries: Sequence[Entry] = ()


def patch_state(evidence: StateEvidence, day: date, end: datetime | None) -> Patch:
    """Return the build history of one host and what follows from the last build.

    `day` is the day that support and open vulnerabilities are told for; `end` is the last moment
    that the evidence tells of.
    """
    past = history(evidence.tallies, evidence.facts, evidence.entries)
    build = number(past.current.build) if past.current else None
    precision = past.current.precision if past.current else "su"
    product = _product(build, evidence.tallies)
    checks = answer_checks(build, product, evidence.facts) if build or evidence.facts else ()
    states = _states(build, product, checks, day, precision)
    known = build_table().name(build) if build else None
    cu = known.cu if known else ""
    return Patch(
        past.current.build if past.current else "",
        product,
        cu,
        known.su if known and known.number == build and precision == "su" else "",
        past.seen,
        tuple(replace(row, window=_window(row, past, end)) for row in states),
        support(product, cu, day),
        past.conflicts,
        checks,
        way_out(build, product, states, checks, day, precision=precision) if product else (),
    )


def _product(build: BuildNumber | None, tallies: Iterable[Tally]) -> str:
    if build:
        return build_table().product(build)
    return "2010" if installs(tallies) == {"V14"} else ""


def _states(
    build: BuildNumber | None,
    product: str,
    checks: Sequence[CheckAnswer],
    day: date,
    precision: str,
) -> tuple[AdvisoryState, ...]:
    states = assess(build, product, checks, day, precision=precision)
    if product:
        return states
    # NOTE: of a server that is wholly unknown only what campaigns ask for is worth saying.
    asked = {cve.id for campaign in campaigns() for cve in campaign.cves}
    return tuple(row for row in states if row.cve in asked)


def _window(row: AdvisoryState, past: History, end: datetime | None) -> OpenWindow | None:
    if row.state is State.UNSUPPORTED:
        return None
    advisory = advisories().get(row.cve)
    exploited = exploited_from(advisory) if advisory else None
    return open_window(row, exploited, past.seen, end, build_table())


def with_traces(patch: Patch, findings: Sequence[Finding]) -> Patch:
    """Say of each open window whether attack traces lie inside it."""
    return replace(patch, advisories=tuple(_with_traces(row, findings) for row in patch.advisories))


def _with_traces(row: AdvisoryState, findings: Sequence[Finding]) -> AdvisoryState:
    said = traces(row.cve, row.window, findings) if row.window else ""
    if not row.window or not said:
        return row
    window = row.window.copy()
    window["note"] = f"{window['note']}; {said}"
    return replace(row, window=window)


def installs(tallies: Iterable[Tally]) -> set[str]:
    """Return the installation folders that records or paths name: V14 is 2010, V15 all later."""
    found: set[str] = set()
    for tally in tallies:
        found |= tally.installs | {name.upper() for name in _INSTALL.findall(tally.path)}
    return found
