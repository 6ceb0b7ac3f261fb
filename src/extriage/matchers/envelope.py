"""Which rules can an event meet at all? Its envelope tells: log, number, who wrote it.

Most rules for events ask for one log and a few numbers, and most events are of other ones, though
they hold the same common words. A server writes a few hundred kinds of events, so that the answer
for each is remembered.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce

from extriage.matchers.prefilter import Watch
from extriage.matchers.sigma import Target
from extriage.matchers.sigma.draft import And, Ask, Node, Or
from extriage.matchers.sigma.views import Lens, fold
from extriage.matchers.sigma.ways import exact_texts

MOST = 10_000
"""Kinds of events that are remembered: forged logs may have as many as events."""
COLUMNS = ("Channel", "EventID", "Provider_Name")

Positions = frozenset[int]
Kind = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the rules ask of one column."""

    by_text: dict[str, Positions]
    anything: Positions
    """Rules that take any text there."""

    def open(self, text: str) -> Positions:
        return self.by_text.get(fold(text), frozenset()) | self.anything


@dataclass(slots=True)
class Envelopes:
    """The rules for events, by kind of event."""

    watches: tuple[Watch, ...]
    _columns: tuple[_Asked, ...] = ()
    _known: dict[Kind, Positions] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the rules by what they ask of each column."""
        self._columns = tuple(_asked(self.watches, column) for column in COLUMNS)

    def open(self, channel: str, event_id: str, provider: str) -> Positions:
        """Return the positions of the rules that such an event may meet; empty texts are unknown.

        Texts are those of the record's fields `Channel`, `EventID` and `Provider_Name`.
        """
        kind = channel, event_id, provider
        found = self._known.get(kind)
        if found is None:
            if len(self._known) >= MOST:
                self._known.clear()
            every = frozenset(range(len(self.watches)))
            told = zip(self._columns, kind, strict=True)
            met = (asked.open(text) for asked, text in told if text)
            found = self._known[kind] = reduce(frozenset.intersection, met, every)
        return found


def _asked(watches: Iterable[Watch], column: str) -> _Asked:
    by_text: dict[str, set[int]] = {}
    anything: set[int] = set()
    for position, watch in enumerate(watches):
        texts = _of_target(watch.target, column)
        if texts is None:
            anything.add(position)
        for text in texts or ():
            by_text.setdefault(text, set()).add(position)
    return _Asked({text: frozenset(found) for text, found in by_text.items()}, frozenset(anything))


def _of_target(target: Target, column: str) -> frozenset[str] | None:
    """Return the texts, in small letters, that a rule takes in a column; None if it takes any."""
    guards = (values for name, values in target.lens.target.where if name == column)
    told: list[frozenset[str] | None] = [frozenset(map(fold, values)) for values in guards]
    told.append(_either(_of_node(node, column, target.lens) for node in target.conditions))
    return _both(told)


def _of_node(node: Node, column: str, lens: Lens) -> frozenset[str] | None:
    match node:
        case Ask() if node.field == column:
            return _either(exact_texts(value, lens.view(column)) for value in node.values)
        case And():
            return _both(_of_node(part, column, lens) for part in node.parts)
        case Or():
            return _either(_of_node(part, column, lens) for part in node.parts)
        case _:
            return None


def _either(parts: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found = list(parts)
    known = [texts for texts in found if texts is not None]
    return frozenset().union(*known) if found and len(known) == len(found) else None


def _both(parts: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    known = [texts for texts in parts if texts is not None]
    return reduce(frozenset.intersection, known) if known else None
