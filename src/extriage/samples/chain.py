"""ProxyLogon as Exchange 2013 to 2019 log it: forged routing, a logon, a virtual directory, a page.

Every step stands in each log that sees it, joined by the same request ids, canary, activity ids
and times. Only traces are written here; nothing in this module can send or run anything.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from extriage.model.detection import Stage
from extriage.samples import events, oab, pages
from extriage.samples.ecp import Command
from extriage.samples.events import Process
from extriage.samples.ledger import Claim, Ledger
from extriage.samples.machines import compile_page, token
from extriage.samples.organisation import Dice, dice, guid, later
from extriage.samples.scanners import knock
from extriage.samples.web import Call, Hop

SSRF = "CVE-2021-26855"
WRITE = "CVE-2021-27065"
ADDRESS_BOOK = "CVE-2021-26858"
POOL = "MSExchangeOWAAppPool"


@dataclass(frozen=True, slots=True)
class Intrusion:
    """What stays the same from the first request to the last."""

    client: str
    agent: str
    door: str
    """The static name that the front end serves without a logon."""
    session: str
    canary: str
    directory: str
    """Identity of the offline address book's virtual directory."""
    shell: str
    """Windows path of the page that is written."""
    url: str
    parameter: str = "inert-sample"
    """What the page takes its orders from."""
    clients: tuple[str, ...] = ()
    """Addresses that the calls to the control panel come from in turn; empty for `client`."""


def intrude(ledger: Ledger) -> None:
    """Write the whole chain; on a patched server only its refused requests."""
    rng, spec = dice(ledger.spec, "chain"), ledger.spec
    name = "".join(rng.choices("abcdefghijkmnpqrstuvwxyz23456789", k=8))
    intrusion = Intrusion(
        client=f"203.0.113.{rng.randrange(3, 250)}",
        agent=rng.choice(("python-requests/2.25.1", "ExchangeServicesClient/0.0.0.0")),
        door=f"/ecp/{''.join(rng.choices('bcdfghjklmnp', k=3))}.js",
        session=guid(rng),
        canary=token(rng),
        directory=guid(rng),
        shell=f"{spec.install}FrontEnd\\HttpProxy\\owa\\auth\\{name}.aspx",
        url=f"/owa/auth/{name}.aspx",
    )
    time = spec.chain_at
    if spec.is_patched(time):
        _refused(ledger, rng, time, intrusion)
        return
    time = reach(ledger, rng, time, intrusion)
    time = write_page(ledger, rng, time, intrusion)
    time = use_shell(ledger, rng, later(time, 2200), intrusion)
    _second_way(ledger, rng, later(time, 1_260_000))


def _refused(ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion) -> None:
    for _ in range(5):
        request = replace(
            knock(ledger, rng, time, intrusion.door),
            client=intrusion.client,
            agent=intrusion.agent,
        )
        ledger.web(request, Claim("static-post", Stage.PROBED, SSRF))
        time = later(time, 420)


def _forged(
    ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion, step: tuple[str, int, Claim]
) -> str:
    """Log one request that a forged cookie sends to a back-end path; return its activity id."""
    path, status, claim = step
    activity, took = guid(rng), rng.randrange(60, 300)
    # NOTE: the rest of the URL that the front end appends is cut off by `#`, or becomes a value
    tail, rest = ("", f"]:444{intrusion.door}") if path.endswith("=") else ("#", "")
    stem, _, query = f"{path}{rest}".partition("?")
    knocking = knock(ledger, rng, time, intrusion.door)
    request = replace(
        knocking,
        took=took,
        client=intrusion.client,
        agent=intrusion.agent,
        status=status,
        received=rng.randrange(300, 1400),
        sent=rng.randrange(200, 3000),
        hop=Hop(
            ledger.org.fqdn,
            version="15.00.0000.000",
            anchor=f"ServerInfo~a]@{ledger.org.fqdn}:444{path}{tail}",
            hint="X-BEResource-Cookie",
            routing="CrossRegion",
            status=str(status),
        ),
    )
    ledger.web(request, claim)
    query = "&".join(part for part in (query, f"ActID={activity}") if part)
    ledger.call(
        Call(time, took - 3, "POST", stem, query, ledger.org.computer, intrusion.agent, status),
        claim,
    )
    return activity


def reach(ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion) -> datetime:
    """Log the forged requests up to the logon; return when the next may follow."""
    org = ledger.org
    probed, reached = Stage.PROBED, Stage.REACHED
    _forged(ledger, rng, time, intrusion, ("/ecp/about.aspx?a=", 500, Claim("ssrf", probed, SSRF)))
    text = (
        f"Current user: '{org.domain}/Users/Administrator'\r\nRequest for URL "
        f"'https://{org.fqdn}:444/ecp/about.aspx?a=]:444{intrusion.door}"
        f"(https://{org.address}{intrusion.door})' failed with the following error:\r\n"
        "System.Web.HttpUnhandledException (0x80004005): Exception of type "
        "'System.Web.HttpUnhandledException' was thrown. ---> System.NullReferenceException"
    )
    event = events.application(later(time, 4), "MSExchange Control Panel", 4, 2, text)
    ledger.event(event, Claim("control-panel-error", reached, SSRF))
    for path, status, claim in (
        ("/autodiscover/autodiscover.xml?", 200, Claim("ssrf-autodiscover", probed, SSRF)),
        ("/mapi/emsmdb/?", 200, Claim("ssrf-mapi", reached, SSRF)),
        ("/ecp/proxyLogon.ecp?", 241, Claim("proxylogon", reached, SSRF)),
    ):
        time = later(time, rng.randrange(380, 900))
        _forged(ledger, rng, time, intrusion, (path, status, claim))
    return later(time, rng.randrange(300, 700))


def write_page(ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion) -> datetime:
    """Log the virtual directory that is changed and reset, and the page that this writes."""
    name = f"{ledger.org.server}\\OAB (Default Web Site)"
    site = f"WebSiteName='Default Web Site'.Server='{ledger.org.server}'.Role='ClientAccess'"
    look = f"Get-OabVirtualDirectory.ADPropertiesOnly='True'.Identity='{intrusion.directory}'"
    change = (
        f"Set-OabVirtualDirectory.ExternalUrl='{pages.markup(intrusion.parameter)}'"
        f".Identity='{intrusion.directory}'"
    )
    remove = f"Remove-OabVirtualDirectory.Force='True'.Identity='{name}'"
    planted = Stage.PLANTED
    clients = intrusion.clients or (intrusion.client,)
    steps = (
        ("GetObject", "OABVirtualDirectory", (look,), Claim("ddi-get", Stage.REACHED, SSRF)),
        ("SetObject", "OABVirtualDirectory", (change,), Claim("ddi-set", planted, WRITE)),
        (
            "SetObject",
            "ResetOABVirtualDirectory",
            (remove, f"New-OabVirtualDirectory.{site}"),
            Claim("ddi-reset", planted, WRITE),
        ),
    )
    for number, step in enumerate(steps):
        time = later(time, rng.randrange(500, 1100))
        caller = replace(intrusion, client=clients[number % len(clients)])
        _ddi(ledger, rng, time, caller, step)
    _directory_events(ledger, time, intrusion)
    _page_written(ledger, rng, time, intrusion)
    return time


def _ddi(
    ledger: Ledger,
    rng: Dice,
    time: datetime,
    intrusion: Intrusion,
    step: tuple[str, str, tuple[str, ...], Claim],
) -> None:
    method, schema, commands, claim = step
    path = f"/ecp/DDI/DDIService.svc/{method}?schema={schema}&msExchEcpCanary={intrusion.canary}"
    activity = _forged(ledger, rng, time, intrusion, (path, 200, claim))
    for number, command in enumerate(commands):
        moment = later(time, number - 12)
        row = Command(moment, 88, intrusion.session, command, path, activity)
        ledger.command(row, replace(claim, what=command.partition(".")[0]))


def _directory_events(ledger: Ledger, time: datetime, intrusion: Intrusion) -> None:
    org = ledger.org
    name = f"{org.server}\\OAB (Default Web Site)"
    change = f'-ExternalUrl "{pages.markup(intrusion.parameter)}"'
    steps = (
        (-900, "Set", f'{change} -Identity "OAB (Default Web Site)"'),
        (-40, "Remove", f'-Force "True" -Identity "{name}"'),
        (-6, "New", f'-WebSiteName "Default Web Site" -Server "{org.server}" -Role "ClientAccess"'),
    )
    for offset, verb, parameters in steps:
        noun = f"{verb}-OabVirtualDirectory"
        event = events.cmdlet(later(time, offset), org, org.admin, noun, parameters)
        ledger.event(event, Claim(f"cmdlet-{noun}", Stage.PLANTED, WRITE))
    for number, verb in ((47, "started"), (48, "finished")):
        text = (
            f"Current User: '{org.admin.sid}'\r\nExchange Control Panel {verb} an Async web "
            "request in the thread 176.\r\nCommand: 'SetObject'"
        )
        moment = later(time, -1000 + 980 * (number - 47))
        ledger.event(events.application(moment, "MSExchange Control Panel", number, 4, text))
    text = (
        "There was an error during processing of the managed application service auto-start for "
        "application pool: 'MSExchangeOABAppPool'."
    )
    for number in range(5):
        moment = later(time, -30 + number)
        ledger.event(events.application(moment, "Microsoft-Windows-IIS-W3SVC-WP", 2303, 3, text))


def _page_written(ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion) -> None:
    claim = Claim("shell-written", Stage.PLANTED, WRITE)
    ledger.event(events.file_created(later(time, -35), "System", 4, intrusion.shell), claim)
    ledger.event(events.share_written(later(time, -37), ledger.org, intrusion.shell), claim)
    dump = pages.directory_dump(ledger, pages.markup(intrusion.parameter), time)
    ledger.page(intrusion.shell, time, dump, replace(claim, what="shell-file"))


def use_shell(ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion) -> datetime:
    """Log the first requests for the page, its compilation, and the commands that it ran."""
    worker = events.worker(POOL, rng.randrange(2000, 30000), ledger.spec.install)
    compile_page(ledger, rng, later(time, 900), worker)
    record = (
        '<?xml version="1.0" encoding="utf-8"?>\r\n'
        f'<preserve resultType="3" virtualPath="{intrusion.url}" hash="{rng.getrandbits(32):x}" '
        f'filehash="{rng.getrandbits(56):x}" flags="110000" '
        f'assembly="App_Web_{rng.getrandbits(32):08x}" '
        f'type="ASP.{intrusion.url.rpartition("/")[2].replace(".", "_")}">\r\n'
        f'  <filedeps><filedep name="{intrusion.url}" /></filedeps>\r\n</preserve>\r\n'
    )
    folder = (
        "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Temporary ASP.NET Files\\owa\\"
        "8e05b027\\e164d61b\\"
    )
    name = f"{intrusion.url.rpartition('/')[2]}.{rng.getrandbits(32):08x}.compiled"
    executed = Stage.EXECUTED
    ledger.page(folder + name, time, record, Claim("compile-record", executed, WRITE))
    return give_orders(ledger, rng, time, intrusion, worker)


def give_orders(
    ledger: Ledger, rng: Dice, time: datetime, intrusion: Intrusion, worker: Process
) -> datetime:
    """Log four orders to the page, and the commands that three of them ran."""
    executed = Stage.EXECUTED
    for number in range(4):
        time = later(time, rng.randrange(1500, 9000))
        request = replace(
            knock(ledger, rng, time, intrusion.url, "Owa"),
            took=rng.randrange(40, 1900) + 1400 * (number == 0),
            client=intrusion.client,
            agent=intrusion.agent,
            status=200,
            received=rng.randrange(90, 600),
            sent=180 + 971 * number,
        )
        ledger.web(request, Claim("shell-post", executed, WRITE))
        if number:
            run_command(ledger, rng, later(time, -30), worker, WRITE)
    return time


def run_command(ledger: Ledger, rng: Dice, time: datetime, parent: Process, cve: str) -> None:
    """Log a command interpreter below a server process, and what it started."""
    folder = "C:\\Windows\\System32\\"
    shell = Process(f"{folder}cmd.exe", "cmd /c whoami", rng.randrange(2000, 30000))
    child = Process(f"{folder}whoami.exe", "whoami", rng.randrange(2000, 30000))
    for event in events.started(time, ledger.org, parent, shell):
        ledger.event(event, Claim("child-of-server-process", Stage.EXECUTED, cve))
    for event in events.started(later(time, 12), ledger.org, shell, child):
        ledger.event(event, Claim("whoami", Stage.EXECUTED, cve))


def _second_way(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log the address book service's complaint about a page outside its own folder."""
    target = f"C:\\inetpub\\wwwroot\\aspnet_client\\{rng.getrandbits(32):08x}.aspx"
    line = oab.download_failed(time, target)
    claim = Claim("oab-temporary-file", Stage.PLANTED, ADDRESS_BOOK)
    ledger.address_book(time, line, claim)
