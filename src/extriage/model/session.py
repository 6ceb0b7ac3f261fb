"""Sessions: what an intruder did in one go, in order, in words, each step with its lines."""

from dataclasses import dataclass
from datetime import datetime

from extriage.model.detection import Certainty, Stage
from extriage.model.persistence import Role
from extriage.model.state import Proof


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that is known within bounds: bytes, items, requests."""

    low: int
    """As much is shown."""
    high: int | None
    """It cannot have been more; None if a log that would say so is missing or gives no sizes."""


@dataclass(frozen=True, slots=True)
class SessionStep:
    """Records of one deed on one object that follow each other."""

    time: datetime
    until: datetime
    deed: str
    """Rule of `content/deeds`; empty for requests that none of them knows."""
    text: str
    """One plain sentence; values from the evidence stand in it as they are."""
    done: bool
    stage: Stage | None
    """The furthest stage that a finding proves by one of its lines."""
    object: str
    mailbox: str
    requests: int
    """Requests, each counted once however many logs have it; events and cmdlets likewise."""
    items: int | None
    bytes_in: int | None
    bytes_out: int | None
    sure: bool
    """False if all of it may have been somebody else."""
    kinds: tuple[str, ...]
    """Logs that show it."""
    findings: tuple[str, ...]
    proofs: tuple[Proof, ...]
    """Its first and last lines, at most four."""


@dataclass(frozen=True, slots=True)
class Session:
    """What one visitor did without a longer pause."""

    id: str
    """`s-` and sixteen hexadecimal digits, the same in every scan of the same evidence."""
    intruder: str
    """Which intruder on this server: `intruder-1`, the earliest first; empty for others."""
    role: Role
    stage: Stage | None
    certainty: Certainty
    first: datetime
    last: datetime
    summary: str
    """One or two sentences for a manager."""
    addresses: tuple[str, ...]
    accounts: tuple[str, ...]
    agents: tuple[str, ...]
    mailboxes: tuple[str, ...]
    kinds: tuple[str, ...]
    """Logs that show it."""
    joined_by: tuple[tuple[str, str, int], ...]
    """Kind of key, value, and how many records it joins, the strongest first."""
    requests: Amount
    answered: int
    bytes_in: Amount
    bytes_out: Amount
    steps: tuple[SessionStep, ...]
    steps_total: int
    """Of more steps than are kept, the earliest, the latest and those that prove most are."""
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Intruder:
    """Who got in or left something behind: a set of keys that belong together."""

    id: str
    """`intruder-1`, the earliest first."""
    first: datetime
    last: datetime
    stage: Stage
    certainty: Certainty
    keys: tuple[tuple[str, str, int], ...]
    """Kind of key, value, and how many lines have it: addresses, accounts, canaries, pages …"""
    chains: tuple[str, ...]
    findings: tuple[str, ...]
    ways: tuple[str, ...]
    """Ids of the ways back that are theirs."""
    sessions: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Strangers:
    """Those who only knocked or hunted for other people's shells, taken together."""

    addresses: int
    """How many; an estimate above the bound that is kept."""
    requests: int
    first: datetime | None
    last: datetime | None
    walkers: int
    """Of them, those who walked lists of names that shells are known by."""
    busiest: tuple[tuple[str, int], ...]
    """Addresses with their requests, at most ten."""
    text: str
    """One sentence."""
