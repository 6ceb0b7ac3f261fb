"""An accepted export is not a finished one, and a finished one was not always fetched."""

from dataclasses import replace
from pathlib import PureWindowsPath

import pytest
from exposed import (
    INTRUDER,
    SESSION,
    STRANGER,
    WEB_FILE,
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
from extriage.model.detection import Certainty, Level
from extriage.model.evidence import Entry
from extriage.model.exposure import Export, Exposed, Exposure
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
