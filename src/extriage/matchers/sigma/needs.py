"""What a raw line must contain wherever a condition is met; the prefilter searches for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from extriage.matchers.sigma.draft import And, Ask, Node, Or, Pattern, Texts, Tokens, Value
from extriage.matchers.sigma.literals import (
    Clauses,
    Cut,
    FieldTexts,
    Pairs,
    all_clauses,
    any_clauses,
    any_pairs,
    any_texts,
    best_pairs,
    clauses_of,
    field_texts,
    need_clauses,
    pair_clauses,
    pairs_of,
)
from extriage.matchers.sigma.patterns import needs_of
from extriage.matchers.sigma.views import Lens, View, fold, guard_values


@dataclass(frozen=True, slots=True)
class Needs:
    """What a condition, or a piece of one, needs."""

    clauses: Clauses = ()
    texts: FieldTexts = ()
    """What single columns must contain."""
    alternatives: Pairs = frozenset()
    """Pairs that are not to be seen from the texts."""

    def pairs(self) -> Pairs:
        """Return texts of which two must stand together in one column."""
        return best_pairs([self.alternatives, pairs_of(self.texts)])


def line_needs(conditions: Iterable[Node], lens: Lens) -> tuple[Clauses, Pairs]:
    """Return what a line must contain that meets one of the conditions of a rule."""
    needs = _any_of([_needs(node, lens) for node in conditions])
    pairs = needs.pairs()
    return all_clauses([needs.clauses, guard_clauses(lens), pair_clauses(pairs)]), pairs


def guard_clauses(lens: Lens) -> Clauses:
    """Return what every line must contain that a log source means."""
    found = []
    for name, values in guard_values(lens.target.where):
        cut = lens.view(name).cut
        found.append(any_clauses([clauses_of(cut(fold(value))) for value in values]))
    return all_clauses(found)


def has_literals(node: Node, lens: Lens) -> bool:
    """Tell whether a line must contain anything to meet a condition, without saying what."""
    match node:
        case Ask():
            view = lens.view(node.field) if node.field else lens.keywords()
            return all(_has_literals(value, view) for value in node.values)
        case And():
            return any(has_literals(one, lens) for one in node.parts)
        case Or():
            return all(has_literals(one, lens) for one in node.parts)
        case _:
            return False


def _has_literals(value: Value, view: View) -> bool:
    match value:
        case Texts():
            return all(pieces(one, view.cut) for one in value.values)
        case Pattern():
            return bool(need_clauses(needs_of(value.text), view.cut))
        case _:
            return False


def _needs(node: Node, lens: Lens) -> Needs:
    match node:
        case Ask():
            view = lens.view(node.field) if node.field else lens.keywords()
            return _any_of([value_needs(value, view) for value in node.values])
        case And():
            return _all_of([_needs(one, lens) for one in node.parts])
        case Or():
            return _any_of([_needs(one, lens) for one in node.parts])
        case _:
            return Needs()


def value_needs(value: Value, view: View, cut: Cut | None = None) -> Needs:
    """Return what a line must contain whose field has a value, cut as the field or otherwise."""
    cut = cut or view.cut
    match value:
        case Texts():
            clauses = any_clauses([clauses_of(pieces(one, cut)) for one in value.values])
            if not view.column:
                return Needs(clauses)
            bits = [pieces(one, view.bits) for one in value.values]
            return Needs(clauses, field_texts(view.column, bits))
        case Pattern():
            need = needs_of(value.text)
            known = need_clauses(need, view.bits) if view.column else ()
            return Needs(need_clauses(need, cut), tuple((view.column, one) for one in known))
        case _:
            return Needs()


def pieces(value: Tokens, cut: Cut) -> tuple[str, ...]:
    """Return the literals that a text with wildcards holds."""
    return tuple(piece for token in value if isinstance(token, str) for piece in cut(fold(token)))


def _all_of(parts: Sequence[Needs]) -> Needs:
    if len(parts) == 1:
        return parts[0]
    return Needs(
        all_clauses([part.clauses for part in parts]),
        tuple(dict.fromkeys(one for part in parts for one in part.texts)),
        best_pairs(part.alternatives for part in parts),
    )


def _any_of(parts: Sequence[Needs]) -> Needs:
    if len(parts) == 1:
        return parts[0]
    return Needs(
        any_clauses([part.clauses for part in parts]),
        any_texts([part.texts for part in parts]),
        any_pairs([part.pairs() for part in parts]),
    )
