"""CVE-2021-26857 as Exchange 2010 logs it: Unified Messaging deserialises, writes and starts."""

from dataclasses import replace

from extriage.model.detection import Stage
from extriage.samples import events, pages
from extriage.samples.chain import POOL, run_command
from extriage.samples.events import Process
from extriage.samples.ledger import Claim, Ledger
from extriage.samples.organisation import dice, later
from extriage.samples.scanners import knock

CVE = "CVE-2021-26857"


def intrude(ledger: Ledger) -> None:
    """Write the chain; on a patched server nothing is logged."""
    spec = ledger.spec
    if spec.is_patched(spec.chain_at):
        return
    rng, time = dice(spec, "chain"), spec.chain_at
    image = f"{spec.install}Bin\\UMWorkerProcess.exe"
    worker = Process(image, f'"{image}" -port:5063 -sport:5064', rng.randrange(2000, 30000))
    text = (
        "The Microsoft Exchange Unified Messaging service was unable to process a message header. "
        "System.InvalidCastException: Unable to cast object of type "
        "'Microsoft.VisualStudio.Text.Formatting.TextFormattingRunProperties' to type "
        "'Microsoft.Exchange.UM.UMCore.ContactInfo'."
    )
    event = events.application(time, "MSExchange Unified Messaging", 1423, 2, text)
    ledger.event(event, Claim("um-invalid-cast", Stage.REACHED, CVE))
    run_command(ledger, rng, later(time, 180), worker, CVE)
    name = f"{rng.getrandbits(32):08x}.aspx"
    target = f"{spec.install}ClientAccess\\owa\\auth\\{name}"
    written = Claim("shell-written", Stage.PLANTED, CVE)
    moment = later(time, 4200)
    ledger.event(events.file_created(moment, image, worker.number, target), written)
    page = f'<%@ Page Language="JScript" %>\r\n{pages.markup()}\r\n'
    ledger.page(target, moment, page, replace(written, what="shell-file"))
    pool = events.worker(POOL, rng.randrange(2000, 30000), spec.install)
    client = f"203.0.113.{rng.randrange(3, 250)}"
    for _ in range(3):
        moment = later(moment, rng.randrange(4000, 20000))
        request = replace(
            knock(ledger, rng, moment, f"/owa/auth/{name}", "Owa"),
            client=client,
            agent="python-requests/2.25.1",
            took=rng.randrange(40, 900),
            status=200,
        )
        ledger.web(request, Claim("shell-post", Stage.EXECUTED, CVE))
        run_command(ledger, rng, later(moment, -20), pool, CVE)
