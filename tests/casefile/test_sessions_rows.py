"""Visitors as rows: every table takes its rows, and nothing of a session is lost on the way."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

from extriage.casefile.sessions import TABLES, session_rows
from extriage.model.detection import Certainty, Stage
from extriage.model.host import Host, Manifest, Patch, Status, Verdict
from extriage.model.persistence import Role
from extriage.model.session import Amount, Intruder, Session, SessionStep, Strangers
from extriage.model.state import Proof

NOON = datetime(2021, 3, 3, 12, tzinfo=UTC)
PROOFS = (Proof("u_ex.log", 7, "a"), Proof("u_ex.log", 9, "b"))
STEP = SessionStep(
    time=NOON,
    until=NOON,
    deed="page_orders",
    text="Gave orders.",
    done=True,
    stage=Stage.EXECUTED,
    object="/x.aspx",
    mailbox="",
    requests=14,
    items=None,
    bytes_in=10,
    bytes_out=None,
    sure=True,
    kinds=("iis",),
    findings=("f-1",),
    proofs=PROOFS,
)
SESSION = Session(
    id="s-1",
    intruder="intruder-1",
    role=Role.INTRUDER,
    stage=Stage.EXECUTED,
    certainty=Certainty.LIKELY,
    first=NOON,
    last=NOON,
    summary="From A.",
    addresses=("203.0.113.7",),
    accounts=(),
    agents=("curl",),
    mailboxes=("anna",),
    kinds=("iis",),
    joined_by=(("address", "203.0.113.7", 14),),
    requests=Amount(14, 15),
    answered=14,
    bytes_in=Amount(1, 2),
    bytes_out=Amount(3, None),
    steps=(STEP, STEP),
    steps_total=2,
    findings=("f-1",),
)
INTRUDER = Intruder(
    id="intruder-1",
    first=NOON,
    last=NOON,
    stage=Stage.EXECUTED,
    certainty=Certainty.LIKELY,
    keys=(("address", "203.0.113.7", 3),),
    chains=("c-1",),
    findings=("f-1",),
    ways=("w-1",),
    sessions=("s-1",),
    summary="From A.",
)
STRANGERS = Strangers(2, 1_000_050, NOON, None, 1, (("192.0.2.77", 50),), "Two addresses.")


def host() -> Host:
    patch = Patch("", "", "", "", (), ())
    verdict = Verdict(Status.COMPROMISED, None, None, "")
    empty = Host("EX01", verdict, (), patch, (), (), (), Manifest(0, 0, 0, 0, ()))
    return replace(empty, intruders=(INTRUDER,), sessions=(SESSION,), strangers=STRANGERS)


def test_all_rows_fit_their_tables() -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(TABLES)
    for table, rows in session_rows(host()):
        for row in rows:
            marks = ",".join("?" * len(row))
            database.execute(f"INSERT INTO {table} VALUES ({marks})", row)
    counts = {
        table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table, _ in session_rows(host())
    }
    assert counts == {
        "intruders": 1,
        "intruder_keys": 1,
        "sessions": 1,
        "session_keys": 1,
        "session_steps": 2,
        "session_proofs": 4,
        "strangers": 1,
        "stranger_addresses": 1,
    }
    asked = "SELECT requests_low, requests_high, bytes_out_low, bytes_out_high, role FROM sessions"
    assert database.execute(asked).fetchone() == (14, 15, 3, None, "intruder")
    asked = "SELECT time, done, sure, bytes_in, bytes_out, stage FROM session_steps"
    assert database.execute(asked).fetchone() == (
        *("2021-03-03T12:00:00.000000Z", 1, 1, 10, None, "executed"),
    )


def test_a_server_that_nobody_came_to_has_no_rows() -> None:
    empty = replace(host(), intruders=(), sessions=(), strangers=None)
    assert not any(list(rows) for _, rows in session_rows(empty))
