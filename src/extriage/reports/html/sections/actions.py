"""What to do, in order: each action with its reasons, commands, and the proof that it worked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from extriage.knowledge.plan import references
from extriage.model.host import Action, Command, Host, When
from extriage.reports.html.sections.bounds import NAME_CHARACTERS, TEXT_CHARACTERS, Bounds, prose
from extriage.reports.html.sections.links import Link, targets
from extriage.reports.neutral import cut
from extriage.reports.plan import HEADINGS
from extriage.reports.plannumbers import numbered
from extriage.reports.planreasons import reason_words, short

COMMAND_CHARACTERS = 6_000
"""Our own commands have less than 2,000; a name of an attacker may make one longer."""
REASONS = 6
"""Reasons that are named; an action of a whole server may have a hundred."""


@dataclass(frozen=True, slots=True)
class CommandView:
    """A command, line by line, as a person reviews it."""

    lines: tuple[str, ...]
    """None if it is too long for the page."""
    purpose: str
    changes: bool


@dataclass(frozen=True, slots=True)
class ActionView:
    """One thing to do."""

    anchor: str
    number: str
    title: str
    text: str
    steps: tuple[str, ...]
    """The text as steps, if it numbers them itself: `(1) … (2) …`."""
    reasons: tuple[Link, ...]
    reasons_left: int
    commands: tuple[CommandView, ...]
    verify: str
    needs: tuple[Link, ...]
    sources: tuple[str, ...]
    parts: tuple["ActionView", ...]
    """The same for each object, such as every way back to take out."""
    parts_left: int


@dataclass(frozen=True, slots=True)
class Due:
    """Actions that are due at the same time."""

    heading: str
    urgent: bool
    actions: tuple[ActionView, ...]


_Placed: TypeAlias = tuple[int, Action]
"""An action and its place in the plan, which gives its id on the page."""


@dataclass(frozen=True, slots=True)
class _Plan:
    at: int
    words: Mapping[str, str]
    links: Mapping[str, str]
    numbers: Sequence[str]
    """The number of each action, by its place, as readers see it: `4`, or `4.1` of a part."""
    placed: Sequence[_Placed]
    most: int

    def anchor(self, place: int) -> str:
        return f"h{self.at}-action-{place}"


def actions(host: Host, at: int, bounds: Bounds) -> tuple[Due, ...]:
    """Return a server's actions by when they are due; parts of an action stand below it."""
    placed = tuple(enumerate(host.actions))
    numbers = numbered(host.actions)
    whole = sorted(
        (one for one in placed if numbers[one[0]].isdigit()), key=lambda one: int(numbers[one[0]])
    )
    plan = _Plan(at, reason_words(host), targets(host, at), numbers, placed, bounds.actions)
    found = []
    for when, heading in HEADINGS.items():
        due = [_view(one, plan) for one in whole if one[1].when is when]
        if due:
            found.append(Due(heading, when is When.NOW, tuple(due)))
    return tuple(found)


def _view(placed: _Placed, plan: _Plan) -> ActionView:
    place, action = placed
    whole = plan.numbers[place].isdigit()
    parts = [one for one in plan.placed if whole and one[1].id.startswith(f"{action.id}/")]
    because = list(dict.fromkeys(action.because))
    text = cut(action.text, 4 * TEXT_CHARACTERS, head=0.7)
    return ActionView(
        anchor=plan.anchor(place),
        number=plan.numbers[place],
        title=cut(action.title, NAME_CHARACTERS, head=0.7),
        text=text,
        steps=_steps(text),
        reasons=tuple(_reason(one, plan) for one in because[:REASONS]),
        reasons_left=max(len(because) - REASONS, 0),
        commands=tuple(_command(one) for one in action.commands),
        verify=prose(action.verify),
        needs=_needs(action, plan),
        sources=references(action.id),
        parts=tuple(_view(one, plan) for one in parts[: plan.most]),
        parts_left=max(len(parts) - plan.most, 0),
    )


def _steps(text: str) -> tuple[str, ...]:
    found: list[str] = []
    rest = f" {text}"
    while (mark := f" ({len(found) + 1}) ") in rest:
        before, _, rest = rest.partition(mark)
        found.append(before)
    return (*found[1:], rest) if len(found) > 1 and not found[0] else ()


def _command(one: Command) -> CommandView:
    """Show a command whole or not at all: one that is cut would do something else."""
    lines = tuple(one.text.split("\n")) if len(one.text) <= COMMAND_CHARACTERS else ()
    return CommandView(lines, prose(one.purpose), one.changes)


def _reason(name: str, plan: _Plan) -> Link:
    return Link(short(plan.words.get(name, name)), plan.links.get(name, ""))


def _needs(action: Action, plan: _Plan) -> tuple[Link, ...]:
    """Name what must be done before, as far as it is a whole action."""
    found = [
        one for one in plan.placed if one[1].id in action.needs and plan.numbers[one[0]].isdigit()
    ]
    return tuple(
        Link(
            cut(f"{plan.numbers[place]}. {one.title}", NAME_CHARACTERS, head=0.7),
            plan.anchor(place),
        )
        for place, one in found
        if one is not action
    )
