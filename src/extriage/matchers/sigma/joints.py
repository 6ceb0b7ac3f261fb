"""Correlation rules, from what pySigma makes of them to plain data.

https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-correlation-rules-specification.md
"""

import itertools
from collections.abc import Iterable
from typing import Any

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from extriage.matchers.sigma.draft import Count, Joint, Terms, Unfit
from extriage.matchers.sigma.parts import RefusalError, UnfitError
from extriage.matchers.sigma.plan import MOST_CHAINS


def joint_of(sigma: SigmaCorrelationRule) -> Joint:
    """Return what a parsed correlation demands."""
    return Joint(
        kind=sigma.type.name.lower(),
        rules=tuple(_rules(sigma)),
        condition=_condition(sigma.condition),
        group_by=tuple(sigma.group_by or ()),
        aliases=tuple(
            (str(rule.reference), str(alias.alias), str(name))
            for alias in sigma.aliases
            for rule, name in alias.mapping.items()
        ),
        seconds=sigma.timespan.seconds,
        generate=sigma.generate,
    )


def _rules(sigma: SigmaCorrelationRule) -> Iterable[str]:
    if sigma.rules:
        return (str(one.reference) for one in sigma.rules)
    if isinstance(sigma.condition, SigmaExtendedCorrelationCondition):
        return map(str, sigma.condition.get_referenced_rules())
    return ()


def _condition(
    condition: SigmaCorrelationCondition | SigmaExtendedCorrelationCondition,
) -> Count | Terms | Unfit:
    if isinstance(condition, SigmaCorrelationCondition):
        sign: Any = condition.op.name.lower()
        return Count(sign, condition.count, _counted(condition.fieldref))
    try:
        return Terms(tuple(tuple(sorted(term)) for term in _terms(condition.parsed)))
    except RefusalError as problem:
        return Unfit(str(problem), problem.broken)


def _counted(fields: object) -> tuple[str, ...]:
    if fields is None:
        return ()
    return tuple(map(str, fields)) if isinstance(fields, list) else (str(fields),)


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
    found = list(dict.fromkeys(itertools.islice(terms, MOST_CHAINS + 1)))
    if len(found) > MOST_CHAINS:
        raise RefusalError(f"the condition has more than {MOST_CHAINS} alternatives")
    return found
