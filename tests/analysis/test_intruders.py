"""Who got in: lines of one hand come together, those of different hands stay apart."""

import random
from dataclasses import replace

from trail_making import DAY, A, B, at, finding, life, line, shell, visitor, way

from extriage.analysis.chains import chains
from extriage.analysis.intruders import MOST, intruders
from extriage.model.detection import Certainty, Finding, Sign, Stage
from extriage.model.host import Chain
from extriage.model.persistence import Persistence, Role
from extriage.model.session import Intruder

CANARY = "one-canary"


def found(*findings: Finding, ways: tuple[Persistence, ...] = ()) -> tuple[Intruder, ...]:
    return intruders("EX01", findings, chains(findings), ways)


def addresses(one: Intruder) -> set[str]:
    return {value for name, value, _ in one.keys if name == "address"}


def broke_in(address: str, seconds: float, number: int = 1, **keys: str) -> Finding:
    one = line(number, seconds, {"address": address, **keys}, path=f"{address}.log")
    return finding(f"reached_{address}_{number}", Stage.REACHED, one, cves=("CVE-2021-26855",))


def test_who_only_knocks_is_no_intruder() -> None:
    knock = finding("probe", Stage.PROBED, *(line(n, n, {"address": A}) for n in range(1, 9)))
    assert found(knock) == ()


def test_a_single_finding_outside_all_chains_is_an_intruder() -> None:
    (one,) = found(broke_in(A, 0))
    assert (one.id, one.stage, one.certainty) == (
        "intruder-1",
        Stage.REACHED,
        Certainty.LIKELY,
    )
    assert (one.first, one.last, one.findings) == (DAY, DAY, (f"f-reached_{A}_1",))
    assert one.chains == ()


def test_different_hands_stay_apart_even_in_the_same_minute() -> None:
    one, other = found(
        broke_in(A, 0, canary="a", agent="python"), broke_in(B, 20, canary="b", agent="curl")
    )
    assert (addresses(one), addresses(other)) == ({A}, {B})
    assert (one.id, other.id) == ("intruder-1", "intruder-2")


def test_who_changes_address_and_keeps_the_canary_is_one() -> None:
    (one,) = found(broke_in(A, 0, canary=CANARY), broke_in(B, 90_000, canary=CANARY))
    assert addresses(one) == {A, B}


def test_who_changes_address_and_keeps_the_password_of_the_page_is_one() -> None:
    def order(address: str, seconds: float, password: str) -> Finding:
        text = f"2021-03-03 GET /owa/auth/x.aspx {password}=1&a=2 443"
        one = line(1, seconds, {"page": "x.aspx", "address": address}, text=text, path=address)
        return finding(f"order_{address}", Stage.EXECUTED, one)

    assert len(found(order(A, 0, "pzq7w"), order(B, 90_000, "pzq7w"))) == 1
    assert len(found(order(A, 0, "pzq7w"), order(B, 90_000, "other"))) == 2


def test_a_private_address_counts_with_its_agent_only() -> None:
    proxy = "10.0.0.8"
    one, other = found(
        broke_in(proxy, 0, 1, agent="python"),
        broke_in(proxy, 30, 2, agent="curl"),
        broke_in(proxy, 60, 3, agent="python"),
    )
    assert (len(one.findings), len(other.findings)) == (2, 1)


def test_the_same_account_joins_nobody() -> None:
    assert len(found(broke_in(A, 0, account="anna"), broke_in(B, 30, account="anna"))) == 2


def test_an_account_that_he_made_himself_joins() -> None:
    made = line(7, 10, {"address": A}, sign=Sign.PLANTED, object="CONTOSO\\svc")
    account = finding("made", Stage.ACTED, made, persistence="account")
    assert len(found(account, broke_in(B, 90_000, account="svc"))) == 1
    assert len(found(account, broke_in(B, 90_000, account="anna"))) == 2


def test_the_owner_of_a_page_is_the_one_who_planted_it() -> None:
    owners = life("/owa/auth/x.aspx", visitor(B, Role.OWNER, 90_000))
    (one,) = found(broke_in(A, 0), shell(A, "x.aspx", 5), ways=(way(owners),))
    assert addresses(one) == {A, B}
    assert one.ways == ("w-/owa/auth/x.aspx",)
    assert one.stage is Stage.EXECUTED


def test_an_owner_who_broke_in_himself_stays_apart() -> None:
    owners = life("/owa/auth/x.aspx", visitor(A, Role.OWNER, 9), visitor(B, Role.OWNER, 90_000))
    one, other = found(
        *(broke_in(A, 0), shell(A, "x.aspx", 5), broke_in(B, 80_000)), ways=(way(owners),)
    )
    assert (addresses(one), addresses(other)) == ({A}, {B})
    assert one.ways == ("w-/owa/auth/x.aspx",), "the page is the one's who planted it"
    assert other.ways == ()


def test_two_owners_of_a_page_that_nobody_planted_stay_two() -> None:
    owners = life("/owa/auth/x.aspx", visitor(A, Role.OWNER), visitor(B, Role.OWNER, 90_000))
    assert len(found(ways=(way(owners),))) == 2


def test_who_looks_at_a_page_without_orders_is_no_intruder() -> None:
    seen = life("/x.aspx", visitor(A, Role.OWNER), visitor(B, Role.INFORMED, 90_000))
    looked = line(3, 90_000, {"page": "x.aspx", "address": B})
    (one,) = found(finding("answered", Stage.PLANTED, looked), ways=(way(seen),))
    assert addresses(one) == {A}


def test_what_the_server_did_goes_to_who_was_busy() -> None:
    child = line(9, 100, {"process": "{1}"}, path="sysmon", kind="events")
    started = finding("child", Stage.EXECUTED, child)
    one, other = found(broke_in(A, 70), broke_in(B, 5000), started)
    assert "f-child" in one.findings
    assert "f-child" not in other.findings


def test_a_later_line_of_the_same_process_follows() -> None:
    first = line(9, 30, {"process": "{1}"}, path="sysmon", kind="events")
    late = line(10, 7000, {"process": "{1}"}, path="sysmon", kind="events")
    (one,) = found(broke_in(A, 0), finding("child", Stage.EXECUTED, first, late))
    assert one.last == at(7000)


def test_an_unknown_hand_must_have_left_something_behind() -> None:
    lone = line(9, 50_000, {"account": "anna"}, path="security", kind="events")
    assert found(finding("logon", Stage.REACHED, lone)) == ()
    (one,) = found(finding("task", Stage.PLANTED, lone))
    assert "unknown hand on EX01" in one.summary


def test_lines_that_fit_no_columns_prove_nobody() -> None:
    assert found(replace(broke_in(A, 0), raw=True)) == ()


def test_a_hint_counts_in_a_chain_only() -> None:
    hint = line(4, 20, {"address": B}, path="x")
    lone = finding("hint", None, hint, hints=Stage.ACTED)
    assert found(lone) == ()
    beside = finding("hint", None, line(4, 20, {"address": A}), hints=Stage.ACTED)
    (one,) = found(broke_in(A, 0), beside)
    assert one.stage is Stage.ACTED
    assert len(one.chains) == 1


def test_the_order_of_what_is_given_changes_nothing() -> None:
    owners = life("/x.aspx", visitor(A, Role.OWNER, 9), visitor("192.0.2.4", Role.OWNER, 90_000))
    other = life("/y.aspx", visitor(B, Role.OWNER, 40))
    findings = [
        *(broke_in(A, 0, canary="a"), broke_in(B, 1, canary="b"), shell(A, "x.aspx", 5)),
        *(shell(B, "y.aspx", 6, 2), broke_in("192.0.2.9", 500)),
        finding("child", Stage.EXECUTED, line(9, 30, {"process": "{1}"}, path="s", kind="events")),
    ]
    ways = [way(owners), way(other)]
    expected = intruders("EX01", findings, chains(findings), ways)
    mix = random.Random(6)
    for _ in range(20):
        told: list[Chain] = list(chains(findings))
        for one in (findings, ways, told):
            mix.shuffle(one)
        assert intruders("EX01", findings, told, ways) == expected
    assert len(expected) == 3


def test_of_very_many_the_furthest_are_told() -> None:
    crowd = [broke_in(f"203.0.113.{n}", n, n) for n in range(100, 100 + MOST + 20)]
    far = finding("far", Stage.TAKEN, line(1, 9000, {"address": A}))
    told = found(*crowd, far)
    assert len(told) == MOST
    assert told[-1].stage is Stage.TAKEN
    assert [one.id for one in told] == [f"intruder-{n}" for n in range(1, MOST + 1)]


def test_hostile_keys_are_only_text() -> None:
    bad = {"address": "not an address", "agent": "\x1b[31m" * 50, "page": "..\\..\\x.aspx\u202e"}
    hostile = finding("x", Stage.REACHED, line(1, 0, bad, text="=" * 100_000))
    (one,) = intruders("EX01", [hostile], (), ())
    assert ("agent", "\x1b[31m" * 50, 1) in one.keys


def test_rows_of_the_back_end_belong_to_who_was_busy_then() -> None:
    front = finding("front", Stage.REACHED, line(1, 0, {"address": A, "agent": "python"}))
    back = finding("back", Stage.REACHED, line(2, 3, {"canary": "c", "agent": "python"}))
    (one,) = intruders("EX01", [front, back], [], [])
    assert {name for name, _, _ in one.keys} == {"address", "agent", "canary"}
    other = finding("back", Stage.REACHED, line(2, 3, {"canary": "c", "agent": "curl"}))
    assert len(intruders("EX01", [front, other], [], [])) == 2
    late = finding("back", Stage.REACHED, line(2, 3000, {"canary": "c", "agent": "python"}))
    assert len(intruders("EX01", [front, late], [], [])) == 2


def test_nothing_tells_one_unknown_hand_from_another() -> None:
    page = shell("", "x.aspx", 0)
    dumps = [
        finding(f"dump{n}", Stage.ACTED, line(n, n * 9000, {"process": f"p{n}"}, kind="events"))
        for n in range(1, 4)
    ]
    (one,) = intruders("EX01", [page, *dumps], [], [])
    assert one.summary == "An unknown hand, or more than one, on EX01"
    assert len(one.findings) == 4
    other = shell("", "y.aspx", 50_000, number=9)
    assert len(intruders("EX01", [page, other, *dumps], [], [])) == 3


def test_a_program_amid_a_tunnel_is_its_owners() -> None:
    tunnel = visitor(A, Role.OWNER, requests=9000)
    used = way(life("/owa/auth/t.aspx", replace(tunnel, first=at(0), last=at(9000))))
    one = line(1, 4500, {"process": "{1}"}, path="sysmon.evtx", kind="events")
    ran = finding("child_of_worker", Stage.EXECUTED, one)
    (owner,) = found(ran, ways=(used,))
    assert addresses(owner) == {A}
    assert "f-child_of_worker" in owner.findings


def test_a_program_between_visits_far_apart_is_an_unknown_hands() -> None:
    seldom = visitor(A, Role.OWNER, requests=3)
    used = way(life("/owa/auth/t.aspx", replace(seldom, first=at(0), last=at(90_000))))
    one = line(1, 45_000, {"process": "{1}"}, path="sysmon.evtx", kind="events")
    assert len(found(finding("child_of_worker", Stage.EXECUTED, one), ways=(used,))) == 2
