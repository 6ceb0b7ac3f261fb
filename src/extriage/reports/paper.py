"""The sheet that the terminal report is written on: harmless lines of a bounded width.

Every text goes through `Paper.line` or `Paper.paragraph`, and both make it harmless, so that no
block of the report can let a piece of evidence reach the screen as it is.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from rich.console import Console
from rich.text import Text

from extriage.model.detection import Certainty, Stage
from extriage.model.host import Absence, Status
from extriage.reports import neutral
from extriage.reports.base import RenderOptions

Part: TypeAlias = str | tuple[str, str]
"""A text, or a text and its style."""

NARROWEST, WIDEST = 40, 160
_MINUTES_FIT = 76
_BETWEEN_WORDS = " \\/"
_PIECE = 20
"""Columns that are given up so that a text is not cut inside a word."""

STATUS_STYLE = {
    Status.COMPROMISED: "bold red",
    Status.TARGETED: "bold yellow",
    Status.CANNOT_TELL: "bold magenta",
    Status.NO_SIGN: "bold green",
}
STAGE_STYLE = {
    Stage.PROBED: "yellow",
    Stage.REACHED: "yellow",
    Stage.PLANTED: "red",
    Stage.EXECUTED: "red",
    Stage.ACTED: "bold red",
    Stage.TAKEN: "bold red",
}
ANSWER_STYLE = {
    Absence.SEEN: "red",
    Absence.NOT_SEEN: "green",
    Absence.CANNOT_TELL: "magenta",
    Absence.NOT_APPLICABLE: "dim",
    Absence.NOT_YET: "dim",
}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The few drawing characters of the report."""

    proven: str
    implied: str
    unproven: str
    link: str
    full: str
    part: str
    none: str
    mark: str
    rule: str
    dash: str
    dot: str


_DRAWN = Glyphs("●", "◐", "○", "━", "█", "▒", "·", "▲", "─", "–", "·")  # noqa: RUF001
_ASCII = Glyphs("*", "+", ".", "=", "#", "+", ".", "^", "-", "-", "|")


@dataclass(frozen=True, slots=True)
class Paper:
    """The width of the screen and what it can show."""

    width: int
    ascii: bool
    glyphs: Glyphs

    def fit(self, text: str, cells: int, *, head: float = 0.5) -> str:
        """Make text harmless and take out its middle where it is too long."""
        return neutral.cut(text, cells, head=head, ascii_only=self.ascii)

    def cell(self, text: str, cells: int, *, head: float = 0.5) -> str:
        """Fit text into a table's column and fill the column up with blanks."""
        shown = self.fit(text, cells, head=head)
        return shown + " " * (cells - neutral.width(shown))

    def line(self, *parts: Part) -> Text:
        """Write one line; what does not fit into the width is cut off."""
        text = Text(no_wrap=True, end="\n")
        room = self.width
        for part in parts:
            words, style = (part, "") if isinstance(part, str) else part
            shown = neutral.visible(words, ascii_only=self.ascii)
            if neutral.width(shown) > room:
                shown = self.fit(shown, room, head=1.0)
            text.append(shown, style)
            room -= neutral.width(shown)
        text.rstrip()
        return text

    def heading(self, title: str, note: str = "") -> Text:
        """Write the line that begins a block."""
        rule = self.glyphs.rule
        shown = self.fit(f"{title}{': ' + note if note else ''}", self.width - 6, head=0.8)
        tail = rule * (self.width - neutral.width(shown) - 4)
        return self.line((f"{rule * 2} ", "dim"), (shown, "bold"), (f" {tail}", "dim"))

    def paragraph(self, first: Sequence[Part], text: str, *, lines: int, indent: int) -> list[Text]:
        """Write text behind a label in at most `lines` lines, the next ones indented."""
        room = max(self.width - indent, 20)
        label = max(0, sum(neutral.width(_words(part)) for part in first) - indent)
        wrapped = self._wrap(text, room, lines, label)
        rest = [self.line(" " * indent, words) for words in wrapped[1:]]
        return [self.line(*first, *wrapped[:1]), *rest]

    def _wrap(self, text: str, room: int, lines: int, taken: int) -> list[str]:
        cells = room * lines - taken
        while True:
            shown = self._shortened(text, cells)
            wrapped = _fold(shown, room, taken)
            if len(wrapped) <= lines:
                return wrapped
            cells -= max(1, cells // 20)

    def _shortened(self, text: str, cells: int) -> str:
        """Take out the middle, from the end of one word to the beginning of another."""
        whole = neutral.visible(text[: 8 * (cells + 1)], ascii_only=self.ascii)
        shown = self.fit(text, cells, head=0.7)
        kept = next((at for at, (a, b) in enumerate(zip(whole, shown, strict=False)) if a != b), 0)
        gap = "..." if self.ascii else "…"
        if shown == whole or not shown.startswith(gap, kept):
            return shown
        head, tail = shown[:kept], shown[kept + len(gap) :]
        return f"{_ends_well(head)}{gap}{_begins_well(tail)}"


def sheet(options: RenderOptions) -> Paper:
    """Choose width and drawing characters for the reader's screen."""
    width = min(max(options.width, NARROWEST), WIDEST)
    return Paper(width, options.ascii, _ASCII if options.ascii else _DRAWN)


def standing(stage: Stage | None, certainty: Certainty | None) -> str:
    """Say how far it got and how sure that is, such as `executed, confirmed`."""
    return ", ".join(word.value for word in (stage, certainty) if word is not None)


def when(moment: datetime | None) -> str:
    """Show a UTC time to the second."""
    return moment.isoformat(sep=" ")[:19] if moment else "no time"


def day(moment: datetime | None) -> str:
    """Show a UTC date."""
    return moment.date().isoformat() if moment else "no date"


def period(paper: Paper, first: datetime | None, last: datetime | None) -> str:
    """Show from when to when, to the minute; narrow screens show the days."""
    if first is None or last is None:
        return "no times"
    digits = 16 if paper.width >= _MINUTES_FIT else 10
    start, end = when(first)[:digits], when(last)[:digits]
    if start == end:
        return f"{start} UTC"
    if digits > 10 and start[:10] == end[:10]:
        end = end[11:]
    elif start[:5] == end[:5]:
        end = end[5:]
    zone = " UTC" if digits > 10 else ""
    return f"{start} {paper.glyphs.dash} {end}{zone}"


def _ends_well(head: str) -> str:
    """Leave out the piece of a word at the end; a blank stays behind the last whole one."""
    found = max(head.rfind(mark) for mark in _BETWEEN_WORDS)
    return head[: found + 1] if found >= len(head) - _PIECE else head


def _begins_well(tail: str) -> str:
    """Leave out the piece of a word at the beginning; what comes next keeps its blank."""
    found = min((at for mark in _BETWEEN_WORDS if (at := tail.find(mark)) >= 0), default=-1)
    return tail[found:] if 0 <= found < min(_PIECE, len(tail) // 2) else tail


def _words(part: Part) -> str:
    return part if isinstance(part, str) else part[0]


def _fold(text: str, room: int, taken: int) -> list[str]:
    """Break harmless text between words, and inside words that are longer than a line."""
    lines: list[str] = []
    line, used = "", taken
    for word in text.split(" "):
        gap = 1 if line else 0
        if used + gap + neutral.width(word) <= room:
            line, used = f"{line} {word}" if gap else word, used + gap + neutral.width(word)
            continue
        if line or taken:
            lines.append(line)
        pieces = _pieces(word, room)
        lines.extend(pieces[:-1])
        line, used, taken = pieces[-1], neutral.width(pieces[-1]), 0
    return [*lines, line]


def _pieces(word: str, room: int) -> list[str]:
    pieces = [""]
    used = 0
    for char in word:
        cells = neutral.width(char)
        if used + cells > room:
            pieces.append("")
            used = 0
        pieces[-1] += char
        used += cells
    return pieces


def printed(paper: Paper, lines: Iterable[Text], *, color: bool) -> str:
    """Return lines as a terminal of this width gets them, with colours or without."""
    console = Console(
        file=io.StringIO(),
        width=paper.width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    with console.capture() as capture:
        for line in lines:
            console.print(line, soft_wrap=True)
    return capture.get()
