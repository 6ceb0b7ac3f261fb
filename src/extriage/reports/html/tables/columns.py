"""The columns of every table, in the order in which they are read."""

from extriage.model.detection import Certainty, Level, Stage
from extriage.reports.html.tables.table import Column
from extriage.reports.timeline import PHASES, SOURCES

LEVELS = tuple(level.value for level in reversed(Level))
STAGES = tuple(stage.value for stage in reversed(Stage))
CERTAINTIES = tuple(certainty.value for certainty in reversed(Certainty))
STATES = ("open", "open-no-package", "unsupported", "cannot-tell", "fixed")
"""Of an advisory, the worst first."""
STATUSES = ("unreadable", "partial", "skipped", "read")

_LEVEL = Column("level", "Level", "word", LEVELS)
_STAGE = Column("stage", "Stage", "word", STAGES)
_CERTAINTY = Column("certainty", "Certainty", "word", CERTAINTIES)

FINDINGS = (
    _LEVEL,
    _STAGE,
    _CERTAINTY,
    Column("title", "Finding", shared=True, opens="id", wide=True),
    Column("campaign", "Campaign", "word"),
    Column("first", "First (UTC)", "time"),
    Column("last", "Last (UTC)", "time"),
    Column("count", "Lines", "number"),
    Column("id", "Id", shown=False),
    Column("rule", "Rule", shared=True, shown=False),
    Column("cves", "CVEs", shared=True, shown=False),
    Column("attack", "ATT&CK", shared=True, shown=False),
    Column("look_alikes", "Look-alikes", shared=True, shown=False),
    Column("author", "Author of the rule", shared=True, shown=False),
    Column("proves", "What it proves", shared=True, shown=False),
)
EVIDENCE = (
    Column("time", "Time (UTC)", "time"),
    Column("finding", "Finding", shared=True, opens="id"),
    Column("kind", "Kind", "word"),
    Column("reads", "What the line says", sorts=False, wide=True),
    Column("path", "File", shared=True, wide=True),
    Column("line", "Line", "number", plain=True),
    Column("id", "Id", shared=True, shown=False),
    Column("text", "Line as it stands", shown=False),
    Column("sha256", "SHA-256 of the line", shown=False),
    Column("reasons", "Read in it", shared=True, shown=False),
    Column("at", "Position", "number", shown=False),
)
TIMELINE = (
    Column("time", "Time (UTC)", "time"),
    Column("until", "Until", "time"),
    Column("source", "Source", "word", SOURCES),
    Column("phase", "Part", "word", PHASES),
    _STAGE,
    Column("title", "What happened", opens="finding", wide=True),
    Column("count", "Times", "number"),
    Column("by", "By", shared=True),
    Column("path", "File", shared=True, wide=True),
    Column("line", "Line", "number", plain=True),
    Column("finding", "Finding", shared=True, shown=False),
    Column("id", "Position", "number", shown=False, plain=True),
)
SIGHTINGS = (
    _LEVEL,
    Column("type", "Type", "word"),
    Column("value", "Value"),
    Column("where", "Seen in", "word"),
    Column("count", "Times", "number"),
    Column("first", "First (UTC)", "time"),
    Column("last", "Last (UTC)", "time"),
    Column("source", "Published by", "word"),
    Column("text", "What it means", wide=True),
)
MANIFEST = (
    Column("status", "Status", "word", STATUSES),
    Column("kind", "Kind", "word"),
    Column("path", "File", wide=True),
    Column("size", "Bytes", "number"),
    Column("lines", "Lines", "number"),
    Column("parsed", "Parsed", "number"),
    Column("raw", "Raw", "number"),
    Column("rejected", "Rejected", "number"),
    Column("reason", "Reason", shared=True, wide=True),
    Column("sha256", "SHA-256", shown=False),
)
ADVISORIES = (
    Column("state", "State", "word", STATES),
    Column("cve", "CVE"),
    Column("name", "Name"),
    Column("severity", "Severity", "word"),
    Column("cvss", "CVSS", "number"),
    Column("kev", "In KEV since", "word"),
    Column("exploited_since", "Exploited since", shared=True),
    Column("from", "Open from (UTC)", "time"),
    Column("to", "Open to (UTC)", "time"),
    Column("days", "Days", "number"),
    Column("note", "Note", shared=True, wide=True),
)
INDICATORS = (
    _CERTAINTY,
    Column("type", "Type", "word"),
    Column("value", "Value"),
    Column("first_seen", "First (UTC)", "time"),
    Column("last_seen", "Last (UTC)", "time"),
    Column("hosts", "Servers", shared=True),
    Column("clusters", "Clusters", shared=True),
    Column("because", "Why", shared=True, wide=True),
    Column("look_alikes", "Also used by others", shared=True, wide=True),
)
REFUSED = (
    Column("broken", "Why", "word", ("the file is wrong", "no such evidence here")),
    Column("title", "Rule", wide=True),
    Column("reason", "Reason", shared=True, wide=True),
    Column("path", "File", wide=True),
    Column("id", "Id", shown=False),
)
