"""`rules test` reaches every kind of evidence that a bundled rule reads, on both sides."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from extriage.pipeline.pack import Content, load_pack
from extriage.pipeline.rulecase import CASES, HEADERS, load_cases, matches_of, run_cases

RULES = Path(str(files("extriage"))) / "content" / "rules"


@cache
def kinds_in_cases() -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds of evidence that cases match in, and those that they must not match in."""
    ruleset = load_pack(Content()).ruleset
    met, spared = set[str](), set[str]()
    for path in CASES.rglob("*.yml"):
        for case in load_cases(path) if path.name != HEADERS else ():
            for side, items in case.items.items():
                records = [one for item in items for one in case.records(item)]
                if side.startswith("no_"):
                    spared.update(record.kind for record in records)
                else:
                    met.update(match.kind for match in matches_of(ruleset, records))
    return frozenset(met), frozenset(spared)


def test_every_kind_that_rules_read_is_matched_in_some_case() -> None:
    kinds = set(load_pack(Content()).ruleset.kinds())
    met, spared = kinds_in_cases()
    assert kinds - met == set()
    assert kinds - spared == set()


def test_the_command_runs_every_case_and_counts_both_sides_of_every_rule() -> None:
    pack = load_pack(Content())
    ruleset = pack.ruleset
    outcomes = run_cases(ruleset, [CASES], pack.yara)
    assert [outcome for outcome in outcomes if outcome.problem] == []
    known = [path for path in RULES.rglob("*.yml") if path.is_file()]
    assert len(outcomes) > 2 * len(known)
    sides = {outcome.name.rpartition(" ")[0] for outcome in outcomes}
    missing = []
    for rules, words in (
        (ruleset.rules, ("match", "no_match")),
        (ruleset.correlations, ("match_sequence", "no_match_sequence")),
    ):
        names = [one.rule.id for one in rules]
        missing += [f"{name} {w}" for name in names for w in words if f"{name} {w}" not in sides]
    assert missing == []
