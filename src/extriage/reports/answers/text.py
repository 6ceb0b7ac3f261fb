"""Answers on the screen: plain lines of the screen's width, whatever the evidence holds."""

from collections.abc import Iterator

from extriage.model.answer import Correction, FormAnswers, Question
from extriage.reports import neutral
from extriage.reports.answers.view import Told, deadline_told, hint, imprint, still_open, told
from extriage.reports.base import RenderOptions
from extriage.reports.sheet import stamp

NARROWEST, WIDEST = 40, 110


class _Sheet:
    """The lines so far, each made harmless and no wider than the screen."""

    def __init__(self, options: RenderOptions) -> None:
        self.width = min(max(options.width, NARROWEST), WIDEST)
        self.ascii = options.ascii
        self.lines: list[str] = []

    def put(self, text: str, indent: int = 0, first: str = "") -> None:
        """Write a paragraph; `first` stands in the indent of its first line."""
        shown = neutral.visible(text, ascii_only=self.ascii)
        lead = first.ljust(indent)
        for line in self._wrapped(shown, self.width - indent):
            self.lines.append(f"{lead}{line}".rstrip())
            lead = " " * indent

    def gap(self) -> None:
        """Leave a line empty, but never two."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def rule(self, title: str) -> None:
        """Head a part."""
        self.gap()
        bar = ("-" if self.ascii else "─") * 2
        self.put(f"{bar} {title}")

    def _wrapped(self, text: str, room: int) -> Iterator[str]:
        line, used = "", 0
        for word in text.split(" "):
            for piece in self._pieces(word, room):
                wide = neutral.width(piece)
                if line and used + 1 + wide > room:
                    yield line
                    line, used = piece, wide
                else:
                    line, used = (f"{line} {piece}", used + 1 + wide) if line else (piece, wide)
        yield line

    def _pieces(self, word: str, room: int) -> Iterator[str]:
        """Yield a word, broken where it is wider than a line."""
        if neutral.width(word) <= room:
            yield word
            return
        piece, used = "", 0
        for char in word:
            wide = neutral.width(char)
            if used + wide > room:
                yield piece
                piece, used = "", 0
            piece, used = piece + char, used + wide
        yield piece

    def __str__(self) -> str:
        return "\n".join(self.lines).rstrip("\n") + "\n"


def render(form: FormAnswers, options: RenderOptions) -> str:
    """Return the whole form as text."""
    sheet = _Sheet(options)
    sheet.put(form.title)
    if form.tlp:
        sheet.put(f"TLP:{form.tlp.upper()}")
    sheet.put(form.handling) if form.handling else None
    for name, value in imprint(form):
        sheet.put(f"{name}: {value}", 2)
    sheet.gap()
    sheet.put(still_open(form))
    for note in form.notes:
        sheet.put(note, 2, "*")
    if form.deadlines:
        sheet.rule("Deadlines")
    for one in form.deadlines:
        due, why = deadline_told(one, form)
        sheet.put(f"{one.title} ({one.basis}): {due}. {why}", 2, "*")
    for section in form.sections:
        sheet.rule(section.title)
        sheet.put(section.note, 2) if section.note else None
        for question in section.questions:
            _question(sheet, question, form)
    return str(sheet)


def _question(sheet: _Sheet, question: Question, form: FormAnswers) -> None:
    sheet.gap()
    sheet.put(f"{question.number} ({question.id}): {question.text}")
    if note := hint(question):
        sheet.put(note, 4)
    for one in question.answers:
        _answer(sheet, told(question, one, form.case_sha256))


def _answer(sheet: _Sheet, one: Told) -> None:
    server = f"{one.server}: " if one.server else ""
    sure = f" [{one.certainty}]" if one.certainty else ""
    mark = "?" if one.person or one.head.startswith("A person") else ">"
    if one.filled:
        sheet.put(f"{server}{one.filled}", 4, "  >")
        sheet.put(f"Answered by {one.filled_by}. From the case: {one.head}{sure}", 4)
    else:
        sheet.put(f"{server}{one.head}{sure}", 4, f"  {mark}")
    sheet.put(one.text, 4) if one.text else None
    sheet.put(f"For a person: {one.person}", 4) if one.person else None
    for fact in one.facts:
        sheet.put(fact, 6, "    -")
    for line in one.lines[:2]:
        sheet.put(line.partition(", SHA-256 ")[0], 6, "    =")
    left = len(one.lines[2:]) + one.more_lines
    sheet.put(f"and {left:,} more lines of evidence", 6) if left else None


def compared(correction: Correction, options: RenderOptions) -> str:
    """Return what changed as text."""
    sheet = _Sheet(options)
    now = f"version {correction.now_version}" if correction.now_version else "now, not kept"
    sheet.put(f"{correction.title}: what changed")
    if correction.tlp:
        sheet.put(f"TLP:{correction.tlp.upper()}")
    sheet.put(
        f"version {correction.was_version} ({stamp(correction.was_made_at)}) and {now} "
        f"({stamp(correction.now_made_at)})"
    )
    if not correction.changes:
        sheet.put("Nothing changed.")
    for one in correction.changes:
        sheet.gap()
        server = f", {one.server}" if one.server else ""
        sheet.put(f"{one.number} ({one.question}){server}: {one.text}")
        sheet.put(one.was, 7, "  was")
        sheet.put(one.now, 7, "  is")
    return str(sheet)
