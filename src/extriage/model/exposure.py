"""Exposure: data that was taken, read or within reach, by whom, how much, and how sure that is.

Nothing here ever says that no data was taken. What was looked at and did not show is an answer of
its own (`ExposureAnswer`), and it holds only for the time that the logs cover.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from extriage.model.detection import Certainty
from extriage.model.evidence import Period
from extriage.model.session import Amount
from extriage.model.state import Proof


class Exposed(StrEnum):
    """What is known of one thing in the ledger."""

    TAKEN = "taken"
    """It left the server: an answer with its bytes was sent."""
    READ = "read"
    """It was opened or asked for, and the server did as asked."""
    READY = "ready"
    """It was put where it could be fetched; no fetch is seen."""
    LEAKING = "leaking"
    """It still goes out, or can be read, unless somebody stops it."""
    REACHABLE = "reachable"
    """Whoever had the access that is shown could have it; nothing shows that he took it."""
    ATTEMPTED = "attempted"
    """Somebody tried and failed."""


class Shown(StrEnum):
    """The three answers for each kind of data, and the fourth that is about the evidence."""

    SHOWN = "shown"
    POSSIBLE = "possible"
    NOT_SHOWN = "not-shown-while-covered"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True, slots=True)
class Export:
    """A mailbox export, as far as it is told."""

    mailbox: str
    by: str
    """Account that asked for it."""
    filter: str
    """What of the mailbox: folders, dates, words; empty for all of it."""
    file: str
    """Where it was written to: a UNC path or a Windows path."""
    name: str
    """Name of the request, if it has one."""
    outcome: str
    """`finished`, `failed`, `queued` or `unknown`."""
    finished: datetime | None
    fetched: bool | None
    """Whether the file was fetched; None if no log tells."""
    on_disk: bool | None
    """Whether the file is in the evidence; None if the evidence holds no files of that folder."""
    request_removed: bool
    """Whether the request itself was taken away afterwards."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One thing in the ledger: a mailbox, a file, a secret, an address book."""

    id: str
    kind: str
    """Id of `content/knowledge/exposures.yml`: `mailbox-export`, `mailbox-read`, `file-fetched`,
    `forwarding`, `lsass-dump` …"""
    object: str
    """Whose mailbox, which file, which secret."""
    state: Exposed
    certainty: Certainty
    text: str
    """One plain sentence: what, how much, by whom, how sure."""
    first: datetime | None
    last: datetime | None
    by: tuple[str, ...]
    """Addresses and accounts."""
    sessions: tuple[str, ...]
    intruders: tuple[str, ...]
    findings: tuple[str, ...]
    requests: Amount | None
    items: Amount | None
    bytes_out: Amount | None
    how: tuple[str, ...]
    """Operations or methods: `GetItem`, `New-MailboxExportRequest`, `GET`."""
    unknown: tuple[str, ...]
    """What cannot be told, and which log would tell: one sentence each."""
    proofs: tuple[Proof, ...]
    export: Export | None = None


@dataclass(frozen=True, slots=True)
class ExposureAnswer:
    """One kind of data, answered: shown, possible, not shown while covered, or cannot tell."""

    kind: str
    """Group of `exposures.yml`: `mailboxes-exported`, `mailboxes-read`, `address-books`, `files`,
    `forwarding`, `credentials` …"""
    title: str
    answer: Shown
    text: str
    """One sentence: why, and for which time."""
    looked: tuple[str, ...]
    """Logs that were looked at and could have shown it, with their time."""
    missing: tuple[str, ...]
    """Logs that would show it and are not there, or do not reach over the time."""
    window: Period | None
    exposures: tuple[str, ...]
    """Ids in the ledger."""
