"""What did they get? The ledger of data that was taken, read or within reach on one server.

Each entry says what, how much within bounds, by whom, how sure, and which log would tell more.
Every kind of data is answered besides, also where there is nothing in the ledger; nothing here says
that no data was taken.
"""

from extriage.analysis.exposure.answers import answers
from extriage.analysis.exposure.exports import Exports, exports
from extriage.analysis.exposure.fetched import Fetches, fetched_files
from extriage.analysis.exposure.leaking import leaks
from extriage.analysis.exposure.mailreads import Reads
from extriage.analysis.exposure.orders import place
from extriage.analysis.exposure.seen import Ledger, Seen
from extriage.analysis.exposure.told import server_secrets, told
from extriage.analysis.pageurl import directories, url_of
from extriage.knowledge.exposures import exposure_groups, exposure_kinds
from extriage.model.exposure import Exposed, Exposure

__all__ = ["Ledger", "Seen", "ledger"]

ITEMS = 5000
"""Entries of one server; what left comes first."""
_ORDER = tuple(Exposed)


def ledger(seen: Seen) -> Ledger:
    """Return the ledger of one server: what left first, the surest first, mailboxes first."""
    ordered, files, reads = Exports(seen), Fetches(seen), Reads(seen)
    for record in seen.records():
        ordered.see(record)
        files.see(record)
        reads.see(record)
    exported = exports(ordered)
    items = list(exported.items)
    served = directories(seen.facts)
    paths = (place(one.export.file).replace("\\", "/") for one in items if one.export)
    urls = frozenset(url for path in paths if (url := url_of(path, served)))
    items += fetched_files(files, urls, exported.earlier)
    items += reads.exposures()
    items += leaks(seen)
    items += told(seen, items)
    items += server_secrets(seen)
    kept = sorted({one.id: one for one in items}.values(), key=_order)[:ITEMS]
    return Ledger(tuple(kept), answers(seen, kept))


def _order(one: Exposure) -> tuple[int, int, int, str, str, str]:
    first = one.first.isoformat() if one.first else "~"
    group = tuple(exposure_groups()).index(exposure_kinds()[one.kind].group)
    return (_ORDER.index(one.state), -one.certainty.rank, group, first, one.kind, one.object)
