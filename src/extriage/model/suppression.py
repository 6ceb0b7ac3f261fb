"""What an organisation chose not to be shown, and why: nothing that is suppressed is lost."""

from dataclasses import dataclass
from datetime import date, datetime

from extriage.model.detection import Certainty, Evidence, Level, Stage

LINES_SHOWN = 3
"""Lines that a case keeps of what was suppressed."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """One entry of a suppress file. All that it names must fit; of a list, any one."""

    id: str
    """File and line, such as `known.yml:14`."""
    reason: str
    scanner: str = ""
    """Name of the organisation's own scanner; empty for every other entry."""
    by: str = ""
    """Who decided it."""
    expires: date | None = None
    """The last day on which it holds."""
    in_force: bool = True
    """False once it has expired, by the clock of the machine on the day of the scan."""
    rules: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    """Addresses and networks as CIDR blocks."""
    accounts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Of a URL, of a file that the line names, or of the file that the line stands in."""
    sha256: tuple[str, ...] = ()
    """Of the line, or of the file that the line stands in."""
    agents: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    """Servers that it holds for."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The lines of one rule on one server that one entry suppressed."""

    rule: str
    title: str
    level: Level
    stage: Stage | None
    certainty: Certainty
    campaign: str
    entry: str
    """Id of the entry: file and line."""
    scanner: str
    reason: str
    count: int
    first: datetime | None
    last: datetime | None
    evidence: tuple[Evidence, ...]
    """The earliest lines."""


@dataclass(frozen=True, slots=True)
class SuppressionUse:
    """What one entry did in this case."""

    entry: Suppression
    lines: int
    """Lines that it suppressed, over all servers."""
    shown: int = 0
    """Lines of an own scanner that prove more than a probe, and are therefore not suppressed."""
    note: str = ""
    """Why it does nothing: expired, or it fitted nothing."""
