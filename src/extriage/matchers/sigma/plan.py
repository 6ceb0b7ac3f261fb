"""What a correlation rule joins, and what it demands of the time in which that happens."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MOST_CHAINS = 500
"""So many alternatives may a correlation have."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a correlation joins and what it demands of a window."""

    type: str
    rules: tuple[str, ...]
    """Ids of the joined rules, in the order of the rule file."""
    group_by: tuple[str, ...]
    counted: tuple[str, ...]
    aliases: Mapping[str, Mapping[str, str]]
    """For each joined rule: the field that an alias stands for."""
    seconds: int
    enough: Callable[[int], bool]
    terms: tuple[frozenset[str], ...] = ()
    """For conditions with `and` and `or`: sets of rules of which one must be complete."""
    chains: tuple[tuple[str, ...], ...] = ()
    """For ordered correlations: sequences of rules of which one must occur."""
    generate: bool = False

    def field(self, rule: str, name: str) -> str:
        """Return what a field of the correlation is called in one of the joined rules."""
        return self.aliases.get(rule, {}).get(name, name)


def kept_fields(plans: Mapping[str, Plan]) -> dict[str, set[str]]:
    """Return the fields that each rule must keep, under the names that the rule itself uses."""
    keep: dict[str, set[str]] = defaultdict(set)
    for plan in plans.values():
        _keep(plan, {*plan.group_by, *plan.counted}, plans, keep, 0)
    return keep


def _keep(
    plan: Plan,
    wanted: set[str],
    plans: Mapping[str, Plan],
    keep: dict[str, set[str]],
    depth: int,
) -> None:
    for rule in plan.rules:
        found = {plan.field(rule, name) for name in wanted}
        keep[rule] |= found
        if rule in plans and depth < len(plans):
            _keep(plans[rule], found, plans, keep, depth + 1)
