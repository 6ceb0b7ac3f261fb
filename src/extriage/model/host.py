"""What is said about one server: verdict, campaigns, patch state, coverage, findings, manifest."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from extriage.model.detection import Certainty, Finding, Stage
from extriage.model.evidence import BuildSeen, Entry, Period


class Status(StrEnum):
    """The verdict on a host."""

    COMPROMISED = "compromised"
    TARGETED = "targeted"
    NO_SIGN = "no-sign"
    CANNOT_TELL = "cannot-tell"


class Absence(StrEnum):
    """What "nothing found" means: the evidence would show it, or it cannot."""

    NOT_SEEN = "not-seen"
    CANNOT_TELL = "cannot-tell"
    NOT_APPLICABLE = "not-applicable"
    SEEN = "seen"


class State(StrEnum):
    """State of one advisory on a build."""

    FIXED = "fixed"
    OPEN = "open"
    OPEN_NO_PACKAGE = "open-no-package"
    CANNOT_TELL = "cannot-tell"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one line that a reader takes away."""

    status: Status
    stage: Stage | None
    certainty: Certainty | None
    reason: str


@dataclass(frozen=True, slots=True)
class LogCoverage:
    """Could one log have shown one vulnerability's exploitation in the time that counts?"""

    kind: str
    covered: bool
    first: datetime | None
    last: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class CveVerdict:
    """One vulnerability on one host: seen, not seen, or impossible to tell, and why."""

    cve: str
    answer: Absence
    stage: Stage | None
    certainty: Certainty | None
    window: Period | None
    """The time in which this server could have been attacked this way, as far as is known."""
    logs: tuple[LogCoverage, ...]
    note: str


@dataclass(frozen=True, slots=True)
class CampaignVerdict:
    """One campaign on one host: the highest stage proved, and each CVE's answer."""

    campaign: str
    title: str
    cves: tuple[str, ...]
    stage: Stage | None
    certainty: Certainty | None
    first: datetime | None
    last: datetime | None
    findings: tuple[str, ...]
    coverage: tuple[CveVerdict, ...]


@dataclass(frozen=True, slots=True)
class AdvisoryState:
    """State of one advisory on the builds that were seen."""

    cve: str
    state: State
    note: str = ""


@dataclass(frozen=True, slots=True)
class Patch:
    """The build as the evidence shows it."""

    build: str
    product: str
    cu: str
    su: str
    sources: tuple[BuildSeen, ...]
    advisories: tuple[AdvisoryState, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was there to be read of one kind of evidence, from when to when."""

    kind: str
    files: int
    records: int
    unreadable: int
    first: datetime | None
    last: datetime | None
    gaps: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do now, with the reason."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The account of everything that was seen."""

    seen: int
    read: int
    skipped: int
    unreadable: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """All that is known of one server."""

    name: str
    verdict: Verdict
    campaigns: tuple[CampaignVerdict, ...]
    patch: Patch
    coverage: tuple[Coverage, ...]
    findings: tuple[Finding, ...]
    actions: tuple[Action, ...]
    manifest: Manifest
    notes: tuple[str, ...] = ()
    """Things a reader must know about this evidence: corrected clocks, damaged files …"""
    persistence: tuple[str, ...] = ()
    """Ways back in, with their life stories; empty in this version."""
    sessions: tuple[str, ...] = ()
    """What an intruder did in one go; empty in this version."""
    exposures: tuple[str, ...] = ()
    """Data that was reachable or taken; empty in this version."""
