"""The condition of a rule, from what pySigma makes of it to a tree of our own.

pySigma parses the condition and resolves `1 of`, `all of`, `them` and the modifiers; what it hands
over is a tree of and, or, not and single values. What cannot run is noted in its place, because a
rule is refused for it only if its log source is at hand.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

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
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from extriage.matchers.sigma.draft import (
    ANY,
    ONE,
    And,
    Ask,
    Comparison,
    Exists,
    Network,
    Node,
    Not,
    Null,
    Or,
    Pattern,
    Reference,
    Texts,
    TimePart,
    Tokens,
    Unfit,
    Value,
    Wildcard,
)
from extriage.matchers.sigma.parts import RefusalError

_Leaf = ConditionFieldEqualsValueExpression | ConditionValueExpression
_Parsed = ConditionItem | _Leaf

DEEPEST = 60
_NO_VALUES = "has no values here (modifier expand)"


def conditions_of(rule: SigmaRule) -> tuple[tuple[Node, ...], tuple[str, ...]]:
    """Return the conditions of a rule, which are alternatives, and all fields they ask for."""
    parsed = [condition.parsed for condition in rule.detection.parsed_condition]
    trees = [tree for tree in parsed if tree is not None]
    if len(trees) < len(parsed):
        raise RefusalError("the condition is empty")
    return tuple(_node(tree, 0) for tree in trees), tuple(dict.fromkeys(_fields(trees)))


def _fields(trees: Iterable[_Parsed]) -> Iterator[str]:
    for tree in trees:
        if isinstance(tree, ConditionFieldEqualsValueExpression):
            yield tree.field
            if isinstance(tree.value, SigmaFieldReference):
                yield tree.value.field
        elif isinstance(tree, ConditionItem):
            yield from _fields(arg for arg in tree.args if arg is not None)


def _node(parsed: _Parsed, depth: int) -> Node:
    if depth > DEEPEST:
        return Unfit(f"the condition is nested deeper than {DEEPEST} levels", broken=True)
    if isinstance(parsed, _Leaf):
        return Ask(_field(parsed), _values([parsed.value], keywords=not _field(parsed)))
    found = [arg for arg in parsed.args if arg is not None]
    if not found:
        return Unfit("a part of the condition is empty", broken=True)
    match parsed:
        case ConditionOR():
            return Or(_alternatives(found, depth))
        case ConditionAND():
            return And(tuple(_node(arg, depth + 1) for arg in found))
        case ConditionNOT():
            return Not(_node(found[0], depth + 1))
        case _:
            return Unfit(f"conditions of the type {type(parsed).__name__} are not supported")


def _field(leaf: _Leaf) -> str:
    return leaf.field if isinstance(leaf, ConditionFieldEqualsValueExpression) else ""


def _alternatives(found: Iterable[_Parsed], depth: int) -> tuple[Node, ...]:
    """Return the parts of a disjunction; values of the same field are tested together."""
    values: dict[str, list[SigmaType]] = {}
    others: list[Node] = []
    for one in found:
        if isinstance(one, _Leaf):
            values.setdefault(_field(one), []).append(one.value)
        else:
            others.append(_node(one, depth + 1))
    asked = [Ask(name, _values(some, keywords=not name)) for name, some in values.items()]
    return (*asked, *others)


def _values(found: Sequence[SigmaType], *, keywords: bool) -> tuple[Value, ...]:
    """Return alternatives for one field, or for keywords; texts are put together."""
    texts: dict[bool, list[Tokens]] = {}
    others: list[Value] = []
    for value in _expanded(found):
        tokens = _tokens(value)
        if isinstance(tokens, Unfit):
            others.append(tokens)
        elif tokens:
            cased = isinstance(value, SigmaCasedString)
            texts.setdefault(cased, []).extend(map(_anywhere, tokens) if keywords else tokens)
        elif keywords and not isinstance(value, SigmaRegularExpression):
            kind = type(value).__name__
            others.append(Unfit(f"keywords of the type {kind} are not supported"))
        else:
            others.append(_value(value))
    return (*others, *(Texts(tuple(some), cased) for cased, some in texts.items()))


def _expanded(values: Iterable[SigmaType]) -> Iterator[SigmaType]:
    for value in values:
        if isinstance(value, SigmaExpansion):
            yield from _expanded(value.values)
        else:
            yield value


def _tokens(value: SigmaType) -> list[Tokens] | Unfit:
    """Return the texts that a value stands for; none if it is no text."""
    match value:
        case SigmaString():
            tokens = _tokens_of(value.s)
            return tokens if isinstance(tokens, Unfit) else [tokens]
        case SigmaTimestampPart():
            return []
        case SigmaNumber():
            return [(str(value.number),)]
        case SigmaBool():
            return [("true",), ("1",)] if value.boolean else [("false",), ("0",)]
        case _:
            return []


def _tokens_of(written: Iterable[str | SpecialChars | Placeholder]) -> Tokens | Unfit:
    """Return a value as texts and wildcards, without neighbours of the same kind."""
    tokens: list[str | Wildcard] = []
    for part in written:
        if isinstance(part, Placeholder):
            return Unfit(f"placeholder %{part.name}% {_NO_VALUES}")
        last = tokens[-1] if tokens else None
        if isinstance(part, str) and isinstance(last, str):
            tokens[-1] = last + part
        elif isinstance(part, str):
            tokens.append(part)
        elif part is SpecialChars.WILDCARD_SINGLE:
            tokens.append(ONE)
        elif last is not ANY:
            tokens.append(ANY)
    return tuple(token for token in tokens if token != "")


def _anywhere(tokens: Tokens) -> Tokens:
    """Return the value that is met wherever the given one stands in a text."""
    head = () if tokens[:1] == (ANY,) else (ANY,)
    tail = () if tokens[-1:] == (ANY,) else (ANY,)
    return (*head, *tokens, *tail) if tokens else (ANY,)


def _value(value: SigmaType) -> Value:
    """Return a value that is no text."""
    match value:
        case SigmaNull():
            return Null()
        case SigmaExists():
            return Exists(value.exists)
        case SigmaRegularExpression():
            return _pattern(value)
        case SigmaCIDRExpression():
            return Network(str(value.network))
        case SigmaFieldReference():
            return Reference(value.field, value.starts_with, value.ends_with)
        case _:
            return _number(value)


def _pattern(value: SigmaRegularExpression) -> Pattern | Unfit:
    if value.contains_placeholder():
        return Unfit(f"a placeholder {_NO_VALUES}")
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    return Pattern(str(value.regexp), flags)


def _number(value: SigmaType) -> Value:
    match value:
        case SigmaCompareExpression():
            sign: Any = value.op.name.lower()
            if sign not in ("lt", "lte", "gt", "gte"):
                return Unfit(f"comparison {value.op.name} is not supported")
            return Comparison(sign, value.number.number)
        case SigmaTimestampPart():
            part: Any = value.timestamp_part.name.lower()
            return TimePart(part, value.number)
        case _:
            return Unfit(f"values of the type {type(value).__name__} are not supported")
