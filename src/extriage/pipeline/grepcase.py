"""Search the lines that a case folder holds."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from extriage.casefile.searched import case_records
from extriage.matchers.prefilter import Watch
from extriage.matchers.query import Either, Every, Field, No, Query, parse
from extriage.matchers.queryfields import OF_RECORD, alias_of
from extriage.matchers.querytarget import query_watch
from extriage.model.evidence import Record
from extriage.pipeline.grep import Looked, Search, Take, record_kinds
from extriage.pipeline.matches import Matches


def search_case(folder: Path, search: Search, take: Take) -> list[Looked]:
    """Search the lines in a case folder; CaseError if they cannot be read."""
    return search_records(case_records(folder), search, take)


def search_records(records: Iterable[Record], search: Search, take: Take) -> list[Looked]:
    """Search records and hand every match to `take`; return how many there are in each file.

    What a query asks of a field that the case does not hold is looked for in the text of the line.
    """
    query = parse(search.query)
    asked = frozenset(_fields(query))
    watches: dict[str, Watch | None] = {}
    files: list[Looked] = []
    matches: Matches | None = None
    path = None
    for record in records:
        if matches is None or record.origin.path != path:
            if matches is not None and path is not None:
                files.append(Looked(path, matches.found, "read", ""))
            path = record.origin.path
            matches = Matches(wanted=search.wanted, take=take, at_once=True)
        if record.kind not in watches:
            kinds = record_kinds() | {record.kind}
            watches[record.kind] = query_watch(query, record.kind, kinds)
        watch = watches[record.kind]
        if watch and _meets(watch, record, asked):
            matches.add_line(record, record.text.encode("utf-8", "replace"))
    if matches is not None and path is not None:
        files.append(Looked(path, matches.found, "read", ""))
    return files


def _meets(watch: Watch, record: Record, asked: frozenset[str]) -> bool:
    if watch.target.matches(record):
        return True
    known = {name.lower() for name in record.fields}
    unknown = any(not known & _names(name) for name in asked)
    return unknown and watch.target.matches_raw(record.text)


def _names(name: str) -> set[str]:
    alias = alias_of(name)
    return {field for field, _ in alias.fields} | {one for pair in alias.urls for one in pair}


def _fields(query: Query) -> Iterator[str]:
    match query:
        case Every(parts) | Either(parts):
            for part in parts:
                yield from _fields(part)
        case No(part):
            yield from _fields(part)
        case Field(name) if name.lower() not in OF_RECORD:
            yield name.lower()
