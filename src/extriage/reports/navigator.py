"""Techniques on the ATT&CK matrix: a layer for the ATT&CK Navigator, of a case or of rules.

The format is 4.5: https://github.com/mitre-attack/attack-navigator/tree/master/layers/spec/v4.5.
A technique's score is ten times the number of its furthest stage (`probed` 1 to `taken` 6) plus
that of the certainty (`possible` 1 to `confirmed` 3); findings that prove no stage score 0.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from extriage.knowledge.attack import TECHNIQUE, technique_url
from extriage.model.case import Case
from extriage.model.detection import Finding, Stage
from extriage.model.host import Host
from extriage.reports.base import RenderOptions
from extriage.reports.imprint import mark
from extriage.reports.neutral import cut, visible
from extriage.reports.paper import standing

COLORS: dict[Stage | None, str] = {
    None: "#d9d9d9",
    Stage.PROBED: "#fff2ae",
    Stage.REACHED: "#fdc86b",
    Stage.PLANTED: "#f79256",
    Stage.EXECUTED: "#e15a40",
    Stage.ACTED: "#b52a36",
    Stage.TAKEN: "#7a0f33",
}
"""One colour for each stage, darker the further it is."""

VERSIONS = {"navigator": "4.9.0", "layer": "4.5"}
HIGHEST = 63
FINDINGS = 20
HOSTS = 100
_WORDS = 200

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shade:
    """One technique of a layer."""

    technique: str
    stage: Stage | None
    score: int
    comment: str
    metadata: tuple[Pair, ...]


def render(case: Case, options: RenderOptions) -> str:
    """Return the layer of what was seen on all servers of a case."""
    found: dict[str, list[tuple[Host, Finding]]] = {}
    for host in case.hosts:
        for finding in host.findings:
            for technique in finding.attack:
                found.setdefault(technique, []).append((host, finding))
    names = ", ".join(host.name for host in case.hosts[:3])
    more = f" and {len(case.hosts) - 3} more" if len(case.hosts) > 3 else ""
    tlp = mark(options.tlp)
    text = "Techniques that findings of extriage stand for; the colour is the furthest stage."
    return layer(
        f"extriage: {names or 'no server'}{more}",
        f"{tlp} {text}" if tlp else text,
        [_shade(name, pairs) for name, pairs in found.items()],
        [
            *([("TLP", tlp)] if tlp else []),
            ("extriage", case.tool.version),
            ("knowledge as of", case.tool.knowledge_as_of),
            ("content", case.tool.content_sha256),
            *((host.name, _verdict(host)) for host in case.hosts[:HOSTS]),
        ],
    )


def layer(name: str, description: str, shades: Iterable[Shade], metadata: Sequence[Pair]) -> str:
    """Return a layer as JSON; what is no ATT&CK id has no place on the matrix."""
    known = sorted(
        (shade for shade in shades if TECHNIQUE.fullmatch(shade.technique)),
        key=lambda shade: shade.technique,
    )
    document: dict[str, Any] = {
        "name": _words(name),
        "versions": VERSIONS,
        "domain": "enterprise-attack",
        "description": _words(description),
        "sorting": 3,
        "layout": {
            "layout": "side",
            "showID": True,
            "showName": True,
            "expandedSubtechniques": "annotated",
        },
        "hideDisabled": False,
        "techniques": [_technique(shade) for shade in known],
        "gradient": {
            "colors": [COLORS[stage] for stage in (None, *Stage)],
            "minValue": 0,
            "maxValue": HIGHEST,
        },
        "legendItems": [
            {"label": stage.value if stage else "no stage proved", "color": color}
            for stage, color in COLORS.items()
        ],
        "metadata": _metadata(metadata),
    }
    return json.dumps(document, indent=1) + "\n"


def _technique(shade: Shade) -> dict[str, Any]:
    return {
        "techniqueID": shade.technique,
        "score": shade.score,
        "color": COLORS[shade.stage],
        "comment": shade.comment,
        "enabled": True,
        "metadata": _metadata(shade.metadata),
        "links": [
            {
                "label": f"ATT&CK {shade.technique}",
                "url": technique_url(shade.technique),
            }
        ],
    }


def _metadata(pairs: Iterable[Pair]) -> list[dict[str, str]]:
    return [{"name": _words(name) or "-", "value": _words(value) or "-"} for name, value in pairs]


def _shade(technique: str, pairs: Sequence[tuple[Host, Finding]]) -> Shade:
    ranked = sorted(pairs, key=lambda pair: (-_score(pair[1]), pair[0].name, pair[1].id))
    top = ranked[0][1]
    lines = [_line(host, finding) for host, finding in ranked[:FINDINGS]]
    if len(ranked) > FINDINGS:
        lines.append(f"and {len(ranked) - FINDINGS} more findings")
    return Shade(technique, top.stage, _score(top), "\n".join(lines), _about(ranked))


def _score(finding: Finding) -> int:
    return 10 * finding.stage.rank + finding.certainty.rank if finding.stage else 0


def _line(host: Host, finding: Finding) -> str:
    hint = f"hints at {finding.hints.value}" if finding.hints else "no stage claimed"
    level = standing(finding.stage, finding.certainty) if finding.stage else hint
    count = f"{finding.count} line{'s' if finding.count != 1 else ''}"
    return _words(f"{finding.id} {host.name}: {finding.title} ({level}; {count})")


def _about(pairs: Sequence[tuple[Host, Finding]]) -> tuple[Pair, ...]:
    findings = [finding for _, finding in pairs]
    firsts = [finding.first for finding in findings if finding.first]
    lasts = [finding.last for finding in findings if finding.last]
    rows = {
        "servers": ", ".join(sorted({host.name for host, _ in pairs})),
        "campaigns": ", ".join(sorted({one.campaign for one in findings if one.campaign})),
        "lines": str(sum(one.count for one in findings)),
        "first": min(firsts).isoformat().replace("+00:00", "Z") if firsts else "",
        "last": max(lasts).isoformat().replace("+00:00", "Z") if lasts else "",
    }
    return tuple((name, value) for name, value in rows.items() if value)


def _verdict(host: Host) -> str:
    verdict = host.verdict
    level = standing(verdict.stage, verdict.certainty)
    return ", ".join(word for word in (verdict.status.value, level) if word)


def _words(text: str) -> str:
    """Make a text harmless and short: a layer is looked at in a browser."""
    return cut(visible(text), _WORDS)
