"""The table of what pages do: `content/page-behaviours.yml`, made ready for look-ups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from extriage.knowledge.content import own_yaml

Row: TypeAlias = dict[str, Any]
SELF = -1
"""The object that a call belongs to, among the positions of its arguments."""


@dataclass(frozen=True, slots=True)
class Sink:
    """A call that does something, and which of its arguments count."""

    id: str
    with_request: str
    says: str
    args: frozenset[int]
    """Positions of arguments; empty for all."""
    receiver: bool
    alone: str
    """When it is told without data of a request: yes, no, or unless its argument is a literal."""
    fixed: str
    """Id if the page settles everything that it works with."""
    whole: str
    """Further id if the page puts no folder in front of the data of a request."""
    hidden: str
    """Id if the page decodes what it works with by a method of its own."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A call that writes a file: positions of the path and of the content."""

    path: tuple[int, ...]
    content: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """A behaviour that follows from others."""

    id: str
    says: str
    all: frozenset[str]
    some: frozenset[str]
    least: int


@dataclass(frozen=True, slots=True)
class Sign:
    """Texts that tell something wherever they stand."""

    id: str
    says: str
    any: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """All that counts."""

    words: tuple[str, ...]
    request_types: frozenset[str]
    request_safe: frozenset[str]
    server_variables: frozenset[str]
    input_types: frozenset[str]
    input_members: frozenset[str]
    input_file_names: frozenset[str]
    method_attributes: frozenset[str]
    returns: Mapping[str, str]
    cleans: frozenset[str]
    names_only: frozenset[str]
    fills: frozenset[str]
    copies: frozenset[str]
    reads: frozenset[str]
    settles: frozenset[str]
    decodes: frozenset[str]
    sinks: Mapping[str, tuple[Sink, ...]]
    writers: Mapping[str, Writer]
    writes: Mapping[str, str]
    together: tuple[Together, ...]
    literals: tuple[Sign, ...]
    names: tuple[Sign, ...]
    classids: Mapping[str, str]
    tricks: Mapping[str, str]


@cache
def table() -> Table:
    """Load the table; once."""
    rows = own_yaml("page-behaviours.yml")
    request, inputs = rows["request"], rows["inputs"]
    return Table(
        words=tuple(rows["words"]),
        request_types=frozenset(request["types"]),
        request_safe=frozenset(request["safe"]),
        server_variables=frozenset(request["server_variables"]),
        input_types=frozenset(inputs["types"]),
        input_members=frozenset(inputs["members"]),
        input_file_names=frozenset(inputs["file_names"]),
        method_attributes=frozenset(inputs["method_attributes"]),
        returns=rows["returns"],
        cleans=frozenset(rows["cleans"]),
        names_only=frozenset(rows["names_only"]),
        fills=frozenset(rows["fills"]),
        copies=frozenset(rows["copies"]),
        reads=frozenset(rows["reads"]),
        settles=frozenset(rows["settles"]),
        decodes=frozenset(rows["decodes"]),
        sinks=_sinks(rows["behaviours"]),
        writers={call: _writer(row) for row in rows["writers"] for call in row["calls"]},
        writes=rows["writes"],
        together=tuple(_together(row) for row in rows["together"]),
        literals=tuple(_sign(row) for row in rows["literals"]),
        names=tuple(_sign(row) for row in rows["names"]),
        classids=rows["classids"],
        tricks=rows["tricks"],
    )


def _sinks(rows: Mapping[str, Row]) -> dict[str, tuple[Sink, ...]]:
    found: dict[str, tuple[Sink, ...]] = {}
    for name, row in rows.items():
        alone = "unless-literal" if row.get("alone_unless") else "yes"
        sink = Sink(
            name,
            row.get("with_request", f"{name}-of-request"),
            row["says"],
            frozenset(row.get("args", ())),
            bool(row.get("receiver")),
            alone if row.get("alone", True) else "no",
            row.get("fixed", ""),
            row.get("whole", ""),
            row.get("hidden", ""),
        )
        for call in row["calls"]:
            found[call] = (*found.get(call, ()), sink)
    return found


def _writer(row: Row) -> Writer:
    return Writer(_positions(row["path"]), _positions(row["content"]))


def _positions(values: Iterable[int | str]) -> tuple[int, ...]:
    return tuple(SELF if value == "self" else int(value) for value in values)


def _together(row: Row) -> Together:
    return Together(
        row["id"],
        row["says"],
        frozenset(row.get("all", ())),
        frozenset(row.get("some", ())),
        int(row.get("least", 0)),
    )


def _sign(row: Row) -> Sign:
    return Sign(row["id"], row["says"], tuple(row["any"]))


@cache
def behaviour_ids() -> frozenset[str]:
    """Return every id that a page's `Behaviours` may hold."""
    known = table()
    sinks: set[Sink] = {sink for group in known.sinks.values() for sink in group}
    found = {sink.with_request for sink in sinks} | {s.id for s in sinks if s.alone != "no"}
    found |= {name for s in sinks for name in (s.fixed, s.whole, s.hidden) if name}
    found |= {known.writes[key] for key in ("both", "content", "path", "password")}
    found |= {one.id for one in known.together}
    found |= {one.id for one in (*known.literals, *known.names)}
    return frozenset(found | {"loads-embedded-program", "runs-hidden-code"})


@cache
def word_search() -> Any:
    """Return what finds the words in lower-cased text, fast and in linear time."""
    import re2  # noqa: PLC0415

    return re2.compile("|".join(table().words))


@cache
def byte_search() -> Any:
    """Return what finds the words in lower-cased UTF-8; faster, as no places are counted in it."""
    import re2  # noqa: PLC0415

    return re2.compile("|".join(table().words).encode())
