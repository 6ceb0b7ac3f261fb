"""What visitors did: each request once, bytes exact, pauses, what is sure and what is not."""

import random
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from trail_making import A, B, at, finding, intruder, life, line, record, streamed, told, visitor

from extriage.analysis.sessions import PAUSE, Knock, Others, tell_sessions
from extriage.analysis.sessions.steps import MOST
from extriage.model.detection import Certainty, Sign, Stage
from extriage.model.persistence import Role
from extriage.model.session import Amount, Session
from extriage.model.trail import Deed, TrailRecord

MAIL = "anna@contoso.example"
READ = Deed("ews_items_read", True, "GetItem", MAIL, 25)


def only(sessions: tuple[Session, ...]) -> Session:
    (one,) = sessions
    return one


def request(seconds: float = 0, number: str = "r-1") -> list[TrailRecord]:
    """Return one request to EWS as five logs have it."""
    keys = {"request": number, "agent": "python"}
    web: dict[str, Any] = {"target": "/ews/exchange.asmx", "deed": Deed("ews_used", True)}
    return [
        record(seconds, A, keys=keys, bytes_in=100, bytes_out=5000, **web),
        record(
            *(seconds - 0.3, A),
            **(web | {"target": f"/ews/exchange.asmx?&cafeReqId={number};"}),
            kind="iis",
            part="front-end",
            path="fe.log",
            bytes_in=300,
            bytes_out=5300,
        ),
        record(
            seconds - 0.3,
            keys={"activity": "a"},
            **(web | {"target": f"/ews/exchange.asmx?&request_id={number}"}),
            kind="iis",
            part="back-end",
            path="be.log",
            bytes_out=4,
        ),
        record(
            *(seconds + 0.1, A),
            **(web | {"deed": READ, "target": MAIL}),
            kind="ews",
            path="ews.log",
            keys=keys,
            bytes_out=4990,
        ),
        record(seconds + 0.2, keys={"activity": "a"}, **web, kind="ecp-activity", path="act.log"),
    ]


def test_one_request_in_five_logs_is_counted_once_with_exact_bytes() -> None:
    one = only(told([intruder()], request()).sessions)
    assert one.requests == Amount(1, 1)
    assert one.bytes_in == Amount(100, 100)
    assert one.bytes_out == Amount(5000, 5000), "of HttpProxy, and never added up"
    assert one.kinds == ("ecp-activity", "ews", "httpproxy", "iis")
    (step,) = one.steps
    assert (step.deed, step.mailbox, step.items, step.requests) == ("ews_items_read", MAIL, 25, 1)
    assert step.text == f"Read 25 items of mailbox {MAIL} by EWS."
    assert one.mailboxes == (MAIL,)


def test_the_next_log_has_the_size_when_the_first_has_none() -> None:
    rows = [replace(one, bytes_out=None) if one.kind == "httpproxy" else one for one in request()]
    assert only(told([intruder()], rows).sessions).bytes_out == Amount(4990, 4990)
    rows = [one for one in rows if one.kind != "ews"]
    assert only(told([intruder()], rows).sessions).bytes_out == Amount(5300, 5300)


def test_without_ids_address_path_status_and_time_join() -> None:
    rows = []
    for seconds in (0, 0.2, 0.4, 50):
        rows.append(record(seconds + 0.9, A, line=int(seconds * 10)))
        rows.append(record(int(seconds), A, kind="iis", part="front-end", path="fe", line=1))
    assert only(told([intruder()], rows).sessions).requests == Amount(4, 4)


def test_other_path_status_address_or_time_do_not_join() -> None:
    front = record(0, A, kind="iis", part="front-end", path="fe")
    for other in (
        replace(front, kind="httpproxy", target="/other"),
        replace(front, kind="httpproxy", status="404"),
        replace(front, kind="httpproxy", time=at(4)),
    ):
        assert only(told([intruder()], [front, other]).sessions).requests.high == 2


def test_a_forged_request_has_its_row_on_the_back_end() -> None:
    text = "row,ServerInfo~a]@EX01:444/mapi/emsmdb?MailboxId=x#,"
    front = record(0.5, A, target="/ecp/y.js", text=text, keys={"canary": "c"})
    back = record(0, kind="iis", part="back-end", path="be", target="/mapi/emsmdb", status="200")
    back = replace(back, keys=(("canary", "c"),))
    assert only(told([intruder()], [back, front]).sessions).requests == Amount(1, 1)


def test_a_cmdlet_in_three_logs_is_one_act() -> None:
    deed = Deed("cmdlet_mailbox_exported", True, "\\\\ex\\c$\\a.pst", "anna")
    rows = [
        record(
            n / 10,
            kind=kind,
            part=part,
            path=kind,
            method="New-MailboxExportRequest",
            deed=deed,
            keys={"session": "s"},
        )
        for n, (kind, part) in enumerate(
            [("rps-cmdlet", ""), ("events", "MSExchange Management"), ("audit", "")]
        )
    ]
    one = only(told([intruder(1, ("session", "s"))], rows).sessions)
    assert one.requests == Amount(0, None), "no log has requests, and there may have been many"
    assert [step.requests for step in one.steps] == [1]
    assert "had exported the mailbox of anna" in one.summary


def test_a_log_without_sizes_leaves_the_upper_bound_open() -> None:
    rows = [record(0, A, bytes_out=10, bytes_in=1), record(60, A, bytes_in=1)]
    one = only(told([intruder()], rows).sessions)
    assert one.bytes_out == Amount(10, None)
    assert one.bytes_in == Amount(2, 2)
    assert [step.bytes_out for step in one.steps] == [None]


def test_a_pause_ends_a_session() -> None:
    pause = PAUSE.total_seconds()
    rows = [record(0, A), record(pause, A), record(2 * pause + 1, A)]
    result = told([intruder()], rows)
    assert [one.requests.low for one in result.sessions] == [2, 1]
    assert result.intruders[0].sessions == tuple(one.id for one in result.sessions)
    assert [row for row, _, _ in result.assigned] == [0, 1, 2]
    assert len({session for _, session, _ in result.assigned}) == 2


def test_the_owner_of_a_stolen_account_works_beside() -> None:
    keys = {"account": "anna", "agent": "outlook"}
    rows = [record(n * 60, "10.0.0.5", keys=keys, bytes_in=1, bytes_out=7) for n in range(5)]
    rows += [record(100, A, keys={"account": "anna", "agent": "python"}, bytes_in=1, bytes_out=5)]
    who = intruder(1, ("address", A), ("account", "anna"))
    result = told([who], rows)
    assert sorted(sure for _, _, sure in result.assigned) == [False] * 5 + [True]
    assert sum(one.requests.low for one in result.sessions) == 1
    assert sum(one.requests.high or 0 for one in result.sessions) == 6
    assert sum(one.bytes_out.low for one in result.sessions) == 5
    doubt = [one for one in result.sessions if one.certainty is Certainty.POSSIBLE]
    assert all("somebody else" in one.summary for one in doubt)
    assert doubt


def test_an_address_that_comes_with_the_canary_is_his_too() -> None:
    rows = [
        record(0, A, keys={"canary": "c"}),
        record(10, B),
        record(20, B, keys={"canary": "c"}),
    ]
    one = only(told([intruder()], rows).sessions)
    assert one.requests == Amount(3, 3)
    assert set(one.addresses) == {A, B}


def test_an_address_that_others_share_is_not_sure() -> None:
    crowd = [
        record(n, A, keys={"account": f"user{n}", "agent": f"agent{n}"}, target=f"/owa/{n}")
        for n in range(20)
    ]
    assert not any(sure for _, _, sure in told([intruder()], crowd).assigned)


def test_an_address_that_is_not_followed_by_itself_joins_nothing() -> None:
    hits = (("account", "anna"),)
    followed = (("visitor", f"{A} python"),)
    rows = [record(0, A, hits=hits), record(5, A, hits=followed)]
    assert [row for row, _, _ in told([intruder()], rows).assigned] == [1]


def test_two_intruders_have_their_own_sessions() -> None:
    rows = [record(n, (A, B)[n % 2]) for n in range(10)]
    result = told([intruder(1), intruder(2, ("address", B))], rows)
    assert [one.intruder for one in result.sessions] == ["intruder-1", "intruder-2"]
    assert [one.requests.low for one in result.sessions] == [5, 5]
    assert [one.addresses for one in result.sessions] == [(A,), (B,)]


def test_what_the_server_did_itself_goes_to_who_was_busy() -> None:
    deed = Deed("windows_program_started", True, "cmd /c whoami")
    child: dict[str, Any] = {"kind": "events", "part": "Security", "path": "s", "deed": deed}
    both = [intruder(1), intruder(2, ("address", B))]
    rows = [record(0, A), record(30, **child), record(500, **child)]
    assert [(row, sure) for row, _, sure in told(both, rows).assigned] == [(0, True), (1, True)]
    rows = [record(0, A), record(1, B), record(30, **child)]
    assert [sure for _, _, sure in told(both, rows).assigned] == [True, True, False]


def test_a_program_of_the_server_is_nobodys() -> None:
    text = '{"Image": "C:\\\\Windows\\\\System32\\\\inetsrv\\\\w3wp.exe"}'
    own: dict[str, Any] = {"kind": "events", "path": "s", "keys": {"process": "{1}"}}
    who = [intruder(1, ("process", "{1}"))]
    assert len(told(who, [record(0, text=text, **own)]).assigned) == 0
    assert len(told(who, [record(0, text='{"Image": "C:\\\\cmd.exe"}', **own)]).assigned) == 1


def test_who_knew_one_name_and_who_walked_lists() -> None:
    page = life(
        "/owa/auth/x.aspx",
        visitor(A, Role.OWNER),
        visitor("192.0.2.9", Role.INFORMED, 90),
        visitor("192.0.2.77", Role.STRANGER, 50, requests=48),
    )
    other = life("/owa/auth/y.aspx", visitor("192.0.2.77", Role.STRANGER, 60, requests=2))
    knock = finding("probe", Stage.PROBED, line(1, 5, {"address": "192.0.2.100"}), count=1_000_000)
    rows = [record(0, A), record(90, "192.0.2.9"), record(50, "192.0.2.77")]
    result = tell_sessions("EX01", [intruder()], streamed(rows), [knock], [page, other])
    assert [(one.role, one.stage is None) for one in result.sessions] == [
        (Role.INTRUDER, True),
        (Role.INFORMED, True),
    ]
    assert result.strangers
    assert (result.strangers.addresses, result.strangers.walkers) == (2, 1)
    assert result.strangers.requests == 1_000_050
    assert result.strangers.busiest == (("192.0.2.100", 1_000_000), ("192.0.2.77", 50))
    assert "1,000,050" in result.strangers.text


def test_a_request_in_two_logs_knocks_once() -> None:
    lines = [
        line(n, n / 2, {"address": B, "page": f"{n // 2}.aspx"}, kind=("iis", "httpproxy")[n % 2])
        for n in range(16)
    ]
    knocks = finding("probe", Stage.PROBED, *lines, count=60)
    met = tell_sessions("EX01", [], streamed([]), [knocks], ()).strangers
    assert met
    assert (met.addresses, met.requests, met.walkers) == (1, 30, 1)


def test_what_was_counted_in_the_logs_stands() -> None:
    knocks = finding("probe", Stage.PROBED, line(1, 5, {"address": B}), count=1000)
    counted = Others(None, {B: Knock(1234, at(0), at(99), 48)})
    met = tell_sessions("EX01", [], streamed([]), [knocks], (), counted).strangers
    assert met
    assert (met.requests, met.busiest, met.walkers) == (1234, ((B, 1234),), 1)
    assert (met.first, met.last) == (at(0), at(99))


def test_nobody_came() -> None:
    result = told([], [])
    assert (result.sessions, result.strangers, result.intruders) == ((), None, ())
    assert list(result.assigned) == []


def test_the_own_scanner_is_told_as_such() -> None:
    rows = [record(0, "10.0.0.15")]
    own = lambda address, _agent, _time: address == "10.0.0.15"  # noqa: E731
    result = tell_sessions("EX01", [], streamed(rows), (), (), Others(own))
    assert [one.role for one in result.sessions] == [Role.ORGANISATION]


def test_steps_carry_what_their_lines_prove() -> None:
    rows = [record(n, A, line=n + 1) for n in range(14)]
    proof = line(3, 2, {"address": A}, path="HttpProxy_1.LOG", sign=Sign.PLANTED, object="/x.aspx")
    found = finding(
        *("shell", Stage.PLANTED, proof), cves=("CVE-2021-27065",), persistence="web-shell"
    )
    result = told([intruder(1, findings=(found.id,))], rows, found)
    one = only(result.sessions)
    (step,) = one.steps
    assert (step.stage, step.findings, step.requests) == (Stage.PLANTED, ("f-shell",), 14)
    assert [proof.line for proof in step.proofs] == [1, 2, 13, 14]
    assert (one.stage, one.certainty) == (Stage.PLANTED, Certainty.LIKELY)
    assert one.summary == (
        f"From {A}, on 2021-03-03 04:12 UTC: got in through CVE-2021-27065, left /x.aspx behind, "
        "gave /owa/auth/x.aspx 14 orders."
    )
    assert result.intruders[0].summary.endswith("gave /owa/auth/x.aspx 14 orders.")


def test_of_many_steps_the_first_the_last_and_the_furthest_are_kept() -> None:
    rows = [
        record(n, A, line=n + 1, deed=Deed("web_request", True, f"/{n}"), target=f"/{n}")
        for n in range(1500)
    ]
    proof = line(701, 700, {"address": A}, path="HttpProxy_1.LOG")
    one = only(told([intruder()], rows, finding("x", Stage.ACTED, proof)).sessions)
    assert one.steps_total == 1500
    assert len(one.steps) <= MOST
    objects = [step.object for step in one.steps]
    assert objects[0] == "/0"
    assert objects[-1] == "/1499"
    assert "/700" in objects
    assert [step.time for step in one.steps] == sorted(step.time for step in one.steps)


def test_the_same_evidence_gives_the_same_sessions() -> None:
    rows = request() + request(40, "r-2") + [record(n * 700, B, line=n) for n in range(9)]
    findings = [
        finding(f"f{n}", Stage.REACHED, line(n, n, {"address": A}, path="ews.log"))
        for n in range(4)
    ]
    pages = [life("/x.aspx", visitor("192.0.2.9", Role.STRANGER)), life("/y.aspx")]
    who = [intruder(1), intruder(2, ("address", B))]
    expected = tell_sessions("EX01", who, streamed(rows), findings, pages)
    mix = random.Random(6)
    for _ in range(10):
        mix.shuffle(findings)
        mix.shuffle(pages)
        again = tell_sessions("EX01", who, streamed(rows), findings, pages)
        assert (again.sessions, again.strangers, again.intruders) == (
            *(expected.sessions, expected.strangers, expected.intruders),
        )
        assert list(again.assigned) == list(expected.assigned)


def test_hostile_texts_stay_text_and_cost_nothing() -> None:
    bad = "\x1b]0;x\x07{object}[{mailbox}]\u202e%s" * 50
    rows = [
        record(n, A, target=bad + "autodiscover.json" * 100, text="Server~" * 200, account=bad)
        for n in range(50)
    ]
    rows = [replace(one, deed=Deed("web_request", True, bad, bad, 10**8)) for one in rows]
    one = only(told([intruder()], rows).sessions)
    assert bad in one.steps[0].text
    assert one.mailboxes == (bad,)


def many(count: int) -> Iterator[tuple[int, TrailRecord]]:
    """Yield rows of a flood: two logs of each request, many paths, one address."""
    for n in range(count // 2):
        path = f"/owa/auth/{n % 977}.aspx"
        seconds = n / 20
        deed = Deed("page_missing", False, path)
        one = record(seconds, A, target=path, deed=deed, keys={"request": f"r{n}"}, bytes_out=3)
        yield 2 * n, one
        row = replace(one, kind="iis", part="front-end", path="u_ex.log")
        yield 2 * n + 1, replace(row, time=row.time + timedelta(microseconds=1))


def test_a_flood_is_counted_exactly() -> None:
    count = 60_000
    result = tell_sessions("EX01", [intruder()], lambda: many(count), (), ())
    one = only(result.sessions)
    assert one.requests == Amount(count // 2, count // 2)
    assert one.bytes_out == Amount(3 * count // 2, 3 * count // 2)
    assert len(result.assigned) == count


def test_a_flood_is_told_in_bounded_memory() -> None:
    """Four times as many records may cost the few bytes of where each of them belongs."""
    peaks = []
    for count in (2_000, 8_000):
        tracemalloc.start()
        tell_sessions("EX01", [intruder()], partial(many, count), (), ())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 6_000 * 60


def test_who_had_his_address_days_before_is_somebody_else() -> None:
    phone = {"account": "silva", "agent": "apple-ipad/1804"}
    days = 2 * 86_400
    rows = [
        record(-days, A, keys=phone),
        record(-days, A, keys={"agent": "python"}),
        record(-days, A, keys={"agent": "nmap"}),
        record(0, A, keys={"agent": "python"}),
        record(600, A, keys=phone),
    ]
    proof = finding("f", Stage.REACHED, line(1, 0, {"address": A, "agent": "python"}))
    who = intruder(1, ("address", A), ("agent", "python"), findings=(proof.id,))
    result = told([who], rows, proof)
    sure = {row: sure for row, _, sure in result.assigned}
    assert sorted(sure.values()) == [False, True, True, True], "the phone of two days before"
    assert "Left aside as others' own work: silva from 203.0.113.7." in result.intruders[0].summary


def test_an_account_that_a_forged_request_plays_joins_nothing() -> None:
    admin = {"account": "administrator", "agent": "winrm"}
    forged: dict[str, Any] = {"deed": Deed("forged_ecp", True), "target": "/ecp/y.js"}
    rows = [
        record(0, A, keys={"account": "administrator"}, **forged),
        record(30, "10.0.0.5", keys=admin),
    ]
    who = intruder(1, ("address", A), ("account", "administrator"))
    assert [row for row, _, _ in told([who], rows).assigned] == [0]


def test_the_owner_goes_on_where_he_always_worked() -> None:
    keys = {"account": "anna", "agent": "outlook"}
    rows = [
        record(-900, "192.0.2.50", keys=keys),
        record(0, A, keys={"account": "anna", "agent": "python"}),
        record(900, "192.0.2.50", keys=keys),
        record(950, "192.0.2.51", keys=keys | {"agent": "firefox"}),
    ]
    result = told([intruder(1, ("address", A), ("account", "anna"))], rows)
    assert [(row, sure) for row, _, sure in result.assigned] == [(1, True), (3, False)]
    assert "anna from 192.0.2.50" in result.intruders[0].summary


def test_what_a_person_did_in_the_same_minute_is_not_surely_his() -> None:
    event: dict[str, Any] = {"kind": "events", "part": "Security", "path": "s"}
    rows = [record(0, A), record(30, keys={"account": "petrov"}, **event), record(31, **event)]
    assert [sure for _, _, sure in told([intruder()], rows).assigned] == [True, False, True]


def test_keys_of_an_address_that_turns_out_to_be_shared_are_forgotten() -> None:
    first = record(0, A, keys={"session": "s", "account": "u", "agent": "x"})
    crowd = [record(n, A, keys={"account": f"u{n}", "agent": f"a{n}"}) for n in range(1, 20)]
    away = record(99, B, keys={"session": "s"})
    assert [row for row, _, _ in told([intruder()], [first, *crowd, away]).assigned][-1] == 19


def test_rows_behind_the_front_end_are_not_added_to_its_requests() -> None:
    back: dict[str, Any] = {"kind": "iis", "part": "back-end", "path": "be", "bytes_out": 4}
    front: dict[str, Any] = {"kind": "iis", "part": "front-end", "path": "fe", "bytes_out": 9}
    keys = {"canary": "c"}
    rows = [record(n, A, target="/ecp/y.js", keys=keys, **front) for n in range(3)]
    rows += [record(n + 0.5, target="/ecp/z.ecp", keys=keys, **back) for n in range(2)]
    one = only(told([intruder(1, ("canary", "c"))], rows).sessions)
    assert (one.requests, one.bytes_out) == (Amount(3, 5), Amount(27, 35))


def test_knocks_and_lives_of_pages_are_never_added_up() -> None:
    page = life("/owa/auth/x.aspx", visitor(B, Role.STRANGER, requests=40))
    probe = finding("p", Stage.PROBED, line(1, 5, {"address": B}), line(2, 6, {"address": A}))
    counted = {
        B: Knock(48, at(0), at(99), 5, 0),
        A: Knock(30, at(0), at(9), 0, 30),
        "192.0.2.1": Knock(4, at(0), at(9), 4, 0),
    }
    met = tell_sessions("EX01", [], streamed([]), [probe], [page], Others(None, counted)).strangers
    assert met
    assert (met.addresses, met.requests, met.walkers) == (2, 78, 1)
    assert met.text.startswith("2 addresses with 78 requests ")
    crowd = Others(None, counted | {"": Knock(9, at(0), at(1), 0, 7)})
    more = tell_sessions("EX01", [], streamed([]), [probe], [page], crowd).strangers
    assert more
    assert more.text.startswith("2 addresses with at least 85 requests ")


def test_logs_behind_the_front_end_with_ids_of_their_own_tell_of_the_same_requests() -> None:
    rows = []
    text = "row,ServerInfo~a]@EX01:444/ews/exchange.asmx#,"
    for turn in range(5):
        ids = (f"{number}1111111-1111-1111-1111-11111111111{turn}" for number in "abc")
        front, back, service = ({"request": one} for one in ids)
        now = turn * 20.0
        rows.append(record(now + 0.5, A, target="/ecp/y.js", text=text, keys=front))
        ews = {"target": "ceo@contoso.example", "kind": "ews", "path": "Ews_1.LOG"}
        rows.append(record(now + 0.3, keys={**service, "canary": "c"}, **ews))
        own = {"kind": "iis", "part": "back-end", "path": "be", "target": "/ews/exchange.asmx"}
        rows.append(record(int(now), keys={**back, "canary": "c"}, **own))
    who = intruder(1, ("address", A), ("canary", "c"))
    assert only(told([who], rows).sessions).requests == Amount(5, 5)


def test_a_line_that_only_a_finding_has_is_a_step_of_its_intruder() -> None:
    own = line(1, 5, {}, path="management.evtx", kind="events")
    shared, early = replace(own, line=2), replace(own, line=3, time=at(-600))
    set_up = finding("A cmdlet put script into a URL", Stage.PLANTED, own, shared, early)
    set_up = replace(set_up, first=at(0))
    both = finding("Seen by both", Stage.PLANTED, shared)
    who = [
        intruder(1, findings=(set_up.id, both.id)),
        intruder(2, ("address", B), findings=(both.id,)),
    ]
    found = told(who, [record(0, A)], set_up, both)
    one = only(found.sessions)
    assert [step.text for step in one.steps][1:] == ["A cmdlet put script into a URL."]
    assert one.steps[1].stage is Stage.PLANTED
    assert one.requests == Amount(1, 1)
    assert [row for row, _, _ in found.assigned] == [0], "it is no row of the trail"


def test_a_line_that_the_trail_has_is_told_once() -> None:
    row = record(0, A)
    same = line(row.line, 0, {"address": A}, path=row.path)
    set_up = finding("reached", Stage.REACHED, same)
    one = only(told([intruder(findings=(set_up.id,))], [row], set_up).sessions)
    assert len(one.steps) == 1
