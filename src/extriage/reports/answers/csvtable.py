"""Answers as a table: one row for each question and server, safe to open in a spreadsheet.

Several values in one cell are divided by ` | `. `needs_person` is `yes` as long as nobody filled in
what the case cannot answer.
"""

from collections.abc import Iterator

from extriage.model.answer import Answer, Correction, FormAnswers, Question
from extriage.reports.answers.view import line_of
from extriage.reports.base import RenderOptions
from extriage.reports.sheet import joined, sheet_of

COLUMNS = (
    *("form", "step", "section", "question", "number", "text", "options", "server"),
    *("answer", "certainty", "why", "facts", "needs_person", "note"),
    *("filled_answer", "filled_text", "filled_by", "evidence", "more_lines"),
    *("version", "tlp"),
)
CHANGED = ("form", "step", "question", "number", "text", "server", "was", "now", "tlp")


def render(form: FormAnswers, options: RenderOptions) -> str:
    """Return the table with its header."""
    return sheet_of(COLUMNS, _rows(form))


def _rows(form: FormAnswers) -> Iterator[tuple[str, ...]]:
    for section in form.sections:
        for question in section.questions:
            for one in question.answers:
                about = (form.form, form.step, section.title)
                yield about + _row(question, one) + (str(form.version), form.tlp)


def _row(question: Question, one: Answer) -> tuple[str, ...]:
    filled = one.filled
    waits = one.human_needed and filled is None
    return (
        *(question.id, question.number, question.text, joined(question.options), one.server),
        *(one.value, one.certainty.value, one.text, joined(one.known)),
        *("yes" if waits else "no", question.note),
        *((filled.value, filled.text, filled.by) if filled else ("", "", "")),
        *(joined(map(line_of, one.references)), str(one.more_references)),
    )


def compared(correction: Correction, options: RenderOptions) -> str:
    """Return one row for each answer that changed."""
    return sheet_of(
        CHANGED,
        (
            (
                *(correction.form, correction.step, one.question, one.number, one.text, one.server),
                *(one.was, one.now, correction.tlp),
            )
            for one in correction.changes
        ),
    )
