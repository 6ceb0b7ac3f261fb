"""Three mailbox exports through ProxyShell: one failed, one was fetched, one lies there still.

The request of the one that was fetched was taken away afterwards. An administrator exports a
mailbox to a file share in the same days.
"""

import base64
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from extriage.model.detection import Stage
from extriage.samples import events
from extriage.samples.cmdlets import Ran
from extriage.samples.intrusion import acts
from extriage.samples.intrusion.scene import Scene, closed, named, opened
from extriage.samples.ledger import Claim
from extriage.samples.organisation import User, guid, later
from extriage.samples.scanners import knock
from extriage.samples.spec import Family, ServerSpec
from extriage.samples.visitor import Exported, Truth, Visitor
from extriage.samples.web import Call, Hop, Request

CLIENT, AGENT = "203.0.113.80", "python-requests/2.26.0"
SHARE = "\\\\localhost\\c$\\"
FOLDER = "Program Files\\Microsoft\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\owa\\auth\\"
URL = "/owa/auth/kb4471.pst"
FILTER = "(Received -ge '01/01/2021')"
ADMIN_FILE = "\\\\fs01\\leavers\\weber.pst"
_FETCHED_BYTES = 87_412_736
_DAY = datetime(2021, 8, 13, tzinfo=UTC)
_PATH = "a=abcde@fghij.example"
_CONFUSED = Claim("path-confusion", Stage.REACHED, "CVE-2021-34473")
_SHELL = Claim("forged-token", Stage.REACHED, "CVE-2021-34523")
_EXPORT = Claim("mailbox-export", Stage.TAKEN, "CVE-2021-31207")


def write(folder: Path, lines: int = 6000, omit: tuple[Family, ...] = ()) -> Truth:
    """Write the server below the folder; return who came, and what they did."""
    spec = ServerSpec(
        build=(15, 1, 2242, 4),
        start=_DAY.replace(day=10),
        end=_DAY.replace(day=17),
        lines=lines,
        hours_per_file=24,
        iis_bytes=True,
        omit=omit,
    )
    scene = opened(spec)
    _administrator(scene)
    return closed(scene, folder, (_intruder(scene),))


def _intruder(scene: Scene) -> Visitor:
    ledger, visitor = scene.ledger, Visitor("A")
    time = _DAY.replace(hour=3, minute=4)
    with ledger.visited_by(visitor):
        _confuse(scene, time, "/mapi/nspi/", _CONFUSED)
        _confuse(scene, later(time, 1400), "/mapi/emsmdb/", _CONFUSED)
        for number in range(6):
            _confuse(scene, later(time, 4000 + 700 * number), _powershell(scene), _SHELL)
        role = '-Role "Mailbox Import Export" -User "administrator@contoso.example"'
        _run(scene, later(time, 9000), "New-ManagementRoleAssignment", role)
        for number, (name, file, failed) in enumerate(_PLANS):
            moment = later(time, 15_000 + 8000 * number)
            _confuse(scene, later(moment, -80), _powershell(scene), _SHELL)
            _export(scene, moment, named(scene.users, name), (file, failed))
        _finish(scene, _DAY.replace(hour=3, minute=19), "kb4471.pst")
        _finish(scene, _DAY.replace(hour=3, minute=26), "lg.pst")
        gone = f'-Identity "{named(scene.users, "novak").mail}\\kb4471.pst" -Confirm "False"'
        _run(scene, _DAY.replace(hour=4, minute=2), "Remove-MailboxExportRequest", gone)
    _fetch(scene, visitor)
    visitor.exports += [
        _told(scene, *_PLANS[0], fetched=False, on_disk=False),
        _told(scene, *_PLANS[1], fetched=True, on_disk=False),
        _told(scene, *_PLANS[2], fetched=False, on_disk=True),
    ]
    kept = f"C:\\{FOLDER}lg.pst"
    ledger.page(kept, _DAY, "!BDN" + "sample, no mail in here. " * 40, _EXPORT)
    return visitor


_PLANS = (
    ("alba", "kb4470.pst", True),
    ("novak", "kb4471.pst", False),
    ("fischer", "lg.pst", False),
)


def _told(
    scene: Scene, name: str, file: str, failed: bool, *, fetched: bool, on_disk: bool
) -> Exported:
    return Exported(
        mailbox=named(scene.users, name).mail,
        by=scene.ledger.org.admin.mail,
        file=f"{SHARE}{FOLDER}{file}",
        outcome="failed" if failed else "finished",
        fetched=fetched,
        on_disk=on_disk,
        request_removed=fetched,
    )


def _token() -> str:
    """Return an access token that claims the group of administrators and no other."""
    name, sid = b"administrator@contoso.example", b"S-1-5-21-1111111111-2222222222-3333333333-500"
    parts = b"V\x01\x00T\x07WindowsC\x00A\x08Kerberos"
    parts += b"L" + bytes([len(name)]) + name + b"U" + bytes([len(sid)]) + sid
    group = b"S-1-5-32-544"
    parts += b"G\x01\x00\x00\x00\x07\x00\x00\x00" + bytes([len(group)]) + group
    return base64.b64encode(parts + b"E\x00\x00\x00\x00").decode()


def _powershell(scene: Scene) -> str:
    return f"/powershell/?X-Rps-CAT={_token()}"


def _confuse(scene: Scene, time: datetime, path: str, claim: Claim) -> None:
    """Write one request whose path the front end misreads, in the logs of both ends."""
    ledger, rng = scene.ledger, scene.rng
    session = "powershell" in path
    asked = _knock(scene, time, "/autodiscover/autodiscover.json")
    tail = f"&Email=autodiscover/autodiscover.json%3F{_PATH}"
    request = replace(
        asked,
        protocol="Autodiscover",
        method="POST" if session else "GET",
        query=f"{_PATH}{path}{tail}",
        took=rng.randrange(40, 400),
        received=1800 * session,
        sent=rng.randrange(900, 4000),
        hop=Hop(ledger.org.fqdn, anchor="", hint="", status="200"),
    )
    ledger.web(request, claim)
    stem, _, query = path.partition("?")
    done = Call(
        time, 30, request.method, stem.rstrip("/"), query, "NT AUTHORITY\\SYSTEM", AGENT, 200
    )
    ledger.call(done, claim)


def _knock(scene: Scene, time: datetime, path: str) -> Request:
    asked = knock(scene.ledger, scene.rng, time, path, "Owa")
    return replace(asked, client=CLIENT, agent=AGENT, status=200, authentication="")


def _run(scene: Scene, time: datetime, name: str, parameters: str, error: str = "") -> None:
    session = guid(scene.rng)
    admin = scene.ledger.org.admin
    scene.ledger.cmdlet(Ran(time, admin, name, parameters, error, session=session), _EXPORT)


def _export(scene: Scene, time: datetime, user: User, file: tuple[str, bool]) -> None:
    name, failed = file
    wanted = f' -ContentFilter "{FILTER}"' if name == "kb4471.pst" else ""
    parameters = f'-Mailbox "{user.mail}"{wanted} -FilePath "{SHARE}{FOLDER}{name}" -Name "{name}"'
    error = "Unable to open PST file. Error details: Access is denied." if failed else ""
    _run(scene, time, "New-MailboxExportRequest", parameters, error)


def _finish(scene: Scene, time: datetime, name: str) -> None:
    """Log the replication service that writes the file of an export."""
    image = f"{scene.ledger.spec.install}Bin\\MSExchangeMailboxReplication.exe"
    written = events.file_created(time, image, 7740, f"C:\\{FOLDER}{name}")
    scene.ledger.event(written, _EXPORT)


def _fetch(scene: Scene, visitor: Visitor) -> None:
    time = _DAY.replace(hour=3, minute=41)
    asked = replace(_knock(scene, time, URL), took=212_400, sent=_FETCHED_BYTES)
    acts.fetch(scene.ledger, time, asked, visitor)


def _administrator(scene: Scene) -> None:
    """Write an export to a file share, from the Exchange shell, at an office hour."""
    ledger = scene.ledger
    user = named(scene.users, "weber")
    parameters = f'-Mailbox "{user.mail}" -FilePath "{ADMIN_FILE}"'
    time = _DAY.replace(day=11, hour=10)
    admin = ledger.org.admin
    ledger.cmdlet(Ran(time, admin, "New-MailboxExportRequest", parameters, application="EMC"))
