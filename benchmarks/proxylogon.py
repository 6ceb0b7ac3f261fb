"""How many times as fast as Microsoft's script of March 2021 (Test-ProxyLogon.ps1) is a scan?

Writes a server with an intrusion: its logs of all kinds, many HttpProxy logs of 10 MB in the
folders of several protocols, and an Application log. Beside the whole scan with all rules runs the
script's own algorithm in Python (`peer_proxylogon.py`), for the four vulnerabilities alone. Both
must see the same of them.

    python benchmarks/proxylogon.py [--rounds 3] [--scale 1]
"""

import json
import sys
from functools import partial
from pathlib import Path

from contests import Contest, Goal, Maker, Row
from eventlogs import write_logs
from running import main
from scan import bytes_of
from stopwatch import MB, Run, Side, ours, peer, scan

from extriage.samples import ServerSpec, write_big_log, write_server

SIZE = 1_000_000_000
FILE = 10_000_000
PROTOCOLS = ("Autodiscover", "Eas", "Ecp", "Ews", "Mapi", "Owa", "RpcHttp", "PowerShell")
LOGGING = "C/Program Files/Microsoft/Exchange Server/V15/Logging"


def write(server: Path, size: int) -> None:
    """Write the server: about so many bytes of HttpProxy logs, and all that belongs to it."""
    write_server(server, ServerSpec(lines=20_000, attack="chain", hours_per_file=24))
    for number in range(max(1, size // FILE)):
        folder = server / LOGGING / "HttpProxy" / PROTOCOLS[number % len(PROTOCOLS)]
        folder.mkdir(parents=True, exist_ok=True)
        write_big_log(folder / f"HttpProxy_20210220{number:04}-1.LOG", FILE, number % 8)
    events = server / "C/Windows/System32/winevt/Logs/Application.evtx"
    events.parent.mkdir(parents=True)
    write_logs([events], size // 50)


def contest(place: Path, scale: float) -> Contest:
    """Write the server and return its contest."""
    server = place / "EX01"
    write(server, int(SIZE * scale))
    size = bytes_of(server)
    case = place / "case"
    sides = {
        "one": ours("extriage scan --jobs 1", scan(server, case=case)),
        "two": ours("extriage scan --jobs 2", scan(server, case=case, jobs=2)),
        "script": Side("the script's algorithm", peer("peer_proxylogon.py", server)),
    }
    check = partial(seen, case)
    rows = [
        Row("proxylogon", "one", "script", Goal("times as fast", 20), by="cpu", check=check),
        Row("proxylogon-two", "two", "script", Goal("times as fast", 35), check=check),
    ]
    return Contest("a server, beside Test-ProxyLogon's algorithm", size / MB, "MB", sides, rows)


def seen(case: Path, _ours: Run, peer: Run | None) -> str:
    """Say of which vulnerabilities the two do not see the same."""
    hosts = json.loads((case / "case.json").read_bytes())["hosts"]
    found = {cve for host in hosts for finding in host["findings"] for cve in finding["cves"]}
    hits = json.loads(peer.said) if peer else {}
    wrong = [cve for cve, many in hits.items() if bool(many) != (cve in found)]
    return f"not the same of {', '.join(wrong)}" if wrong else ""


CONTESTS: dict[str, Maker] = {"proxylogon": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
