"""Clusters as rows of `case.db`: who is in them, what joins and tells them apart, what is alike."""

from collections.abc import Iterable, Iterator

from extriage.casefile.cells import Row, iso, listed
from extriage.model.case import Case
from extriage.model.cluster import Cluster

TABLES = """
CREATE TABLE clusters (id TEXT PRIMARY KEY, name TEXT, position INTEGER, members TEXT, hosts TEXT,
  first TEXT, last TEXT, hours TEXT, text TEXT);
CREATE TABLE cluster_members (cluster TEXT, host TEXT, intruder TEXT);
CREATE TABLE cluster_features (cluster TEXT, position INTEGER, apart INTEGER, kind TEXT, value TEXT,
  weight INTEGER, joins INTEGER, members TEXT, text TEXT);
CREATE TABLE resemblances (cluster TEXT, position INTEGER, resembles TEXT, indicators INTEGER,
  only_theirs INTEGER, confidence TEXT, text TEXT);
CREATE TABLE resemblance_indicators (cluster TEXT, resembles TEXT, type TEXT, value TEXT,
  source TEXT);
"""


def cluster_rows(case: Case) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the tables about clusters with their rows, in the order of the case."""
    found = case.clusters
    yield "clusters", [_cluster(at, one) for at, one in enumerate(found, 1)]
    yield "cluster_members", [row for one in found for row in _members(one)]
    yield "cluster_features", [row for one in found for row in _features(one)]
    yield (
        "resemblances",
        [
            (one.id, at, r.cluster, r.indicators, r.unique, r.confidence, r.text)
            for one in found
            for at, r in enumerate(one.resembles, 1)
        ],
    )
    yield (
        "resemblance_indicators",
        [
            (one.id, r.cluster, *match)
            for one in found
            for r in one.resembles
            for match in r.matched
        ],
    )


def _cluster(at: int, one: Cluster) -> Row:
    hours = listed(str(count) for count in one.hours)
    return (
        (one.id, one.name, at, listed(one.members), listed(one.hosts))
        + (iso(one.first), iso(one.last), hours, one.text)
    )  # fmt: skip


def _members(one: Cluster) -> Iterator[Row]:
    for member in one.members:
        host, _, intruder = member.rpartition("/")
        yield one.id, host, intruder


def _features(one: Cluster) -> Iterator[Row]:
    told = [*((False, f) for f in one.features), *((True, f) for f in one.apart)]
    for at, (apart, f) in enumerate(told, 1):
        yield (
            (one.id, at, int(apart), f.kind, f.value, f.weight, int(f.joins))
            + (listed(f.members), f.text)
        )  # fmt: skip
