"""Sightings and derived indicators as rows of `case.db`."""

from collections.abc import Iterable, Iterator

from extriage.casefile.cells import Row, iso, listed
from extriage.model.case import Case
from extriage.model.host import Host
from extriage.model.indicator import Derived, Sighting

INDICATOR_TABLES = """
CREATE TABLE sightings (host TEXT, level TEXT, type TEXT, value TEXT, place TEXT, count INTEGER,
  first TEXT, last TEXT, text TEXT, source TEXT, confidence TEXT, cluster TEXT, campaign TEXT,
  first_seen TEXT, last_seen TEXT, licence TEXT, tlp TEXT, reference TEXT, note TEXT);
CREATE TABLE sighting_proofs (host TEXT, type TEXT, value TEXT, source TEXT, path TEXT,
  line INTEGER, text TEXT);
CREATE TABLE indicators_derived (type TEXT, value TEXT, certainty TEXT, first_seen TEXT,
  last_seen TEXT, hosts TEXT, clusters TEXT, because TEXT, findings TEXT, look_alikes TEXT);
"""


def sighting_rows(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the tables about the sightings of one server, with their rows."""
    yield "sightings", [_sighting(host.name, one) for one in host.sightings]
    yield (
        "sighting_proofs",
        [
            (host.name, one.indicator.type, one.indicator.value, one.indicator.source)
            + (proof.path, proof.line, proof.text)
            for one in host.sightings
            for proof in one.proofs
        ],
    )


def derived_rows(case: Case) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the table of what a case gives to be looked for elsewhere."""
    yield "indicators_derived", [_derived(one) for one in case.indicators]


def _sighting(host: str, one: Sighting) -> Row:
    known = one.indicator
    first, last = known.first_seen, known.last_seen
    return (
        (host, one.level, known.type, known.value, one.where, one.count, iso(one.first))
        + (iso(one.last), one.text, known.source, known.confidence, known.cluster, known.campaign)
        + (first.isoformat() if first else None, last.isoformat() if last else None)
        + (known.licence, known.tlp, known.reference, known.note)
    )


def _derived(one: Derived) -> Row:
    return (
        (one.type, one.value, one.certainty, iso(one.first_seen), iso(one.last_seen))
        + (listed(one.hosts), listed(one.clusters), one.because, listed(one.findings))
        + (listed(one.look_alikes),)
    )
