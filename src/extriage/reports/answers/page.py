"""Answers as a page: one file to read, to print and to sign."""

from extriage.model.answer import Correction, FormAnswers, Question
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
from extriage.reports.html.shell import document
from extriage.reports.sheet import stamp

STYLES = ("page.css", "answers.css")


def render(form: FormAnswers, options: RenderOptions) -> str:
    """Return the whole form as one document."""
    sections = [
        (section, [_question(one, form) for one in section.questions]) for section in form.sections
    ]
    context = {
        "form": form,
        "imprint": list(imprint(form)),
        "open": still_open(form),
        "deadlines": [(one, *deadline_told(one, form)) for one in form.deadlines],
        "sections": sections,
        "means": list(MEANS.values()),
    }
    return document("answers.html.j2", context, scripts=(), styles=STYLES)


def _question(question: Question, form: FormAnswers) -> tuple[Question, str, list[Told]]:
    answers = [told(question, one, form.case_sha256) for one in question.answers]
    return question, hint(question), answers


def compared(correction: Correction, options: RenderOptions) -> str:
    """Return what changed as one document."""
    context = {
        "correction": correction,
        "was": stamp(correction.was_made_at),
        "now": stamp(correction.now_made_at),
    }
    return document("answerschanged.html.j2", context, scripts=(), styles=STYLES)
