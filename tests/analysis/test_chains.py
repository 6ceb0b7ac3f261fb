"""Findings that hang together: who joins whom, and what a chain proves beyond its parts."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from extriage.analysis.chains import chains
from extriage.analysis.wording import reason
from extriage.knowledge.joins import keys_of
from extriage.model.detection import Certainty, Evidence, Finding, Level, Stage
from extriage.model.host import Chain, Status

START = datetime(2021, 8, 20, 10, 0, tzinfo=UTC)
INTRUDER = ("address", "203.0.113.9")


def line(second: int, kind: str, *keys: tuple[str, str], path: str = "") -> Evidence:
    time = START + timedelta(seconds=second)
    place = path or f"EX01/{kind}.log"
    return Evidence(place, second + 1, 0, "x", "0" * 64, time, keys=keys, kind=kind)


def finding(
    rule: str,
    claim: str,
    *lines: Evidence,
    certainty: Certainty = Certainty.LIKELY,
    campaign: str = "proxylogon",
) -> Finding:
    """Make a finding; a claim with `?` is a hint."""
    stage = Stage(claim.rstrip("?")) if claim else None
    hint = claim.endswith("?")
    times = [one.time for one in lines]
    return Finding(
        id=f"f-{rule}",
        rule=rule,
        title=rule,
        level=Level.HIGH,
        stage=None if hint else stage,
        certainty=certainty,
        campaign=campaign,
        cves=(),
        attack=(),
        first=times[0],
        last=times[-1],
        count=len(lines),
        evidence=lines,
        look_alikes=(),
        hints=stage if hint else None,
    )


def only(found: tuple[Chain, ...]) -> Chain:
    (chain,) = found
    return chain


def test_a_hint_counts_once_the_same_intruder_is_shown_to_have_got_in() -> None:
    got_in = finding("got in", "reached", line(0, "httpproxy", INTRUDER))
    role = finding("role", "acted?", line(60, "rps-http", INTRUDER))
    chain = only(chains([got_in, role]))
    assert (chain.stage, chain.certainty) == (Stage.ACTED, Certainty.LIKELY)
    assert "role" in chain.raised
    assert [(step.title, step.proved) for step in chain.steps] == [
        ("got in", True),
        ("role", False),
    ]
    assert chain.keys == (INTRUDER,)


@pytest.mark.parametrize(
    ("claim", "certainty"), [("probed", Certainty.CONFIRMED), ("reached", Certainty.POSSIBLE)]
)
def test_a_hint_stays_one_beside_a_mere_try(claim: str, certainty: Certainty) -> None:
    tried = finding("tried", claim, line(0, "httpproxy", INTRUDER), certainty=certainty)
    role = finding("role", "acted?", line(60, "rps-http", INTRUDER))
    found = chains([tried, role])
    assert [(one.stage, one.certainty) for one in found] == (
        [(Stage.REACHED, Certainty.POSSIBLE)] if claim == "reached" else []
    )


def test_hints_alone_are_no_chain() -> None:
    role = finding("role", "acted?", line(0, "rps-http", INTRUDER))
    export = finding("export", "taken?", line(60, "rps-http", INTRUDER))
    assert chains([role, export]) == ()


@pytest.mark.parametrize(
    ("key", "seconds", "joined"),
    [
        (INTRUDER, 30 * 60, True),
        (INTRUDER, 30 * 60 + 1, False),
        (("account", "mallory"), 30 * 60 + 1, False),
        (("canary", "abc"), 3 * 60 * 60, True),
        (("page", "x1.aspx"), 5 * 24 * 60 * 60, True),
        (("agent", "python-requests/2.25.1"), 61, False),
    ],
)
def test_lines_join_within_the_time_of_their_key(
    key: tuple[str, str], seconds: int, joined: bool
) -> None:
    one = finding("one", "reached", line(0, "httpproxy", key))
    other = finding("other", "planted", line(seconds, "iis", key))
    assert bool(chains([one, other])) is joined


def test_everybody_behind_a_proxy_is_not_one_intruder() -> None:
    proxy = ("address", "10.0.0.7")
    one = finding("one", "reached", line(0, "iis", proxy, ("agent", "curl/8.0")))
    same = finding("same", "planted", line(5, "iis", proxy, ("agent", "curl/8.0")))
    other = finding("other", "planted", line(5, "iis", proxy, ("agent", "outlook/16.0")))
    assert chains([one, other]) == ()
    assert only(chains([one, same])).stage is Stage.PLANTED


def test_what_the_server_did_within_a_minute_of_being_asked_belongs_to_it() -> None:
    asked = finding("asked", "reached", line(0, "httpproxy", INTRUDER))
    did = finding("did", "planted", line(59, "events", ("account", "administrator")))
    late = finding("late", "planted", line(61, "events"))
    assert {step.title for step in only(chains([asked, did])).steps} == {"asked", "did"}
    assert chains([asked, late]) == ()


def test_a_process_and_what_it_started_belong_together() -> None:
    parent = keys_of({"ProcessGuid": "{A-1}", "ParentImage": "C:\\x\\w3wp.exe"})
    child = keys_of({"ProcessGuid": "{A-2}", "ParentProcessGuid": "{A-1}", "Image": "whoami.exe"})
    shell = finding("shell", "executed", line(0, "events", *parent))
    hint = finding("hint", "acted?", line(5000, "events", *child))
    chain = only(chains([shell, hint]))
    assert (chain.stage, chain.keys) == (Stage.ACTED, ())


def test_who_knocks_with_the_name_of_an_account_is_not_its_owner() -> None:
    name = ("account", "admin")
    got_in = finding("got in", "reached", line(0, "iis", INTRUDER, name))
    later = finding("later", "planted", line(90, "events", name))
    knock = finding("knock", "probed", line(95, "iis", ("address", "198.51.100.7"), name))
    assert {step.title for step in only(chains([got_in, later, knock])).steps} == {
        "got in",
        "later",
    }


def test_steps_in_order_are_told_when_the_last_of_them_was_done() -> None:
    session = line(0, "iis", INTRUDER)
    page = line(60, "iis", INTRUDER)
    alone = finding("session", "reached", session)
    both = replace(finding("both", "executed", session, page), first=page.time)
    told = [(step.title, step.time) for step in only(chains([alone, both])).steps]
    assert told == [("session", session.time), ("both", page.time)]


def test_the_owner_of_a_stolen_account_goes_on_with_his_work() -> None:
    owner = ("account", "admin")
    got_in = finding("got in", "reached", line(0, "iis", INTRUDER, owner))
    export = finding("export", "taken?", line(600, "events", owner))
    assert only(chains([got_in, export])).stage is Stage.PLANTED
    same = finding("export", "taken?", line(600, "events", owner, INTRUDER))
    assert only(chains([got_in, same])).stage is Stage.TAKEN


def test_damaged_lines_prove_nothing_and_join_nothing() -> None:
    one = finding("one", "reached", line(0, "iis", INTRUDER))
    other = replace(finding("other", "taken?", line(5, "iis", INTRUDER)), raw=True)
    assert chains([one, other]) == ()


def test_two_addresses_in_the_same_minute_are_two_intruders() -> None:
    one = finding("one", "reached", line(0, "httpproxy", INTRUDER))
    other = finding("other", "planted", line(5, "httpproxy", ("address", "198.51.100.7")))
    assert chains([one, other]) == ()


def test_an_administrators_act_does_not_join_a_knock_of_the_same_minute() -> None:
    knock = finding("knock", "probed", line(0, "httpproxy", INTRUDER))
    act = finding("act", "acted?", line(2, "events", ("account", "helpdesk")))
    assert chains([knock, act]) == ()


def test_two_kinds_of_evidence_that_tell_it_alike_make_it_surer() -> None:
    request = ("request", "29d1a846-41f6-4da6-9dbf-dd8a9151ce59")
    one = finding("one", "reached", line(0, "httpproxy", request))
    other = finding("other", "reached", line(1, "iis", request))
    again = finding("again", "reached", line(1, "httpproxy", request))
    assert only(chains([one, other])).certainty is Certainty.CONFIRMED
    assert only(chains([one, again])).certainty is Certainty.LIKELY


def test_the_story_is_told_in_order_whatever_the_order_of_findings() -> None:
    findings = [
        finding(f"step {n}", "reached", line(n, "httpproxy", INTRUDER)) for n in range(0, 50, 5)
    ]
    told = chains(findings)
    assert [step.title for step in only(told).steps] == [f"step {n}" for n in range(0, 50, 5)]
    for seed in range(5):
        mixed = findings[:]
        random.Random(seed).shuffle(mixed)
        assert chains(mixed) == told


def test_a_line_that_several_findings_rest_on_is_told_once_by_the_one_that_says_most() -> None:
    shared = line(0, "httpproxy", INTRUDER)
    weak = finding("weak", "probed", shared)
    strong = finding("strong", "reached", shared)
    assert [step.title for step in only(chains([weak, strong])).steps] == ["strong"]


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ({"ClientIpAddress": "203.0.113.9"}, {"address": "203.0.113.9"}),
        ({"c-ip": "::1"}, {}),
        ({"c-ip": "127.0.0.1"}, {}),
        ({"c-ip": "fe80::1%3"}, {}),
        ({"c-ip": "::ffff:203.0.113.9"}, {"address": "203.0.113.9"}),
        ({"remote-endpoint": "203.0.113.9:51034"}, {"address": "203.0.113.9"}),
        ({"remote-endpoint": "[2001:db8::9]:51034"}, {"address": "2001:db8::9"}),
        ({"AuthenticatedUser": "CONTOSO\\Mallory"}, {"account": "mallory"}),
        ({"cs-username": "mallory@contoso.example"}, {"account": "mallory"}),
        ({"AuthenticatedUser": "NT AUTHORITY\\SYSTEM"}, {}),
        ({"AuthenticatedUser": "CONTOSO\\EX01$"}, {}),
        ({"AuthenticatedUser": "HealthMailbox0123456789@contoso.example"}, {}),
        ({"cs-uri-query": "a=1&cafeReqId=29D1A846;&b=2"}, {"request": "29d1a846"}),
        (
            {"AnchorMailbox": "ServerInfo~a]@ex01:444/ecp/x?msExchEcpCanary=Abc.#"},
            {"canary": "abc."},
        ),
        ({"cs-uri-stem": "/owa/auth/x1.ASPX"}, {"page": "x1.aspx"}),
        ({"TargetFilename": "C:\\inetpub\\wwwroot\\aspnet_client\\x1.aspx"}, {"page": "x1.aspx"}),
        ({"cs-uri-stem": "/owa/auth/logon.aspx"}, {}),
        ({"UserAgent": "-"}, {}),
        ({"cs(User-Agent)": "curl/8.0+x"}, {"agent": "curl/8.0 x"}),
        ({"SubjectLogonId": "0x3e7"}, {}),
        ({"SubjectLogonId": "0x5F2A1"}, {"logon": "0x5f2a1"}),
        ({"ProcessGuid": "{A-1}", "ParentImage": "C:\\Windows\\services.exe"}, {}),
    ],
)
def test_the_same_thing_reads_the_same_in_every_log(
    fields: dict[str, str], keys: dict[str, str]
) -> None:
    found: dict[str, str | tuple[str, ...]] = dict(fields)
    assert dict(keys_of(found)) == keys


def test_who_used_the_page_is_named_before_a_stranger_who_asked_for_it_too() -> None:
    page, stranger = ("page", "supp0rt.aspx"), ("address", "192.0.2.44")
    walk = [line(second, "iis", stranger) for second in range(101, 110)]
    used = finding("orders", "executed", *(line(at, "iis", INTRUDER, page) for at in (0, 60)))
    asked = finding("page answered", "planted", line(100, "iis", stranger, page))
    walked = finding("list of names", "probed", line(100, "iis", stranger, page), *walk)
    chain = only(chains([used, asked, walked]))
    assert [value for name, value in chain.keys if name == "address"] == [
        INTRUDER[1],
        stranger[1],
    ]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ((5,), "2 steps of 203.0.113.9 since 2021-08-20 10:00 UTC belong together: "),
        ((), "One step of 203.0.113.9 at 2021-08-20 10:00 UTC tells more than its line: "),
    ],
)
def test_the_verdict_says_whose_chain_it_rests_on(seconds: tuple[int, ...], told: str) -> None:
    got_in = finding("got in", "executed", line(0, "httpproxy", INTRUDER))
    at = seconds or (0,)
    hint = finding("archive", "taken?", *(line(second, "httpproxy", INTRUDER) for second in at))
    chain = only(chains([got_in, hint]))
    assert told in reason(Status.COMPROMISED, got_in, [got_in, hint], (), chain)
