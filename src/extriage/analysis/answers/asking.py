"""What an answer function is asked with, and how it says what it knows.

A function answers about one server (`Host`) or about the whole case. It never guesses: what the
evidence would show and does not is `not-seen`; what it cannot show is `cannot-tell`; what only
people know is left to them, with what the case tells that helps.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from extriage.knowledge.forms import Form
from extriage.model.answer import Answer, Certain, Clock, Deadline, Reference
from extriage.model.case import Case
from extriage.model.detection import Certainty
from extriage.model.host import Host


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is asked for besides the case: nobody finds it in the evidence."""

    now: datetime
    """What passed deadlines are measured against; UTC."""
    case_sha256: str = ""
    step: str = ""
    aware: Clock | None = None
    notified: Clock | None = None
    tlp: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """One question put to a function."""

    case: Case
    form: Form
    circumstances: Circumstances
    deadlines: tuple[Deadline, ...]
    details: Mapping[str, tuple[str, ...]]
    """What of the server or the case is asked about: rules, logs, vulnerabilities …"""

    def about(self, key: str) -> tuple[str, ...]:
        """Return what the form gives for a key; nothing if it gives nothing."""
        return self.details.get(key, ())


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of evidence for an answer: those listed, and how many more there are."""

    listed: tuple[Reference, ...] = ()
    more: int = 0


ServerAsk: TypeAlias = Callable[[Host, Asking], Answer]
CaseAsk: TypeAlias = Callable[[Asking], Answer]

NO_LINES = Lines()


def answered(
    value: str,
    certainty: Certain | Certainty,
    text: str,
    lines: Lines = NO_LINES,
    known: Iterable[str] = (),
) -> Answer:
    """Return an answer that the case gives."""
    sure = Certain(certainty.value)
    return Answer(value, sure, text, lines.listed, lines.more, tuple(known))


def not_seen(text: str, value: str = "", known: Iterable[str] = ()) -> Answer:
    """Return that the evidence would show it, covers the time, and does not show it."""
    return Answer(value, Certain.NOT_SEEN, text, known=tuple(known))


def cannot_tell(text: str, known: Iterable[str] = ()) -> Answer:
    """Return that the evidence which would show it is missing or falls short."""
    return Answer("", Certain.CANNOT_TELL, text, known=tuple(known))


def left_open(known: Iterable[str] = (), lines: Lines = NO_LINES, text: str = "") -> Answer:
    """Return that a person must answer, and what the case tells that helps."""
    facts = tuple(one for one in known if one)
    return Answer("", Certain.PERSON, text, lines.listed, lines.more, facts, human_needed=True)
