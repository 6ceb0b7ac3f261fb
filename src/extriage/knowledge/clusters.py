"""Published clusters of activity on Exchange servers: names, when they were seen, what they left.

Source: `clusters.csv`, each row with its own source and with how far it was checked. A cluster is
what its publishers made it: names of several publishers are told to be one where a publisher says
so, and nothing here says who is behind it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from extriage.knowledge.active import active
from extriage.knowledge.indicatorvalues import day_from, day_until
from extriage.knowledge.tables import Knowledge, Row, rows, unique

FILE = "clusters.csv"
PROVENANCES = ("sourced", "partly sourced", "unverified")
_COLUMNS = (
    *("cluster", "aliases", "campaign", "first_seen", "last_seen", "entry", "tools_and_traces"),
    *("targets", "source", "reference", "provenance"),
)
_SPAN = re.compile(r"\d{4}(-\d{2}){0,2}")
_PIECES = re.compile(r"[/;()]")
_NOBODY = ("unattributed", "mass scanners", "china chopper clients")
"""Labels of lists whose values are of no one cluster begin so."""


@dataclass(frozen=True, slots=True)
class PublishedCluster:
    """One cluster as it was published."""

    name: str
    aliases: tuple[str, ...]
    """Names that other publishers have for it."""
    campaigns: tuple[str, ...]
    first_seen: date | None
    last_seen: date | None
    """None if it is not known, or if it went on."""
    entry: str
    """How it came in, as published."""
    traces: str
    """Tools and traces, as published."""
    targets: str
    """Empty unless a source says so."""
    source: str
    reference: str
    provenance: str
    """`sourced`, `partly sourced` or `unverified`."""


def published_clusters() -> tuple[PublishedCluster, ...]:
    """Return the clusters of the tables in force, in the order of the table."""
    return load_clusters(active())


@cache
def load_clusters(knowledge: Knowledge) -> tuple[PublishedCluster, ...]:
    """Read the clusters of a set of tables; ContentError names the first bad row."""
    listed = rows(knowledge, FILE, _COLUMNS)
    unique(listed, "cluster")
    found: list[PublishedCluster] = []
    names: dict[str, str] = {}
    for row in listed:
        one = _cluster(row)
        for name in (one.name, *one.aliases):
            owner = names.setdefault(name.casefold(), one.name)
            if owner != one.name:
                raise row.wrong(f"{name} is a name of {owner} already")
        found.append(one)
    return tuple(found)


def clusters_named(label: str) -> tuple[str, ...]:
    """Return the clusters that the label of an indicator means, by their names in the table.

    Lists write `Hafnium/Silk Typhoon (Volexity set)` and the like. A label that the table does not
    know is a cluster of its own; one that says that nobody is known gives none.
    """
    return _named(active(), label)


@lru_cache(maxsize=4096)
def _named(knowledge: Knowledge, label: str) -> tuple[str, ...]:
    plain = " ".join(label.replace('"', "").split())
    names = _names(knowledge)
    pieces = [piece.strip().casefold() for piece in _PIECES.split(plain)]
    # NOTE: `unattributed ShadowPad` is a cluster that was published without a name.
    whole = names.get(plain.casefold())
    if not whole and plain.casefold().startswith(_NOBODY):
        return ()
    found = [whole] if whole else [_known(piece, names) for piece in pieces if piece]
    told = tuple(dict.fromkeys(name for name in found if name))
    return told or ((plain,) if plain else ())


def _known(piece: str, names: Mapping[str, str]) -> str:
    """Return the cluster that a part of a label names, alone or with words behind it."""
    if piece in names:
        return names[piece]
    ends = [at for at, char in enumerate(piece) if char in " -"]
    return next((names[piece[:at]] for at in reversed(ends) if piece[:at] in names), "")


@cache
def _names(knowledge: Knowledge) -> Mapping[str, str]:
    return {
        name.casefold(): one.name
        for one in load_clusters(knowledge)
        for name in (one.name, *one.aliases)
    }


def _cluster(row: Row) -> PublishedCluster:
    first, last = _day(row, "first_seen"), _day(row, "last_seen")
    if first and last and last[1] < first[0]:
        raise row.wrong("last_seen is before first_seen")
    reference, provenance = row["reference"], row.one_of("provenance", PROVENANCES)
    if reference and not reference.startswith("https://"):
        raise row.wrong(f"reference is {reference[:40]!r}, not an https address")
    return PublishedCluster(
        row.filled("cluster"),
        _listed(row["aliases"]),
        _listed(row.filled("campaign")),
        first[0] if first else None,
        last[1] if last else None,
        row["entry"],
        row.filled("tools_and_traces"),
        row["targets"],
        row.filled("source"),
        reference,
        provenance,
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _day(row: Row, column: str) -> tuple[date, date] | None:
    """Return the first and the last day that a cell may mean; a month or a year has many."""
    text = row[column]
    if not text:
        return None
    first, last = day_from(text), day_until(text)
    if first is None or last is None or not _SPAN.fullmatch(text):
        raise row.wrong(f"{column} is {text[:40]!r}, not a day, a month or a year")
    return first, last
