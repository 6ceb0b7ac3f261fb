"""Visitors on the screen: short, in order, and harmless whatever the evidence says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from extriage.model.detection import Certainty, Stage
from extriage.model.host import Host, Manifest, Patch, Status, Verdict
from extriage.model.persistence import Role
from extriage.model.session import Amount, Intruder, Session, SessionStep, Strangers
from extriage.reports.base import RenderOptions
from extriage.reports.paper import sheet
from extriage.reports.sessions import sessions_block

NOON = datetime(2021, 3, 3, 12, tzinfo=UTC)


def step(minute: int, text: str, stage: Stage | None = None, *, done: bool = True) -> SessionStep:
    time = NOON + timedelta(minutes=minute)
    return SessionStep(
        time=time,
        until=time,
        deed=f"deed{minute}",
        text=text,
        done=done,
        stage=stage,
        object=text,
        mailbox="",
        requests=1,
        items=None,
        bytes_in=None,
        bytes_out=None,
        sure=True,
        kinds=("iis",),
        findings=(),
        proofs=(),
    )


def session(number: int, *steps: SessionStep, high: int | None = 5) -> Session:
    time = NOON + timedelta(hours=number)
    return Session(
        id=f"s-{number}",
        intruder="intruder-1",
        role=Role.INTRUDER,
        stage=Stage.EXECUTED,
        certainty=Certainty.LIKELY,
        first=time,
        last=time,
        summary="From A.",
        addresses=("203.0.113.7",),
        accounts=(),
        agents=(),
        mailboxes=(),
        kinds=("iis",),
        joined_by=(),
        requests=Amount(3, 3),
        answered=3,
        bytes_in=Amount(0, None),
        bytes_out=Amount(5, high),
        steps=steps,
        steps_total=len(steps),
        findings=(),
    )


def host(*sessions: Session, summary: str = "From 203.0.113.7: gave /x.aspx 14 orders.") -> Host:
    who = Intruder(
        id="intruder-1",
        first=NOON,
        last=NOON,
        stage=Stage.EXECUTED,
        certainty=Certainty.LIKELY,
        keys=(),
        chains=(),
        findings=(),
        ways=(),
        sessions=tuple(one.id for one in sessions),
        summary=summary,
    )
    verdict = Verdict(Status.COMPROMISED, None, None, "")
    patch = Patch("", "", "", "", (), ())
    empty = Host("EX01", verdict, (), patch, (), (), (), Manifest(0, 0, 0, 0, ()))
    return replace(empty, intruders=(who,), sessions=sessions)


def shown(given: Host, width: int = 100) -> str:
    lines = sessions_block(sheet(RenderOptions(width=width, ascii=True)), given)
    assert all(len(line.plain) <= width for line in lines)
    return "\n".join(line.plain for line in lines)


def test_steps_stand_in_order_and_the_most_telling_are_chosen() -> None:
    plain = [step(n, f"Step {n}.") for n in range(20)]
    plain[15] = step(15, "Read the memory.", Stage.ACTED)
    plain[3] = step(3, "Planted a page.", Stage.PLANTED)
    text = shown(host(session(1, *plain)))
    assert text.index("Planted a page.") < text.index("Read the memory.")
    assert "20 steps, such as" in text
    assert "1 intruder, 1 session" in text
    assert "gave /x.aspx 14 orders" in text
    assert "3 requests, 5 bytes out" in text


def test_unknown_sizes_are_said() -> None:
    assert "at least 5 bytes out" in shown(host(session(1, step(1, "A."), high=None)))
    assert "5 to 9 bytes out" in shown(host(session(1, step(1, "A."), high=9)))


def test_more_sessions_and_unsure_ones_have_a_line() -> None:
    unsure = replace(session(9, replace(step(1, "A."), sure=False)), id="s-unsure")
    text = shown(host(*(session(n, step(1, "A.")) for n in range(5)), unsure))
    assert "and 2 more sessions in the case" in text
    assert "1 intruder, 5 sessions, 1 more that may be somebody else's" in text


def test_others_have_their_lines() -> None:
    informed = replace(session(1, step(1, "A.")), role=Role.INFORMED, intruder="")
    own = replace(informed, id="s-own", role=Role.ORGANISATION)
    strangers = Strangers(3, 1_000_000, NOON, NOON, 1, (), "3 addresses knocked.")
    given = replace(host(), intruders=(), sessions=(informed, own), strangers=strangers)
    text = shown(given)
    assert "knew a page's exact name" in text
    assert "own scanner came too" in text
    assert "3 addresses knocked." in text


def test_nobody_came_nothing_is_shown() -> None:
    given = replace(host(), intruders=(), sessions=())
    assert sessions_block(sheet(RenderOptions(width=80)), given) == []


def test_hostile_texts_are_harmless() -> None:
    bad = "\x1b]0;owned\x07\u202e\r\n" * 20
    for width in (40, 80, 160):
        text = shown(host(session(1, step(1, bad, Stage.ACTED)), summary=bad), width)
        assert not {"\x1b", "\x07", "\u202e", "\r"} & set(text)
