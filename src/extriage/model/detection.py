"""Rules and what they find: stages, certainty, matches and findings."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Held: TypeAlias = tuple[tuple[int, bool], ...]
"""Entries of suppress files that fit a line, by their position. True: only if the line's file has
the hash that the entry names, which is known when the file was read to its end."""


class Stage(StrEnum):
    """How far an intrusion got; each stage is further than the one before."""

    PROBED = "probed"
    REACHED = "reached"
    PLANTED = "planted"
    EXECUTED = "executed"
    ACTED = "acted"
    TAKEN = "taken"

    @property
    def rank(self) -> int:
        """Return 1 for `probed` up to 6 for `taken`."""
        return list(Stage).index(self) + 1


class Certainty(StrEnum):
    """How sure a statement is; `confirmed` is the surest."""

    POSSIBLE = "possible"
    LIKELY = "likely"
    CONFIRMED = "confirmed"

    @property
    def rank(self) -> int:
        """Return 1 for `possible` up to 3 for `confirmed`."""
        return list(Certainty).index(self) + 1


class Level(StrEnum):
    """Sigma's five levels."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return 1 for `informational` up to 5 for `critical`."""
        return list(Level).index(self) + 1


class About(StrEnum):
    """What a finding bears on besides the ladder of stages."""

    PERSISTENCE = "persistence"
    """A way back in, which outlives the update."""
    EXPOSURE = "exposure"
    """Data that was, or still is, within somebody's reach."""
    WEAKNESS = "weakness"
    """A door that stands open; nobody is known to have used it."""


class Sign(StrEnum):
    """What a line says of a way back in; most words are also chapters of its story."""

    PLANTED = "planted"
    """It was put there, set up or switched on."""
    COMPILED = "compiled"
    """ASP.NET compiled the page: it was there and was asked for."""
    USED = "used"
    """It did something: a page answered, a task or a module ran."""
    ASKED = "asked"
    """Somebody asked for it; whether it was there is not told."""
    DETECTED = "detected"
    """A protection programme named it."""
    CHANGED = "changed"
    REMOVED = "removed"
    ATTEMPTED = "attempted"
    """Somebody tried to put it there and failed."""
    PRESENT = "present"
    """The file, setting or object itself is in the evidence."""


@dataclass(frozen=True, slots=True)
class DeedWords:
    """How a rule of `content/deeds` tells a record: the sentence, and the fields that fill it."""

    text: str
    """What was done, to follow a name or an address: `read {items} of mailbox {mailbox}`."""
    done: bool
    """False for what the server refused, or of which only the attempt is seen."""
    object: tuple[str, ...] = ()
    """Fields that name what it was done to: the first that the record has."""
    mailbox: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule says about itself, whatever language it is written in."""

    id: str
    """Sigma `name` if it has one, else its `id`, else the file's stem."""
    title: str
    description: str
    level: Level
    stage: Stage | None
    """The stage that a match proves; None for rules that make no claim (most upstream rules)."""
    certainty: Certainty
    campaign: str
    """Campaign id such as `proxylogon`; empty for rules without one."""
    cves: tuple[str, ...]
    attack: tuple[str, ...]
    """ATT&CK technique ids such as `T1190`."""
    kinds: tuple[str, ...]
    """Evidence kinds that it reads; for a correlation those of the rules that it joins."""
    references: tuple[str, ...]
    look_alikes: tuple[str, ...]
    """Benign activity that looks the same (Sigma `falsepositives`)."""
    author: str
    path: str
    correlation: bool = False
    hints: Stage | None = None
    """The stage that a match does not prove alone, but does in a chain with proof of others."""
    about: About | None = None
    persistence: str = ""
    """Kind of way back in that a match speaks of (`content/knowledge/persistence.yml`), if any."""
    sign: Sign | None = None
    """What a match says of it; None if that follows from the kind of evidence."""
    object: tuple[str, ...] = ()
    """Fields that name it, where the kind's own do not fit."""
    exposes: str = ""
    """Kind of data (`content/knowledge/exposures.yml`) that a match speaks of, if any. All records
    that meet such a rule are collected in the pivot pass."""
    deed: DeedWords | None = None
    """Set for rules of `content/deeds`, which tell what a record means and are no findings."""


@dataclass(frozen=True, slots=True)
class RefusedRule:
    """A rule that cannot run, with the reason; every report names them."""

    id: str
    title: str
    path: str
    reason: str
    broken: bool = False
    """True for a file that is wrong; False for a rule about logs that are no Exchange evidence."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line that proves a finding."""

    path: str
    line: int
    offset: int
    text: str
    sha256: str
    time: datetime | None = None
    raw: bool = False
    """True for a line that fits no columns."""
    summary: str = ""
    """The fields that an analyst reads first, as `name=value`; from the evidence, like `text`."""
    keys: tuple[tuple[str, str], ...] = ()
    """What joins it to other lines: request, canary, session, page, address, account, agent."""
    kind: str = ""
    """Kind of evidence that the line stands in."""
    object: str = ""
    """The way back in that the line speaks of: a page, a task, an account; see `persistence`."""
    sign: Sign | None = None
    """What the line says of that object."""
    actor: str = ""
    """Who did it to that object, as the line names him."""
    reasons: tuple[str, ...] = ()
    """What was read in a page, in sentences that a human can check."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule met by one record."""

    rule: str
    kind: str
    computer: str
    evidence: Evidence
    values: tuple[tuple[str, str], ...] = ()
    """Field values that correlation rules group by or count; empty when none needs the rule."""
    held: Held = ()
    barred: tuple[str, ...] = ()
    """Correlation rules that must not see it, because it is suppressed for them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule met on one host: how often, when, and the lines that prove it."""

    id: str
    rule: str
    title: str
    level: Level
    stage: Stage | None
    certainty: Certainty
    campaign: str
    cves: tuple[str, ...]
    attack: tuple[str, ...]
    first: datetime | None
    """When it was first proved: for steps in order, the time of the last one."""
    last: datetime | None
    count: int
    evidence: tuple[Evidence, ...]
    """The earliest and latest lines; `count` says how many there were."""
    look_alikes: tuple[str, ...]
    author: str = ""
    """Who wrote the rule; the licence of many rules asks that it is named."""
    hints: Stage | None = None
    """The stage that it speaks for without proving it alone; see `chains`."""
    about: About | None = None
    """Set for ways back in, for data within reach, and for doors that stand open."""
    raw: bool = False
    """True if only lines that fit no columns were met: they prove nothing, and are read by hand."""
    persistence: str = ""
    """Kind of way back in that it speaks of, if any; its lines name the objects."""
    objects: int = 0
    """How many different objects its lines name; above 500 an estimate, and not all are listed."""
