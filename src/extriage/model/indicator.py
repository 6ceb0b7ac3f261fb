"""Indicators: values that others published or that this case gave, and where they were sighted."""

from dataclasses import dataclass
from datetime import date, datetime

from extriage.model.detection import Certainty, Level
from extriage.model.state import Proof


@dataclass(frozen=True, slots=True)
class Indicator:
    """One value to look for."""

    type: str
    """`ipv4`, `ipv6`, `network`, `domain`, `url`, `sha256`, `sha1`, `md5`, `file-name`, `path`,
    `url-path`, `user-agent`, `account`, `email`, `shell-parameter`, `text` …"""
    value: str
    source: str
    """Who published it: a file's name, or the source that the row names."""
    confidence: str = ""
    """`high`, `medium`, `low`; empty if the source does not say."""
    cluster: str = ""
    campaign: str = ""
    first_seen: date | None = None
    last_seen: date | None = None
    licence: str = ""
    tlp: str = ""
    """`clear`, `green`, `amber`, `amber+strict`, `red`; empty if the source does not say."""
    reference: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An indicator that the evidence of one server holds."""

    indicator: Indicator
    host: str
    where: str
    """`finding`, `log`, `file`, `file-name`, `session`: what holds it."""
    count: int
    first: datetime | None
    last: datetime | None
    text: str
    """One sentence, with a caution where the value alone says little."""
    proofs: tuple[Proof, ...]
    level: Level = Level.LOW
    """How much it weighs alone: the hash of a known shell is high, an address hardly ever more than
    low."""


@dataclass(frozen=True, slots=True)
class Derived:
    """An indicator that this case gave, to be looked for on other servers."""

    type: str
    value: str
    certainty: Certainty
    """How sure it is that it belongs to an intruder."""
    first_seen: datetime | None
    last_seen: datetime | None
    hosts: tuple[str, ...]
    clusters: tuple[str, ...]
    because: str
    """One sentence: what it was to the intruder."""
    findings: tuple[str, ...]
    look_alikes: tuple[str, ...] = ()
    """What also has such a value without being an intruder's."""
