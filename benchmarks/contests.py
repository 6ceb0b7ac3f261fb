"""Contests: commands that are run in turn, and the rows of the table that they give.

In each round every command of a contest runs once, so that whatever else the machine does falls on
all of them alike; a ratio is taken within its round, and the median of these ratios counts.
"""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from stopwatch import Run, Side, measure

Measure: TypeAlias = Literal["wall", "cpu"]
Unit: TypeAlias = Literal["MB", "files", "hits", "runs"]
Kind: TypeAlias = Literal["times as fast", "times as long", "s", "MB a worker", "MB in all"]


EVENT_LOGS = "EXTRIAGE_EVTX"
"""Variable that names a folder of real event logs; large ones are made of their chunks."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a row must reach."""

    kind: Kind
    value: float

    @property
    def least(self) -> bool:
        """Tell whether more is better."""
        return self.kind == "times as fast"

    def met(self, value: float) -> bool:
        """Tell whether a value reaches the goal."""
        return value >= self.value if self.least else value <= self.value

    def __str__(self) -> str:
        """Return the goal as the table shows it."""
        unit = "" if self.kind.startswith("times") else f" {self.kind}"
        return f"{'≥' if self.least else '≤'} {self.value:g}{unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: which two sides of a contest it compares."""

    name: str
    ours: str
    peer: str = ""
    """Empty where nothing is compared."""
    goal: Goal | None = None
    by: Measure = "wall"
    """What the ratio is of: processor time where one core is compared with one core."""
    check: Callable[[Run, Run | None], str] | None = None
    """Returns what is wrong with what was found; empty if nothing is."""
    extra: bool = False
    """The ratio is of what our side takes longer than the other, as the second pass does."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Commands that do the same work in different ways, on the same evidence."""

    what: str
    size: float
    """How much work that is, in `unit`."""
    unit: Unit
    sides: dict[str, Side]
    rows: Sequence[Row]
    turns: int = 1
    """So many times as many rounds as asked for: short commands are measured more often."""
    once: bool = False
    """One round only, and none to warm up: it takes minutes."""


Maker: TypeAlias = Callable[[Path, float], Contest]
"""Writes the evidence of a contest into a folder, of so many times its usual size."""


@dataclass(frozen=True, slots=True)
class Middle:
    """The median of some values, with the least and the most."""

    value: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Middle":
        """Return the middle of some values."""
        found = sorted(values)
        return cls(statistics.median(found), found[0], found[-1])


@dataclass(frozen=True, slots=True)
class Result:
    """What a row came to."""

    contest: Contest
    row: Row
    ours: list[Run]
    peer: list[Run]
    differs: str = ""
    """What ours and the peer did not agree on."""

    def wall(self, runs: list[Run]) -> Middle:
        """Return the seconds by the clock."""
        return Middle.of(run.wall for run in runs)

    def cpu(self, runs: list[Run]) -> Middle:
        """Return the seconds of a processor."""
        return Middle.of(run.cpu for run in runs)

    def speed(self, runs: list[Run]) -> float:
        """Return how much work was done in a second, by what the row measures."""
        taken = self.wall(runs) if self.row.by == "wall" else self.cpu(runs)
        return self.contest.size / taken.value

    def ratio(self, by: Measure) -> Middle | None:
        """Return how many times as fast, or as long, ours was; None where nothing is compared."""
        if not self.peer:
            return None
        pairs = [(_taken(o, by), _taken(p, by)) for o, p in zip(self.ours, self.peer, strict=True)]
        if self.row.extra:
            pairs = [(max(ours - peer, 0.0), peer) for ours, peer in pairs]
        if self.row.goal is None or self.row.goal.least:
            return Middle.of(peer / ours for ours, peer in pairs)
        return Middle.of(ours / peer for ours, peer in pairs)

    def reached(self) -> float | None:
        """Return what is held against the goal; None where it is not known on this machine."""
        goal = self.row.goal
        if goal is None:
            return None
        if goal.kind == "MB a worker":
            return max(run.worker for run in self.ours)
        if goal.kind == "MB in all":
            return max(run.whole for run in self.ours) or None
        if goal.kind == "s":
            return self.wall(self.ours).value
        ratio = self.ratio(self.row.by)
        return ratio.value if ratio else None

    def verdict(self) -> str:
        """Say whether the goal is reached."""
        if self.differs:
            return "differs"
        value = self.reached()
        if self.row.goal is None:
            return "-"
        if value is None:
            return "not known"
        return "yes" if self.row.goal.met(value) else "no"


def _taken(run: Run, by: Measure) -> float:
    return run.wall if by == "wall" else run.cpu


@dataclass(slots=True)
class Played:
    """The runs of a contest, by side."""

    contest: Contest
    runs: dict[str, list[Run]] = field(default_factory=dict)

    def results(self) -> list[Result]:
        """Return what each row came to."""
        found = []
        for row in self.contest.rows:
            ours, peer = self.runs[row.ours], self.runs.get(row.peer, [])
            differs = row.check(ours[-1], peer[-1] if peer else None) if row.check else ""
            found.append(Result(self.contest, row, ours, peer, differs))
        return found


def play(contest: Contest, rounds: int) -> list[Result]:
    """Run all sides in turn, once more to warm up, and return what each row came to."""
    played = Played(contest, {side: [] for side in contest.sides})
    wanted = 1 if contest.once else rounds * contest.turns
    for turn in range(wanted if contest.once else wanted + 1):
        taken = {name: measure(side) for name, side in contest.sides.items()}
        if turn or contest.once:
            for name, run in taken.items():
                played.runs[name].append(run)
    return played.results()
