"""How the readers of configuration put down what they found: short, with its place."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from extriage.model.evidence import Origin
from extriage.model.state import Fact, Subject
from extriage.parsers.base import DocumentError

_COMPUTER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
NAME_LIMIT = 512
VALUE_LIMIT = 8192
TEXT_LIMIT = 400
MOST_FACTS = 20_000


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


def bounded(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Hand on what a document says, to a bound that no honest one reaches."""
    for count, fact in enumerate(facts):
        if count == MOST_FACTS:
            raise DocumentError(f"says more than {MOST_FACTS:,} things: the rest was not read")
        yield fact


def short_name(computer: str) -> str:
    """Return a server's own name without its domain: `SOLO-E19A` of `solo-e19a.solo.com`.

    What cannot be a computer's name gives none: objects of other kinds have names too.
    """
    name = computer.strip().lstrip("\\").split(".", 1)[0]
    return name if _COMPUTER.fullmatch(name) else ""
