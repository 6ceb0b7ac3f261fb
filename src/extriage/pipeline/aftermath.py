"""What came after the break-in on one server: who did what, and what did they get?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from extriage.analysis.exposure import Ledger, Seen, ledger
from extriage.analysis.intruders import intruders
from extriage.analysis.linefit import LineFit
from extriage.analysis.sessions import Knock, Others, Own, Told, tell_sessions
from extriage.analysis.suppression import Suppressor
from extriage.analysis.taking import with_taking
from extriage.matchers.sigma import RuleSet
from extriage.model.detection import Evidence
from extriage.model.evidence import Origin, Record
from extriage.model.host import Host
from extriage.model.reading import Knocks
from extriage.model.trail import TrailRecord
from extriage.pipeline.host import HostEvidence


def aftermath(host: Host, evidence: HostEvidence, ruleset: RuleSet, suppressor: Suppressor) -> Host:
    """Add intruders with their sessions and the ledger; let data that left raise the verdict."""
    told = _told(host, evidence, suppressor)
    if evidence.trail is not None:
        evidence.trail.assign(host.name, told.assigned)
    known = replace(
        host, intruders=told.intruders, sessions=told.sessions, strangers=told.strangers
    )
    found = _ledger(known, evidence, ruleset)
    return with_taking(replace(known, exposures=found.items, exposure_answers=found.answers))


def _told(host: Host, evidence: HostEvidence, suppressor: Suppressor) -> Told:
    def records() -> Iterator[tuple[int, TrailRecord]]:
        return evidence.trail.records(host.name) if evidence.trail is not None else iter(())

    who = intruders(host.name, host.findings, host.chains, host.persistence)
    others = Others(_own(host.name, suppressor), knocks_by_address(evidence.knocks))
    return tell_sessions(host.name, who, records, host.findings, evidence.lives, others)


def _own(host: str, suppressor: Suppressor) -> Own | None:
    """Return the test for the organisation's own scanners; None if none was named."""
    named = (one for one in suppressor.entries if one.scanner and one.in_force)
    fits = [fit for fit in map(LineFit, named) if fit.on(host)]
    if not fits:
        return None

    def own(address: str, agent: str, time: datetime) -> bool:
        fields = {"c-ip": address, "cs(User-Agent)": agent}
        record = Record("iis", time, Origin("", 0), dict(fields), "")
        line = Evidence("", 0, 0, "", "", time)
        return any(fit.late(record, line) is False for fit in fits)

    return own


def knocks_by_address(found: Iterable[Knocks]) -> Mapping[str, Knock]:
    """Return who asked for what rules know; a request that two logs have counts once.

    Of the two logs the one counts that has more of them. What belongs to addresses that are not
    told apart stands under an empty one.
    """
    by_log: dict[str, dict[str, list[Knocks]]] = {}
    for one in found:
        by_log.setdefault(one.address, {}).setdefault(one.kind, []).append(one)
    return {address: _knock(list(logs.values())) for address, logs in by_log.items()}


def _knock(logs: Sequence[Sequence[Knocks]]) -> Knock:
    every = [one for log in logs for one in log]
    return Knock(
        max(sum(one.requests for one in log) for log in logs),
        min(one.first for one in every),
        max(one.last for one in every),
        len({page for one in every for page in one.pages}),
        max(sum(one.probes for one in log) for log in logs),
    )


def _ledger(host: Host, evidence: HostEvidence, ruleset: RuleSet) -> Ledger:
    def records() -> Iterator[TrailRecord]:
        if evidence.trail is not None:
            for _, record in evidence.trail.records(host.name):
                yield record

    return ledger(
        Seen(
            host.name,
            host.findings,
            host.chains,
            host.intruders,
            host.sessions,
            host.persistence,
            evidence.facts,
            host.manifest.entries,
            host.coverage,
            host.patch,
            records,
            _exposing(ruleset),
        )
    )


def _exposing(ruleset: RuleSet) -> Mapping[str, str]:
    every = (*(one.rule for one in ruleset.rules), *(one.rule for one in ruleset.correlations))
    return {rule.id: rule.exposes for rule in every if rule.exposes}
