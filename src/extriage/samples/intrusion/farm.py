"""Three servers of one organisation: one intruder on two of them, another on the third.

What joins the two is the password of the page and the agent; addresses and names of pages differ.
The third shares only a name that everybody uses, with one of the two.
"""

from datetime import UTC, datetime
from pathlib import Path

from extriage.samples.intrusion import acts
from extriage.samples.intrusion.scene import closed, opened
from extriage.samples.spec import ServerSpec
from extriage.samples.visitor import Truth, Visitor

PARAMETER, AGENT = "v9tulip", "Mozilla/5.0 (compatible; mscorsvw-upd/3.1)"
SAME = ("EX01", "EX02")
"""Servers of the one intruder."""

_DAY = datetime(2021, 3, 2, tzinfo=UTC)
_PLANS = (
    ("EX01", "zq2u7Rb.aspx", 2, {"client": "203.0.113.41", "agent": AGENT, "parameter": PARAMETER}),
    (
        "EX02",
        "discover.aspx",
        3,
        {"client": "203.0.113.172", "agent": AGENT, "parameter": PARAMETER},
    ),
    (
        "EX03",
        "discover.aspx",
        15,
        {
            "client": "192.0.2.130",
            "agent": "ExchangeServicesClient/0.0.0.0",
            "parameter": "nova4k",
            "door": "/ecp/kqd.js",
        },
    ),
)


def write(folder: Path, lines: int = 2500) -> tuple[Truth, ...]:
    """Write the servers side by side below the folder; return who came to each."""
    told = []
    for name, page, hour, who in _PLANS:
        spec = ServerSpec(
            name=name,
            start=_DAY.replace(day=1),
            end=_DAY.replace(day=5),
            lines=lines,
            hours_per_file=24,
        )
        scene = opened(spec)
        visitor = Visitor(name)
        plan = acts.plan(scene.ledger, scene.rng, page, who)
        time = acts.break_in(scene.ledger, scene.rng, _DAY.replace(hour=hour), plan, visitor)
        acts.order(scene.ledger, scene.rng, time.replace(day=3), plan, visitor)
        told.append(closed(scene, folder / name, (visitor,)))
    return tuple(told)
