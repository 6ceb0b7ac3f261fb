"""Search for things that stand together in a line, where one of them alone is in every third line.

A literal of a rule may stand in many ordinary lines (`/owa/auth/`), but not beside the others that
the rule asks for (`.txt` in the same column, the method POST). Each alternative of such a rule
becomes a few expressions for Hyperscan, so that those lines are passed over without a step in
Python. That holds for rows without quotes that fit their columns; the prefilter's literals find all
others.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from extriage.matchers.compiled import compiled
from extriage.matchers.sigma.literals import SHORTER, SHORTEST, FieldTexts
from extriage.matchers.sigma.ways import Way

Buffer = bytes | bytearray | memoryview
Clause = frozenset[bytes]
Option = tuple[int, int, tuple[bytes, ...]]
"""Ordinary lines that hold it, how much it asks for, expressions of which one is found."""

_MOST = 400
"""Expressions that overlapping texts may add."""
_VALUE = re.compile(rb"[a-z0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Together:
    """The expressions of all rules for one kind of evidence."""

    database: Any
    expressions: tuple[bytes, ...]
    watches: tuple[tuple[int, ...], ...]
    """For each expression the positions of the watches that a line with it may meet."""

    def hits(self, block: Buffer) -> list[tuple[int, int]]:
        """Return (end offset, expression) for every expression found."""
        found: list[tuple[int, int]] = []
        self.database.scan(
            block, match_event_handler=lambda number, _, end, *__: found.append((end, number))
        )
        return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one watch asks for: the literals that it has in the prefilter, and its ways."""

    literals: Clause
    ways: Sequence[Way]


def build(wanted: Sequence[Wanted], ordinary: Sequence[bytes], delimiter: bytes) -> Together | None:
    """Compile the expressions; None if there is nothing to be searched for."""
    maker = _Maker(tuple(ordinary), delimiter)
    found: dict[bytes, list[int]] = {}
    for position, one in enumerate(wanted):
        for expression in dict.fromkeys(maker.expressions(one)):
            found.setdefault(expression, []).append(position)
    if not found:
        return None
    return Together(compiled(list(found)), tuple(found), tuple(map(tuple, found.values())))


class _Maker:
    """Makes expressions, the rarest in ordinary lines."""

    def __init__(self, ordinary: tuple[bytes, ...], delimiter: bytes) -> None:
        self._lines = [delimiter + line + delimiter for line in ordinary]
        self._text = b"\n".join(self._lines)
        self._delimiter = delimiter
        self._column = b"[^%b\\r\\n]*" % _plain(delimiter)
        self._edge = b"[%b\\r\\n]" % _plain(delimiter)
        self._known: dict[Clause, int] = {}

    def expressions(self, wanted: Wanted) -> tuple[bytes, ...]:
        """Return the expressions of which one stands in every line that the watch can meet."""
        plain = (self._count(self._lines_with(wanted.literals)), 0, _alone(wanted.literals))
        if not plain[0] or not wanted.literals:
            return plain[2]
        best = [min(self._options(way), default=None, key=_rank) for way in wanted.ways]
        if not best or any(one is None or one[0] >= plain[0] for one in best):
            return plain[2]
        return tuple(expression for one in best if one for expression in one[2])

    def _options(self, way: Way) -> Iterator[Option]:
        long = [one for one in way.clauses if _shortest(one) >= SHORTEST]
        exact = self._exact(way.exact)
        for clause in long:
            lines = self._lines_with(clause)
            yield self._count(lines), 0, _alone(clause)
            for value, marked in exact:
                if not _within(clause, value) and not any(self._delimiter in t for t in clause):
                    both = self._in_line(marked, _any(clause))
                    yield self._count(lines & self._lines_with(value)), 2, both
        for one, other in self._in_column(way.texts):
            yield self._columns_with(one, other), 1, self._pair(one, other)
        for one, other in _apart({*way.clauses, *(text for _, text in way.texts)}):
            lines = self._lines_with(one) & self._lines_with(other)
            line = (*self._in_line(_any(one), _any(other)), *_merged(one, other))
            yield self._count(lines), 3, line

    def _exact(self, exact: FieldTexts) -> list[tuple[Clause, bytes]]:
        """Return values between delimiters, as ordinary lines hold them, and their expression."""
        found = []
        for _, values in exact:
            if all(map(_VALUE.fullmatch, values)):
                mark = self._delimiter
                between = frozenset(mark + value + mark for value in values)
                found.append((between, self._edge + _any(values) + self._edge))
        return found

    def _in_column(self, texts: FieldTexts) -> Iterator[tuple[Clause, Clause]]:
        columns: dict[str, set[Clause]] = {}
        for column, one in texts:
            if not any(self._delimiter in text for text in one):
                columns.setdefault(column, set()).add(one)
        for sets in columns.values():
            yield from _apart(sets, shortest=1)

    def _pair(self, one: Clause, other: Clause) -> tuple[bytes, ...]:
        there = _any(one) + self._column + _any(other)
        back = _any(other) + self._column + _any(one)
        return there, back, *_merged(one, other)

    def _in_line(self, one: bytes, other: bytes) -> tuple[bytes, ...]:
        # NOTE: what ends a line may also end a value, so that a gap begins within the line.
        return b"%b[^\\n]*%b" % (one, other), b"%b[^\\n]*%b" % (other, one)

    def _lines_with(self, clause: Clause) -> int:
        """Return a set of the ordinary lines that hold one of the texts, as bits."""
        found = self._known.get(clause)
        if found is None:
            # NOTE: most texts of rules stand in no ordinary line at all.
            met = [text for text in clause if text in self._text]
            lines = enumerate(self._lines if met else ())
            found = sum(1 << at for at, line in lines if any(text in line for text in met))
            self._known[clause] = found
        return found

    def _columns_with(self, one: Clause, other: Clause) -> int:
        """Count the ordinary lines that hold a text of both in one column."""
        both = self._lines_with(one) & self._lines_with(other)
        return sum(
            any(
                any(text in cell for text in one) and any(text in cell for text in other)
                for cell in line.split(self._delimiter)
            )
            for at, line in enumerate(self._lines)
            if both >> at & 1
        )

    @staticmethod
    def _count(lines: int) -> int:
        return lines.bit_count()


def _rank(option: Option) -> tuple[int, int, int, tuple[bytes, ...]]:
    return option[0], option[1], len(option[2]), option[2]


def _apart(sets: Iterable[Clause], shortest: int = SHORTER) -> Iterator[tuple[Clause, Clause]]:
    """Yield pairs of which neither says what the other says, one of them long enough."""
    fit = sorted((one for one in sets if _shortest(one) >= shortest), key=sorted)
    for one, other in combinations(fit, 2):
        if max(_shortest(one), _shortest(other)) < SHORTEST or len(one) * len(other) > _MOST:
            continue
        if not _within(one, other) and not _within(other, one):
            yield one, other


def _shortest(clause: Clause) -> int:
    return min(map(len, clause), default=0)


def _within(ones: Clause, others: Clause) -> bool:
    """Tell whether a text stands within one of the others."""
    return any(one in other for one in ones for other in others)


def _merged(ones: Clause, others: Clause) -> tuple[bytes, ...]:
    """Return what two texts look like that overlap in a line."""
    found = set()
    for one in ones:
        for other in others:
            for first, last in ((one, other), (other, one)):
                for size in range(1, min(len(first), len(last))):
                    if first.endswith(last[:size]):
                        found.add(first + last[size:])
    return _alone(frozenset(found))


def _alone(texts: Clause) -> tuple[bytes, ...]:
    return tuple(_plain(text) for text in sorted(texts))


def _any(texts: Iterable[bytes]) -> bytes:
    return b"(?:%b)" % b"|".join(map(_plain, sorted(texts)))


def _plain(text: bytes) -> bytes:
    """Return the expression for a text."""
    return b"".join(
        b"%c" % byte if _VALUE.fullmatch(b"%c" % byte) else b"\\x%02x" % byte for byte in text
    )
