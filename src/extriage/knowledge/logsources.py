"""Which evidence a Sigma log source means, and what its field names are called there.

Sigma rules name a log source (`category: webserver`) and use that source's field names
(`cs-uri-query`). Servers write other names, and sometimes another spelling: IIS puts the path into
`cs-uri-stem` and writes `+` for a blank. The table `content/logsources.yml` says all this; here it
becomes values that the matchers use. Taxonomy: https://sigmahq.io/sigma-specification/.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any, Literal, TypeAlias, get_args

import yaml

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml

How: TypeAlias = Literal[
    "column",
    "url",
    "plus-as-blank",
    "blank-as-plus",
    "without-question-mark",
    "without-port",
    "names",
]
Triple: TypeAlias = tuple[str, str, str]
"""Category, product and service; empty where the rule does not name one."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way in which a field of a rule can be found in a record."""

    how: How
    columns: tuple[str, ...]
    names: tuple[tuple[str, str], ...] = ()
    """For `names`: the value as it is written, and the name that rules use for it."""
    cut: str = ""
    """For `url`: text that the server appends to queries; the part before it is offered too."""


Guard: TypeAlias = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class LogTarget:
    """One kind of evidence that a log source is found in, and how to read rules there."""

    kind: str
    where: Guard = ()
    """The record must have one of the values in each of these fields."""
    unless: Guard = ()
    """A record with one of the values in one of these fields is not meant."""
    fields: Mapping[str, tuple[Spelling, ...]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    """Fields that this evidence never has, with the reason."""
    closed: bool = False
    """True if fields outside the table do not exist there; else they keep their names."""
    derived: frozenset[str] = frozenset()
    """Fields whose text does not stand in the raw line, because reading makes it."""
    rendered: frozenset[str] = frozenset()
    """Fields that reading may put together from raw values and fixed words."""
    keywords: Literal["line", "fields"] = "line"
    blanks_as_plus: bool = False
    """True if the raw line has `+` where a keyword has a blank."""
    lost: str = ""
    """Characters that the log replaces by a blank."""
    unmasked: Mapping[str, str] = field(default_factory=dict)
    """Columns that may be disguised, and the field that then says what they mean."""


@dataclass(frozen=True, slots=True)
class LogSources:
    """The table of log sources."""

    known: Mapping[Triple, tuple[LogTarget, ...]]
    elsewhere: tuple[tuple[Mapping[str, str], str], ...]

    def targets(self, category: str, product: str, service: str) -> tuple[LogTarget, ...]:
        """Return the evidence that a log source is found in; empty if it is not known."""
        return self.known.get((category, product, service), ())

    def reason(self, category: str, product: str, service: str) -> str:
        """Say why a log source is found in no evidence of an Exchange server."""
        asked = {"category": category, "product": product, "service": service}
        name = "/".join(part for part in (product, category, service) if part)
        for pattern, reason in self.elsewhere:
            if all(asked[key] == value for key, value in pattern.items()):
                return f"log source {name}: {reason}"
        return f"log source {name} is not part of Exchange evidence"


def load_logsources(file: Traversable | None = None) -> LogSources:
    """Read the table of log sources, the bundled one unless another is given."""
    try:
        return _table(yaml.safe_load(file.read_bytes()) if file else own_yaml("logsources.yml"))
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as problem:
        name = file.name if file else "logsources.yml"
        raise ContentError(f"{name}: {problem!r}") from problem


def _table(table: dict[str, Any]) -> LogSources:
    known: dict[Triple, tuple[LogTarget, ...]] = {}
    for triple, target in _targets(table):
        known[triple] = (*known.get(triple, ()), target)
    elsewhere = tuple(
        ({key: value for key, value in row.items() if key != "reason"}, str(row["reason"]))
        for row in table["elsewhere"]
    )
    return LogSources(known, elsewhere)


def _targets(table: dict[str, Any]) -> Iterator[tuple[Triple, LogTarget]]:
    for service, channels in table["windows_services"].items():
        yield ("", "windows", service), _target({"kind": "events", "where": channels}, table)
    for category, ids in table["sysmon_categories"].items():
        where = {"Channel": table["sysmon_channel"], "EventID": ids}
        row = {"kind": "events", "where": where, **table["sysmon_notes"].get(category, {})}
        yield (category, "windows", ""), _target(row, table)
    for source in table["sources"]:
        triple = tuple(str(source.get(key, "")) for key in ("category", "product", "service"))
        for row in source["targets"]:
            yield (triple[0], triple[1], triple[2]), _target(row, table)


def _target(row: dict[str, Any], table: dict[str, Any]) -> LogTarget:
    kind = {**table["kinds"].get(row["kind"], {}), **row}
    named = kind.get("fields", {})
    own = table["fields"][named] if isinstance(named, str) else named
    fields = {**table["kinds"].get(row["kind"], {}).get("fields", {}), **own}
    return LogTarget(
        kind=row["kind"],
        where=_guard(kind.get("where", {})),
        unless=_guard(kind.get("unless", {})),
        fields={name: _spellings(value) for name, value in fields.items()},
        missing={name: str(reason) for name, reason in kind.get("missing", {}).items()},
        closed=bool(kind.get("closed", False)),
        derived=frozenset(kind.get("derived", ())),
        rendered=frozenset(kind.get("rendered", ())),
        keywords="fields" if kind.get("keywords") == "fields" else "line",
        blanks_as_plus=bool(kind.get("blanks_as_plus", False)),
        lost=str(kind.get("lost", "")),
        unmasked={str(name): str(plain) for name, plain in kind.get("unmasked", {}).items()},
    )


def _guard(table: dict[str, Any]) -> Guard:
    return tuple((name, frozenset(map(str, _listed(values)))) for name, values in table.items())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _spellings(value: Any) -> tuple[Spelling, ...]:
    return tuple(_spelling(one) for one in _listed(value))


def _spelling(one: Any) -> Spelling:
    if isinstance(one, str):
        return Spelling("column", (one,))
    row = dict(one)
    cut, names = str(row.pop("cut", "")), dict(row.pop("values", {}))
    ((how, columns),) = row.items()
    if how not in get_args(How):
        raise ValueError(f"unknown spelling {how}")
    pairs = tuple((str(written), str(name)) for written, name in names.items())
    return Spelling(how, tuple(map(str, _listed(columns))), pairs, cut)
