"""The literal prefilter: which lines of a block can matter, found at memory speed.

Every rule gives clauses of literals that its raw line must hold (`Target.clauses`). One clause of
each rule, the most selective one, goes into a Hyperscan database per evidence kind; the other
clauses are checked on the hit line before it is parsed. The prefilter never decides anything: with
it and without it the same findings come out, and a test holds it to that.
"""

from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import hyperscan

from extriage.matchers.compiled import compiled
from extriage.matchers.sigma import CompiledRule, Target
from extriage.matchers.together import Together, Wanted
from extriage.matchers.together import build as build_together

Buffer = bytes | bytearray | memoryview
Costs = dict[frozenset[bytes], tuple[int, int, int, list[bytes]]]

# NOTE: wider than what is a disguise, which is looked at line by line, because Hyperscan makes of
# this a small automaton that leaps from one percent sign to the next. With whole words in it, or
# beside the literals in one database, the search takes twice to four times as long.
SIGNS = (
    rb"%(3[0-9]|[46][1-9a-f]|[57][0-9a]|u|00|2[5e]|2f[pmea][oawu][wpst]|40[a-z0-9.-]*[/?%]|"
    rb"[89a-f].%[89a-f])"
)

WORTH_IT = 4 << 20
"""Bytes of a kind of log from which on it pays to prepare the search for what stands together."""


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
    gates: tuple[Any, ...]
    """For each literal a database of texts of which its line must hold one for any watch; None
    where a watch asks for nothing else."""
    clauses: tuple[tuple[bytes, ...], ...]
    """All clauses of all watches, each once."""
    others: tuple[tuple[int, ...], ...]
    """For each watch its clauses, rarest first; all must hold in a line that a literal hit."""
    database: Any = None
    signs: Any = None
    """Database of what stands in a line whose URL is disguised; None where no rule sees through."""
    sought: Any = None
    """Database of the literals of indicators, which are the last of all literals."""
    first_sought: int = 0
    """Number of the first of these."""
    _together: Together | None = None
    _read: int = 0

    def hits(self, block: Buffer) -> list[tuple[int, int]]:
        """Return (end offset, literal) for every literal found in the block, in order."""
        found = self.sought_hits(block)
        if self.database is None:
            return found

        def keep(literal: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((end, literal))

        self.database.scan(block, match_event_handler=keep)
        found.sort()
        return found

    def sought_hits(self, block: Buffer) -> list[tuple[int, int]]:
        """Return (end offset, literal) for every literal of an indicator, in order."""
        found: list[tuple[int, int]] = []
        if self.sought is not None:
            first = self.first_sought
            self.sought.scan(
                block, match_event_handler=lambda at, _, end, *__: found.append((end, first + at))
            )
            found.sort()
        return found

    def disguised(self, block: Buffer) -> list[int]:
        """Return where a URL may be disguised: rules may see in that line what is not there."""
        found: list[int] = []
        if self.signs is not None:
            self.signs.scan(block, match_event_handler=lambda _, __, end, *___: found.append(end))
        return found

    def together(self, delimiter: bytes, size: int) -> Together | None:
        """Return the search for what stands together, for a block of this size of a plain log.

        It takes a while to prepare, so there is none before `WORTH_IT` bytes were read.
        """
        self._read += size
        if self._together is None and self.database is not None and self._read > WORTH_IT:
            ruled = len(self.watches) - (self.sought is not None)
            wanted = [self._wanted(position) for position in range(ruled)]
            self._together = build_together(wanted, _ordinary(self.kind), delimiter)
        return self._together

    def _wanted(self, position: int) -> Wanted:
        others = self.others[position]
        literals = self.clauses[others[0]] if others else ()
        return Wanted(frozenset(literals), self.watches[position].target.ways())

    def candidates(
        self,
        literals: Iterable[int],
        lowered: bytes,
        known: Iterable[int] = (),
        open: frozenset[int] | None = None,
    ) -> list[Watch]:
        """Return the rules that this line can meet: a literal hit, and all other clauses hold.

        Of the watches at the positions `known` it is known that what they search for is there. All
        but those at the positions `open` are ruled out already; None rules out none.
        """
        positions = {*self.always, *known}
        for literal in literals:
            if open is not None and open.isdisjoint(self.wanted_by[literal]):
                continue
            gate = self.gates[literal]
            if gate is None or _holds_any(gate, lowered):
                positions.update(self.wanted_by[literal])
        if open is not None:
            positions &= open
        held: dict[int, bool] = {}
        return [self.watches[p] for p in sorted(positions) if self._holds(p, lowered, held)]

    def _holds(self, position: int, lowered: bytes, known: dict[int, bool]) -> bool:
        for clause in self.others[position]:
            held = known.get(clause)
            if held is None:
                held = known[clause] = any_of(self.clauses[clause], lowered)
            if not held:
                return False
        return True


def _holds_any(database: Any, line: bytes) -> bool:
    """Tell whether one of the database's texts stands in the line."""
    found: list[int] = []

    def stop(literal: int, _start: int, _end: int, _flags: int, _context: object) -> bool:
        found.append(literal)
        return True

    with suppress(hyperscan.ScanTerminated):
        database.scan(line, match_event_handler=stop)
    return bool(found)


def any_of(clause: tuple[bytes, ...], lowered: bytes | bytearray) -> bool:
    """Tell whether one literal of the clause stands in this lower-cased line."""
    for literal in clause:  # noqa: SIM110  # a generator takes twice as long here
        if literal in lowered:
            return True
    return False


def build(kind: str, watches: Iterable[Watch], *, enabled: bool = True) -> Prefilter:
    """Compile the prefilter for one kind; when not `enabled`, every rule looks at every line."""
    listed = tuple(watches)
    costs = _costs(kind, {clause for watch in listed for clause in watch.target.clauses})
    wanted: dict[bytes, list[tuple[int, bytes]]] = {}
    numbers: dict[frozenset[bytes], int] = {}
    always, others = [], []
    for position, watch in enumerate(listed):
        ranked = sorted(watch.target.clauses, key=costs.__getitem__)
        if not ranked or not enabled:
            always.append(position)
            ranked = []
        for literal in ranked[0] if ranked else ():
            wanted.setdefault(literal, []).append((position, literal))
        others.append(tuple(numbers.setdefault(clause, len(numbers)) for clause in ranked))
    literals = _shortest(wanted)
    gates = [_gate(one, [listed[p] for p, _ in wanted[one]], costs) for one in literals]
    found = {gate: compiled(sorted(gate), literal=True) for gate in set(gates)}
    masked = enabled and any(watch.target.lens.target.unmasked for watch in listed)
    return Prefilter(
        kind,
        listed,
        literals,
        tuple(tuple(dict.fromkeys(p for p, _ in wanted[one])) for one in literals),
        tuple(always),
        tuple(found[gate] for gate in gates),
        tuple(tuple(sorted(clause)) for clause in numbers),
        tuple(others),
        compiled(literals, literal=True),
        compiled([SIGNS]) if masked else None,
    )


def with_sought(
    prefilter: Prefilter, watch: Watch, literals: tuple[bytes, ...], *, enabled: bool = True
) -> Prefilter:
    """Let a watch for many literals ride along, searched apart from those of the rules."""
    if not literals:
        return prefilter
    position = len(prefilter.watches)
    return replace(
        prefilter,
        watches=(*prefilter.watches, watch),
        literals=(*prefilter.literals, *literals),
        wanted_by=(*prefilter.wanted_by, *(((position,),) * len(literals))),
        always=prefilter.always if enabled else (*prefilter.always, position),
        gates=(*prefilter.gates, *((None,) * len(literals))),
        others=(*prefilter.others, ()),
        sought=_database_of(literals),
        first_sought=len(prefilter.literals),
    )


@lru_cache(maxsize=4)
def _database_of(literals: tuple[bytes, ...]) -> Any:
    """Compile many literals once for all kinds that are searched for the same ones."""
    return compiled(literals, literal=True)


def _gate(literal: bytes, watches: list[Watch], costs: Costs) -> frozenset[bytes]:
    """Return texts of which one must stand beside this literal for any of the watches."""
    gate: set[bytes] = set()
    for watch in watches:
        clauses = sorted(watch.target.clauses, key=costs.__getitem__)
        rest = [clause for clause in clauses if not any(one in literal for one in clause)]
        if not rest:
            return frozenset()
        gate |= rest[0] if rest[0] != clauses[0] or len(rest) == 1 else rest[1]
    least = min(map(len, gate), default=0)
    return frozenset(one for one in gate if _inner(one, gate, least) is None)


def _shortest(wanted: dict[bytes, list[tuple[int, bytes]]]) -> tuple[bytes, ...]:
    """Drop literals that hold another one: the shorter finds their lines, and fewer are faster."""
    least = min(map(len, wanted), default=0)
    for literal in sorted(wanted, key=len, reverse=True):
        inner = _inner(literal, wanted, least)
        if inner is not None:
            wanted[inner] += wanted.pop(literal)
    return tuple(sorted(wanted))


def _inner(text: bytes, others: Container[bytes], least: int) -> bytes | None:
    """Return one of the other texts that stands in this one; the shortest has `least` bytes."""
    # NOTE: asking for each piece is much faster than for each text whether it is a piece.
    for size in range(least, len(text)):
        for at in range(len(text) - size + 1):
            if (piece := text[at : at + size]) in others:
                return piece
    return None


def _costs(kind: str, clauses: set[frozenset[bytes]]) -> Costs:
    """Say how much work each clause makes: in how many ordinary lines it stands, and its length."""
    ordinary = b"\n".join(_ordinary(kind))
    met = {
        literal: ordinary.count(literal)
        for literal in {one for clause in clauses for one in clause}
    }
    return {
        clause: (
            sum(met[one] for one in clause),
            -min(map(len, clause)),
            len(clause),
            sorted(clause),
        )
        for clause in clauses
    }


@cache
def _ordinary(kind: str) -> tuple[bytes, ...]:
    """Return lower-cased lines as a server writes them all day; none for most kinds."""
    file = files("extriage").joinpath("content", "ordinary", f"{kind}.txt")
    return tuple(file.read_bytes().lower().splitlines()) if file.is_file() else ()
