"""What was taken stands first on the screen; the table is safe and says what nobody can tell."""

import csv
import io
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

from cases import host
from payloads import PAYLOADS

from extriage.casefile.exposures import TABLES, exposure_rows
from extriage.model.case import SCHEMA, Case, Tool
from extriage.model.detection import Certainty
from extriage.model.exposure import Export, Exposed, Exposure, ExposureAnswer, Shown
from extriage.model.host import Host, Status
from extriage.model.session import Amount
from extriage.model.state import Proof
from extriage.reports import exposurescsv
from extriage.reports.base import RenderOptions
from extriage.reports.exposures import exposures_block
from extriage.reports.paper import printed, sheet

TIME = datetime(2021, 8, 13, 5, tzinfo=UTC)
FILE = r"\\127.0.0.1\C$\inetpub\wwwroot\aspnet_client\ceo.pst"


def entry(
    state: Exposed, name: str = "ceo@contoso.example", certainty: Certainty = Certainty.LIKELY
) -> Exposure:
    export = Export(name, "admin", "", FILE, "it", "finished", TIME, True, None, False)
    return Exposure(
        id=f"x-{state.value}",
        kind="mailbox-export",
        object=name,
        state=state,
        certainty=certainty,
        text=f"Mailbox {name} was exported.",
        first=TIME,
        last=None,
        by=("203.0.113.7",),
        sessions=("s-1",),
        intruders=("intruder-1",) if certainty is Certainty.LIKELY else (),
        findings=("f-1",),
        requests=Amount(2, 2),
        items=None,
        bytes_out=Amount(10, None),
        how=("GET",),
        unknown=("How many bytes left.",),
        proofs=(Proof("a.log", 7, "text"),),
        export=export,
    )


def answer(shown: Shown, title: str) -> ExposureAnswer:
    return ExposureAnswer(
        title.lower(), title, shown, "Why.", ("IIS logs",), ("no logs",), None, ()
    )


def exposed(*items: Exposure) -> Host:
    answers = (answer(Shown.CANNOT_TELL, "Files"), answer(Shown.NOT_SHOWN, "Address books"))
    return replace(host(Status.COMPROMISED), exposures=items, exposure_answers=answers)


def screen(one: Host, width: int = 100, most: int = 6) -> str:
    paper = sheet(RenderOptions(width=width, ascii=True))
    return printed(paper, exposures_block(paper, one, most), color=False)


def table(one: Host) -> list[dict[str, str]]:
    tool = Tool("1", "2026-11-23", "0" * 64, 1, ())
    text = exposurescsv.render(Case(SCHEMA, tool, (one,)), RenderOptions())
    return list(csv.DictReader(io.StringIO(text)))


def test_the_block_says_what_was_taken_and_what_nobody_can_tell() -> None:
    shown = screen(exposed(entry(Exposed.TAKEN), entry(Exposed.ATTEMPTED)))
    assert "1 taken" in shown
    assert "Mailbox ceo@contoso.example was exported. [likely]" in shown
    assert "1 failed attempt" in shown
    assert "cannot tell  files (no logs)" in shown
    assert "address books, in the time that the logs cover" in shown


def test_a_sentence_that_does_not_fit_is_left_out_and_never_cut() -> None:
    path = f"{FILE.removesuffix('.pst')}{'x' * 400}.pst"
    text = f"Mailbox ceo@contoso.example was exported. Ordered by admin. File: {path}."
    shown = screen(exposed(replace(entry(Exposed.TAKEN), text=text)))
    assert "was exported. [likely] Ordered by admin.\n" in shown
    assert "File:" not in shown


def test_silence_holds_for_a_time_that_is_said() -> None:
    one = replace(answer(Shown.NOT_SHOWN, "Files"), window={"from": TIME, "to": TIME})
    shown = screen(replace(exposed(), exposure_answers=(one,)))
    assert "files, from 2021-08-13 05:00 to 05:00 UTC" in shown


def test_an_empty_ledger_never_says_that_nothing_was_taken() -> None:
    shown = screen(exposed())
    assert "nothing of it in the evidence" in shown
    assert "taken" not in shown
    assert screen(replace(exposed(), exposure_answers=())) == ""


def test_more_than_fits_is_counted() -> None:
    many = [entry(Exposed.TAKEN, f"user{n}@contoso.example") for n in range(9)]
    shown = screen(exposed(*many), most=3)
    assert "and 6 more in the case (exposures)" in shown
    assert "more in the case" not in screen(exposed(*many[:4]), most=3)


def test_what_administrators_do_as_well_has_one_line() -> None:
    many = [entry(Exposed.READY, f"user{n}@x.example", Certainty.POSSIBLE) for n in range(9)]
    shown = screen(exposed(*many))
    assert "to be asked  export of a mailbox (9)" in shown
    assert "user1@" not in shown


def test_hostile_names_stay_on_their_line_and_in_their_cell() -> None:
    for payload in PAYLOADS:
        one = exposed(entry(Exposed.TAKEN, payload))
        for width in (40, 100):
            assert all(len(text) <= width for text in screen(one, width).splitlines())
        assert "\x1b" not in screen(one)
        row = table(one)[0]
        assert row["object"][:1] not in ("=", "+", "-", "@")


def test_the_table_has_bounds_and_leaves_empty_what_is_unknown() -> None:
    rows = table(exposed(entry(Exposed.TAKEN)))
    first, last = rows[0], rows[-1]
    assert (first["row"], first["state"], first["requests_high"]) == ("entry", "taken", "2")
    assert (first["bytes_low"], first["bytes_high"], first["items_low"]) == ("10", "", "")
    assert (first["fetched"], first["on_disk"], first["removed"]) == ("yes", "", "no")
    assert first["finished"] == "2021-08-13T05:00:00Z"
    assert (last["row"], last["state"]) == ("answer", "not-shown-while-covered")
    assert (last["unknown"], last["looked"]) == ("no logs", "IIS logs")


def test_the_tables_of_the_database_take_every_row() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    for name, rows in exposure_rows(exposed(entry(Exposed.TAKEN))):
        for row in rows:
            connection.execute(f"INSERT INTO {name} VALUES ({','.join('?' * len(row))})", row)
    told = connection.execute("SELECT export_fetched, export_on_disk, bytes_high FROM exposures")
    assert told.fetchall() == [(1, None, None)]
    assert connection.execute("SELECT count(*) FROM exposure_answers").fetchone() == (2,)
    connection.close()
