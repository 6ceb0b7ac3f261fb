"""What authorities ask: the forms of `content/forms`, one file each, checked when they are read.

A form says of each question who must answer it (the case, a person, or both), which answer
function of `analysis/answers` is asked with what, and whether for each server. Deadlines are
periods from the moment of awareness or of the notification, or fixed days.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml

FOLDER = "forms"
WHO = ("case", "person", "both")
PER = ("server", "organisation")
FROM = ("aware", "notified")
_AFTER = re.compile(r"(\d{1,3}) ?(h|hours?|days?|months?)")
_ID = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_SPACE = re.compile(r"\s+")
_FORM = {
    *("id", "title", "authority", "basis", "as_of", "references", "handling", "notes", "steps"),
    *("deadlines", "sections"),
}
_DEADLINE = {"id", "title", "basis", "from", "after", "at", "met", "note", "steps"}
_SECTION = {"id", "title", "note", "steps", "questions"}
_QUESTION = {"id", "number", "text", "quoted", "who", "ask", "with", "per", "options", "note"}
_WITH = {"also", "attack", "campaigns", "cves", "keys", "logs", "products", "rules", "ways"}


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """How a deadline is counted."""

    id: str
    title: str
    basis: str
    since: str
    """`aware` or `notified`; empty for a fixed day."""
    amount: int
    unit: str
    """`hours`, `days` or `months`."""
    at: datetime | None
    met: bool
    """True if it is this message that `--notified-at` is about."""
    note: str
    steps: frozenset[str]


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One question of a form."""

    id: str
    number: str
    text: str
    quoted: bool
    who: str
    ask: str
    """Name of the answer function; empty if the case has nothing to say to it."""
    details: Mapping[str, tuple[str, ...]]
    """What the function is asked about: rules, logs, vulnerabilities, ATT&CK techniques …"""
    per: str
    options: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class FormSection:
    """Questions that belong together, and the steps of the form that ask them."""

    id: str
    title: str
    note: str
    steps: frozenset[str]
    questions: tuple[AskedQuestion, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """All that one authority asks."""

    id: str
    title: str
    authority: str
    basis: str
    as_of: date
    references: tuple[str, ...]
    handling: str
    notes: tuple[str, ...]
    steps: Mapping[str, str]
    """Parts that can be asked for alone, with their titles; empty for a form of one piece."""
    deadlines: tuple[DeadlineRule, ...]
    sections: tuple[FormSection, ...]

    @property
    def questions(self) -> tuple[AskedQuestion, ...]:
        """Return the questions of all sections."""
        return tuple(one for section in self.sections for one in section.questions)


@cache
def form_names() -> tuple[str, ...]:
    """Return the ids of all forms, in order."""
    folder = files("extriage").joinpath("content", FOLDER)
    names = (item.name for item in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yml") for name in names if name.endswith(".yml")))


@cache
def form(name: str) -> Form:
    """Load one form; ContentError names file and key of the first thing that is wrong."""
    try:
        document = own_yaml(FOLDER, f"{name}.yml")
    except yaml.YAMLError as error:
        raise ContentError(f"{name}.yml is no YAML: {' '.join(str(error).split())}") from error
    return read_form(document, f"{name}.yml")


def read_form(document: object, file: str) -> Form:
    """Check a form's document; ContentError names file and key of the first thing that is wrong."""
    top = _Map(document, file, "", _FORM)
    steps = _steps(top)
    sections = tuple(_section(row, steps) for row in top.maps("sections", _SECTION))
    found = Form(
        *(top.id("id"), top.text("title"), top.text("authority"), top.text("basis")),
        as_of=top.day("as_of"),
        references=top.links("references"),
        handling=top.text("handling", needed=False),
        notes=top.texts("notes"),
        steps=steps,
        deadlines=tuple(_deadline(row, steps) for row in top.maps("deadlines", _DEADLINE)),
        sections=sections,
    )
    if f"{found.id}.yml" != file:
        raise top.wrong("id", f"{found.id!r} is not the name of the file")
    if not found.questions:
        raise top.wrong("sections", "there is no question in them")
    _once(top, "deadlines", (one.id for one in found.deadlines))
    _once(top, "sections", (one.id for one in found.sections))
    _once(top, "sections", (one.id for one in found.questions))
    return found


class _Map:
    """One map of a form file, and where it stands."""

    def __init__(self, value: object, file: str, place: str, known: Iterable[str]):
        self.file, self.place = file, place
        if not isinstance(value, dict):
            raise ContentError(f"{file}: {place or 'the file'} is no map of keys")
        self.values: dict[str, Any] = {str(key): one for key, one in value.items()}
        strange = sorted(self.values.keys() - set(known))
        if strange:
            raise self.wrong(
                strange[0], f"there is no such key; there are {', '.join(sorted(known))}"
            )

    def wrong(self, key: str, what: str) -> ContentError:
        """Return the error for one key."""
        place = f"{self.place}: {key}" if self.place else key
        return ContentError(f"{self.file}: {place}: {what}")

    def text(self, key: str, *, needed: bool = True) -> str:
        value = self.values.get(key, "")
        if not isinstance(value, str | int | float):
            raise self.wrong(key, "this must be one text")
        text = _SPACE.sub(" ", str(value)).strip()
        if needed and not text:
            raise self.wrong(key, "this is missing or empty")
        return text

    def id(self, key: str) -> str:
        text = self.text(key)
        if not _ID.fullmatch(text):
            raise self.wrong(key, f"{text[:40]!r} is no id: small letters, digits and hyphens")
        return text

    def one_of(self, key: str, choices: tuple[str, ...], default: str) -> str:
        text = self.text(key, needed=False) or default
        if text not in choices:
            raise self.wrong(key, f"{text[:40]!r} is none of {', '.join(choices)}")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.values.get(key) or []
        if not isinstance(values, list) or not all(isinstance(one, str | int) for one in values):
            raise self.wrong(key, "this must be a list of texts")
        return tuple(_SPACE.sub(" ", str(one)).strip() for one in values)

    def links(self, key: str) -> tuple[str, ...]:
        found = self.texts(key)
        if not found or not all(one.startswith("https://") for one in found):
            raise self.wrong(key, "at least one https address is needed, and nothing else")
        return found

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "this must be true or false")
        return value

    def day(self, key: str) -> date:
        value = self.values.get(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.wrong(key, "this must be a day such as 2026-11-23")
        return value

    def maps(self, key: str, known: Iterable[str]) -> "list[_Map]":
        values = self.values.get(key) or []
        if not isinstance(values, list):
            raise self.wrong(key, "this must be a list")
        before = f"{self.place}, " if self.place else ""
        names = (one.get("id") if isinstance(one, dict) else None for one in values)
        places = [f"{before}{key} {name or at}" for at, name in enumerate(names, 1)]
        return [_Map(one, self.file, at, known) for one, at in zip(values, places, strict=True)]


def _steps(top: _Map) -> Mapping[str, str]:
    value = top.values.get("steps") or {}
    if not isinstance(value, dict):
        raise top.wrong("steps", "this must be a map of steps and their titles")
    return {str(name): str(title) for name, title in value.items()}


def _known_steps(row: _Map, steps: Mapping[str, str]) -> frozenset[str]:
    named = row.texts("steps")
    strange = [one for one in named if one not in steps]
    if strange:
        raise row.wrong("steps", f"{strange[0]!r} is no step of this form")
    return frozenset(named or steps)


def _section(row: _Map, steps: Mapping[str, str]) -> FormSection:
    return FormSection(
        *(row.id("id"), row.text("title"), row.text("note", needed=False)),
        steps=_known_steps(row, steps),
        questions=tuple(_question(one) for one in row.maps("questions", _QUESTION)),
    )


def _question(row: _Map) -> AskedQuestion:
    who = row.one_of("who", WHO, "")
    ask = row.text("ask", needed=False)
    if who != "person" and not ask:
        raise row.wrong("ask", "a question that a person does not answer alone needs a function")
    return AskedQuestion(
        *(row.id("id"), row.text("number"), row.text("text"), row.flag("quoted"), who, ask),
        details=_details(row),
        per=row.one_of("per", PER, "organisation"),
        options=row.texts("options"),
        note=row.text("note", needed=False),
    )


def _details(row: _Map) -> Mapping[str, tuple[str, ...]]:
    place = f"{row.place}, with"
    inner = _Map(row.values.get("with") or {}, row.file, place, _WITH)
    return {key: inner.texts(key) for key in inner.values}


def _deadline(row: _Map, steps: Mapping[str, str]) -> DeadlineRule:
    since, amount, unit, at = "", 0, "", None
    if "at" in row.values:
        at = _fixed(row)
        if "after" in row.values or "from" in row.values:
            raise row.wrong("at", "a fixed day has neither `from` nor `after`")
    else:
        since = row.one_of("from", FROM, "")
        amount, unit = _period(row)
    return DeadlineRule(
        *(row.id("id"), row.text("title"), row.text("basis"), since, amount, unit, at),
        met=row.flag("met"),
        note=row.text("note", needed=False),
        steps=_known_steps(row, steps),
    )


def _fixed(row: _Map) -> datetime:
    try:
        at = datetime.fromisoformat(row.text("at"))
    except ValueError as error:
        raise row.wrong("at", "this must be a time such as 2021-03-05T12:00-05:00") from error
    if at.tzinfo is None:
        raise row.wrong("at", "the time has no zone; add one, such as -05:00")
    return at.astimezone(UTC)


def _period(row: _Map) -> tuple[int, str]:
    found = _AFTER.fullmatch(row.text("after"))
    if not found or not int(found[1]):
        raise row.wrong("after", "this must be a period such as 72h, 3 days or 1 month")
    return int(found[1]), {"h": "hours", "d": "days", "m": "months"}[found[2][0]]


def _once(top: _Map, key: str, names: Iterable[str]) -> None:
    seen = set[str]()
    for name in names:
        if name in seen:
            raise top.wrong(key, f"the id {name!r} stands there twice")
        seen.add(name)
