"""A working day of web services: people in Outlook, delegates, and a backup of all mailboxes."""

from dataclasses import replace
from datetime import datetime

from extriage.samples.intrusion import acts
from extriage.samples.intrusion.acts import Caller, Reading
from extriage.samples.intrusion.scene import Scene, named
from extriage.samples.organisation import User, later

BACKUP, BACKUP_ADDRESS = "CONTOSO\\svc-backup", "10.20.0.40"
BACKUP_AGENT = "ContosoArchive/7.2 (ExchangeServicesClient/15.00.0913.015)"

_USUAL = (("FindItem", 1), ("GetItem", 4), ("SyncFolderItems", 1), ("GetAttachment", 1))


def office(scene: Scene, day: datetime, calls: int) -> None:
    """Write what people do by day: each reads the own mailbox, some the calendar of another."""
    ledger, rng = scene.ledger, scene.rng
    for number in range(calls):
        user = rng.choice(scene.users)
        time = later(day.replace(hour=7), rng.randrange(10 * 3_600_000))
        operation, ids = rng.choice(_USUAL)
        whose = rng.choice(scene.users).mail if number % 20 == 7 else ""
        sizes = (rng.randrange(700, 3000), rng.randrange(900, 90_000))
        reading = Reading(operation, ids, *sizes, mailbox=whose, named="acted_as")
        acts.call_service(ledger, rng, time, Caller(user.address, user.outlook, user), reading)


def backup(scene: Scene, time: datetime) -> None:
    """Write a backup that reads every mailbox as its owner."""
    ledger, rng = scene.ledger, scene.rng
    caller = Caller(BACKUP_ADDRESS, BACKUP_AGENT, account(scene))
    for user in scene.users:
        for operation, ids, sent in (("FindItem", 1, 52_000), ("GetItem", 200, 6_400_000)):
            time = later(time, rng.randrange(900, 5000))
            reading = Reading(operation, ids, 2400, sent, user.mail)
            acts.call_service(ledger, rng, time, caller, reading)


def account(scene: Scene) -> User:
    """Return the account of the backup, which has a mailbox like anybody."""
    user = named(scene.users, "zeman")
    return replace(user, account=BACKUP, mail=f"svc-backup@{scene.ledger.org.domain}")
