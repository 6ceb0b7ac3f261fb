"""Files, leaks and secrets, and an answer for every kind of data, never that nothing was taken."""

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from exposed import (
    EXPOSES,
    INTRUDER,
    START,
    STRANGER,
    at,
    covered,
    export,
    fetch,
    finding,
    intruder,
    kinds,
    line,
    session,
    told,
)

from extriage.analysis.exposure import Ledger, Seen, ledger
from extriage.knowledge.exposures import exposure_groups
from extriage.model.detection import Certainty, Level, Stage
from extriage.model.evidence import Period
from extriage.model.exposure import Exposed, ExposureAnswer, Shown
from extriage.model.host import AdvisoryState, Chain, Coverage, OpenWindow, Patch, State, Step
from extriage.model.persistence import Persistence, Presence, Role
from extriage.model.session import Amount

WEB_AND_EWS = ("httpproxy", "ews")
CMDLETS = "events:MSExchange Management"
NEVER = re.compile(
    r"(?i)\bno (?:data|mail|mailbox|file)s? (?:was|were|has|have|left)|nothing was (?:taken|read)"
    r"|not (?:taken|stolen)\b|is safe"
)


def answer(found: Ledger, group: str) -> ExposureAnswer:
    return next(one for one in found.answers if one.kind == group)


def way(kind: str, state: Presence) -> Persistence:
    who, findings = ("CONTOSO\\admin",), ("f-1",)
    return Persistence(
        "p-1",
        kind,
        "ceo@contoso.example",
        state,
        "",
        Level.HIGH,
        Certainty.LIKELY,
        START,
        at(60),
        who,
        (),
        findings,
        (),
        (),
        (),
        None,
        (),
    )


def chain(name: str, stage: Stage = Stage.EXECUTED) -> Chain:
    step = Step(START, at(900), "t", name, stage, True, 1, "a.log", 1, "")
    return Chain(
        *("c-1", "", (), (), stage, Certainty.LIKELY, START, at(900), (), "", (step,)),
    )


def test_every_kind_of_data_is_answered_on_every_server() -> None:
    for found in (told(), told(intruders=(), sessions=(), coverage=()), ledger(Seen("EX01"))):
        assert [one.kind for one in found.answers] == list(exposure_groups())
        assert all(one.text.endswith(".") for one in found.answers)
    assert {one.answer for one in ledger(Seen("EX01")).answers} == {Shown.CANNOT_TELL}


def test_covered_logs_answer_not_shown_and_missing_ones_cannot_tell() -> None:
    found = told(coverage=covered(*WEB_AND_EWS))
    read = answer(found, "mailboxes-read")
    assert read.answer is Shown.NOT_SHOWN
    assert read.window == {"from": START, "to": START + timedelta(days=20)}
    assert read.looked[0].startswith("HttpProxy logs, 2021-08-03")
    exported = answer(found, "mailboxes-exported")
    assert (exported.answer, exported.exposures) == (Shown.CANNOT_TELL, ())
    assert any("MSExchange Management" in text for text in exported.missing)


def test_one_of_two_logs_that_are_needed_together_is_not_enough() -> None:
    assert answer(told(coverage=covered("httpproxy")), "mailboxes-read").answer == "cannot-tell"


def test_a_log_that_ends_too_early_or_has_a_hole_cannot_tell() -> None:
    (row,) = covered(CMDLETS)
    (web,) = covered("httpproxy")
    late = replace(row, first=START + timedelta(days=9))
    assert answer(told(coverage=(late, web)), "mailboxes-exported").answer is Shown.CANNOT_TELL
    hole: Period = {"from": START + timedelta(days=3), "to": START + timedelta(days=12)}
    holed = Coverage(*(CMDLETS, 1, 9, 0, row.first, row.last), gaps=(hole,))
    found = answer(told(coverage=(holed, web)), "mailboxes-exported")
    assert found.answer is Shown.CANNOT_TELL
    assert "1 gap" in found.looked[0]


def test_logs_before_the_break_in_do_not_count() -> None:
    (web,) = covered("iis")
    early = replace(web, last=START - timedelta(days=1))
    found = answer(told(coverage=(early, *covered(CMDLETS))), "files")
    assert found.answer is Shown.CANNOT_TELL


def test_without_a_break_in_the_time_is_that_of_the_open_window_or_of_the_evidence() -> None:
    quiet = told(intruders=(), sessions=(), coverage=covered("iis"))
    assert answer(quiet, "files").window == {
        "from": START - timedelta(days=10),
        "to": START + timedelta(days=20),
    }
    opened = START - timedelta(days=3)
    window: OpenWindow = {
        "from": opened, "to": START, "days": 3, "closed": True, "proved": True, "note": "",
    }  # fmt: skip
    row = AdvisoryState("CVE-2021-34473", State.OPEN, window=window)
    patch = Patch("", "", "", "", (), (row,))
    found = told(intruders=(), sessions=(), coverage=covered("iis"), patch=patch)
    assert answer(found, "files").window == {"from": opened, "to": START + timedelta(days=20)}


def test_evidence_of_a_moment_answers_nothing_by_its_silence() -> None:
    moment = (Coverage(CMDLETS, 1, 1, 0, START, START, ()),)
    found = told(intruders=(), sessions=(), coverage=moment, findings=())
    assert {one.answer for one in found.answers} == {Shown.CANNOT_TELL}
    minutes = (Coverage(CMDLETS, 1, 9, 0, START, at(600), ()),)
    found = told(intruders=(), sessions=(), coverage=minutes, findings=())
    exported = answer(found, "mailboxes-exported")
    assert "too short" in exported.text
    assert exported.missing[0] == "evidence of 2021-08-13 05:00 to 2021-08-13 05:10 only"
    found = told(coverage=minutes, findings=())
    assert answer(found, "mailboxes-exported").answer is Shown.NOT_SHOWN


def test_what_is_shown_is_shown_and_says_whether_there_may_be_more() -> None:
    found = told([export("events", 0), fetch("iis", 60, 5)], coverage=covered(CMDLETS, "iis"))
    shown = answer(found, "mailboxes-exported")
    assert (shown.answer, shown.exposures) == (Shown.SHOWN, (found.items[0].id,))
    assert "The logs cover the time" in shown.text
    less = told([export("events", 0), fetch("iis", 60, 5)])
    assert "may have been more" in answer(less, "mailboxes-exported").text


def test_what_is_only_possible_is_possible_and_what_failed_is_no_exposure() -> None:
    queued = told([export("events", 0)], coverage=covered(CMDLETS))
    assert answer(queued, "mailboxes-exported").answer is Shown.POSSIBLE
    failed = told([export("events", 0, status="failure")], coverage=covered(CMDLETS))
    assert answer(failed, "mailboxes-exported").answer is Shown.NOT_SHOWN
    assert "tried and failed" in answer(failed, "mailboxes-exported").text


@pytest.mark.parametrize("role", [Role.INTRUDER, Role.INFORMED])
def test_a_staged_archive_is_taken_by_whoever_fetched_it(role: Role) -> None:
    who = (session("s-2", "intruder-1" if role is Role.INTRUDER else "", role=role),)
    rows = [fetch("iis", n, 700, target="/aspnet_client/it.7z", session="s-2") for n in (0, 60)]
    found = told(rows, sessions=who)
    assert kinds(found) == ["file-fetched"]
    item = found.items[0]
    assert (item.object, item.state) == ("/aspnet_client/it.7z", Exposed.TAKEN)
    assert (item.requests, item.bytes_out) == (Amount(2, 2), Amount(1400, 1400))


def test_a_stranger_who_guesses_names_takes_what_a_rule_names() -> None:
    rows = [fetch("iis", 0, 700, target="/aspnet_client/it.7z", session="", address=STRANGER)]
    assert kinds(told(rows)) == []
    named = [replace(rows[0], hits=(("rule", "fetched"),))]
    found = told(named, findings=(finding("fetched"),))
    assert kinds(found) == ["file-fetched"]
    assert found.items[0].certainty is Certainty.LIKELY
    assert found.items[0].by == (STRANGER,)


def test_an_archive_that_only_the_organisation_itself_fetched_is_asked_about() -> None:
    rows = [fetch("iis", 600, 9000, address="10.20.0.9", session="", hits=(("rule", "fetched"),))]
    found = told(rows, findings=(finding("fetched"),), intruders=(), sessions=())
    assert [(one.kind, one.certainty) for one in found.items] == [
        ("file-fetched", Certainty.POSSIBLE)
    ]


def test_a_missing_or_refused_file_is_not_taken() -> None:
    rows = [fetch("iis", 0, 700, target="/aspnet_client/it.7z", status=code) for code in ("404",)]
    rows.append(fetch("iis", 9, 700, target="/aspnet_client/it.7z", method="HEAD"))
    assert kinds(told(rows)) == []


def test_a_finding_tells_of_a_fetch_when_there_is_no_trail() -> None:
    one = line("iis", 0, "c-ip=203.0.113.7 cs-method=GET cs-uri-stem=/owa/auth/a.7z sc-status=200")
    found = told(findings=(finding("fetched", one),))
    assert (found.items[0].object, found.items[0].by) == ("/owa/auth/a.7z", (INTRUDER,))
    assert found.items[0].bytes_out == Amount(0, None)


@pytest.mark.parametrize(
    ("state", "exposed", "shown"),
    [
        (Presence.PRESENT, Exposed.LEAKING, Shown.SHOWN),
        (Presence.UNKNOWN, Exposed.LEAKING, Shown.SHOWN),
        (Presence.REMOVED, Exposed.REACHABLE, Shown.POSSIBLE),
        (Presence.ATTEMPTED, Exposed.ATTEMPTED, Shown.CANNOT_TELL),
    ],
)
def test_a_forwarding_leaks_until_somebody_stops_it(
    state: Presence, exposed: Exposed, shown: Shown
) -> None:
    found = told(ways=(way("forwarding", state), way("web-shell", state)))
    assert [(one.kind, one.state) for one in found.items] == [("forwarding", exposed)]
    assert answer(found, "forwarding").answer is shown


def test_ways_back_that_read_mail_are_told_by_their_kind() -> None:
    leaking = ("mailbox-permission", "role-assignment", "transport-rule", "credential-logger")
    ways = [replace(way(kind, Presence.PRESENT), id=kind) for kind in leaking]
    found = told(ways=ways)
    assert sorted(kinds(found)) == [
        *("delegate-access", "logon-page-passwords", "mail-transport-copied"),
        "role-that-reads-all",
    ]


def test_a_dump_is_told_once_with_its_file() -> None:
    lines = [
        line("events", n, r"EventID=11 TargetFilename=C:\windows\temp\lsass.dmp Image=x")
        for n in (0, 5)
    ]
    found = told(findings=(finding("dumped", *lines),))
    (item,) = found.items
    assert (item.kind, item.object) == ("lsass-dump", r"C:\windows\temp\lsass.dmp")
    assert (item.state, item.certainty) == (Exposed.READY, Certainty.LIKELY)


def test_a_command_and_the_file_that_it_makes_are_one_entry() -> None:
    command = (
        r"CommandLine=rundll32 comsvcs.dll, MiniDump 640 C:\windows\temp\lsass.dmp full User=x"
    )
    lines = [
        line("events", 0, command),
        line("events", 1, r"TargetFilename=C:\Windows\Temp\lsass.dmp"),
    ]
    found = told(findings=(finding("dumped", *lines),))
    assert [one.object for one in found.items] == [r"C:\windows\temp\lsass.dmp"]


def test_an_archive_that_was_fetched_is_not_told_as_ready_too() -> None:
    command = r"CommandLine=7z a C:\inetpub\wwwroot\aspnet_client\it.7z C:\Windows\Temp\lsass.dmp"
    staged = finding("packed", line("events", 0, command))
    exposes = EXPOSES | {"packed": "archive-staged"}
    ready = told(findings=(staged,), exposes=exposes)
    assert [one.object for one in ready.items] == [r"C:\inetpub\wwwroot\aspnet_client\it.7z"]
    rows = [fetch("iis", 60, 700, target="/aspnet_client/it.7z")]
    assert kinds(told(rows, findings=(staged,), exposes=exposes)) == ["file-fetched"]


def test_mail_that_was_read_through_a_hole_needs_no_code_on_the_server() -> None:
    read = finding("hole", line("iis", 0, "x"), stage=Stage.TAKEN)
    assert kinds(told(findings=(read,))) == []


def test_a_finding_of_low_level_counts_within_a_break_in_only() -> None:
    one = finding("dumped", line("events", 0, "CommandLine=x"), level=Level.LOW)
    assert kinds(told(findings=(one,), intruders=())) == []
    tied = told(findings=(one,), chains=(chain("f-dumped", Stage.REACHED),))
    assert kinds(tied) == ["lsass-dump"]
    late = finding("dumped", line("events", 90_000, "CommandLine=x"), level=Level.LOW)
    assert kinds(told(findings=(late,), chains=(chain("f-dumped", Stage.REACHED),))) == []


def test_what_code_on_the_server_could_read_is_said_once() -> None:
    ran = [
        finding(
            f"shell{n}", line("iis", n, "x"), stage=Stage.EXECUTED, certainty=Certainty.CONFIRMED
        )
        for n in range(12)
    ]
    found = told(findings=ran, chains=(chain("f-shell1"),))
    assert kinds(found) == ["server-secrets"]
    item = found.items[0]
    assert (item.state, item.certainty) == (Exposed.REACHABLE, Certainty.LIKELY)
    assert answer(found, "credentials").answer is Shown.POSSIBLE
    assert item.first == START
    maybe = finding(
        "shell", line("iis", 0, "x"), stage=Stage.EXECUTED, certainty=Certainty.POSSIBLE
    )
    assert kinds(told(findings=(maybe,))) == []


def test_damaged_lines_prove_nothing() -> None:
    found = told(findings=(finding("dumped", line("events", 0, "x"), raw=True),))
    assert kinds(found) == []


def sentences(found: Ledger) -> Sequence[str]:
    texts = [text for one in found.answers for text in (one.text, *one.looked, *one.missing)]
    for one in found.items:
        texts += [one.text, *one.unknown]
    return texts


def test_no_sentence_says_that_nothing_was_taken() -> None:
    for found in (
        told(),
        told(coverage=covered(*WEB_AND_EWS, CMDLETS, "iis", "events:Security")),
        told([export("events", 0), fetch("iis", 60, 5)], coverage=covered(CMDLETS, "iis")),
        told([export("events", 0, status="failure")]),
        told(ways=(way("forwarding", Presence.REMOVED),)),
    ):
        for text in sentences(found):
            assert not NEVER.search(text), text
            assert "  " not in text


def test_the_ledger_is_the_same_whatever_the_order_of_findings() -> None:
    findings = [finding(rule, line("events", 1, f"CommandLine={rule}")) for rule in EXPOSES]
    rows = [export("events", 0), fetch("iis", 60, 5)]
    one, other = told(rows, findings=findings), told(rows, findings=findings[::-1])
    assert sorted(one.items, key=lambda item: item.id) == sorted(
        other.items, key=lambda item: item.id
    )
    assert [item.id for item in one.items] == [item.id for item in other.items]
    assert {field.name for field in fields(one)} == {"items", "answers"}
    assert intruder().id == "intruder-1"
