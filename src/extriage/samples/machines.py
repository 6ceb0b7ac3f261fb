"""What the server does by itself: health probes, services, compilers, address book generation."""

from datetime import datetime

from extriage.samples import events, oab
from extriage.samples.ecp import Command
from extriage.samples.events import Process
from extriage.samples.httpproxy import PROTOCOLS
from extriage.samples.ledger import Ledger
from extriage.samples.organisation import Dice, User, guid, later
from extriage.samples.spec import packed
from extriage.samples.web import Call, Hop, Request

_STEMS = {
    "Autodiscover": "/autodiscover/",
    "Eas": "/Microsoft-Server-ActiveSync/",
    "Ecp": "/ecp/",
    "Ews": "/ews/",
    "Mapi": "/mapi/emsmdb/",
    "Oab": "/oab/",
    "Owa": "/owa/",
    "PowerShell": "/powershell/",
    "RpcHttp": "/rpc/",
}
_NET = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\"
_SYSTEM32 = "C:\\Windows\\System32\\"


def probe(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log one health probe of one protocol."""
    probe_protocol(ledger, rng, time, rng.choice(PROTOCOLS))


def probe_protocol(ledger: Ledger, rng: Dice, time: datetime, protocol: str) -> None:
    """Log a local probe of a protocol by a health mailbox."""
    user, took = rng.choice(ledger.org.health), rng.randrange(1, 20)
    ledger.web(
        Request(
            time=time,
            took=took,
            request_id=guid(rng),
            protocol=protocol,
            method="GET",
            host="localhost",
            stem=_STEMS[protocol],
            client="127.0.0.1",
            agent="AMProbe/Local/ClientAccess",
            status=200,
            user=user.account,
            authentication="Negotiate",
            hop=Hop(
                ledger.org.fqdn,
                anchor=f"Sid~{user.sid}",
                hint="WindowsIdentity",
                status="",
                database=user.database,
            ),
        )
    )


def control_panel_probe(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log the health probe of the control panel, which goes straight to the back end."""
    user, activity = rng.choice(ledger.org.health), guid(rng)
    stem = "/ecp/RulesEditor/InboxRules.svc/GetList"
    canary = f"msExchEcpCanary={token(rng)}"
    agent = "Mozilla/4.0 (compatible; MSIE 9.0; Windows NT 6.1; MSEXCHMON; ACTIVEMONITORING; ECP)"
    query = f"{canary}&ActID={activity}"
    ledger.call(Call(time, 14, "POST", stem, query, user.account, agent, 200))
    ledger.command(Command(time, 13, guid(rng), "Get-InboxRule", f"{stem}?{canary}", activity))


def token(rng: Dice) -> str:
    """Return a canary as the control panel makes them: 76 characters, ending with a dot."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return "".join(rng.choices(letters, k=75)) + "."


def remote_shell_probe(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log the health probe of remote PowerShell."""
    user = rng.choice(ledger.org.health)
    for action in ("New-PSSession:Receive", "Get-Mailbox:Command"):
        remote_shell(ledger, rng, time, user, f"{action}|ActiveMonitor")
        time = later(time, 33)
    ledger.event(events.logon(time, ledger.org, user))


def remote_shell(ledger: Ledger, rng: Dice, time: datetime, user: User, act: str) -> None:
    """Log one remote PowerShell request; `act` is its action and the application's name."""
    org, build, took = ledger.org, ledger.spec.build_at(time), rng.randrange(6, 60)
    action, _, application = act.partition("|")
    version = f"Version_{build[0]}.{build[1]}_(Build_{build[2] - 1}.0)"
    query = (
        f"clientApplication={application};PSVersion=5.1.14393.4225"
        f"&sessionID={version}={token(rng)[:60]}="
    )
    cookie = f"Server~{org.fqdn}~{packed(build)}~{later(time, 6e5):%Y-%m-%dT%H:%M:%S}"
    ledger.web(
        Request(
            time=time,
            took=took,
            request_id=guid(rng),
            protocol="PowerShell",
            method="POST",
            host=org.fqdn,
            stem="/powershell",
            query=query,
            client=org.address,
            agent="Microsoft WinRM Client",
            status=200,
            user=user.account,
            authentication="Kerberos",
            action=action,
            received=2014,
            sent=934,
            info=f"SessionId={guid(rng).upper()};ShellId={guid(rng).upper()};",
            hop=Hop(
                org.fqdn,
                anchor=f"ServerVersion~Version {build[0]}.{build[1]} (Build {build[2] - 1}.0)",
                hint="ExchClientVer-ServerCookie",
                cookie=cookie,
            ),
        )
    )
    agent = "Microsoft WinRM Client"
    ledger.call(Call(time, took, "POST", "/powershell", query, user.account, agent, 200))


def address_book(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log a generation of the address book that leaves a temporary file where it belongs."""
    folder = f"{ledger.spec.install}ClientAccess\\OAB\\{ledger.org.oab}"
    name = f"{guid(rng)}-data-{rng.randrange(1, 400)}.lzx"
    ledger.address_book(time, oab.download_failed(time, f"{folder}\\Temp\\{name}"))
    time = later(time, 4200)
    ledger.address_book(time, oab.generated(time, ledger.org.oab, rng.randrange(400, 460)))


def page_compiler(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log the compiler that an application pool starts for pages: a benign child of `w3wp`."""
    pool = rng.choice(("MSExchangeOWAAppPool", "MSExchangeECPAppPool"))
    parent = events.worker(pool, rng.randrange(2000, 30000), ledger.spec.install)
    compile_page(ledger, rng, time, parent)


def compile_page(ledger: Ledger, rng: Dice, time: datetime, parent: Process) -> None:
    """Log the two programs that compile one page for a worker process."""
    name = f"{rng.getrandbits(40):08x}"
    files = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Temporary ASP.NET Files"
    compiler = Process(
        f"{_NET}csc.exe",
        f'"{_NET}csc.exe" /noconfig /fullpaths @"{files}\\owa\\8e05b027\\{name}.cmdline"',
        rng.randrange(2000, 30000),
    )
    linker = Process(
        f"{_NET}cvtres.exe",
        f'{_NET}cvtres.exe /NOLOGO /READONLY /MACHINE:IX86 "/OUT:C:\\Windows\\TEMP\\RES{name}.tmp"',
        rng.randrange(2000, 30000),
    )
    for event in events.started(time, ledger.org, parent, compiler):
        ledger.event(event)
    for event in events.started(later(time, 60), ledger.org, compiler, linker):
        ledger.event(event)


def fault_report(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log a fault reporter below a worker process: the other benign child."""
    spec = ledger.spec
    parent = events.worker("MSExchangeOWAAppPool", rng.randrange(2000, 30000), spec.install)
    if spec.product != "2019" and rng.random() < 0.5:
        image = f"{spec.install}Bin\\UMWorkerProcess.exe"
        parent = Process(image, f'"{image}" -port:5063', rng.randrange(2000, 30000))
    child = Process(
        f"{_SYSTEM32}WerFault.exe",
        f"{_SYSTEM32}WerFault.exe -u -p {parent.number} -s 2104",
        rng.randrange(2000, 30000),
    )
    for event in events.started(time, ledger.org, parent, child):
        ledger.event(event)


def health_worker(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log a program that Exchange's health manager starts."""
    image = f"{ledger.spec.install}Bin\\MSExchangeHMWorker.exe"
    parent = Process(image, f'"{image}" -pipe:3208 -workerListening', 12252)
    child = Process(
        f"{_SYSTEM32}netsh.exe", '"netsh" interface tcp show global', rng.randrange(2000, 30000)
    )
    for event in events.started(time, ledger.org, parent, child):
        ledger.event(event)


def voice_cache(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log Unified Messaging's own files and its ordinary errors (not in Exchange 2019)."""
    spec = ledger.spec
    if spec.product == "2019":
        return
    image = f"{spec.install}Bin\\UMWorkerProcess.exe"
    target = f"{spec.install}UnifiedMessaging\\grammars\\CacheCleanup.bin"
    ledger.event(events.file_created(time, image, rng.randrange(2000, 30000), target))
    text = (
        "The Unified Messaging server was unable to process a message. "
        "Exception of type 'System.OutOfMemoryException' was thrown."
    )
    provider = "MSExchange Unified Messaging"
    ledger.event(events.application(later(time, 900), provider, 1082, 2, text))


def housekeeping(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log logons, services and the application starts of the front end."""
    ledger.event(events.logon(time, ledger.org, rng.choice(ledger.org.users)))
    service = rng.choice(("Windows Update", "WMI Performance Adapter", "Software Protection"))
    state = rng.choice(("running", "stopped"))
    ledger.event(events.service_state(later(time, 800), service, state))
    text = f"[{rng.choice(PROTOCOLS)}] Application starting."
    provider = "MSExchange Front End HTTP Proxy"
    ledger.event(events.application(later(time, 1500), provider, 1001, 4, text))


def health_mailboxes(ledger: Ledger, rng: Dice, time: datetime) -> None:
    """Log the cmdlet that the health manager runs on its mailboxes."""
    mailbox = rng.choice(ledger.org.health)
    name = mailbox.mail.partition("@")[0]
    parameters = f'-Identity "{ledger.org.domain}/Monitoring Mailboxes/{name}" -Force "True"'
    ledger.event(events.cmdlet(time, ledger.org, mailbox, "Set-Mailbox", parameters))
