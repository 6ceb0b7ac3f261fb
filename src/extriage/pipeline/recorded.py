"""What a case recorded of each file of its evidence: the rows of its manifest, by their paths."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from extriage.model.case import Case
from extriage.model.custody import Container
from extriage.model.evidence import Entry

TWIN = re.compile("the same file as (.+): read once", re.DOTALL)
"""Why a file with two names was not read under the other."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a case says of its files, by the path that it shows."""

    rows: Mapping[str, Entry]
    containers: Mapping[str, Container]


def recorded(case: Case) -> Recorded:
    """Return what a case says of each file; of several rows the one with a hash counts.

    A file that the scan met under two names has the hash of the one that it read.
    """
    rows: dict[str, Entry] = {}
    every = [row for host in case.hosts for row in host.manifest.entries]
    for row in (*every, *case.unassigned):
        if is_remark(row):
            continue
        if row.path not in rows or (row.sha256 and not rows[row.path].sha256):
            rows[row.path] = row
    for path, row in rows.items():
        twin = rows.get(same[1]) if (same := TWIN.fullmatch(row.reason)) else None
        if twin is not None and not row.sha256:
            rows[path] = replace(row, sha256=twin.sha256)
    return Recorded(rows, {one.path: one for one in case.custody.containers})


def is_remark(row: Entry) -> bool:
    """Tell a row that speaks of a volume of a disk image: it is no file that could change."""
    return row.status == "read" and not row.kind and not row.sha256


def only(known: Recorded, names: Iterable[str]) -> Recorded:
    """Return what a case says of the files with these names, and of those below them."""
    return _chosen(known, tuple(names), below=True)


def without(known: Recorded, names: Iterable[str]) -> Recorded:
    """Return what a case says of all files but those with these names, and those below them."""
    return _chosen(known, tuple(names), below=False)


def _chosen(known: Recorded, names: tuple[str, ...], *, below: bool) -> Recorded:
    def fits(path: str) -> bool:
        held = any(path == name or path.startswith((f"{name}/", f"{name}!")) for name in names)
        return held is below

    return Recorded(
        {path: row for path, row in known.rows.items() if fits(path)},
        {path: one for path, one in known.containers.items() if fits(path)},
    )
