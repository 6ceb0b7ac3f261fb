"""What administrators do: the Exchange shell, and the admin centre with its virtual directories.

A legitimate change of a virtual directory uses the same DDI calls and cmdlets as the intrusion,
with a named user, a browser, page loads before it, and plain addresses.
"""

from dataclasses import dataclass
from datetime import datetime

from extriage.samples import events
from extriage.samples.ecp import Command
from extriage.samples.everyday import to_mailbox
from extriage.samples.ledger import Ledger
from extriage.samples.machines import remote_shell, token
from extriage.samples.organisation import Dice, guid, later
from extriage.samples.web import Call, Request

_SCHEMAS = {"Oab": "OAB", "Owa": "OWA", "WebServices": "WebServices"}


@dataclass(frozen=True, slots=True)
class _Visit:
    """One stay in the admin centre."""

    session: str
    canary: str


def shell_session(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log a short session in the Exchange Management Shell."""
    org = ledger.org
    for action in ("New-PSSession:Receive", "Get-Mailbox:Command", "Set-Mailbox:Command"):
        remote_shell(ledger, rng, time, org.admin, f"{action}|EMC")
        time = later(time, rng.randrange(300, 9000))
    mailbox_change(ledger, rng, time)


def mailbox_change(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log an administrator's change of a mailbox's quota."""
    org, user = ledger.org, rng.choice(ledger.org.users)
    parameters = f'-Identity "{user.mail}" -IssueWarningQuota "4.9 GB (5,261,334,938 bytes)"'
    ledger.event(events.cmdlet(time, org, org.admin, "Set-Mailbox", parameters))


def directory_change(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log an administrator who sets a clean address on a virtual directory."""
    org, noun = ledger.org, rng.choice(("Oab", "Owa", "WebServices"))
    visit = _Visit(guid(rng), token(rng))
    schema = f"{_SCHEMAS[noun]}VirtualDirectory"
    identity = f"{org.server}\\{_SCHEMAS[noun]} (Default Web Site)"
    url = f"https://{org.public}/{noun.lower()}"
    look = f"Get-{noun}VirtualDirectory.ADPropertiesOnly='True'.Identity='{identity}'"
    change = f"Set-{noun}VirtualDirectory.ExternalUrl='{url}'.Identity='{identity}'"
    time = _open_centre(ledger, rng, time, visit)
    _ddi(ledger, rng, time, visit, ("GetList", "VirtualDirectory", look))
    time = later(time, rng.randrange(4000, 30000))
    _ddi(ledger, rng, time, visit, ("GetObject", schema, look))
    time = later(time, rng.randrange(9000, 60000))
    _ddi(ledger, rng, time, visit, ("SetObject", schema, change))
    parameters = f'-ExternalUrl "{url}" -Identity "{identity}"'
    name = f"Set-{noun}VirtualDirectory"
    ledger.event(events.cmdlet(later(time, -5), org, org.admin, name, parameters))


def directory_reset(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log an administrator who resets OWA's virtual directory: taken away and made again."""
    org, visit = ledger.org, _Visit(guid(rng), token(rng))
    identity = f"{org.server}\\owa (Default Web Site)"
    site = '-WebSiteName "Default Web Site" -Server "' + org.server + '"'
    time = _open_centre(ledger, rng, time, visit)
    for verb, detail, parameters in (
        ("Remove", f"Force='True'.Identity='{identity}'", f'-Force "True" -Identity "{identity}"'),
        ("New", f"WebSiteName='Default Web Site'.Server='{org.server}'", site),
    ):
        name = f"{verb}-OwaVirtualDirectory"
        act = ("SetObject", "ResetOWAVirtualDirectory", f"{name}.{detail}")
        _ddi(ledger, rng, time, visit, act)
        ledger.event(events.cmdlet(later(time, -5), org, org.admin, name, parameters))
        time = later(time, 2900)


def centre_visit(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log an administrator who only looks."""
    visit = _Visit(guid(rng), token(rng))
    time = _open_centre(ledger, rng, time, visit)
    for schema, name in (("MailboxService", "Get-Recipient"), ("Certificate", "Get-Certificate")):
        command = f"{name}.ResultSize='501'"
        _ddi(ledger, rng, time, visit, ("GetList", schema, command))
        time = later(time, rng.randrange(2000, 20000))


def _open_centre(ledger: Ledger, rng: Dice, time: datetime, visit: _Visit) -> datetime:
    admin, org = ledger.org.admin, ledger.org
    pages = (
        ("GET", "/ecp/", "", 302),
        (
            "GET",
            "/owa/auth/logon.aspx",
            "replaceCurrent=1&reason=3&url=https%3a%2f%2fmail%2fecp",
            200,
        ),
        ("POST", "/owa/auth.owa", "", 302),
        ("GET", "/ecp/default.aspx", f"ExchClientVer=15&msExchEcpCanary={visit.canary}", 200),
        ("GET", "/ecp/Servers/VDirMgmt.aspx", "ReturnObjectType=1&showhelp=false", 200),
    )
    for number, (method, stem, query, status) in enumerate(pages):
        inside = number > 2
        took = rng.randrange(5, 300)
        ledger.web(
            Request(
                time=time,
                took=took,
                request_id=guid(rng),
                protocol="Ecp" if stem.startswith("/ecp") else "Owa",
                method=method,
                host=org.public,
                stem=stem,
                query=query,
                client=admin.address,
                agent=admin.browser,
                status=status,
                user=admin.account if inside else "",
                authentication="FBA",
                sent=rng.randrange(900, 30_000),
                hop=to_mailbox(ledger, time, admin) if inside else None,
            )
        )
        if inside:
            ledger.call(Call(time, took, method, stem, query, admin.account, admin.browser, 200))
        time = later(time, rng.randrange(300, 6000))
    return time


def _ddi(
    ledger: Ledger, rng: Dice, time: datetime, visit: _Visit, act: tuple[str, str, str]
) -> None:
    """Log one call of the data service: its method, schema and cmdlet."""
    method, schema, command = act
    stem = f"/ecp/DDI/DDIService.svc/{method}"
    admin, activity, took = ledger.org.admin, guid(rng), rng.randrange(90, 900)
    canary = f"msExchEcpCanary={visit.canary}"
    query = f"ActivityCorrelationID={guid(rng)}&schema={schema}&{canary}"
    referer = f"https://{ledger.org.public}/ecp/Servers/VDirMgmt.aspx"
    ledger.web(
        Request(
            time=time,
            took=took,
            request_id=guid(rng),
            protocol="Ecp",
            method="POST",
            host=ledger.org.public,
            stem=stem,
            query=query,
            client=admin.address,
            agent=admin.browser,
            status=200,
            user=admin.account,
            authentication="FBA",
            received=420,
            sent=1900,
            referer=referer,
            hop=to_mailbox(ledger, time, admin),
        )
    )
    ledger.call(
        Call(
            time,
            took,
            "POST",
            stem,
            f"{query}&ActID={activity}",
            admin.account,
            admin.browser,
            200,
            referer=referer,
        )
    )
    ledger.command(
        Command(time, took, visit.session, command, f"{stem}?{query}", activity, referer)
    )
