"""What the modifiers, values and conditions of a Sigma rule mean, one by one."""

import base64
from pathlib import Path
from typing import Any

import pytest
from sigma_cases import holds, loaded, record, refusal_of, rule_document, target_of

from extriage.model.evidence import Fields


def met(folder: Path, key: str, value: Any, field: str | tuple[str, ...] | None) -> bool:
    """Tell whether `key: value` is met when the field `f` has this value (None: is absent)."""
    target = target_of(folder, {"selection": {key: value}})
    return holds(target, **({} if field is None else {"f": field}))


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("f", "abc", "ABC", True),
        ("f", "abc", "abcd", False),
        ("f", "", "", True),
        ("f", "", "a", False),
        ("f", "", None, False),
        ("f", None, None, True),
        ("f", None, "", True),
        ("f", None, "a", False),
        ("f", [], None, True),
        ("f", "*", "", True),
        ("f", "*", None, False),
        ("f", "?*", "", False),
        ("f", "a*c", "A--C", True),
        ("f", "a*c", "a\nc", True),
        ("f", "a?c", "abc", True),
        ("f", "a?c", "ac", False),
        ("f", r"a\*c", "a*c", True),
        ("f", r"a\*c", "abc", False),
        ("f", r"a\?c", "a?c", True),
        ("f", r"C:\Windows", r"c:\windows", True),
        ("f", r"C:\\*", "C:\\x", True),
        ("f", r"\\\\srv\share", r"\\srv\share", True),
        ("f|contains", "b", "abc", True),
        ("f|contains", "B", "abc", True),
        ("f|contains", r"\*", "a*c", True),
        ("f|contains", r"\*", "abc", False),
        ("f|contains", "", "", True),
        ("f|startswith", "ab", "ABC", True),
        ("f|startswith", "bc", "abc", False),
        ("f|endswith", "bc", "aBC", True),
        ("f|endswith", "ab", "abc", False),
        ("f|contains|all", ["a", "c"], "abc", True),
        ("f|contains|all", ["a", "x"], "abc", False),
        ("f|all", ["*a*", "*c"], "abc", True),
        ("f|cased", "abc", "abc", True),
        ("f|cased", "abc", "Abc", False),
        ("f|contains|cased", "B", "aBc", True),
        ("f|contains|cased", "B", "abc", False),
        ("f|neq", "abc", "abd", True),
        ("f|neq", "abc", "ABC", False),
        ("f|neq", "abc", None, True),
        ("f", 200, "200", True),
        ("f", 200, "2000", False),
        ("f", 1.5, "1.5", True),
        ("f", True, "true", True),
        ("f", True, "1", True),
        ("f", False, "False", True),
        ("f", True, "yes", False),
        ("f", ["x", "abc"], "abc", True),
        ("f", "b", ("a", "b"), True),
        ("f", "c", ("a", "b"), False),
        ("f|contains|all", ["a", "b"], ("a", "b"), True),
        ("f", "straße", "STRAßE", True),
        ("f", "Ärger", "äRGER", True),
        ("f|contains", "ΟΔΟΣ", "οδοσ", True),
        ("f|contains", "kelvin", "\u212aelvin", False),
        ("f|contains", "istanbul", "\u0130stanbul", False),
    ],
)
def test_texts_and_numbers(
    tmp_path: Path, key: str, value: Any, field: str | None, expected: bool
) -> None:
    assert met(tmp_path, key, value, field) is expected


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("f|re", "b.d", "abcde", True),
        ("f|re", "B.D", "abcde", False),
        ("f|re|i", "B.D", "abcde", True),
        ("f|re", "(?i)B.D", "abcde", True),
        ("f|re|i", "kiss", "\u212ai\u017f\u017f", False),
        ("f|re", "^b", "a\nb", False),
        ("f|re|m", "^b", "a\nb", True),
        ("f|re", "a.b", "a\nb", False),
        ("f|re|s", "a.b", "a\nb", True),
        ("f|re|i|s", "A.B", "a\nb", True),
        ("f|re|startswith", "b|c", "abc", False),
        ("f|re|startswith", "a|x", "abc", True),
        ("f|re|endswith", "b|x", "abc", False),
        ("f|re|endswith", "x|c", "abc", True),
        ("f|re|contains", "b", "abc", True),
        ("f|re", "x*", None, False),
        ("f|re", "a", "\udc80a", True),
        ("f|lt", 5, "4", True),
        ("f|lt", 5, "5", False),
        ("f|lte", 5, "5", True),
        ("f|gt", 5, "5.5", True),
        ("f|gte", 5, "-5", False),
        ("f|gte", 5, "five", False),
        ("f|gte", 5, "", False),
        ("f|gt", 5, "9" * 5000, True),
        ("f|cidr", "10.0.0.0/8", "10.2.3.4", True),
        ("f|cidr", "10.0.0.0/8", "11.2.3.4", False),
        ("f|cidr", "10.0.0.0/9", "10.128.0.1", False),
        ("f|cidr", "10.0.0.0/8", "::ffff:10.1.1.1", True),
        ("f|cidr", "10.0.0.0/8", "10.1.1.1 192.0.2.1", True),
        ("f|cidr", "fe80::/10", "fe80::1%3", True),
        ("f|cidr", "2001:db8::/32", "2001:DB8:0::1", True),
        ("f|cidr", "2001:db8::/32", "2001:db9::1", False),
        ("f|cidr", "10.0.0.0/8", "not an address", False),
        ("f|exists", True, "x", True),
        ("f|exists", True, "", True),
        ("f|exists", True, None, False),
        ("f|exists", False, None, True),
        ("f|exists", False, "x", False),
        ("f|hour", 9, "2021-03-01T09:15:00Z", True),
        ("f|hour", 9, "2021-03-01T10:15:00Z", False),
        ("f|year", 2021, "2021-03-01T10:15:00Z", True),
        ("f|day", 1, "yesterday", False),
    ],
)
def test_other_values(
    tmp_path: Path, key: str, value: Any, field: str | None, expected: bool
) -> None:
    assert met(tmp_path, key, value, field) is expected


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ("-exec", "cmd -exec x", True),
        ("-exec", "cmd /exec x", True),
        ("-exec", "cmd \u2013exec x", True),
        ("-exec", "cmd +exec x", False),
        ("/a-b", "x -a-b", True),
        ("/a-b", "x -a/b", False),
    ],
)
def test_windash_reads_every_dash_of_an_option(
    tmp_path: Path, value: str, field: str, expected: bool
) -> None:
    assert met(tmp_path, "f|contains|windash", value, field) is expected


@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_base64offset_finds_a_text_at_every_offset(tmp_path: Path, before: str) -> None:
    encoded = base64.b64encode(f"{before}http://evil".encode()).decode()
    assert met(tmp_path, "f|base64offset|contains", "http://evil", encoded)
    assert not met(tmp_path, "f|base64offset|contains", "http://good", encoded)


@pytest.mark.parametrize(
    ("modifier", "encoding"),
    [("wide", "utf-16-le"), ("utf16le", "utf-16-le"), ("utf16be", "utf-16-be")],
)
def test_encodings_are_applied_before_base64(tmp_path: Path, modifier: str, encoding: str) -> None:
    encoded = base64.b64encode("ping".encode(encoding)).decode()
    assert met(tmp_path, f"f|{modifier}|base64", "ping", encoded)
    assert met(tmp_path, f"f|{modifier}|base64offset|contains", "ping", encoded)


def test_utf16_has_a_byte_order_mark(tmp_path: Path) -> None:
    encoded = base64.b64encode(b"\xff\xfe" + "ping".encode("utf-16-le")).decode()
    assert met(tmp_path, "f|utf16|base64", "ping", encoded)


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        ("fieldref", [False, False, False, True]),
        ("fieldref|startswith", [True, False, False, True]),
        ("fieldref|endswith", [False, True, False, True]),
        ("fieldref|contains", [True, True, True, True]),
    ],
)
def test_fieldref_compares_two_fields(tmp_path: Path, modifiers: str, expected: list[bool]) -> None:
    target = target_of(tmp_path, {"selection": {f"f|{modifiers}": "g"}})
    values = ["abcdef", "xyzabc", "xabcx", "aBC"]
    assert [holds(target, f=value, g="ABC") for value in values] == expected
    assert not holds(target, f="abc")


CONDITIONS = [
    ("sel_a and sel_b", {"ab", "abc"}),
    ("sel_a or sel_b", {"a", "b", "ab", "ac", "bc", "abc"}),
    ("sel_a and not sel_b", {"a", "ac"}),
    ("not sel_a and not sel_b", {"", "c"}),
    ("not (sel_a or sel_b)", {"", "c"}),
    ("not not sel_a", {"a", "ab", "ac", "abc"}),
    ("sel_a or sel_b and other", {"a", "ab", "ac", "bc", "abc"}),
    ("(sel_a or sel_b) and other", {"ac", "bc", "abc"}),
    ("1 of sel_*", {"a", "b", "ab", "ac", "bc", "abc"}),
    ("any of sel_*", {"a", "b", "ab", "ac", "bc", "abc"}),
    ("all of sel_*", {"ab", "abc"}),
    ("all of them", {"abc"}),
    ("1 of them", {"a", "b", "c", "ab", "ac", "bc", "abc"}),
    ("1 of sel_a", {"a", "ab", "ac", "abc"}),
    ("not 1 of sel_*", {"", "c"}),
    ("other and not all of sel_*", {"c", "ac", "bc"}),
    (["sel_a and sel_b", "other"], {"ab", "abc", "c", "ac", "bc"}),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_every_form_of_condition(tmp_path: Path, condition: Any, expected: set[str]) -> None:
    detection = {
        "sel_a": {"a": "1"},
        "sel_b": {"b": "1"},
        "other": {"c": "1"},
        "condition": condition,
    }
    target = target_of(tmp_path, detection)
    names = ["", "a", "b", "c", "ab", "ac", "bc", "abc"]
    found = {name for name in names if holds(target, **dict.fromkeys(name, "1"))}
    assert found == expected


def test_a_list_of_maps_is_a_disjunction_of_conjunctions(tmp_path: Path) -> None:
    target = target_of(tmp_path, {"selection": [{"a": "1", "b": "1"}, {"c": "1"}]})
    assert holds(target, a="1", b="1")
    assert holds(target, c="1")
    assert not holds(target, a="1")


def test_keywords_search_the_text_of_a_line(tmp_path: Path) -> None:
    any_word = target_of(tmp_path, {"selection": ["alpha", "be*ta", 404]})
    assert any_word.matches(record("httpproxy", {}, "x ALPHA x"))
    assert any_word.matches(record("httpproxy", {}, "x be--ta x"))
    assert any_word.matches(record("httpproxy", {}, "GET 404"))
    assert not any_word.matches(record("httpproxy", {"f": "alpha"}, "x"))
    every_word = target_of(tmp_path, {"selection": {"|all": ["alpha", "beta"]}})
    assert every_word.matches(record("httpproxy", {}, "beta alpha"))
    assert not every_word.matches(record("httpproxy", {}, "alpha"))
    pattern = target_of(tmp_path, {"selection": {"|re": "a[lp]+ha"}})
    assert pattern.matches(record("httpproxy", {}, "alpha"))


def test_keywords_search_all_values_of_an_event(tmp_path: Path) -> None:
    source = {"product": "windows", "service": "msexchange-management"}
    target = target_of(tmp_path, {"selection": {"|all": ["Set-Oab", "script"]}}, logsource=source)
    fields: Fields = {
        "Channel": "MSExchange Management",
        "Data": ("Set-OabVirtualDirectory", "<script"),
    }
    assert target.matches(record("events", fields, "{}"))
    assert not target.matches(record("events", {**fields, "Channel": "Application"}, "{}"))


@pytest.mark.parametrize("count", [11, 40, 900])
def test_long_lists_are_folded_without_changing_their_meaning(tmp_path: Path, count: int) -> None:
    names = [f"name.{number}+" for number in range(count)]
    for modifier in ("", "|contains", "|startswith", "|endswith"):
        target = target_of(tmp_path, {"selection": {f"f{modifier}": names}})
        assert holds(target, f=names[-1].upper())
        assert not holds(target, f="name-3+")


def test_no_pattern_writes_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert refusal_of(tmp_path, {"selection": {"f|re": "a(?=b)"}}).endswith("operator: (?=")
    hungry = target_of(tmp_path, {"selection": {"f|re": "(x+x+)+y[a-z]{900}$"}})
    assert not holds(hungry, f="x" * 5000)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("detection", "reason"),
    [
        ({"selection": {"f|expand": "%admins%"}}, "placeholder %admins%"),
        ({"selection": {"f|re|expand": "a%admins%"}}, "placeholder"),
        ({"selection": {"f|bogus": "x"}}, "Unknown modifier 'bogus'"),
        ({"selection": {"f|re": "a(?=b)"}}, "invalid"),
        ({"selection": {"f|re": "("}}, "invalid"),
        ({"selection": {"f|cidr": "10.0.0.0/99"}}, "Invalid CIDR"),
        ({"selection": {"f": "x"}, "condition": "selection | count() > 5"}, "correlation"),
        ({"selection": {"f": "x"}, "condition": "selektion"}, "selektion"),
        ({"selection": {"f": "x"}, "condition": "1 of nothing*"}, "doesn't match any"),
        ({"selection": {"f": "x"}, "condition": "selection and ("}, "Expected"),
        ({"selection": {"f": "x"}, "condition": "(" * 50 + "selection" + ")" * 50}, "parenth"),
        ({"selection": {"f": "x"}, "condition": "not " * 500 + "selection"}, "nested"),
        ({"selection": {"f": "x"}, "condition": "selection or " * 500}, "longer"),
        ({"selection": {}}, "empty"),
        ({"selection": {"f": {"g": "x"}}}, "type"),
        ({"selection": {"|cidr": "10.0.0.0/8"}}, "keywords"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_by_name(
    tmp_path: Path, detection: dict[str, Any], reason: str
) -> None:
    assert reason in refusal_of(tmp_path, detection)


def test_raw_lines_meet_rules_by_their_texts_alone(tmp_path: Path) -> None:
    detection = {
        "selection": {"UrlStem|contains": "/ecp/y.js", "HttpStatus": 200},
        "filter": {"UserAgent|contains": "probe"},
        "condition": "selection and not filter",
    }
    target = target_of(tmp_path, detection)
    assert target.matches_raw('2021,"broken /ECP/y.js probe')
    assert target.matches(record("httpproxy", {}, "/ecp/y.js", raw=True))
    assert not target.matches_raw("/ecp/z.js 200")
    pattern = target_of(tmp_path, {"selection": {"UrlStem|re": "/ecp/(?:main|y)[.]js"}})
    assert pattern.matches_raw("x /ecp/ x")
    assert not pattern.matches_raw("x /owa/ x")
    only_number = target_of(tmp_path, {"selection": {"HttpStatus": 500}})
    assert not only_number.matches_raw("500")
    either = target_of(
        tmp_path,
        {"a": {"x": 5}, "b": {"y|contains": "needle"}, "condition": "a or b"},
    )
    assert either.matches_raw("hay needle hay")
    assert not either.matches_raw("5 hay")


def test_values_for_correlations_are_kept_under_the_names_of_the_rule(tmp_path: Path) -> None:
    web = rule_document({"selection": {"sc-status": 401}}, {"category": "webserver"})
    count = {
        "title": "Many",
        "name": "many",
        "correlation": {
            "type": "event_count",
            "rules": ["case"],
            "group-by": ["c-ip"],
            "timespan": "1m",
            "condition": {"gte": 3},
        },
    }
    rules = loaded(tmp_path, web, count)
    (rule,) = rules.rules
    assert rule.keep == ("c-ip",)
    assert not rule.generate
    kept = {
        target.kind: target.kept(
            record(target.kind, {"c-ip": "192.0.2.1", "ClientIpAddress": "192.0.2.2"})
        )
        for target in rule.targets
    }
    assert kept == {"iis": (("c-ip", "192.0.2.1"),), "httpproxy": (("c-ip", "192.0.2.2"),)}
