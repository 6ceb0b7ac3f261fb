"""An accepted export is not a finished one, and a finished one was not always fetched."""

from dataclasses import replace
from pathlib import PureWindowsPath
from time import process_time
from typing import Any

import pytest
from exposed import (
    INTRUDER,
    SESSION,
    STRANGER,
    WEB_FILE,
    WEB_URL,
    at,
    cmdlet,
    covered,
    export,
    fetch,
    finding,
    line,
    record,
    told,
)

from extriage.analysis.exposure import Ledger
from extriage.analysis.exposure.exports import MOST
from extriage.model.detection import Certainty, Level
from extriage.model.evidence import Entry
from extriage.model.exposure import Export, Exposed, Exposure, Shown
from extriage.model.session import Amount
from extriage.model.trail import TrailRecord

THREE_LOGS = ("rps-cmdlet", "events", "audit")


def the(found: Ledger) -> tuple[Exposure, Export]:
    items = [one for one in found.items if one.kind == "mailbox-export"]
    assert len(items) == 1
    assert items[0].export is not None
    return items[0], items[0].export


def written(seconds: float, file: str = r"C:\inetpub\wwwroot\aspnet_client\ceo.pst") -> TrailRecord:
    hits = (("rule", "written"),)
    return record("events", seconds, method="11", target=file, hits=hits)


def test_one_order_in_three_logs_is_one_export() -> None:
    orders = [export(kind, n) for n, kind in enumerate(THREE_LOGS)]
    item, out = the(told(orders))
    assert (out.mailbox, out.by, out.name) == ("ceo@contoso.example", r"CONTOSO\admin", "it")
    assert out.file == WEB_FILE
    assert out.outcome == "queued"
    assert len({proof.path for proof in item.proofs}) == 3


def test_two_orders_of_one_log_are_two_exports() -> None:
    orders = [export(kind, n + n_log) for n in (0, 5) for n_log, kind in enumerate(THREE_LOGS)]
    assert len(told(orders).items) == 2


def test_a_refused_export_is_an_attempt_and_a_second_try_counts_alone() -> None:
    found = told([export("events", 0, status="failure"), export("events", 5)])
    states = [(one.state, one.export.outcome) for one in found.items if one.export]
    assert states == [(Exposed.READY, "queued"), (Exposed.ATTEMPTED, "failed")]


def test_a_failed_export_was_not_fetched() -> None:
    item, out = the(told([export("rps-cmdlet", 0, status="Error")]))
    assert (out.outcome, out.fetched, item.state) == ("failed", False, Exposed.ATTEMPTED)
    assert "failed" in item.text


def test_finished_and_fetched_by_requests_that_two_logs_have() -> None:
    same = (("request", "29d1a846"),)
    found = told(
        [
            export("events", 0),
            written(60),
            fetch("iis", 600, 5_000_000, keys=same),
            fetch("httpproxy", 600.4, 5_000_000, keys=same),
            fetch("iis", 700, 1_000, status="206"),
        ]
    )
    item, out = the(found)
    assert (item.state, item.certainty) == (Exposed.TAKEN, Certainty.CONFIRMED)
    assert (out.outcome, out.fetched, out.finished) == ("finished", True, at(60))
    assert item.requests == Amount(2, 2)
    assert item.bytes_out == Amount(5_001_000, 5_001_000)
    assert INTRUDER in item.by
    assert item.sessions == (SESSION,)
    assert item.intruders == ("intruder-1",)
    assert [one.kind for one in found.items] == ["mailbox-export"]
    files = next(one for one in found.answers if one.kind == "files")
    assert (files.answer, files.exposures) == (Shown.SHOWN, (item.id,))


def test_what_a_stranger_fetched_is_taken_too_and_without_sizes_nobody_knows_how_much() -> None:
    stranger = fetch("iis", 600, None, address=STRANGER, session="", sure=False)
    item, out = the(told([export("events", 0), stranger]))
    assert (item.state, out.outcome, out.fetched) == (Exposed.TAKEN, "finished", True)
    assert item.bytes_out == Amount(0, None)
    assert any("sc-bytes" in text for text in item.unknown)


def test_finished_and_not_fetched_only_if_the_web_logs_cover_the_time() -> None:
    orders = [export("events", 0), written(60)]
    item, out = the(told(orders))
    assert (item.state, out.outcome, out.fetched) == (Exposed.READY, "finished", False)
    item, out = the(told(orders, coverage=covered("events:Security")))
    assert out.fetched is None
    assert any("IIS logs" in text for text in item.unknown)


def test_a_fetch_before_the_order_was_of_another_file() -> None:
    _, out = the(told([fetch("iis", -600, 100), export("events", 0)]))
    assert out.fetched is False


def test_a_fetch_before_the_order_is_a_file_of_its_own_if_an_intruder_got_it() -> None:
    found = told([fetch("iis", -600, 100), export("events", 0), fetch("iis", 600, 5000)])
    item, _ = the(found)
    assert item.bytes_out == Amount(5000, 5000)
    (file,) = (one for one in found.items if one.kind == "file-fetched")
    assert (file.object, file.bytes_out) == (WEB_URL, Amount(100, 100))


@pytest.mark.parametrize(
    "more",
    [
        {"status": "404"},
        {"status": "304"},
        {"status": "241"},
        {"method": "HEAD"},
        {"bytes_out": 0},
    ],
)
def test_an_answer_without_the_file_is_no_fetch(more: dict[str, Any]) -> None:
    rows = [export("events", 0), written(60), replace(fetch("iis", 600, 900), **more)]
    item, out = the(told(rows))
    assert (item.state, out.fetched, item.bytes_out) == (Exposed.READY, False, None)


def test_two_exports_into_one_file_have_each_its_own_fetches() -> None:
    second = export("events", 1000, hits=(("rule", "exported"),))
    second = replace(second, target=second.target.replace("ceo@", "cfo@"))
    rows = [export("events", 0), written(60), fetch("iis", 600, 5000)]
    found = told([*rows, second, written(1060), fetch("iis", 1600, 7000)])
    sizes = {one.object: one.bytes_out for one in found.items}
    assert sizes == {
        "ceo@contoso.example": Amount(5000, 5000),
        "cfo@contoso.example": Amount(7000, 7000),
    }
    finished = {one.object: one.export.finished for one in found.items if one.export}
    assert finished == {"ceo@contoso.example": at(60), "cfo@contoso.example": at(1060)}


def test_a_file_that_was_fetched_after_a_second_export_leaves_the_first_open() -> None:
    second = export("events", 1000)
    second = replace(second, target=second.target.replace("ceo@", "cfo@"))
    found = told([export("events", 0), written(60), second, fetch("iis", 1600, 7000)])
    outs = {one.object: one for one in found.items}
    first = outs["ceo@contoso.example"]
    assert first.export is not None
    assert (first.state, first.export.fetched, first.bytes_out) == (Exposed.READY, None, None)
    assert any("another export into it" in text for text in first.unknown)
    assert outs["cfo@contoso.example"].bytes_out == Amount(7000, 7000)


def test_a_try_that_failed_has_no_part_in_the_file_of_the_next_one() -> None:
    rows = [export("events", 0, status="failure"), export("events", 40), written(90)]
    found = told([*rows, fetch("iis", 600, 5000)])
    states = {one.export.outcome: one.state for one in found.items if one.export}
    assert states == {"failed": Exposed.ATTEMPTED, "finished": Exposed.TAKEN}


@pytest.mark.parametrize("server", ["EX02", "ex02.contoso.example", "10.0.0.5"])
def test_the_logs_of_this_server_are_silent_about_a_file_of_another(server: str) -> None:
    file = WEB_FILE.replace("127.0.0.1", server)
    entries = (Entry("C/inetpub/wwwroot/aspnet_client/other.txt", 1, "", "skipped"),)
    _, out = the(told([export("events", 0, file=file)], entries=entries))
    assert (out.fetched, out.on_disk) == (None, None)
    item, _ = the(told([export("events", 0, file=file)]))
    assert any(f"IIS logs of the server {server.lower()}" in text for text in item.unknown)
    item, out = the(told([export("events", 0, file=file), fetch("iis", 9, 10)]))
    assert (item.state, out.fetched) == (Exposed.TAKEN, True)


@pytest.mark.parametrize(
    "server", ["localhost", "EX01", "ex01.contoso.example", "127.0.0.2", "0--1.ipv6-literal.net"]
)
def test_every_name_of_this_server_is_known(server: str) -> None:
    _, out = the(told([export("events", 0, file=WEB_FILE.replace("127.0.0.1", server))]))
    assert out.fetched is False


def test_the_organisations_own_fetch_is_asked_about() -> None:
    own = fetch("iis", 600, 5000, address="10.20.0.9", session="", sure=False)
    order = export("events", 0, session="", sure=False)
    low = (finding("exported", level=Level.LOW),)
    item, _ = the(told([order, own], findings=low, intruders=(), sessions=()))
    assert (item.state, item.certainty, item.intruders) == (
        Exposed.TAKEN,
        Certainty.POSSIBLE,
        (),
    )
    assert item.bytes_out == Amount(5000, 5000)
    assert "ask who ordered it" in item.text


def test_a_copy_that_the_organisation_made_beside_raises_the_upper_bound_only() -> None:
    own = fetch("iis", 900, 5000, address="10.20.0.9", session="", sure=False)
    item, _ = the(told([export("events", 0), fetch("iis", 600, 5000), own]))
    assert (item.requests, item.bytes_out) == (Amount(1, 2), Amount(5000, 10_000))
    assert any("inner addresses" in text for text in item.unknown)


def test_who_fetched_it_is_who_has_it_whoever_ordered_it() -> None:
    order = export("events", 0, session="", sure=False)
    item, _ = the(told([order, fetch("iis", 600, 5000)]))
    assert item.intruders == ("intruder-1",)


def test_the_sentence_begins_with_what_became_of_it_and_ends_with_the_path() -> None:
    item, _ = the(told([export("events", 0), fetch("iis", 600, 5000)]))
    assert item.text.startswith("Mailbox ceo@contoso.example was exported and fetched by ")
    assert item.text.endswith(f"File: {WEB_FILE}.")


def test_a_size_that_one_log_lacks_is_that_of_the_other() -> None:
    same = (("request", "29d1a846"),)
    for size in (None, 0):
        iis = fetch("iis", 600, 5000, keys=same)
        proxy = fetch("httpproxy", 600.4, size, keys=same)
        item, _ = the(told([export("events", 0), iis, proxy]))
        assert (item.requests, item.bytes_out) == (Amount(1, 1), Amount(5000, 5000))


def test_an_export_outside_of_the_web_folders_leaves_by_other_ways() -> None:
    item, out = the(told([export("events", 0, file=r"\\EX01\C$\temp\b.pst")]))
    assert out.fetched is None
    assert any("outside of the web folders" in text for text in item.unknown)


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("C/inetpub/wwwroot/aspnet_client/ceo.pst", True),
        ("C/inetpub/wwwroot/aspnet_client/other.txt", False),
        ("C/Windows/win.ini", None),
    ],
)
def test_the_file_is_on_disk_not_there_or_nobody_can_tell(path: str, *, there: bool | None) -> None:
    entries = (Entry(path, 1, "", "skipped"),)
    _, out = the(told([export("events", 0)], entries=entries))
    assert out.on_disk is there
    assert out.outcome == ("finished" if there else "queued")


def test_a_removed_request_is_told_of_its_own_export() -> None:
    first = export("events", 0, file=r"\\EX01\C$\temp\a.pst")
    other = cmdlet(
        "events",
        20,
        r'New-MailboxExportRequest -Mailbox "cfo@contoso.example" -FilePath "\\EX01\C$\temp\b.pst"',
        "success",
    )
    gone = cmdlet("events", 90, r'Remove-MailboxExportRequest -Identity "ceo\it"', "success")
    found = told([first, other, gone])
    removed = {one.object: one.export.request_removed for one in found.items if one.export}
    assert removed == {"ceo@contoso.example": True, "cfo@contoso.example": False}


def test_the_list_of_exports_tells_that_it_finished() -> None:
    text = f"Subject=object; Object=MailboxExportRequest; FilePath={WEB_FILE}; Status=Completed"
    findings = (finding("listed", line("setting", 900, text, object="", text=text)),)
    _, out = the(told([export("events", 0)], findings=findings))
    assert out.outcome == "finished"


def test_findings_alone_tell_of_an_export_when_there_is_no_trail() -> None:
    summary = (
        "Cmdlet=New-MailboxExportRequest "
        f'Parameters=-Mailbox "ceo" -FilePath "{WEB_FILE}" CmdletResult=success CmdletCaller=a'
    )
    found = told(findings=(finding("exported", line("events", 0, summary)),))
    item, out = the(found)
    assert (out.mailbox, out.file, out.outcome) == ("ceo", WEB_FILE, "queued")
    assert item.findings == ("f-exported",)


def test_the_line_of_a_finding_and_its_record_are_one_order() -> None:
    one = export("events", 0)
    summary = f"Cmdlet=New-MailboxExportRequest Parameters={one.target.partition(' ')[2]}"
    same = replace(line("events", 0, summary), path=one.path, line=one.line)
    the(told([one], findings=(finding("exported", same),)))


def test_an_export_of_an_administrator_is_listed_and_asks_who_ordered_it() -> None:
    order = export("events", 0, file=r"\\fs01\pst$\jdoe.pst", session="", sure=False)
    findings = (finding("exported", level=Level.LOW),)
    item, _ = the(told([order], findings=findings, intruders=(), sessions=()))
    assert (item.certainty, item.intruders) == (Certainty.POSSIBLE, ())
    assert "ask who ordered it" in item.text


def test_an_export_into_a_page_takes_little_mail() -> None:
    page = r"\\127.0.0.1\C$\inetpub\wwwroot\aspnet_client\x.aspx"
    order = fetch("iis", 9, 10, target="/aspnet_client/x.aspx")
    item, out = the(told([export("events", 0, file=page), order]))
    assert (item.state, item.certainty, out.fetched) == (Exposed.READY, Certainty.POSSIBLE, None)
    assert "plants code" in item.text


def test_hostile_names_cost_neither_time_nor_truth() -> None:
    name = '{by}\x1b[2J" -Mailbox "x CmdletResult=failure {object}' + "A" * 5000
    text = f'New-MailboxExportRequest -Mailbox "{name}" -FilePath "{WEB_FILE}"'
    order = cmdlet("events", 0, text, "success", hits=(("rule", "exported"),))
    many = [replace(order, line=n, time=at(n / 100)) for n in range(500)]
    found = told(many)
    assert len(found.items) == 500
    assert all(len(one.text) < 2000 for one in found.items)
    assert PureWindowsPath(WEB_FILE).name in found.items[0].text


def test_thousands_of_files_and_of_lines_that_name_none_of_them_cost_little() -> None:
    orders = [export("events", 20 * n, file=WEB_FILE.replace("ceo", f"x{n}")) for n in range(MOST)]
    lines = [replace(written(9 * n), target="x", text="A" * 4000) for n in range(1000)]
    began = process_time()
    assert len(told([*orders, *lines]).items) == MOST
    assert process_time() - began < 10
