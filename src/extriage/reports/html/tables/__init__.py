"""The data tables of the page: findings, lines of evidence, timeline, coverage, files and the rest.

A table holds its rows as values; the page shows the first of them as HTML, for print and for
readers without scripts, and carries the others as compact arrays for `assets/tables.js`, as many as
fit. `extriage serve` shows the same tables and hands out all rows by the page.
"""

from extriage.reports.html.tables.ofcase import case_tables
from extriage.reports.html.tables.ofhost import host_tables
from extriage.reports.html.tables.page import Tables, tables_of
from extriage.reports.html.tables.table import Cell, Column, Row, Table

__all__ = [
    "Cell",
    "Column",
    "Row",
    "Table",
    "Tables",
    "case_tables",
    "host_tables",
    "tables_of",
]
