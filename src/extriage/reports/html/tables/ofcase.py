"""The tables that belong to the whole case: indicators, refused rules, files of no server."""

from extriage.model.case import Case
from extriage.model.detection import RefusedRule
from extriage.model.indicator import Derived
from extriage.reports.html.tables import columns
from extriage.reports.html.tables.ofhost import manifest
from extriage.reports.html.tables.table import Row, Table, short
from extriage.reports.sheet import joined

WRONG, ELSEWHERE = columns.REFUSED[0].words


def case_tables(case: Case) -> dict[str, Table]:
    """Return the case-wide tables with all rows: `indicators`, `refused-rules`, `manifest`."""
    return {
        table.name: table
        for table in (
            _indicators(case),
            _refused(case),
            manifest("", case.unassigned, "Files that belong to no server"),
        )
    }


def _indicators(case: Case) -> Table:
    rows = [_derived(one) for one in sorted(case.indicators, key=lambda one: -one.certainty.rank)]
    title = "Indicators of this case"
    return Table(
        "indicators", "indicators", title, columns.INDICATORS, rows, len(rows), key="value"
    )


def _derived(one: Derived) -> Row:
    return (
        *(one.certainty.value, one.type, short(one.value, 400), one.first_seen, one.last_seen),
        *(short(joined(one.hosts), 300), short(joined(one.clusters), 200), short(one.because, 300)),
        short(joined(one.look_alikes), 300),
    )


def _refused(case: Case) -> Table:
    ranked = sorted(case.tool.refused_rules, key=lambda one: not one.broken)
    rows = [_rule(one) for one in ranked]
    title = "Rules that did not run"
    return Table("refused-rules", "refused-rules", title, columns.REFUSED, rows, len(rows))


def _rule(one: RefusedRule) -> Row:
    why = WRONG if one.broken else ELSEWHERE
    return (why, short(one.title, 200), short(one.reason, 300), one.path, one.id)
