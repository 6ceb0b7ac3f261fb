"""Published indicators: the list that is shipped, and the files that a user gives.

Shipped: `content/knowledge/indicators.csv`, each row with its source and licence. A value that two
clusters are known by stands there twice, so that it attributes to neither. Days of the table may be
months or years: the first day of `first_seen` and the last day of `last_seen` count.
"""

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from extriage.errors import UsageError
from extriage.knowledge.active import active
from extriage.knowledge.indicatorcsv import read_row, read_table
from extriage.knowledge.indicatorintake import FILE_LIMIT, IndicatorFile, Intake, plain
from extriage.knowledge.indicatormisp import is_misp, read_events
from extriage.knowledge.indicatorstix import read_bundle
from extriage.knowledge.indicatorvalues import TYPES, day_from, day_until, shaped
from extriage.knowledge.rejected import load_rejected
from extriage.knowledge.tables import Knowledge, Row, rows, unique
from extriage.model.indicator import Indicator

SHIPPED = "indicators.csv"
CONFIDENCES = ("high", "medium", "low")
_COLUMNS = (
    *("type", "value", "cluster", "campaign", "first_seen", "last_seen", "source"),
    *("confidence", "licence", "reference", "note"),
)


def shipped_indicators() -> tuple[Indicator, ...]:
    """Return the indicators in the tables in force, in the order of the table."""
    return load_indicators(active())


@cache
def load_indicators(knowledge: Knowledge) -> tuple[Indicator, ...]:
    """Read the indicators of a set of tables; ContentError names the first bad row."""
    listed = rows(knowledge, SHIPPED, _COLUMNS)
    unique(listed, "type", "value", "cluster")
    rejected = load_rejected(knowledge)
    found = []
    for row in listed:
        one = _indicator(row)
        if reason := rejected.of_indicator(one):
            raise row.wrong(f"{one.value} is a wrong claim: {reason}")
        found.append(one)
    return tuple(found)


def values_of(indicators: Iterable[Indicator]) -> dict[tuple[str, str], list[Indicator]]:
    """Return the indicators by type and value, whoever published them."""
    found: dict[tuple[str, str], list[Indicator]] = {}
    for one in indicators:
        found.setdefault((one.type, one.value.lower()), []).append(one)
    return found


def read_indicators(path: Path) -> IndicatorFile:
    """Read a file of indicators: CSV, STIX 2.1, MISP JSON, or a JSON list of rows.

    UsageError if it cannot be read, is too large, or is none of these.
    """
    text = _text(path)
    intake = Intake(path)
    if text.lstrip()[:1] in ("{", "["):
        _read_json(text, intake)
    else:
        read_table(text, intake)
    return intake.file()


def indicators_digest(indicators: Iterable[Indicator]) -> str:
    """Return the SHA-256 over indicators, whatever files they came in."""
    digest = hashlib.sha256()
    for one in indicators:
        digest.update(repr(one).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from error
    if len(data) > FILE_LIMIT:
        raise UsageError(f"{path} is larger than {FILE_LIMIT >> 20} MiB")
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _read_json(text: str, intake: Intake) -> None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        if lines := _json_lines(text):
            document = lines
        else:
            name = intake.path.name
            raise UsageError(f"{name} is no JSON that can be read ({plain(str(error))})") from error
    if isinstance(document, dict) and document.get("type") == "bundle":
        read_bundle(document, intake)
    elif is_misp(document):
        read_events(document, intake)
    else:
        _read_list(document, intake)


def _json_lines(text: str) -> list[Any]:
    """Return the rows of a file with one JSON object on each line; none if it is no such file."""
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return []


def _read_list(document: object, intake: Intake) -> None:
    if isinstance(document, dict):
        lists = (document.get(key) for key in ("indicators", "data", "objects", "results"))
        document = next((one for one in lists if isinstance(one, list)), [document])
    for number, one in enumerate(document if isinstance(document, list) else (), 1):
        place = f"row {number}"
        if intake.gives_up(place):
            break
        if isinstance(one, dict):
            read_row(place, one, intake)
        else:
            intake.take(place, "", one, intake.blank())
    if not intake.found and not intake.refusals:
        raise UsageError(f"{intake.path.name} has no list of indicators that can be read")


def _indicator(row: Row) -> Indicator:
    type = row.one_of("type", sorted(TYPES))
    try:
        told = shaped(type, row.filled("value"))
    except ValueError as error:
        raise row.wrong(f"value: {error}") from error
    if told != (type, row["value"]):
        raise row.wrong(f"value would be spelled {told[1]!r}, of type {told[0]}")
    first, last = day_from(row["first_seen"]), day_until(row["last_seen"])
    if bool(first) != bool(row["first_seen"]) or bool(last) != bool(row["last_seen"]):
        raise row.wrong("first_seen or last_seen is no day, month or year")
    if first and last and last < first:
        raise row.wrong("last_seen is before first_seen")
    return Indicator(
        type,
        row["value"],
        row.filled("source"),
        row.one_of("confidence", CONFIDENCES),
        row.filled("cluster"),
        row["campaign"],
        first,
        last,
        row.filled("licence"),
        "clear",
        row["reference"],
        row["note"],
    )
