"""Conditions of a rule, compiled for one kind of evidence: a tree becomes one test."""

from collections.abc import Iterable

from extriage.knowledge.logsources import LogTarget
from extriage.matchers.sigma.draft import And, Ask, Node, Not, Or, Pattern, Texts, Unfit
from extriage.matchers.sigma.parts import Part, all_of, any_of, none_of, refusal
from extriage.matchers.sigma.strings import text_part
from extriage.matchers.sigma.values import pattern_part, value_part
from extriage.matchers.sigma.views import Lens


def condition_part(conditions: Iterable[Node], lens: Lens) -> Part:
    """Return the conditions of a rule, which are alternatives, compiled for a kind of evidence."""
    return any_of([_part(node, lens) for node in conditions])


def absent_field(target: LogTarget, names: Iterable[str]) -> str:
    """Say which field a kind of evidence never has; empty if it may have them all."""
    for name in names:
        if name in target.missing:
            return f"field {name}: {target.missing[name]}"
        if target.closed and name not in target.fields:
            return f"field {name} is not logged there"
    return ""


def _part(node: Node, lens: Lens) -> Part:
    match node:
        case Ask():
            return _asked(node, lens)
        case And():
            return all_of([_part(one, lens) for one in node.parts])
        case Or():
            return any_of([_part(one, lens) for one in node.parts])
        case Not():
            return none_of(_part(node.part, lens))
        case Unfit():
            raise refusal(node)


def _asked(node: Ask, lens: Lens) -> Part:
    """Compile the values that one field may have, or keywords if the field has no name."""
    view = lens.view(node.field) if node.field else lens.keywords()
    parts: list[Part] = []
    for value in node.values:
        match value:
            case Texts():
                lost = lens.target.lost if node.field else ""
                parts.append(text_part(view, value, lost))
            case Pattern():
                parts.append(pattern_part(view, value))
            case Unfit():
                raise refusal(value)
            case _:
                parts.append(value_part(view, value, lens))
    return any_of(parts)
