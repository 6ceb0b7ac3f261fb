"""The literal prefilter: which lines of a block can matter, found at memory speed.

Every rule gives clauses of literals that its raw line must hold (`Target.clauses`). One clause of
each rule, the most selective one, goes into a Hyperscan database per evidence kind; the other
clauses are checked on the hit line before it is parsed. The prefilter never decides anything: with
it and without it the same findings come out, and a test holds it to that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import hyperscan

from extriage.matchers.sigma import CompiledRule, Target

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Watch:
    """One rule as it reads one kind of evidence."""

    rule: CompiledRule
    target: Target


@dataclass(slots=True)
class Prefilter:
    """All rules for one kind of evidence, with the database of their literals."""

    kind: str
    watches: tuple[Watch, ...]
    literals: tuple[bytes, ...]
    wanted_by: tuple[tuple[int, ...], ...]
    """For each literal the positions of the watches that need it."""
    always: tuple[int, ...]
    """Watches without a usable literal: they look at every line."""
    clauses: tuple[tuple[bytes, ...], ...]
    """All clauses of all watches, each once."""
    others: tuple[tuple[int, ...], ...]
    """For each watch the clauses that still must hold when its literal was hit, rarest first."""
    database: Any = None

    def hits(self, block: Buffer) -> list[tuple[int, int]]:
        """Return (end offset, literal) for every literal found in the block, in order."""
        if self.database is None:
            return []
        found: list[tuple[int, int]] = []

        def keep(literal: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((end, literal))

        self.database.scan(block, match_event_handler=keep)
        found.sort()
        return found

    def candidates(self, literals: Iterable[int], lowered: bytes) -> list[Watch]:
        """Return the rules that this line can meet: a literal hit, and all other clauses hold."""
        positions = set(self.always)
        for literal in literals:
            positions.update(self.wanted_by[literal])
        known: dict[int, bool] = {}
        return [self.watches[p] for p in sorted(positions) if self._holds(p, lowered, known)]

    def _holds(self, position: int, lowered: bytes, known: dict[int, bool]) -> bool:
        for clause in self.others[position]:
            held = known.get(clause)
            if held is None:
                held = known[clause] = any_of(self.clauses[clause], lowered)
            if not held:
                return False
        return True


def any_of(clause: tuple[bytes, ...], lowered: bytes) -> bool:
    """Tell whether one literal of the clause stands in this lower-cased line."""
    for literal in clause:  # noqa: SIM110  # a generator takes twice as long here
        if literal in lowered:
            return True
    return False


def build(kind: str, watches: Iterable[Watch], *, enabled: bool = True) -> Prefilter:
    """Compile the prefilter for one kind; when not `enabled`, every rule looks at every line."""
    listed = tuple(watches)
    ordinary = _ordinary(kind)
    wanted: dict[bytes, list[int]] = {}
    numbers: dict[frozenset[bytes], int] = {}
    always, others = [], []
    for position, watch in enumerate(listed):
        ranked = sorted(watch.target.clauses, key=lambda clause: _cost(clause, ordinary))
        chosen = ranked.pop(0) if ranked and enabled else None
        if chosen is None:
            always.append(position)
        for literal in chosen or ():
            wanted.setdefault(literal, []).append(position)
        rest = ranked if enabled else []
        others.append(tuple(numbers.setdefault(clause, len(numbers)) for clause in rest))
    literals = tuple(sorted(wanted))
    return Prefilter(
        kind,
        listed,
        literals,
        tuple(tuple(wanted[literal]) for literal in literals),
        tuple(always),
        tuple(tuple(sorted(clause)) for clause in numbers),
        tuple(others),
        _database(literals),
    )


def _cost(
    clause: frozenset[bytes], ordinary: tuple[bytes, ...]
) -> tuple[int, int, int, list[bytes]]:
    """Say how much work a clause makes: in how many ordinary lines it stands, and its length."""
    met = sum(any(literal in line for literal in clause) for line in ordinary)
    return met, -min(map(len, clause)), len(clause), sorted(clause)


@cache
def _ordinary(kind: str) -> tuple[bytes, ...]:
    """Return lower-cased lines as a server writes them all day; none for most kinds."""
    file = files("extriage").joinpath("content", "ordinary", f"{kind}.txt")
    return tuple(file.read_bytes().lower().splitlines()) if file.is_file() else ()


def _database(literals: tuple[bytes, ...]) -> Any:
    if not literals:
        return None
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=list(literals),
        ids=list(range(len(literals))),
        elements=len(literals),
        flags=hyperscan.HS_FLAG_CASELESS,
        literal=True,
    )
    return database
