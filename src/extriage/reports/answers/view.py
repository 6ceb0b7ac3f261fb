"""What every format says of an answer and a deadline: the same words, in the same order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from extriage.model.answer import (
    Answer,
    Certain,
    Deadline,
    FormAnswers,
    Question,
    Reference,
)
from extriage.reports.imprint import counted
from extriage.reports.sheet import stamp

MEANS = {
    Certain.CONFIRMED: "confirmed: the evidence proves it",
    Certain.LIKELY: "likely: the evidence points to it, a last proof is missing",
    Certain.POSSIBLE: "possible: the evidence allows it, a person must check it",
    Certain.NOT_SEEN: "not seen: evidence that would show it is there and does not",
    Certain.CANNOT_TELL: "cannot tell: the evidence that would show it is missing or falls short",
    Certain.PERSON: "a person must answer: no evidence can",
}
_HEADS = {
    Certain.NOT_SEEN: "Not seen",
    Certain.CANNOT_TELL: "Cannot tell",
    Certain.PERSON: "A person must answer this",
}
TONES = {
    Certain.CONFIRMED: "",
    Certain.LIKELY: "",
    Certain.POSSIBLE: "warn",
    Certain.NOT_SEEN: "good",
    Certain.CANNOT_TELL: "unsure",
    Certain.PERSON: "warn",
}
_HOUR = 3600
_LAST_HOURS = 3
_AS_HOURS = 100


@dataclass(frozen=True, slots=True)
class Told:
    """One answer as a reader sees it."""

    server: str
    head: str
    certainty: str
    """Empty where the head says it already."""
    tone: str
    text: str
    facts_head: str
    facts: tuple[str, ...]
    person: str
    """What a person has still to do; empty if nothing."""
    filled: str
    filled_by: str
    lines: tuple[str, ...]
    more_lines: int


def told(question: Question, one: Answer, case_sha256: str = "") -> Told:
    """Return an answer as a reader sees it."""
    sure = one.certainty
    head = one.value or _HEADS.get(sure, sure.value)
    person, filled, by = "", "", ""
    if one.filled:
        value = f"{one.filled.value}. " if one.filled.value else ""
        filled, by = f"{value}{one.filled.text}", _by(one, case_sha256)
    elif sure is Certain.PERSON:
        person = question.note
    elif one.human_needed:
        person = " ".join(filter(None, ("A person must add to this or decide.", question.note)))
    facts_head = "What the case tells" if sure is Certain.PERSON else "In particular"
    return Told(
        *(one.server, head, "" if head == _HEADS.get(sure) else sure.value, TONES[sure], one.text),
        facts_head=facts_head if one.known else "",
        facts=one.known,
        person=person,
        filled=filled,
        filled_by=by,
        lines=tuple(line_of(line) for line in one.references),
        more_lines=one.more_references,
    )


def _by(one: Answer, case_sha256: str) -> str:
    if one.filled is None:
        return ""
    older = one.filled.case_sha256 not in ("", case_sha256)
    return one.filled.by + (", for an earlier state of the case" if older else "")


def line_of(line: Reference) -> str:
    """Write the place of a line, its hash and what it belongs to."""
    sha256 = f", SHA-256 {line.sha256}" if line.sha256 else ""
    return f"{line.path}:{line.line}{sha256}{f', {line.finding}' if line.finding else ''}"


def hint(question: Question) -> str:
    """Return the note of a question that no answer shows; empty if one does."""
    shown = any(one.human_needed and one.filled is None for one in question.answers)
    return "" if shown else question.note


def deadline_told(one: Deadline, form: FormAnswers) -> tuple[str, str]:
    """Return when something is due, and whether that time is over."""
    if one.due is None:
        return "not yet counted", one.counted
    return one.local, f"{_state(one, one.due, form.made_at)} {one.counted}"


def _state(one: Deadline, due: datetime, now: datetime) -> str:
    if one.met:
        late = "in time" if one.met <= due else "late: say why it is late"
        return f"Notified on {stamp(one.met)}, {late}."
    hours = (due - now).total_seconds() / _HOUR
    if hours >= 0:
        return f"{_left(hours)} left on {stamp(now)}."
    if one.started:
        return (
            f"This time is over (it is {stamp(now)}). If it is not reported yet, report now and "
            "say why it is late."
        )
    return "This time is over."


def _left(hours: float) -> str:
    """Write the time that is left, never more than it is."""
    if hours < _LAST_HOURS:
        return counted(int(hours * 60), "minute")
    return f"{int(hours):,} hours" if hours < _AS_HOURS else counted(int(hours / 24), "day")


def imprint(form: FormAnswers) -> Iterator[tuple[str, str]]:
    """Yield the facts about the form and the case, each with its name."""
    yield "To", form.authority
    yield "Basis", form.basis
    yield "Questions as of", form.as_of.isoformat()
    yield (
        "Made",
        f"{stamp(form.made_at)} by extriage {form.tool}, knowledge as of {form.knowledge_as_of}",
    )
    yield "Version", str(form.version) if form.version else "not kept"
    if form.case_sha256:
        yield "SHA-256 of case.json", form.case_sha256
    if form.aware:
        yield "Became aware", f"{stamp(form.aware.at)} (given in {form.aware.zone})"
    if form.notified:
        yield "Notified", f"{stamp(form.notified.at)} (given in {form.notified.zone})"


def still_open(form: FormAnswers) -> str:
    """Count what a person has still to answer or to add."""
    answers = [one for part in form.sections for q in part.questions for one in q.answers]
    left = [one for one in answers if one.human_needed and not one.filled]
    alone = sum(one.certainty is Certain.PERSON for one in left)
    if not left:
        return "No question waits for a person."
    return (
        f"{len(left):,} of {len(answers):,} answers wait for a person: {alone:,} that only people "
        f"can give, {len(left) - alone:,} to be added to, chosen or checked."
    )
