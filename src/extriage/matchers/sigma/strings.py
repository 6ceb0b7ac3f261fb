"""Texts of a rule: plain, with wildcards, many at once.

Lists of a hundred names are common in rules. Values of one kind are therefore tested together: a
set for whole values, one call for all beginnings or endings, one RE2 automaton for many contents.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import re2

from extriage.matchers.sigma.draft import ANY, Texts, Tokens, Wildcard
from extriage.matchers.sigma.needs import pieces
from extriage.matchers.sigma.parts import FOUND, MISSING, UNKNOWN, Part, RawTest, Test
from extriage.matchers.sigma.regexes import searcher
from extriage.matchers.sigma.views import Row, View, fold

Check: TypeAlias = Callable[[str], object]

MANY = 40
"""From this many contents on, one automaton is faster than one search for each."""

LONGEST = 8000
"""With more text than this an automaton outgrows its memory and becomes the slower way."""


def text_part(view: View, texts: Texts, lost: str = "") -> Part:
    """Return the part that holds if a field has one of some texts."""
    spelt = (variant for value in texts.values for variant in _as_logged(value, lost))
    found = [pieces(value, view.cut) for value in texts.values]
    return Part(_test(view, spelt, cased=texts.cased), _raw(found))


def _as_logged(value: Tokens, lost: str) -> Iterator[Tokens]:
    """Return a value as it is, and as it reads after the log has lost characters of it."""
    yield value
    for char in lost:
        for blank in " +":
            variant = tuple(
                token.replace(char, blank) if isinstance(token, str) else token for token in value
            )
            if variant != value:
                yield variant


def _raw(wanted: list[tuple[str, ...]]) -> RawTest:
    otherwise = MISSING if all(wanted) else UNKNOWN

    def raw(text: str) -> int:
        for found in wanted:
            if found and all(piece in text for piece in found):
                return FOUND
        return otherwise

    return raw


@dataclass(slots=True)
class _Shapes:
    """Values sorted by the way in which they are compared."""

    whole: set[str] = field(default_factory=set)
    heads: list[str] = field(default_factory=list)
    tails: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    globs: list[str] = field(default_factory=list)
    anything: bool = False

    def add(self, value: Tokens) -> None:
        match value:
            case ():
                self.whole.add("")
            case (str(text),):
                self.whole.add(text)
            case (Wildcard.ANY,):
                self.anything = True
            case (str(text), Wildcard.ANY):
                self.heads.append(text)
            case (Wildcard.ANY, str(text)):
                self.tails.append(text)
            case (Wildcard.ANY, str(text), Wildcard.ANY):
                self.contents.append(text)
            case _:
                self.globs.append("".join(map(_as_pattern, value)))

    def checks(self) -> Iterator[Check]:
        if self.anything:
            yield lambda _text: True
        if self.whole:
            yield frozenset(self.whole).__contains__
        if self.heads:
            heads = tuple(self.heads)
            yield lambda text: text.startswith(heads)
        if self.tails:
            tails = tuple(self.tails)
            yield lambda text: text.endswith(tails)
        if len(self.contents) >= MANY and sum(map(len, self.contents)) <= LONGEST:
            yield searcher("|".join(map(re2.escape, self.contents)))
        else:
            yield from map(_containing, self.contents)
        if self.globs:
            yield searcher(rf"(?s)\A(?:{'|'.join(self.globs)})\z")


def _as_pattern(token: str | Wildcard) -> str:
    if isinstance(token, str):
        return str(re2.escape(token))
    return ".*" if token is ANY else "."


def _containing(needle: str) -> Check:
    return lambda text: needle in text


def _test(view: View, values: Iterable[Tokens], *, cased: bool) -> Test:
    shapes = _Shapes()
    for value in values:
        shapes.add(value if cased else _folded(value))
    checks = tuple(shapes.checks())
    return over(view, checks[0] if len(checks) == 1 else _first_of(checks), cased=cased)


def _folded(value: Tokens) -> Tokens:
    return tuple(fold(token) if isinstance(token, str) else token for token in value)


def _first_of(checks: tuple[Check, ...]) -> Check:
    def check(text: str) -> bool:
        for one in checks:  # noqa: SIM110 - a generator costs more than most of these checks
            if one(text):
                return True
        return False

    return check


def over(view: View, check: Check, *, cased: bool) -> Test:
    """Return the test that holds if a check holds for one of a field's values."""

    def as_written(row: Row) -> bool:
        for value in row.raw(view):  # noqa: SIM110 - a generator costs more than the check
            if check(value):
                return True
        return False

    def folded(row: Row) -> bool:
        for value in row.folded(view):  # noqa: SIM110 - a generator costs more than the check
            if check(value):
                return True
        return False

    return as_written if cased else folded
