"""Cases for what no log holds: names of files, and settings as fields or as the whole document."""

from pathlib import Path

import pytest

from extriage.errors import ContentError
from extriage.pipeline.rulecase import RuleCase, load_cases

CONFIG = """<configuration><mexRuntime><agentList>
<agent name="a" classFactory="F" assemblyPath="C:\\a.dll"/>
<agent name="b" classFactory="G" assemblyPath="C:\\b.dll"/>
</agentList></mexRuntime></configuration>"""


def test_a_path_is_a_case_for_a_name() -> None:
    case = RuleCase("r", "", "", {}, "file-name")
    (plain,) = case.records(r"C:\root\a.dmp")
    (known,) = case.records({"path": "EX01/C/root/a.dmp", "size": 7, "first": "4d5a"})
    assert plain.fields["Path"] == known.fields["Path"] == r"C:\root\a.dmp"
    assert (known.fields["Size"], known.fields["FirstBytes"]) == ("7", "4d5a")
    assert case.text({"path": {"join": ["a/", "b"]}}) == "a/b"


def test_fields_are_a_case_for_a_setting() -> None:
    case = RuleCase("r", "", "", {}, "setting")
    item = {"Subject": "object", "Object": "InboxRule", "RedirectTo": ["a", {"join": ["b", "c"]}]}
    (record,) = case.records(item)
    assert record.kind == "setting"
    assert record.fields["RedirectTo"] == ("a", "bc")
    assert "RedirectTo=a, bc" in record.text


def test_a_field_or_a_subject_that_there_never_is_is_an_error() -> None:
    case = RuleCase("r", "", "", {}, "setting")
    with pytest.raises(ContentError, match="a service has no PhysicalPath"):
        case.records({"Subject": "service", "PhysicalPath": "x"})
    with pytest.raises(ContentError, match="services"):
        case.records({"Subject": "services"})


@pytest.mark.parametrize("kind", ["setting", ""])
def test_a_document_is_a_case_for_all_that_it_says(kind: str) -> None:
    case = RuleCase("r", "TransportRoles/Agents/agents.config", "", {}, kind)
    assert [record.fields["Name"] for record in case.records(CONFIG)] == ["a", "b"]
    item = {"path": "x/agents.config", "content": CONFIG}
    assert [record.origin.path for record in case.records(item)] == ["x/agents.config"] * 2
    with pytest.raises(ContentError, match="broken at line"):
        case.records(CONFIG[:-20])


def test_a_case_file_says_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "r.yml"
    path.write_text("kind: file-name\nmatch: [C/a]\nno_match: [C/b]\n", encoding="utf-8")
    (case,) = load_cases(path)
    assert (case.kind, case.artifact, case.header) == ("file-name", "", "")
    assert case.items == {"match": ["C/a"], "no_match": ["C/b"]}
    path.write_text("kind: file-names\nmatch: []\n", encoding="utf-8")
    with pytest.raises(ContentError, match="file-names"):
        load_cases(path)
