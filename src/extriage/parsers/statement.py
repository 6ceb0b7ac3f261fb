"""How the readers of configuration put down what they found: short, with its place."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from extriage.model.evidence import Origin
from extriage.model.state import FOR_RULES, Fact, Subject
from extriage.parsers.base import DocumentError

_COMPUTER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
NAME_LIMIT = 512
VALUE_LIMIT = 8192
TEXT_LIMIT = 400
MOST_FACTS = 20_000
MOST_FOR_RULES = 500_000
"""Facts of one document that rules look at and nobody keeps; large organisations export many."""


@dataclass(frozen=True, slots=True)
class Source:
    """The document that facts are taken from."""

    evidence: str
    """Its kind: `iis-config`, `web-config`, `powershell-export`, `exchange-config`."""
    path: str
    computer: str = ""
    """The server that the document names, if it does."""

    def fact(
        self, subject: Subject, name: str, value: str, line: int, text: str = "", **known: datetime
    ) -> Fact:
        """Make a fact of one place, cut to the bounds; `time` is when it was so, in UTC."""
        return Fact(
            subject,
            name[:NAME_LIMIT],
            value[:VALUE_LIMIT],
            self.evidence,
            Origin(self.path, line),
            known.get("time"),
            self.computer,
            (text or f"{name}: {value}")[:TEXT_LIMIT],
        )

    def told(
        self, subject: Subject, name: str, value: str, line: int, properties: Mapping[str, str]
    ) -> Fact:
        """Make a fact with properties that rules may ask for."""
        return with_properties(self.fact(subject, name, value, line), properties)


def with_properties(fact: Fact, properties: Mapping[str, str]) -> Fact:
    """Add properties to a fact, cut to the bounds; those without a value are left out."""
    kept = ((name, text[:VALUE_LIMIT]) for name, text in properties.items() if text)
    return replace(fact, properties=tuple(kept))


def bounded(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Hand on what a document says, to a bound that no honest one reaches."""
    kept = passed = 0
    for fact in facts:
        if fact.subject in FOR_RULES:
            passed += 1
        else:
            kept += 1
        if kept > MOST_FACTS or passed > MOST_FOR_RULES:
            most = MOST_FACTS if kept > MOST_FACTS else MOST_FOR_RULES
            raise DocumentError(f"says more than {most:,} things: the rest was not read")
        yield fact


def short_name(computer: str) -> str:
    """Return a server's own name without its domain: `SOLO-E19A` of `solo-e19a.solo.com`.

    What cannot be a computer's name gives none: objects of other kinds have names too.
    """
    name = computer.strip().lstrip("\\").split(".", 1)[0]
    return name if _COMPUTER.fullmatch(name) else ""
