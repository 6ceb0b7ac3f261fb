"""The Velociraptor artifact is one that its server takes, and its globs take what is read.

No parser of VQL is to be had for Python: brackets, strings and names are checked instead.
"""

import csv
import io
import re
from typing import Any

import pytest
import yaml
from collecting import by_velociraptor
from lying_about import SERVER, SERVER_2010, Lying

from extriage.knowledge.places import SMALL, bases
from extriage.reports.recipes import velociraptor
from extriage.reports.recipes.choice import Choice

KEYS = {"name", "author", "description", "type", "precondition", "parameters", "sources"}
KNOWN = {
    *("info", "glob", "foreach", "chain", "wmi", "parse_records_with_regex"),
    *("expand", "timestamp", "now", "regex_replace", "array", "dict", "upload", "str"),
    *("if",),
}
"""Plugins and functions, as in https://docs.velociraptor.app/vql_reference/."""
_STRING = re.compile(r"'''.*?'''|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
_WORDS = ("FROM", "WHERE", "SELECT", "AND", "OR", "NOT", "LET", "AS", "BY", "GROUP")


def artifact(choice: Choice) -> dict[str, Any]:
    read = yaml.safe_load(velociraptor.render(choice))
    assert isinstance(read, dict)
    return read


def query(choice: Choice) -> str:
    (source,) = artifact(choice)["sources"]
    return str(source["query"])


def rows(choice: Choice) -> list[dict[str, str]]:
    (text,) = (one["default"] for one in artifact(choice)["parameters"] if one["type"] == "csv")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_artifact_has_the_parts_of_one() -> None:
    read = artifact(Choice(days=30, install="E:/Exchange", iis_logs="F:/Logs"))
    assert set(read) == KEYS
    assert re.fullmatch(r"[A-Za-z]+(?:\.[A-Za-z]+)+", read["name"])
    assert read["type"] == "CLIENT"
    values = {one["name"]: one["default"] for one in read["parameters"]}
    assert values["Days"] == "30"
    assert values["MoreInstall"] == "E:/Exchange"
    assert values["MoreLogs"] == "F:/Logs"
    assert "@" not in velociraptor.render(Choice())


def test_the_query_closes_what_it_opens_and_calls_what_there_is() -> None:
    bare = _STRING.sub("''", query(Choice()))
    assert "'" not in bare.replace("''", "")
    code = re.sub(r"//[^\n]*", "", bare)
    depth = []
    for sign in code:
        if sign in "({":
            depth.append({"(": ")", "{": "}"}[sign])
        elif sign in ")}":
            assert depth.pop() == sign
    assert depth == []
    called = {name for name in re.findall(r"\b(\w+)\s*\(", code) if name not in _WORDS}
    assert called <= KNOWN


def test_every_name_that_the_query_uses_is_made_before() -> None:
    text = query(Choice())
    made = re.findall(r"\bLET (\w+) <?=", text)
    for name in made:
        first = re.search(rf"\b{name}\b", text)
        assert first is not None
        assert text[first.start() - 4 : first.start()] == "LET ", name
    names = {one["name"] for one in artifact(Choice())["parameters"]}
    assert all(re.search(rf"\b{name}\b", text) for name in names)


def test_every_base_of_a_place_is_found_on_the_server() -> None:
    text = query(Choice())
    found = set(re.findall(r"'([\w-]+)' AS Kind|Kind='([\w-]+)'", text))
    kinds = {one or other for one, other in found}
    assert {row["Base"] for row in rows(Choice())} <= kinds
    assert kinds <= set(bases())


def test_only_raw_files_are_read_from_the_raw_disk_and_only_logs_have_an_age() -> None:
    read = rows(Choice())
    assert {row["Place"] for row in read if row["Accessor"] == "ntfs"} == {"mft", "journal"}
    assert {row["Accessor"] for row in read} == {"ntfs", "auto"}
    aged = {row["Place"] for row in read if row["Aged"] == "Y"}
    assert {"httpproxy", "iis", "ews"} <= aged
    assert not aged & {"events", "front-end-pages", "registry", "mft"}


@pytest.mark.parametrize(("server", "generation"), [(SERVER, "2016"), (SERVER_2010, "2010")])
def test_all_files_of_a_server_that_are_read_are_taken(
    server: tuple[Lying, ...], generation: str
) -> None:
    taken = by_velociraptor(Choice(generation=generation))
    for file in server:
        assert taken(file.path, 9) is file.read, file.path


def test_nothing_is_asked_of_another_computer_and_wide_folders_give_their_top() -> None:
    text = query(Choice())
    made = text[text.index("LET Narrow") : text.index("LET Hits")]
    assert "WHERE Start =~ '^[A-Za-z]:'" in made
    whole = re.search(r"LET Whole <= '([^']+)'", text)
    assert whole is not None
    for folder in ("C:", "C:/Windows", "c:/windows/system32/inetsrv", "D:/Users"):
        assert re.match(whole[1], folder, re.IGNORECASE), folder
    for folder in ("C:/inetpub/wwwroot", "D:/web", "C:/Windows/Temp"):
        assert not re.match(whole[1], folder, re.IGNORECASE), folder
    small = [row for row in rows(Choice()) if row["Small"] == "Y"]
    assert {row["Base"] for row in small} == {"inetpub", "web", "install"}
    assert all(row["Glob"].endswith("/**/*") for row in small)
    assert f"Size <= {SMALL}" in text
