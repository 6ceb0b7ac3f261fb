"""Peer: Sigma rules as SQL over a table of all events, the way of Zircolite.

Every event becomes a row of an SQLite table in memory: its JSON is flattened, and each leaf that
any rule asks for is a column. pySigma's SQLite backend writes each rule as a query, to which the
channels and event numbers of its log source are added; events of channels that no rule reads are
dropped before. Prints, as JSON, how many events each rule met.

    python benchmarks/peer_sigma.py LOGS RULES
"""

import json
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import re2
import yaml
from evtx import PyEvtxParser
from sigma.backends.sqlite.sqlite import sqliteBackend
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import FieldMappingTransformation
from sigma.rule import SigmaRule

from extriage.knowledge.logsources import LogTarget, load_logsources

BACKEND: Any = sqliteBackend
Row = dict[str, Any]


def flat(document: dict[str, Any]) -> Row:
    """Return the leaves of an event, by name."""
    row: Row = {}
    system = document["Event"]["System"]
    for name, value in system.items():
        attributes = value.get("#attributes", {}) if isinstance(value, dict) else {}
        row.update({f"{name}_{key}": one for key, one in attributes.items()})
        plain = value.get("#text") if isinstance(value, dict) else value
        if plain is not None:
            row[name] = plain
    for name, part in document["Event"].items():
        if name not in ("System", "#attributes"):
            row.update(leaves(part, row))
    return row


def leaves(part: Any, known: Row) -> Row:
    """Return the leaves below an element, with one text for each name."""
    found: Row = {}
    for name, value in part.items() if isinstance(part, dict) else ():
        if name == "#attributes" or name in known:
            continue
        if isinstance(value, dict):
            inner = value.get("#text", value)
            found.update(leaves(value, known) if inner is value else {name: inner})
        elif value is not None:
            found[name] = value
    return {name: _text(value) for name, value in found.items()}


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return "\n".join(map(str, value)) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Query:
    """A rule, or one of the ways in which its log source is found."""

    rule: str
    condition: str
    target: LogTarget
    columns: frozenset[str]
    """All columns that it may ask for."""


def queries(folder: Path) -> Iterator[Query]:
    """Yield the rules below a folder as SQL."""
    sources = load_logsources()
    for path in sorted(folder.glob("*.yml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        source = document["logsource"]
        asked = (source.get(key, "") for key in ("category", "product", "service"))
        for target in sources.targets(*asked):
            if target.kind == "events":
                names: dict[str | None, str | list[str]] = {
                    field: [column for spelling in spellings for column in spelling.columns]
                    for field, spellings in target.fields.items()
                }
                columns = set(asked_for(document["detection"])) | {name for name, _ in target.where}
                columns |= {column for found in names.values() for column in found}
                for query in _written(document, names):
                    name = document.get("name", document["id"])
                    condition = query.partition(" WHERE ")[2]
                    yield Query(name, condition, target, frozenset(columns))


def _written(document: dict[str, Any], names: dict[str | None, str | list[str]]) -> list[str]:
    mapping: Any = FieldMappingTransformation({**names})
    backend = BACKEND(ProcessingPipeline(items=[ProcessingItem(mapping)] if names else []))
    return cast("list[str]", backend.convert_rule(SigmaRule.from_dict(document)))


def asked_for(selection: Any) -> Iterator[str]:
    """Yield the fields that a rule asks for."""
    for one in selection if isinstance(selection, list) else [selection]:
        for name, inner in one.items() if isinstance(one, dict) else ():
            yield name.split("|")[0]
            yield from asked_for(inner)


def guarded(query: Query) -> str:
    """Return a condition for the events of its log source alone, which is asked first."""
    parts = []
    for sign, guard in (("", query.target.where), ("NOT ", query.target.unless)):
        for column, values in guard:
            listed = ", ".join("'" + value.replace("'", "''") + "'" for value in sorted(values))
            parts.append(f"`{column}` {sign}IN ({listed})")
    return " AND ".join([*parts, f"({query.condition})"])


def events(folder: Path, wanted: set[str]) -> Iterator[Row]:
    """Yield the flattened events of the channels that any rule is meant for."""
    decode = msgspec.json.Decoder().decode
    for log in sorted(folder.glob("*.evtx")):
        for record in PyEvtxParser(str(log)).records_json():
            row = flat(decode(cast("dict[str, str]", record)["data"]))
            if not wanted or row.get("Channel") in wanted:
                yield row


def search(pattern: str, text: object) -> bool:
    """Serve REGEXP to SQLite."""
    return text is not None and re2.search(pattern, str(text)) is not None


def table(database: sqlite3.Connection, rows: list[Row], asked: set[str]) -> None:
    """Write all events into one table, with the columns that any rule asks for."""
    # NOTE: rules and events do not always spell a name alike, and SQL does not care.
    spelt = {name.lower(): name for name in sorted(asked)}
    found = {name for row in rows for name in row if name.lower() in spelt}
    spelt |= {name.lower(): name for name in found}
    columns = ", ".join(f"`{name}` TEXT COLLATE NOCASE" for name in spelt.values())
    database.execute(f"CREATE TABLE logs ({columns})")
    marks = ", ".join("?" * len(spelt))
    values = (tuple(map(row.get, spelt.values())) for row in rows)
    database.executemany(f"INSERT INTO logs VALUES ({marks})", values)
    database.execute("CREATE INDEX by_event ON logs (EventID, Channel)")


def main(folder: Path, rules: Path) -> None:
    """Read all logs, ask all rules."""
    asked = list(queries(rules))
    guards = [dict(query.target.where).get("Channel") for query in asked]
    wanted = {one for guard in guards for one in guard or ()} if all(guards) else set[str]()
    database = sqlite3.connect(":memory:")
    database.create_function("REGEXP", 2, search, deterministic=True)
    columns = {column for query in asked for column in query.columns}
    table(database, list(events(folder, wanted)), columns)
    met: dict[str, set[int]] = {}
    for query in asked:
        found = database.execute(f"SELECT rowid FROM logs WHERE {guarded(query)}")
        met.setdefault(query.rule, set()).update(row[0] for row in found)
    print(json.dumps({name: len(rows) for name, rows in met.items() if rows}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
