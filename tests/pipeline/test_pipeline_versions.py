"""Which of several sightings of a build is the one that counts now."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from extriage.model.evidence import Entry, Origin, Tally
from extriage.model.reading import ArtifactResult
from extriage.model.state import Fact, Subject
from extriage.pipeline.versions import Builds, _Gathered


def day(number: int) -> datetime:
    return datetime(2022, 11, number, tzinfo=UTC)


def log(build: str, first: int, last: int, computer: str = "EX1", path: str = "a.log") -> Tally:
    return Tally("httpproxy", path, computer, builds={build: (day(first), day(last))})


def fact(
    build: str,
    subject: Subject = Subject.BUILD,
    computer: str = "",
    time: int = 0,
    path: str = "Bin/ExSetup.exe",
) -> Fact:
    when = day(time) if time else None
    origin = Origin(path, 1)
    return Fact(subject, "ExSetup.exe", build, "exchange-binary", origin, when, computer)


def builds(*found: Tally | Fact) -> Builds:
    gathered = _Gathered([])
    for one in found:
        path = one.path if isinstance(one, Tally) else one.origin.path
        result = ArtifactResult(Entry(path, 1, "x", "read"))
        if isinstance(one, Tally):
            result.tallies.append(one)
        else:
            result.facts.append(one)
        gathered.add(result)
    return gathered.builds()


def now(*found: Tally | Fact) -> tuple[str, str]:
    (server,) = builds(*found).servers
    return ".".join(map(str, server.now.build)), server.now.precision


OLD, NEW = "15.1.2375.32", "15.1.2375.37"


def test_the_last_row_of_the_logs_counts() -> None:
    assert now(log(NEW, 14, 20), log(OLD, 1, 14)) == (NEW, "su")
    assert now(log(NEW, 1, 3), log(OLD, 4, 9)) == (OLD, "su")


def test_a_file_tells_what_is_installed_and_the_logs_what_runs() -> None:
    (server,) = builds(log(OLD, 1, 14), fact(NEW)).servers
    assert ".".join(map(str, server.now.build)) == NEW
    (conflict,) = server.conflicts
    assert conflict == (
        f"ExSetup.exe is {NEW} (Nov22SU), but running processes were {OLD} (Oct22SU) until "
        "2022-11-14 00:00 UTC"
    )


def test_of_files_that_do_not_agree_the_lower_counts() -> None:
    (server,) = builds(fact(OLD), fact(NEW)).servers
    assert ".".join(map(str, server.now.build)) == OLD
    (conflict,) = server.conflicts
    assert conflict.startswith("the installed files are of different updates")


def test_a_downloaded_copy_is_a_doubt_and_no_build() -> None:
    found = builds(fact(NEW, path="C/Users/adm/Downloads/CU22/ExSetup.exe"))
    assert found.servers == ()
    (doubt,) = found.doubts
    assert doubt.startswith(f"ExSetup.exe is {NEW} (Nov22SU), but lies in c/users/adm/downloads")
    (server,) = builds(log(OLD, 1, 9), fact(NEW, path="Downloads/ExSetup.exe")).servers
    assert ".".join(map(str, server.now.build)) == OLD


def test_a_forged_header_is_no_build() -> None:
    header = replace(fact(NEW, computer="EX1", time=30), evidence="mail-headers")
    (server,) = builds(log(OLD, 1, 9), header).servers
    assert (len(server.sightings), server.conflicts) == (1, ())


def test_a_place_that_shows_no_updates_does_not_hide_them() -> None:
    registry = fact("15.1.2375.7", Subject.CU_BUILD)
    assert now(log(NEW, 1, 9), registry) == (NEW, "su")
    (server,) = builds(log(NEW, 1, 9), registry).servers
    assert server.conflicts == ()


def test_a_newer_cu_in_the_registry_is_a_conflict_until_it_ran() -> None:
    registry = fact("15.1.2507.6", Subject.CU_BUILD)
    (server,) = builds(log(NEW, 1, 9), registry).servers
    assert ".".join(map(str, server.now.build)) == NEW
    assert server.conflicts[0].endswith("the set-up of a newer one did not finish")
    assert now(log(NEW, 1, 9), fact("15.1.2507.6", Subject.CU_BUILD, time=10)) == (
        "15.1.2507.6",
        "cu",
    )


def test_folders_that_are_named_after_a_build_are_the_last_resort() -> None:
    gathered = _Gathered([])
    path = "C/x/FrontEnd/HttpProxy/owa/auth/15.1.2507/x.css"
    gathered.add(ArtifactResult(Entry(path, 1, "", "skipped")))
    (server,) = gathered.builds().servers
    assert server.says() == f"15.1.2507.6 (folder owa/auth, {path})"


def test_one_build_in_many_files_is_one_sighting() -> None:
    (server,) = builds(log(NEW, 5, 9, path="b.log"), log(NEW, 1, 4)).servers
    (one,) = server.sightings
    assert (one.first, one.last, one.path) == (day(1), day(9), "b.log")


def test_servers_are_told_apart_and_a_nameless_file_goes_with_its_folder() -> None:
    found = builds(log(OLD, 1, 2, "EX1", "a/x.log"), log(NEW, 1, 2, "EX2", "b/x.log"))
    assert [server.computer for server in found.servers] == ["EX1", "EX2"]
    alone = builds(fact(NEW))
    assert [server.computer for server in alone.servers] == [""]


@pytest.mark.parametrize("value", ["", "nonsense", "1.2.3.4", "15.1.2375", "99999.1.1.1"])
def test_what_is_no_build_of_exchange_is_no_sighting(value: str) -> None:
    assert builds(fact(value)).servers == ()


def test_what_could_not_be_read_is_kept() -> None:
    gathered = _Gathered([])
    gathered.add(ArtifactResult(Entry("x.zip", 1, "", "unreadable", "damaged")))
    assert [entry.reason for entry in gathered.builds().unread] == ["damaged"]
