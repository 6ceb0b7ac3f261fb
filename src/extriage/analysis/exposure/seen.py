"""What the ledger is made from, and what it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from extriage.model.detection import Certainty, Finding, Level, Stage
from extriage.model.evidence import Entry
from extriage.model.exposure import Exposure, ExposureAnswer
from extriage.model.host import Chain, Coverage, Patch
from extriage.model.persistence import Persistence, Role
from extriage.model.session import Intruder, Session
from extriage.model.state import Fact
from extriage.model.trail import TrailRecord


def _no_records() -> Iterator[TrailRecord]:
    return iter(())


# NOTE: without slots, so that what is looked up often can be kept.
@dataclass(frozen=True)
class Seen:
    """All that is known of one server when the ledger is made."""

    name: str
    findings: Sequence[Finding] = ()
    chains: Sequence[Chain] = ()
    intruders: Sequence[Intruder] = ()
    sessions: Sequence[Session] = ()
    ways: Sequence[Persistence] = ()
    facts: Sequence[Fact] = ()
    entries: Sequence[Entry] = ()
    coverage: Sequence[Coverage] = ()
    patch: Patch | None = None
    records: Callable[[], Iterator[TrailRecord]] = field(default=_no_records)
    """Streams the trail, in order of time, with sessions set; each call begins anew."""
    exposes: Mapping[str, str] = field(default_factory=dict)
    """Kind of data that a rule speaks of, by its id; only rules that speak of one."""

    @cached_property
    def session_of(self) -> Mapping[str, Session]:
        """Return the sessions by id."""
        return {one.id: one for one in self.sessions}

    @cached_property
    def intruders_of(self) -> Mapping[str, tuple[str, ...]]:
        """Return the intruders that a finding speaks of, by its id."""
        found: dict[str, tuple[str, ...]] = {}
        for one in self.intruders:
            steps = (
                name
                for session in self.sessions
                if session.intruder == one.id
                for step in session.steps
                if step.sure
                for name in step.findings
            )
            for name in dict.fromkeys((*one.findings, *steps)):
                found[name] = (*found.get(name, ()), one.id)
        return found

    @cached_property
    def inside(self) -> Mapping[str, tuple[tuple[datetime, datetime], ...]]:
        """Return when chains that prove a break-in have lines of a finding, by its id."""
        found: dict[str, tuple[tuple[datetime, datetime], ...]] = {}
        for chain in self.chains:
            if chain.stage.rank >= Stage.REACHED.rank and chain.certainty is not Certainty.POSSIBLE:
                for name in {step.finding for step in chain.steps}:
                    found[name] = (*found.get(name, ()), (chain.first, chain.last))
        return found

    @cached_property
    def finding_of(self) -> Mapping[str, Finding]:
        """Return the findings by rule; those of damaged lines prove nothing and are left out."""
        return {one.rule: one for one in self.findings if not one.raw}

    def is_tied(self, finding: Finding, moment: datetime | None) -> bool:
        """Tell whether a line of a finding belongs to a break-in."""
        if finding.stage is not None and finding.stage.rank >= Stage.PLANTED.rank:
            return finding.certainty is not Certainty.POSSIBLE
        spans = self.inside.get(finding.id, ())
        if moment is not None and spans:
            return any(first <= moment <= last for first, last in spans)
        return finding.id in self.intruders_of

    def opens(self, finding: Finding) -> bool:
        """Tell whether a finding alone puts something into the ledger."""
        return finding.level.rank >= Level.MEDIUM.rank or any(
            self.is_tied(finding, line.time) for line in finding.evidence
        )

    def intruder(self, session: str) -> str:
        """Return whose session it is; empty for sessions of others."""
        found = self.session_of.get(session)
        return found.intruder if found else ""

    def knows_more(self, session: str) -> bool:
        """Tell whether a session is of somebody who knew what to ask for."""
        found = self.session_of.get(session)
        return found is not None and found.role in (Role.INTRUDER, Role.OWNER, Role.INFORMED)

    def certainty_of(self, intruder: str) -> Certainty:
        """Return how sure it is that an intruder got in."""
        known = (one.certainty for one in self.intruders if one.id == intruder)
        return next(known, Certainty.POSSIBLE)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was taken, read or within reach, and what can be said of everything else."""

    items: tuple[Exposure, ...] = ()
    answers: tuple[ExposureAnswer, ...] = ()
