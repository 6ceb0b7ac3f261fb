"""The account of what was suppressed: by which entry, which lines, and would they have mattered?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from extriage.analysis.findings import merge
from extriage.analysis.suppression import Place, Suppressor
from extriage.model.detection import Finding, Match
from extriage.model.host import Verdict
from extriage.model.reading import Kept, trim
from extriage.model.suppression import LINES_SHOWN, Suppressed, Suppression, SuppressionUse

Spot = tuple[str, int, int]
_RULES_NAMED = 3


@dataclass(slots=True)
class Account:
    """What was suppressed on one server; grows while its evidence is put together."""

    taken: dict[int, list[Kept]] = field(default_factory=dict)
    """By entry the lines that it suppressed."""
    shown: dict[int, Counter[str]] = field(default_factory=dict)
    """By scanner the rules that its lines met and that prove more than a probe."""
    steps: dict[Spot, int] = field(default_factory=dict)
    """Places of lines of own scanners that correlations may see."""
    named: dict[tuple[int, str, str], Kept] = field(default_factory=dict)
    """Steps kept from correlations that an entry names: by entry, rule and file."""

    def sort(self, kept: Kept, place: Place, entries: Suppressor) -> Kept | None:
        """Return lines that are to be seen, and book those that are not."""
        if not kept.held:
            return kept if kept.rule not in entries.silent else None
        settled = entries.settle(kept, place)
        seen = replace(kept, held=())
        if settled.entry is not None:
            at = settled.entry
            self.taken[at] = merge([*self.taken.get(at, ()), seen])
            return None
        if kept.rule in entries.silent:
            return None
        if settled.scanner is not None:
            self.shown.setdefault(settled.scanner, Counter())[kept.rule] += kept.count
        return seen

    def step(self, match: Match, place: Place, entries: Suppressor) -> Match:
        """Return a step of correlations with those named that must not see it."""
        if not match.held:
            return match
        barred = entries.bar(match, place)
        line = match.evidence
        for name, entry in barred.named:
            key = (entry, name, line.path)
            self.named.setdefault(key, Kept(name, match.computer, raw=False)).add(line)
        if barred.scanner is not None:
            self.steps[line.path, line.line, line.offset] = barred.scanner
        return barred.match

    def by_entry(self) -> dict[int, list[Kept]]:
        """Return what was suppressed, by entry and rule."""
        found = dict(self.taken)
        for (entry, _, _), kept in sorted(self.named.items()):
            found[entry] = merge([*found.get(entry, ()), kept])
        return found

    def all_kept(self, singles: Mapping[str, object]) -> list[Kept]:
        """Return all suppressed lines that would be findings of their own."""
        return [kept for taken in self.taken.values() for kept in taken if kept.rule in singles]

    def see(self, findings: Iterable[Finding], entries: Suppressor) -> None:
        """Book what correlations made of lines of own scanners."""
        for finding in findings if self.steps else ():
            if finding.rule in entries.correlations:
                lines = ((line.path, line.line, line.offset) for line in finding.evidence)
                found = Counter(self.steps[spot] for spot in lines if spot in self.steps)
                for scanner, count in found.items():
                    self.shown.setdefault(scanner, Counter())[finding.rule] += count


def suppressed_rows(account: Account, entries: Suppressor) -> tuple[Suppressed, ...]:
    """Return what was suppressed on one server, by entry and rule."""
    return tuple(
        _row(entries, entries.entries[at], kept)
        for at, taken in sorted(account.by_entry().items())
        for kept in taken
    )


def _row(entries: Suppressor, entry: Suppression, kept: Kept) -> Suppressed:
    rule = entries.rules[kept.rule]
    return Suppressed(
        rule.id,
        rule.title,
        rule.level,
        rule.stage,
        rule.certainty,
        rule.campaign,
        entry.id,
        entry.scanner,
        entry.reason,
        kept.count,
        kept.first,
        kept.last,
        tuple(trim(kept.lines)[:LINES_SHOWN]),
    )


def scanner_notes(account: Account, entries: Suppressor) -> Iterator[str]:
    """Say what of an own scanner is not suppressed, because it proves more than a probe."""
    for at, rules in sorted(account.shown.items()):
        entry = entries.entries[at]
        ordered = sorted(rules.items(), key=lambda item: (-item[1], item[0]))
        named = [f"{rule} ({count})" for rule, count in ordered[:_RULES_NAMED]]
        more = f" and {len(rules) - _RULES_NAMED} more" if len(rules) > _RULES_NAMED else ""
        yield (
            f"lines from the own scanner {entry.scanner} ({entry.id}) prove more than a probe and "
            f"are not suppressed: {', '.join(named)}{more}; its address may be forged, or the "
            "scanner abused"
        )


def mentioned(
    verdict: Verdict,
    otherwise: Verdict,
    findings: Sequence[Finding],
    all_of_them: Sequence[Finding],
) -> Verdict:
    """Say in a verdict what it would be if nothing were suppressed, where that differs."""
    if (verdict.status, verdict.stage) == (otherwise.status, otherwise.stage):
        return verdict
    count = len({one.id for one in all_of_them} - {one.id for one in findings})
    words = (otherwise.stage, otherwise.certainty)
    level = ", ".join(word.value for word in words if word is not None)
    hidden = "1 finding is" if count == 1 else f"{count or 'parts of'} findings are"
    text = f"{hidden} suppressed; with them this would be {otherwise.status.value} ({level})."
    return replace(verdict, reason=f"{verdict.reason} {text}")


def uses(accounts: Sequence[Account], entries: Suppressor) -> tuple[SuppressionUse, ...]:
    """Return what every entry did, over all servers."""
    return tuple(_use(at, entry, accounts, entries) for at, entry in enumerate(entries.entries))


def _use(
    at: int, entry: Suppression, accounts: Sequence[Account], entries: Suppressor
) -> SuppressionUse:
    lines = sum(kept.count for one in accounts for kept in one.by_entry().get(at, ()))
    shown = sum(sum(one.shown.get(at, Counter()).values()) for one in accounts)
    note = ""
    if not entry.in_force:
        note = f"expired on {entry.expires} and suppresses nothing any more"
    elif not entries.concerns(at):
        note = "no rule that was loaded has such a name or campaign"
    elif not lines and not shown:
        note = "suppressed nothing: no line that a rule met fits it, or an earlier entry took all"
    return SuppressionUse(entry, lines, shown, note)
