"""Writes the files that a server would have left: ordinary logs, and what an intrusion adds.

For the demonstration, for tests and for measuring speed. Everything is text; nothing is run or
sent, and what looks like a web shell does not compile. Names and addresses are reserved ones.
"""

from pathlib import Path

from extriage.samples import background, chain, noise, pages, scanners, voicemail
from extriage.samples.big import write_big_iis, write_big_log
from extriage.samples.ledger import Ledger
from extriage.samples.organisation import dice, organisation
from extriage.samples.spec import Planted, ServerSpec

__all__ = ["Planted", "ServerSpec", "truth", "write_big_iis", "write_big_log", "write_server"]


def write_server(folder: Path, spec: ServerSpec) -> None:
    """Write one sample server below a folder; the same specification gives the same bytes."""
    ledger = Ledger(spec, organisation(spec))
    noise.fill(ledger)
    pages.benign(ledger, dice(spec, "pages"))
    _attack(ledger)
    ledger.write(folder)


def truth(spec: ServerSpec) -> tuple[Planted, ...]:
    """Return what `write_server` plants, in the order of time, without writing anything."""
    ledger = Ledger(spec, organisation(spec))
    _attack(ledger)
    return tuple(sorted(ledger.planted, key=lambda planted: planted.time))


def _attack(ledger: Ledger) -> None:
    if ledger.spec.attack == "none":
        return
    if ledger.spec.attack == "background":
        background.fill(ledger)
        return
    scanners.visit(ledger)
    if ledger.spec.attack == "chain":
        module = voicemail if ledger.spec.product == "2010" else chain
        module.intrude(ledger)
