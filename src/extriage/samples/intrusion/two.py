"""Two intruders and three strangers on one server, and the organisation's own scanner.

Intruder A comes by night, dumps the logons and fetches an archive; B comes in the afternoon with
another address, agent, page and parameter. A walker of names, a mass scanner and one who asks once
for exactly A's page come by too.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from extriage.samples import events
from extriage.samples.events import Process
from extriage.samples.intrusion import acts, strangers
from extriage.samples.intrusion.scene import Scene, closed, opened
from extriage.samples.ledger import Claim
from extriage.samples.organisation import later
from extriage.samples.scanners import knock
from extriage.samples.spec import Family, ServerSpec
from extriage.samples.visitor import Truth, Visitor

A = {"client": "203.0.113.66", "agent": "python-requests/2.25.1", "parameter": "pzq7w"}
B = {
    "client": "198.51.100.23",
    "agent": "ExchangeServicesClient/0.0.0.0",
    "parameter": "orange55",
    "door": "/ecp/vbk.js",
}
PAGE_A, PAGE_B = "w3kTn0a.aspx", "q8LmzR.aspx"
ARCHIVE = "/aspnet_client/system_web/4f2a9c.zip"
SUPPRESS = f"""scanners:
  - name: Nessus of the security team
    addresses: [{strangers.OWN}]
"""
"""A suppress file that names the organisation's own scanner."""

_DAY = datetime(2021, 3, 1, tzinfo=UTC)


def write(folder: Path, lines: int = 6000, omit: tuple[Family, ...] = ()) -> Truth:
    """Write the server below the folder; return who came, and what they did."""
    spec = ServerSpec(
        start=_DAY,
        end=_DAY.replace(day=8),
        lines=lines,
        hours_per_file=24,
        iis_bytes=True,
        omit=omit,
    )
    scene = opened(spec)
    ledger, rng = scene.ledger, scene.rng
    return closed(
        scene,
        folder,
        (
            _by_night(scene),
            _by_day(scene),
            strangers.walk(ledger, rng, _DAY.replace(day=4, hour=9)),
            strangers.scan(ledger, rng, _DAY.replace(day=1, hour=5)),
            strangers.ask_once(ledger, rng, _DAY.replace(day=5, hour=17), f"/owa/auth/{PAGE_A}"),
            strangers.scan(ledger, rng, _DAY.replace(day=6, hour=22), strangers.OWN),
        ),
    )


def _by_night(scene: Scene) -> Visitor:
    ledger, rng = scene.ledger, scene.rng
    visitor, intrusion = Visitor("A"), acts.plan(ledger, rng, PAGE_A, A)
    time = acts.break_in(ledger, rng, _DAY.replace(day=2, hour=2, minute=11), intrusion, visitor)
    acts.order_by_name(ledger, rng, later(time, 41_000), intrusion, visitor)
    acts.dump_memory(ledger, rng, later(time, 95_000), visitor)
    time = _DAY.replace(day=3, hour=1, minute=37)
    time = acts.order(ledger, rng, time, intrusion, visitor)
    _pack(scene, later(time, 4000), visitor)
    asked = knock(ledger, rng, time, ARCHIVE, "")
    asked = replace(asked, client=A["client"], agent=A["agent"], took=41_200, sent=31_412_004)
    acts.fetch(ledger, later(time, 64_000), asked, visitor)
    return visitor


def _pack(scene: Scene, time: datetime, visitor: Visitor) -> None:
    ledger = scene.ledger
    target = "C:\\inetpub\\wwwroot" + ARCHIVE.replace("/", "\\")
    tool = "C:\\Windows\\Temp\\7z.exe"
    packer = Process(tool, f"{tool} a {target} C:\\Windows\\Temp\\lsass.dmp", 9120)
    shell = Process("C:\\Windows\\System32\\cmd.exe", f"cmd /c {packer.line}", 9004)
    with ledger.visited_by(visitor):
        for event in events.started(time, ledger.org, shell, packer):
            ledger.event(event, acts.DUMP)
        written = events.file_created(later(time, 900), tool, packer.number, target)
        ledger.event(written, Claim("archive", acts.DUMP.stage))


def _by_day(scene: Scene) -> Visitor:
    ledger, rng = scene.ledger, scene.rng
    visitor, intrusion = Visitor("B"), acts.plan(ledger, rng, PAGE_B, B)
    time = acts.break_in(ledger, rng, _DAY.replace(day=3, hour=14, minute=20), intrusion, visitor)
    acts.order_by_name(ledger, rng, later(time, 33_000), intrusion, visitor)
    acts.order(ledger, rng, _DAY.replace(day=6, hour=15, minute=2), intrusion, visitor)
    return visitor
