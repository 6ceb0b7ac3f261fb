"""Literals that the raw text of a record must contain if a rule is to match it.

The prefilter searches raw blocks for them and never parses a line without. So a literal must be
sound: wherever a rule matches, it stands in the raw line, whatever the log's own spelling is. A
character that the raw form may write differently (a quote is doubled in CSV, JSON exporters escape
at will) therefore ends a literal. Only ASCII counts, in lower case.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from extriage.matchers.sigma.patterns import Need

Clauses: TypeAlias = tuple[frozenset[bytes], ...]
"""Of every clause at least one literal occurs in the line; no clause promises nothing."""

Cut: TypeAlias = Callable[[str], tuple[str, ...]]
"""Cuts text of a rule into the literals that the raw line must contain."""

SHORTEST = 4

_PRINTABLE = frozenset(map(chr, range(0x20, 0x7F)))
_JSON = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.:- ")
_BREAKS = {
    "iis": " +",
    "iis-native": " +,",
    "httperr": " +",
    "ecp-server": "\"';",
    "ecp-activity": "\"';",
    "oab-generator": "\"'",
    "web-file": "",
}
_TEMPLATE_WORDS = ("cmdlet", "suceeded", "succeeded", "failed", "parameters", "success", "failure")


def nothing(_text: str) -> tuple[str, ...]:
    """Promise no literal: the text does not stand in the raw line."""
    return ()


def cutter(kind: str, breaks: str = "") -> Cut:
    """Return what cuts a value into literals for the raw lines of a kind of evidence."""
    safe = _JSON if kind == "events" else _PRINTABLE - set(_BREAKS.get(kind, '"'))
    return _cutter(safe - set(breaks))


def line_cutter(breaks: str = "") -> Cut:
    """Return the cutter for text that is searched in the raw line itself."""
    return _cutter(_PRINTABLE - set(breaks))


def rendered_cutter() -> Cut:
    """Return the cutter for event text that may be put together from values and fixed words.

    Exchange's own sentence around a cmdlet is not in the raw event, so neither its words nor a
    value's end together with the full stop that follows it can be promised.
    """
    cut = _cutter(_JSON - {" "})

    def words(text: str) -> tuple[str, ...]:
        found = (piece.strip(".:") for piece in cut(text))
        return tuple(
            piece
            for piece in found
            if len(piece) >= SHORTEST and not any(piece in word for word in _TEMPLATE_WORDS)
        )

    return words


def _cutter(safe: frozenset[str]) -> Cut:
    def pieces(text: str) -> tuple[str, ...]:
        kept = "".join(char if char in safe else "\n" for char in text)
        return tuple(piece for piece in kept.split("\n") if len(piece) >= SHORTEST)

    return pieces


def clauses_of(pieces: Iterable[str]) -> Clauses:
    """Return the clauses of a value: every one of its pieces must occur."""
    return tuple(dict.fromkeys(frozenset((piece.encode("ascii"),)) for piece in pieces))


def all_clauses(parts: Iterable[Clauses]) -> Clauses:
    """Return the clauses of a conjunction: those of all its parts."""
    return tuple(dict.fromkeys(clause for part in parts for clause in part))


def any_clauses(parts: Sequence[Clauses]) -> Clauses:
    """Return the clause of a disjunction: the best of each part, or none if one has none."""
    if not parts or not all(parts):
        return ()
    if len(parts) == 1:
        return parts[0]
    return (frozenset().union(*(max(part, key=_worth) for part in parts)),)


def _worth(clause: frozenset[bytes]) -> tuple[int, int, list[bytes]]:
    """Rank clauses: long literals are rare ones, and few are better than many."""
    return min(map(len, clause)), -len(clause), sorted(clause)


def need_clauses(need: Need, cut: Cut) -> Clauses:
    """Return the clauses of what a regular expression needs."""
    if isinstance(need, str):
        return clauses_of(cut(need))
    join, parts = need
    found = [need_clauses(part, cut) for part in parts]
    return all_clauses(found) if join == "all" else any_clauses(found)
