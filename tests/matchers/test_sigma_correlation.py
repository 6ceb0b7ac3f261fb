"""Correlation rules: windows, groups, order, episodes; where it can say, against SQLite as well."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigma.backends.sqlite.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma_cases import LOGSOURCES, loaded, record, rule_document

from extriage.matchers.sigma import RuleSet, correlate, load_rules
from extriage.matchers.sigma.episodes import Happening, windows
from extriage.model.detection import Evidence, Match
from extriage.model.evidence import Origin

START = datetime(2021, 3, 1, 6, 40, tzinfo=UTC)
NAMES = ("a", "b", "c")
BACKEND: Any = sqliteBackend


def base_rule(name: str) -> dict[str, Any]:
    return {**rule_document({"selection": {"f": name}}), "name": name, "title": name}


def correlation(kind: str, rules: Any = NAMES, **more: Any) -> dict[str, Any]:
    """Return a correlation over ten seconds, grouped by user."""
    body = {"type": kind, "group-by": ["user"], "timespan": "10s", **more}
    if rules:
        body["rules"] = list(rules)
    return {"title": "All", "name": "all", "correlation": body}


def ruleset(folder: Path, *correlations: dict[str, Any]) -> RuleSet:
    found = loaded(folder, *map(base_rule, NAMES), *correlations)
    assert not found.refused, found.refused
    return found


def matches(rules: RuleSet, rows: Iterable[dict[str, Any]]) -> list[Match]:
    """Return the matches of rows: `f` names the rule, `at` is the second, `path` the file."""
    found = []
    for line, row in enumerate(rows, 1):
        path, at = row.get("path", "log"), row["at"]
        time = None if at is None else START + timedelta(seconds=at)
        fields = {key: row[key] for key in ("f", "user", "value") if row.get(key) is not None}
        made = record("httpproxy", fields, time=time, origin=Origin(path, line))
        for rule in rules.rules:
            if rule.targets[0].matches(made):
                evidence = Evidence(path, line, 0, "", "", time)
                kept = rule.targets[0].kept(made)
                found.append(Match(rule.rule.id, "httpproxy", "srv", evidence, kept))
    return found


def episodes(rules: RuleSet, rows: Iterable[dict[str, Any]]) -> list[list[int]]:
    """Return the episodes as lists of lines."""
    return [
        [match.evidence.line for match in found]
        for _, found in correlate(rules, matches(rules, rows))
    ]


def rows(*steps: tuple[str, float], user: str = "eve") -> list[dict[str, Any]]:
    return [{"f": name, "at": at, "user": user, "value": str(at)} for name, at in steps]


def test_a_window_includes_both_of_its_ends(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("event_count", "a", condition={"gte": 3}))
    assert episodes(rules, rows(("a", 0), ("a", 5), ("a", 10))) == [[1, 2, 3]]
    assert episodes(rules, rows(("a", 0), ("a", 5), ("a", 10.001))) == []


def test_windows_slide_and_do_not_start_at_round_times(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("event_count", "a", condition={"gte": 3}))
    late = rows(("a", 0), ("a", 8), ("a", 12), ("a", 17), ("a", 60), ("a", 61), ("a", 62))
    assert episodes(rules, late) == [[2, 3, 4], [5, 6, 7]]


def test_windows_that_share_a_match_are_one_episode(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("event_count", "a", condition={"gte": 3}))
    steady = rows(*(("a", 4 * step) for step in range(10)))
    assert episodes(rules, steady) == [list(range(1, 11))]


def test_groups_do_not_mix_and_know_no_case(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("event_count", "a", condition={"gte": 2}))
    mixed = [*rows(("a", 0)), *rows(("a", 1), user="adam"), *rows(("a", 2), user="EVE")]
    assert episodes(rules, mixed) == [[1, 3]]


def test_matches_without_time_or_group_cannot_be_joined(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("event_count", "a", condition={"gte": 2}))
    for other in ({"at": None}, {"user": None}, {"user": ""}):
        pair = rows(("a", 0), ("a", 1))
        pair[1].update(other)
        assert episodes(rules, pair) == []


def test_one_record_that_meets_two_rules_counts_once(tmp_path: Path) -> None:
    twin = {**base_rule("a"), "name": "twin", "title": "twin"}
    both = correlation("event_count", ("a", "twin"), condition={"gte": 2})
    rules = loaded(tmp_path, base_rule("a"), twin, both)
    assert episodes(rules, rows(("a", 0))) == []
    assert episodes(rules, rows(("a", 0), ("a", 1))) == [[1, 1, 2, 2]]


def test_different_values_are_counted(tmp_path: Path) -> None:
    condition = {"field": "value", "gte": 3}
    rules = ruleset(tmp_path, correlation("value_count", "a", condition=condition))
    several = rows(("a", 0), ("a", 1), ("a", 2), ("a", 3))
    assert episodes(rules, several) == [[1, 2, 3, 4]]
    for row, value in zip(several, ("x", "X", "y", None), strict=True):
        row["value"] = value
    assert episodes(rules, several) == []


def test_rules_that_meet_within_the_time_span(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("temporal"))
    assert episodes(rules, rows(("c", 0), ("a", 5), ("b", 10))) == [[1, 2, 3]]
    assert episodes(rules, rows(("c", 0), ("a", 5), ("b", 11))) == []
    assert episodes(rules, rows(("a", 0), ("a", 5), ("b", 6))) == []


@pytest.mark.parametrize(
    ("condition", "steps", "expected"),
    [
        ("a and b", "ab", True),
        ("a and b", "ac", False),
        ("a and (b or c)", "ac", True),
        ("(a and b) or c", "c", True),
    ],
)
def test_conditions_between_rules(
    tmp_path: Path, condition: str, steps: str, expected: bool
) -> None:
    rules = ruleset(tmp_path, correlation("temporal", (), condition=condition))
    found = episodes(rules, rows(*((name, at) for at, name in enumerate(steps))))
    assert bool(found) is expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("abc", [[1, 2, 3]]),
        ("acb", []),
        ("cba", []),
        ("cabac", [[2, 3, 5]]),
        ("aabbc", [[1, 3, 5]]),
    ],
)
def test_rules_in_order(tmp_path: Path, steps: str, expected: list[list[int]]) -> None:
    rules = ruleset(tmp_path, correlation("temporal_ordered"))
    assert episodes(rules, rows(*((name, at) for at, name in enumerate(steps)))) == expected


def test_order_must_fit_into_the_time_span(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("temporal_ordered"))
    assert episodes(rules, rows(("a", 0), ("b", 5), ("c", 10))) == [[1, 2, 3]]
    assert episodes(rules, rows(("a", 0), ("b", 5), ("c", 10.5))) == []
    assert episodes(rules, rows(("a", 0), ("a", 2), ("b", 5), ("c", 12))) == [[2, 3, 4]]


def test_some_of_the_rules_in_order(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("temporal_ordered", condition={"gte": 2}))
    assert episodes(rules, rows(("b", 0), ("a", 1), ("c", 2))) == [[2, 3]]
    assert episodes(rules, rows(("c", 0), ("b", 1), ("a", 2))) == []


def test_of_equal_times_the_line_decides_within_a_file(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("temporal_ordered", "ab"))
    assert episodes(rules, rows(("a", 0), ("b", 0))) == [[1, 2]]
    assert episodes(rules, rows(("b", 0), ("a", 0))) == []
    apart = rows(("b", 0), ("a", 0))
    apart[0]["path"] = "other log"
    assert episodes(rules, apart) == [[2, 1]]


def test_one_record_is_not_two_steps(tmp_path: Path) -> None:
    twin = {**base_rule("a"), "name": "twin", "title": "twin"}
    ordered = correlation("temporal_ordered", ("a", "twin"))
    rules = loaded(tmp_path, base_rule("a"), twin, ordered)
    assert episodes(rules, rows(("a", 0))) == []
    assert episodes(rules, rows(("a", 0), ("a", 1))) == [[1, 2]]


def test_an_alias_joins_fields_of_different_names(tmp_path: Path) -> None:
    aliases = {"who": {"a": "user", "b": "value"}}
    joined = correlation("temporal", "ab", aliases=aliases)
    joined["correlation"]["group-by"] = ["who"]
    rules = ruleset(tmp_path, joined)
    pair = rows(("a", 0), ("b", 1))
    assert episodes(rules, pair) == []
    pair[1]["value"] = "Eve"
    assert episodes(rules, pair) == [[1, 2]]
    keep = {rule.rule.id: rule.keep for rule in rules.rules}
    assert keep == {"a": ("user",), "b": ("value",), "c": ()}


def test_a_correlation_of_a_correlation(tmp_path: Path) -> None:
    outer = correlation("temporal_ordered", ("all", "b"))
    outer.update(name="outer", title="Outer")
    many = correlation("event_count", "a", condition={"gte": 2})
    rules = ruleset(tmp_path, outer, many)
    found = correlate(rules, matches(rules, rows(("a", 0), ("a", 1), ("b", 5))))
    assert [one.rule.id for one, _ in found] == ["outer"]
    assert [match.evidence.line for match in found[0][1]] == [1, 2, 3]
    assert episodes(rules, rows(("b", 0), ("a", 1), ("a", 2))) == []
    assert {one.rule.id: one.rule.kinds for one in rules.correlations} == {
        "all": ("httpproxy",),
        "outer": ("httpproxy",),
    }


def test_joined_rules_are_findings_only_if_asked(tmp_path: Path) -> None:
    silent = ruleset(tmp_path, correlation("temporal", "ab"))
    assert [rule.generate for rule in silent.rules] == [False, False, True]
    spoken = ruleset(tmp_path, correlation("temporal", "ab", generate=True))
    assert all(rule.generate for rule in spoken.rules)
    assert spoken.correlations[0].rule.correlation


def test_rules_are_found_in_other_files_by_name_or_id(tmp_path: Path) -> None:
    identity = "67bce556-312f-4c81-9162-c3c9ff2599b2"
    with_id = {**base_rule("b"), "id": identity}
    for number, one in enumerate((correlation("temporal", ("a", identity)), base_rule("a"))):
        (tmp_path / f"{number}.yml").write_text(json.dumps(one))
    (tmp_path / "2.yml").write_text(json.dumps(with_id))

    rules = load_rules([tmp_path], LOGSOURCES)
    assert rules.correlations[0].plan.rules == ("a", "b")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (correlation("value_sum", "a", condition={"field": "v", "gte": 1}), "value_sum is not"),
        (correlation("temporal", ("a", "zz")), "joins the rule zz, which is not loaded"),
        (correlation("temporal", (), condition="a and not b"), "`not` between"),
        (correlation("temporal_ordered", "ab", condition={"eq": 2}), "needs `gte` or `gt`"),
        (correlation("temporal_ordered", "ab", condition={"gte": 3}), "cannot find 3 of 2"),
        (correlation("temporal", ("a", "a")), "names a rule twice"),
        (correlation("temporal", ("all",)), "joins rules that cannot run: all"),
        (correlation("event_count", "a", condition={"gte": 1}, timespan="5 apples"), "Timespan"),
        (correlation("unheard_of", "a"), "no valid Sigma correlation type"),
        (correlation("temporal", ({"a": 1}, "b")), "not loaded"),
        (correlation("temporal", "ab", aliases={"x": {"zz": "f"}}), "joins the rule zz"),
    ],
)
def test_correlations_that_cannot_run_are_refused(
    tmp_path: Path, document: dict[str, Any], reason: str
) -> None:
    rules = loaded(tmp_path, *map(base_rule, NAMES), document)
    assert not rules.correlations
    assert reason in rules.refused[0].reason
    assert all(rule.generate for rule in rules.rules)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "f": st.sampled_from(NAMES),
            "user": st.sampled_from(["eve", "EVE", "adam", None]),
            "value": st.sampled_from(["1", "x", "X", "y", None]),
            "at": st.integers(0, 40),
        }
    ),
    min_size=1,
    max_size=12,
)
# NOTE: of equal times SQLite's chain wants the later one strictly later; ours asks the line.
ORDERED_ROWS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=10).flatmap(
    lambda names: st.lists(
        st.integers(0, 40), min_size=len(names), max_size=len(names), unique=True
    ).map(
        lambda times: [
            {"f": name, "user": "eve", "value": None, "at": at}
            for name, at in zip(names, sorted(times), strict=True)
        ]
    )
)
OPERATORS = st.sampled_from(("gte", "gt", "lt", "lte", "eq", "neq"))
COUNTS = st.builds(lambda name, count: {name: count}, OPERATORS, st.integers(1, 4))


def by_sqlite(
    correlated: dict[str, Any], listed: Sequence[dict[str, Any]]
) -> set[tuple[str, int, frozenset[int]]]:
    """Return group, end and lines of every window that SQLite finds."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE logs (f TEXT COLLATE NOCASE, user TEXT, value TEXT, at INTEGER)")
    database.executemany("INSERT INTO logs VALUES (:f, :user, :value, :at)", listed)
    backend = BACKEND(timestamp_field="at", timestamp_format="unix")
    rules: Any = json.loads(json.dumps([*map(base_rule, NAMES), correlated]))
    query = backend.convert(SigmaCollection.from_dicts(rules))[-1]
    cursor = database.execute(query)
    columns = [column[0] for column in cursor.description]
    found = set()
    for values in cursor.fetchall():
        row = dict(zip(columns, values, strict=True))
        lines = frozenset(int(one.rpartition(":")[2]) for one in json.loads(row["event_ids"]))
        found.add((json.loads(row["group_keys"])["user"], int(row["window_end"]), lines))
    database.close()
    return found


def by_us(rules: RuleSet, listed: Sequence[dict[str, Any]]) -> set[tuple[str, int, frozenset[int]]]:
    """Return group, end and lines of every window that we find."""
    plan = rules.correlations[0].plan
    groups: dict[str, list[Happening]] = {}
    for match in matches(rules, listed):
        values = dict(match.values)
        time = match.evidence.time
        assert time is not None
        if "user" in values and match.rule in plan.rules:
            seconds = int((time - START).total_seconds())
            place = ("log", match.evidence.line, 0)
            one = Happening(match.rule, seconds * 1_000_000, place, values, ())
            groups.setdefault(values["user"].lower(), []).append(one)
    found = set()
    for user, group in groups.items():
        group.sort(key=lambda one: (one.time, one.place))
        for window in windows(plan, group):
            inside = group[window.first : window.last + 1]
            lines = frozenset(one.place[1] for one in inside)
            found.add((user, window.end // 1_000_000, lines))
    return found


def ends(found: set[tuple[str, int, frozenset[int]]]) -> set[tuple[str, int]]:
    return {(user, end) for user, end, _ in found}


SLOW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(listed=ROWS, condition=COUNTS, kind=st.sampled_from(("event", "value", "temporal")))
def test_windows_are_those_that_sqlite_finds(
    tmp_path: Path, listed: list[dict[str, Any]], condition: dict[str, Any], kind: str
) -> None:
    if kind == "value":
        correlated = correlation("value_count", condition={**condition, "field": "value"})
    else:
        name = "temporal" if kind == "temporal" else "event_count"
        correlated = correlation(name, condition=condition)
    rules = ruleset(tmp_path, correlated)
    assert by_us(rules, listed) == by_sqlite(correlated, listed)


@SLOW
@given(listed=ROWS, condition=st.sampled_from(("a and b", "a or b and c", "(a or b) and c")))
def test_conditions_are_met_where_sqlite_finds_them(
    tmp_path: Path, listed: list[dict[str, Any]], condition: str
) -> None:
    correlated = correlation("temporal", (), condition=condition)
    rules = ruleset(tmp_path, correlated)
    assert ends(by_us(rules, listed)) == ends(by_sqlite(correlated, listed))


@SLOW
@given(listed=ORDERED_ROWS, condition=st.sampled_from(({}, {"gte": 2}, {"gt": 1}, {"gte": 1})))
def test_orders_are_met_where_sqlite_finds_them(
    tmp_path: Path, listed: list[dict[str, Any]], condition: dict[str, int]
) -> None:
    more = {"condition": condition} if condition else {}
    correlated = correlation("temporal_ordered", **more)
    rules = ruleset(tmp_path, correlated)
    assert ends(by_us(rules, listed)) == ends(by_sqlite(correlated, listed))


@pytest.mark.parametrize("odd", [5, ["value", 5], {"x": 1}])
def test_odd_fields_do_not_stop_the_loading(tmp_path: Path, odd: Any) -> None:
    counted = correlation("value_count", "a", condition={"field": odd, "gte": 2})
    aliased = correlation("temporal", "ab", aliases={"x": {"a": odd}})
    for document in (counted, aliased):
        rules = loaded(tmp_path, *map(base_rule, NAMES), document)
        assert len(rules.rules) == 3
        assert episodes(rules, rows(("a", 0), ("b", 1))) in ([], [[1, 2]])


def test_ordered_episodes_that_share_nothing_stay_apart(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("temporal_ordered", "ab"))
    twice = rows(("a", 0), ("b", 1), ("a", 100), ("b", 101))
    assert episodes(rules, twice) == [[1, 2], [3, 4]]


def test_too_many_alternatives_between_rules_are_refused(tmp_path: Path) -> None:
    condition = " and ".join(["(a or b or c)"] * 12)
    rules = loaded(
        tmp_path, *map(base_rule, NAMES), correlation("temporal", (), condition=condition)
    )
    assert rules.correlations, "equal alternatives are one"
    names = [f"r{number}" for number in range(24)]
    pairs = " and ".join(f"({a} or {b})" for a, b in zip(names[::2], names[1::2], strict=True))
    many = correlation("temporal", (), condition=pairs)
    refused = loaded(tmp_path, *map(base_rule, names), many).refused
    assert "more than 500 alternatives" in refused[0].reason


def test_a_raw_line_keeps_no_values(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, correlation("event_count", "a", condition={"gte": 2}))
    assert rules.rules[0].targets[0].kept(record("httpproxy", {}, "x", raw=True)) == ()
    assert rules.kinds() == ("httpproxy",)
