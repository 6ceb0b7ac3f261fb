"""Sets of tables for tests: the bundled ones with one thing changed."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace

from extriage.knowledge.tables import Knowledge, bundled

Cells = dict[str, str]


def cells_of(knowledge: Knowledge, table: str) -> list[Cells]:
    """Return the rows of a table."""
    text = knowledge.tables[table].decode("utf-8")
    return [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""))]


def csv_bytes(found: list[Cells]) -> bytes:
    """Write rows as a table."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue().encode()


def with_bytes(table: str, data: bytes, base: Knowledge | None = None) -> Knowledge:
    """Return the tables with one of them replaced."""
    known = base or bundled()
    return replace(known, tables={**known.tables, table: data})


def with_rows(table: str, found: list[Cells], base: Knowledge | None = None) -> Knowledge:
    """Return the tables with the rows of one of them replaced."""
    return with_bytes(table, csv_bytes(found), base)


def changed(
    table: str, where: Mapping[str, str], change: Mapping[str, str]
) -> tuple[Knowledge, int]:
    """Return the tables with one row changed, and the line of that row."""
    found = cells_of(bundled(), table)
    position = row_of(found, where)
    found[position] |= change
    return with_rows(table, found), position + 2


def row_of(found: list[Cells], where: Mapping[str, str]) -> int:
    """Return the position of the only row with these cells."""
    hits = [n for n, row in enumerate(found) if all(row[k] == v for k, v in where.items())]
    assert len(hits) == 1, f"{len(hits)} rows have {where}"
    return hits[0]


def zipped(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip file with these members, in this order."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def members_of(pack: bytes) -> dict[str, bytes]:
    """Return the members of a pack."""
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def as_json(value: object) -> bytes:
    return json.dumps(value, indent=1).encode()
