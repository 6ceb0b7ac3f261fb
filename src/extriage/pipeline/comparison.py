"""Show rules what comparing the pages of all servers gave: with Microsoft's, and with one another.

This comes when all evidence was read, because only then it is known which server a page belongs to,
and which build runs there.
"""

from collections.abc import Iterator, Mapping

from extriage.analysis.history import history
from extriage.analysis.majority import (
    KIND,
    Comparison,
    Server,
    compare,
    comparison_record,
    pages_of,
)
from extriage.knowledge.builds import number
from extriage.model.evidence import Entry
from extriage.model.reading import ArtifactResult
from extriage.pipeline.collect import Collector
from extriage.pipeline.host import HostEvidence
from extriage.pipeline.pack import Pack


def compare_pages(
    evidence: Mapping[str, HostEvidence], pack: Pack
) -> Iterator[tuple[str, ArtifactResult]]:
    """Compare all pages, write notes into the evidence, and yield what was met, by host."""
    servers = [_server(one) for _, one in sorted(evidence.items())]
    compared = compare([server for server in servers if server.pages])
    for name, path, why in compared.notes:
        evidence[name].notes.setdefault(why, []).append(path)
    for one in compared.found:
        yield one.server, _met(one, pack)


def _server(evidence: HostEvidence) -> Server:
    pages = pages_of(evidence.entries)
    now = None
    if pages:
        now = history(evidence.tallies, evidence.facts, evidence.entries).current
    build = number(now.build) if now else None
    return Server(evidence.name, build, now is not None and now.precision == "su", pages)


def _met(one: Comparison, pack: Pack) -> ArtifactResult:
    record = comparison_record(one)
    text = record.text.encode("utf-8", "backslashreplace")
    collector = Collector(pack.joined, pack.suppressor)
    prefilter = pack.prefilter(KIND)
    literals = {literal for _, literal in prefilter.hits(text.lower())}
    for watch in prefilter.candidates(literals, text.lower()):
        if watch.target.matches(record):
            collector.add(watch, record, text)
    entry = Entry(one.page.path, -1, KIND, "read", sha256=one.page.sha256)
    return ArtifactResult(
        entry, [], list(collector.kept.values()), collector.joins, collector.notes()
    )
