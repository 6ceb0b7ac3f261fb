"""Collect the matches of one artifact while it is read."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta

from extriage.analysis.suppression import Suppressor
from extriage.knowledge.evidence import summary
from extriage.knowledge.joins import keys_of
from extriage.knowledge.persistence import actor_of, object_of, sign_of, target_of
from extriage.matchers.prefilter import Watch
from extriage.matchers.sought import SoughtTarget, rule_of
from extriage.model.detection import Evidence, Held, Match, Rule
from extriage.model.evidence import Record
from extriage.model.reading import Kept, Knocks, order
from extriage.pipeline.knocking import Knocking

TEXT_LIMIT = 2000
SUMMARY_LIMIT = 1000
JOIN_LIMIT = 20_000
"""Matches of one rule in one file that correlation rules can see."""
REASONS = 12
REASON_LIMIT = 400
JOINS_IN_FULL = 200
JOIN_TEXT = 300
SIGHTED_TEXT = 400
SIGHTED_LINES = 24
"""Lines with one indicator that wait to be thinned out: there may be thousands of indicators."""


@dataclass(slots=True)
class Collector:
    """Takes the matches of one artifact."""

    joined: frozenset[str] = frozenset()
    """Rules whose matches correlation rules need."""
    suppressor: Suppressor = field(default_factory=Suppressor)
    kept: dict[tuple[str, str, bool, Held], Kept] = field(default_factory=dict)
    joins: list[Match] = field(default_factory=list)
    join_counts: dict[tuple[str, bool], int] = field(default_factory=dict)
    """By rule, and by whether an entry of a suppress file fits: neither crowds out the other."""

    knocking: Knocking = field(default_factory=Knocking)
    _last: tuple[Record, Evidence] | None = None

    def add(self, watch: Watch, record: Record, line: bytes) -> None:
        """Keep a match of this rule by this record; `line` is the raw line for its hash."""
        if isinstance(watch.target, SoughtTarget):
            self._sighted(watch.target, record, line)
            return
        name = watch.rule.rule.id
        if self._only_counts(watch):
            self.join_counts[name, False] += 1
            return
        evidence = _named(watch.rule.rule, record, self._evidence(record, line))
        held = self.suppressor.held(watch.rule.rule, record, evidence)
        if name in self.joined and not record.raw:
            self._join(watch, record, evidence, held)
        if watch.rule.generate and not held:
            self.knocking.see(watch.rule.rule, record, evidence)
        if watch.rule.generate or held:
            fresh = Kept(name, record.computer, record.raw, held=held)
            self.kept.setdefault(fresh.key, fresh).add(evidence)

    def _sighted(self, target: SoughtTarget, record: Record, line: bytes) -> None:
        """Keep, for each indicator in a record, its place in the stead of a rule's match."""
        evidence = self._evidence(record, line)
        short = replace(evidence, text=evidence.text[:SIGHTED_TEXT], summary="", reasons=())
        for key in target.keys(record):
            fresh = Kept(rule_of(key), record.computer, record.raw)
            kept = self.kept.setdefault(fresh.key, fresh)
            kept.add(short)
            if len(kept.lines) > SIGHTED_LINES:
                kept.lines = ends(kept.lines)

    def add_match(self, rule: Rule, record: Record, data: bytes) -> None:
        """Keep a match of a rule that looks at whole files, and that no correlation joins."""
        evidence = _named(rule, record, self._evidence(record, data))
        held = self.suppressor.held(rule, record, evidence)
        fresh = Kept(rule.id, record.computer, record.raw, held=held)
        self.kept.setdefault(fresh.key, fresh).add(evidence)

    def _only_counts(self, watch: Watch) -> bool:
        """Tell whether a rule speaks only to correlations, and these have seen enough of it."""
        name = watch.rule.rule.id
        full = self.join_counts.get((name, False), 0) >= JOIN_LIMIT
        return full and not watch.rule.generate and not self.suppressor.entries

    def _evidence(self, record: Record, line: bytes) -> Evidence:
        """Make the proof of a line, once for all rules that it meets."""
        if self._last is not None and self._last[0] is record:
            return self._last[1]
        evidence = Evidence(
            record.origin.path,
            record.origin.line,
            record.origin.offset,
            record.text[:TEXT_LIMIT],
            hashlib.sha256(line).hexdigest(),
            record.time,
            record.raw,
            summary(record.kind, record.fields)[:SUMMARY_LIMIT],
            keys_of(record.fields),
            record.kind,
            reasons=_reasons(record.fields.get("Reasons", ())),
        )
        self._last = (record, evidence)
        return evidence

    def _join(self, watch: Watch, record: Record, evidence: Evidence, held: Held) -> None:
        name = watch.rule.rule.id
        seen = self.join_counts.get((name, bool(held)), 0)
        self.join_counts[name, bool(held)] = seen + 1
        if seen < JOIN_LIMIT:
            if seen >= JOINS_IN_FULL:
                evidence = replace(evidence, text=evidence.text[:JOIN_TEXT], summary="")
            values = watch.target.kept(record)
            self.joins.append(Match(name, record.kind, record.computer, evidence, values, held))

    def knocks(self) -> list[Knocks]:
        """Return who only knocked, by address."""
        return list(self.knocking.found.values())

    def notes(self) -> list[str]:
        """Name the rules whose matches were too many for correlation rules to see all."""
        return [
            f"rule {name}: correlation rules saw the first {JOIN_LIMIT:,} of {count:,} matches"
            for (name, _), count in sorted(self.join_counts.items())
            if count > JOIN_LIMIT
        ]

    def shift(self, by: timedelta) -> None:
        """Move all times, for evidence whose clock was found wrong."""
        for kept in self.kept.values():
            kept.shift(by)
            kept.held = self.suppressor.untimed(kept.held)
        self.joins = [self._shifted(match, by) for match in self.joins]

    def _shifted(self, match: Match, by: timedelta) -> Match:
        line = match.evidence
        if line.time:
            line = replace(line, time=line.time + by)
        return replace(match, evidence=line, held=self.suppressor.untimed(match.held))


def _named(rule: Rule, record: Record, evidence: Evidence) -> Evidence:
    """Name the way back in that a line speaks of, if the rule is about one."""
    if not rule.persistence or record.raw:
        return evidence
    found = object_of(rule.persistence, record, rule.object)
    if not found:
        return evidence
    sign = rule.sign or sign_of(record)
    target = target_of(rule.persistence, record)
    reasons = (*evidence.reasons, target) if target else evidence.reasons
    return replace(
        evidence, object=found, sign=sign, actor=actor_of(record), reasons=reasons[:REASONS]
    )


def _reasons(value: str | tuple[str, ...]) -> tuple[str, ...]:
    found = (value,) if isinstance(value, str) else value
    return tuple(one[:REASON_LIMIT] for one in found[:REASONS])


def ends(lines: list[Evidence]) -> list[Evidence]:
    """Return the three earliest and the three latest lines."""
    ordered = sorted(lines, key=order)
    return ordered if len(ordered) <= 6 else ordered[:3] + ordered[-3:]
