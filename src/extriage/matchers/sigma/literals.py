"""Literals that the raw text of a record must contain if a rule is to match it.

The prefilter searches raw blocks for them and never parses a line without. So a literal must be
sound: wherever a rule matches, it stands in the raw line, whatever the log's own spelling is. A
character that the raw form may write differently (a quote is doubled in CSV, JSON exporters escape
at will) therefore ends a literal. Only ASCII counts, in lower case.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TypeAlias

from extriage.matchers.sigma.patterns import Need

Clauses: TypeAlias = tuple[frozenset[bytes], ...]
"""Of every clause at least one literal occurs in the line; no clause promises nothing."""

Cut: TypeAlias = Callable[[str], tuple[str, ...]]
"""Cuts text of a rule into the literals that the raw line must contain."""

FieldTexts: TypeAlias = tuple[tuple[str, frozenset[bytes]], ...]
"""Column and texts: the column's raw value contains one of them, whatever the case."""

Pairs: TypeAlias = frozenset[tuple[bytes, bytes]]
"""Texts that stand together: in one column the first and the second of at least one pair. Nothing
is known where there are none."""

MOST_PAIRS = 500
SHORTEST = 4
SHORTER = 3
"""For a literal that is only looked for beside a longer one."""

_PRINTABLE = frozenset(map(chr, range(0x20, 0x7F)))
_JSON = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.:- ")
_IN_JSON = ("events", "audit", "file-record", "file-change")
"""Kinds whose values may stand in JSON: each writer escapes other characters."""
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


def cutter(kind: str, breaks: str = "", shortest: int = SHORTEST) -> Cut:
    """Return what cuts a value into literals for the raw lines of a kind of evidence."""
    safe = _JSON if kind in _IN_JSON else _PRINTABLE - set(_BREAKS.get(kind, '"'))
    return _cutter(safe - set(breaks), shortest)


def line_cutter(breaks: str = "") -> Cut:
    """Return the cutter for text that is searched in the raw line itself."""
    return _cutter(_PRINTABLE - set(breaks))


def rendered_cutter(breaks: str = "") -> Cut:
    """Return the cutter for event text that may be put together from values and fixed words.

    Exchange's own sentence around a cmdlet is not in the raw event, so neither its words nor a
    value's end together with the full stop that follows it can be promised. Logs that hold
    parameters as pairs have no dash before their names: `breaks` says what else is made up.
    """
    cut = _cutter(_JSON - {" "} - set(breaks))

    def words(text: str) -> tuple[str, ...]:
        found = (piece.strip(".:") for piece in cut(text))
        return tuple(
            piece
            for piece in found
            if len(piece) >= SHORTEST and not any(piece in word for word in _TEMPLATE_WORDS)
        )

    return words


@cache
def _cutter(safe: frozenset[str], shortest: int = SHORTEST) -> Cut:
    letters = "".join(sorted(map(re.escape, safe)))
    runs = re.compile(f"[{letters}]{{{shortest},}}")
    return lambda text: tuple(runs.findall(text))


def clauses_of(pieces: Iterable[str]) -> Clauses:
    """Return the clauses of a value: every one of its pieces must occur."""
    return tuple(dict.fromkeys(frozenset((piece.encode("ascii"),)) for piece in pieces))


def field_texts(column: str, values: Sequence[Sequence[str]]) -> FieldTexts:
    """Return what a column must contain for one of some values: the best piece of each."""
    if column and len(values) == 1:
        return tuple((column, frozenset((piece.encode("ascii"),))) for piece in values[0])
    best = [max(pieces, key=lambda piece: (len(piece), piece), default="") for pieces in values]
    if not column or not best or not all(best):
        return ()
    return ((column, frozenset(piece.encode("ascii") for piece in best)),)


def any_texts(parts: Sequence[FieldTexts]) -> FieldTexts:
    """Return what a disjunction says of columns: nothing unless all parts speak of the same one."""
    columns = [dict(part) for part in parts]
    shared = set(columns[0]).intersection(*columns[1:]) if columns else set()
    return tuple(
        (name, frozenset().union(*(part[name] for part in columns))) for name in sorted(shared)
    )


def pairs_of(texts: FieldTexts) -> Pairs:
    """Return the best pairs that a conjunction promises of one column."""
    columns: dict[str, list[frozenset[bytes]]] = {}
    for column, one in texts:
        columns.setdefault(column, []).append(one)
    return best_pairs([_pairs(sets) for sets in columns.values()])


def _pairs(sets: list[frozenset[bytes]]) -> Pairs:
    first, *others = sorted(sets, key=_worth, reverse=True)
    if min(map(len, first)) < SHORTEST:
        return frozenset()
    telling = [one for one in others if not any(text in other for text in one for other in first)]
    if not telling:
        return frozenset((one, one) for one in first)
    return frozenset((one, other) for one in first for other in telling[0])


def best_pairs(options: Iterable[Pairs]) -> Pairs:
    """Return the pairs that tell most, of several that all hold."""
    return max((one for one in options if one), key=_pairs_worth, default=frozenset())


def _pairs_worth(pairs: Pairs) -> tuple[bool, tuple[int, int, list[bytes]]]:
    return all(one != other for one, other in pairs), _worth(firsts(pairs))


def firsts(pairs: Pairs) -> frozenset[bytes]:
    """Return the clause that pairs make: the first text of one of them occurs in the line."""
    return frozenset(one for one, _ in pairs)


def turned(pairs: Pairs) -> Pairs:
    """Return the pairs the other way round."""
    return frozenset((other, one) for one, other in pairs)


def pair_clauses(pairs: Pairs) -> Clauses:
    """Return the clauses that pairs make, of texts that are long enough to be searched for."""
    both = (firsts(pairs), firsts(turned(pairs)))
    return tuple(one for one in both if one and min(map(len, one)) >= SHORTEST)


def any_pairs(parts: Sequence[Pairs]) -> Pairs:
    """Return the pairs of a disjunction: those of all parts, or none if one has none."""
    if not parts or not all(parts) or sum(map(len, parts)) > MOST_PAIRS:
        return frozenset()
    return frozenset().union(*parts)


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
