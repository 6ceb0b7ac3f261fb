"""A case as a folder of CSV files, each safe to open in a spreadsheet.

`evidence.csv`, `persistence.csv`, `exposures.csv` and `timeline.csv` are what the reports `csv`,
`persistence-csv`, `exposures-csv` and `extriage timeline --format csv` give; `indicators.csv` is
read again by `scan --indicators`. `about.csv` says what made them, for whom, and how many rows each
file has, so that a set of which something is missing can be told.
"""

from collections.abc import Mapping

from extriage.model.case import Case
from extriage.reports import csvfile, exposurescsv, timeline, waysbackcsv
from extriage.reports.base import RenderOptions
from extriage.reports.csvtables import TABLES
from extriage.reports.derived import Sharing, as_csv
from extriage.reports.imprint import made, mark
from extriage.reports.sheet import sheet_of, stamp

ABOUT = "about.csv"
_SHARED = (*("evidence.csv", "timeline.csv", "persistence.csv", "exposures.csv", "indicators.csv"),)
NAMES = (ABOUT, *sorted((*_SHARED, *TABLES)))
"""The files of a set, in their order."""


def files(case: Case, options: RenderOptions) -> Mapping[str, str]:
    """Return the text of each file by its name."""
    sharing = Sharing(options.tlp, "", made(case))
    told = {
        "evidence.csv": csvfile.render(case, options),
        "timeline.csv": "".join(f"{row}\n" for row in timeline.table(case.timeline)),
        "persistence.csv": waysbackcsv.render(case, options),
        "exposures.csv": exposurescsv.render(case, options),
        "indicators.csv": as_csv(case.indicators, sharing),
        **{name: table.render(case) for name, table in TABLES.items()},
    }
    return {ABOUT: _about(case, options, told), **dict(sorted(told.items()))}


def _about(case: Case, options: RenderOptions, told: Mapping[str, str]) -> str:
    tool = case.tool
    rows = [
        ("tlp", mark(options.tlp)),
        ("tool", f"extriage {tool.version}"),
        ("knowledge_as_of", tool.knowledge_as_of),
        ("content_sha256", tool.content_sha256),
        ("schema", case.schema),
        ("evidence_ends", stamp(made(case))),
        # NOTE: no cell holds a line break, so that lines are rows.
        *((f"rows in {name}", str(told[name].count("\n") - 1)) for name in sorted(told)),
    ]
    return sheet_of(("name", "value"), rows)
