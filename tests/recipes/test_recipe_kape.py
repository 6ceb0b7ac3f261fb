"""KAPE targets keep KAPE's own rules, and take every file that is read."""

import re
from uuid import UUID

import pytest
import yaml
from collecting import by_kape
from lying_about import SERVER, SERVER_2010, Lying

from extriage.knowledge.places import SMALL
from extriage.reports.recipes import kape
from extriage.reports.recipes.choice import Choice

REQUIRED = {"Description", "Author", "Version", "Id", "RecreateDirectories", "Targets"}
ENTRY = {"Name", "Category", "Path"}
KNOWN = {
    *ENTRY,
    "FileMask",
    "Recursive",
    "AlwaysAddToQueue",
    "SaveAsFileName",
    "MaxSize",
    "Comment",
}


def read(choice: Choice) -> dict[str, dict[str, object]]:
    return {name: yaml.safe_load(text) for name, text in kape.files(choice).items()}


def entries(choice: Choice) -> list[dict[str, object]]:
    found = []
    for name, target in read(choice).items():
        if name != f"{kape.COMPOUND}.tkape":
            assert isinstance(target["Targets"], list)
            found += target["Targets"]
    return found


@pytest.mark.parametrize("generation", ["", "2010", "2016", "SE"])
def test_each_target_has_what_kape_requires(generation: str) -> None:
    targets = read(Choice(generation=generation))
    ids = {UUID(str(target["Id"])) for target in targets.values()}
    assert len(ids) == len(targets)
    for target in targets.values():
        assert set(target) == REQUIRED
        assert target["RecreateDirectories"] is True
        assert isinstance(target["Targets"], list)
        for entry in target["Targets"]:
            assert set(entry) >= ENTRY
            assert set(entry) <= KNOWN


def test_the_compound_target_names_all_others_and_nothing_else() -> None:
    targets = read(Choice())
    compound = targets.pop(f"{kape.COMPOUND}.tkape")
    assert isinstance(compound["Targets"], list)
    assert [entry["Path"] for entry in compound["Targets"]] == list(targets)


def test_a_target_keeps_its_id_whatever_it_takes() -> None:
    one, other = read(Choice()), read(Choice(days=3, generation="2010", only=("iis",)))
    name = f"{kape.COMPOUND}Requests.tkape"
    assert one[name]["Id"] == other[name]["Id"]
    assert set(other) == {f"{kape.COMPOUND}.tkape", name}


def test_paths_are_folders_of_windows_and_masks_are_names_of_files() -> None:
    for entry in entries(Choice()):
        assert re.fullmatch(r"[A-Z]:\\(?:[^\\/:*?\"<>|]+\\)*", str(entry["Path"])), entry
        mask = str(entry["FileMask"])
        if mask.startswith("regex:"):
            re.compile(mask.removeprefix("regex:"))
        else:
            assert "\\" not in mask


def test_folders_end_as_kape_wants_them_and_choices_are_of_its_types() -> None:
    for entry in entries(Choice()):
        assert str(entry["Path"]).endswith("\\")
        assert entry.get("Recursive", True) is True, "left out means false"
        assert entry.get("AlwaysAddToQueue", True) is True


def test_of_what_iis_serves_files_of_any_name_are_taken_if_they_are_small() -> None:
    any_name = [entry for entry in entries(Choice(generation="2016")) if "MaxSize" in entry]
    assert {(entry["FileMask"], entry["MaxSize"]) for entry in any_name} == {("*", SMALL)}
    taken = by_kape(Choice(generation="2016"))
    for name, size, wanted in (
        ("out", SMALL, True),
        ("out", SMALL + 1, False),
        ("a.aspx", 1 << 40, True),
    ):
        path = f"C:/inetpub/wwwroot/aspnet_client/{name}"
        assert taken(path, size) is wanted


def test_the_raw_files_of_ntfs_come_last_under_names_that_windows_allows() -> None:
    raw = {entry["FileMask"]: entry for entry in entries(Choice()) if "SaveAsFileName" in entry}
    assert {mask: entry["SaveAsFileName"] for mask, entry in raw.items()} == {
        "$MFT": "$MFT",
        "$UsnJrnl:$J": "$J",
    }
    assert all(entry["AlwaysAddToQueue"] for entry in raw.values())


@pytest.mark.parametrize(("server", "generation"), [(SERVER, "2016"), (SERVER_2010, "2010")])
def test_all_files_of_a_server_that_are_read_are_taken(
    server: tuple[Lying, ...], generation: str
) -> None:
    for choice in (Choice(), Choice(generation=generation)):
        taken = by_kape(choice)
        for file in server:
            assert taken(file.path, 9) is file.read, file.path


def test_moved_folders_are_those_that_were_named() -> None:
    moved = Choice(install="E:/Exchange 2016", iis_logs="F:/IISLogs")
    paths = {str(entry["Path"]) for entry in entries(moved)}
    assert "E:\\Exchange 2016\\Logging\\HttpProxy\\" in paths
    assert "F:\\IISLogs\\" in paths
    assert not any("Program Files" in path for path in paths)
