"""What servers that were asked over the network said, as a screen, as JSON and as CSV.

The screen has one line for each server, then a block for each with what its version follows from.
All that a server said is made harmless first, as all evidence is. Times are UTC.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from extriage.analysis.advisories import is_exploited
from extriage.analysis.version import VersionAnswer, answer_json, verdict_code
from extriage.model.fingerprint import Asked, Fingerprint, Precision, Sign
from extriage.model.host import AdvisoryState, State
from extriage.reports.base import RenderOptions
from extriage.reports.neutral import cell
from extriage.reports.paper import Paper, printed, sheet

SCHEMA = "extriage.fingerprint/1"
COLUMNS = (
    *("host", "time", "state", "build", "precision", "product", "cu", "su", "support"),
    *("open", "open_exploited", "unclear", "unassessed", "open_cves", "next_step"),
    *("servers", "tls", "requests", "evidence", "notes", "trouble", "reason"),
)
_NAMES = {
    State.OPEN: "OPEN",
    State.UNSUPPORTED: "UNSUPPORTED",
    State.CANNOT_TELL: "CANNOT TELL",
    State.FIXED: "NOTHING OPEN",
}
"""What a server's state is called on the screen, worst first."""
_STYLE = {
    State.UNSUPPORTED: "bold red",
    State.OPEN: "bold red",
    State.CANNOT_TELL: "bold magenta",
    State.FIXED: "bold green",
}
_CVES, _STEPS = 6, 3
_INDENT = 11


@dataclass(frozen=True, slots=True)
class Judged:
    """A server's fingerprint and what follows from its build, if it told one."""

    fingerprint: Fingerprint
    answer: VersionAnswer | None

    @property
    def name(self) -> str:
        """Return the server as the user named it."""
        return self.fingerprint.target.spelled

    @property
    def code(self) -> int:
        """Return the exit code that this server deserves: 0, 1 or 3."""
        return 3 if self.answer is None else verdict_code(self.answer)

    @property
    def state(self) -> State:
        """Say in one word how it stands; `fixed` is as far as a build tells."""
        if self.answer is None or self.code == 3:
            return State.CANNOT_TELL
        if self.code == 0:
            return State.FIXED
        return State.OPEN if self.open else State.UNSUPPORTED

    @property
    def open(self) -> list[AdvisoryState]:
        """Return what is open, known to be exploited first."""
        return self._in(State.OPEN, State.OPEN_NO_PACKAGE)

    @property
    def exploited(self) -> list[AdvisoryState]:
        """Return what is open and known to be exploited."""
        return [row for row in self.open if self._used(row)]

    @property
    def unclear(self) -> list[AdvisoryState]:
        """Return what the build alone does not decide, known to be exploited first."""
        return self._in(State.CANNOT_TELL)

    @property
    def unassessed(self) -> list[AdvisoryState]:
        """Return what was published after the last update of a product without support."""
        return self._in(State.UNSUPPORTED)

    def _in(self, *states: State) -> list[AdvisoryState]:
        rows = self.answer.advisories if self.answer else ()
        return sorted((row for row in rows if row.state in states), key=self._unused)

    def _used(self, row: AdvisoryState) -> bool:
        return self.answer is not None and is_exploited(row, self.answer.day)

    def _unused(self, row: AdvisoryState) -> bool:
        return not self._used(row)


def spelled(found: Fingerprint) -> str:
    """Write a build as far as it is known: `15.1.2507.44`, or `15.1.2507`."""
    if found.build is None:
        return ""
    return ".".join(map(str, found.build[: 3 if found.precision is Precision.CU else 4]))


def screen(servers: Sequence[Judged], options: RenderOptions) -> str:
    """Return the table of all servers and a block for each, at most `options.width` wide."""
    paper = sheet(options)
    counts = Counter(judged.state for judged in servers)
    summary = ", ".join(f"{counts[state]} {state.value}" for state in _NAMES if counts[state])
    lines = [paper.heading(_number(len(servers), "server"), summary)]
    lines += [_overview(paper, judged) for judged in servers]
    common = _common_notes(servers)
    for judged in servers:
        lines += [paper.line(), *_block(paper, judged, common)]
    lines += [paper.line()] if common else []
    for note in common:
        lines += paper.paragraph([("For all ", "dim")], note, lines=6, indent=8)
    return printed(paper, lines, color=options.color)


def document(servers: Sequence[Judged], **about: str) -> str:
    """Return all servers as one JSON document in ASCII; `about` says what made it."""
    hosts = [_host(judged) for judged in servers]
    return json.dumps({"schema": SCHEMA, **about, "hosts": hosts}, indent=1) + "\n"


def table(servers: Sequence[Judged]) -> str:
    """Return one row for each server, safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in _row(judged)] for judged in servers)
    return text.getvalue()


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _overview(paper: Paper, judged: Judged) -> Text:
    cells = min(40, paper.width // 3)
    parts = [
        (f"  {_NAMES[judged.state]:13}", _STYLE[judged.state]),
        (paper.cell(judged.name, cells), "bold"),
    ]
    if judged.answer is None:
        return paper.line(*parts, f"  {judged.fingerprint.reason}")
    rest = "  ".join(part for part in (_release(judged), _open_words(judged)) if part)
    return paper.line(*parts, f"  {spelled(judged.fingerprint):13}  {rest}")


def _release(judged: Judged) -> str:
    if judged.answer is None:
        return ""
    last = "CU only" if judged.answer.precision == "cu" else judged.answer.su
    return " ".join(part for part in (judged.answer.product, judged.answer.cu, last) if part)


def _open_words(judged: Judged) -> str:
    only_cu = judged.fingerprint.precision is Precision.CU
    words = [
        f"{len(judged.open)} open" if judged.open else "",
        f"{len(judged.exploited)} exploited" if judged.exploited else "",
        f"{len(judged.unclear)} may be open" if only_cu and judged.unclear else "",
    ]
    return ", ".join(word for word in words if word)


def _block(paper: Paper, judged: Judged, common: Sequence[str]) -> Iterator[Text]:
    found = judged.fingerprint
    title = " ".join(part for part in (spelled(found), _release(judged)) if part)
    yield paper.line((judged.name, "bold"), f"  {title}" if title else "")
    for label, text in _facts(judged, common):
        yield from paper.paragraph([(f"  {label:9}", "dim")], text, lines=6, indent=_INDENT)


def _facts(judged: Judged, common: Sequence[str]) -> Iterator[tuple[str, str]]:
    found = judged.fingerprint
    if found.reason:
        yield "Not told", found.reason
    if found.signs:
        yield "Said", "; ".join(map(_sign, found.signs))
    else:
        yield "Asked", "; ".join(map(_asked, found.asked)) or "nothing"
    if about := [*found.servers, *([found.tls] if found.tls else [])]:
        yield "Server", ", ".join(about)
    yield from _consequences(judged)
    for note in (*found.notes, *_own_notes(judged, common)):
        yield "Note", note


def _consequences(judged: Judged) -> Iterator[tuple[str, str]]:
    if judged.answer is None:
        return
    yield "Support", judged.answer.support.note
    if judged.open:
        yield "Open", _cves(judged.open)
    if judged.unclear:
        yield "Unclear", f"{_cves(judged.unclear)}: the version alone does not tell"
    if judged.unassessed:
        yield "Never", f"{_cves(judged.unassessed)}: published after its last update"
    for count, action in enumerate(judged.answer.action[:_STEPS], 1):
        yield "Next" if count == 1 else "", f"{count}. {action.title}"


def _common_notes(servers: Sequence[Judged]) -> list[str]:
    """Return the notes that are true of every build, so that they are shown once."""
    answers = [judged.answer for judged in servers if judged.answer]
    return [
        note
        for note in (answers[0].notes if len(answers) > 1 else ())
        if all(note in answer.notes for answer in answers)
    ]


def _own_notes(judged: Judged, common: Sequence[str]) -> list[str]:
    return [note for note in (judged.answer.notes if judged.answer else ()) if note not in common]


def _sign(sign: Sign) -> str:
    return f"{sign.place} {sign.text} ({sign.path})"


def _asked(asked: Asked) -> str:
    said = " ".join([str(asked.status or "no answer"), *([asked.note] if asked.note else [])])
    return f"{asked.path}: {said}"


def _cves(rows: Sequence[AdvisoryState]) -> str:
    named = [f"{row.cve} ({row.name})" if row.name else row.cve for row in rows[:_CVES]]
    left = len(rows) - len(named)
    return ", ".join(named) + (f" and {left} more" if left else "")


def _time(found: Fingerprint) -> str:
    return found.time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _host(judged: Judged) -> dict[str, Any]:
    found = judged.fingerprint
    return {
        "host": judged.name,
        "time": _time(found),
        "state": judged.state.value,
        "build": spelled(found),
        "precision": found.precision.value if found.precision else None,
        "servers": list(found.servers),
        "tls": found.tls,
        "evidence": [
            {
                "place": sign.place,
                "path": sign.path,
                "text": sign.text,
                "precision": sign.precision.value,
            }
            for sign in found.signs
        ],
        "requests": [
            {"path": asked.path, "status": asked.status, "note": asked.note}
            for asked in found.asked
        ],
        "notes": list(found.notes),
        "trouble": found.trouble.value if found.trouble else None,
        "reason": found.reason,
        "verdict": answer_json(judged.answer) if judged.answer else None,
    }


def _row(judged: Judged) -> tuple[str, ...]:
    found = judged.fingerprint
    return (
        *(judged.name, _time(found), judged.state.value, spelled(found)),
        found.precision.value if found.precision else "",
        *_answer_cells(judged),
        *(" ".join(found.servers), found.tls, "; ".join(map(_asked, found.asked))),
        *("; ".join(map(_sign, found.signs)), "; ".join((*found.notes, *_own_notes(judged, ())))),
        *(found.trouble.value if found.trouble else "", found.reason),
    )


def _answer_cells(judged: Judged) -> tuple[str, ...]:
    answer = judged.answer
    if answer is None:
        return ("",) * 10
    return (
        *(answer.product, answer.cu, answer.su, answer.support.state.value),
        *(str(len(judged.open)), str(len(judged.exploited))),
        *(str(len(judged.unclear)), str(len(judged.unassessed))),
        " ".join(row.cve for row in judged.open),
        answer.action[0].title if answer.action else "",
    )
