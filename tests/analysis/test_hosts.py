"""Servers are told apart by the names in their logs, else by their folders."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extriage.analysis.hosts import Named, assign, named_in
from extriage.model.evidence import Tally


def test_one_named_log_names_the_whole_collection() -> None:
    hosts = assign({"coll/logs/a.LOG": ["EX01"], "coll/inetpub/u_ex.log": [], "coll/x.aspx": [""]})
    assert set(hosts.by_path.values()) == {"EX01"}


def test_folders_decide_where_two_servers_lie_side_by_side() -> None:
    hosts = assign(
        {
            "case/one/p.LOG": ["EX01.contoso.example"],
            "case/one/iis.log": [],
            "case/two/p.LOG": ["EX02"],
            "case/two/deep/er/iis.log": [],
            "case/EX03/iis.log": [],
            "case/lonely.log": [],
        }
    )
    assert hosts.by_path == {
        "case/one/p.LOG": "EX01",
        "case/one/iis.log": "EX01",
        "case/two/p.LOG": "EX02",
        "case/two/deep/er/iis.log": "EX02",
        "case/EX03/iis.log": "EX03",
        "case/lonely.log": "case",
    }


def test_short_and_full_names_are_one_host() -> None:
    hosts = assign({"a": ["ex01"], "b": ["EX01.contoso.example"], "c": ["EX01"]})
    assert len(set(hosts.by_path.values())) == 1


def test_equal_names_in_two_domains_are_two_hosts() -> None:
    hosts = assign({"a/x": ["ex01.one.example"], "b/x": ["ex01.two.example"]})
    assert set(hosts.by_path.values()) == {"ex01.one.example", "ex01.two.example"}


def test_forwarded_events_belong_to_the_computer_they_name() -> None:
    hosts = assign({"x/Forwarded.evtx": ["EX01", "DC01"], "x/p.LOG": ["EX01"]})
    assert hosts.of("x/Forwarded.evtx", "DC01") == "DC01"
    assert hosts.of("x/p.LOG") == "EX01"


def test_nothing_named_at_all() -> None:
    hosts = assign({"coll/inetpub/u.log": [], "single.log": []})
    assert hosts.by_path == {"coll/inetpub/u.log": "coll", "single.log": "single.log"}


def day(number: float) -> datetime:
    return datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=number - 1)


def events(records: int, first: float, last: float) -> Named:
    return Named(records, day(first), day(last), events=True)


OLD = "WIN-0A1B2C3D4E5"
LOGS = "x/winevt/Logs"


def test_a_former_name_belongs_to_the_server() -> None:
    hosts = assign(
        {
            f"{LOGS}/System.evtx": {"EX01.a.example": events(900, 5, 30), OLD: events(40, 4, 5)},
            f"{LOGS}/Security.evtx": {"EX01": events(30, 5, 30), OLD.lower(): events(3, 4, 4)},
            "x/p.LOG": {"EX01": Named(5, day(5), day(6))},
            "x/inetpub/u_ex.log": {},
        }
    )
    assert set(hosts.by_path.values()) == {"EX01"}
    assert hosts.of(f"{LOGS}/System.evtx", OLD) == "EX01"
    assert hosts.of(f"{LOGS}/Security.evtx", OLD) == "EX01"


def test_two_servers_of_one_template_had_the_same_name_once() -> None:
    hosts = assign(
        {
            "one/System.evtx": {"EX01": events(900, 5, 30), OLD: events(40, 4, 5)},
            "two/System.evtx": {"EX02": events(900, 5, 30), OLD: events(40, 4, 5)},
        }
    )
    assert hosts.of("one/System.evtx", OLD) == "EX01"
    assert hosts.of("two/System.evtx", OLD) == "EX02"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("later", {"EX01": events(900, 5, 30), OLD: events(40, 4, 6)}),
        ("many", {"EX01": events(900, 5, 30), OLD: events(400, 4, 5)}),
        ("as-many", {"EX01": events(4, 5, 30), OLD: events(4, 4, 5)}),
        ("untimed", {"EX01": events(900, 5, 30), OLD: Named(3, None, None, events=True)}),
        ("no-events", {"EX01": Named(900, day(5), day(9)), OLD: Named(3, day(1), day(2))}),
        ("a/ForwardedEvents.evtx", {"EX01": events(900, 5, 30), OLD: events(3, 4, 5)}),
        (
            "of-many",
            {"EX01": events(900, 5, 30), "DC1": events(9, 6, 8), "DC2": events(9, 6, 8)}
            | {OLD: events(3, 4, 5)},
        ),
    ],
)
def test_another_server_is_told_apart(path: str, named: dict[str, Named]) -> None:
    hosts = assign({path: named})
    assert (hosts.by_path[path], hosts.of(path, OLD)) == ("EX01", OLD)


@pytest.mark.parametrize("elsewhere", [{OLD: events(9, 1, 2)}, [OLD], ["EX02", OLD]])
def test_a_name_that_another_artifact_gives_is_a_server(elsewhere: Any) -> None:
    hosts = assign(
        {"x/System.evtx": {"EX01": events(900, 5, 30), OLD: events(3, 4, 5)}, "y/z": elsewhere}
    )
    assert hosts.of("x/System.evtx", OLD) == OLD


def test_what_an_artifact_says_of_computers_is_gathered() -> None:
    tallies = [
        Tally("events:System", "x", "EX01", "", 5, day(5), day(6)),
        Tally("events:Security", "x", "EX01", "", 9, day(4), day(5)),
        Tally("events:System", "x", OLD, "", 1, day(3), day(3)),
    ]
    assert named_in(tallies, [OLD, "DC01"]) == {
        "EX01": events(14, 4, 6),
        OLD: events(1, 3, 3),
        "DC01": Named(),
    }
    assert list(named_in(tallies, ["A"])) == ["EX01", OLD, "A"]
    (only,) = named_in([Tally("events:ForwardedEvents", "x", "EX01", "", 5)], []).values()
    assert not only.events
    (mixed,) = named_in([*tallies[:1], Tally("iis", "x", "EX01", "", 5)], []).values()
    assert (mixed.events, mixed.records, mixed.first) == (False, 10, None)


@pytest.mark.parametrize(
    ("named", "unnamed", "host"),
    [
        ("EX01/h.LOG", "EX02/ExSetup.exe", "EX02"),
        ("case/EX01/h.LOG", "case/EX02/C/Windows/System32/x.config", "EX02"),
        ("case/EX01/h.LOG", "case/mail-b/deep/er/ExSetup.exe", "mail-b"),
        ("EX01-2021-03-05.zip!/C/h.LOG", "EX02-2021-03-05.zip!/C/x.config", "EX02-2021-03-05.zip"),
        ("h.LOG", "EX02/applicationHost.config", "EX02"),
        ("case/one/h.LOG", "case/ex02/applicationHost.config", "ex02"),
        ("ex01.contoso.example/h.LOG", "ex02.contoso.example/x", "ex02.contoso.example"),
    ],
)
def test_a_folder_beside_a_servers_own_is_another_server(
    named: str, unnamed: str, host: str
) -> None:
    assert assign({named: ["EX01"], unnamed: []}).by_path == {named: "EX01", unnamed: host}


@pytest.mark.parametrize(
    ("named", "unnamed"),
    [
        ("EX01/C/Program Files/h.LOG", "EX01/exports/ExSetup.csv"),
        ("C/Program Files/h.LOG", "D/inetpub/u_ex.log"),
        ("one/Logs/h.LOG", "one/inetpub/u_ex.log"),
        ("EX01/h.LOG", "exports/ExSetup.csv"),
        ("EX01/h.LOG", "C/Windows/System32/inetsrv/config/applicationHost.config"),
        ("EX01/h.LOG", "EX01_files/ExSetup.exe"),
        ("EX01/h.LOG", "ExSetup.exe"),
        ("h.LOG", "deep/ExSetup.exe"),
        ("EX01.LOG", "deep/ExSetup.exe"),
        ("EX010/h.LOG", "deep/ExSetup.exe"),
    ],
)
def test_branches_of_one_collection_are_one_server(named: str, unnamed: str) -> None:
    assert assign({named: ["EX01"], unnamed: []}).by_path == {named: "EX01", unnamed: "EX01"}


def test_the_folder_of_a_server_that_others_name_is_that_server() -> None:
    hosts = assign({"EX01/f.evtx": ["EX01", "DC01.a.example"], "dc01/System.log": []})
    assert hosts.by_path["dc01/System.log"] == "DC01"


def test_a_short_name_stands_for_the_one_whole_name_that_fits() -> None:
    hosts = assign({"a.evtx": ["EX01.contoso.example"], "b.evtx": ["ex02.contoso.example"]})
    assert hosts.knows("EX01")
    assert hosts.of("a.evtx", "ex01") == hosts.of("a.evtx")
    assert not hosts.knows("EX01.other.example")
    assert not hosts.knows("EX03")
