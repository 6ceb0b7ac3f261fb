"""The action plan as one PowerShell file for review: never run, and by itself it changes nothing.

What only looks is run when the file is; what can change something stands behind `-Apply`, asks each
time, and still holds `-WhatIf`, which a person takes away line by line. Steps that no command of
PowerShell does are comments; so are commands of a case file that this version would not make of the
same case. The file is ASCII only: if it were read in another encoding than it was written in, bytes
of other letters could turn into quotes and end a string. It needs PowerShell 3 or later and, for
many steps, the Exchange Management Shell (2013 to SE).
"""

from collections.abc import Iterator, Mapping

from extriage.analysis.plan import plan
from extriage.analysis.plan.powershell import literal
from extriage.model.case import Case
from extriage.model.host import Action, Command, Host
from extriage.reports.base import RenderOptions
from extriage.reports.neutral import visible
from extriage.reports.plan import HEADINGS
from extriage.reports.plannumbers import numbered
from extriage.reports.planreasons import reason_words, why

_HEAD = """\
#Requires -Version 3.0
#
# Action plan, made by extriage {version} from the evidence (knowledge as of {as_of}).
#
# THIS FILE WAS NOT RUN. Read every line before you run any of it. The names in it come from
# evidence that an intruder may have written: they are quoted, but check what each one means.
#
# Run as it is, it only looks. What changes something stands behind -Apply, asks before each step,
# and holds -WhatIf: take that away line by line, for what you have checked.
#
#   -Server  name of the server whose plan is meant; this computer's unless given
#   -Only    ids of the actions to go through; all unless given
#   -Keep    folder for copies, on a disk that is not the server's own
#   -Apply   also go through what changes something
#
# PowerShell 3 or later; Exchange Management Shell and the ActiveDirectory module for many steps.
# This file holds ASCII only: other letters of names are written as [char]0x....

[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
param(
    [string]$Server = $env:COMPUTERNAME,
    [string[]]$Only = @(),
    [string]$Keep = 'E:\\Kept',
    [switch]$Apply
)

if (-not (Get-Command -Name Get-ExchangeServer -ErrorAction SilentlyContinue)) {{
    Write-Warning 'This is no Exchange Management Shell: steps about Exchange will fail.'
}}
if ($Apply) {{
    New-Item -ItemType Directory -Force -Path $Keep | Out-Null
}}
"""
_ELSEWHERE = ("extriage ", ".\\")
"""Commands that are no part of the server: they are comments in the file."""
_LINE = 110


def render(case: Case, options: RenderOptions) -> str:
    """Return the file; each server of the case has a part of its own."""
    tool = case.tool
    parts = [_HEAD.format(version=_words(tool.version), as_of=_words(tool.knowledge_as_of))]
    for at, host in enumerate(case.hosts, 1):
        parts += ["", *_host(host, at)]
    return "\n".join(parts).rstrip("\n") + "\n"


def _host(host: Host, at: int) -> Iterator[str]:
    name = host.name.partition(".")[0]
    yield "#" * 78
    yield f"# Server: {_words(host.name)}"
    yield f"# Verdict: {host.verdict.status.value}. {_words(host.verdict.reason)}"
    yield "#" * 78
    yield f"if ($Server -eq {literal(name) or _quoted(f'server-{at}')}) {{"
    words, ours = reason_words(host), _ours(host)
    for number, action in zip(numbered(host.actions), host.actions, strict=True):
        yield ""
        yield from (f"    {line}" if line else "" for line in _action(action, number, words, ours))
    yield "}"


def _ours(host: Host) -> frozenset[str]:
    """Return the commands that this version makes: whatever else a case file holds is not code."""
    return frozenset(command.text for action in plan(host) for command in action.commands)


def _action(
    action: Action, number: str, words: Mapping[str, str], ours: frozenset[str]
) -> Iterator[str]:
    yield f"# ---- {number}. {HEADINGS[action.when]}: {_words(action.title)}"
    yield f"# id: {_words(action.id)}"
    yield from _comment("", action.text)
    yield from _comment("why: ", why(action, words))
    if action.needs:
        yield f"# first: {_words(', '.join(action.needs))}"
    if action.commands:
        yield f"if ($Only.Count -eq 0 -or $Only -contains {_safe(action.id)}) {{"
        for command in action.commands:
            yield from (f"    {line}" for line in _command(command, action, ours))
        yield "}"
    if action.verify:
        yield from _comment("done when: ", action.verify)


def _command(command: Command, action: Action, ours: frozenset[str]) -> Iterator[str]:
    lines = [line for line in command.text.split("\n") if line.strip()]
    yield f"# > {_words(command.purpose)}"
    if command.text not in ours:
        yield "# > (not of this version of extriage)"
        yield from (f"#     {_words(line)}" for line in lines)
    elif command.text.startswith(_ELSEWHERE):
        yield "# > (not here, but where extriage or Microsoft's script lies)"
        yield from (f"#     {_words(line)}" for line in lines)
    elif command.changes:
        asked = f"{_safe(action.title)}, {_safe(command.purpose)}"
        yield f"if ($Apply -and $PSCmdlet.ShouldProcess({asked})) {{"
        yield from (f"    {line}" for line in lines)
        yield "}"
    else:
        yield from lines


def _comment(label: str, text: str) -> Iterator[str]:
    """Yield a text as comment lines of bearable length; nothing of it can leave the comment."""
    line = f"# > {label}"
    for word in _words(text).split(" "):
        if len(line) + len(word) > _LINE and line.strip() != "# >":
            yield line.rstrip()
            line = "# >   "
        line += f"{word} "
    yield line.rstrip()


def _words(text: str) -> str:
    return visible(text, ascii_only=True)


def _safe(text: str) -> str:
    """Return a literal of what may be a strange text: what cannot be quoted is shown escaped."""
    return literal(text[:400]) or literal(_words(text)[:400]) or _quoted("")


def _quoted(text: str) -> str:
    return f"'{text}'"
