"""Our evaluation against another one: pySigma's SQLite backend gives the same answers.

Rules are generated from all modifiers that the backend supports, with nested conditions; records
are generated from the same few letters, so that matches are common. The real rules of the corpus
are compared on records that are made of their own values.
"""

import base64
import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import re2
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigma.backends.sqlite.sqlite import sqliteBackend
from sigma.rule import SigmaRule
from sigma_cases import record

from extriage.knowledge.content import Loader
from extriage.knowledge.logsources import LogSources, LogTarget
from extriage.matchers.sigma import RuleSet, Target, load_rules
from extriage.model.evidence import Record
from extriage.parsers.event import event_record

UPSTREAM = Path(__file__).parents[1] / "upstream" / "sigma"
LAB = Path(__file__).parents[1] / "evidence" / "proxylogon-lab-2021"

BACKEND: Any = sqliteBackend

# NOTE: NOCASE and LIKE of SQLite fold ASCII only, so letters beyond ASCII have no case here.
LETTERS = "abAB*?\\%_'\"-/ .1[\n€"

# NOTE: an empty text counts as null here and not in SQL; `nullable` is null but never empty.
TEXT_FIELDS = ("s", "t", "s name")
PATTERNS = ["a", "^a", "b$", "a.b", "[ab]+1", "(a|b)\\.", "\\*", "A", "a{2}", "", "%", "'", "€"]

texts = st.text(LETTERS, max_size=3)
plain = texts.filter(lambda text: not set(text) & set("*?"))
# NOTE: SQLite columns have a type: a number compares with numbers only where none is declared.
numbers = st.one_of(st.integers(-3, 12), st.sampled_from([0.5, 2.5]))


def values(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for one value or a list of them."""
    return st.one_of(strategy, st.lists(strategy, min_size=1, max_size=4))


def item(
    keys: Sequence[str], modifiers: Sequence[str], value: st.SearchStrategy[Any]
) -> st.SearchStrategy[tuple[str, Any]]:
    """Return a strategy for `field|modifiers: value`."""
    key = st.builds("{}{}".format, st.sampled_from(keys), st.sampled_from(modifiers))
    return st.tuples(key, value)


ITEMS = st.one_of(
    item(
        TEXT_FIELDS,
        ("", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|neq"),
        values(texts),
    ),
    item(TEXT_FIELDS, ("|contains|all", "|all", "|startswith|neq"), values(texts)),
    item(TEXT_FIELDS, ("|windash", "|contains|windash", "|windash|contains|all"), values(texts)),
    item(TEXT_FIELDS, ("|base64", "|base64offset|contains"), values(plain)),
    # NOTE: pySigma widens ASCII only.
    item(
        TEXT_FIELDS,
        ("|wide|base64", "|utf16|base64", "|utf16be|base64offset|contains"),
        values(plain.filter(str.isascii)),
    ),
    # NOTE: startswith and endswith on a pattern anchor it here; the backend only adds `.*`.
    item(
        TEXT_FIELDS,
        ("|re", "|re|i", "|re|m", "|re|s", "|re|i|s", "|re|contains"),
        values(st.sampled_from(PATTERNS)),
    ),
    item(
        TEXT_FIELDS,
        ("|fieldref", "|fieldref|startswith", "|fieldref|endswith", "|fieldref|contains"),
        st.sampled_from(("t", "nullable")),
    ),
    item(("nullable",), ("", "|neq"), st.one_of(st.none(), texts.filter(bool))),
    item(("nullable", "s", "absent"), ("|exists",), st.booleans()),
    item(("number",), ("", "|lt", "|lte", "|gt", "|gte"), values(numbers)),
    item(("s",), ("",), st.one_of(st.integers(0, 12), st.booleans())),
    # NOTE: the backend writes networks as patterns of text, which are exact for IPv4 only.
    item(
        ("address",),
        ("|cidr",),
        values(st.sampled_from(["10.0.0.0/8", "10.1.0.0/17", "10.1.2.0/30", "0.0.0.0/0"])),
    ),
)
MAPS = st.lists(ITEMS, min_size=1, max_size=3).map(dict)
KEYWORDS = st.one_of(
    st.lists(st.one_of(texts, st.integers(0, 12)), min_size=1, max_size=4),
    st.fixed_dictionaries({"|all": st.lists(texts, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"|re": st.sampled_from(PATTERNS)}),
    st.fixed_dictionaries({"|cased": texts}),
    st.fixed_dictionaries({"|windash": texts}),
)
SELECTIONS = st.one_of(MAPS, MAPS, MAPS, st.lists(MAPS, min_size=2, max_size=3), KEYWORDS)
NAMES = ("sel_a", "sel_b", "filter")
CONDITIONS = st.recursive(
    st.sampled_from((*NAMES, *NAMES, "1 of sel_*", "all of sel_*", "1 of them", "all of them")),
    lambda inner: st.one_of(
        st.builds("not {}".format, inner),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("({} and not {})".format, inner, inner),
    ),
    max_leaves=6,
)
DETECTIONS = st.fixed_dictionaries(
    {
        **dict.fromkeys(NAMES, SELECTIONS),
        "condition": st.one_of(CONDITIONS, st.lists(CONDITIONS, min_size=1, max_size=2)),
    }
)


def encoded(text: str) -> str:
    """Return base64 of a text, so that the rules' own encodings are found sometimes."""
    return base64.b64encode(text.encode()).decode()


field_texts = st.one_of(
    st.text(LETTERS, max_size=6), plain.map(encoded), st.sampled_from(["12", "1", "true", "x /a"])
)
ROWS = st.fixed_dictionaries(
    {
        **dict.fromkeys(TEXT_FIELDS, st.one_of(st.none(), field_texts)),
        "nullable": st.one_of(st.none(), st.text(LETTERS, min_size=1, max_size=3)),
        "number": st.one_of(st.none(), numbers),
        "address": st.one_of(st.none(), st.sampled_from(["10.1.2.3", "10.1.200.1", "192.0.2.1"])),
        "absent": st.none(),
        "text": st.text(LETTERS, max_size=8),
    }
)


def anywhere(sources: list[tuple[str, str, str]]) -> LogSources:
    """Return log sources that mean every record, with the rule's own field names."""
    return LogSources({source: (LogTarget("plain"),) for source in sources}, ())


def search(pattern: str, text: str | None) -> bool | None:
    """Serve REGEXP to SQLite, on the regular expressions that the rules run on."""
    return None if text is None else re2.compile(pattern).search(str(text)) is not None


def by_sqlite(document: dict[str, Any], rows: Sequence[dict[str, Any]]) -> list[bool]:
    """Return which rows SQLite finds with a rule."""
    names = list(rows[0])
    kinds = {**dict.fromkeys(names, "TEXT COLLATE NOCASE"), "number": ""}
    with sqlite3.connect(":memory:") as database:
        database.create_function("REGEXP", 2, search, deterministic=True)
        columns = ", ".join(f"`{name}` {kinds[name]}" for name in names)
        database.execute(f"CREATE TABLE logs ({columns})")
        marks = ", ".join("?" * len(names))
        database.executemany(
            f"INSERT INTO logs VALUES ({marks})", ([row[name] for name in names] for row in rows)
        )
        backend: Any = BACKEND(fulltext_field="text")
        found: set[int] = set()
        for query in backend.convert_rule(SigmaRule.from_dict(document)):
            numbered = query.replace("SELECT *", "SELECT rowid", 1)
            found.update(row[0] for row in database.execute(numbered))
    database.close()
    return [number + 1 in found for number in range(len(rows))]


def by_us(target: Target, rows: Sequence[dict[str, Any]]) -> list[bool]:
    """Return which rows we find with a rule."""
    return [target.matches(as_record(row)) for row in rows]


def as_record(row: dict[str, Any]) -> Record:
    """Return the row as a record."""
    fields = {key: str(value) for key, value in row.items() if value is not None and key != "text"}
    return record("plain", fields, row["text"])


def compiled(folder: Path, document: dict[str, Any]) -> RuleSet:
    file = folder / "rule.yml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return load_rules([file], anywhere([("", "plain", "")]))


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(detection=DETECTIONS, rows=st.lists(ROWS, min_size=1, max_size=12))
def test_generated_rules_give_the_same_answers(
    tmp_path: Path, detection: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    document = {"title": "Case", "logsource": {"product": "plain"}, "detection": detection}
    rules = compiled(tmp_path, document)
    assert not rules.refused
    assert by_us(rules.rules[0].targets[0], rows) == by_sqlite(document, rows)


def leaves(value: Any) -> Iterator[Any]:
    """Return the plain values of a selection."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield from itertools.chain.from_iterable(map(leaves, one.values()))
        else:
            yield one


def fields_with_values(value: Any) -> Iterator[tuple[str, str]]:
    """Return the fields of a selection, each with texts that may meet it."""
    for one in value if isinstance(value, list) else [value]:
        for key, inner in one.items() if isinstance(one, dict) else ():
            name = key.split("|")[0]
            meant = [str(leaf).replace("*", "x") for leaf in leaves(inner) if leaf is not None]
            for text in (*meant, " ".join(meant), "x".join((*meant, ""))):
                if text:
                    yield name, text


def rows_for(document: dict[str, Any], names: list[str]) -> list[dict[str, Any]]:
    """Return records made of a rule's own values: all fields in several ways, and one by one."""
    selections = [value for key, value in document["detection"].items() if key != "condition"]
    found = list(dict.fromkeys(itertools.chain(*map(fields_with_values, selections))))
    words = " ".join(map(str, itertools.chain(*map(leaves, selections))))
    empty: dict[str, Any] = dict.fromkeys(names)
    rows = []
    for turn in range(6):
        filled = {name or "text": text for name, text in found[turn:] + found[:turn]}
        rows.append({**empty, **filled, "text": words if turn % 2 else words[: len(words) // 2]})
    rows += [{**empty, "text": "", name or "text": text} for name, text in found[:6]]
    return rows


@cache
def corpus() -> list[dict[str, Any]]:
    """Return the rules of the corpus that have conditions of today."""
    documents = [
        yaml.load(path.read_text("utf-8"), Loader) for path in sorted(UPSTREAM.rglob("*.yml"))
    ]
    return [document for document in documents if "|" not in document["detection"]["condition"]]


def used_names(documents: list[dict[str, Any]]) -> list[str]:
    """Return the fields of all rules."""
    found = {
        name
        for document in documents
        for key, value in document["detection"].items()
        if key != "condition"
        for name, _ in fields_with_values(value)
    }
    return sorted((found | {"text", "number"}) - {""})


def both(folder: Path, document: dict[str, Any], rows: list[dict[str, Any]]) -> list[bool]:
    """Return which rows a rule of the corpus finds, after a look at what SQLite finds."""
    document = {**document, "logsource": {"product": "plain"}}
    rules = compiled(folder, document)
    assert not rules.refused
    ours = by_us(rules.rules[0].targets[0], rows)
    assert ours == by_sqlite(document, rows), document["title"]
    return ours


def test_real_rules_give_the_same_answers(tmp_path: Path) -> None:
    documents = corpus()
    names = used_names(documents)
    rows = [rows_for(document, names) for document in documents]
    met = 0
    for number, document in enumerate(documents):
        near = itertools.chain.from_iterable(rows[max(number - 3, 0) : number + 4])
        met += any(both(tmp_path, document, list(near)))
    assert met > 0.5 * len(documents)


def test_real_rules_give_the_same_answers_on_real_events(tmp_path: Path) -> None:
    documents = [one for one in corpus() if one["logsource"].get("product") == "windows"]
    names = used_names(documents)
    rows: list[dict[str, Any]] = []
    for line in next(LAB.glob("*.json")).read_bytes().splitlines():
        fields = event_record(line, "lab", 1).fields
        # NOTE: a column has one value, so the data items of an event become one text.
        flat = {
            name: value if isinstance(value, str) else "\n".join(value)
            for name, value in fields.items()
        }
        rows.append(
            {**{name: flat.get(name) or None for name in names}, "text": "\n".join(flat.values())}
        )
    assert len(rows) > 300
    assert sum(any(both(tmp_path, document, rows)) for document in documents) >= 3
