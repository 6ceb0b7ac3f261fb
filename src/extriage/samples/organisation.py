"""Who lives on the sample server: users, devices, addresses, mailboxes, databases.

Addresses come from the ranges reserved for documentation and from private ones, names from the
reserved top-level domain `.example`: nothing here points at anybody.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from extriage.samples.spec import ServerSpec

Dice: TypeAlias = random.Random

_PEOPLE = (
    "alba baran chen daoud eriksen fischer garcia hoang ibrahim jansen kowalska lefebvre moreau "
    "novak okafor petrov quinn rossi silva tanaka urban vargas weber xu yilmaz zeman"
)

_AGENTS = (
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.4266; Pro)",
    "Microsoft Office/15.0 (Windows NT 6.1; Microsoft Outlook 15.0.5275; Pro)",
    "MacOutlook/16.46.21021202 (Intelx64 Mac OS X Version 10.15.7 (Build 19H524))",
)
_PHONES = (
    "Apple-iPhone12C1/1804.52",
    "Apple-iPad11C3/1804.52",
    "Android-SAMSUNG-SM-G973F/101.800",
    "Outlook-iOS-Android/1.0",
)
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/88.0.4324.190 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/14.0.3 Safari/605.1.15",
)
CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
)


@dataclass(frozen=True, slots=True)
class User:
    """One person with a mailbox and devices."""

    account: str
    mail: str
    sid: str
    mailbox: str
    database: str
    address: str
    outlook: str
    phone: str
    browser: str
    device: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """Everything with a name that the logs of one server mention."""

    netbios: str
    domain: str
    server: str
    fqdn: str
    address: str
    public: str
    controller: str
    peer: str
    machine_sid: str
    oab: str
    users: tuple[User, ...]
    health: tuple[User, ...]
    admin: User

    @property
    def computer(self) -> str:
        r"""Return the server's own account, as in `CONTOSO\EX01$`."""
        return f"{self.netbios}\\{self.server}$"


def dice(spec: ServerSpec, purpose: str) -> Dice:
    """Return the source of chance for one purpose, so that parts do not disturb each other."""
    return random.Random(f"{spec.seed}/{spec.name}/{purpose}")


def guid(rng: Dice) -> str:
    """Return a random GUID in lower case."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def stamp(time: datetime) -> str:
    """Return `2021-03-02T05:17:00.123Z`."""
    return f"{time.isoformat(timespec='milliseconds')[:23]}Z"


def later(time: datetime, milliseconds: float) -> datetime:
    """Return a time so many milliseconds on."""
    return time + timedelta(milliseconds=milliseconds)


def organisation(spec: ServerSpec) -> Organisation:
    """Invent the organisation of a server; the same specification gives the same people."""
    rng = dice(spec, "organisation")
    sid = "S-1-5-21-" + "-".join(str(rng.randrange(10**8, 4 * 10**9)) for _ in range(3))
    netbios = spec.domain.split(".")[0].upper()
    databases = [guid(rng) for _ in range(3)]
    users = [
        _user(rng, f"{netbios}\\{name}", f"{name}@{spec.domain}", f"{sid}-{1200 + number}")
        for number, name in enumerate(_PEOPLE.split())
    ]
    health = []
    prefix = "extest_" if spec.product == "2010" else "HealthMailbox"
    for number in range(4):
        name = f"{prefix}{rng.getrandbits(128):032x}"
        health.append(
            _user(rng, f"{netbios}\\{name[:20]}", f"{name}@{spec.domain}", f"{sid}-{1140 + number}")
        )
    admin = _user(rng, f"{netbios}\\Administrator", f"administrator@{spec.domain}", f"{sid}-500")
    return Organisation(
        netbios=netbios,
        domain=spec.domain,
        server=spec.name,
        fqdn=spec.fqdn,
        address="10.20.0.11",
        public=f"mail.{spec.domain}",
        controller=f"dc01.{spec.domain}",
        peer=f"{spec.name.lower()}b.{spec.domain}",
        machine_sid=sid,
        oab=guid(rng),
        users=tuple(_housed(rng, user, databases) for user in users),
        health=tuple(_housed(rng, user, databases) for user in health),
        admin=_housed(rng, admin, databases),
    )


def _user(rng: Dice, account: str, mail: str, sid: str) -> User:
    return User(
        account=account,
        mail=mail,
        sid=sid,
        mailbox=guid(rng),
        database="",
        address="",
        outlook=rng.choice(_AGENTS),
        phone=rng.choice(_PHONES),
        browser=rng.choice(BROWSERS),
        device=f"{rng.getrandbits(104):026X}",
    )


def _housed(rng: Dice, user: User, databases: list[str]) -> User:
    inside = rng.random() < 0.6
    network = f"10.20.{rng.randrange(4, 12)}" if inside else "198.51.100"
    return User(
        account=user.account,
        mail=user.mail,
        sid=user.sid,
        mailbox=user.mailbox,
        database=rng.choice(databases),
        address=f"{network}.{rng.randrange(10, 250)}",
        outlook=user.outlook,
        phone=user.phone,
        browser=user.browser,
        device=user.device,
    )
