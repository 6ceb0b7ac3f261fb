"""The everyday of Exchange 2010: one IIS site, no HttpProxy log, performance tails in queries."""

from dataclasses import replace
from datetime import datetime

from extriage.samples import events
from extriage.samples.ledger import Ledger
from extriage.samples.organisation import Dice, User, guid, later
from extriage.samples.spec import dotted
from extriage.samples.web import Request


def _log(ledger: Ledger, rng: Dice, time: datetime, user: User, act: tuple[str, str, str]) -> None:
    method, url, agent = act
    stem, _, query = url.partition("?")
    ledger.web(
        Request(
            time=time,
            took=rng.randrange(2, 600),
            request_id=guid(rng),
            protocol="",
            method=method,
            host=ledger.org.public,
            stem=stem,
            query=query,
            client=user.address,
            agent=agent,
            status=200,
            user=user.account,
        )
    )


def owa(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log an OWA session: the form, its scripts below the build, the mailbox."""
    user, build = rng.choice(ledger.org.users), dotted(ledger.spec.build_at(time))
    tail = f"&prfltncy={rng.randrange(9, 90)}&prfrpccnt=14&prfrpcltncy=15&prfldpcnt=0"
    for method, url in (
        ("GET", "/owa/auth/logon.aspx?replaceCurrent=1&url=https%3a%2f%2fmail%2fowa%2f"),
        ("GET", f"/owa/{build}/scripts/premium/flogon.js"),
        ("GET", f"/owa/{build}/themes/base/premium.css"),
        ("POST", "/owa/auth.owa"),
        ("GET", f"/owa/?{tail}"),
        ("POST", f"/owa/ev.owa?oeh=1&ns=HttpProxy&ev=Poll{tail}"),
    ):
        _log(ledger, rng, time, user, (method, url, user.browser))
        time = later(time, rng.randrange(100, 2500))


def web_services(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log one Exchange Web Services call."""
    user = rng.choice(ledger.org.users)
    action = rng.choice(("GetUserOofSettings", "FindItem", "GetUserAvailability"))
    url = f"/EWS/Exchange.asmx?SoapAction={action}Response;MailboxRPCRequests=10;ADRequests=2;"
    _log(ledger, rng, time, user, ("POST", url, user.outlook))


def activesync(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log one synchronisation of a phone."""
    user = rng.choice(ledger.org.users)
    name = user.account.rpartition("\\")[2]
    command = rng.choice(("Ping", "Sync", "FolderSync"))
    url = (
        f"/Microsoft-Server-ActiveSync/default.eas?User={name}&DeviceId={user.device}"
        f"&DeviceType=iPhone&Cmd={command}"
    )
    _log(ledger, rng, time, user, ("POST", url, user.phone))


def outlook(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log Outlook's autodiscover, Outlook Anywhere and address book requests."""
    user = rng.choice(ledger.org.users)
    for method, url, agent in (
        ("POST", "/Autodiscover/Autodiscover.xml", user.outlook),
        ("RPC_IN_DATA", f"/rpc/rpcproxy.dll?{ledger.org.fqdn}:6001", "MSRPC"),
        ("RPC_OUT_DATA", f"/rpc/rpcproxy.dll?{ledger.org.fqdn}:6001", "MSRPC"),
        ("GET", f"/OAB/{ledger.org.oab}/oab.xml", "Microsoft BITS/7.8"),
    ):
        _log(ledger, rng, time, user, (method, url, agent))
        time = later(time, rng.randrange(100, 5000))


def administration(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log an administrator who changes a virtual directory in the shell."""
    org, noun = ledger.org, rng.choice(("Oab", "Owa"))
    _log(
        ledger,
        rng,
        time,
        org.admin,
        ("POST", "/PowerShell?PSVersion=2.0", "Microsoft WinRM Client"),
    )
    parameters = (
        f'-Identity "{org.server}\\{noun.upper()} (Default Web Site)" '
        f'-ExternalUrl "https://{org.public}/{noun.lower()}"'
    )
    name = f"Set-{noun}VirtualDirectory"
    ledger.event(events.cmdlet(later(time, 900), org, org.admin, name, parameters))


def probe(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log the monitoring of OWA."""
    user = replace(rng.choice(ledger.org.health), address="127.0.0.1")
    _log(ledger, rng, time, user, ("GET", "/owa/", "MSExchangeMonitoring"))
