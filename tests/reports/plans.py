"""Servers made by hand for tests of the action plan."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from extriage.model.detection import Certainty, Evidence, Finding, Level, Stage
from extriage.model.evidence import Entry
from extriage.model.exposure import Exposed, Exposure, ExposureAnswer, Shown
from extriage.model.host import (
    Absence,
    Action,
    AdvisoryState,
    CampaignVerdict,
    Coverage,
    CveVerdict,
    Host,
    LogCoverage,
    Manifest,
    Patch,
    State,
    Status,
    Verdict,
)
from extriage.model.persistence import Persistence, Presence

TIME = datetime(2021, 3, 3, 4, 48, tzinfo=UTC)
LOGON = "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth/logon.aspx"
PAGE = r"C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth\x9.aspx"


def finding(name: str, stage: Stage | None = Stage.EXECUTED, **more: Any) -> Finding:
    line = Evidence("a.log", 1, 0, "x", "0" * 64, TIME)
    made = Finding(
        *(f"f-{name}", name, f"Rule {name}", Level.HIGH, stage, Certainty.CONFIRMED, "proxylogon"),
        *(("CVE-2021-26855",), ("T1190",), TIME, TIME, 1, (line,), ()),
    )
    return replace(made, **more)


def way(kind: str = "web-shell", name: str = "/owa/auth/x9.aspx", **more: Any) -> Persistence:
    made = Persistence(
        id="p-0123456789abcdef",
        kind=kind,
        object=name,
        state=Presence.PRESENT,
        state_note="",
        level=Level.HIGH,
        certainty=Certainty.CONFIRMED,
        first=TIME,
        last=TIME,
        by=(),
        paths=(),
        findings=(),
        reasons=(),
        proofs=(),
        story=(),
        life=None,
        removal=("Keep it.", "Delete it."),
    )
    return replace(made, **more)


def exposure(kind: str, name: str = "ceo", state: Exposed = Exposed.TAKEN, **more: Any) -> Exposure:
    made = Exposure(
        id=f"e-{kind}",
        kind=kind,
        object=name,
        state=state,
        certainty=Certainty.LIKELY,
        text=f"{kind} of {name}.",
        first=TIME,
        last=TIME,
        by=(),
        sessions=(),
        intruders=(),
        findings=(),
        requests=None,
        items=None,
        bytes_out=None,
        how=(),
        unknown=(),
        proofs=(),
    )
    return replace(made, **more)


def answer(kind: str, shown: Shown) -> ExposureAnswer:
    return ExposureAnswer(kind, kind, shown, "", (), (), None, ())


def campaign(
    name: str, stage: Stage | None, findings: Sequence[str] = (), **more: Any
) -> CampaignVerdict:
    made = CampaignVerdict(name, name, (), stage, None, None, None, tuple(findings), ())
    return replace(made, **more)


def unanswered(cve: str, *logs: str) -> CveVerdict:
    rows = tuple(LogCoverage(kind, False, None, None, "") for kind in logs)
    return CveVerdict(cve, Absence.CANNOT_TELL, None, None, None, rows, "")


OPEN = AdvisoryState("CVE-2021-26855", State.OPEN, exploited_since="2021-01-03")
WAY_OUT = (
    Action("save", "Copy the logs", "x"),
    Action("cu", "Install CU23", "x"),
    Action("hunt", "Look whether somebody was inside", "x"),
    Action("setting-ep", "Switch on Extended Protection", "x"),
)
PATCH = Patch("15.1.2106.2", "2016", "CU18", "", (), (OPEN,), action=WAY_OUT)


def host(status: Status = Status.COMPROMISED, stage: Stage | None = None, **more: Any) -> Host:
    """Return a server; a compromised one has a finding of its stage, and the web folders."""
    if stage is None and status is Status.COMPROMISED:
        stage = Stage.EXECUTED
    found = (finding("proof", stage),) if stage else ()
    entry = Entry(LOGON, 1, "web-file", "read")
    made = Host(
        name="EX01.contoso.example",
        verdict=Verdict(status, stage, Certainty.CONFIRMED if stage else None, ""),
        campaigns=(),
        patch=Patch("", "2016", "", "", (), ()),
        coverage=(Coverage("iis", 1, 1, 0, TIME, TIME, ()),),
        findings=found,
        actions=(),
        manifest=Manifest(1, 1, 0, 0, (entry,)),
    )
    return replace(made, **more)
