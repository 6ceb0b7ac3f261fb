"""Which columns a rule reads: records that agree in these all meet it, or none does."""

from collections.abc import Iterable, Iterator

from extriage.matchers.sigma.draft import And, Ask, Node, Not, Or, Reference
from extriage.matchers.sigma.ruleset import Target


def columns_read(target: Target) -> frozenset[str] | None:
    """Return the columns that a rule reads; None if it reads the text of the record as a whole."""
    source = target.lens.target
    found = {name for guard in (source.where, source.unless) for name, _ in guard}
    for name in _names(target.conditions):
        if not name:
            return None
        spelt = source.fields.get(name, ())
        found.update(column for one in spelt for column in one.columns)
        if not spelt:
            found.add(name)
    if not found.isdisjoint(source.unmasked):
        found.update(source.unmasked.values())
    return frozenset(found)


def _names(nodes: Iterable[Node]) -> Iterator[str]:
    """Yield the fields that conditions name; an empty name is that of keywords."""
    for node in nodes:
        match node:
            case Ask():
                yield node.field
                yield from (one.name for one in node.values if isinstance(one, Reference))
            case And() | Or():
                yield from _names(node.parts)
            case Not():
                yield from _names((node.part,))
            case _:
                pass
