"""A form and a case make answers: each question is put to its function, or left to a person."""

from collections.abc import Sequence
from dataclasses import replace

from extriage.analysis.answers.asking import Asking, Circumstances, cannot_tell, left_open
from extriage.analysis.answers.deadlines import deadlines
from extriage.analysis.answers.register import CASE, SERVER
from extriage.analysis.answers.saying import count, name_of
from extriage.errors import ContentError
from extriage.knowledge.forms import AskedQuestion, Form, FormSection
from extriage.model.answer import SCHEMA, Answer, Certain, FormAnswers, Question, Section
from extriage.model.case import Case
from extriage.model.host import Host

_LINES = 6
_FACTS = 60
_RANK = {
    Certain.CONFIRMED: 5,
    Certain.LIKELY: 4,
    Certain.POSSIBLE: 3,
    Certain.CANNOT_TELL: 2,
    Certain.PERSON: 1,
    Certain.NOT_SEEN: 0,
}
"""What an answer over several servers takes its certainty from: what is known of any of them, then
what nobody can tell of one; `not-seen` only if it holds for all."""


def answer(form: Form, case: Case, circumstances: Circumstances) -> FormAnswers:
    """Answer a form, or one step of it, from a case."""
    due = deadlines(form, circumstances)
    asking = Asking(case, form, circumstances, due, {})
    step = circumstances.step
    sections = [one for one in form.sections if not step or step in one.steps]
    tool = case.tool
    return FormAnswers(
        schema=SCHEMA,
        form=form.id,
        step=step,
        title=form.title + (f", {form.steps[step]}" if step else ""),
        authority=form.authority,
        basis=form.basis,
        as_of=form.as_of,
        references=form.references,
        version=0,
        case_sha256=circumstances.case_sha256,
        tool=tool.version,
        knowledge_as_of=tool.knowledge_as_of,
        made_at=circumstances.now,
        aware=circumstances.aware,
        notified=circumstances.notified,
        tlp=circumstances.tlp,
        handling=form.handling,
        notes=form.notes,
        deadlines=due,
        sections=tuple(_section(one, asking) for one in sections),
    )


def _section(section: FormSection, asking: Asking) -> Section:
    questions = tuple(_question(one, asking) for one in section.questions)
    return Section(section.id, section.title, section.note, questions)


def _question(asked: AskedQuestion, asking: Asking) -> Question:
    found = _answers(asked, replace(asking, details=asked.details))
    return Question(
        *(asked.id, asked.number, asked.text, asked.quoted, asked.per, asked.who, asked.options),
        note=asked.note,
        answers=tuple(_fitted(one, asked) for one in found),
    )


def _answers(asked: AskedQuestion, asking: Asking) -> list[Answer]:
    hosts = asking.case.hosts
    if asked.per == "server":
        if asked.ask and asked.ask not in SERVER:
            raise ContentError(f"{asking.form.id}.yml: {asked.id}: no function {asked.ask!r}")
        if not hosts:
            return [_together((), ())]
        ask = SERVER.get(asked.ask)
        return [
            replace(ask(host, asking) if ask else left_open(), server=host.name) for host in hosts
        ]
    if not asked.ask:
        return [left_open()]
    if asked.ask in CASE:
        return [CASE[asked.ask](asking)]
    if asked.ask not in SERVER:
        raise ContentError(f"{asking.form.id}.yml: {asked.id}: no function {asked.ask!r}")
    return [_together(hosts, [SERVER[asked.ask](host, asking) for host in hosts])]


def _fitted(found: Answer, asked: AskedQuestion) -> Answer:
    """Put an answer into the form's words, and say whether a person is needed."""
    if asked.who == "person" and found.certainty is not Certain.PERSON:
        facts = filter(None, (found.value, found.text, *found.known))
        found = replace(found, value="", text="", certainty=Certain.PERSON, known=tuple(facts))
    value = found.value
    if asked.options and value not in asked.options:
        same = [one for one in asked.options if value and one.startswith(f"{value} ")]
        unknown = (
            not value and found.certainty is Certain.CANNOT_TELL and "Unknown" in asked.options
        )
        value = same[0] if same else ("Unknown" if unknown else "")
    human = found.human_needed or asked.who != "case" or found.certainty is Certain.PERSON
    # NOTE: what is only possible a person must check, whoever is asked.
    human = human or bool(asked.options and not value) or found.certainty is Certain.POSSIBLE
    return replace(found, value=value, human_needed=human)


def _together(hosts: Sequence[Host], answers: Sequence[Answer]) -> Answer:
    """Make one answer for the organisation of those for its servers."""
    if not answers:
        return cannot_tell("No Exchange server was found in this evidence.")
    if len(answers) == 1:
        return answers[0]
    pairs = list(zip(hosts, answers, strict=True))
    best = max(answers, key=lambda one: _RANK[one.certainty])
    told = [f"{name_of(host)}: {one.text}" for host, one in pairs if one.text]
    facts = [f"{name_of(host)}: {fact}" for host, one in pairs for fact in one.known]
    lines = [line for one in answers for line in one.references]
    left = max(len(lines) - _LINES, 0) + sum(one.more_references for one in answers)
    if len(facts) > _FACTS:
        facts = [*facts[:_FACTS], f"and {count(len(facts) - _FACTS, 'more fact')} in the case"]
    return Answer(
        *(best.value, best.certainty, " ".join(told), tuple(lines[:_LINES]), left, tuple(facts)),
        human_needed=any(one.human_needed for one in answers),
    )
