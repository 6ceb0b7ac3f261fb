"""Servers are told apart by the names in their logs, else by their folders."""

from extriage.analysis.hosts import assign


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
