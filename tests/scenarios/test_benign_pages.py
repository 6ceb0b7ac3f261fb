"""Some 2,400 legitimate ASP.NET pages of four projects: no web shell is told among them."""

import json
from pathlib import Path
from typing import Any

import pytest

from extriage.cli import main

PAGES = Path(__file__).parents[1] / "evidence/benign-aspnet-pages/benign-aspnet-pages.zip"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    case = tmp_path_factory.mktemp("pages") / "case"
    with pytest.raises(SystemExit):
        main(["scan", str(PAGES), "--case", str(case), "-q", "--jobs", "1"])
    document = json.loads((case / "case.json").read_text("utf-8"))
    (found,) = document["hosts"]
    return dict(found)


def test_the_pages_are_read(host: dict[str, Any]) -> None:
    read = [one for one in host["manifest"]["entries"] if one["kind"] == "web-file"]
    assert len(read) > 2000
    assert {one["status"] for one in read} == {"read"}


def test_no_more_than_three_are_worth_a_look(host: dict[str, Any]) -> None:
    told = {line["path"] for finding in host["findings"] for line in finding["evidence"]}
    assert len(told) <= 3, told
    assert {one["level"] for one in host["findings"]} <= {"informational", "low", "medium"}
    assert not host["persistence"]
    assert host["verdict"]["stage"] is None
