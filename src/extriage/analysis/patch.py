"""Which build was running, since when, what was it open to, and what is the way out?"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from extriage.analysis.advisories import assess, deciding
from extriage.analysis.checks import answer_checks
from extriage.analysis.history import history
from extriage.analysis.support import support
from extriage.analysis.wayout import way_out
from extriage.analysis.window import Until, open_window, traces
from extriage.knowledge.advisories import advisories, exploited_from
from extriage.knowledge.builds import build_table, number, spell
from extriage.knowledge.campaigns import campaigns
from extriage.knowledge.wayout import check_id
from extriage.model.detection import Finding
from extriage.model.evidence import BuildSeen, Entry, Tally
from extriage.model.exchange import BuildNumber
from extriage.model.host import AdvisoryState, OpenWindow, Patch, State
from extriage.model.state import Answer, CheckAnswer, Fact
from extriage.parsers import setuplog

_CLOCKED = (setuplog.KIND, "events:")
"""Evidence of installers: its times are those of the server's own clock."""
_INSTALL = re.compile(r"Exchange Server/(V1[45])/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StateEvidence:
    """What the evidence of one server holds about its state."""

    tallies: Sequence[Tally]
    facts: Sequence[Fact] = ()
    entries: Sequence[Entry] = ()


def last_told(facts: Iterable[Fact]) -> datetime | None:
    """Return the last time, in UTC, at which Setup or an installer is known to have run.

    Only machines that keep their own clock are believed here: a mail may bear any date.
    """
    times = (fact.time for fact in facts if fact.time and fact.evidence.startswith(_CLOCKED))
    return max(times, default=None)


def until_then(evidence: StateEvidence, moment: datetime) -> StateEvidence:
    """Return what the evidence tells of the time up to a moment.

    What bears no date, files, settings and folders, tells of the day of collection: it is left out.
    """
    return StateEvidence(
        tuple(replace(tally, builds=_builds_until(tally, moment)) for tally in evidence.tallies),
        tuple(fact for fact in evidence.facts if fact.time and fact.time <= moment),
    )


def _builds_until(tally: Tally, moment: datetime) -> dict[str, tuple[datetime, datetime]]:
    return {
        build: (first, min(last, moment))
        for build, (first, last) in tally.builds.items()
        if first <= moment
    }


def patch_state(evidence: StateEvidence, day: date, until: Until | None) -> Patch:
    """Return the build history of one host and what follows from the last build.

    `day` is the day that support and open vulnerabilities are told for; `until` is the last moment
    that open windows are told for.
    """
    past = history(evidence.tallies, evidence.facts, evidence.entries)
    build = number(past.current.build) if past.current else None
    precision = past.current.precision if past.current else "su"
    product = _product(build, evidence.tallies)
    checks = answer_checks(build, product, evidence.facts) if build or evidence.facts else ()
    states = _states(build, product, checks, day, precision)
    seen = _sightings(evidence.tallies, past.seen)
    known = build_table().name(build) if build else None
    cu = known.cu if known else ""
    return Patch(
        past.current.build if past.current else "",
        product,
        cu,
        known.su if known and known.number == build and precision == "su" else "",
        past.seen,
        tuple(replace(row, window=_window(row, checks, seen, until)) for row in states),
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


def _sightings(tallies: Iterable[Tally], seen: Sequence[BuildSeen]) -> tuple[BuildSeen, ...]:
    """Tell what each log saw apart: builds may come and go, and come again."""
    believed = {one.build for one in seen}
    rows, kinds = list[BuildSeen](), dict[str, set[str]]()
    for tally in tallies:
        for text, (first, last) in tally.builds.items():
            build = spell(found) if (found := number(text)) else ""
            if build in believed:
                rows.append(BuildSeen(build, tally.kind, first, last))
                kinds.setdefault(build, set()).add(tally.kind)
    together = {build: ", ".join(sorted(names)) for build, names in kinds.items()}
    return (*rows, *(one for one in seen if one.evidence != together.get(one.build)))


def _window(
    row: AdvisoryState,
    checks: Iterable[CheckAnswer],
    seen: Sequence[BuildSeen],
    until: Until | None,
) -> OpenWindow | None:
    if row.state is State.UNSUPPORTED:
        return None
    advisory = advisories().get(row.cve)
    exploited = exploited_from(advisory) if advisory else None
    by_setting = _by_setting(row.cve, checks)
    return open_window(row, exploited, seen, until, build_table(), by_setting=by_setting)


def _by_setting(cve: str, checks: Iterable[CheckAnswer]) -> bool:
    """Tell whether a setting has a say; an answer without a place rests on the build alone."""
    ids = deciding(cve)
    answers = [one for one in checks if cve in one.cves and check_id(one.id) in ids]
    if not answers:
        return bool(ids)
    return any(
        one.answer in (Answer.FAILED, Answer.CANNOT_TELL)
        or (one.answer is Answer.PASSED and one.proofs)
        for one in answers
    )


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
