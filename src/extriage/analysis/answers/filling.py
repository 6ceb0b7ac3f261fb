"""What persons answered, put beside what the case answers; the evidence's own answer stays."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from extriage.errors import UsageError
from extriage.model.answer import Answer, Certain, Filled, FormAnswers, Question


@dataclass(frozen=True, slots=True)
class Given:
    """One answer of a person."""

    question: str
    server: str
    """Empty for all servers, and for questions that are not asked for each."""
    filled: Filled


def fill(form: FormAnswers, given: Iterable[Given], *, strict: bool = True) -> FormAnswers:
    """Return the form with the answers of persons; UsageError for one that fits no question.

    Later ones replace earlier ones. With `strict` False, what fits no question is left out: a new
    scan may know servers by other names.
    """
    questions = {one.id: one for section in form.sections for one in section.questions}
    found: dict[tuple[str, str], Filled] = {}
    for one in given:
        question = questions.get(one.question)
        if question is None or not _fits(question, one):
            if strict:
                raise UsageError(_wrong(question, one, form))
            continue
        servers = [answer.server for answer in question.answers]
        found.update(
            {(one.question, name): one.filled for name in servers if one.server in ("", name)}
        )
    sections = tuple(
        replace(section, questions=tuple(_filled(one, found) for one in section.questions))
        for section in form.sections
    )
    return replace(form, sections=sections)


def _fits(question: Question, given: Given) -> bool:
    named = not given.server or any(one.server == given.server for one in question.answers)
    value = given.filled.value
    return named and (not value or not question.options or value in question.options)


def _wrong(question: Question | None, given: Given, form: FormAnswers) -> str:
    if question is None:
        name = given.question[:60]
        return f"{form.form} has no question {name!r}; --template lists those that are open"
    servers = {one.server for one in question.answers}
    if given.server and given.server not in servers:
        return f"{question.id}: there is no answer for a server {given.server[:60]!r} in this case"
    return f"{question.id}: {given.filled.value[:60]!r} is none of: {'; '.join(question.options)}"


def _filled(question: Question, found: dict[tuple[str, str], Filled]) -> Question:
    answers = tuple(
        replace(one, filled=found.get((question.id, one.server))) for one in question.answers
    )
    return replace(question, answers=answers)


def given_in(form: FormAnswers) -> tuple[Given, ...]:
    """Return the answers of persons that a form holds."""
    return tuple(
        Given(question.id, one.server, one.filled)
        for question, one in _each(form)
        if one.filled is not None
    )


def open_questions(form: FormAnswers) -> tuple[tuple[Question, Answer], ...]:
    """Return what a person has still to answer."""
    return tuple(
        (question, one)
        for question, one in _each(form)
        if one.filled is None and (one.human_needed or one.certainty is Certain.PERSON)
    )


def _each(form: FormAnswers) -> list[tuple[Question, Answer]]:
    return [
        (question, one)
        for section in form.sections
        for question in section.questions
        for one in question.answers
    ]
