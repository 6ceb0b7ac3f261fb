"""The evidence lines of all findings as one CSV table, safe to open in a spreadsheet.

One row for each line of evidence; a finding without one, and a host without findings, get one row
with those columns empty, so that nothing seen is missing from the table. Columns:

- `host`, `verdict`, `reason`: the server and what is said about all of it
- `campaign`, `stage`, `certainty`: what this finding proves; empty where it claims nothing
- `level`, `rule`, `title`, `cves`, `attack`: the rule; CVEs and ATT&CK ids are divided by blanks
- `time`: UTC time of the line, ISO 8601; empty where the line bears none
- `path`, `line`, `offset`: the place in the evidence (for Windows events `line` is the record id)
- `raw`: `yes` for a line that fitted no columns and was matched as plain text
- `text`: the line itself, made harmless, its middle taken out beyond 32,000 characters
- `sha256`: hash of the line as it stands in the evidence
- `finding`: id of the finding; `count`, `first`, `last`: all its lines, also those not listed here
- `suppressed`, `because`: only for lines that a suppress file took away: its entry and the reason.
  They belong to no finding, and three of them at most stand here

Line breaks and control characters are visible escapes; what would start a formula has an
apostrophe in front. The exact texts are in the JSON report.
"""

from collections.abc import Iterator

from extriage.model.case import Case
from extriage.model.detection import Evidence, Finding
from extriage.model.host import Host
from extriage.model.suppression import Suppressed
from extriage.reports.base import RenderOptions
from extriage.reports.sheet import sheet_of, stamp

COLUMNS = (
    *("host", "verdict", "reason"),
    *("campaign", "stage", "certainty", "level", "rule", "title", "cves", "attack"),
    *("time", "path", "line", "offset", "raw", "text", "sha256"),
    *("finding", "count", "first", "last", "suppressed", "because"),
)


def render(case: Case, options: RenderOptions) -> str:
    """Return the table with its header, rows in the order of the case."""
    return sheet_of(COLUMNS, (row for host in case.hosts for row in _rows(host)))


def _rows(host: Host) -> Iterator[tuple[str, ...]]:
    about = (host.name, host.verdict.status.value, host.verdict.reason)
    if not host.findings:
        yield about + ("",) * (len(COLUMNS) - len(about))
    for finding in host.findings:
        for evidence in finding.evidence or (None,):
            yield about + _claim(finding) + _place(evidence) + _extent(finding) + ("", "")
    for row in host.suppressed:
        for line in row.evidence:
            yield about + _taken(row) + _place(line) + ("",) + _span(row) + (row.entry, row.reason)


def _taken(row: Suppressed) -> tuple[str, ...]:
    """Return what a rule would have claimed of lines that were suppressed."""
    stage, certainty = (row.stage.value, row.certainty.value) if row.stage else ("", "")
    return (row.campaign, stage, certainty, row.level.value, row.rule, row.title, "", "")


def _claim(finding: Finding) -> tuple[str, ...]:
    return (
        finding.campaign,
        finding.stage.value if finding.stage else "",
        finding.certainty.value if finding.stage else "",
        finding.level.value,
        finding.rule,
        finding.title,
        " ".join(finding.cves),
        " ".join(finding.attack),
    )


def _place(evidence: Evidence | None) -> tuple[str, ...]:
    if evidence is None:
        return ("",) * 7
    return (
        stamp(evidence.time),
        evidence.path,
        str(evidence.line),
        str(evidence.offset),
        "yes" if evidence.raw else "",
        evidence.text,
        evidence.sha256,
    )


def _extent(finding: Finding) -> tuple[str, ...]:
    return (finding.id, *_span(finding))


def _span(found: Finding | Suppressed) -> tuple[str, ...]:
    return (str(found.count), stamp(found.first), stamp(found.last))
