"""An intruder who changes address, and one whom a reverse proxy hides among everybody.

The first keeps his canary over three addresses, comes back by a fourth, gives an order to his page
and reads the mail of a user whose password he has, while its owner works from the office.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from extriage.samples.intrusion import acts
from extriage.samples.intrusion.acts import Caller, Reading
from extriage.samples.intrusion.office import office
from extriage.samples.intrusion.scene import Scene, closed, named, opened
from extriage.samples.organisation import later
from extriage.samples.spec import ServerSpec
from extriage.samples.visitor import Truth, Visitor

ADDRESSES = ("203.0.113.11", "203.0.113.12", "203.0.113.13")
FOURTH = "198.51.100.99"
OFFICE = "10.20.5.77"
"""Where the owner of the stolen account works."""
STOLEN = "novak"
PAGE = "tR4nsx.aspx"
PROXY = "192.0.2.10"
AGENT = "python-requests/2.22.0"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:78.0) Gecko/20100101 Firefox/78.0"

_DAY = datetime(2021, 3, 1, tzinfo=UTC)
_PLAN = {"client": ADDRESSES[0], "agent": AGENT, "parameter": "kiwi3"}


def write_changing(folder: Path, lines: int = 6000) -> Truth:
    """Write a server whose intruder changes address; return who came, and what they did."""
    scene = _server(lines, "")
    visitor = _first_night(scene, ADDRESSES)
    _later(scene, visitor)
    _owner(scene)
    return closed(scene, folder, (visitor,))


def write_behind_proxy(folder: Path, lines: int = 6000) -> Truth:
    """Write a server that sees one address for everybody; return who came, and what they did."""
    scene = _server(lines, PROXY)
    visitor = _first_night(scene, ())
    intrusion = acts.plan(scene.ledger, scene.rng, PAGE, _PLAN)
    acts.order(scene.ledger, scene.rng, _DAY.replace(day=3, hour=11), intrusion, visitor)
    return closed(scene, folder, (visitor,))


def _server(lines: int, proxy: str) -> Scene:
    spec = ServerSpec(
        start=_DAY,
        end=_DAY.replace(day=6),
        lines=lines,
        hours_per_file=24,
        reverse_proxy=proxy,
    )
    scene = opened(spec)
    for day in range(5):
        office(scene, _DAY + timedelta(days=day), 40)
    return scene


def _first_night(scene: Scene, clients: tuple[str, ...]) -> Visitor:
    ledger, rng, visitor = scene.ledger, scene.rng, Visitor("A")
    intrusion = replace(acts.plan(ledger, rng, PAGE, _PLAN), clients=clients)
    time = _DAY.replace(day=2, hour=1, minute=3)
    acts.break_in(ledger, rng, time, intrusion, visitor)
    if clients:
        intrusion = replace(intrusion, client=clients[-1])
        acts.order(ledger, rng, later(time, 240_000), intrusion, visitor)
    return visitor


def _later(scene: Scene, visitor: Visitor) -> None:
    """Come by a fourth address: an order to the page, then the mail of the stolen account."""
    ledger, rng = scene.ledger, scene.rng
    plan = {**_PLAN, "client": FOURTH, "agent": BROWSER}
    time = _DAY.replace(day=4, hour=9, minute=30)
    acts.order_by_name(ledger, rng, time, acts.plan(ledger, rng, PAGE, plan), visitor)
    user = named(scene.users, STOLEN)
    visitor.accounts.append(user.account)
    caller = Caller(FOURTH, BROWSER, user)
    time = acts.read_in_browser(ledger, rng, later(time, 120_000), caller, visitor)
    for number in range(3):
        time = later(time, 21_000)
        reading = Reading("GetItem", 12, 2100, 140_000 + number)
        acts.call_service(ledger, rng, time, caller, reading, visitor)


def _owner(scene: Scene) -> None:
    """Let the owner work all that day, from the office, with Outlook and the browser."""
    ledger, rng = scene.ledger, scene.rng
    user = named(scene.users, STOLEN)
    day = _DAY.replace(day=4, hour=8)
    acts.read_in_browser(ledger, rng, day, Caller(OFFICE, user.browser, user))
    for number in range(40):
        caller = Caller(OFFICE, user.outlook, user)
        reading = Reading("GetItem", 2, 1500, 22_000)
        acts.call_service(ledger, rng, later(day, 700_000 * number + 9000), caller, reading)
