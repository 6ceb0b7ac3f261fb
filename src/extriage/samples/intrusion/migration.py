"""A busy server that nobody broke into: a migration, a backup, delegates, forwarding inside."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from extriage.samples.cmdlets import Ran
from extriage.samples.intrusion.office import backup, office
from extriage.samples.intrusion.scene import Scene, closed, opened
from extriage.samples.organisation import later
from extriage.samples.spec import ServerSpec
from extriage.samples.visitor import Truth

MOVED = 6
"""Mailboxes that are exported to a file share."""
SHARE = "\\\\fs01\\pst\\"

_DAY = datetime(2021, 6, 7, tzinfo=UTC)


def write(folder: Path, lines: int = 6000) -> Truth:
    """Write the server below the folder; nobody came to it."""
    spec = ServerSpec(
        build=(15, 1, 2242, 10),
        start=_DAY,
        end=_DAY.replace(day=12),
        lines=lines,
        hours_per_file=24,
        iis_bytes=True,
    )
    scene = opened(spec)
    for day in range(5):
        office(scene, _DAY + timedelta(days=day), 80)
        backup(scene, _DAY.replace(hour=22) + timedelta(days=day))
    _move(scene)
    _help(scene)
    return closed(scene, folder, ())


def _run(scene: Scene, time: datetime, name: str, parameters: str) -> None:
    admin = scene.ledger.org.admin
    scene.ledger.cmdlet(Ran(time, admin, name, parameters, application="EMC"))


def _move(scene: Scene) -> None:
    """Give the right, export to the share, and clear the requests up when they are done."""
    time = _DAY.replace(day=9, hour=18)
    role = '-Role "Mailbox Import Export" -User "administrator@contoso.example"'
    _run(scene, time, "New-ManagementRoleAssignment", role)
    for number, user in enumerate(scene.users[:MOVED]):
        name = user.mail.partition("@")[0]
        moment = later(time, 60_000 * (number + 1))
        parameters = f'-Mailbox "{user.mail}" -FilePath "{SHARE}{name}.pst"'
        _run(scene, moment, "New-MailboxExportRequest", parameters)
        gone = f'-Identity "{user.mail}\\MailboxExport" -Confirm "False"'
        _run(scene, later(moment, 5_400_000), "Remove-MailboxExportRequest", gone)


def _help(scene: Scene) -> None:
    """Set forwarding inside, and let an assistant open the mailbox of another."""
    first, second, third = scene.users[8:11]
    time = _DAY.replace(day=8, hour=9)
    forwarding = f'-Identity "{first.mail}" -ForwardingAddress "{second.mail}"'
    _run(scene, time, "Set-Mailbox", forwarding)
    right = f'-Identity "{third.mail}" -User "{second.mail}" -AccessRights "FullAccess"'
    _run(scene, later(time, 90_000), "Add-MailboxPermission", right)
