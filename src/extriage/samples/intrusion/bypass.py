"""Mail read through the forged routing of January 2021, in a busy day of Outlook and a backup.

No page is planted: the only traces are the front end's forged routes, and the server's own account
on people's mailboxes in the log of web services. The backup's account reads every mailbox by right.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from extriage.model.detection import Stage
from extriage.samples import chain
from extriage.samples.intrusion import acts
from extriage.samples.intrusion.acts import Caller, Reading
from extriage.samples.intrusion.office import backup, office
from extriage.samples.intrusion.scene import Scene, closed, named, opened
from extriage.samples.organisation import later
from extriage.samples.spec import Family, ServerSpec
from extriage.samples.visitor import Truth, Visitor

CLIENT, AGENT = "203.0.113.31", "python-requests/2.24.0"
READ = ("alba", "hoang", "moreau", "tanaka")
"""Accounts whose mailboxes are read."""
STAGE = Stage.TAKEN

_DAY = datetime(2021, 1, 6, tzinfo=UTC)
_STEPS = (
    ("FindItem", 1, 900, 41_300),
    ("GetItem", 25, 3100, 612_400),
    ("GetItem", 14, 2200, 288_150),
    ("GetAttachment", 3, 1300, 2_410_720),
)


def write(folder: Path, lines: int = 6000, omit: tuple[Family, ...] = ()) -> Truth:
    """Write the server below the folder; return who came, and what they did."""
    spec = ServerSpec(
        start=_DAY.replace(day=1),
        end=_DAY.replace(day=9),
        lines=lines,
        hours_per_file=24,
        omit=omit,
    )
    scene = opened(spec)
    for day in range(8):
        office(scene, _DAY.replace(day=1) + timedelta(days=day), 40)
        backup(scene, _DAY.replace(day=1, hour=22) + timedelta(days=day))
    return closed(scene, folder, (_intruder(scene),))


def _intruder(scene: Scene) -> Visitor:
    ledger, rng, visitor = scene.ledger, scene.rng, Visitor("A")
    plan = {"client": CLIENT, "agent": AGENT, "parameter": ""}
    time = _DAY.replace(hour=10, minute=12)
    with ledger.visited_by(visitor):
        time = chain.reach(ledger, rng, time, acts.plan(ledger, rng, "none.aspx", plan))
    caller = Caller(CLIENT, AGENT, door="/owa/auth/x.js")
    names = Reading("ResolveNames", 0, 700, 9_400)
    acts.call_service(ledger, rng, later(time, 2000), caller, names, visitor)
    for number, name in enumerate(READ):
        mailbox = named(scene.users, name).mail
        for step, (operation, ids, received, sent) in enumerate(_STEPS):
            time = later(time, rng.randrange(2000, 40_000))
            reading = Reading(
                operation,
                ids + number * bool(step),
                received + 10 * number,
                sent + 1000 * number * step,
                mailbox,
                "acted_as" if number == 3 else "impersonated",
            )
            acts.call_service(ledger, rng, time, caller, reading, visitor)
    return visitor
