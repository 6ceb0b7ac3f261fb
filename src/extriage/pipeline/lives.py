"""From what was found on each server to the life of its suspect pages."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from extriage.analysis.hosts import HostNames
from extriage.analysis.linefit import LineFit
from extriage.analysis.orders import KIND, Order, order_record, orders, said
from extriage.analysis.pagelife import around, page_lives
from extriage.analysis.pageurl import directories
from extriage.analysis.suspects import MOST, Suspects, suspects
from extriage.model.evidence import Entry
from extriage.model.reading import ArtifactResult
from extriage.pipeline.again import Wanted
from extriage.pipeline.collect import Collector
from extriage.pipeline.host import HostEvidence
from extriage.pipeline.pack import Pack
from extriage.pipeline.pivot import Seen, WebLogs, follow
from extriage.pipeline.results import Results
from extriage.pipeline.worker import decode

_LEFT = "pages that findings name and whose requests were not counted, because {most:,} are: {left}"
_UNREAD = "could not be read a second time: requests for suspect pages are missing from the counts"


def tell_lives(
    found: Results,
    evidence: Mapping[str, HostEvidence],
    logs: WebLogs,
    names: HostNames,
    pack: Pack,
) -> Iterator[tuple[str, ArtifactResult]]:
    """Give every server the lives of its suspect pages; yield the rules met by them, by host.

    Without suspects nothing is read.
    """
    its = {
        host: suspects(pack.ruleset, one.kept, directories(one.facts))
        for host, one in evidence.items()
    }
    chosen = logs.chosen()
    wanted = _wanted(its, pack)
    if found.second is None or not chosen or not (wanted.pages or wanted.names):
        return
    seen = follow(found.second, _with_keys(found), chosen, its, wanted, names)
    for host, one in evidence.items():
        sight = seen.get(host, Seen())
        _tell(one, its[host], sight, pack)
        for order in orders(sight.pages, one.lives, its[host].grounds):
            yield host, _met(order, pack)


def _wanted(its: Mapping[str, Suspects], pack: Pack) -> Wanted:
    entries = enumerate(pack.suppressor.entries)
    return Wanted(
        frozenset[str]().union(*(one.pages for one in its.values())),
        frozenset[str]().union(*(one.names for one in its.values())),
        tuple((at, one) for at, one in entries if one.scanner and one.in_force),
    )


def _with_keys(found: Results) -> Iterator[tuple[str, ArtifactResult]]:
    for key in found.order:
        for data in found.ledger.results([key]):
            for result in decode(data):
                yield key, result


def _met(order: Order, pack: Pack) -> ArtifactResult:
    """Show the rules one owner of a page."""
    record, text = order_record(order), said(order.fields).encode("utf-8", "backslashreplace")
    collector = Collector(pack.joined, pack.suppressor)
    prefilter = pack.prefilter(KIND)
    literals = {literal for _, literal in prefilter.hits(text)}
    for watch in prefilter.candidates(literals, text.lower()):
        if watch.target.matches(record):
            collector.add(watch, record, b"")
    kept = list(collector.kept.values())
    for one in kept:
        # NOTE: the line itself is not at hand any more, but its digest is.
        one.move(lambda line: replace(line, sha256=order.line.sha256))
    entry = Entry(order.line.proof.path, -1, KIND, "read")
    return ArtifactResult(entry, [], kept, collector.joins, collector.notes())


def _tell(evidence: HostEvidence, its: Suspects, seen: Seen, pack: Pack) -> None:
    def own(at: int) -> bool:
        return LineFit(pack.suppressor.entries[at]).on(evidence.name)

    evidence.lives = page_lives(seen.pages, around(seen.walks, own))
    for path in seen.unread:
        evidence.notes.setdefault(_UNREAD, []).append(path)
    if its.left:
        left = ", ".join(one.value for one in its.left[:3])
        text = _LEFT.format(most=MOST, left=f"{len(its.left):,}, such as {left}")
        evidence.notes.setdefault(text, []).append(evidence.name)
