"""The build history: rows tell what ran, files what is installed, and every conflict is said."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from extriage.analysis.history import build_history, history
from extriage.model.evidence import BuildSeen, Entry, Origin, Tally
from extriage.model.state import Fact, Subject

OCT22, NOV22, CU23 = "15.1.2507.13", "15.1.2507.16", "15.1.2507.6"
CU22, CU22_NOV22 = "15.1.2375.7", "15.1.2375.37"
BIN = "C/Program Files/Microsoft/Exchange Server/V15/Bin"


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2022, 11, day, hour, minute, tzinfo=UTC)


def ran(build: str, first: datetime, last: datetime, kind: str = "httpproxy") -> Tally:
    return Tally(kind, f"C/{kind}.log", "EX01", builds={build: (first, last)})


def file(
    build: str, name: str = "ExSetup.exe", folder: str = BIN, evidence: str = "exchange-binary"
) -> Fact:
    return Fact(Subject.BUILD, name, build, evidence, Origin(f"{folder}/{name}", 1))


def noted(build: str, when: datetime | None = None, name: str = "MsiBuild") -> Fact:
    evidence = "setup-log" if when else "registry-hive"
    return Fact(Subject.CU_BUILD, name, build, evidence, Origin("C/SOFTWARE", 1), when)


def update(
    name: str, value: str, when: datetime | None = None, text: str = "", evidence: str = "events:x"
) -> Fact:
    return Fact(Subject.UPDATE, name, value, evidence, Origin("C/x", 1), when, "EX01", text)


def kb(build: str, when: datetime | None = None, name: str = "KB5019758") -> Fact:
    return Fact(Subject.BUILD, name, build, "events:Application", Origin("C/x", 1), when, "EX01")


def mail(build: str, when: datetime, server: str = "EX01.contoso.com") -> Fact:
    return Fact(Subject.BUILD, server, build, "mail-headers", Origin("m.eml", 1), when, server)


def folder(build: str) -> Entry:
    return Entry(f"{BIN}/../FrontEnd/HttpProxy/owa/auth/{build}/x.css", 1, "", "skipped")


def now(tallies: Sequence[Tally], facts: Sequence[Fact], *entries: Entry) -> tuple[str, str, str]:
    current = history(tallies, facts, entries).current
    return (current.build, current.evidence, current.precision) if current else ("", "", "")


def test_rows_of_all_logs_make_one_history() -> None:
    tallies = [
        ran(NOV22, at(14, 10), at(20)),
        ran(OCT22, at(2), at(14, 9), "ews"),
        ran(OCT22, at(1), at(14, 8)),
        ran("no build", at(1), at(2)),
    ]
    expected = (
        BuildSeen(OCT22, "ews, httpproxy", at(1), at(14, 9)),
        BuildSeen(NOV22, "httpproxy", at(14, 10), at(20)),
    )
    found = history(tallies, ())
    assert found.seen == expected
    assert found.current == expected[1]
    assert found.conflicts == ()
    assert build_history(tallies) == list(expected)


def test_nothing_gives_nothing() -> None:
    found = history((), ())
    assert (found.seen, found.current, found.conflicts) == ((), None, ())


def test_a_file_newer_than_what_ran_is_believed_and_said() -> None:
    found = history([ran(OCT22, at(1), at(14, 9, 12))], [file(NOV22)])
    assert found.current == BuildSeen(NOV22, "ExSetup.exe", None, None)
    assert found.conflicts == (
        "ExSetup.exe is 15.1.2507.16 (Nov22SU), but running processes were 15.1.2507.13 (Oct22SU) "
        "until 2022-11-14 09:12 UTC",
    )
    assert [one.build for one in found.seen] == [OCT22, NOV22]


def test_an_installed_file_older_than_the_last_row_is_believed_and_said() -> None:
    found = history([ran(NOV22, at(1), at(14))], [file(OCT22)])
    assert found.current == BuildSeen(OCT22, "ExSetup.exe", None, None)
    (said,) = found.conflicts
    assert said.startswith("ExSetup.exe is 15.1.2507.13 (Oct22SU), but running processes were 15.1")
    assert said.endswith("an update was taken off, or this file is not the installed one")


def test_a_half_installed_update_is_named_and_the_lower_build_believed() -> None:
    facts = [
        file(NOV22),
        file(NOV22, "Microsoft.Exchange.Diagnostics.dll"),
        file(OCT22, "Microsoft.Exchange.Data.dll"),
    ]
    found = history((), facts)
    assert found.current == BuildSeen(OCT22, "Microsoft.Exchange.Data.dll", None, None)
    assert found.conflicts == (
        "the installed files are of different updates (15.1.2507.16 (Nov22SU): ExSetup.exe, "
        "Microsoft.Exchange.Diagnostics.dll; 15.1.2507.13 (Oct22SU): Microsoft.Exchange.Data.dll): "
        "one was installed in part",
    )


def test_rollups_of_2010_replace_only_what_changed() -> None:
    facts = [file("14.3.513.0"), file("14.3.123.4", "Microsoft.Exchange.Data.dll")]
    found = history((), facts)
    assert found.conflicts == ()
    assert found.current == BuildSeen("14.3.513.0", "ExSetup.exe", None, None)


@pytest.mark.parametrize(
    "place",
    [
        "D/CU23/Setup/ServerRoles/Common",
        "C/Windows/Temp/ExchangeSetup",
        "C/Windows/Installer/$PatchCache$/Managed/x",
        "C/Windows.old/Program Files/Microsoft/Exchange Server/V15/Bin",
        f"vss_3/{BIN}",
        "D/other",
    ],
)
def test_media_and_copies_are_not_what_is_installed(place: str) -> None:
    found = history((), [file(CU22_NOV22), file(NOV22, folder=place)])
    assert [one.build for one in found.seen] == [CU22_NOV22]
    assert found.conflicts == ()


def test_a_loose_file_counts_when_there_is_no_installed_one() -> None:
    assert now((), [file(NOV22, folder="loose")]) == (NOV22, "ExSetup.exe", "su")
    assert now((), [file(NOV22, folder="D/x/Setup/ServerRoles/Common")]) == ("", "", "")
    assert now((), [file(NOV22, folder="x", evidence="powershell-export")])[0] == NOV22


def test_processes_of_two_builds_side_by_side_are_named() -> None:
    tallies = [ran(OCT22, at(1), at(16)), ran(NOV22, at(14), at(20), "ews")]
    assert history(tallies, ()).conflicts == (
        "running processes were both 15.1.2507.13 (Oct22SU) and 15.1.2507.16 (Nov22SU) between "
        "2022-11-14 00:00 UTC and 2022-11-16 00:00 UTC: not all were restarted, or an update was "
        "taken off again",
    )


def test_a_restart_takes_its_time() -> None:
    tallies = [ran(OCT22, at(1), at(14, 1)), ran(NOV22, at(14), at(20), "ews")]
    assert history(tallies, ()).conflicts == ()


@pytest.mark.parametrize("kind", ["ecp-server", "ecp-activity", "audit"])
def test_side_logs_may_differ_in_the_last_number(kind: str) -> None:
    tallies = [ran("15.0.847.32", at(1), at(20)), ran("15.0.847.30", at(1), at(21), kind)]
    found = history(tallies, ())
    assert found.conflicts == ()
    assert found.current is not None
    assert found.current.build == "15.0.847.32"
    assert len(found.seen) == 2
    alone = history([ran("15.0.847.30", at(1), at(21), kind)], [file("15.0.847.32")])
    assert alone.conflicts == ()


def test_side_logs_alone_are_believed() -> None:
    assert now([ran(OCT22, at(1), at(2), "ecp-server")], ()) == (OCT22, "ecp-server", "su")


def test_the_registry_tells_only_the_cumulative_update() -> None:
    found = history((), [noted(CU23), noted(CU23, name="OwaVersion")])
    assert found.seen == (BuildSeen(CU23, "registry", None, None, "cu"),)
    assert found.current == found.seen[0]


def test_the_registry_agrees_with_any_update_of_its_cumulative_update() -> None:
    found = history([ran(NOV22, at(1), at(2))], [noted(CU23), file(NOV22)])
    assert found.conflicts == ()


def test_another_cumulative_update_in_the_registry_is_named() -> None:
    found = history([ran(CU22_NOV22, at(1), at(2))], [noted(CU23)])
    assert found.current is not None
    assert found.current.build == CU22_NOV22
    assert found.conflicts == (
        "registry says 15.1.2507.6 (CU23), another cumulative update than that of httpproxy, "
        "15.1.2375.37 (Nov22SU): the set-up of a newer one did not finish",
    )
    older = history([ran(NOV22, at(1), at(2))], [noted(CU22)])
    assert older.conflicts == (
        "registry says 15.1.2375.7 (CU22), another cumulative update than that of httpproxy, "
        "15.1.2507.16 (Nov22SU)",
    )


def test_what_setup_found_long_ago_is_no_conflict() -> None:
    found = history(
        [ran(NOV22, at(20), at(21))],
        [noted(CU22, at(1), "ExchangeSetup.log"), noted(CU23, at(2), "ExchangeSetup.log")],
    )
    assert found.conflicts == ()
    assert [(one.build, one.precision) for one in found.seen] == [
        (CU22, "cu"),
        (CU23, "cu"),
        (NOV22, "su"),
    ]


def test_a_set_up_after_the_last_row_is_believed() -> None:
    tallies = [ran(CU22_NOV22, at(1), at(10))]
    assert now(tallies, [noted(CU23, at(12), "ExchangeSetup.log")]) == (
        CU23,
        "ExchangeSetup.log",
        "cu",
    )
    assert now(tallies, [noted(CU23, at(9), "ExchangeSetup.log")])[0] == CU22_NOV22


def test_folders_are_the_last_resort_and_old_ones_stay() -> None:
    entries = (folder("15.1.2375"), folder("15.1.2507"), folder("15.1.2507"))
    assert now((), (), *entries) == (CU23, "folder owa/auth", "cu")
    found = history([ran(NOV22, at(1), at(2))], (), entries)
    assert found.conflicts == ()
    assert len(found.seen) == 3
    newer = history([ran(CU22, at(1), at(2))], (), entries)
    assert newer.conflicts[0].startswith("folder owa/auth says 15.1.2507.6 (CU23), another")


def test_mails_count_for_the_server_that_wrote_them() -> None:
    known = [ran(NOV22, at(20), at(21))]
    facts = [mail(OCT22, at(1)), mail(CU22, at(2), "EX09.contoso.com")]
    assert [one.build for one in history(known, facts).seen] == [OCT22, NOV22]
    assert [one.build for one in history((), facts).seen] == []
    assert now((), facts[:1]) == (OCT22, "mail headers", "su")


def asked(build: str, when: datetime) -> Fact:
    return replace(file(build, "running process", "x", "setting-override"), time=when)


@pytest.mark.parametrize("when", [10, 20])
def test_an_answer_never_overrides_what_ran(when: int) -> None:
    found = history([ran(OCT22, at(1), at(14))], [asked(NOV22, at(when))])
    assert found.current == BuildSeen(OCT22, "httpproxy", at(1), at(14))
    assert [one.build for one in found.seen] == [OCT22]
    (said,) = found.conflicts
    assert said.startswith(f"running process named 15.1.2507.16 (Nov22SU) on 2022-11-{when}")
    assert history([ran(NOV22, at(5), at(14))], [asked(OCT22, at(10))]).conflicts
    assert history([ran(NOV22, at(5), at(14))], [asked(OCT22, at(1))]).conflicts == ()


def test_forged_and_late_mail_headers_say_nothing() -> None:
    rows = [ran(OCT22, at(1), at(14))]
    for header in (mail(NOV22, at(15)), replace(mail(NOV22, at(3)), time=None)):
        found = history(rows, [header])
        assert (len(found.seen), found.conflicts) == (1, ())
    inside = history(rows, [mail(NOV22, at(13))])
    assert [one.build for one in inside.seen] == [OCT22]
    assert inside.conflicts[0].startswith("mail headers named 15.1.2507.16 (Nov22SU)")


def test_a_process_that_named_a_newer_build_than_the_file_is_said() -> None:
    found = history((), [file(OCT22), asked(NOV22, at(20))])
    assert found.current is not None
    assert found.current.build == OCT22
    assert found.conflicts == (
        "running process named 15.1.2507.16 (Nov22SU) on 2022-11-20 00:00 UTC, but ExSetup.exe "
        "15.1.2507.13 (Oct22SU)",
    )


def test_of_several_copies_the_lowest_is_believed_unless_something_else_tells() -> None:
    facts = [file(CU22, folder="a"), file(NOV22, folder="b")]
    assert now((), facts)[0] == CU22
    assert now((), [*facts, noted(CU23)])[0] == NOV22
    assert now((), [*facts, noted(CU22)])[0] == CU22
    assert now([ran(NOV22, at(1), at(2))], facts)[0] == NOV22
    assert history((), facts).conflicts == (
        "copies of Exchange's files are of different builds (15.1.2507.16 (Nov22SU): ExSetup.exe "
        "in b; 15.1.2375.7 (CU22): ExSetup.exe in a)",
    )


@pytest.mark.parametrize(
    "folder",
    ["C/Users/adm/Downloads/CU23", "D/Downloads", "x/Desktop", "Exchange2016-CU23", "D/CU23/Bin"],
)
def test_a_downloaded_copy_never_tells_the_build(folder: str) -> None:
    copy = file(NOV22, folder=folder)
    assert now([ran(CU22, at(1), at(14))], [copy])[0] == CU22
    assert now((), [copy, file(CU22, folder="E/Exchange/Bin")])[0] == CU22
    assert now((), [copy, noted(CU22)]) == (CU22, "registry", "cu")
    alone = history((), [copy])
    assert (alone.current, alone.seen) == (None, ())
    (said,) = alone.conflicts
    assert said.startswith("ExSetup.exe is 15.1.2507.16 (Nov22SU), but lies in ")
    assert said.endswith("copies are kept: it does not tell what is installed")


def test_a_file_whose_place_says_nothing_never_raises_the_build() -> None:
    loose = file(NOV22, folder="loose")
    found = history([ran(OCT22, at(1), at(14))], [loose])
    assert found.current == BuildSeen(OCT22, "httpproxy", at(1), at(14))
    assert found.conflicts[0].startswith("ExSetup.exe is 15.1.2507.16 (Nov22SU), but running")
    assert now((), [loose, noted(CU22)]) == (CU22, "registry", "cu")
    taken_off = [ran(NOV22, at(1), at(14))]
    assert now(taken_off, [file(OCT22, folder="loose")])[0] == OCT22
    assert now(taken_off, [file(CU22, folder="loose")])[0] == NOV22


@pytest.mark.parametrize("known", ["logs", "registry"])
def test_the_installation_is_where_logs_and_the_registry_say(known: str) -> None:
    facts = [file(CU22, folder="E/Exchange/Bin"), file(NOV22, folder="F/Other/Bin")]
    setting = Fact(Subject.SETTING, "Setup/MsiInstallPath", "E:\\Exchange\\", "x", Origin("x", 1))
    tally = Tally("iis", "E/Exchange/Logging/HttpProxy/Owa/a.LOG", "EX01", last=at(3))
    tallies = [tally] if known == "logs" else []
    assert now(tallies, [*facts, *([setting] if known == "registry" else [])])[0] == CU22
    found = history(tallies, [facts[1], replace(facts[0], value=OCT22), setting])
    assert found.conflicts == ()
    assert found.current is not None
    assert found.current.build == OCT22


def test_a_cumulative_update_that_broke_off_leaves_the_lowest_of_its_files() -> None:
    files = [
        file(CU23),
        file(CU22_NOV22, "Microsoft.Exchange.Data.dll"),
        file(CU22, "Microsoft.Exchange.FrontEndHttpProxy.dll", f"{BIN}/../FrontEnd/HttpProxy/bin"),
    ]
    found = history([ran(CU22_NOV22, at(1), at(3))], files)
    assert found.current == BuildSeen(CU22, "Microsoft.Exchange.FrontEndHttpProxy.dll", None, None)
    assert found.conflicts[0].endswith("one was installed in part")


def exported(build: str, computer: str = "", when: datetime | None = None) -> Fact:
    text = "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\bin\\ExSetup.exe: 15.01"
    fact = file(build, folder="x", evidence="powershell-export")
    return replace(fact, computer=computer, time=when, text=text, origin=Origin("all.xml", 1))


def test_an_export_of_several_servers_without_their_names_is_not_believed() -> None:
    found = history([ran(OCT22, at(1), at(2))], [exported(OCT22), exported(NOV22)])
    assert found.current == BuildSeen(OCT22, "httpproxy", at(1), at(2))
    assert found.seen == (found.current,)
    assert found.conflicts == (
        "all.xml names several builds, but not their servers (15.1.2507.13 (Oct22SU), "
        "15.1.2507.16 (Nov22SU)): none of them is believed",
    )
    assert history((), [exported(OCT22), exported(NOV22)]).current is None
    assert now((), [exported(NOV22), exported(NOV22)])[0] == NOV22
    assert now((), [exported(NOV22, "EX01")])[0] == NOV22


def test_an_old_report_of_an_administrator_is_history() -> None:
    old = exported(OCT22, "EX01", at(3))
    assert now([ran(NOV22, at(10), at(20))], [old])[0] == NOV22
    assert now([ran(CU22, at(1), at(2))], [old])[0] == OCT22
    assert now((), [old, exported(NOV22, "EX01", at(5))])[0] == NOV22
    assert now((), [old, file(NOV22)])[0] == NOV22


def test_an_update_that_was_taken_off_tells_no_build() -> None:
    removed = [
        update("KB5019758", "installed", at(13)),
        kb(NOV22, at(13)),
        update("KB5019758", "removed", at(15)),
    ]
    found = history((), [*removed, noted(CU23)])
    assert found.current == BuildSeen(CU23, "registry", None, None, "cu")
    assert [one.build for one in found.seen] == [CU23]
    assert found.conflicts == (
        "KB5019758 (15.1.2507.16 (Nov22SU)) was taken off on 2022-11-15 00:00 UTC",
    )
    again = [update("KB5019758", "installed", at(16)), kb(NOV22, at(16))]
    assert now((), [*removed, *again, noted(CU23)])[0] == NOV22
    whole = update("Microsoft Exchange Server 15.1.2507.6", "removed", at(14))
    assert now((), [kb(NOV22, at(13)), whole]) == ("", "", "")
    assert now((), [kb(NOV22, at(15)), whole])[0] == NOV22


def test_what_is_listed_is_believed_only_until_an_answer_after_it() -> None:
    answer = asked(OCT22, at(15))
    assert now((), [kb(NOV22, at(13)), answer])[0] == OCT22
    assert now((), [kb(NOV22, at(16)), answer])[0] == NOV22


def test_a_listed_update_after_the_last_row_is_no_part_of_the_history() -> None:
    found = history([ran(OCT22, at(1), at(10))], [kb(NOV22, at(13))])
    assert [one.build for one in found.seen] == [OCT22]


def test_a_build_that_cannot_be_is_not_believed() -> None:
    far = ran("15.1.99999.9", at(3), at(3))
    found = history([ran(OCT22, at(1), at(2)), far], ())
    assert [one.build for one in found.seen] == [OCT22]
    assert found.conflicts == ("httpproxy names 15.1.99999.9, far above every build that is known",)
    assert now([far], ())[0] == "15.1.99999.9"


def test_answers_are_believed_where_nothing_better_is() -> None:
    answer = Fact(
        Subject.BUILD, "X-OWA-Version", NOV22, "http-response", Origin("x", 1), at(20), "EX01"
    )
    assert now((), [answer, noted(CU23)]) == (NOV22, "X-OWA-Version", "su")
    assert now((), [replace(answer, value=CU22), noted(CU23)]) == (CU23, "registry", "cu")


def test_an_update_that_is_listed_tells_a_build_until_files_say_otherwise() -> None:
    facts = [update("KB5019758", "installed", at(13)), kb(NOV22, at(13))]
    assert now((), [*facts, noted(CU23)]) == (NOV22, "KB5019758", "su")
    found = history((), [*facts, file(OCT22)])
    assert [one.build for one in found.seen] == [OCT22]
    assert found.conflicts == (
        "KB5019758 (15.1.2507.16 (Nov22SU)) is listed as installed since 2022-11-13 00:00 UTC, but "
        "ExSetup.exe is 15.1.2507.13 (Oct22SU): its files were not replaced",
    )


def test_an_update_that_is_listed_but_never_ran_is_named() -> None:
    facts = [update("KB5019758", "installed", at(13)), update("KB5019758", "installed")]
    later = history([ran(OCT22, at(1), at(20))], facts)
    assert later.conflicts == (
        "KB5019758 (15.1.2507.16 (Nov22SU)) is listed as installed since 2022-11-13 00:00 UTC, but "
        "running processes were 15.1.2507.13 (Oct22SU) until 2022-11-20 00:00 UTC",
    )
    before = history([ran(OCT22, at(1), at(10))], facts)
    assert before.conflicts[0].endswith("no log row after that shows which build ran")
    assert history([ran(NOV22, at(14), at(20))], facts).conflicts == ()


def test_updates_of_windows_are_not_exchanges() -> None:
    facts = [update("KB5018411", "installed", at(13)), update("Some product", "installed", at(13))]
    assert history([ran(OCT22, at(1), at(20))], facts).conflicts == ()


def test_a_failed_update_is_named_with_its_error() -> None:
    failed = update("KB5019758", "failed", at(13, 3), "Security Update …: failed, error 1603")
    expected = (
        "KB5019758 (15.1.2507.16 (Nov22SU)) could not be installed on 2022-11-13 03:00 UTC, "
        "error 1603"
    )
    assert history([ran(OCT22, at(1), at(20))], [failed]).conflicts == (expected,)
    assert history((), [replace(failed, time=None)]).conflicts == (
        "KB5019758 could not be installed, error 1603",
    )


@pytest.mark.parametrize(
    "after",
    [
        [update("KB5019758", "installed", at(14))],
        [update("KB5019758", "installed")],
        [file("15.1.2507.17")],
    ],
)
def test_a_failure_that_was_made_good_is_not_named(after: Sequence[Fact]) -> None:
    failed = update("KB5019758", "failed", at(13), "x: failed, error 1603")
    found = history([ran(OCT22, at(1), at(13))], [failed, *after])
    assert not any("could not be installed" in said for said in found.conflicts)
    retried = history([ran(OCT22, at(1), at(12)), ran(NOV22, at(14), at(20))], [failed])
    assert retried.conflicts == ()


def test_a_failure_after_a_success_is_named() -> None:
    facts = [
        update("KB5019758", "installed", at(13)),
        update("KB5019758", "failed", at(14), "x: failed, error 1603"),
    ]
    assert "could not be installed" in history((), facts).conflicts[0]


SETUP = "BuildToBuildUpgrade by CONTOSO\\admin: The Exchange Server setup operation didn't complete"


@pytest.mark.parametrize("outcome", ["failed", "unfinished"])
def test_a_set_up_that_broke_off_is_named(outcome: str) -> None:
    broken = update(f"Setup {CU23}", outcome, at(13), SETUP, "setup-log")
    found = history([ran(CU22, at(1), at(20))], [broken])
    assert found.conflicts == (
        f"the set-up of 15.1.2507.6 (CU23) did not finish (2022-11-13 00:00 UTC): {SETUP}",
    )


@pytest.mark.parametrize(
    ("tallies", "facts"),
    [
        ([], [update(f"Setup {CU23}", "installed", at(14))]),
        ([], [update("Setup 15.1.2507.9", "installed", at(14))]),
        ([ran(NOV22, at(14), at(20))], []),
        ([], [file(NOV22)]),
    ],
)
def test_a_set_up_that_was_repeated_is_not_named(
    tallies: Sequence[Tally], facts: Sequence[Fact]
) -> None:
    broken = update(f"Setup {CU23}", "failed", at(13), SETUP, "setup-log")
    assert history(tallies, [broken, *facts]).conflicts == ()


def test_preparing_the_directory_is_no_set_up_of_this_server() -> None:
    facts = [update(f"Setup {CU23} /PrepareAD", "failed", at(13), SETUP, "setup-log")]
    facts.append(update(f"Setup {CU23}: Mailbox", "failed", at(13), SETUP))
    assert history([ran(CU22, at(1), at(20))], facts).conflicts == ()


def test_disabled_services_are_named() -> None:
    facts = [
        Fact(Subject.SETTING, f"Service/{name}/Start", value, "registry-hive", Origin("x", 1))
        for name, value in (("W3SVC", "Disabled"), ("FMS", "Disabled"), ("Other", "Automatic"))
    ]
    assert history((), facts).conflicts == (
        "services are disabled, as a broken update leaves them: FMS, W3SVC",
    )


def test_builds_of_nothing_known_are_not_believed() -> None:
    tallies = [ran("0.0.0.0", at(1), at(20)), ran(OCT22, at(1), at(2))]
    assert now(tallies, [file("16.1.2.3"), file("99999.1.2.3")])[0] == OCT22


def test_a_build_above_the_table_is_a_build() -> None:
    assert now([ran("15.2.3999.1", at(1), at(2))], ()) == ("15.2.3999.1", "httpproxy", "su")


def test_countless_facts_are_judged_in_time() -> None:
    facts = [
        update(f"KB{5_000_000 + n}", "failed" if n % 2 else "installed", at(1) + timedelta(n))
        for n in range(3_000)
    ]
    begun = time.perf_counter()
    history([ran(OCT22, at(1), at(20))], facts)
    assert time.perf_counter() - begun < 20
