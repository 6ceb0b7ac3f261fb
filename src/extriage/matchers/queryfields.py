"""Fields as a query names them: in any case of the letters, or by a name for several logs at once.

Source: `content/query.yml` for the names of our own, `content/joins.yml` for what joins records,
and `content/logsources.yml` for which fields do not stand in the raw line.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, TypeAlias

from extriage.knowledge.content import own_yaml
from extriage.knowledge.joins import address_of, join_keys
from extriage.knowledge.logsources import LogTarget, load_logsources
from extriage.matchers.sigma.literals import Cut, cutter, nothing, rendered_cutter
from extriage.matchers.sigma.views import Lens, Values, View
from extriage.model.evidence import Fields, Record

Marked: TypeAlias = tuple[tuple[str, str], ...]
"""Names of fields in small letters, each with the text that the value follows, or none."""

OF_RECORD = ("kind", "time", "host")
"""Names that ask for the record itself."""
ADDRESS = "@"
"""Stands before the name of a field whose values are read as addresses."""
OF_TOKEN = "#token"
"""Stands after the name of a field of which only what is read out of tokens is meant."""
TOKEN = "commonaccesstoken."
TOKEN_MARK = "rps-cat"
"""Stands in every line out of which a token is read."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for fields of several logs."""

    fields: Marked
    how: str = ""
    urls: tuple[tuple[str, str], ...] = ()


@cache
def aliases() -> dict[str, Alias]:
    """Return the names for several logs at once."""
    keys = {key.name: key.fields for key in join_keys()}
    found: dict[str, Alias] = {}
    for name, row in own_yaml("query.yml")["aliases"].items():
        fields = [(field.lower(), mark) for key in row.get("keys", ()) for field, mark in keys[key]]
        fields += [(field.lower(), "") for field in row.get("fields", ())]
        urls = tuple((path.lower(), query.lower()) for path, query in row.get("urls", ()))
        found[name] = Alias(tuple(dict.fromkeys(fields)), row.get("how", ""), urls)
    return found


def alias_of(name: str) -> Alias:
    """Return what a name in small letters stands for: itself, if it is no name of our own."""
    return aliases().get(name) or Alias(((name, ""),))


@cache
def plain_targets() -> dict[str, LogTarget]:
    """Return by kind of evidence how its records relate to their raw lines."""
    found: dict[str, LogTarget] = {}
    for targets in load_logsources().known.values():
        for one in targets:
            bare = replace(one, where=(), unless=(), fields={}, missing={}, closed=False)
            found.setdefault(one.kind, bare)
    return found


def query_lens(kind: str, names: frozenset[str]) -> "QueryLens":
    """Return the lens for a query on one kind, which asks for fields of these names.

    An empty name stands for texts that may stand anywhere.
    """
    target = plain_targets().get(kind) or LogTarget(kind)
    columns = {name.lower() for name in target.unmasked}
    made = {name.lower() for name in target.unmasked.values()} | {"disguise", "disguisedwords"}
    asked = {field for name in names for field, _ in alias_of(name).fields}
    asked |= {field for name in names for pair in alias_of(name).urls for field in pair}
    token = any(name.startswith(TOKEN) for name in asked)
    if not (token or "" in names or asked & (columns | made | {"unmasked", "pageshipped"})):
        target = replace(target, unmasked={})
    return QueryLens(target)


class QueryLens(Lens):
    """The views of a query on one kind of evidence."""

    def __init__(self, target: LogTarget) -> None:
        super().__init__(target)
        self._asked: dict[str, View] = {}
        self.derived = frozenset(name.lower() for name in target.derived)
        self._rendered = frozenset(name.lower() for name in target.rendered)
        self._unmasked = {name.lower(): made.lower() for name, made in target.unmasked.items()}

    def view(self, name: str) -> View:
        """Return the view of one field, named in small letters."""
        if name not in self._asked:
            self._asked[name] = self._made(name)
        return self._asked[name]

    def _made(self, name: str) -> View:
        if name in OF_RECORD:
            read = _OF_RECORD[name]
            return View(name, read, nothing, read)
        alias = alias_of(_bare(name))
        tokens, others = self.divided(name)
        if tokens:
            fields = tokens if name.endswith(OF_TOKEN) else others
            alias = Alias(fields, alias.how, alias.urls)
        read = self._reader(alias, "address" if name.startswith(ADDRESS) else alias.how)
        return View(name, read, self._cut(alias), read)

    def divided(self, name: str) -> tuple[Marked, Marked]:
        """Return which fields of a name are read out of tokens, and the others."""
        fields = alias_of(_bare(name)).fields
        tokens = tuple(one for one in fields if one[0].startswith(TOKEN) and one[0] in self.derived)
        return tokens, tuple(one for one in fields if one not in tokens)

    def _cut(self, alias: Alias) -> Cut:
        """Return what cuts values into texts that stand in the raw line whenever they are met."""
        names = {field for field, _ in alias.fields}
        if names & self.derived:
            return nothing
        if names & self._rendered:
            return rendered_cutter("" if self.target.kind == "events" else "-")
        breaks = ("? +" if alias.urls else "") + (" +" if alias.how == "agent" else "")
        lost = f"{self.target.lost} +" if self.target.lost else ""
        return cutter(self.target.kind, breaks + lost)

    def _reader(self, alias: Alias, how: str) -> Callable[[Record], Values]:
        wanted = tuple(
            (name, mark) for field, mark in alias.fields for name in self._spelt(field)
        )  # fmt: skip
        more = _VARIANTS.get(how)
        urls = alias.urls
        made = tuple((name, "") for pair in urls for field in pair for name in self._spelt(field))
        wanted += made + ((("unmasked", ""),) if self._unmasked and urls else ())

        def read(record: Record) -> Values:
            found = _values(record.fields, wanted)
            for path, query in urls:
                found += _joined(record.fields, path, query)
            if more is not None:
                found += [other for value in found for other in more(value)]
            return tuple(dict.fromkeys(found))

        return read

    def _spelt(self, field: str) -> tuple[str, ...]:
        """Return a column with the field that says what it means where it is disguised."""
        made = self._unmasked.get(field)
        return (field, made) if made else (field,)


def _bare(name: str) -> str:
    return name.removeprefix(ADDRESS).removesuffix(OF_TOKEN)


def _values(fields: Fields, wanted: Marked) -> list[str]:
    names = _names(tuple(fields))
    found: list[str] = []
    for name, mark in wanted:
        for actual in names.get(name, ()):
            value = fields[actual]
            values = (value,) if isinstance(value, str) else value
            found += (_after(one, mark) for one in values) if mark else values
    return found


def _after(value: str, mark: str) -> str:
    at = value.lower().find(mark)
    if at < 0:
        return ""
    rest = value[at + len(mark) :]
    ends = [end for end in map(rest.find, "&;# '\"") if end >= 0]
    return rest[: min(ends, default=len(rest))]


def _joined(fields: Fields, path: str, query: str) -> list[str]:
    names = _names(tuple(fields))
    if path not in names or query not in names:
        return []
    stem, asked = fields[names[path][0]], fields[names[query][0]]
    if not isinstance(stem, str) or not isinstance(asked, str) or not asked:
        return []
    return [f"{stem}?{asked.removeprefix('?')}"]


@lru_cache(maxsize=256)
def _names(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the fields of a record by their names in small letters."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        low = name.lower()
        found[low] = (*found.get(low, ()), name)
    return found


def _address(value: str) -> tuple[str, ...]:
    found = address_of(value[:200])
    return (str(found),) if found else ()


def _account(value: str) -> tuple[str, ...]:
    """Return an account without its domain, in both ways of writing it."""
    name = value.rpartition("\\")[2].rpartition("/")[2]
    return (name, name.partition("@")[0])


_VARIANTS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "address": _address,
    "account": _account,
    "agent": lambda value: (value.replace("+", " "),),
}


def _host(record: Record) -> Values:
    name = record.computer
    return (name, name.partition(".")[0]) if name else ()


def _time(record: Record) -> Values:
    return (f"{record.time.timestamp():.6f}",) if record.time else ()


_OF_RECORD: dict[str, Any] = {
    "kind": lambda record: (record.kind,),
    "time": _time,
    "host": _host,
}


def field_of(record: Record, name: str) -> str:
    """Return a field of a record as a column of output: its first value that is not empty."""
    low = name.lower()
    if low == "time" and record.time and not record.raw:
        return record.time.isoformat().replace("+00:00", "Z")
    if low in ("kind", "host"):
        return next(iter(_OF_RECORD[low](record)), "")
    alias = alias_of(low)
    values = _values(record.fields, alias.fields)
    for path, query in alias.urls:
        values = (
            _joined(record.fields, path, query) + values + _values(record.fields, ((path, ""),))
        )
    return next(filter(None, values), "")
