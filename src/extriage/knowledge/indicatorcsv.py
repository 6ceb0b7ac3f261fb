"""Indicators in tables: our own columns, the feeds of others, a bare list of values.

A column is known by its header in the usual spellings (`Indicator`, `ioc_type`, `FirstSeen` …). A
column that is called like a type (`sha256`, `ip`) holds values of it. Without a header the first
column counts, and types are told by shape. JSON lists of rows are read the same way, such as the
feed of Microsoft for March 2021:
https://github.com/Azure/Azure-Sentinel/tree/master/Sample%20Data/Feeds
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from extriage.errors import UsageError
from extriage.knowledge.indicatorintake import Intake, confidence_of, plain, tlp_of
from extriage.knowledge.indicatorvalues import day_from, day_until, type_named
from extriage.model.indicator import Indicator

CELL_LIMIT = 1 << 16
COLUMNS_LIMIT = 200
_HEADERS = {
    "value": "value indicator ioc iocvalue indicatorvalue observable observablevalue artifact",
    "type": "type indicatortype ioctype kind valuetype observabletype indicatorkind",
    "cluster": "cluster actor threatactor group intrusionset malware malwarefamily family",
    "campaign": "campaign",
    "first_seen": "firstseen dateadded added validfrom first created date",
    "last_seen": "lastseen validuntil last expires expiration",
    "source": "source feed publisher provider",
    "confidence": "confidence confidencelevel score",
    "licence": "licence license",
    "tlp": "tlp tlplevel marking",
    "reference": "reference references link report",
    "note": "note notes comment comments description threattype title",
}
_COLUMNS = {word: name for name, words in _HEADERS.items() for word in words.split()}
Row = Mapping[str, Any]


def read_table(text: str, intake: Intake) -> None:
    """Read a table with or without header; UsageError if it is no table at all."""
    rows = _rows(text)
    first = next(rows, None)
    if first is None:
        raise UsageError(f"{intake.path.name} is empty")
    names = [_word(cell) for cell in first[1]]
    if not _is_header(names):
        _bare(first, intake)
        for row in rows:
            if intake.gives_up(f"line {row[0]}"):
                return
            _bare(row, intake)
        return
    for line, cells in rows:
        if intake.gives_up(f"line {line}"):
            return
        read_row(f"line {line}", dict(zip(names, cells, strict=False)), intake)


def read_row(place: str, row: Row, intake: Intake) -> None:
    """Take the values of one row; header words are its keys, values in maps count too."""
    known = _known(row)
    said = _said(known, intake)
    taken = False
    if (value := known.get("value")) not in (None, ""):
        taken, word = True, plain(known.get("type"))
        type = type_named(word)
        if word and not type:
            intake.refuse(place, f"type {word[:40]!r} is none that is looked for")
        else:
            intake.take(place, type, value, said)
    for type, one in _typed(row):
        taken = True
        intake.take(place, type, one, said)
    if not taken:
        intake.refuse(place, "no value")


def _typed(row: Row, depth: int = 0) -> Iterator[tuple[str, object]]:
    for key, value in row.items():
        word = _word(key)
        if isinstance(value, dict) and depth < 2:
            yield from _typed(value, depth + 1)
        elif value and word not in _COLUMNS and (type := type_named(word)):
            yield type, value


def _known(row: Row) -> dict[str, Any]:
    """Return what is known of a value by our names; the header named first in the table wins."""
    words = {_word(key): value for key, value in row.items() if value not in (None, "")}
    found: dict[str, Any] = {}
    for word, name in _COLUMNS.items():
        if word in words:
            found.setdefault(name, words[word])
    return found


def _said(known: Mapping[str, Any], intake: Intake) -> Indicator:
    blank = intake.blank()
    return replace(
        blank,
        source=plain(known.get("source")) or blank.source,
        confidence=confidence_of(known.get("confidence")),
        cluster=plain(known.get("cluster")),
        campaign=plain(known.get("campaign")),
        first_seen=day_from(plain(known.get("first_seen"))),
        last_seen=day_until(plain(known.get("last_seen"))),
        licence=plain(known.get("licence")),
        tlp=tlp_of(known.get("tlp")),
        reference=plain(known.get("reference")),
        note=plain(known.get("note")),
    )


def _is_header(names: Sequence[str]) -> bool:
    kinds = {_COLUMNS.get(name, "") for name in names}
    return "value" in kinds or any(type_named(name) and name not in _COLUMNS for name in names)


def _bare(row: tuple[int, list[str]], intake: Intake) -> None:
    line, cells = row
    intake.take(f"line {line}", "", cells[0], intake.blank())


def _word(text: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(text)[:100].lower())


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and cells; lines that are blank or begin with `#` are left out."""
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    while True:
        before = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # NOTE: the row is lost, not the table: it comes as a value that nothing can be.
            yield before + 1, ["\x00"]
            continue
        cells = [cell.strip() for cell in cells[:COLUMNS_LIMIT]]
        if any(cells) and not cells[0].startswith("#"):
            yield before + 1, cells


def _delimiter(text: str) -> str:
    lines = (line for line in text[:CELL_LIMIT].splitlines() if line.strip())
    first = next((line for line in lines if not line.startswith("#")), "")
    return max(",;\t|", key=lambda char: (first.count(char), char == ","))
