"""Passwords of shells, or their SHA-256, in what a case keeps: pages, cmdlets, ways back.

A password hardly ever stands in a log of requests, since orders come in their bodies. It stands in
the page itself (`Request["…"]`), in the cmdlet that planted it, and in lines that quote either.
"""

from collections.abc import Iterable, Iterator, Sequence

from extriage.analysis.traittexts import digest_of, parameters_in
from extriage.matchers.indicator import Book, Key
from extriage.model.detection import Evidence, Finding
from extriage.model.persistence import Persistence, Presence

TYPES = frozenset({"shell-parameter", "shell-password-sha256"})


def with_passwords(
    findings: Iterable[Finding], ways: Iterable[Persistence], book: Book
) -> Iterator[tuple[str, Key, Evidence]]:
    """Yield where a password that is looked for stands: what kind of place, value, line."""
    if book.types.isdisjoint(TYPES):
        return
    for finding in findings:
        for line in finding.evidence:
            for key in _keys((line.summary, line.text, *line.reasons), book):
                yield "finding", key, line
    for way in ways:
        if way.state is Presence.ATTEMPTED:
            continue
        told = {key: proof for proof in reversed(way.proofs) for key in _keys((proof.text,), book)}
        for key, proof in told.items():
            line = Evidence(proof.path, proof.line, 0, proof.text, "", way.first)
            yield "persistence", key, line


def _keys(texts: Sequence[str], book: Book) -> list[Key]:
    values = dict.fromkeys(value for text in texts for value in parameters_in(text))
    told = (
        (("shell-parameter", v.lower()), ("shell-password-sha256", digest_of(v))) for v in values
    )
    return list(dict.fromkeys(key for pair in told for key in pair if key in book.keys))
