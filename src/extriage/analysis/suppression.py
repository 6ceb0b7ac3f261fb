"""Which lines did the organisation choose not to be shown, and do they prove too much for that?

An entry fits a line if all that it names fits. A suppressed line is no finding and no step of a
correlation; it is counted, and a few of its lines are kept. An own scanner's lines are suppressed
as long as they prove no more than a probe: its address can be forged, and the scanner abused.

Two things are known late: on which server a line stands, and the hash of its file. Readers note
which entries fit a line so far (`held`), and the rest is settled when all is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from extriage.analysis.linefit import LineFit
from extriage.matchers.sigma import CompiledCorrelation, RuleSet, correlate
from extriage.model.detection import About, Certainty, Evidence, Held, Match, Rule, Stage
from extriage.model.evidence import Record
from extriage.model.reading import Kept
from extriage.model.suppression import Suppression


def more_than_a_probe(rule: Rule) -> bool:
    """Tell whether a rule says more than what a vulnerability scanner does."""
    reached = rule.stage is Stage.REACHED and rule.certainty is Certainty.CONFIRMED
    furthest = max(stage.rank for stage in (rule.stage, rule.hints, Stage.PROBED) if stage)
    beside = rule.about in (About.PERSISTENCE, About.EXPOSURE)
    return reached or beside or furthest >= Stage.PLANTED.rank


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a line late: its server, and the hash of its file."""

    host: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of the lines of one rule in one artifact."""

    entry: int | None = None
    """The entry that suppresses them."""
    scanner: int | None = None
    """The own scanner that sent them, although they prove too much to be suppressed."""


@dataclass(frozen=True, slots=True)
class Barred:
    """A step of correlations, and those that must not see it."""

    match: Match
    named: tuple[tuple[str, int], ...]
    """Correlation rules that an entry itself names, with the entry."""
    scanner: int | None
    """The own scanner that sent it."""


@dataclass(slots=True)
class Suppressor:
    """The entries in force, ready to be asked; every worker has its own."""

    entries: tuple[Suppression, ...] = ()
    rules: dict[str, Rule] = field(default_factory=dict)
    parents: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    """Correlation rules that a rule is a step of, directly or not."""
    silent: frozenset[str] = frozenset()
    """Rules that only serve correlations."""
    correlations: frozenset[str] = frozenset()
    _fits: dict[int, LineFit] = field(default_factory=dict)
    _concerned: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the entries ready that are in force."""
        self._fits = {at: LineFit(one) for at, one in enumerate(self.entries) if one.in_force}

    def held(self, rule: Rule, record: Record, evidence: Evidence) -> Held:
        """Return the entries that fit a line, as far as that can be told while it is read."""
        found = []
        for at in self._entries_for(rule) if self._fits else ():
            late = self._fits[at].late(record, evidence)
            if late is not None:
                found.append((at, late))
        return tuple(found)

    def concerns(self, at: int) -> bool:
        """Tell whether an entry is about any rule of this run."""
        return any(map(self._fits[at].covers, self.rules.values()))

    def untimed(self, held: Held) -> Held:
        """Leave out entries that ask for a time, for lines whose clock turns out to be wrong."""
        return tuple(
            (at, late)
            for at, late in held
            if self.entries[at].since is None and self.entries[at].until is None
        )

    def settle(self, kept: Kept, place: Place) -> Settled:
        """Say whether lines are suppressed, and by which entry: the first that fits."""
        rule = self.rules[kept.rule]
        scanner = None
        for at in self._fitting(kept.held, place):
            if self._fits[at].covers(rule):
                if not self._too_much(at, rule):
                    return Settled(at)
                scanner = at if scanner is None else scanner
        return Settled(scanner=scanner)

    def bar(self, match: Match, place: Place) -> Barred:
        """Settle which correlation rules must not see a match."""
        rule = self.rules[match.rule]
        barred = set[str]()
        named: dict[str, int] = {}
        fitting = list(self._fitting(match.held, place))
        for at in fitting:
            own = self._fits[at].covers(rule)
            for parent in self.parents.get(match.rule, ()):
                concerned = own or self._fits[at].covers(parent)
                if concerned and parent.id not in barred and not self._too_much(at, parent):
                    barred.add(parent.id)
                    if not own:
                        named[parent.id] = at
        scanner = next((at for at in fitting if self.entries[at].scanner), None)
        return Barred(
            replace(match, barred=tuple(sorted(barred))), tuple(sorted(named.items())), scanner
        )

    def _too_much(self, at: int, rule: Rule) -> bool:
        return bool(self.entries[at].scanner) and more_than_a_probe(rule)

    def _fitting(self, held: Held, place: Place) -> Iterator[int]:
        for at, late in held:
            in_file = not late or place.sha256 in self.entries[at].sha256
            if in_file and self._fits[at].on(place.host):
                yield at

    def _entries_for(self, rule: Rule) -> tuple[int, ...]:
        """Return the entries that can concern matches of a rule."""
        found = self._concerned.get(rule.id)
        if found is None:
            rules = (rule, *self.parents.get(rule.id, ()))
            found = tuple(at for at, fit in self._fits.items() if any(map(fit.covers, rules)))
            self._concerned[rule.id] = found
        return found


def suppressor(entries: Sequence[Suppression], ruleset: RuleSet) -> Suppressor:
    """Prepare entries for the rules of a run."""
    if not entries:
        return Suppressor()
    every = [one.rule for one in ruleset.rules] + [one.rule for one in ruleset.correlations]
    rules = {rule.id: rule for rule in every}
    silent = frozenset(one.rule.id for one in ruleset.rules if not one.generate)
    joining = frozenset(one.rule.id for one in ruleset.correlations)
    return Suppressor(tuple(entries), rules, _parents(ruleset), silent, joining)


def _parents(ruleset: RuleSet) -> dict[str, tuple[Rule, ...]]:
    found: dict[str, dict[str, Rule]] = {}

    def add(correlation: CompiledCorrelation, names: Sequence[str]) -> None:
        for name in names:
            known = found.setdefault(name, {})
            if correlation.rule.id not in known:
                known[correlation.rule.id] = correlation.rule
                add(correlation, steps.get(name, ()))

    steps = {one.rule.id: one.plan.rules for one in ruleset.correlations}
    for one in ruleset.correlations:
        add(one, one.plan.rules)
    return {name: tuple(rules.values()) for name, rules in found.items()}


def episodes(
    ruleset: RuleSet, matches: Sequence[Match]
) -> Iterator[tuple[CompiledCorrelation, list[Match]]]:
    """Return the episodes of all correlations; each is made of the matches that it may see.

    Correlations that may see the same matches are evaluated together; nearly always that is all.
    """
    hidden: dict[str, set[int]] = {}
    for at, match in enumerate(matches):
        for name in match.barred:
            hidden.setdefault(name, set()).add(at)
    ways: dict[frozenset[int], set[str]] = {}
    for correlation in ruleset.correlations:
        name = correlation.rule.id
        ways.setdefault(frozenset(hidden.get(name, ())), set()).add(name)
    for unseen, names in ways.items():
        seen = [match for at, match in enumerate(matches) if at not in unseen]
        for correlation, episode in correlate(ruleset, seen):
            if correlation.rule.id in names:
                yield correlation, episode
