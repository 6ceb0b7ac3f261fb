"""The prefilter's promise: where a rule matches, the raw line holds a literal of every clause.

Records are written into raw lines as the servers and exporters write them, read back by the
project's own parsers, and evaluated. Whatever matches must be visible in the raw bytes.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sigma_cases import LOGSOURCES, record, target_of

from extriage.matchers.sigma import RuleSet, Target, load_rules
from extriage.matchers.sigma.literals import SHORTEST, cutter, rendered_cutter
from extriage.matchers.sigma.patterns import needs_of
from extriage.model.evidence import Origin, Record
from extriage.parsers.ecp import decode as decode_ecp
from extriage.parsers.event import event_record

WORDS = (
    "/owa/auth/x.aspx",
    "Set-OabVirtualDirectory",
    "script",
    "cmd.exe /c whoami",
    'say "hello" twice',
    "it's; done",
    "S:CMD",
    "a+b c?d",
    "Mozilla/5.0 (KHTML, like Gecko)",
    "Cmdlet suceeded.",
    "failed",
    "parameters",
    "<%@ Page",
    "C:\\inetpub\\wwwroot",
    "http://f/<x>",
    "4104",
    "\u212aelvin",
    "\u0130stanbul",
    "gro\u00dfe \u017fache",
    "key=value",
    "?",
    "+",
    ",",
)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join)
MODIFIERS = ("", "|contains", "|contains", "|startswith", "|endswith", "|contains|cased", "|neq")
PATTERNS = (
    "script|whoami",
    "(?i)set-oab(virtual)?directory",
    "(?:aspx|[.]exe) ?/c",
    "S:CMD$",
    "(?i)kelvin",
    "(?i)sache",
    "key=.*(whoami|value)",
    "(script)+x*",
    'hello\\"',
    "\\x73cript",
    "a\\+b c\\?d",
    "[[:alpha:]]{4}",
    "w{1,3}ho*ami",
)


def quoted(value: str) -> str:
    """Write a value of a CSV row as Exchange does."""
    return '"' + value.replace('"', '""') + '"' if re.search('[",\r\n]', value) else value


def csv_line(kind: str, names: tuple[str, str]) -> Callable[[str, str], tuple[bytes, Record]]:
    def written(one: str, other: str) -> tuple[bytes, Record]:
        line = f"2021-03-01T00:00:00.000Z,{quoted(one)},{quoted(other)}"
        return line.encode(), record(kind, dict(zip(names, (one, other), strict=True)), line)

    return written


def httpproxy_line(one: str, other: str) -> tuple[bytes, Record]:
    """Write a row of a log that loses commas."""
    kept = [value.replace(",", " ") for value in (one, other)]
    fields = {"UrlStem": kept[0], "UrlQuery": f"?{kept[1]}", "UserAgent": kept[1]}
    line = ",".join(map(quoted, fields.values()))
    return line.encode(), record("httpproxy", fields, line)


def iis_line(one: str, other: str) -> tuple[bytes, Record]:
    stem, agent = (value.replace(" ", "+") for value in (one, other))
    names = ("cs-uri-stem", "cs-uri-query", "cs(User-Agent)")
    line = f"2021-03-01 00:00:00 {stem} {agent} {agent}"
    return line.encode(), record("iis", dict(zip(names, (stem, agent, agent), strict=True)), line)


def ecp_line(one: str, other: str) -> tuple[bytes, Record]:
    pairs = "'S:CMD={}';'S:URL={}'".format(*(value.replace("'", "''") for value in (one, other)))
    line = f"2021-03-01T00:00:00.000Z,SRV,ECP.Request,{quoted(pairs)}"
    fields: dict[str, Any] = {"EventData": pairs}
    decode_ecp(fields, line)
    return line.encode(), record("ecp-server", fields, line)


def html_escaped(document: Any) -> str:
    """Write JSON as .NET and Go do."""
    text = json.dumps(document, ensure_ascii=False)
    for char in "<>&'+":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def slash_escaped(document: Any) -> str:
    return json.dumps(document).replace("/", "\\/")


def event_line(
    escape: Callable[[Any], str],
) -> Callable[[str, str], tuple[bytes, Record]]:
    def written(one: str, other: str) -> tuple[bytes, Record]:
        system = {
            "Provider": {"#attributes": {"Name": "MSExchange CmdletLogs"}},
            "EventID": 1,
            "Channel": "MSExchange Management",
            "Computer": "srv",
        }
        document = {"Event": {"System": system, "EventData": {"Data": [one, other, "caller"]}}}
        line = escape(document).encode()
        return line, event_record(line, "log", 1)

    return written


def page(one: str, other: str) -> tuple[bytes, Record]:
    content = f"{one}\r\n{other}"
    fields = {"Content": content, "Path": f"x/{one}", "FileName": other}
    return content.encode(), Record("web-file", None, Origin("x", 1), dict(fields), content)


WEB = {"category": "webserver"}
KINDS: dict[str, tuple[dict[str, str], tuple[str, ...], Callable[[str, str], Any]]] = {
    "rps": (
        {"product": "exchange", "service": "rps-cmdlet"},
        ("Cmdlet", "Parameters"),
        csv_line("rps-cmdlet", ("Cmdlet", "Parameters")),
    ),
    "httpproxy": (
        {"product": "exchange", "service": "httpproxy"},
        ("UrlStem", "UserAgent"),
        httpproxy_line,
    ),
    "web on httpproxy": (WEB, ("cs-uri-query", "cs-uri-stem", "cs-user-agent"), httpproxy_line),
    "web on iis": (WEB, ("cs-uri-query", "cs-uri-stem", "cs-user-agent"), iis_line),
    "ecp": ({"product": "exchange", "service": "ecp-server"}, ("S:CMD", "S:URL"), ecp_line),
    "page": (
        {"product": "exchange", "service": "web-file"},
        ("Content", "Path", "FileName"),
        page,
    ),
}
for escaper in (json.dumps, html_escaped, slash_escaped):
    KINDS[f"events {escaper.__name__}"] = (
        {"product": "windows", "service": "msexchange-management"},
        ("Data", "Message", "Cmdlet", "Parameters", "CmdletResult", "Level"),
        event_line(escaper),
    )


def selections(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Return a strategy for selections over these fields, and for keywords."""
    value = st.one_of(texts, st.lists(texts, min_size=1, max_size=3))
    keys = st.builds("{}{}".format, st.sampled_from(names), st.sampled_from(MODIFIERS))
    patterns = st.builds("{}|re".format, st.sampled_from(names))
    return st.one_of(
        st.dictionaries(keys, value, min_size=1, max_size=2),
        st.dictionaries(patterns, st.sampled_from(PATTERNS), min_size=1, max_size=1),
        st.lists(texts, min_size=1, max_size=2),
        st.fixed_dictionaries({"|re": st.sampled_from(PATTERNS)}),
    )


def loaded(folder: Path, detection: dict[str, Any], source: dict[str, str]) -> RuleSet:
    document = {"title": "Case", "logsource": source, "detection": detection}
    file = folder / "rule.yml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return load_rules([file], LOGSOURCES)


def visible(target: Target, line: bytes) -> bool:
    """Tell whether the prefilter would let a raw line pass."""
    lowered = line.lower()
    return all(any(literal in lowered for literal in clause) for clause in target.clauses)


@pytest.mark.parametrize("name", KINDS)
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_matches_can_be_seen_in_the_raw_line(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    source, names, write = KINDS[name]
    detection = {
        "sel_a": data.draw(selections(names)),
        "sel_b": data.draw(selections(names)),
        "condition": data.draw(
            st.sampled_from(("sel_a", "sel_a or sel_b", "sel_a and sel_b", "sel_a and not sel_b"))
        ),
    }
    rules = loaded(tmp_path, detection, source)
    assume(rules.rules)
    line, made = write(data.draw(texts), data.draw(texts))
    for target in rules.rules[0].targets:
        if target.kind == made.kind and target.matches(made):
            assert visible(target, line), (target.clauses, line)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("whoami", "whoami"),
        ("WhoAmI", "whoami"),
        ("cmd\\.exe", "cmd.exe"),
        ("cmd[.]exe", "cmd.exe"),
        ("^/owa/auth/$", "/owa/auth/"),
        ("abcd.*efgh", ("all", ["abcd", "efgh"])),
        ("abcde*f", ("all", ["abcd", "f"])),
        ("abcde+f", ("all", ["abcde", "f"])),
        ("abc(?:defg|hijk)?", "abc"),
        ("(?:abcd|efgh)x", ("all", [("any", ["abcd", "efgh"]), "x"])),
        ("abcd|efgh", ("any", ["abcd", "efgh"])),
        ("ab\\x41cd", ("all", [])),
        ("(?i)[a-z]+", ("all", [])),
        ("\\Qa.b\\E", ("all", [])),
    ],
)
def test_what_a_pattern_needs(pattern: str, expected: Any) -> None:
    assert _flat(needs_of(pattern)) == _flat(expected)


def _flat(need: Any) -> Any:
    """Return a need without conjunctions of one part."""
    if isinstance(need, str):
        return need
    join, parts = need
    found = [_flat(part) for part in parts]
    return found[0] if len(found) == 1 else (join, found)


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"[\x20-\x7e]{0,12}", fullmatch=True))
def test_no_pattern_confuses_the_reader(pattern: str) -> None:
    _flat(needs_of(pattern))


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("httpproxy", 'server"info~/x', ("server", "info~/x")),
        ("iis", "mozilla/5.0+(x11; linux)", ("mozilla/5.0", "(x11;", "linux)")),
        ("events", "c:\\windows/system32", ("windows", "system32")),
        ("ecp-server", "a;bcde'fghi", ("bcde", "fghi")),
        ("web-file", 'runat="server"', ('runat="server"',)),
        ("events", "abc", ()),
        ("httpproxy", "größe-groß", ("e-gro",)),
    ],
)
def test_characters_that_the_raw_form_may_change_end_a_literal(
    kind: str, text: str, expected: tuple[str, ...]
) -> None:
    assert cutter(kind)(text) == expected


def test_words_around_a_cmdlet_are_not_promised() -> None:
    assert rendered_cutter()("cmdlet suceeded. cmdlet set-mailbox, parameters x.") == (
        "set-mailbox,".strip(","),
    )
    assert SHORTEST == 4


def test_clauses_of_a_rule(tmp_path: Path) -> None:
    detection = {
        "a": {"UrlStem|contains": ["/ecp/", "/owa/auth"], "HttpStatus": 200},
        "b": {"UserAgent|startswith": "python-"},
        "not_this": {"UrlQuery|contains": "schema=oab"},
        "condition": "(a or b) and not not_this",
    }
    target = target_of(tmp_path, detection)
    assert target.clauses == (frozenset({b"/ecp/", b"/owa/auth", b"python-"}),)
    events = target_of(
        tmp_path,
        {"selection": {"Image|endswith": "\\w3wp.exe"}},
        logsource={"product": "windows", "category": "process_creation"},
    )
    assert frozenset({b"microsoft-windows-sysmon"}) in events.clauses
    assert frozenset({b"w3wp.exe"}) in events.clauses
