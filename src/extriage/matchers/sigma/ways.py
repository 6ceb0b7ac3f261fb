"""Ways to meet a rule: what stands together in a line, so that a search can ask for two things.

`needs.py` says what every line must hold that meets a rule. A way says it of one alternative of the
condition, and keeps what is too short to be searched for alone: the method is POST. Bars are the
other side: what a column must not be. Everything here is a promise of the rule, never its test.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal, TypeAlias

from extriage.knowledge.logsources import Spelling
from extriage.matchers.sigma.draft import ANY, And, Ask, Network, Node, Not, Or, Texts, Value
from extriage.matchers.sigma.literals import Clauses, FieldTexts
from extriage.matchers.sigma.needs import value_needs
from extriage.matchers.sigma.views import Lens, View, fold

MOST_WAYS = 16

How: TypeAlias = Literal["is", "starts", "ends", "holds", "lies in"]


@dataclass(frozen=True, slots=True)
class Way:
    """One alternative of a condition."""

    clauses: Clauses = ()
    """The line holds a text of each."""
    texts: FieldTexts = ()
    """The column holds one of the texts."""
    exact: FieldTexts = ()
    """The column is one of the texts, whatever the case."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a column must not be."""

    column: str
    how: How
    text: bytes
    blanks: bool = False
    """A plus sign in the column stands for a blank."""


def ways_of(conditions: Iterable[Node], lens: Lens) -> tuple[Way, ...]:
    """Return the alternatives of a rule's conditions."""
    return tuple(_first(way for node in conditions for way in _ways(node, lens)))


def bars_of(conditions: tuple[Node, ...], lens: Lens) -> tuple[Bar, ...]:
    """Return what keeps a line from meeting a rule, however else it looks."""
    return tuple(dict.fromkeys(_bars(conditions[0], lens))) if len(conditions) == 1 else ()


def _first(ways: Iterable[Way]) -> list[Way]:
    """Return alternatives; a single one that promises nothing where there are too many."""
    found = list(dict.fromkeys(ways))
    return found if 0 < len(found) <= MOST_WAYS else [Way()]


def _ways(node: Node, lens: Lens) -> list[Way]:
    match node:
        case Ask():
            view = lens.view(node.field) if node.field else lens.keywords()
            return _first(_asked(value, view) for value in node.values)
        case And():
            ways = [Way()]
            for part in node.parts:
                more = _ways(part, lens)
                # NOTE: what would make too many alternatives is left out: a promise less.
                if len(ways) * len(more) <= MOST_WAYS:
                    ways = [_both(one, other) for one, other in product(ways, more)]
            return ways
        case Or():
            return _first(way for part in node.parts for way in _ways(part, lens))
        case _:
            return [Way()]


def _both(one: Way, other: Way) -> Way:
    return Way(one.clauses + other.clauses, one.texts + other.texts, one.exact + other.exact)


def _asked(value: Value, view: View) -> Way:
    needs = value_needs(value, view, view.short)
    texts = exact_texts(value, view)
    exact: FieldTexts = ()
    if texts is not None:
        exact = ((view.column, frozenset(text.encode("ascii") for text in texts)),)
    return Way(needs.clauses, needs.texts, exact)


def exact_texts(value: Value, view: View) -> frozenset[str] | None:
    """Return the texts, in small letters, of which a column must be one; None if it need not."""
    if not isinstance(value, Texts) or not view.column:
        return None
    texts = [one or ("",) for one in value.values]
    whole = [one[0] for one in texts if len(one) == 1 and isinstance(one[0], str)]
    plain = [text for text in map(fold, whole) if view.bits(text) == (text,) * bool(text)]
    return frozenset(plain) if len(plain) == len(value.values) else None


def _bars(node: Node, lens: Lens) -> Iterator[Bar]:
    match node:
        case And():
            for part in node.parts:
                yield from _bars(part, lens)
        case Not():
            yield from _barred(node.part, lens)


def _barred(node: Node, lens: Lens) -> Iterator[Bar]:
    match node:
        case Or():
            for part in node.parts:
                yield from _barred(part, lens)
        case Ask() if node.field:
            view = lens.view(node.field)
            for value in node.values:
                if isinstance(value, Texts) and not value.cased:
                    yield from (bar for s in view.spelt for bar in _of(value, s))
                elif isinstance(value, Network):
                    names = (s.columns[0] for s in view.spelt if s.how == "column")
                    yield from (Bar(name, "lies in", value.network.encode()) for name in names)


def _of(value: Texts, spelling: Spelling) -> Iterator[Bar]:
    if spelling.how not in ("column", "plus-as-blank"):
        return
    for tokens in value.values:
        head, tail = tokens[:1] == (ANY,), tokens[-1:] == (ANY,)
        words = tokens[head : len(tokens) - tail]
        if len(words) == 1 and isinstance(words[0], str) and words[0].isascii():
            how: How = ("holds" if tail else "ends") if head else ("starts" if tail else "is")
            text = words[0].lower().encode("ascii")
            yield Bar(spelling.columns[0], how, text, spelling.how == "plus-as-blank")
