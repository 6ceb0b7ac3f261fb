"""Drafts become rules that are ready to run, or refusals with place and reason."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from extriage.knowledge.logsources import LogSources, LogTarget
from extriage.matchers.sigma.condition import absent_field
from extriage.matchers.sigma.correlation import plan_of
from extriage.matchers.sigma.draft import Detection, Draft, Joint, Read
from extriage.matchers.sigma.parts import RefusalError, UnfitError
from extriage.matchers.sigma.plan import Plan, kept_fields
from extriage.matchers.sigma.ruleset import CompiledCorrelation, CompiledRule, RuleSet, Target
from extriage.matchers.sigma.views import Lens
from extriage.model.detection import RefusedRule


def compile_rules(read: Iterable[Read], logsources: LogSources) -> RuleSet:
    """Make rules ready to run, in the order in which they were read; what cannot run is refused."""
    refused: list[RefusedRule] = []
    drafts: dict[str, Draft] = {}
    for one in read:
        if isinstance(one, RefusedRule):
            refused.append(one)
            continue
        try:
            _check(one, drafts, logsources)
            drafts[one.rule.id] = one
        except RefusalError as problem:
            refused.append(_refused(one, problem, f"line {one.line}: "))
    return _compiled(drafts, logsources, refused)


def _check(draft: Draft, others: Mapping[str, Draft], logsources: LogSources) -> None:
    body = draft.body
    if isinstance(body, Detection) and not logsources.targets(*body.source):
        raise UnfitError(logsources.reason(*body.source))
    if draft.rule.id in others:
        raise RefusalError(f"the id is already taken by {others[draft.rule.id].rule.path}")


def _refused(draft: Draft, problem: RefusalError, place: str = "") -> RefusedRule:
    rule = draft.rule
    return RefusedRule(rule.id, rule.title, rule.path, f"{place}{problem}", problem.broken)


def _compiled(
    drafts: Mapping[str, Draft], logsources: LogSources, refused: list[RefusedRule]
) -> RuleSet:
    plans = _plans(drafts, refused)
    keep = kept_fields(plans)
    silent = {name for plan in plans.values() if not plan.generate for name in plan.rules}
    lenses: dict[int, Lens] = {}
    rules: dict[str, CompiledRule] = {}
    for name, one in drafts.items():
        if isinstance(one.body, Detection):
            kept = tuple(sorted(keep.get(name, ())))
            seen = logsources.targets(*one.body.source)
            try:
                rule = _compile(one, one.body, [_lens(target, lenses) for target in seen], kept)
                rules[name] = replace(rule, generate=False) if name in silent else rule
            except RefusalError as problem:
                refused.append(_refused(one, problem))
    correlations = tuple(_correlations(drafts, plans, rules, refused))
    needed = silent - {name for one in correlations for name in one.plan.rules}
    # NOTE: a rule whose only correlation cannot run would be lost; it speaks for itself then.
    alone = (replace(one, generate=True) if name in needed else one for name, one in rules.items())
    order = sorted(refused, key=lambda one: (one.path, one.id, one.reason))
    return RuleSet(tuple(alone), correlations, tuple(order))


def _plans(drafts: Mapping[str, Draft], refused: list[RefusedRule]) -> dict[str, Plan]:
    names = {name: name for name in drafts}
    for name, one in drafts.items():
        if one.sigma_id:
            names.setdefault(one.sigma_id, name)
    plans: dict[str, Plan] = {}
    for name, one in drafts.items():
        if isinstance(one.body, Joint):
            try:
                plans[name] = plan_of(one.body, names)
            except RefusalError as problem:
                refused.append(_refused(one, problem))
    return plans


def _lens(target: LogTarget, lenses: dict[int, Lens]) -> Lens:
    """Return the one lens that all rules share for a log source on a kind of evidence."""
    if id(target) not in lenses:
        lenses[id(target)] = Lens(target)
    return lenses[id(target)]


def _compile(
    draft: Draft, body: Detection, lenses: Iterable[Lens], keep: tuple[str, ...]
) -> CompiledRule:
    targets: list[Target] = []
    notes: list[str] = []
    for lens in lenses:
        absent = absent_field(lens.target, body.fields)
        if absent:
            notes.append(f"{lens.target.kind}: {absent}")
            continue
        target = Target(lens, body.conditions, keep)
        if not draft.tried:
            target.part()
        targets.append(target)
    if not targets:
        raise UnfitError("; ".join(notes))
    kinds = tuple(sorted({target.kind for target in targets}))
    rule = replace(draft.rule, kinds=kinds)
    return CompiledRule(rule, tuple(targets), keep=keep, notes=tuple(notes))


def _correlations(
    drafts: Mapping[str, Draft],
    plans: Mapping[str, Plan],
    rules: Mapping[str, CompiledRule],
    refused: list[RefusedRule],
) -> Iterator[CompiledCorrelation]:
    silent = {name for plan in plans.values() if not plan.generate for name in plan.rules}
    kinds: dict[str, set[str]] = defaultdict(set)
    kinds.update({name: set(one.rule.kinds) for name, one in rules.items()})
    for name in _children_first(plans, rules, drafts, refused):
        for child in plans[name].rules:
            kinds[name] |= kinds[child]
        rule = replace(drafts[name].rule, kinds=tuple(sorted(kinds[name])), correlation=True)
        yield CompiledCorrelation(rule, plans[name], name not in silent)


def _children_first(
    plans: Mapping[str, Plan],
    rules: Mapping[str, CompiledRule],
    drafts: Mapping[str, Draft],
    refused: list[RefusedRule],
) -> Iterator[str]:
    """Return correlations after those that they join; refuse what cannot be complete."""
    ready = set(rules)
    waiting = dict(plans)
    while waiting:
        now = [name for name, plan in waiting.items() if ready.issuperset(plan.rules)]
        if not now:
            break
        for name in now:
            del waiting[name]
        ready.update(now)
        yield from now
    for name, plan in waiting.items():
        lost = ", ".join(sorted(set(plan.rules) - ready))
        problem = UnfitError(f"joins rules that cannot run: {lost}")
        refused.append(_refused(drafts[name], problem))
