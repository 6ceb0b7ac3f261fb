"""The tables of files that Microsoft ships, as they come with the package, read when first asked.

They were made by `extriage knowledge shipped` (`shippedtables.py` says from what).
"""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from extriage.errors import ContentError
from extriage.knowledge.builds import number
from extriage.knowledge.executed import EXTENSIONS
from extriage.knowledge.shippedtables import BUILDS, PAGES, PROGRAMS, TREES
from extriage.model.exchange import BuildNumber

PAGES_AND_PARTS = EXTENSIONS | {"master"}
"""Extensions of files that IIS executes, or includes in what it executes."""
_PROGRAM = (".dll", ".exe")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of shipped files."""

    hashes: Mapping[str, Mapping[str, str]]
    """Path to its SHA-256 hashes, each with the builds as the table writes them."""
    places: Mapping[str, tuple[str, ...]]
    """SHA-256 to the paths that it ships at."""


def table_for(path: str) -> Table:
    """Return the table in which a path would stand: programs and libraries have their own."""
    return _read(PROGRAMS if path.endswith(_PROGRAM) else PAGES)


@cache
def page_names() -> Mapping[str, tuple[str, ...]]:
    """Return the names of all shipped pages in small letters, each with its paths."""
    found: dict[str, list[str]] = {}
    for path in _read(PAGES).hashes:
        name = path.rpartition("/")[2]
        if name.rpartition(".")[2] in PAGES_AND_PARTS:
            found.setdefault(name, []).append(path)
    return {name: tuple(sorted(paths)) for name, paths in found.items()}


@cache
def known_builds(tree: str = "clientaccess") -> tuple[BuildNumber, ...]:
    """Return the builds of which the tables know one tree, `frontend` or `clientaccess`."""
    column = 1 + TREES.index(tree)
    return tuple(_number(BUILDS, cells[0]) for cells in _rows(BUILDS) if cells[column] == "yes")


@lru_cache(maxsize=4096)
def builds_of(runs: str, tree: str) -> tuple[BuildNumber, ...]:
    """Read builds as a table writes them, `15.1.225.42..15.1.544.27 15.2.196.0`."""
    found: list[BuildNumber] = []
    for run in runs.split():
        first, _, last = run.partition("..")
        low, high = _number(PAGES, first), _number(PAGES, last or first)
        found += [build for build in known_builds(tree) if low <= build <= high]
    return tuple(found)


@cache
def _read(name: str) -> Table:
    hashes: dict[str, dict[str, str]] = {}
    places: dict[str, list[str]] = {}
    for path, sha256, builds in _rows(name):
        hashes.setdefault(path, {})[sha256] = builds
        places.setdefault(sha256, []).append(path)
    return Table(hashes, {sha256: tuple(paths) for sha256, paths in places.items()})


def _rows(name: str) -> Iterable[list[str]]:
    data = files("extriage").joinpath("content", "knowledge", name).read_bytes()
    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
    rows = csv.reader(io.StringIO(text))
    next(rows)
    return rows


def _number(name: str, text: str) -> BuildNumber:
    found = number(text)
    if found is None:
        raise ContentError(f"{name}: {text[:40]!r} is no build")
    return found
