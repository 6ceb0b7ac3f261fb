"""The generated pages about all rules: what they could see, and the traces they look for."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from extriage.analysis.rulecoverage import CampaignSight, RuleCoverage, Sight, rule_coverage
from extriage.knowledge.content import own_yaml
from extriage.knowledge.evidence import describe
from extriage.model.detection import Stage
from extriage.pipeline.pack import Content, load_pack

LETTERS = {stage: stage.value[:2] for stage in Stage}
NONE = "\u2013"
ATTACK = "https://attack.mitre.org/techniques/"


@cache
def coverage() -> RuleCoverage:
    return rule_coverage(load_pack(Content()).ruleset)


def traces() -> list[dict[str, Any]]:
    """Return the groups of the checklist."""
    groups: list[dict[str, Any]] = own_yaml("knowledge", "traces.yml")["groups"]
    return groups


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def index_page() -> str:
    found = coverage()
    words = ", ".join(f"`{letters}` {stage}" for stage, letters in LETTERS.items())
    parts = [
        "# What the rules could see\n\n"
        f"{found.rules} rules of {len(found.campaigns)} campaigns. Each cell has the furthest "
        "stage that a rule proves by itself, in\nparentheses the stage that one hints at if that "
        f"is further, and the number of rules; `{NONE}` proves no\nstage. A rule counts for every "
        f"log that it reads.\n\nStages: {words}; what they mean: [verdict.md](../verdict.md).\n"
        "`extriage rules coverage` says the same, of your own rules too. Which traces they stand "
        "for: [traces.md](traces.md).\n"
    ]
    for title, rows in groups(found):
        parts += [f"\n## {title}\n\n", *table(rows)]
    return "".join([*parts, *techniques(found)])


def groups(found: RuleCoverage) -> Iterator[tuple[str, list[CampaignSight]]]:
    """Sort campaigns by the year in which they began; what needs no hole comes last."""
    by_year: dict[str, list[CampaignSight]] = {}
    for one in found.campaigns:
        year = str(one.since.year) if one.since else "Ways that need no hole of their own"
        by_year.setdefault(year, []).append(one)
    yield from sorted(by_year.items())


def table(rows: list[CampaignSight]) -> Iterator[str]:
    sources = sorted({source for one in rows for source, _ in one.sources}, key=describe)
    yield f"| campaign | {' | '.join(cell(describe(one)) for one in sources)} |\n"
    yield f"|---{'|---' * len(sources)}|\n"
    for one in rows:
        seen = dict(one.sources)
        cells = [short(seen[source]) if source in seen else "" for source in sources]
        yield f"| [{cell(one.title)}]({one.campaign}.md) | {' | '.join(cells)} |\n"


def short(sight: Sight) -> str:
    """Say in a few letters how far rules see, and how many they are."""
    return f"{level(sight)} {len(sight.rules)}"


def level(sight: Sight) -> str:
    stage = LETTERS[sight.stage] if sight.stage else NONE
    known = sight.stage.rank if sight.stage else 0
    hint = f" ({LETTERS[sight.hints]})" if sight.hints and sight.hints.rank > known else ""
    return stage + hint


def techniques(found: RuleCoverage) -> Iterator[str]:
    yield (
        "\n## ATT&CK techniques\n\n"
        "As a layer for the ATT&CK Navigator: `extriage rules coverage --format navigator`.\n\n"
        "| technique | furthest stage | rules | campaigns |\n|---|---|---|---|\n"
    )
    for one in found.techniques:
        name = one.technique
        link = f"[{name}]({ATTACK}{name.replace('.', '/')}/)"
        campaigns = ", ".join(f"[{cell(other)}]({other}.md)" for other in one.campaigns)
        yield f"| {link} | {level(one.whole)} | {len(one.whole.rules)} | {campaigns} |\n"


def traces_page() -> str:
    listed = [trace for group in traces() for trace in group["traces"]]
    many = sum(bool(trace.get("rules")) for trace in listed)
    parts = [
        "# Traces, and the rules that look for them\n\n"
        f"{len(listed)} traces that attacks on Exchange are known to leave; {many} have rules. "
        "The others say why not; one with both\nis covered in part. What the rules could see, by "
        "campaign and log: [index.md](index.md).\n"
    ]
    places = {rule: one.campaign for one in coverage().campaigns for rule in one.whole.rules}
    for group in traces():
        parts.append(f"\n## {group['title']}\n\n| trace | what | rules, or why there is none |\n")
        parts.append("|---|---|---|\n")
        parts += [trace_row(trace, places) for trace in group["traces"]]
    return "".join(parts)


def trace_row(trace: dict[str, Any], places: dict[str, str]) -> str:
    rules = [f"[{rule}]({places[rule]}.md#{rule})" for rule in trace.get("rules", ())]
    said = ", ".join(rules)
    reason = cell(trace.get("reason", ""))
    text = f"{said}. {reason}" if said and reason else said or reason
    return f"| {trace['id']} | {cell(trace['what'])} | {text} |\n"
