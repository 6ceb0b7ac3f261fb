"""Which rules did this host meet, how often, and which lines prove it?"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from extriage.analysis.suppression import episodes
from extriage.matchers.sigma import RuleSet
from extriage.model.detection import Certainty, Evidence, Finding, Level, Match, Rule
from extriage.model.reading import Kept


def gather(
    host: str, ruleset: RuleSet, kept: Iterable[Kept], joins: Iterable[Match]
) -> tuple[Finding, ...]:
    """Return the findings of one host, the furthest stage and earliest time first."""
    rules = {compiled.rule.id: compiled.rule for compiled in ruleset.rules}
    findings = [_finding(host, rules[k.rule], k) for k in kept]
    findings += _correlated(host, ruleset, list(joins))
    return tuple(sorted(findings, key=_order))


def merge(kept: Iterable[Kept]) -> list[Kept]:
    """Merge the matches of each rule over all artifacts of one host.

    Shadow copies hold the same line in several files: among the lines kept it counts once. A count
    is exact as long as all lines of the copies are kept, and never too small.
    """
    merged: dict[tuple[str, bool], Kept] = {}
    for one in kept:
        key = (one.rule, one.raw)
        if key not in merged:
            merged[key] = Kept(one.rule, "", one.raw)
        fresh = _fresh(merged[key].lines, one.lines)
        known = len(one.lines) - len(fresh)
        merged[key].merge(replace(one, lines=fresh, count=one.count - known))
    return [merged[key] for key in sorted(merged)]


def _fresh(ours: list[Evidence], theirs: list[Evidence]) -> list[Evidence]:
    """Return the lines that are not there already, from another file, word for word."""
    paths = {line.path for line in theirs}
    known = Counter((line.sha256, line.time) for line in ours if line.path not in paths)
    fresh = []
    for line in theirs:
        key = line.sha256, line.time
        # NOTE: what has no time may have happened twice, and a page is a place of its own.
        if line.time is not None and known[key]:
            known[key] -= 1
        else:
            fresh.append(line)
    return fresh


def _correlated(host: str, ruleset: RuleSet, joins: list[Match]) -> list[Finding]:
    joins.sort(key=lambda m: (m.rule, m.evidence.path, m.evidence.line, m.evidence.offset))
    # NOTE: shadow copies hold the same line in several files; it happened once.
    once = {(m.rule, m.evidence.sha256, m.evidence.time): m for m in reversed(joins)}
    joins = sorted(
        once.values(), key=lambda m: (m.rule, m.evidence.path, m.evidence.line, m.evidence.offset)
    )
    by_rule: dict[str, tuple[Rule, dict[tuple[str, int, int], Evidence]]] = {}
    complete: dict[str, list[datetime | None]] = defaultdict(list)
    for correlation, matches in episodes(ruleset, joins):
        rule, lines = by_rule.setdefault(correlation.rule.id, (correlation.rule, {}))
        for match in matches:
            line = match.evidence
            lines[line.path, line.line, line.offset] = line
        if correlation.plan.chains and matches:
            complete[correlation.rule.id].append(matches[-1].evidence.time)
    findings = []
    for rule, lines in by_rule.values():
        kept = Kept(rule.id, "", raw=False)
        for line in lines.values():
            kept.add(line)
        # NOTE: steps in order prove nothing before the last of them.
        kept.first = min((time for time in complete[rule.id] if time), default=kept.first)
        findings.append(_finding(host, rule, kept))
    return findings


def _finding(host: str, rule: Rule, kept: Kept) -> Finding:
    raw = " (seen in damaged lines only)" if kept.raw else ""
    hints = rule.stage or rule.hints if kept.raw else rule.hints
    return Finding(
        finding_id(host, rule.id, raw),
        rule.id,
        rule.title + raw,
        min(rule.level, Level.MEDIUM, key=lambda level: level.rank) if kept.raw else rule.level,
        None if kept.raw else rule.stage,
        Certainty.POSSIBLE if kept.raw else rule.certainty,
        rule.campaign,
        rule.cves,
        rule.attack,
        kept.first,
        kept.last,
        kept.count,
        tuple(kept.told()),
        rule.look_alikes,
        rule.author,
        hints,
        rule.about,
        kept.raw,
        rule.persistence,
        kept.named(),
    )


def finding_id(host: str, rule: str, tail: str = "") -> str:
    """Return an id that is the same in every scan of the same evidence."""
    return "f-" + hashlib.sha256(f"{host}\0{rule}\0{tail}".encode()).hexdigest()[:16]


def _order(finding: Finding) -> tuple[int, int, int, str, str]:
    stage = finding.stage.rank if finding.stage else 0
    first = _stamp(finding.first)
    return (-stage, -finding.certainty.rank, -finding.level.rank, first, finding.rule)


def _stamp(time: datetime | None) -> str:
    return time.isoformat() if time else "9999"
