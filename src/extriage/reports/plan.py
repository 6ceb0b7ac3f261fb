"""The action plan as Markdown: tick boxes in safe order, with reasons, commands and proof.

For each server: what to do now, this week, before reconnecting, afterwards. Text of the evidence is
made harmless: it is no Markdown, no HTML and no link, and cannot end the fence of a command. The
commands were not run; `$Keep` in them is the folder for copies.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from extriage.knowledge.plan import references
from extriage.model.case import Case
from extriage.model.host import Action, Command, Host, When
from extriage.reports.base import RenderOptions
from extriage.reports.neutral import visible
from extriage.reports.plannumbers import numbered
from extriage.reports.planreasons import reason_words, why

HEADINGS = {
    When.NOW: "Now",
    When.THIS_WEEK: "This week",
    When.BEFORE_RECONNECTING: "Before the server goes back",
    When.AFTERWARDS: "Afterwards",
}
_INTRO = (
    "Made by extriage {version} from what was found; knowledge as of {as_of}. Nothing of it was "
    "run. Every command is for a person to review. Those that change something say so: they copy, "
    "or only tell what they would do until `-WhatIf` is taken away. Before the first one set "
    "`$Keep`, the folder for copies, on a disk that is not the server's own: `$Keep = 'E:\\Kept'`."
)
_MARKS = re.compile(r"[\\`*_\[\]|~$]")
_FIRST = re.compile(r"^(\s*)([-+=#]|\d{1,9}(?=[.)]))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", ":": "&#58;", ".": "&#46;"}
_ENTITY = re.compile(r"(?i)[&<>@]|:(?=//)|(?<=\bwww)\.")
_BACKTICKS = re.compile("`{3,}")


def render(case: Case, options: RenderOptions) -> str:
    """Return the plans of all servers, those with most to do now first."""
    hosts = sorted(case.hosts, key=lambda host: (-_urgent(host), host.name))
    lines = ["# Action plan", ""]
    lines += [
        _INTRO.format(
            version=visible(case.tool.version), as_of=harmless(case.tool.knowledge_as_of)
        ),
        "",
    ]
    if not hosts:
        lines += ["No Exchange server was found in this evidence.", ""]
    for host in hosts:
        lines += _host(host)
    return "\n".join(lines).rstrip("\n") + "\n"


def harmless(text: str) -> str:
    """Return text that shows as it is: no Markdown, no HTML, no link, in one line."""
    plain = _ENTITY.sub(lambda found: _ENTITIES[found[0]], visible(text))
    marked = _MARKS.sub(lambda found: f"\\{found[0]}", plain)
    return _FIRST.sub(_not_first, marked)


def fence(text: str) -> list[str]:
    """Return the lines of a code block that nothing in the text can end."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=2)
    bars = "`" * (longest + 1)
    return [f"{bars}powershell", *(visible(line) for line in text.split("\n")), bars]


def _not_first(found: re.Match[str]) -> str:
    """Keep a text from starting a list, a heading or an underline."""
    return found[1] + (f"\\{found[2]}" if not found[2].isdigit() else f"{found[2]}&#8203;")


def _urgent(host: Host) -> int:
    return sum(action.when is When.NOW for action in host.actions)


def _host(host: Host) -> Iterator[str]:
    verdict = host.verdict
    yield f"## {harmless(host.name) or 'A server without a name'}"
    yield ""
    yield (
        f"{verdict.status.value}: {harmless(verdict.reason)}"
        if verdict.reason
        else verdict.status.value
    )
    yield ""
    if not host.actions:
        yield "Nothing calls for an action."
        yield ""
    words, placed = reason_words(host), list(zip(numbered(host.actions), host.actions, strict=True))
    numbers = {one.id: number for number, one in placed}
    for when, heading in HEADINGS.items():
        due = [(number, one) for number, one in placed if one.when is when]
        if due:
            yield from (f"### {heading}", "")
            for number, one in due:
                yield from _action(number, one, words, numbers)


def _action(
    number: str, action: Action, words: Mapping[str, str], numbers: Mapping[str, str]
) -> Iterator[str]:
    yield f"- [ ] **{number}\\. {harmless(action.title)}** ({harmless(action.id)})"
    yield ""
    yield f"  {harmless(action.text)}"
    yield ""
    yield f"  Why: {harmless(why(action, words))}"
    yield ""
    if action.needs:
        first = ", ".join(numbers[one] for one in action.needs if one in numbers)
        yield from (f"  First: {first}", "")
    for command in action.commands:
        yield from _command(command)
    if action.verify:
        yield from (f"  Done when: {harmless(action.verify)}", "")
    yield from _sources(references(action.id))


def _command(command: Command) -> Iterator[str]:
    changes = " **It changes something.**" if command.changes else ""
    yield f"  {harmless(command.purpose)}{changes}"
    yield ""
    yield from (f"  {line}" for line in fence(command.text))
    yield ""


def _sources(links: Sequence[str]) -> Iterator[str]:
    if links:
        yield f"  Sources: {', '.join(f'<{link}>' for link in links)}"
        yield ""
