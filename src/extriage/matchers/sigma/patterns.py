"""Text that every match of a regular expression contains.

Rules with regular expressions would otherwise force every line of a log to be parsed. Only what is
certain is used: anything this reader does not know promises nothing.
Syntax: https://github.com/google/re2/wiki/Syntax.
"""

import re
from typing import Literal, TypeAlias

Need: TypeAlias = "str | tuple[Literal['all', 'any'], list[Need]]"
"""Literal text, or a list of needs of which all (or any) must be met."""

NOTHING: Need = ("all", [])

_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|[imsU]*(?:-[imsU]+)?:))?(?!\?)")
_FLAGS = re.compile(r"\(\?[imsU]*(?:-[imsU]+)?\)")
_REPEAT = re.compile(r"(?:[*+?]|\{(\d+)(?:,\d*)?\})[?]?")
_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]", re.DOTALL)
_ONE_CHARACTER = re.compile(r"\[(?:\\(\W)|([^\\^\[\]]))\]", re.DOTALL)
_ZERO_WIDTH = "bBAz"
_BREAKING = "dDwWsSntrfva"


class _UnknownSyntaxError(Exception):
    """The pattern uses something that this reader does not know."""


def needs_of(pattern: str) -> Need:
    """Return what every text must contain (in lower case) that a pattern matches."""
    try:
        reader = _Reader(pattern)
        need = reader.alternatives(0)
        return need if reader.at == len(pattern) else NOTHING
    except _UnknownSyntaxError:
        return NOTHING


class _Reader:
    """A position in a pattern; reads it from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self, depth: int) -> Need:
        if depth > 50:
            raise _UnknownSyntaxError
        found = [self._sequence(depth)]
        while self._peek() == "|":
            self.at += 1
            found.append(self._sequence(depth))
        return found[0] if len(found) == 1 else ("any", found)

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _sequence(self, depth: int) -> Need:
        """Read up to the next `|` or `)`; runs of plain characters are what is needed."""
        needs: list[Need] = []
        run = ""
        while self._peek() not in ("", "|", ")"):
            char, need = self._atom(depth)
            least = self._least()
            if char is not None and least is None:
                run += char
                continue
            if char:
                run += char if least else ""
            elif need and least != 0:
                needs.append(need)
            needs.append(run)
            run = ""
        needs.append(run)
        return ("all", [need for need in needs if need])

    def _atom(self, depth: int) -> tuple[str | None, Need]:
        """Read one atom: a plain character, nothing of width ("") or something else (None)."""
        if self._peek() == "(":
            return self._group(depth)
        if self._peek() == "[":
            return self._class(), NOTHING
        char = self._peek()
        self.at += 1
        if char == "\\":
            return self._escape(), NOTHING
        if char in "^$":
            return "", NOTHING
        if char in "*+?":
            raise _UnknownSyntaxError
        return (None if char == "." or not char.isascii() else char.lower()), NOTHING

    def _group(self, depth: int) -> tuple[str | None, Need]:
        if flags := _FLAGS.match(self.pattern, self.at):
            self.at = flags.end()
            return "", NOTHING
        start = _GROUP.match(self.pattern, self.at)
        if start is None:
            raise _UnknownSyntaxError
        self.at = start.end()
        need = self.alternatives(depth + 1)
        if self._peek() != ")":
            raise _UnknownSyntaxError
        self.at += 1
        return None, need

    def _class(self) -> str | None:
        found = _CLASS.match(self.pattern, self.at)
        if found is None:
            raise _UnknownSyntaxError
        self.at = found.end()
        only = _ONE_CHARACTER.fullmatch(found[0])
        char = (only[1] or only[2]) if only else ""
        return char.lower() if char and char.isascii() else None

    def _escape(self) -> str | None:
        char = self._peek()
        self.at += 1
        if char and not char.isalnum() and char != "_":
            return char if char.isascii() else None
        if char in _ZERO_WIDTH:
            return ""
        if char in _BREAKING:
            return None
        raise _UnknownSyntaxError

    def _least(self) -> int | None:
        """Read a quantifier and return the least count that it asks for; None if there is none."""
        found = _REPEAT.match(self.pattern, self.at)
        if found is None:
            return None
        self.at = found.end()
        if found[1] is not None:
            return int(found[1])
        return 1 if found[0][0] == "+" else 0
