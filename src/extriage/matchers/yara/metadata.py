"""What a YARA rule says about itself, in our own words or in those that are usual elsewhere.

A rule with a `level` uses our keys. Others say what signature-base and its like say: `description`,
`author`, `reference`, `score`; they claim no stage.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from extriage.knowledge.persistence import persistence_kinds
from extriage.model.detection import About, Certainty, Level, Rule, Sign, Stage

Meta: TypeAlias = Iterable[tuple[str, Any]]

HIGH, MEDIUM = 80, 60
"""From these scores on a foreign rule has that level; below it is low."""
TITLE_LIMIT = 120

_TECHNIQUE = re.compile(r"\b[Tt]\d{4}(?:\.\d{3})?\b")
_WORDS: dict[str, Any] = {
    "level": Level,
    "stage": Stage,
    "hints": Stage,
    "certainty": Certainty,
    "about": About,
    "sign": Sign,
}


class WrongMetaError(Exception):
    """A rule says something about itself that cannot be; the text says what."""


@dataclass(frozen=True, slots=True)
class YaraRule:
    """One rule: what it says, where it stands among the compiled ones, and what it is for."""

    rule: Rule
    namespace: str
    identifier: str
    scope: tuple[str, ...] = ()
    """Kinds of evidence that it is for; empty stands for all that YARA rules look at."""

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells it from all other compiled rules."""
        return (self.namespace, self.identifier)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule was found, and what it is called."""

    path: str
    namespace: str
    identifier: str
    name: str
    """Its id among all rules of a run."""
    tags: tuple[str, ...] = ()


def rule_of(meta: Meta, place: Place, kinds: tuple[str, ...]) -> YaraRule:
    """Return a rule; `kinds` are those that YARA looks at. WrongMetaError for a word unknown."""
    values: dict[str, list[str]] = {}
    for name, value in meta:
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        values.setdefault(name.lower(), []).append(text.strip())
    made = _own if "level" in values else _foreign
    scope = tuple(sorted({one for text in values.get("scope", ()) for one in text.split()}))
    if "level" not in values:
        scope = ()
    elif unknown := set(scope) - set(kinds):
        raise WrongMetaError(f"scope {', '.join(sorted(unknown))} is none of {', '.join(kinds)}")
    rule = made(values, place, scope or kinds)
    return YaraRule(rule, place.namespace, place.identifier, scope)


def _own(values: dict[str, list[str]], place: Place, kinds: tuple[str, ...]) -> Rule:
    if "stage" in values and "hints" in values:
        raise WrongMetaError("`stage` is what a match proves, `hints` what it does not: name one")
    kind = _first(values, "persistence")
    if kind and kind not in persistence_kinds():
        raise WrongMetaError(f"persistence {kind!r} is no kind of persistence.yml")
    words = {name: _word(name, values) for name in _WORDS}
    return Rule(
        id=place.name,
        title=_first(values, "title") or place.identifier,
        description=_first(values, "description"),
        level=words["level"],
        stage=words["stage"],
        certainty=words["certainty"] or Certainty.POSSIBLE,
        campaign=_first(values, "campaign"),
        cves=tuple(sorted({one.upper() for one in _split(values, "cve")})),
        attack=_techniques(values, "attack"),
        kinds=kinds,
        references=tuple(values.get("reference", ())),
        look_alikes=tuple(values.get("falsepositive", ())),
        author=_first(values, "author"),
        path=place.path,
        hints=words["hints"],
        about=words["about"],
        persistence=kind,
        sign=words["sign"],
    )


def _foreign(values: dict[str, list[str]], place: Place, kinds: tuple[str, ...]) -> Rule:
    said = _first(values, "description")
    title = said.partition("\n")[0][:TITLE_LIMIT]
    named = ("attack", "mitre", "mitre_att", "mitre_attack", "technique")
    tagged = {one.upper() for tag in place.tags for one in _TECHNIQUE.findall(tag)}
    found = set[str]().union(*(_techniques(values, name) for name in named), tagged)
    return Rule(
        id=place.name,
        title=title or place.identifier,
        description=said,
        level=_level(_first(values, "score")),
        stage=None,
        certainty=Certainty.POSSIBLE,
        campaign="",
        cves=(),
        attack=tuple(sorted(found)),
        kinds=kinds,
        references=tuple(
            one for name in sorted(values) if name.startswith("ref") for one in values[name]
        ),
        look_alikes=(),
        author=_first(values, "author"),
        path=place.path,
    )


def _level(score: str) -> Level:
    try:
        known = float(score)
    except ValueError:
        return Level.LOW
    return Level.HIGH if known >= HIGH else Level.MEDIUM if known >= MEDIUM else Level.LOW


def _word(name: str, values: dict[str, list[str]]) -> Any:
    value = _first(values, name)
    if not value:
        return None
    try:
        return _WORDS[name](value)
    except ValueError:
        allowed = ", ".join(_WORDS[name])
        raise WrongMetaError(f"{name} {value!r} is none of {allowed}") from None


def _techniques(values: dict[str, list[str]], name: str) -> tuple[str, ...]:
    found = {one.upper() for text in values.get(name, ()) for one in _TECHNIQUE.findall(text)}
    return tuple(sorted(found))


def _split(values: dict[str, list[str]], name: str) -> Iterable[str]:
    return (one for text in values.get(name, ()) for one in text.split())


def _first(values: dict[str, list[str]], name: str) -> str:
    found = values.get(name, ("",))
    return found[0]
