"""The timeline as rows of `case.db`."""

from collections.abc import Iterable, Iterator

from extriage.casefile.cells import Row, iso
from extriage.model.case import Case

TIMELINE = """
CREATE TABLE timeline (position INTEGER PRIMARY KEY, time TEXT, until TEXT, host TEXT, phase TEXT,
  source TEXT, stage TEXT, title TEXT, count INTEGER, who TEXT, path TEXT, line INTEGER, id TEXT);
"""
"""`id` is that of the finding, way back, session or exposure that a moment stands for."""


def timeline_rows(case: Case) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the table of moments with its rows, in the order of the case."""
    yield (
        "timeline",
        [
            (at, iso(m.time), iso(m.until), m.host, m.phase, m.source, m.stage, m.title)
            + (m.count, m.by, m.path, m.line, m.finding)
            for at, m in enumerate(case.timeline, 1)
        ],
    )
