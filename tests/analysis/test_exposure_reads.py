"""Mailboxes and address books: each request once, whoever else is about, within bounds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from time import process_time

import pytest
from exposed import (
    INTRUDER,
    OWNER,
    SESSION,
    STRANGER,
    at,
    ews,
    fetch,
    finding,
    intruder,
    kinds,
    line,
    record,
    session,
    told,
)

from extriage.analysis.exposure import Ledger
from extriage.analysis.exposure.mailreads import FEW, MOST
from extriage.model.detection import Certainty, Level
from extriage.model.exposure import Exposed, Exposure
from extriage.model.session import Amount
from extriage.model.trail import Deed, TrailRecord

CEO = "ceo@contoso.example"
COLUMNS = (
    *("2021-08-13T05:00:00.000Z", "29d1a846", "15", "1", "2176", "9", "", "", "Negotiate", "true"),
    *(r"CONTOSO\EX01$", "", "python-requests/2.25", "Target=None", "203.0.113.7", "EX01", "EX01"),
)


def only(found: Ledger, kind: str = "mailbox-read") -> Exposure:
    items = [one for one in found.items if one.kind == kind]
    assert len(items) == 1
    return items[0]


def forged(seconds: float, path: str, **more: object) -> TrailRecord:
    text = f"a,b,ServerInfo~a]@ex01.contoso.example:444{path}#,python"
    given = {"method": "POST", "target": "/ecp/y.js", "status": "200", "address": INTRUDER}
    return record("httpproxy", seconds, **given | {"text": text, "bytes_out": 700} | more)


def test_items_requests_and_bytes_are_exact_where_every_log_has_the_request() -> None:
    rows = [ews(n, "GetItem", items=3) for n in range(4)]
    rows += [ews(10, "FindItem", items=1), ews(11, "GetAttachment", items=2)]
    rows += [forged(one.time.timestamp() - at(0).timestamp() + 0.2, "/ews/exchange.asmx")
             for one in rows]  # fmt: skip
    item = only(told(rows))
    assert (item.object, item.state, item.certainty) == (CEO, Exposed.READ, Certainty.CONFIRMED)
    assert item.requests == Amount(6, 6)
    assert item.items == Amount(14, 14)
    assert item.bytes_out == Amount(6 * 700, 6 * 700)
    assert item.how == ("GetItem", "FindItem", "GetAttachment")
    assert (item.sessions, item.intruders) == ((SESSION,), ("intruder-1",))


def test_a_request_id_joins_logs_whose_clocks_differ() -> None:
    key = (("request", "29d1"),)
    rows = [ews(0, "GetItem", items=1, keys=key), forged(8, "/ews/exchange.asmx", keys=key)]
    assert only(told(rows)).requests == Amount(1, 1)


def test_the_same_line_in_a_shadow_copy_counts_once() -> None:
    one = ews(0, "GetItem", items=1, text="the very line")
    assert only(told([one, replace(one, path="shadow/ews.log")])).requests == Amount(1, 1)


def test_the_columns_of_the_log_tell_where_no_deed_does() -> None:
    text = ",".join([*COLUMNS, "GetItem", "200", "900", "81000", "", CEO, *[""] * 9, "7", ""])
    row = ews(0, "GetItem", deed=Deed(""), target="", text=text)
    item = only(told([row]))
    assert (item.object, item.items) == (CEO, Amount(7, 7))
    denied = text.replace("81000,,", "81000,ErrorAccessDenied,")
    refused = only(told([replace(row, text=denied)]))
    assert (refused.state, refused.items) == (Exposed.ATTEMPTED, None)
    assert "refused" in refused.text


def test_the_owner_beside_the_intruder_raises_the_upper_bound_only() -> None:
    stolen = [ews(n, "GetItem", items=1, sure=n < 2) for n in range(0, 50, 5)]
    item = only(told(stolen))
    assert (item.requests, item.items) == (Amount(1, 10), Amount(1, 10))
    assert item.bytes_out == Amount(1000, 10_000)
    assert any("of the owner" in text for text in item.unknown)


def test_what_may_all_be_the_owner_is_possible() -> None:
    item = only(told([ews(n * 5, "GetItem", items=1, sure=False) for n in range(3)]))
    assert (item.certainty, item.requests) == (Certainty.POSSIBLE, Amount(0, 3))
    assert "owner may have done all" in item.text


def test_sizes_that_are_not_logged_leave_the_upper_bound_open() -> None:
    item = only(told([ews(0, "GetItem"), ews(5, "GetItem", bytes_out=None, items=2)]))
    assert (item.items, item.bytes_out) == (Amount(2, None), Amount(1000, None))
    assert any("sc-bytes" in text for text in item.unknown)
    assert any("audit log" in text for text in item.unknown)


def test_reads_of_others_are_no_exposure_unless_a_finding_says_so() -> None:
    backup = [
        ews(n, "GetItem", items=9, session="", account="svc-backup", address=OWNER)
        for n in range(0, 600, 5)
    ]
    assert kinds(told(backup)) == []
    strangers = (session("s-2", "", addresses=(STRANGER,)),)
    away = [replace(one, session="s-2") for one in backup]
    assert kinds(told(away, sessions=strangers)) == []
    named = [replace(one, hits=(("rule", "read"),)) for one in backup]
    quiet = told(named, findings=(finding("read", level=Level.INFORMATIONAL),))
    assert kinds(quiet) == []
    loud = told(named, findings=(finding("read", level=Level.MEDIUM),))
    assert only(loud).requests == Amount(120, 120)
    assert only(loud).certainty is Certainty.LIKELY
    assert only(loud).intruders == ()


def test_a_finding_whose_requests_are_counted_is_not_told_again() -> None:
    rows = [ews(0, "GetItem", items=1, hits=(("rule", "read"),))]
    proof = finding("read", line("ews", 0, "SoapAction=GetItem"))
    assert kinds(told(rows, findings=(proof,))) == ["mailbox-read"]
    assert kinds(told(findings=(proof,))) == ["mailbox-read"]


def test_lists_alone_are_folders_looked_through() -> None:
    found = told([ews(0, "FindItem"), ews(5, "FindFolder"), ews(9, "SendItem")])
    assert kinds(found) == ["mailbox-folder-read", "mailbox-sent-from"]


def test_mailboxes_are_told_apart_and_short_names_find_their_address() -> None:
    found = told(
        [
            ews(0, "GetItem", items=1),
            ews(5, "GetItem", items=1, target="cfo@contoso.example", deed=Deed("")),
            record("iis", 9, part="front-end", method="POST", status="200", account=r"CONTOSO\cfo",
                   target="/owa/service.svc?action=GetItem&ID=-1"),
        ]
    )  # fmt: skip
    assert {one.object: one.requests for one in found.items} == {
        CEO: Amount(1, 1),
        "cfo@contoso.example": Amount(2, 2),
    }


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/owa/service.svc?action=FindItem&ID=-12&AC=1", "mailbox-folder-read"),
        ("/owa/service.svc/s/GetFileAttachment?id=AAMk", "mailbox-read"),
        ("/owa/service.svc?action=FindPeople", "address-book"),
        ("/Microsoft-Server-ActiveSync?Cmd=Sync&User=jdoe&DeviceId=1", "mailbox-read"),
        ("/Microsoft-Server-ActiveSync?Cmd=SendMail&User=jdoe", "mailbox-sent-from"),
        ("/api/v2.0/me/messages", "mailbox-read"),
        ("/owa/?ae=Item&a=Open&t=IPM.Note&id=RgAAA", "mailbox-read"),
        ("/owa/?ae=Folder&t=IPF.Note", "mailbox-folder-read"),
        ("/EWS/Exchange.asmx", "mailbox-read"),
        ("/autodiscover/autodiscover.json?@x.example/ews/exchange.asmx?&Email=", "mailbox-read"),
    ],
)
def test_every_protocol_says_what_it_was_used_for(target: str, kind: str) -> None:
    row = record(
        *("iis", 0), part="front-end", method="POST", target=target, status="200", account="jdoe"
    )
    assert kinds(told([row])) == [kind]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2.0/users('ceo@contoso.example')/messages",
        "/rest/v1.0/users/ceo@contoso.example/messages",
        "/owa/ceo@contoso.example/service.svc?action=GetItem",
    ],
)
def test_a_mailbox_that_the_url_names_is_that_and_not_who_asks(path: str) -> None:
    row = record("iis", 0, part="front-end", target=path, status="200", account=r"CONTOSO\jdoe")
    assert only(told([row])).object == CEO


@pytest.mark.parametrize(
    "target",
    ["/owa/", "/owa/auth/logon.aspx", "/Microsoft-Server-ActiveSync?Cmd=Provision", "/ecp/x.js"],
)
def test_a_logon_alone_reads_nothing(target: str) -> None:
    assert kinds(told([record("iis", 0, method="GET", target=target, status="200")])) == []


def test_mail_that_the_tracking_log_has_raises_the_upper_bound_only() -> None:
    given = {"account": CEO, "status": "", "target": "x@partner.example", "bytes_out": 9000}
    tracked = [
        record("message-tracking", 20 + n, method=event, **given)
        for n, event in enumerate(("SUBMIT", "SEND", "RECEIVE"))
    ]
    item = only(told([ews(0, "SendItem"), *tracked]), "mailbox-sent-from")
    assert (item.object, item.requests) == (CEO, Amount(1, 2))
    item = only(told(tracked), "mailbox-sent-from")
    assert (item.requests, item.certainty) == (Amount(0, 1), Certainty.POSSIBLE)
    assert "The owner may have done all of it" in item.text


def test_the_address_book_as_a_file_is_taken() -> None:
    rows = [fetch("iis", 0, 900_000, target="/OAB/1f0a/data-1.lzx")]
    item = only(told(rows), "address-book")
    assert (item.state, item.bytes_out) == (Exposed.TAKEN, Amount(900_000, 900_000))


def test_the_few_calls_of_a_break_in_are_no_reading() -> None:
    steps = [forged(n * 5, "/mapi/emsmdb/?MailboxId=x") for n in range(FEW)]
    steps.append(forged(200, "/autodiscover/autodiscover.xml"))
    assert kinds(told(steps)) == []
    more = [forged(n * 5, "/mapi/emsmdb/?MailboxId=x") for n in range(FEW + 1)]
    assert only(told(more)).certainty is Certainty.LIKELY


def test_a_break_in_that_is_only_possible_makes_nothing_surer() -> None:
    maybe = (intruder(certainty=Certainty.POSSIBLE),)
    assert only(told([ews(0, "GetItem", items=1)], intruders=maybe)).certainty == "possible"


def test_hundreds_of_thousands_of_requests_cost_little_and_names_are_bounded() -> None:
    base = ews(0, "GetItem", items=1)

    def rows() -> Iterator[TrailRecord]:
        for n in range(30_000):
            name = f"user{n % (MOST + 500)}@contoso.example"
            time = at(0) + timedelta(milliseconds=n * 50)
            yield replace(base, time=time, target=name, deed=Deed(""), line=n, text=str(n))

    found = told(records=rows)
    assert len(found.items) == MOST + 1
    assert sum(one.requests.low for one in found.items if one.requests) <= 30_000
    assert any(one.object == "a mailbox not named" for one in found.items)


def test_anchors_that_lead_nowhere_cost_little() -> None:
    rows = [
        record(
            "httpproxy", n, method="GET", target="/ecp/y.js", text="Server~" * 1000, status="200"
        )
        for n in range(500)
    ]
    began = process_time()
    assert kinds(told(rows)) == []
    assert process_time() - began < 3
