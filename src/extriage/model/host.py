"""What is said about one server: verdict, campaigns, patch state, coverage, findings, manifest."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypedDict

from extriage.model.detection import Certainty, Finding, Stage
from extriage.model.evidence import BuildSeen, Entry, Period
from extriage.model.exposure import Exposure, ExposureAnswer
from extriage.model.indicator import Sighting
from extriage.model.persistence import Persistence
from extriage.model.session import Intruder, Session, Strangers
from extriage.model.state import CheckAnswer
from extriage.model.suppression import Suppressed


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
    NOT_YET = "not-yet"
    """The evidence ends before anybody is known to have used the vulnerability."""
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
    weighs: bool = True
    """False if the server was never seen open to it and an update could be had before anybody used
    it: then not knowing does not keep the server from `no-sign`."""


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


class When(StrEnum):
    """When an action is due."""

    NOW = "now"
    THIS_WEEK = "this-week"
    BEFORE_RECONNECTING = "before-reconnecting"
    AFTERWARDS = "afterwards"


@dataclass(frozen=True, slots=True)
class Command:
    """A command for a person to review and run; this tool never runs it."""

    text: str
    """Whole lines of PowerShell; values from the evidence are quoted so that they stay values."""
    purpose: str
    """One sentence: what it does, or what it shows."""
    changes: bool
    """False for a command that only looks."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do, with the reason."""

    id: str
    title: str
    text: str
    when: When = When.NOW
    because: tuple[str, ...] = ()
    """Ids of findings, ways back, exposures and checks that call for it."""
    commands: tuple[Command, ...] = ()
    verify: str = ""
    """How to see that it worked."""
    needs: tuple[str, ...] = ()
    """Ids of actions that must be done before it."""


class SupportState(StrEnum):
    """Does the vendor still publish security updates for it?"""

    SUPPORTED = "supported"
    PAID = "paid-updates-only"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "cannot-tell"


@dataclass(frozen=True, slots=True)
class Support:
    """Support of a product, or of one of its cumulative updates, on a day."""

    state: SupportState
    until: date | None
    """Last day of this state, when it is known."""
    note: str
    """One sentence for the reader."""


OpenWindow = TypedDict(
    "OpenWindow",
    {"from": datetime, "to": datetime, "days": int, "closed": bool, "proved": bool, "note": str},
)
"""The time in which a vulnerability was open on this server and known to be exploited by somebody.
`to` is the first time a fixed build was seen, or the evidence's end when it is not `closed`; `days`
counts begun days. It is `proved` if an open build was seen, and a fixed one after it; else it is
the longest that it can have been: nothing tells what ran before, or since when a setting closed
it."""


@dataclass(frozen=True, slots=True)
class AdvisoryState:
    """State of one advisory on the builds that were seen."""

    cve: str
    state: State
    note: str = ""
    """Why, when the build alone does not tell: an unanswered check, no package for this CU …"""
    name: str = ""
    """What people call it: `ProxyLogon SSRF`; empty for most."""
    severity: str = ""
    """Microsoft's word: `Critical`, `Important` …"""
    cvss: float | None = None
    exploited_since: str = ""
    """First known exploitation as the table words it; empty if none is known."""
    kev: date | None = None
    """Day it came into CISA's list of known exploited vulnerabilities."""
    window: OpenWindow | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """The build as the evidence shows it, and what follows from it."""

    build: str
    product: str
    cu: str
    su: str
    sources: tuple[BuildSeen, ...]
    advisories: tuple[AdvisoryState, ...]
    support: Support = Support(SupportState.UNKNOWN, None, "")
    conflicts: tuple[str, ...] = ()
    """Sources that disagree, each in one sentence."""
    checks: tuple[CheckAnswer, ...] = ()
    """The configuration checks that a patch alone does not settle."""
    action: tuple[Action, ...] = ()
    """The way to a safe build, in order."""


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
class Manifest:
    """The account of everything that was seen."""

    seen: int
    read: int
    skipped: int
    unreadable: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done in a chain, with the line that shows it first."""

    time: datetime
    until: datetime
    """Time of its last line; that of its first if there is one only."""
    title: str
    finding: str
    stage: Stage | None
    """The stage that it proves, or the one that it hints at; None for context."""
    proved: bool
    lines: int
    path: str
    line: int
    summary: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Findings that hang together: the story of one intruder, as far as the lines tell it."""

    id: str
    campaign: str
    """The campaign that it belongs to: that of its furthest proof of a hole, if it has one."""
    campaigns: tuple[str, ...]
    cves: tuple[str, ...]
    """Vulnerabilities that a finding of the chain proves to have answered."""
    stage: Stage
    certainty: Certainty
    first: datetime
    last: datetime
    keys: tuple[tuple[str, str], ...]
    """What joins its lines: `address` and its value and so on, the commonest first."""
    raised: str
    """Why stage or certainty are above those of its findings; empty when they are not."""
    steps: tuple[Step, ...]


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
    chains: tuple[Chain, ...] = ()
    """Findings that hang together, the furthest stage first, each told in order."""
    suppressed: tuple[Suppressed, ...] = ()
    """What entries of suppress files took away, by entry and rule."""
    persistence: tuple[Persistence, ...] = ()
    """Ways back in, with their life stories: those that are there first, the worst first."""
    intruders: tuple[Intruder, ...] = ()
    """Who got in or left something behind, the earliest first."""
    sessions: tuple[Session, ...] = ()
    """What they did, each in one go, in the order of time; informed visitors too."""
    shared: tuple[str, ...] = ()
    """Addresses of suspects behind which many people are: a proxy, the office's own way out."""
    strangers: Strangers | None = None
    """Those who only knocked; None if nobody did."""
    exposures: tuple[Exposure, ...] = ()
    """The ledger of data that was taken, read or within reach."""
    exposure_answers: tuple[ExposureAnswer, ...] = ()
    """Every kind of data, answered, also those that the ledger has nothing of."""
    sightings: tuple[Sighting, ...] = ()
    """Indicators that were given to the scan, or are shipped with it, and are in the evidence."""
