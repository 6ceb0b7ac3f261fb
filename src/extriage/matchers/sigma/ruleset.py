"""Rules that are ready to run: what the scanner and the analysis get to see of Sigma."""

from collections.abc import Iterable
from dataclasses import dataclass

from extriage.matchers.sigma.condition import condition_part
from extriage.matchers.sigma.draft import Node
from extriage.matchers.sigma.literals import Clauses, Pairs
from extriage.matchers.sigma.needs import guard_clauses, has_literals, line_needs
from extriage.matchers.sigma.parts import FOUND, Part
from extriage.matchers.sigma.plan import Plan
from extriage.matchers.sigma.views import Lens, fold
from extriage.matchers.sigma.ways import Bar, Way, bars_of, ways_of
from extriage.model.detection import RefusedRule, Rule
from extriage.model.evidence import Record


class Target:
    """A rule for one kind of evidence.

    What a scan may never need is made when it is first asked for: what a line must contain when
    evidence of this kind is read, the test when such a line turns up.
    """

    __slots__ = ("_bars", "_needs", "_part", "_ways", "conditions", "keep", "lens")

    def __init__(self, lens: Lens, conditions: tuple[Node, ...], keep: tuple[str, ...]) -> None:
        self.lens = lens
        self.conditions = conditions
        self.keep = keep
        self._needs: tuple[Clauses, Pairs] | None = None
        self._ways: tuple[Way, ...] | None = None
        self._bars: tuple[Bar, ...] | None = None
        self._part: Part | None = None

    @property
    def kind(self) -> str:
        """The kind of evidence."""
        return self.lens.target.kind

    @property
    def clauses(self) -> Clauses:
        """A line can only match if it contains, whatever the case, one literal of each clause."""
        return self.needs()[0]

    @property
    def pairs(self) -> Pairs:
        """Of a line that fits its columns one column contains both texts of one pair."""
        return self.needs()[1]

    def needs(self) -> tuple[Clauses, Pairs]:
        """Return what a line must contain."""
        if self._needs is None:
            self._needs = line_needs(self.conditions, self.lens)
        return self._needs

    def ways(self) -> tuple[Way, ...]:
        """Return the alternatives of the condition: what stands together in a line."""
        if self._ways is None:
            self._ways = ways_of(self.conditions, self.lens)
        return self._ways

    def bars(self) -> tuple[Bar, ...]:
        """Return what columns must not be."""
        if self._bars is None:
            self._bars = bars_of(self.conditions, self.lens)
        return self._bars

    def slow(self) -> bool:
        """Tell whether a line need not contain anything, so that every line must be parsed."""
        if self._needs is None:
            # NOTE: what a line must contain takes ten times as long to be made.
            told = all(has_literals(node, self.lens) for node in self.conditions)
            return not (told or guard_clauses(self.lens) or self.clauses)
        return not self.clauses

    def part(self) -> Part:
        """Return the test; RefusalError if the rule cannot run."""
        if self._part is None:
            self._part = condition_part(self.conditions, self.lens)
        return self._part

    def matches(self, record: Record) -> bool:
        """Tell whether the rule is met by a record."""
        if record.raw:
            return self.matches_raw(record.text)
        row = self.lens.row(record)
        return row is not None and self.part().test(row)

    def matches_raw(self, text: str) -> bool:
        """Tell whether the texts that the rule asks for stand in a line that fits no columns.

        Whatever cannot be seen without columns counts as met, but never alone: at least one
        text of the rule must be there.
        """
        return self.part().raw(fold(text)) == FOUND

    def kept(self, record: Record) -> tuple[tuple[str, str], ...]:
        """Return the values that correlations need, under the names that the rule uses."""
        row = self.lens.row(record)
        if row is None or record.raw:
            return ()
        found = ((name, row.raw(self.lens.view(name))) for name in self.keep)
        return tuple((name, values[0]) for name, values in found if values)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its targets."""

    rule: Rule
    targets: tuple[Target, ...]
    generate: bool = True
    """False if the rule only serves correlations and is no finding of its own."""
    keep: tuple[str, ...] = ()
    """Fields of the rule that correlations group by or count."""
    notes: tuple[str, ...] = ()
    """Kinds of evidence in which the rule cannot be evaluated, with the reason."""


@dataclass(frozen=True, slots=True)
class CompiledCorrelation:
    """A correlation rule: what must come together, and within which time."""

    rule: Rule
    plan: Plan
    generate: bool = True


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of one run, and those that cannot run."""

    rules: tuple[CompiledRule, ...]
    correlations: tuple[CompiledCorrelation, ...] = ()
    refused: tuple[RefusedRule, ...] = ()

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of evidence that the rules read."""
        return tuple(sorted({target.kind for rule in self.rules for target in rule.targets}))

    def targets(self, kind: str) -> Iterable[tuple[CompiledRule, Target]]:
        """Return the rules for one kind of evidence, with what is to be evaluated."""
        return (
            (rule, target) for rule in self.rules for target in rule.targets if target.kind == kind
        )
