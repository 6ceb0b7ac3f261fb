"""Which lines of evidence an answer rests on: the furthest and surest first, and never too many."""

from collections.abc import Iterable, Sequence

from extriage.analysis.answers.asking import Lines
from extriage.model.answer import Reference
from extriage.model.detection import Finding
from extriage.model.exposure import Exposure
from extriage.model.host import Host
from extriage.model.persistence import Persistence
from extriage.model.state import Proof

MOST = 6
EACH = 2


def of_findings(host: Host, findings: Iterable[Finding]) -> Lines:
    """Return the first lines of findings, those that prove most before all others."""
    ranked = sorted(findings, key=_weight)
    first = [one for finding in ranked for one in _lines(host, finding)[:EACH]]
    return _bounded(first, sum(finding.count for finding in ranked))


def of_ways(host: Host, ways: Iterable[Persistence]) -> Lines:
    """Return the lines that ways back rest on."""
    return _of_proofs(host, [(one.id, one.proofs) for one in ways])


def of_exposures(host: Host, exposures: Iterable[Exposure]) -> Lines:
    """Return the lines that the ledger of data rests on."""
    return _of_proofs(host, [(one.id, one.proofs) for one in exposures])


def of_proofs(host: Host, proofs: Iterable[Proof]) -> Lines:
    """Return lines that belong to no finding."""
    return _of_proofs(host, [("", tuple(proofs))])


def _of_proofs(host: Host, groups: Sequence[tuple[str, tuple[Proof, ...]]]) -> Lines:
    hashes = {
        (line.path, line.line): line.sha256
        for finding in host.findings
        for line in finding.evidence
    }
    each = EACH if len(groups) > 1 else MOST
    first = [
        Reference(host.name, proof.path, proof.line, hashes.get((proof.path, proof.line), ""), name)
        for name, proofs in groups
        for proof in proofs[:each]
    ]
    return _bounded(first, sum(len(proofs) for _, proofs in groups))


def _lines(host: Host, finding: Finding) -> list[Reference]:
    return [
        Reference(host.name, line.path, line.line, line.sha256, finding.id)
        for line in finding.evidence
    ]


def _weight(finding: Finding) -> tuple[int, int, int, str]:
    stage = finding.stage.rank if finding.stage else 0
    return (-stage, -finding.certainty.rank, -finding.level.rank, finding.id)


def _bounded(lines: Iterable[Reference], total: int) -> Lines:
    once = {(one.path, one.line): one for one in reversed(list(lines))}
    kept = tuple(reversed(list(once.values())))[:MOST]
    return Lines(kept, max(total - len(kept), 0))
