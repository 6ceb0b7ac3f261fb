"""Kinds of ways back in: what they are called, which field names one, how one is taken out.

Source: `content/knowledge/persistence.yml`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml
from extriage.model.detection import Sign
from extriage.model.evidence import Fields, Record

FILE = "persistence.yml"
NAME_LIMIT = 300
ACTOR_LIMIT = 120
TARGET_LIMIT = 200
_SEARCHED = 2000
_FORMS = {"page": "page", "path": "path", "library": "library", "name": "name"}
_SLASHES = re.compile("/{2,}")
_FIELD = re.compile(r"\{([^{}]+)\}")
_HARMLESS = re.compile(r"[\w \\/.:@()\[\],+=~#*-]+")
"""What a name may hold to stand in a command; other names are left out there."""


@dataclass(frozen=True, slots=True)
class _Naming:
    """One place in which the name of an object may stand."""

    fields: tuple[str, ...]
    """All of them must be there."""
    template: str
    """How they are put together; empty for a single field as it is."""
    after: re.Pattern[str] | None
    kinds: frozenset[str]
    """Kinds of evidence in which it is so; empty for all."""


@dataclass(frozen=True, slots=True)
class PersistenceKind:
    """One kind of way back in."""

    id: str
    title: str
    gives: str
    """What it means for the victim, one sentence."""
    form: str
    """How names of one object are made comparable: `page`, `path`, `library`, `name`."""
    naming: tuple[_Naming, ...]
    removal: tuple[str, ...]
    gone: tuple[str, ...]
    """What to do if it is gone already."""
    attempted: tuple[str, ...]
    """What to do if somebody only tried."""
    unknown: tuple[str, ...]
    """What to do first if nothing tells whether it is still there."""
    ask: tuple[str, ...]
    """What to do first if administrators set up the same."""
    shipped: tuple[str, ...]
    """What to do instead of removing what Exchange cannot do without."""
    _needed: re.Pattern[str] | None
    _command: re.Pattern[str] | None
    goes_to: tuple[str, ...] = ()
    """Fields that name where mail goes."""

    def brings(self, name: str) -> bool:
        """Tell whether an object of this name belongs to Exchange, whatever became of it."""
        return self._needed is not None and self._needed.fullmatch(name) is not None

    def command_name(self, name: str) -> str:
        """Return the part of a name that a command line takes; empty if it has none."""
        if self._command is None:
            return name
        found = self._command.search(name)
        return found[1].strip() if found else ""


@dataclass(frozen=True, slots=True)
class _SignRow:
    """What a line says of an object if it is such evidence and has such fields."""

    sign: Sign
    kinds: frozenset[str]
    where: tuple[tuple[str, tuple[str, ...]], ...]


@cache
def persistence_kinds() -> Mapping[str, PersistenceKind]:
    """Load the kinds by id; ContentError says which is wrong."""
    document = _document()
    return {name: _kind(name, row, document) for name, row in document["kinds"].items()}


def object_of(kind: str, record: Record, own: Sequence[str] = ()) -> str:
    """Return what the way back is called of which a record speaks; empty if no field names it.

    `own` are the fields of the rule, which come before those of its kind.
    """
    known = persistence_kinds().get(kind)
    namings = [*map(_naming, own), *(known.naming if known else ())]
    for naming in namings:
        if not naming.kinds or record.kind in naming.kinds:
            found = " ".join(_named(naming, record.fields).split())
            if found:
                return found[:NAME_LIMIT]
    return ""


def sign_of(record: Record) -> Sign:
    """Return what a record says of the object that it names."""
    for row in _signs_of(record.kind, tuple(record.fields)):
        if all(_has(record.fields, name, values) for name, values in row.where):
            return row.sign
    return Sign.PLANTED


def actor_of(record: Record) -> str:
    """Return who did what a record tells, as it names him; empty if it names nobody."""
    found = (_value(record.fields, name) for name in _actors_of(tuple(record.fields)))
    return " ".join(next((one for one in found if one), "").split())[:ACTOR_LIMIT]


def target_of(kind: str, record: Record) -> str:
    """Return where mail goes that a way back sends on, as a sentence; empty if it tells nothing."""
    known = persistence_kinds().get(kind)
    names = known.goes_to if known else ()
    found = (_value(record.fields, name) for name in names if name in record.fields)
    target = " ".join(next((one for one in found if one), "").split())[:TARGET_LIMIT]
    sentence: str = _document()["goes_to"]
    return sentence.replace("{target}", target) if target and target != "$null" else ""


def tells_target(reason: str) -> bool:
    """Tell whether a reason of a way back names where mail goes."""
    sentence: str = _document()["goes_to"]
    return reason.startswith(sentence.partition("{")[0])


def steps(lines: Sequence[str], name: str, kind: PersistenceKind) -> tuple[str, ...]:
    """Put the name of an object into the steps of its removal.

    A name with characters that a shell would obey is not put there, so that nobody pastes an order
    of the intruder.
    """
    shown, short = _harmless(name, "<the name above>"), kind.command_name(name)
    typed = _harmless(short, "<the name above>") if short else "<its name>"
    return tuple(line.replace("{object}", shown).replace("{name}", typed) for line in lines)


def _harmless(name: str, instead: str) -> str:
    return f'"{name}"' if _HARMLESS.fullmatch(name) and not name.startswith("-") else instead


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = own_yaml("knowledge", FILE)
    return document


@cache
def _actors() -> tuple[str, ...]:
    return tuple(_document()["actors"])


@cache
def _signs() -> tuple[_SignRow, ...]:
    return tuple(
        _SignRow(
            Sign(row["sign"]),
            frozenset(row.get("kinds", ())),
            tuple(
                (name, tuple(str(value).lower() for value in values))
                for name, values in row.get("where", {}).items()
            ),
        )
        for row in _document()["signs"]
    )


@lru_cache(maxsize=1024)
def _signs_of(kind: str, names: tuple[str, ...]) -> tuple[_SignRow, ...]:
    """Return the signs that a record of this kind with these fields can show."""
    there = frozenset(names)
    return tuple(
        row
        for row in _signs()
        if (not row.kinds or kind in row.kinds) and there.issuperset(name for name, _ in row.where)
    )


@lru_cache(maxsize=1024)
def _actors_of(names: tuple[str, ...]) -> tuple[str, ...]:
    there = frozenset(names)
    return tuple(name for name in _actors() if name in there)


def _kind(name: str, row: Mapping[str, Any], document: Mapping[str, Any]) -> PersistenceKind:
    try:
        return PersistenceKind(
            name,
            row["title"],
            row["gives"],
            _FORMS[row["form"]],
            tuple(_naming(one) for one in row["object"]),
            tuple(row["removal"]),
            tuple(row.get("gone", document["gone"])),
            tuple(row.get("attempted", document["attempted"])),
            tuple(row.get("unknown", document["unknown"])),
            tuple(row.get("ask", document["ask"])),
            tuple(row.get("shipped", ())),
            re.compile(row["needed"]) if "needed" in row else None,
            re.compile(row["command"]) if "command" in row else None,
            tuple(row.get("goes_to", ())),
        )
    except (KeyError, TypeError, ValueError, re.error) as error:
        raise ContentError(f"{FILE}: {name}: {error!r}") from error


def _naming(one: str | Mapping[str, Any]) -> _Naming:
    row: Mapping[str, Any] = {"field": one} if isinstance(one, str) else one
    text = row["field"]
    kinds = frozenset(row.get("kinds", ()))
    if text.startswith("="):
        return _Naming((), text[1:], None, kinds)
    after = re.compile(row["after"]) if "after" in row else None
    fields = tuple(_FIELD.findall(text))
    return _Naming(fields or (text,), text if fields else "", after, kinds)


def _named(naming: _Naming, fields: Fields) -> str:
    values = [_value(fields, name) for name in naming.fields]
    if not all(values):
        return ""
    text = values[0] if values else ""
    if naming.template:
        found = dict(zip(naming.fields, values, strict=True))
        text = _FIELD.sub(lambda match: found[match[1]], naming.template)
    if naming.after is None:
        return text
    match = naming.after.search(text)
    return _SLASHES.sub("/", "".join(filter(None, match.groups()))).strip() if match else ""


def _value(fields: Fields, name: str) -> str:
    found = fields.get(name, "")
    value = found if isinstance(found, str) else ", ".join(found[:20])
    value = value[:_SEARCHED].strip().strip("\"'")
    return "" if value in {"-", "$null"} else value


def _has(fields: Fields, name: str, values: Sequence[str]) -> bool:
    found = fields.get(name, ())
    told = [found] if isinstance(found, str) else found[:20]
    return any(_is(one[:_SEARCHED].strip().lower(), value) for one in told for value in values)


def _is(told: str, value: str) -> bool:
    return told.startswith(value[:-1]) if value.endswith("*") else told == value
