"""Ways back in: what an intruder left behind, whether it is still there, and its life story."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from extriage.model.detection import Certainty, Level
from extriage.model.state import Proof


class Presence(StrEnum):
    """Is it still there? As of the end of the evidence."""

    PRESENT = "present"
    """The file, setting or object itself is in the evidence."""
    REMOVED = "removed"
    """Something shows that it was there and that it is gone."""
    ATTEMPTED = "attempted"
    """Somebody tried to put it there and failed."""
    UNKNOWN = "unknown"
    """It was put there or used; nothing tells what became of it."""


class Role(StrEnum):
    """Who a visitor is: of a foreign page, or of the server."""

    INTRUDER = "intruder"
    """Got in, or left something behind."""
    OWNER = "owner"
    """Gave it orders while it was there: answered POSTs, parameters, or varying answers."""
    INFORMED = "informed"
    """Asked for exactly this name and for no list of others, without giving orders."""
    STRANGER = "stranger"
    """Walks lists of names that shells are known by, or came when it was gone."""
    ORGANISATION = "organisation"
    """The organisation's own scanner, named in a suppress file."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One address (and account, if it logged on) that asked for a page."""

    address: str
    account: str
    agents: tuple[str, ...]
    """User agents, the commonest first, at most five."""
    role: Role
    first: datetime
    last: datetime
    requests: int
    answered: int
    """Requests that the page itself answered."""
    methods: tuple[tuple[str, int], ...]
    bytes_in: int | None
    """Bytes of the requests that were logged; None if the log does not say."""
    bytes_out: int | None


@dataclass(frozen=True, slots=True)
class PageLife:
    """What the web logs tell of one page: since when it answered, for whom, and until when.

    Whether a page exists is told from how its status changes, not from its name: an existing page
    below `/owa/auth` answers 200 to a visitor without a logon, a missing one sends him to the logon
    page (302) there and answers 404 elsewhere.
    """

    page: str
    """URL path in small letters: `/owa/auth/x.aspx`."""
    requests: int
    answered: int
    first: datetime
    last: datetime
    first_answered: datetime | None
    last_answered: datetime | None
    gone_after: datetime | None
    """The last answer after which it was missing; it was removed between this and `gone_before`."""
    gone_before: datetime | None
    """The first request that found it missing, after it had answered."""
    missing_until: datetime | None
    """The last request before its first answer that found it missing: it was planted after it."""
    methods: tuple[tuple[str, int], ...]
    statuses: tuple[tuple[str, int], ...]
    sizes: int
    """How many different sizes its answers had; 0 if the logs do not say."""
    bytes_in: int | None
    bytes_out: int | None
    visitors: tuple[Visitor, ...]
    """Owners first, then by requests; at most fifty."""
    visitors_total: int
    proofs: tuple[Proof, ...]
    """Lines: the first and last answered ones, and the first that found it missing."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One chapter of a life story."""

    what: str
    """planted, compiled, used, asked, detected, removed, missing, changed, present."""
    time: datetime | None
    until: datetime | None
    text: str
    """One plain sentence of ours; values from the evidence stand in it as they are."""
    by: tuple[str, ...]
    """Addresses, accounts or programs, as far as it is told."""
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Persistence:
    """One way back in."""

    id: str
    kind: str
    """Id of `content/knowledge/persistence.yml`: `web-shell`, `iis-module`, `scheduled-task` …"""
    object: str
    """What it is called: a URL path, a file, a task, an account, a role assignment."""
    state: Presence
    state_note: str
    """One sentence: why this state."""
    level: Level
    certainty: Certainty
    first: datetime | None
    """When it was put there, or first seen."""
    last: datetime | None
    by: tuple[str, ...]
    paths: tuple[str, ...]
    """Files and places in the evidence where it is or was."""
    findings: tuple[str, ...]
    """Ids of the findings that speak of it."""
    reasons: tuple[str, ...]
    """What a human can check: one sentence each."""
    proofs: tuple[Proof, ...]
    story: tuple[Episode, ...]
    """In order of time; what has no time comes last."""
    life: PageLife | None
    """For pages: what the web logs tell."""
    removal: tuple[str, ...]
    """What to do, in order."""
