"""Rule files become rules that are ready to run, or refusals with place and reason."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from typing import Any

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.modifiers import (
    SigmaContainsModifier,
    SigmaEndswithModifier,
    SigmaRegularExpressionModifier,
    SigmaStartswithModifier,
)
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import SigmaRegularExpression, SigmaString

from extriage.knowledge.logsources import LogSources, LogTarget
from extriage.matchers.sigma.condition import (
    Node,
    absent_field,
    condition_part,
    fields_of,
    trees_of,
)
from extriage.matchers.sigma.correlation import plan_of
from extriage.matchers.sigma.documents import Document, read_documents
from extriage.matchers.sigma.literals import all_clauses, any_clauses, clauses_of, pair_clauses
from extriage.matchers.sigma.metadata import rule_of
from extriage.matchers.sigma.parts import RefusalError, UnfitError
from extriage.matchers.sigma.plan import Plan, kept_fields
from extriage.matchers.sigma.regexes import POLICY
from extriage.matchers.sigma.ruleset import CompiledCorrelation, CompiledRule, RuleSet, Target
from extriage.matchers.sigma.views import Lens, fold, guard_values
from extriage.model.detection import RefusedRule, Rule

_LONGEST_CONDITION = 4000
_DEEPEST_PARENTHESES = 20


@dataclass(slots=True)
class _Parsed:
    """One rule on its way: what it says about itself, and what pySigma made of it."""

    rule: Rule
    sigma: SigmaRule | SigmaCorrelationRule
    targets: tuple[LogTarget, ...] = ()
    trees: tuple[Node, ...] = ()


def load_rules(paths: Sequence[Traversable], logsources: LogSources) -> RuleSet:
    """Read all rule files below some paths; what cannot run is refused, the rest goes on."""
    refused: list[RefusedRule] = []
    parsed: dict[str, _Parsed] = {}
    for document in read_documents(paths):
        try:
            one = _parse(document, logsources)
            _check_free(one.rule, parsed)
            parsed[one.rule.id] = one
        except RefusalError as problem:
            refused.append(_refusal(document, problem))
    return _compiled(parsed, refused)


def _check_free(rule: Rule, parsed: Mapping[str, _Parsed]) -> None:
    if rule.id in parsed:
        raise RefusalError(f"the id is already taken by {parsed[rule.id].rule.path}")


def _refusal(document: Document, problem: RefusalError) -> RefusedRule:
    content = document.content if isinstance(document.content, dict) else {}
    rule_id = content.get("name") or content.get("id") or document.stem
    title = content.get("title") or document.stem
    reason = f"line {document.line}: {problem}"
    return RefusedRule(str(rule_id), str(title), document.path, reason, problem.broken)


def _parse(document: Document, logsources: LogSources) -> _Parsed:
    """Parse one document; whatever pySigma trips over is the document's fault."""
    if document.problem:
        raise RefusalError(document.problem)
    try:
        return _parse_content(document, logsources)
    except SigmaError as problem:
        raise RefusalError(str(problem).partition("\n")[0]) from problem
    except RecursionError as problem:
        raise RefusalError("nested too deeply") from problem
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as problem:
        raise RefusalError(f"not a Sigma rule: {problem}") from problem


def _parse_content(document: Document, logsources: LogSources) -> _Parsed:
    content: dict[str, Any] = dict(document.content)
    for key in ("action", "filter"):
        if key in content:
            raise UnfitError(f"documents with `{key}` are not supported")
    fallback = document.stem if document.line == 1 else f"{document.stem}-{document.line}"
    if "correlation" in content:
        correlation = SigmaCorrelationRule.from_dict(content, policy=POLICY)
        return _Parsed(rule_of(correlation, document.path, fallback), correlation)
    if "detection" in content:
        content["detection"] = _detection(content["detection"])
    sigma = SigmaRule.from_dict(content, policy=POLICY)
    rule = rule_of(sigma, document.path, fallback)
    source = sigma.logsource
    triple = (source.category or "", source.product or "", source.service or "")
    targets = logsources.targets(*triple)
    if not targets:
        raise UnfitError(logsources.reason(*triple))
    _anchor_patterns(sigma)
    trees = tuple(trees_of(sigma))
    return _Parsed(rule, sigma, targets, trees)


def _detection(detection: Any) -> Any:
    """Return a detection with the names of modifiers that pySigma knows, within bounds."""
    if not isinstance(detection, dict):
        return detection
    conditions = detection.get("condition", "")
    for condition in conditions if isinstance(conditions, list) else [conditions]:
        _check_condition(str(condition))
    return {key: _renamed(value) for key, value in detection.items() if key != "timeframe"}


def _check_condition(condition: str) -> None:
    if "|" in condition:
        raise UnfitError("conditions with `|` are gone from Sigma; correlation rules count now")
    if len(condition) > _LONGEST_CONDITION:
        raise RefusalError(f"the condition is longer than {_LONGEST_CONDITION} characters")
    depth = deepest = 0
    for char in condition:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST_PARENTHESES:
        raise RefusalError(f"more than {_DEEPEST_PARENTHESES} parentheses inside each other")


def _renamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    if isinstance(value, dict):
        return {_modern(key): _renamed(one) for key, one in value.items()}
    return value


def _modern(key: Any) -> Any:
    """Return a field with modifiers, `utf16le` by the other name that it has."""
    return re.sub(r"\|utf16le(?=\||$)", "|wide", key) if isinstance(key, str) else key


def _anchor_patterns(sigma: SigmaRule) -> None:
    """Make `re|startswith` and `re|endswith` mean what they say.

    NOTE: pySigma only adds `.*` at the open end, which changes nothing in a search.
    """
    for item in _items(list(sigma.detection.detections.values())):
        modifiers = set(item.modifiers)
        if SigmaRegularExpressionModifier not in modifiers or SigmaContainsModifier in modifiers:
            continue
        head = r"\A" if SigmaStartswithModifier in modifiers else ""
        tail = r"\z" if SigmaEndswithModifier in modifiers else ""
        for value in item.value if head or tail else ():
            if isinstance(value, SigmaRegularExpression):
                anchored = f"{head}(?:{value.regexp}){tail}"
                value.regexp = SigmaString(anchored, escape=False)


def _items(detections: Sequence[SigmaDetection]) -> Iterator[SigmaDetectionItem]:
    for detection in detections:
        for item in detection.detection_items:
            if isinstance(item, SigmaDetection):
                yield from _items([item])
            else:
                yield item


def _compiled(parsed: Mapping[str, _Parsed], refused: list[RefusedRule]) -> RuleSet:
    plans = _plans(parsed, refused)
    keep = kept_fields(plans)
    silent = {name for plan in plans.values() if not plan.generate for name in plan.rules}
    lenses: dict[int, Lens] = {}
    rules: dict[str, CompiledRule] = {}
    for name, one in parsed.items():
        if not isinstance(one.sigma, SigmaCorrelationRule):
            try:
                kept = tuple(sorted(keep.get(name, ())))
                rules[name] = _compile(one, kept, lenses, name not in silent)
            except RefusalError as problem:
                refused.append(_refused(one.rule, problem))
    correlations = tuple(_correlations(parsed, plans, rules, refused))
    needed = silent - {name for one in correlations for name in one.plan.rules}
    # NOTE: a rule whose only correlation cannot run would be lost; it speaks for itself then.
    alone = (replace(one, generate=True) if name in needed else one for name, one in rules.items())
    order = sorted(refused, key=lambda one: (one.path, one.id, one.reason))
    return RuleSet(tuple(alone), correlations, tuple(order))


def _refused(rule: Rule, problem: RefusalError) -> RefusedRule:
    return RefusedRule(rule.id, rule.title, rule.path, str(problem), problem.broken)


def _plans(parsed: Mapping[str, _Parsed], refused: list[RefusedRule]) -> dict[str, Plan]:
    names = {name: name for name in parsed}
    for name, one in parsed.items():
        names.setdefault(str(one.sigma.id), name)
    plans: dict[str, Plan] = {}
    for name, one in parsed.items():
        if isinstance(one.sigma, SigmaCorrelationRule):
            try:
                plans[name] = plan_of(one.sigma, names)
            except RefusalError as problem:
                refused.append(_refused(one.rule, problem))
    return plans


def _compile(
    one: _Parsed, keep: tuple[str, ...], lenses: dict[int, Lens], generate: bool
) -> CompiledRule:
    targets: list[Target] = []
    notes: list[str] = []
    for target in one.targets:
        absent = absent_field(target, fields_of(one.trees))
        if absent:
            notes.append(f"{target.kind}: {absent}")
            continue
        lens = lenses.setdefault(id(target), Lens(target))
        part = condition_part(one.trees, lens)
        pairs = part.pairs()
        clauses = all_clauses([part.clauses, _guard_clauses(lens), pair_clauses(pairs)])
        targets.append(Target(target.kind, clauses, part, lens, pairs, keep))
    if not targets:
        raise UnfitError("; ".join(notes))
    kinds = tuple(sorted({target.kind for target in targets}))
    rule = replace(one.rule, kinds=kinds)
    return CompiledRule(rule, tuple(targets), generate, keep, tuple(notes))


def _guard_clauses(lens: Lens) -> tuple[frozenset[bytes], ...]:
    found = []
    for name, values in guard_values(lens.target.where):
        cut = lens.view(name).cut
        found.append(any_clauses([clauses_of(cut(fold(value))) for value in values]))
    return all_clauses(found)


def _correlations(
    parsed: Mapping[str, _Parsed],
    plans: Mapping[str, Plan],
    rules: Mapping[str, CompiledRule],
    refused: list[RefusedRule],
) -> Iterator[CompiledCorrelation]:
    silent = {name for plan in plans.values() if not plan.generate for name in plan.rules}
    kinds: dict[str, set[str]] = defaultdict(set)
    kinds.update({name: set(one.rule.kinds) for name, one in rules.items()})
    for name in _children_first(plans, rules, parsed, refused):
        for child in plans[name].rules:
            kinds[name] |= kinds[child]
        rule = replace(parsed[name].rule, kinds=tuple(sorted(kinds[name])), correlation=True)
        yield CompiledCorrelation(rule, plans[name], name not in silent)


def _children_first(
    plans: Mapping[str, Plan],
    rules: Mapping[str, CompiledRule],
    parsed: Mapping[str, _Parsed],
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
        refused.append(_refused(parsed[name].rule, problem))
