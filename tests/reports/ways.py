"""Ways back in made by hand: one of each state, a page with visitors, and more than a screen."""

from datetime import UTC, datetime
from typing import Any

from extriage.model.detection import Certainty, Level
from extriage.model.persistence import (
    Episode,
    PageLife,
    Persistence,
    Presence,
    Role,
    Visitor,
)
from extriage.model.state import Proof

PAGE = "/owa/auth/ohyeah.aspx"
FOLDER = "EXCH01/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth"
LOG = "EXCH01/inetpub/logs/LogFiles/W3SVC1/u_ex210314.log"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def visitor(address: str, role: Role, requests: int) -> Visitor:
    return Visitor(
        address=address,
        account="",
        agents=("antSword/v2.1",),
        role=role,
        first=at("2021-03-14 06:41:02"),
        last=at("2021-03-15 22:10:44"),
        requests=requests,
        answered=requests,
        methods=(("POST", requests),),
        bytes_in=812,
        bytes_out=4_096,
    )


def life() -> PageLife:
    return PageLife(
        page=PAGE,
        requests=44,
        answered=41,
        first=at("2021-03-14 06:40:00"),
        last=at("2021-03-16 03:00:00"),
        first_answered=at("2021-03-14 06:41:02"),
        last_answered=at("2021-03-15 22:10:44"),
        gone_after=None,
        gone_before=None,
        missing_until=at("2021-03-14 06:40:00"),
        methods=(("POST", 40), ("GET", 4)),
        statuses=(("200", 41), ("302", 3)),
        sizes=17,
        bytes_in=33_292,
        bytes_out=167_936,
        visitors=(
            visitor("198.51.100.23", Role.OWNER, 40),
            visitor("203.0.113.77", Role.STRANGER, 4),
        ),
        visitors_total=2,
        proofs=(Proof(LOG, 9_120, f"POST {PAGE} - 443 - 198.51.100.23 antSword/v2.1 200"),),
    )


def way(kind: str, name: str, state: Presence, **more: Any) -> Persistence:
    planted = at("2021-03-14 06:40:09")
    chapter = Episode(
        *("planted", planted, None, f"Put there: a rule about {kind}.", ("198.51.100.23",)),
        *(LOG, 57),
    )
    found: dict[str, Any] = {
        "id": f"p-{kind}",
        "kind": kind,
        "object": name,
        "state": state,
        "state_note": "One sentence says why.",
        "level": Level.HIGH,
        "certainty": Certainty.LIKELY,
        "first": planted,
        "last": at("2021-03-15 22:10:44"),
        "by": ("198.51.100.23",),
        "paths": (),
        "findings": ("f-webshell",),
        "reasons": ("What a human can check.", "And more of it."),
        "proofs": (Proof(LOG, 57, "a line of the log"),),
        "story": (chapter,),
        "life": None,
        "removal": ("Keep a copy.", "Take it out."),
    }
    return Persistence(**{**found, **more})


def ways() -> tuple[Persistence, ...]:
    """Return one way back of each state, with more than one screen has room for."""
    gone = at("2021-03-15 23:00")
    removed = Episode("removed", gone, None, "Removed: Defender took it.", (), LOG, 99)
    return (
        way(
            *("web-shell", PAGE, Presence.PRESENT),
            level=Level.CRITICAL,
            certainty=Certainty.CONFIRMED,
            paths=(f"{FOLDER}/ohyeah.aspx",),
            life=life(),
            reasons=("Line 1: a value of the request is evaluated as code.",),
        ),
        way("scheduled-task", r"\Winnet", Presence.PRESENT, first=None, by=()),
        way("role-assignment", "Mailbox Import Export-jdoe", Presence.UNKNOWN),
        way("account", "svc_x", Presence.UNKNOWN, reasons=()),
        way("service", "wsus2", Presence.UNKNOWN),
        way("iis-module", r"One (C:\Windows\Temp\f.dll)", Presence.UNKNOWN),
        way("web-shell", "/aspnet_client/q.aspx", Presence.REMOVED, story=(removed,)),
        way("transport-agent", "=cmd|' /c calc'!A1", Presence.ATTEMPTED),
        way("web-shell", "/aspnet_client/z.aspx", Presence.ATTEMPTED),
    )
