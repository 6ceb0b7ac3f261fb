"""Conditions of a rule, compiled for one kind of evidence.

pySigma parses the condition and resolves `1 of`, `all of`, `them` and the modifiers; what it hands
over is a tree of and, or, not and single values. Here the tree becomes one test.
"""

from collections.abc import Iterable, Iterator

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
)

from extriage.knowledge.logsources import LogTarget
from extriage.matchers.sigma.parts import Part, RefusalError, UnfitError, all_of, any_of, none_of
from extriage.matchers.sigma.strings import Tokens, anywhere, text_part, tokens_of
from extriage.matchers.sigma.values import pattern_part, value_part
from extriage.matchers.sigma.views import Lens

Leaf = ConditionFieldEqualsValueExpression | ConditionValueExpression
Node = ConditionItem | Leaf

DEEPEST = 60


def trees_of(rule: SigmaRule) -> list[Node]:
    """Return the parsed conditions of a rule; several conditions are alternatives."""
    trees = [condition.parsed for condition in rule.detection.parsed_condition]
    if any(tree is None for tree in trees):
        raise RefusalError("the condition is empty")
    return [tree for tree in trees if tree is not None]


def condition_part(trees: Iterable[Node], lens: Lens) -> Part:
    """Return the conditions of a rule, compiled for one kind of evidence."""
    return any_of([_part(tree, lens, 0) for tree in trees])


def fields_of(trees: Iterable[Node]) -> Iterator[str]:
    """Return the names of all fields that conditions ask for."""
    for tree in trees:
        if isinstance(tree, ConditionFieldEqualsValueExpression):
            yield tree.field
            if isinstance(tree.value, SigmaFieldReference):
                yield tree.value.field
        elif isinstance(tree, ConditionItem):
            yield from fields_of(arg for arg in tree.args if arg is not None)


def absent_field(target: LogTarget, names: Iterable[str]) -> str:
    """Say which field a kind of evidence never has; empty if it may have them all."""
    for name in names:
        if name in target.missing:
            return f"field {name}: {target.missing[name]}"
        if target.closed and name not in target.fields:
            return f"field {name} is not logged there"
    return ""


def _part(node: Node, lens: Lens, depth: int) -> Part:
    if depth > DEEPEST:
        raise RefusalError(f"the condition is nested deeper than {DEEPEST} levels")
    if isinstance(node, ConditionOR):
        return _alternatives(_arguments(node), lens, depth)
    if isinstance(node, ConditionAND):
        return all_of([_part(arg, lens, depth + 1) for arg in _arguments(node)])
    if isinstance(node, ConditionNOT):
        return none_of(_part(_arguments(node)[0], lens, depth + 1))
    if isinstance(node, Leaf):
        return _leaf_part(_field(node), [node.value], lens)
    raise UnfitError(f"conditions of the type {type(node).__name__} are not supported")


def _arguments(node: ConditionItem) -> list[Node]:
    found = [arg for arg in node.args if arg is not None]
    if not found:
        raise RefusalError("a part of the condition is empty")
    return found


def _field(leaf: Leaf) -> str:
    return leaf.field if isinstance(leaf, ConditionFieldEqualsValueExpression) else ""


def _alternatives(nodes: list[Node], lens: Lens, depth: int) -> Part:
    """Compile a disjunction; values of the same field are tested together."""
    values: dict[str, list[SigmaType]] = {}
    others: list[Part] = []
    for node in nodes:
        if isinstance(node, Leaf):
            values.setdefault(_field(node), []).append(node.value)
        else:
            others.append(_part(node, lens, depth + 1))
    parts = [_leaf_part(name, found, lens) for name, found in values.items()]
    return any_of(parts + others)


def _leaf_part(name: str, values: list[SigmaType], lens: Lens) -> Part:
    """Compile alternatives for one field, or for keywords if the name is empty."""
    view = lens.view(name) if name else lens.keywords()
    texts: dict[bool, list[Tokens]] = {}
    parts: list[Part] = []
    for value in _expanded(values):
        tokens = _tokens(value)
        if tokens is not None:
            cased = isinstance(value, SigmaCasedString)
            texts.setdefault(cased, []).extend(tokens if name else map(anywhere, tokens))
        elif name:
            parts.append(value_part(view, value, lens))
        elif isinstance(value, SigmaRegularExpression):
            parts.append(pattern_part(view, value))
        else:
            raise UnfitError(f"keywords of the type {type(value).__name__} are not supported")
    lost = lens.target.lost if name else ""
    parts += [text_part(view, found, cased=cased, lost=lost) for cased, found in texts.items()]
    return any_of(parts)


def _expanded(values: list[SigmaType]) -> Iterator[SigmaType]:
    for value in values:
        if isinstance(value, SigmaExpansion):
            yield from _expanded(value.values)
        else:
            yield value


def _tokens(value: SigmaType) -> list[Tokens] | None:
    """Return the texts that a value stands for; None if it is no text."""
    if isinstance(value, SigmaString):
        return [tokens_of(value)]
    if isinstance(value, SigmaTimestampPart):
        return None
    if isinstance(value, SigmaNumber):
        return [(str(value.number),)]
    if isinstance(value, SigmaBool):
        return [("true",), ("1",)] if value.boolean else [("false",), ("0",)]
    return None
