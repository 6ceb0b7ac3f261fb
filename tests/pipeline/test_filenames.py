"""Names of files reach the rules once each, at memory speed, with and without the prefilter."""

import time
import tracemalloc

import pytest

from extriage.analysis.hosts import assign
from extriage.model.evidence import Record
from extriage.model.reading import Kept
from extriage.parsers import file_name_record
from extriage.pipeline.filenames import FileNames
from extriage.pipeline.pack import Content, Pack, load_pack

RULE = "file_name_lsass_dump"


def pack(*, enabled: bool = True) -> Pack:
    return load_pack(Content(prefilter=enabled))


def met(
    paths: list[str],
    same: dict[str, str] | None = None,
    named: dict[str, list[str]] | None = None,
    *,
    enabled: bool = True,
) -> dict[str, Kept]:
    """Give for each host what its files met of one rule."""
    files = FileNames(
        pack(enabled=enabled), assign(named or {"EV/EX01/a.LOG": ["EX01"]}), same or {}
    )
    for path in paths:
        files.see(path, 10, b"MDMP")
    found = files.results()
    return {host: kept for host, result in found for kept in result.kept if kept.rule == RULE}


def shown(kept: Kept) -> list[str]:
    return [line.path for line in kept.lines]


def test_a_name_is_found_wherever_the_file_lies() -> None:
    paths = [
        "EV/EX01/C/root/lsass.dmp",
        "EV/EX01/C/lsass.exe",
        "EV/EX01/coll.zip!/uploads/auto/C%3A/Temp/LSASS.exe_1.dmp",
        "EV/EX01/lsass.dmp.zip!/inner.bin",
    ]
    found = met(paths)
    assert list(found) == ["EX01"]
    assert shown(found["EX01"]) == [paths[0], paths[2], "EV/EX01/lsass.dmp.zip"]
    assert found["EX01"].count == 3
    assert found["EX01"].first is None
    assert "FirstBytes=4d444d50" in found["EX01"].lines[0].summary


def test_an_archive_counts_once_however_much_lies_in_it() -> None:
    inner = "EV/EX01/lsass.dmp.zip!/deep/lsass.dmp.7z"
    paths = [f"{inner}!/{n}" for n in range(50)] + ["EV/EX01/lsass.dmp.zip!/x", f"{inner}!/y"]
    (kept,) = met(paths).values()
    assert shown(kept) == ["EV/EX01/lsass.dmp.zip", inner]
    assert kept.count == 2


def test_an_entry_with_a_numbered_name_makes_no_archive_up() -> None:
    (kept,) = met(["EV/EX01/a.zip!/[entry 3] lsass.dmp!/lsass.dmp"]).values()
    assert kept.count == 1


def test_one_file_under_two_names_counts_once() -> None:
    one, other = "EV/EX01/C/a/lsass.dmp", "EV/EX01/C/b/lsass2.dmp"
    assert met([one, other])["EX01"].count == 2
    assert met([one, other], {other: one})["EX01"].count == 1
    assert met(["EV/EX01/C/a/x.bin", other], {other: "EV/EX01/C/a/x.bin"})["EX01"].count == 1
    assert met([one, "EV/EX01/again/C/a/lsass.dmp", one])["EX01"].count == 1


def test_a_file_goes_to_the_server_in_whose_folder_it_lies() -> None:
    named = {"EV/EX01/a.LOG": ["EX01"], "EV/EX02/a.LOG": ["EX02"]}
    found = met(["EV/EX01/C/x/lsass.dmp", "EV/EX02/C/x/lsass.dmp"], named=named)
    assert {host: kept.count for host, kept in found.items()} == {"EX01": 1, "EX02": 1}


@pytest.mark.parametrize(
    "name",
    [
        "lsass\x00\x1b[31m.dmp",
        "lsass\udc80.dmp",
        f"lsass{'x' * 32_000}.dmp",
        "lsass\n.dmp",
    ],
)
def test_hostile_names_are_found_with_and_without_the_prefilter(name: str) -> None:
    paths = [f"EV/EX01/C/{name}", "EV/EX01/C/other"]
    with_it, without = met(paths), met(paths, enabled=False)
    assert with_it == without
    assert with_it["EX01"].count >= 1


def test_a_hundred_thousand_names_are_read_in_one_go() -> None:
    paths = [
        f"EV/EX01/C/Program Files/Exchange Server/V15/Logging/{n // 500}/HttpProxy_{n}.LOG"
        for n in range(100_000)
    ]
    pack().prefilter("file-name")
    began = time.process_time()
    found = met([*paths, "EV/EX01/C/lsass.dmp"])
    assert time.process_time() - began < 10
    assert found["EX01"].count == 1


def test_memory_stays_constant() -> None:
    files = FileNames(pack(), assign({"EV/EX01/a.LOG": ["EX01"]}), {})
    tracemalloc.start()
    for number in range(60_000):
        files.see(f"EV/EX01/C/coll.zip!/folder/{number}/some_name_of_a_log_{number}.LOG", 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 << 20


def test_a_page_of_the_web_root_costs_no_record_and_an_archive_beside_it_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    def record(path: str, size: int, first: bytes = b"") -> Record:
        seen.append(path)
        return file_name_record(path, size, first)

    monkeypatch.setattr("extriage.pipeline.filenames.file_name_record", record)
    folder = "EV/EX01/C/inetpub/wwwroot"
    files = FileNames(pack(), assign({"EV/EX01/a.LOG": ["EX01"]}), {})
    for name in ("page1.aspx", "x.7z"):
        files.see(f"{folder}/{name}", 10)
    rules = {kept.rule for _, result in files.results() for kept in result.kept}
    assert seen == [f"{folder}/x.7z"]
    assert "file_name_archive_in_web_folder" in rules
