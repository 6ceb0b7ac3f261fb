"""Answers for authorities: a form's questions, each answered from a case or left to a person.

A form is what an authority asks (`content/forms`). An answer says what the evidence shows and how
sure that is; what it does not show is either `not-seen` (the evidence would show it) or
`cannot-tell` (it is missing), and these two are never merged. What only people know stays theirs.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

SCHEMA = "extriage.answers/1"


class Certain(StrEnum):
    """How sure an answer is, or why there is none."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"
    NOT_SEEN = "not-seen"
    """The evidence that would show it covers the time, and does not show it."""
    CANNOT_TELL = "cannot-tell"
    """The evidence that would show it is missing, unreadable, or does not reach back."""
    PERSON = "person"
    """No evidence answers it; a person must."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A line of evidence that an answer rests on."""

    server: str
    path: str
    line: int
    sha256: str
    """Hash of the line; empty where the case keeps none."""
    finding: str
    """Id of the finding, way back or exposure that it belongs to."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a person answered."""

    text: str
    by: str
    """Who answered."""
    value: str = ""
    """One of the question's options, if it has any."""
    case_sha256: str = ""
    """The state of the case that it was given for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, for one server or for all of the organisation."""

    value: str
    """The short answer, in the form's own words where it has any; empty if there is none."""
    certainty: Certain
    text: str
    """Why, in plain sentences."""
    references: tuple[Reference, ...] = ()
    more_references: int = 0
    """Lines that the case has beyond those listed."""
    known: tuple[str, ...] = ()
    """What the case tells that helps the person who must answer."""
    human_needed: bool = False
    server: str = ""
    """Empty if it is asked of the organisation."""
    filled: Filled | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a form, with its answers."""

    id: str
    number: str
    """As the original counts: `33(3)(a)`, `Inventory, column F`."""
    text: str
    quoted: bool
    """True if the text is the original's own wording, not ours."""
    per: str
    """`server` or `organisation`."""
    who: str
    """`case`, `person` or `both`."""
    options: tuple[str, ...]
    """The words that the form accepts; empty if any will do."""
    note: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Questions that belong together."""

    id: str
    title: str
    note: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """A moment that a person gave, with the zone that he gave it in."""

    at: datetime
    """In UTC."""
    zone: str
    """`UTC`, an offset such as `+01:00`, or a name such as `Europe/Berlin`."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when something is due."""

    id: str
    title: str
    basis: str
    due: datetime | None
    """In UTC; None as long as it is not known from when to count."""
    local: str
    """The same with its weekday, in the zone that was given."""
    counted: str
    """One or two sentences: from when, how, and what is missing."""
    started: bool
    """True if a period runs from a moment that was given; False for a fixed day, or if none was."""
    met: datetime | None = None
    """When it was done, if that was told; UTC."""


@dataclass(frozen=True, slots=True)
class FormAnswers:
    """A whole form, answered."""

    schema: str
    form: str
    step: str
    """Part of the form, such as `early-warning`; empty for all of it."""
    title: str
    authority: str
    basis: str
    as_of: date
    """Day on which the form's questions were read in their sources."""
    references: tuple[str, ...]
    version: int
    """Counted from 1 as versions are kept; 0 if it is not kept."""
    case_sha256: str
    tool: str
    knowledge_as_of: str
    made_at: datetime
    """The time that passed deadlines are measured against; UTC."""
    aware: Clock | None
    """When the organisation became aware."""
    notified: Clock | None
    """When the notification was submitted."""
    tlp: str
    handling: str
    """Who may see it, in the form's own words."""
    notes: tuple[str, ...]
    deadlines: tuple[Deadline, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A question whose answer is not what it was."""

    question: str
    number: str
    text: str
    server: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What changed between two versions of one form."""

    form: str
    step: str
    title: str
    was_version: int
    now_version: int
    was_made_at: datetime
    now_made_at: datetime
    tlp: str
    changes: tuple[Changed, ...]
