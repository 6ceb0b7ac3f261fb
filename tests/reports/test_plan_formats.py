"""The plan as Markdown and as a file of PowerShell: whole, in order, and harmless."""

import re
from dataclasses import replace
from functools import cache

import pytest
from cases import CASES, flooded, of_hosts
from payloads import INVISIBLE, PAYLOADS, REORDERING
from plans import PATCH, exposure, host, way
from powershell import read

from extriage.analysis.plan import plan
from extriage.model.case import Case
from extriage.model.host import Action, Command, Host, Status, When
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.plan import fence, harmless
from extriage.reports.plannumbers import numbered

OPTIONS = RenderOptions()
_FENCE = re.compile(r"^  (`{3,})powershell$")


@cache
def planned(payload: str = "x9") -> Host:
    """Return a server with a plan, in which the payload stands for every name."""
    ways = (
        way(name=f"/owa/auth/{payload}.aspx", paths=(f"C:\\inetpub\\{payload}.aspx",)),
        way("service", payload, id="p-2"),
    )
    made = host(
        name=payload,
        persistence=ways,
        exposures=(exposure("mailbox-export", payload, text=payload),),
        patch=PATCH,
    )
    return replace(made, actions=plan(made))


def markdown(one: Case) -> str:
    return REPORTS["plan"].render(one, OPTIONS)


def script(one: Case) -> str:
    return REPORTS["plan-powershell"].render(one, OPTIONS)


def outside_fences(text: str) -> str:
    """Return Markdown without its code blocks; every block must have its end."""
    left, bars = [], ""
    for line in text.splitlines():
        opened = _FENCE.match(line)
        if bars:
            bars = "" if line == f"  {bars}" else bars
        elif opened:
            bars = opened[1]
        else:
            left.append(line)
    assert not bars
    return "\n".join(left)


def test_every_action_is_a_box_to_tick_under_its_time_in_order() -> None:
    made = planned()
    shown = markdown(of_hosts(made)).splitlines()
    boxes = [line for line in shown if line.startswith("- [ ] **")]
    assert len(boxes) == len(made.actions)
    for box, action, number in zip(boxes, made.actions, numbered(made.actions), strict=True):
        assert box.startswith(f"- [ ] **{number}\\. ")
        assert box.endswith(f"({action.id})")
    headings = [line for line in shown if line.startswith("### ")]
    assert headings == ["### Now", "### This week", "### Before the server goes back"]
    assert all(line.count("Why: ") == 1 for line in shown if line.startswith("  Why:"))
    assert sum(line.startswith("  Why: ") for line in shown) == len(made.actions)
    assert sum(line.startswith("  Done when: ") for line in shown) == len(made.actions)


def test_an_action_has_the_same_number_on_the_screen_the_page_and_in_the_plan() -> None:
    case = of_hosts(planned())
    text = REPORTS["text"].render(case, RenderOptions(width=200))
    page = REPORTS["html"].render(case, OPTIONS)
    boxes = dict(
        re.findall(r"^- \[ \] \*\*([\d.]+)\\\. (.*?)\*\* \(", markdown(case), re.MULTILINE)
    )
    assert {one.count(".") for one in boxes} == {0, 1}, "wholes, and parts below them"
    on_page = dict(re.findall(r'"number">(\d+)</span><span class="what">(.*?)</span>', page))
    assert on_page.keys() == {one for one in boxes if "." not in one}
    on_screen = dict(re.findall(r"^  (\d+)\. (.*?)\s*$", text, re.MULTILINE))
    assert on_screen
    for number, title in on_screen.items():
        assert title == on_page[number] == boxes[number].replace("\\", "")
    assert f"# ---- {max(boxes)}. " in script(case)


def test_numbers_go_by_when_an_action_is_due_and_parts_stand_below_their_whole() -> None:
    plan = (
        Action("later", "Later", "", When.AFTERWARDS),
        Action("out", "Out", "", When.NOW),
        Action("out/a", "A", "", When.NOW),
        Action("out/b", "B", "", When.THIS_WEEK),
        Action("lone/part", "Lone", "", When.NOW),
    )
    assert numbered(plan) == ("3", "1", "1.1", "1.2", "2")


def test_commands_stand_in_fences_and_those_that_change_something_say_so() -> None:
    made = planned()
    text = markdown(of_hosts(made))
    commands = [one for action in made.actions for one in action.commands]
    assert text.count("```powershell") == len(commands)
    assert text.count("**It changes something.**") == sum(one.changes for one in commands)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_neither_breaks_a_fence_nor_becomes_markdown(payload: str) -> None:
    text = markdown(of_hosts(planned(payload)))
    assert not {*REORDERING, *INVISIBLE, "\x1b", "\r"} & set(text)
    plain = outside_fences(text)
    assert not re.search(r"<(?!https://)", plain)
    assert plain.count("\n## ") == 1
    assert plain.count("- [ ] **") == len(planned(payload).actions)
    assert not re.search(r"(?<!\\)!?\[(?! \] \*\*)", plain), "no link, no picture"


def test_a_name_of_backticks_does_not_end_a_fence() -> None:
    bars = "````\n# owned"
    lines = fence(f"Get-Item '{bars}'")
    assert lines[0] == "`````powershell"
    assert lines[-1] == "`````"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold* _it_ `code`", r"\*bold\* \_it\_ \`code\`"),
        ("[a](http://evil.example)", r"\[a\](http&#58;//evil.example)"),
        ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
        ("# heading", r"\# heading"),
        ("1. one", "1&#8203;. one"),
        ("- item\n- [ ] x", r"\- item\\n- \[ \] x"),
        ("www.evil.example bob@evil.example", "www&#46;evil.example bob&#64;evil.example"),
        ("C:\\Windows a-b 4.5", r"C:\\Windows a-b 4.5"),
    ],
)
def test_text_shows_as_it_is(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_the_worst_server_comes_first_and_one_without_actions_is_named() -> None:
    calm = host(Status.NO_SIGN, name="AA01")
    text = markdown(of_hosts(calm, planned()))
    assert text.index("## x9") < text.index("## AA01")
    assert "Nothing calls for an action." in text
    assert "No Exchange server was found" in markdown(of_hosts())


def code_of(text: str) -> str:
    """Return the script without its comments and blank lines; no string spans lines."""
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def test_the_script_says_that_it_was_not_run_and_asks_for_its_powershell() -> None:
    text = script(of_hosts(planned()))
    assert text.startswith("#Requires -Version 3.0\n")
    assert "THIS FILE WAS NOT RUN" in text
    assert "SupportsShouldProcess = $true" in text
    assert "[switch]$Apply" in text


def test_what_changes_anything_stands_behind_the_switch() -> None:
    guard = re.compile(r"if \(\$Apply -and \$PSCmdlet\.ShouldProcess\(")
    depth, guarded = 0, list[int]()
    changing = 0
    for line in code_of(script(of_hosts(planned()))).splitlines():
        if line == "}":
            depth -= 1
            guarded = [one for one in guarded if one < depth]
        elif "-WhatIf" in line or "Copy-Item" in line or "Export-Clixml" in line:
            assert guarded, line
            changing += 1
        if guard.match(line):
            guarded.append(depth)
        if line.endswith("{"):
            depth += 1
    assert depth == 0
    assert changing > 5


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_stays_a_value_or_a_comment_of_the_script(payload: str) -> None:
    text = script(of_hosts(planned(payload)))
    assert text.isascii()
    assert not set(text) & {chr(code) for code in range(32) if code != 10}
    code, _ = read(code_of(text))
    usual, _ = read(code_of(script(of_hosts(planned()))))
    assert {*re.sub(r"\0", "", code).split()} <= {*re.sub(r"\0", "", usual).split()} | {"(+"}
    assert "# SIG #" not in text.splitlines()


@pytest.mark.parametrize("payload", PAYLOADS[::5], ids=range(len(PAYLOADS[::5])))
def test_a_case_that_somebody_else_wrote_adds_no_code(payload: str) -> None:
    forged = Command(f"Get-Date\n{payload}\nStop-Computer", payload, False)
    action = Action(payload, payload, payload, When.NOW, (payload,), (forged,), payload, (payload,))
    one = replace(planned(), actions=(action,))
    lines = script(flooded(of_hosts(one), payload)).splitlines()
    assert all(line.isascii() for line in lines)
    assert "Stop-Computer" not in code_of(script(of_hosts(one)))


@pytest.mark.parametrize("name", CASES)
def test_every_case_has_both(name: str) -> None:
    assert markdown(CASES[name]).startswith("# Action plan\n")
    assert script(CASES[name]).isascii()


def test_other_servers_of_a_case_have_parts_of_their_own() -> None:
    text = script(of_hosts(planned("EX01.contoso.example"), planned("a\nb")))
    assert "if ($Server -eq 'EX01') {" in text
    assert "if ($Server -eq 'server-2') {" in text
