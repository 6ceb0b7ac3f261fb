"""Correlations as they are written become plans, or are refused."""

import itertools
import math
import operator
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from extriage.matchers.sigma.draft import Count, Joint, Terms, Unfit
from extriage.matchers.sigma.parts import RefusalError, UnfitError, refusal
from extriage.matchers.sigma.plan import MOST_CHAINS, Plan

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}
_TYPES = ("event_count", "value_count", "temporal", "temporal_ordered")


@dataclass(frozen=True, slots=True)
class Enough:
    """Whether so many are what a correlation demands."""

    sign: str
    number: float

    def __call__(self, found: int) -> bool:
        """Tell whether it is enough."""
        return _OPERATORS[self.sign](found, self.number)


_ANY = Count("gte", 0)


def plan_of(joint: Joint, names: Mapping[str, str]) -> Plan:
    """Return the plan of a correlation; `names` leads from names and ids of rules to their ids."""
    if joint.kind not in _TYPES:
        raise UnfitError(f"correlation type {joint.kind} is not supported")
    if not joint.rules:
        raise RefusalError("the correlation joins no rules")
    condition = joint.condition
    rules = tuple(_named(one, names) for one in joint.rules)
    if len(set(rules)) < len(rules) and joint.kind == "temporal":
        raise RefusalError("a temporal correlation names a rule twice")
    if isinstance(condition, Unfit):
        raise refusal(condition)
    count = condition if isinstance(condition, Count) else _ANY
    terms: tuple[frozenset[str], ...] = ()
    if isinstance(condition, Terms):
        terms = tuple(frozenset(_named(one, names) for one in term) for term in condition.terms)
    aliases: dict[str, dict[str, str]] = defaultdict(dict)
    for rule, alias, name in joint.aliases:
        aliases[_named(rule, names)][alias] = name
    return Plan(
        type=joint.kind,
        rules=rules,
        group_by=joint.group_by,
        counted=count.fields,
        aliases=aliases,
        seconds=joint.seconds,
        enough=Enough(count.sign, count.number),
        terms=terms,
        chains=_chains(condition, rules, terms) if joint.kind == "temporal_ordered" else (),
        generate=joint.generate,
    )


def _named(reference: str, names: Mapping[str, str]) -> str:
    name = names.get(reference)
    if name is None:
        raise RefusalError(f"joins the rule {reference}, which is not loaded")
    return name


def _chains(
    condition: Count | Terms, rules: tuple[str, ...], terms: tuple[frozenset[str], ...]
) -> tuple[tuple[str, ...], ...]:
    """Return the sequences that an ordered correlation accepts."""
    if isinstance(condition, Terms):
        return tuple(tuple(rule for rule in rules if rule in term) for term in terms)
    if condition.sign not in ("gte", "gt"):
        raise UnfitError("temporal_ordered needs `gte` or `gt`")
    least = math.ceil(condition.number) if condition.sign == "gte" else condition.number + 1
    size = math.floor(least)
    if not 1 <= size <= len(rules) or math.comb(len(rules), size) > MOST_CHAINS:
        raise RefusalError(f"temporal_ordered cannot find {size} of {len(rules)} rules in order")
    return tuple(itertools.combinations(rules, size))
