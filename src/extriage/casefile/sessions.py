"""Intruders, sessions and strangers as rows of `case.db`."""

from collections.abc import Iterable, Iterator

from extriage.casefile.cells import Row, iso, listed
from extriage.model.host import Host
from extriage.model.session import Intruder, Session, SessionStep

TABLES = """
CREATE TABLE intruders (host TEXT, id TEXT, first TEXT, last TEXT, stage TEXT, certainty TEXT,
  summary TEXT, chains TEXT, findings TEXT, ways TEXT, sessions TEXT);
CREATE TABLE intruder_keys (host TEXT, intruder TEXT, kind TEXT, value TEXT, lines INTEGER);
CREATE TABLE sessions (host TEXT, id TEXT, intruder TEXT, role TEXT, stage TEXT, certainty TEXT,
  first TEXT, last TEXT, summary TEXT, addresses TEXT, accounts TEXT, agents TEXT, mailboxes TEXT,
  kinds TEXT, requests_low INTEGER, requests_high INTEGER, answered INTEGER,
  bytes_in_low INTEGER, bytes_in_high INTEGER, bytes_out_low INTEGER, bytes_out_high INTEGER,
  steps INTEGER, findings TEXT);
CREATE TABLE session_keys (host TEXT, session TEXT, kind TEXT, value TEXT, records INTEGER);
CREATE TABLE session_steps (host TEXT, session TEXT, position INTEGER, time TEXT, until TEXT,
  deed TEXT, text TEXT, done INTEGER, stage TEXT, object TEXT, mailbox TEXT, requests INTEGER,
  items INTEGER, bytes_in INTEGER, bytes_out INTEGER, sure INTEGER, kinds TEXT, findings TEXT);
CREATE TABLE session_proofs (host TEXT, session TEXT, position INTEGER, path TEXT, line INTEGER,
  text TEXT);
CREATE TABLE strangers (host TEXT, addresses INTEGER, requests INTEGER, first TEXT,
  last TEXT, walkers INTEGER, text TEXT);
CREATE TABLE stranger_addresses (host TEXT, address TEXT, requests INTEGER);
"""
"""A session's steps are in order of time; `requests_high` counts what may be somebody else's too,
and a `high` that is NULL is not known."""


def session_rows(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the tables about visitors of one server with their rows, in the order of the case."""
    name = host.name
    yield "intruders", [_intruder(name, one) for one in host.intruders]
    yield "intruder_keys", [(name, one.id, *key) for one in host.intruders for key in one.keys]
    yield "sessions", [_session(name, one) for one in host.sessions]
    yield "session_keys", [(name, one.id, *key) for one in host.sessions for key in one.joined_by]
    yield (
        "session_steps",
        (
            _step(name, one.id, at, step)
            for one in host.sessions
            for at, step in enumerate(one.steps, 1)
        ),
    )
    yield (
        "session_proofs",
        (
            (name, one.id, at, proof.path, proof.line, proof.text)
            for one in host.sessions
            for at, step in enumerate(one.steps, 1)
            for proof in step.proofs
        ),
    )
    met = host.strangers
    if met:
        counts = (met.addresses, met.requests, iso(met.first), iso(met.last), met.walkers)
        yield "strangers", [(name, *counts, met.text)]
        yield "stranger_addresses", [(name, *one) for one in met.busiest]


def _intruder(host: str, one: Intruder) -> Row:
    return (
        (host, one.id, iso(one.first), iso(one.last), one.stage, one.certainty, one.summary)
        + (listed(one.chains), listed(one.findings), listed(one.ways), listed(one.sessions))
    )  # fmt: skip


def _session(host: str, one: Session) -> Row:
    return (
        (host, one.id, one.intruder, one.role, one.stage, one.certainty, iso(one.first))
        + (iso(one.last), one.summary, listed(one.addresses), listed(one.accounts))
        + (listed(one.agents), listed(one.mailboxes), listed(one.kinds))
        + (one.requests.low, one.requests.high, one.answered, one.bytes_in.low)
        + (one.bytes_in.high, one.bytes_out.low, one.bytes_out.high, one.steps_total)
        + (listed(one.findings),)
    )


def _step(host: str, session: str, at: int, one: SessionStep) -> Row:
    return (
        (host, session, at, iso(one.time), iso(one.until), one.deed, one.text, int(one.done))
        + (one.stage, one.object, one.mailbox, one.requests, one.items, one.bytes_in)
        + (one.bytes_out, int(one.sure), listed(one.kinds), listed(one.findings))
    )
