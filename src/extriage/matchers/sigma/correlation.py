"""Correlation rules as pySigma reads them become plans, or are refused.

https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-correlation-rules-specification.md
"""

import itertools
import math
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationConditionOperator,
    SigmaCorrelationRule,
    SigmaCorrelationType,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from extriage.matchers.sigma.parts import RefusalError, UnfitError
from extriage.matchers.sigma.plan import Plan

_Operator = SigmaCorrelationConditionOperator
_OPERATORS: dict[_Operator, Callable[[float, float], bool]] = {
    _Operator.LT: operator.lt,
    _Operator.LTE: operator.le,
    _Operator.GT: operator.gt,
    _Operator.GTE: operator.ge,
    _Operator.EQ: operator.eq,
    _Operator.NEQ: operator.ne,
}
_TYPES = {
    SigmaCorrelationType.EVENT_COUNT,
    SigmaCorrelationType.VALUE_COUNT,
    SigmaCorrelationType.TEMPORAL,
    SigmaCorrelationType.TEMPORAL_ORDERED,
}
_MOST_CHAINS = 500


def plan_of(sigma: SigmaCorrelationRule, names: Mapping[str, str]) -> Plan:
    """Return the plan of a parsed correlation; rules may be named by name or by id."""
    if sigma.type not in _TYPES:
        raise UnfitError(f"correlation type {sigma.type.name.lower()} is not supported")
    condition = sigma.condition
    rules = tuple(_named(reference, names) for reference in _references(sigma))
    if len(set(rules)) < len(rules) and sigma.type is SigmaCorrelationType.TEMPORAL:
        raise RefusalError("a temporal correlation names a rule twice")
    terms: tuple[frozenset[str], ...] = ()
    if isinstance(condition, SigmaExtendedCorrelationCondition):
        terms = tuple(
            frozenset(_named(one, names) for one in term) for term in _terms(condition.parsed)
        )
    aliases: dict[str, dict[str, str]] = defaultdict(dict)
    for alias in sigma.aliases:
        for reference, name in alias.mapping.items():
            aliases[_named(reference.reference, names)][str(alias.alias)] = str(name)
    ordered = sigma.type is SigmaCorrelationType.TEMPORAL_ORDERED
    return Plan(
        type=sigma.type.name.lower(),
        rules=rules,
        group_by=tuple(sigma.group_by or ()),
        counted=_counted(condition),
        aliases=aliases,
        seconds=sigma.timespan.seconds,
        enough=_enough(condition),
        terms=terms,
        chains=_chains(condition, rules, terms) if ordered else (),
        generate=sigma.generate,
    )


def _references(sigma: SigmaCorrelationRule) -> list[str]:
    if sigma.rules:
        return [reference.reference for reference in sigma.rules]
    if isinstance(sigma.condition, SigmaExtendedCorrelationCondition):
        return sigma.condition.get_referenced_rules()
    raise RefusalError("the correlation joins no rules")


def _named(reference: object, names: Mapping[str, str]) -> str:
    name = names.get(str(reference))
    if name is None:
        raise RefusalError(f"joins the rule {reference}, which is not loaded")
    return name


def _counted(condition: object) -> tuple[str, ...]:
    name = getattr(condition, "fieldref", None)
    if name is None:
        return ()
    return tuple(map(str, name)) if isinstance(name, list) else (str(name),)


def _enough(condition: object) -> Callable[[int], bool]:
    if not isinstance(condition, SigmaCorrelationCondition):
        return lambda _found: True
    compare, count = _OPERATORS[condition.op], condition.count
    return lambda found: compare(found, count)


def _terms(node: CorrelationConditionItem | SigmaRuleReference) -> list[frozenset[str]]:
    """Return a condition of `and` and `or` as alternatives of sets of rules."""
    if isinstance(node, SigmaRuleReference):
        return [frozenset((node.reference,))]
    parts = [_terms(arg) for arg in node.args]
    if isinstance(node, CorrelationConditionOR):
        return _bounded(itertools.chain.from_iterable(parts))
    if isinstance(node, CorrelationConditionAND):
        found = [frozenset[str]()]
        for part in parts:
            found = _bounded(one | other for one in found for other in part)
        return found
    raise UnfitError("`not` between correlated rules is not supported")


def _bounded(terms: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    found = list(dict.fromkeys(itertools.islice(terms, _MOST_CHAINS + 1)))
    if len(found) > _MOST_CHAINS:
        raise RefusalError(f"the condition has more than {_MOST_CHAINS} alternatives")
    return found


def _chains(
    condition: object, rules: tuple[str, ...], terms: tuple[frozenset[str], ...]
) -> tuple[tuple[str, ...], ...]:
    """Return the sequences that an ordered correlation accepts."""
    if not isinstance(condition, SigmaCorrelationCondition):
        return tuple(tuple(rule for rule in rules if rule in term) for term in terms)
    if condition.op not in {_Operator.GTE, _Operator.GT}:
        raise UnfitError("temporal_ordered needs `gte` or `gt`")
    least = math.ceil(condition.count) if condition.op is _Operator.GTE else condition.count + 1
    size = math.floor(least)
    if not 1 <= size <= len(rules) or math.comb(len(rules), size) > _MOST_CHAINS:
        raise RefusalError(f"temporal_ordered cannot find {size} of {len(rules)} rules in order")
    return tuple(itertools.combinations(rules, size))
