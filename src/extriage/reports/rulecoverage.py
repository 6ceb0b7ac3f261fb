"""What the rules could see, for a screen, a spreadsheet, a program or the ATT&CK Navigator."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from extriage.analysis.rulecoverage import RuleCoverage, Sight, TechniqueSight
from extriage.knowledge.evidence import describe
from extriage.reports.navigator import Shade, layer
from extriage.reports.neutral import cell, visible

_RULES = 20
_NOBODY = "(no campaign)"


def text(coverage: RuleCoverage) -> str:
    """Return for each campaign the logs that show it, and how far."""
    lines = []
    for one in coverage.campaigns:
        lines.append(visible(one.title or _NOBODY))
        for source, sight in one.sources:
            lines.append(f"  {visible(describe(source)):44} {_said(sight)}")
        lines.append("")
    stages = [one.whole.furthest for one in coverage.techniques]
    lines.append(
        f"{coverage.rules} rules, {len(coverage.campaigns)} campaigns, {len(stages)} ATT&CK "
        "techniques; a rule counts for every log that it reads"
    )
    return "\n".join(lines) + "\n"


def _said(sight: Sight) -> str:
    stage = sight.stage.value if sight.stage else "-"
    hints = ""
    if sight.hints and (not sight.stage or sight.hints.rank > sight.stage.rank):
        hints = f", hints at {sight.hints.value}"
    count = len(sight.rules)
    return f"{stage:9} {count:3} rule{'s' if count != 1 else ''}{hints}"


def table(coverage: RuleCoverage) -> str:
    """Return one row for each campaign and log source, safe to open in a spreadsheet."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(("campaign", "title", "source", "stage", "hints", "count", "rules"))
    writer.writerows([cell(value) for value in row] for row in _rows(coverage))
    return written.getvalue()


def _rows(coverage: RuleCoverage) -> Iterator[tuple[str, ...]]:
    for one in coverage.campaigns:
        for source, sight in one.sources:
            stage, hints = (word.value if word else "" for word in (sight.stage, sight.hints))
            names = " ".join(sight.rules)
            yield (one.campaign, one.title, source, stage, hints, str(len(sight.rules)), names)


def document(coverage: RuleCoverage) -> str:
    """Return all of it as JSON."""
    whole = {
        "rules": coverage.rules,
        "campaigns": [
            {
                "campaign": one.campaign,
                "title": one.title,
                "since": one.since.isoformat() if one.since else None,
                **_sight(one.whole),
                "sources": [{"source": name, **_sight(sight)} for name, sight in one.sources],
            }
            for one in coverage.campaigns
        ],
        "techniques": [
            {
                "technique": one.technique,
                **_sight(one.whole),
                "campaigns": list(one.campaigns),
                "sources": list(one.sources),
            }
            for one in coverage.techniques
        ],
    }
    return json.dumps(whole, indent=1) + "\n"


def _sight(sight: Sight) -> dict[str, Any]:
    return {"stage": sight.stage, "hints": sight.hints, "rules": list(sight.rules)}


def navigator(coverage: RuleCoverage) -> str:
    """Return an ATT&CK Navigator layer: the furthest stage that rules prove, or hint at."""
    return layer(
        "extriage: what the rules could see",
        "The score is ten times the furthest stage that a rule proves or hints at.",
        [_shade(one) for one in coverage.techniques],
        [("rules", str(coverage.rules)), ("techniques", str(len(coverage.techniques)))],
    )


def _shade(one: TechniqueSight) -> Shade:
    names = one.whole.rules
    listed = [visible(name) for name in names[:_RULES]]
    more = [f"and {len(names) - _RULES} more"] if len(names) > _RULES else []
    stage = one.whole.furthest
    about = {
        "rules": str(len(names)),
        "proved": one.whole.stage.value if one.whole.stage else "",
        "hinted at": one.whole.hints.value if one.whole.hints else "",
        "campaigns": ", ".join(one.campaigns),
        "sources": ", ".join(one.sources),
    }
    metadata = tuple((name, value) for name, value in about.items() if value)
    score = 10 * stage.rank if stage else 0
    return Shade(one.technique, stage, score, "\n".join(listed + more), metadata)


FORMATS: dict[str, Callable[[RuleCoverage], str]] = {
    "text": text,
    "csv": table,
    "json": document,
    "navigator": navigator,
}
