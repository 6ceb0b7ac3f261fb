"""What could the rules see: which campaign, in which log, up to which stage?

A rule counts for every log that it reads. Windows events are told apart by their channel.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from extriage.knowledge.campaigns import campaigns
from extriage.matchers.sigma import CompiledRule, RuleSet
from extriage.model.detection import Rule, Stage


@dataclass(frozen=True, slots=True)
class Sight:
    """What some rules see together."""

    stage: Stage | None
    """The furthest stage that one of them proves alone."""
    hints: Stage | None
    """The furthest stage that one of them hints at."""
    rules: tuple[str, ...]

    @property
    def furthest(self) -> Stage | None:
        """Return the furthest stage that is proved or hinted at."""
        stages = [stage for stage in (self.stage, self.hints) if stage is not None]
        return max(stages, key=lambda stage: stage.rank, default=None)


@dataclass(frozen=True, slots=True)
class CampaignSight:
    """What rules see of one campaign."""

    campaign: str
    """Empty for rules of no campaign."""
    title: str
    since: date | None
    whole: Sight
    sources: tuple[tuple[str, Sight], ...]
    """By log source, such as `httpproxy` or `events:Security`."""


@dataclass(frozen=True, slots=True)
class TechniqueSight:
    """What rules see of one ATT&CK technique."""

    technique: str
    whole: Sight
    campaigns: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """What all rules of a run could see."""

    rules: int
    campaigns: tuple[CampaignSight, ...]
    techniques: tuple[TechniqueSight, ...]


def rule_coverage(ruleset: RuleSet) -> RuleCoverage:
    """Sum up what rules could see, campaigns in their order, those of nobody last."""
    sources = rule_sources(ruleset)
    rules = [one.rule for one in ruleset.rules] + [one.rule for one in ruleset.correlations]
    rules.sort(key=lambda rule: rule.id)
    techniques = sorted({name for rule in rules for name in rule.attack})
    return RuleCoverage(
        len(rules),
        tuple(_campaigns(rules, sources)),
        tuple(_technique(name, rules, sources) for name in techniques),
    )


def rule_sources(ruleset: RuleSet) -> dict[str, tuple[str, ...]]:
    """Return the log sources of every rule; correlations read what their steps read."""
    found = {one.rule.id: _sources(one) for one in ruleset.rules}
    waiting = {one.rule.id: one.plan.rules for one in ruleset.correlations}
    while ready := [name for name, steps in waiting.items() if all(one in found for one in steps)]:
        for name in ready:
            steps = waiting.pop(name)
            found[name] = tuple(sorted({source for step in steps for source in found[step]}))
    return found


def _sources(rule: CompiledRule) -> tuple[str, ...]:
    # NOTE: a YARA rule has no targets; what it reads is told by its kinds.
    found = set[str]() if rule.targets else {*rule.rule.kinds}
    for target in rule.targets:
        channels = [values for name, values in target.lens.target.where if name == "Channel"]
        found.update(f"{target.kind}:{channel}" for values in channels for channel in values)
        if not channels:
            found.add(target.kind)
    return tuple(sorted(found))


def _campaigns(
    rules: Iterable[Rule], sources: Mapping[str, tuple[str, ...]]
) -> Iterator[CampaignSight]:
    by_campaign: dict[str, list[Rule]] = {}
    for rule in rules:
        by_campaign.setdefault(rule.campaign, []).append(rule)
    known = {one.id: one for one in campaigns()}
    order = [name for name in known if name in by_campaign]
    order += sorted(name for name in by_campaign if name and name not in known)
    for name in order + [name for name in by_campaign if not name]:
        own = by_campaign[name]
        by_source: dict[str, list[Rule]] = {}
        for rule in own:
            for source in sources.get(rule.id, rule.kinds):
                by_source.setdefault(source, []).append(rule)
        title = known[name].title if name in known else name
        since = known[name].since if name in known else None
        seen = tuple((source, _sight(by_source[source])) for source in sorted(by_source))
        yield CampaignSight(name, title, since, _sight(own), seen)


def _technique(
    name: str, rules: Iterable[Rule], sources: Mapping[str, tuple[str, ...]]
) -> TechniqueSight:
    own = [rule for rule in rules if name in rule.attack]
    return TechniqueSight(
        name,
        _sight(own),
        tuple(sorted({rule.campaign for rule in own if rule.campaign})),
        tuple(sorted({one for rule in own for one in sources.get(rule.id, rule.kinds)})),
    )


def _sight(rules: Iterable[Rule]) -> Sight:
    listed = list(rules)
    return Sight(
        _furthest(rule.stage for rule in listed),
        _furthest(rule.hints for rule in listed),
        tuple(rule.id for rule in listed),
    )


def _furthest(stages: Iterable[Stage | None]) -> Stage | None:
    known = [stage for stage in stages if stage is not None]
    return max(known, key=lambda stage: stage.rank, default=None)
