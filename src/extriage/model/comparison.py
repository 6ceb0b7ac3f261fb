"""Two cases of the same servers compared: what is gone, what is new, what still leaks.

Nothing is called gone that the later evidence could not have shown: a file whose folder was not
collected, a log that does not reach there, is `cannot-tell`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from extriage.model.case import Tool
from extriage.model.detection import Certainty, Level, Stage
from extriage.model.host import Absence, State, Verdict, When
from extriage.model.persistence import Presence
from extriage.model.state import Answer

DIFF_SCHEMA = "extriage.diff/1"


class Outcome(StrEnum):
    """What a comparison comes to, the worst first."""

    NOT_CLEAN = "not-clean"
    """Something of the intruders is there, came back, is new or still goes out."""
    STILL_OPEN = "still-open"
    """Nothing of the intruders shows, but holes that attackers use are open."""
    CANNOT_TELL = "cannot-tell"
    """Nothing shows, and the later evidence could not have shown all of it."""
    NOTHING_LEFT = "nothing-left"
    """Nothing that was found is left, and the later evidence would show it."""

    @property
    def rank(self) -> int:
        """Return 0 for the worst."""
        return list(Outcome).index(self)


class Change(StrEnum):
    """What became of one thing between the two cases, the worst first."""

    STILL_THERE = "still-there"
    BACK = "back"
    """It was gone in the earlier case and is there again."""
    NEW = "new"
    """It came after the earlier evidence ends, or the earlier evidence would have shown it."""
    NEWLY_VISIBLE = "newly-visible"
    """It may have been there before: the earlier evidence or its rules could not show it."""
    CANNOT_TELL = "cannot-tell"
    """The later evidence could not show it, wherever it is."""
    CAME_AND_WENT = "came-and-went"
    """It came after the earlier evidence ends, and is gone again."""
    GONE = "gone"
    """The later evidence would show it, and does not; or it shows the removal."""
    STILL_GONE = "still-gone"

    @property
    def rank(self) -> int:
        """Return 0 for the worst."""
        return list(Change).index(self)


class Done(StrEnum):
    """What the later evidence says of a step of the earlier plan."""

    OPEN = "still-to-do"
    CANNOT_TELL = "cannot-tell"
    DONE = "done"
    BY_HAND = "people-must-say"
    """No log tells it: whoever did it must say so."""


@dataclass(frozen=True, slots=True)
class WayChange:
    """One way back in, before and after."""

    change: Change
    kind: str
    object: str
    text: str
    """One sentence: why, or what would tell."""
    before: Presence | None
    after: Presence | None
    sure: bool
    """False if administrators set up the same: its owner is asked for."""
    level: Level
    first: datetime | None
    last: datetime | None
    paths: tuple[str, ...]
    """Where it is or was in the evidence, the later evidence first."""
    before_id: str = ""
    after_id: str = ""


@dataclass(frozen=True, slots=True)
class LeakChange:
    """Something that went out as long as it was there: a forwarding, a right to a mailbox."""

    change: Change
    kind: str
    object: str
    text: str
    sure: bool
    before_id: str = ""
    after_id: str = ""


@dataclass(frozen=True, slots=True)
class DataChange:
    """Data that the later case knows to be taken, read or ready, and the earlier does not."""

    change: Change
    kind: str
    object: str
    text: str
    certainty: Certainty
    first: datetime | None
    last: datetime | None
    after_id: str


@dataclass(frozen=True, slots=True)
class Return:
    """An intruder who was active after the moment that counts."""

    intruder: str
    """As the later case calls him; empty if it has only traces of an earlier one."""
    same_as: str
    """The intruder of the earlier case that he is, or empty."""
    got_in: bool
    """True if something that he did then worked; False if he only came by."""
    stage: Stage | None
    """The furthest stage of what he did then."""
    first: datetime
    last: datetime
    sessions: int
    by: tuple[str, ...]
    """Addresses and accounts."""
    text: str


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding that only one of the cases has, or that goes on."""

    change: Change
    rule: str
    title: str
    level: Level
    stage: Stage | None
    certainty: Certainty
    proves: bool
    """True if it would make a server `compromised` by itself."""
    first: datetime | None
    last: datetime | None
    count: int
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class CheckChange:
    """A setting that decides whether a patched build is closed, before and after."""

    id: str
    title: str
    before: Answer
    after: Answer


@dataclass(frozen=True, slots=True)
class HoleChange:
    """A vulnerability that is known to be used by attackers, before and after."""

    cve: str
    name: str
    before: State
    after: State
    used_here: bool
    """True if the earlier case saw it answer on this server."""


@dataclass(frozen=True, slots=True)
class PatchChange:
    """Builds and what they leave open."""

    before: str
    after: str
    text: str
    """One or two sentences."""
    closed: int
    """Vulnerabilities that were open and are fixed now."""
    still_open: int
    newly_open: int
    holes: tuple[HoleChange, ...]
    """Those that attackers use or that were used here, and that are not fixed in both cases."""
    checks: tuple[CheckChange, ...]
    """Those whose answer changed, or that failed in the later case."""


@dataclass(frozen=True, slots=True)
class StepChange:
    """A step of the earlier plan, as far as the later evidence shows it."""

    done: Done
    id: str
    title: str
    when: When
    text: str


@dataclass(frozen=True, slots=True)
class Reach:
    """What one case has of a kind of evidence."""

    files: int
    records: int
    unreadable: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class CoverageChange:
    """One kind of evidence in both cases."""

    kind: str
    title: str
    before: Reach | None
    after: Reach | None
    worse: bool
    """True if the later case lacks something that the earlier one had."""
    text: str


@dataclass(frozen=True, slots=True)
class ActivityAnswer:
    """Would the later evidence show it if somebody came back?"""

    answer: Absence
    """`not-seen` or `cannot-tell`; `seen` if somebody did."""
    text: str


@dataclass(frozen=True, slots=True)
class HostChange:
    """One server in both cases."""

    name: str
    """As the earlier case calls it."""
    now: str
    """As the later case calls it."""
    outcome: Outcome
    text: str
    """The answer in one line."""
    advice: str
    """May it go back to the network? One or two sentences."""
    before: Verdict
    after: Verdict
    since: datetime | None
    """What is later counts as after the clean-up."""
    until: datetime | None
    """The last record of the later evidence."""
    ways: tuple[WayChange, ...]
    leaks: tuple[LeakChange, ...]
    data: tuple[DataChange, ...]
    activity: ActivityAnswer
    returns: tuple[Return, ...]
    findings: tuple[FindingChange, ...]
    patch: PatchChange
    steps: tuple[StepChange, ...]
    coverage: tuple[CoverageChange, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoneHost:
    """A server that only one of the cases has."""

    name: str
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two cases."""

    tool: Tool
    hosts: tuple[str, ...]
    last: datetime | None
    """The last record of all its servers."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two cases compared; rendering needs nothing else."""

    schema: str
    before: Side
    after: Side
    outcome: Outcome
    text: str
    """The answer in one line."""
    hosts: tuple[HostChange, ...]
    """The worst first."""
    only_before: tuple[LoneHost, ...]
    only_after: tuple[LoneHost, ...]
    notes: tuple[str, ...]
    """What holds for all servers: other rules, cases in the wrong order."""
