"""The few lines of evidence that a reader should see first."""

import re
from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from extriage.model.detection import About, Evidence, Finding, Stage
from extriage.model.host import Host
from extriage.reports.neutral import width
from extriage.reports.paper import STAGE_STYLE, Paper, when

_TELLING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"<script|<%|runat=",
        r"ServerInfo~",
        r'S:CMD=|"CommandLine"|"ScriptBlockText"|\b(?:Set|New|Remove)-[A-Za-z]*VirtualDirectory',
        r"\b(?:GET|POST|PUT|HEAD|OPTIONS|PROPFIND)[ ,]/",
        r"/(?:owa|ecp|autodiscover|mapi|ews|oab|rpc|powershell|aspnet_client)/",
    )
)
"""Where a long line gets interesting; what stands before is ids and build numbers."""

_BEARS_ON: dict[About | None, str] = {
    About.PERSISTENCE: "way back",
    About.EXPOSURE: "in reach",
    About.WEAKNESS: "weak spot",
}
_LOOKED_AT = 20_000
_PAGES = 3
_PAGE = re.compile(
    r"(?:TargetFilename|RelativeTargetName|ObjectName|FileName|UrlStem|cs-uri-stem)="
    r"(?:[^=\n]*[\\/])?([^\\/=\s]+\.(?:aspx?|ashx|asmx|ascx|cer|soap|cshtml))(?=[\s.]|$)",
    re.IGNORECASE,
)
_FIELD = re.compile(r" (?=[A-Za-z][\w:.()-]*=)")
_LEAST_FIELD = 20
_LONGEST_FIELD = 70


def proof_block(paper: Paper, host: Host, count: int) -> list[Text]:
    """Show the proof of each stage, furthest first: time, what it means, place and text."""
    chosen = key_evidence(host, count)
    if not chosen:
        return []
    total = sum(finding.count for finding in host.findings)
    note = f"{len(chosen)} of {total} lines, furthest stage first"
    if any(finding.hints for finding, _ in chosen):
        note += "; ? is a hint"
    lines = [paper.heading("Proof", note)]
    for finding, evidence in chosen:
        lines += _shown(paper, finding, evidence)
    told = [one.object.casefold() for one in host.persistence]
    pages = [page for page in named_pages(host) if not _ends_one(told, page)]
    if pages:
        text = ", ".join(pages[:_PAGES]) + (" ..." if len(pages) > _PAGES else "")
        lines += paper.paragraph([("  Pages    ", "bold")], text, lines=2, indent=11)
    return lines


def named_pages(host: Host) -> list[str]:
    """Return the web pages that findings of a planted page name, the most often named first.

    Windows does not tell large letters from small ones: a page is named once.
    """
    counts: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for finding in host.findings:
        if finding.stage in (None, Stage.PROBED, Stage.REACHED):
            continue
        for evidence in finding.evidence:
            found = _PAGE.findall(evidence.summary[:_LOOKED_AT])
            counts.update({page.casefold() for page in found})
            for page in found:
                spelled.setdefault(page.casefold(), page)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [spelled[page] for page, _ in ranked]


def _ends_one(objects: Sequence[str], page: str) -> bool:
    """Tell whether a page stands among the ways back already."""
    name = page.casefold()
    return any(one == name or one.endswith((f"/{name}", f"\\{name}")) for one in objects)


def key_evidence(host: Host, count: int) -> list[tuple[Finding, Evidence]]:
    """Choose lines: one for each stage first, then the next best findings, no line twice."""
    ranked = sorted((finding for finding in host.findings if finding.evidence), key=_weight)
    stages: set[Stage | None] = set()
    best: list[Finding] = []
    others: list[Finding] = []
    for finding in ranked:
        (others if finding.stage in stages else best).append(finding)
        stages.add(finding.stage)
    if len(best) > 1 and best[-1].stage is None:
        others.append(best.pop())
    chosen: dict[tuple[str, int], tuple[Finding, Evidence]] = {}
    for finding in (*best, *others):
        evidence = next((e for e in finding.evidence if e.time == finding.first), None)
        evidence = evidence or finding.evidence[0]
        if len(chosen) < count:
            chosen.setdefault((evidence.path, evidence.line), (finding, evidence))
    return sorted(chosen.values(), key=lambda pair: _weight(pair[0]))


def _weight(finding: Finding) -> tuple[int, int, int, str, str]:
    """Sort findings: furthest stage, surest, gravest, earliest."""
    return (
        -(finding.stage.rank if finding.stage else 0),
        -finding.certainty.rank,
        -finding.level.rank,
        finding.first.isoformat() if finding.first else "~",
        finding.id,
    )


def _shown(paper: Paper, finding: Finding, evidence: Evidence) -> list[Text]:
    claimed = finding.stage or finding.hints
    bears = _BEARS_ON.get(finding.about, "-")
    stage = f"{claimed.value}{'' if finding.stage else '?'}" if claimed else bears
    style = STAGE_STYLE[claimed] if claimed else "dim"
    times = f" ({finding.count} lines)" if finding.count > 1 else ""
    start = (f"  {stage:10}", style)
    time = f"{when(evidence.time):19}  "
    line = f":{evidence.line}"
    place = paper.fit(evidence.path, paper.width - 4 - len(line), head=0.25) + line
    text = _fields(paper, evidence.summary, paper.width - 6) or excerpt(
        paper, evidence.text, paper.width - 6
    )
    title = paper.fit(finding.title, paper.width - 33 - len(times), head=0.8) + times
    return [
        paper.line(start, time, (title, "bold")),
        paper.line("    ", (place, "cyan")),
        paper.line("      ", text),
    ]


def _fields(paper: Paper, summary: str, cells: int) -> str:
    """Show as many of the first fields as fit, each with the start and the end of its value."""
    shown = ""
    for field in _FIELD.split(summary[:_LOOKED_AT]):
        room = cells - width(shown) - bool(shown)
        if shown and room < _LEAST_FIELD:
            break
        shown += (" " if shown else "") + paper.fit(field, min(room, _LONGEST_FIELD), head=0.4)
    return shown


def excerpt(paper: Paper, text: str, cells: int) -> str:
    """Show a line from where it gets interesting; whole if it fits."""
    head = text[:_LOOKED_AT]
    if len(text) <= cells:
        return paper.fit(text, cells)
    gap = "..." if paper.ascii else "\u2026"
    found = next((hit.start() for pattern in _TELLING if (hit := pattern.search(head))), 0)
    return paper.fit((gap if found else "") + text[found:], cells, head=0.6)
