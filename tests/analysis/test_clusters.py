"""Clusters: who belongs together, why, and that the order of the input changes nothing."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from cluster_making import START, Who, finding, host, line, way
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.analysis.clusters import clusters
from extriage.analysis.clusterwords import name_of
from extriage.analysis.joining import shared_addresses
from extriage.analysis.traits import traits_of
from extriage.analysis.traittexts import (
    digest_of,
    domains_in,
    exports_in,
    parameters_in,
    programs_in,
    routing_in,
)
from extriage.model.cluster import Cluster
from extriage.model.detection import Certainty
from extriage.model.exposure import Export, Exposed, Exposure
from extriage.model.host import Host

ADDRESS = ("address", "203.0.113.24")
OTHER = ("address", "198.51.100.7")
CANARY = ("canary", "n-cfwrkq5mtgv38lbk5tbojbn4veqhmxylw3hef1.")


def told(hosts: Sequence[Host]) -> list[tuple[str, ...]]:
    return sorted(one.members for one in clusters(hosts, ()))


def joins(cluster: Cluster) -> dict[str, str]:
    return {one.kind: one.value for one in cluster.features if one.joins}


def test_one_password_and_one_address_on_three_servers_are_one_cluster() -> None:
    servers = [
        host(f"EX0{at}", Who((ADDRESS,), password="k9Zrtwq", page=f"n{at}bcdefg.aspx"))
        for at in (1, 2, 3)
    ]
    (found,) = clusters(servers, ())
    assert found.name == "cluster A"
    assert found.members == ("EX01/intruder-1", "EX02/intruder-1", "EX03/intruder-1")
    assert found.hosts == ("EX01", "EX02", "EX03")
    assert joins(found) == {"shell-parameter": "k9Zrtwq", "address": "203.0.113.24"}
    password = next(one for one in found.features if one.kind == "shell-parameter")
    assert password.members == found.members
    assert digest_of("k9Zrtwq") in password.text
    assert "3 of 3 intruders" in password.text
    assert "(k9Zrtwq)" in found.text
    assert "(203.0.113.24)" in found.text


def test_two_passwords_on_the_same_page_stay_apart() -> None:
    kit = (ADDRESS, ("agent", "odd/1.0"))
    one = host("EX01", Who(kit, password="firstPw", page="rarename.aspx"))
    other = host("EX02", Who(kit, password="secondPw", page="rarename.aspx"))
    same = host("EX03", Who(kit, page="rarename.aspx"))
    assert told([one, same]) == [("EX01/intruder-1", "EX03/intruder-1")]
    assert told([one, other]) == [("EX01/intruder-1",), ("EX02/intruder-1",)]
    first, _ = clusters([one, other], ())
    texts = [feature.text for feature in first.apart]
    assert "Cluster B has a page rarename.aspx too, but another parameter gives it orders." in texts
    assert any("It shares" in text and "another parameter there" in text for text in texts)


@pytest.mark.parametrize(
    "who",
    [
        Who(page="shell.aspx"),
        Who(page="discover.aspx", keys=(("agent", "python-requests/2.25.1"),)),
        Who((("address", "10.0.0.4"),), page="x1.aspx"),
        Who((("account", "administrator"),), password="orange", page="shell.aspx"),
        Who((ADDRESS,)),
        Who((("account", "jdoe"),)),
        Who(page="rarename.aspx"),
        Who(password="k9Zrtwq", page="shell.aspx"),
        Who((ADDRESS, ("account", "administrator")), page="shell.aspx"),
    ],
    ids=lambda who: f"{who.keys}{who.page}{who.password}",
)
def test_what_everybody_has_or_one_weak_likeness_joins_nothing(who: Who) -> None:
    assert len(clusters([host("EX01", who), host("EX02", who)], ())) == 2


def test_an_address_that_intruders_of_one_server_share_is_a_proxy_and_joins_nothing() -> None:
    proxy = [
        host(name, Who((ADDRESS, ("account", "a.smith"))), Who((ADDRESS, ("account", "b.jones"))))
        for name in ("EX01", "EX02")
    ]
    strong = Who((ADDRESS,), password="k9Zrtwq", page="n1bcdefg.aspx")
    alone = [host("EX03", strong), host("EX04", replace(strong, page="n2bcdefg.aspx"))]
    assert len(clusters(alone, ())) == 1
    everybody = clusters([*proxy, *alone], ())
    assert len(everybody) == 6
    traits = [one for server in proxy for one in traits_of(server)]
    assert shared_addresses(traits) == {"203.0.113.24"}
    address = next(one for one in everybody[0].features if one.kind == "address")
    assert (address.weight, address.joins) == (0, False)
    assert "several intruders of one server come from there" in address.text


def test_a_canary_or_the_same_content_joins_alone_even_on_one_server() -> None:
    change = host("EX01", Who((ADDRESS, CANARY)), Who((OTHER, CANARY)))
    (found,) = clusters([change], ())
    assert joins(found) == {"canary": CANARY[1]}
    page = Who((ADDRESS,), page="rarename.aspx", content="ab" * 32)
    copied = [
        host("EX01", page),
        host("EX02", Who((OTHER,), page="elsewhere.aspx", content="AB" * 32)),
    ]
    (found,) = clusters(copied, ())
    assert joins(found) == {"file-sha256": "ab" * 32}


def test_two_intruders_of_one_server_stay_apart_unless_something_strong_joins_them() -> None:
    kit = (("agent", "odd/1.0"), ("account", "jdoe"))
    one, other = Who((ADDRESS, *kit)), Who((("address", "203.0.113.99"), *kit))
    task = (
        way("p-1", "scheduled-task", "\\Vendor\\KeepAlive77"),
        way("p-2", "scheduled-task", "KeepAlive77"),
    )
    here = replace(one, ways=(task[0],)), replace(other, ways=(task[1],))
    strong = (
        replace(here[0], password="k9Zrtwq", page="a1bcdef.aspx"),
        replace(here[1], password="k9Zrtwq", page="b1bcdef.aspx"),
    )
    assert len(clusters([host("EX01", *strong)], ())) == 2
    assert len(clusters([host("EX01", strong[0]), host("EX02", strong[1])], ())) == 1
    held = clusters([host("EX01", *strong)], ())[0]
    assert any("both were on the same server" in one.text for one in held.apart)


def test_hours_that_never_meet_hold_back_a_weak_likeness() -> None:
    keys = (ADDRESS, ("agent", "odd/1.0"), ("account", "jdoe"))
    day = Who(keys, deeds=("a", "b"), days=5)
    night = replace(day, start=START + timedelta(hours=12))
    brief = replace(night, days=2)
    assert len(clusters([host("EX01", day), host("EX02", day)], ())) == 1
    assert len(clusters([host("EX01", day), host("EX02", brief)], ())) == 1
    first, _ = clusters([host("EX01", day), host("EX02", night)], ())
    assert any("they work at different hours of the day" in one.text for one in first.apart)
    task = way("p-1", "scheduled-task", "KeepAlive77"), way("p-2", "scheduled-task", "KeepAlive77")
    more = replace(day, ways=(task[0],)), replace(night, ways=(task[1],), password="k9Zrtwq")
    assert len(clusters([host("EX01", more[0]), host("EX02", more[1])], ())) == 2
    secret = [replace(one, password="k9Zrtwq", page="a.aspx") for one in more]
    assert len(clusters([host("EX01", secret[0]), host("EX02", secret[1])], ())) == 1


def test_a_cluster_tells_hours_first_and_last_and_a_single_intruder_is_one_too() -> None:
    late = Who((OTHER,), start=START + timedelta(days=3), deeds=("a", "b", "c"))
    first, second = clusters([host("EX02", late), host("EX01", Who((ADDRESS,), deeds=("a",)))], ())
    assert (first.name, first.members) == ("cluster A", ("EX01/intruder-1",))
    assert (second.name, second.first, second.last) == (
        "cluster B",
        late.start,
        late.start + timedelta(hours=1),
    )
    assert len(second.hours) == 24
    assert (second.hours[4], sum(second.hours)) == (90, 90)
    assert "One intruder, on EX02" in second.text
    assert first.id != second.id
    assert first.id.startswith("k-")
    assert len(first.id) == 18


def test_whose_line_it_is_decides_whose_feature_it_is() -> None:
    server = host("EX01", Who((ADDRESS,)), Who((OTHER,)))
    said = r"CommandLine=C:\ProgramData\kit\helper9.exe Image=C:\ProgramData\kit\helper9.exe"
    lines = [line("events", "x.evtx", said, keys=(OTHER,))]
    both = finding("f-both", lines)
    first, second = server.intruders
    named = replace(
        server,
        findings=(both,),
        intruders=(
            replace(first, findings=("f-both",)),
            replace(second, findings=("f-both",)),
        ),
    )
    one, two = traits_of(named)
    assert one.of("tool") == []
    assert two.of("tool") == ["helper9.exe"]
    assert two.of("tool-path") == ["/programdata/kit/helper9.exe"]


def test_a_line_of_a_stranger_is_nobodys_and_a_page_of_two_gives_no_content() -> None:
    server = host("EX01", Who((ADDRESS,), page="rarename.aspx", content="ab" * 32))
    stranger = line("iis", "u.log", 'CommandLine=x "C:\\evil\\other77.exe"', keys=(OTHER,))
    server = replace(server, findings=(*server.findings, finding("f-s", [stranger])))
    (one,) = server.intruders
    (own,) = traits_of(replace(server, intruders=(replace(one, findings=(*one.findings, "f-s")),)))
    assert own.of("tool") == []
    assert own.of("file-sha256") == ["ab" * 32]
    shared = replace(server, intruders=(one, replace(one, id="intruder-2")))
    assert [each.of("file-sha256") for each in traits_of(shared)] == [[], []]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Req{}["k9Zrtwq"],"unsafe")', ["k9Zrtwq"]),
        ('Req{}[""k9Zrtwq"",""unsafe"");', ["k9Zrtwq"]),
        (r"Req{}[\"k9Zrtwq\"]", ["k9Zrtwq"]),
        (r"Req{}.Item[\\\"k9Zrtwq\\\"]", ["k9Zrtwq"]),
        (r"Req{}[\u0022k9Zrtwq\u0022]", ["k9Zrtwq"]),
        ("Req{}.Form(&quot;k9Zrtwq&quot;)", ["k9Zrtwq"]),
        ("req{} . QueryString [ 'k9Zrtwq' ]", ["k9Zrtwq"]),
        ('Req{}["k9Zrt', []),
        ('Req{}["' + "a" * 201 + '"]', []),
        ('Req{}["a"] + Req{}["b"]', ["a", "b"]),
        ("no page at all", []),
    ],
)
def test_the_parameter_of_a_shell_is_read_however_a_log_writes_quotes(
    text: str, found: list[str]
) -> None:
    assert list(parameters_in(text.replace("{}", "uest"))) == found


def test_other_texts_tell_routing_programs_domains_and_exports() -> None:
    routing = (
        "AnchorMailbox=ServerInfo~Zq7]@ex01.contoso.example:444/ecp/x# TargetServerVersion=15.9.1"
    )
    assert list(routing_in(routing)) == [("routing-prefix", "zq7]@"), ("routing-version", "15.9.1")]
    assert list(routing_in("AnchorMailbox=jdoe@contoso.example TargetServerVersion=15.1")) == []
    system = r"Image=C:\Windows\System32\cmd.exe ParentImage=C:\Windows\System32\inetsrv\w3wp.exe"
    assert list(programs_in(system)) == []
    assert list(domains_in("CommandLine=iwr http://a.evil.example/x, https://10.0.0.1/")) == [
        "a.evil.example"
    ]
    assert list(domains_in("cs-uri-stem=http://a.evil.example/x")) == []
    export = r'Parameters=-Mailbox "boss" -FilePath "\\127.0.0.1\c$\temp\Boss_Q1.pst"'
    assert list(exports_in(export)) == ["boss_q1.pst"]
    assert list(exports_in(export.replace(".pst", ".aspx"))) == []


def test_names_count_like_columns() -> None:
    assert [name_of(at) for at in (0, 25, 26, 51, 52, 701, 702)] == [
        f"cluster {letters}" for letters in ("A", "Z", "AA", "AZ", "BA", "ZZ", "AAA")
    ]


_WHO = st.builds(
    Who,
    keys=st.lists(
        st.sampled_from([ADDRESS, OTHER, CANARY, ("agent", "odd/1.0"), ("account", "jdoe")]),
        max_size=4,
        unique=True,
    ).map(tuple),
    password=st.sampled_from(["", "k9Zrtwq", "otherPw", "orange"]),
    page=st.sampled_from(["", "rarename.aspx", "elsewhere.aspx", "shell.aspx"]),
    content=st.sampled_from(["", "", "ab" * 32]),
    start=st.sampled_from([START, START + timedelta(days=1)]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(_WHO, max_size=3), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_servers_and_intruders_changes_nothing(
    world: list[list[Who]], dice: random.Random
) -> None:
    servers = [host(f"EX{at}", *who) for at, who in enumerate(world)]
    shuffled = [
        replace(
            one,
            intruders=tuple(dice.sample(one.intruders, len(one.intruders))),
            findings=tuple(dice.sample(one.findings, len(one.findings))),
            persistence=tuple(dice.sample(one.persistence, len(one.persistence))),
            sessions=tuple(dice.sample(one.sessions, len(one.sessions))),
        )
        for one in dice.sample(servers, len(servers))
    ]
    found = clusters(servers, ())
    assert found == clusters(shuffled, ())
    members = sorted(member for one in found for member in one.members)
    assert members == sorted(f"{one.name}/{who.id}" for one in servers for who in one.intruders)


def test_empty_servers_and_monstrous_intruders_are_borne() -> None:
    assert clusters([], ()) == ()
    assert clusters([host("EX01")], ()) == ()
    keys = tuple(
        (kind, f"{at}." * 300 if kind == "agent" else f"{at % 250}.{at // 250}.7.9")
        for at in range(5000)
        for kind in ("address", "agent")
    )
    huge = Who(keys, password="p" * 150, page="q" * 5000 + ".aspx", summaries=("x" * 100_000,) * 50)
    begin = time.monotonic()
    found = clusters([host(f"EX{at}", huge) for at in range(4)], ())
    assert time.monotonic() - begin < 20
    assert [len(one.members) for one in found] == [4]
    assert all(len(one.value) <= 200 for each in found for one in each.features)
    assert len(found[0].features) <= 40


def test_odd_servers_are_borne() -> None:
    odd = Who(
        (("password", "rarename.aspx \ud800k9Zr"), ("password", "alone"), ADDRESS), agents=("",)
    )
    server = host("EX01", odd, odd)
    (first, second), (session, _) = server.intruders, server.sessions
    back = replace(session, last=session.first - timedelta(days=3))
    server = replace(
        server,
        name="",
        sessions=(back,),
        intruders=(
            replace(first, findings=("f-none", "f-none"), ways=("p-none",), sessions=(back.id,)),
            replace(second, id=first.id, findings=("f-none",), sessions=("s-none",)),
        ),
    )
    found = clusters([server, server], ())
    assert sum(len(one.members) for one in found) == 4
    assert {member for one in found for member in one.members} == {"/intruder-1"}
    assert found == clusters([server, server], ())
    (kept, _) = traits_of(server)
    assert kept.of("shell-parameter") == ["\ud800k9Zr"]
    assert dict(kept.parameters) == {"rarename.aspx": frozenset({"\ud800k9Zr"})}


def test_a_file_of_an_export_is_his_whose_export_it_was() -> None:
    server = host("EX01", Who((ADDRESS,)), Who((OTHER,)))
    export = Export(
        "boss", "jdoe", "", r"\\EX01\c$\temp\Boss_Q1.pst", "", "finished", None, None, None, False
    )
    item = Exposure(
        id="x-1",
        kind="mailbox-export",
        object="boss",
        state=Exposed.READY,
        certainty=Certainty.LIKELY,
        text="",
        first=None,
        last=None,
        by=(),
        sessions=(),
        intruders=("intruder-2",),
        findings=(),
        requests=None,
        items=None,
        bytes_out=None,
        how=(),
        unknown=(),
        proofs=(),
        export=export,
    )
    first, second = traits_of(replace(server, exposures=(item,)))
    assert first.of("export-file") == []
    assert second.of("export-file") == ["boss_q1.pst"]


@pytest.mark.slow
def test_two_thousand_servers_take_seconds() -> None:
    dice = random.Random(7)
    servers = []
    for number in range(2000):
        who = [
            Who(
                (("address", f"20.{group}.{dice.randrange(5)}.9"), ("canary", f"c-{number}-{at}")),
                password=f"secret-of-{group}",
                page=f"page-{number}-{at}.aspx",
            )
            for at, group in enumerate(dice.sample(range(30), 3))
        ]
        servers.append(host(f"S{number:05}", *who))
    begin = time.monotonic()
    found = clusters(servers, ())
    assert time.monotonic() - begin < 60
    assert len(found) == 150
    assert sum(len(one.members) for one in found) == 6000
    groups = [joins(one).get("shell-parameter") for one in found]
    assert set(groups) <= {f"secret-of-{group}" for group in range(30)}
