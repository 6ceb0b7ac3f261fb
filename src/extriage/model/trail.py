"""The trail: every record of the suspects, benign-looking ones too, as the pivot pass collects it.

A suspect is a key that a finding gave: an address, an account, a canary, a page. One request stands
in several logs, so the trail may hold it several times; what it is counted as is for the analysis.
Times are UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

Keys: TypeAlias = tuple[tuple[str, str], ...]
"""What joins records, as `content/joins.yml` names it: `(("address", "203.0.113.7"), …)`."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, as a rule of `content/deeds` reads one record."""

    id: str
    """Name of the rule; empty if none knows the record."""
    done: bool = False
    """Whether the server did it, as far as the record tells; False for what it refused."""
    object: str = ""
    """What it was done to: a file, a page, a cmdlet with its target, a folder."""
    mailbox: str = ""
    """Whose mailbox: a name, an address, a GUID, as the record has it."""
    items: int | None = None
    """Items that were asked for or handed out; None if the record does not say."""


@dataclass(frozen=True, slots=True)
class TrailRecord:
    """One record of a suspect."""

    kind: str
    part: str
    """Which log of its kind: `front-end`, `back-end`, HttpProxy's protocol, an event channel."""
    time: datetime
    path: str
    line: int
    offset: int
    text: str
    """The line, cut short."""
    keys: Keys
    hits: Keys
    """The suspects that it was collected for; `("rule", id)` for a rule that is followed."""
    method: str = ""
    target: str = ""
    """URL path with query, cmdlet with parameters, or what an event is about; cut short."""
    status: str = ""
    account: str = ""
    """As the record has it, with domain."""
    address: str = ""
    agent: str = ""
    bytes_in: int | None = None
    """Bytes from the client; None if the log does not say."""
    bytes_out: int | None = None
    took: int | None = None
    """Milliseconds that it took; a log writes the end of a request."""
    deed: Deed = field(default_factory=lambda: Deed(""))
    session: str = ""
    """Id of the session that it belongs to; set when sessions were told apart."""
    sure: bool = False
    """False if somebody else may have done it: the owner of an account, others behind a proxy."""
