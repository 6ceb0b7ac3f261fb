"""What a page's code consists of: methods with their parameters, statements, assignments, types.

Not a compiler: one outline for C#, Visual Basic and JScript, good enough to follow data, and
content with code that would not compile.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from extriage.parsers.page.chains import Chain
from extriage.parsers.page.tokens import Token

Key: TypeAlias = tuple[int, str]
"""A variable: the number of the method that it belongs to (0 for the page), and its name."""

_NUMBERS = frozenset(
    {"int", "int32", "int64", "int16", "long", "short", "uint", "uint32", "ulong", "bool"}
    | {"boolean", "double", "float", "decimal", "single", "datetime", "guid", "timespan", "integer"}
)


@dataclass(slots=True)
class Method:
    """A method of the page."""

    name: str
    at: int
    parameters: list[tuple[str, str]]
    """Names and types."""
    start: int
    end: int
    open_to_all: bool = False
    """True if clients call it and give its parameters."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`target = words[start:end]`, also `For Each target In …` and `target => …`."""

    target: Chain
    at: int
    start: int
    end: int


@dataclass(slots=True)
class Outline:
    """Code, taken apart."""

    words: Sequence[Token]
    basic: bool
    match: list[int]
    chains: list[Chain]
    methods: list[Method] = field(default_factory=list)
    scope: list[int] = field(default_factory=list)
    """For each word the number of its method, from 1; 0 outside."""
    local: set[Key] = field(default_factory=set)
    types: dict[Key, str] = field(default_factory=dict)
    statements: list[tuple[int, int]] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    by_start: dict[int, Chain] = field(default_factory=dict)

    def name(self, at: int) -> str:
        """Return a name as it tells variables apart; Visual Basic does not mind the case."""
        return self.words[at].low if self.basic else self.words[at].text

    def key(self, at: int) -> Key:
        """Return the variable that is named here."""
        name = self.name(at)
        inner = (self.scope[at], name)
        return inner if inner in self.local else (0, name)

    def is_number(self, key: Key) -> bool:
        """Tell whether a variable can hold no text."""
        return self.types.get(key, "") in _NUMBERS


def arguments(made: Outline, opened: int, close: int, most: int = 40) -> list[tuple[int, int]]:
    """Return where each argument between two brackets begins and ends."""
    found: list[tuple[int, int]] = []
    at = start = opened + 1
    while at < close and len(found) < most:
        word = made.words[at]
        if word.kind == "p" and word.text in "([{" and made.match[at] > at:
            at = made.match[at]
        elif word.kind == "p" and word.text == ",":
            found.append((start, at))
            start = at + 1
        at += 1
    if start < close:
        found.append((start, close))
    return found
