"""Answers as Markdown: to read, to edit and to paste; evidence text is no Markdown in it."""

from collections.abc import Iterator

from extriage.model.answer import Correction, FormAnswers, Question, Section
from extriage.reports.answers.view import (
    MEANS,
    Told,
    deadline_told,
    hint,
    imprint,
    still_open,
    told,
)
from extriage.reports.base import RenderOptions
from extriage.reports.plan import harmless
from extriage.reports.sheet import stamp


def render(form: FormAnswers, options: RenderOptions) -> str:
    """Return the whole form."""
    return "\n".join(_form(form)).rstrip("\n") + "\n"


def _form(form: FormAnswers) -> Iterator[str]:
    yield from (f"# {harmless(form.title)}", "")
    if form.tlp:
        yield from (f"**TLP:{form.tlp.upper()}**", "")
    if form.handling:
        yield from (harmless(form.handling), "")
    for name, value in imprint(form):
        yield f"- {name}: {harmless(value)}"
    yield ""
    yield from (f"**{harmless(still_open(form))}**", "")
    for note in form.notes:
        yield from (harmless(note), "")
    yield from _deadlines(form)
    for section in form.sections:
        yield from _section(section, form)
    yield from ("## What the words mean", "")
    yield from (f"- {meaning}" for meaning in MEANS.values())
    yield from ("", "## Sources", "")
    yield from (f"- <{link}>" for link in form.references)


def _deadlines(form: FormAnswers) -> Iterator[str]:
    if form.deadlines:
        yield from ("## Deadlines", "")
    for one in form.deadlines:
        due, why = map(harmless, deadline_told(one, form))
        yield f"- **{harmless(one.title)}** ({harmless(one.basis)}): {due}. {why}"
    yield ""


def _section(section: Section, form: FormAnswers) -> Iterator[str]:
    yield from (f"## {harmless(section.title)}", "")
    if section.note:
        yield from (harmless(section.note), "")
    for question in section.questions:
        yield from _question(question, form)


def _question(question: Question, form: FormAnswers) -> Iterator[str]:
    quoted = f"“{harmless(question.text)}”" if question.quoted else harmless(question.text)
    yield from (f"### {harmless(question.number)} ({question.id}): {quoted}", "")
    if question.options:
        yield from (f"Accepted: {'; '.join(map(harmless, question.options))}", "")
    if note := hint(question):
        yield from (harmless(note), "")
    for one in question.answers:
        yield from _answer(told(question, one, form.case_sha256))


def _answer(one: Told) -> Iterator[str]:
    server = f"{harmless(one.server)}: " if one.server else ""
    sure = f" [{one.certainty}]" if one.certainty else ""
    if one.filled:
        yield from (f"{server}**{harmless(one.filled)}**", "")
        yield from (f"Answered by {harmless(one.filled_by)}.", "")
        server = "From the case: "
    yield from (f"{server}**{harmless(one.head)}**{sure}", "")
    yield from ((harmless(one.text), "") if one.text else ())
    yield from ((f"**For a person:** {harmless(one.person)}", "") if one.person else ())
    yield from _list(one.facts_head, one.facts)
    more = f" ({one.more_lines:,} more in the case)" if one.more_lines else ""
    yield from _list(f"Evidence{more}" if one.lines else "", one.lines)


def _list(head: str, rows: tuple[str, ...]) -> Iterator[str]:
    if head:
        yield from (f"{head}:", "")
        yield from (f"- {harmless(row)}" for row in rows)
        yield ""


def compared(correction: Correction, options: RenderOptions) -> str:
    """Return what changed, question by question: what a correction has to say."""
    return "\n".join(_correction(correction)).rstrip("\n") + "\n"


def _correction(one: Correction) -> Iterator[str]:
    yield from (f"# {harmless(one.title)}: what changed", "")
    if one.tlp:
        yield from (f"**TLP:{one.tlp.upper()}**", "")
    yield f"Version {one.was_version} of {stamp(one.was_made_at)}, compared with"
    yield f"{_newer(one)} of {stamp(one.now_made_at)}."
    yield ""
    if not one.changes:
        yield "Nothing changed."
    for row in one.changes:
        server = f", {harmless(row.server)}" if row.server else ""
        yield from (f"## {harmless(row.number)} ({harmless(row.question)}){server}", "")
        yield from (harmless(row.text), "")
        yield from (f"- Was: {harmless(row.was)}", f"- Is: {harmless(row.now)}", "")


def _newer(one: Correction) -> str:
    return f"version {one.now_version}" if one.now_version else "these answers, which are not kept,"
