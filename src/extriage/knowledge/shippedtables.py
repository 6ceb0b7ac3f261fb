"""Making the tables of Microsoft's own web files from the lists that they come from.

The lists were part of microsoft/CSS-Exchange (MIT) until 2021 and stand in its history: SHA-256 and
path of the files that set-up puts below `FrontEnd` and `ClientAccess`, for 131 builds from
15.0.516.32 to 15.2.858.5. Two forms are read:

* `relpath,sha256,builds`, packed with gzip: each file that a server could execute, and its builds,
* `sha256,path_lower,path_kind,first_build,last_build,n_builds`: the scripts of the logon page are
  in this one only.

For nine builds the lists know the back end only and leave out `clientaccess`. `version` stands for
a folder that is called like the build.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from extriage.errors import ContentError, UsageError
from extriage.knowledge.builds import number, spell
from extriage.knowledge.pack import write_whole
from extriage.model.exchange import BuildNumber

BUILDS = "shipped_builds.csv"
PAGES = "shipped.csv.gz"
PROGRAMS = "shipped_programs.csv.gz"
TREES = ("frontend", "clientaccess")
LIMIT = 64 << 20
"""Bytes of a list that are read."""
_PROGRAM = (".dll", ".exe")
_VERSION = re.compile(r"\d{1,3}(?:\.\d{1,6}){2,3}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Rows = dict[tuple[str, str], set[BuildNumber]]
"""Path and hash to the builds that ship them."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """What the lists say: files, and which builds they know of each tree."""

    rows: Rows
    covered: Mapping[str, frozenset[BuildNumber]]
    """`frontend` or `clientaccess` to the builds whose files there are known."""


def plain_path(path: str) -> str:
    r"""Return a path of the tables' form: small letters, `/`, none in front, `version` folders."""
    parts = path.replace("\\", "/").strip("/").lower().split("/")
    return "/".join("version" if _VERSION.fullmatch(part) else part for part in parts)


def read_lists(web_files: Path, by_build: Path) -> Shipped:
    """Read both lists; ContentError names the file and line that does not fit."""
    rows: Rows = {}
    exact = _rows(by_build, ("relpath", "sha256", "builds"))
    for place, cells in exact:
        builds = {_build(place, text) for text in cells["builds"].split()}
        rows.setdefault(_key(place, cells["relpath"], cells["sha256"]), set()).update(builds)
    covered = {
        tree: frozenset(
            build for (path, _), builds in rows.items() if path.startswith(tree) for build in builds
        )
        for tree in TREES
    }
    columns = ("sha256", "path_lower", "path_kind", "first_build", "last_build", "n_builds")
    for place, cells in _rows(web_files, columns):
        key = _key(place, cells["path_lower"], cells["sha256"])
        if key[0].endswith(".js"):
            known = covered["frontend"]
            if cells["path_kind"] != "v15-relative":
                known = covered["clientaccess"] - known
            rows.setdefault(key, set()).update(_between(place, cells, known))
    return Shipped(rows, covered)


def write_tables(shipped: Shipped, folder: Path) -> dict[str, int]:
    """Write the tables into a folder; return their rows by name. UsageError if it cannot be."""
    known = shipped.covered["frontend"] | shipped.covered["clientaccess"]
    builds = [
        (spell(build), *("yes" if build in shipped.covered[tree] else "no" for tree in TREES))
        for build in sorted(known)
    ]
    pages, programs = list[tuple[str, ...]](), list[tuple[str, ...]]()
    for (path, sha256), found in sorted(shipped.rows.items()):
        order = sorted(shipped.covered[path.partition("/")[0]])
        row = (path, sha256, _runs(order, found))
        (programs if path.endswith(_PROGRAM) else pages).append(row)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / BUILDS, _csv(("build", *TREES), builds))
        for name, rows in ((PAGES, pages), (PROGRAMS, programs)):
            data = _csv(("path", "sha256", "builds"), rows)
            write_whole(folder / name, gzip.compress(data, 9, mtime=0))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return {BUILDS: len(builds), PAGES: len(pages), PROGRAMS: len(programs)}


def _key(place: str, path: str, sha256: str) -> tuple[str, str]:
    whole = plain_path(path)
    if whole.partition("/")[0] not in TREES:
        whole = f"clientaccess/{whole}"
    if not _SHA256.fullmatch(sha256):
        raise ContentError(f"{place}: sha256 is no SHA-256")
    return whole, sha256


def _build(place: str, text: str) -> BuildNumber:
    found = number(text)
    if found is None:
        raise ContentError(f"{place}: {text[:40]!r} is no build")
    return found


def _between(
    place: str, cells: Mapping[str, str], known: Iterable[BuildNumber]
) -> set[BuildNumber]:
    """Return the builds from the first to the last; ContentError if they are not so many."""
    first, last = _build(place, cells["first_build"]), _build(place, cells["last_build"])
    found = {build for build in known if first <= build <= last}
    if str(len(found)) != cells["n_builds"]:
        raise ContentError(f"{place}: {len(found)} builds are between, not {cells['n_builds']}")
    return found


def _runs(order: list[BuildNumber], builds: Iterable[BuildNumber]) -> str:
    """Write builds as runs of the list of builds: `15.1.225.42..15.1.544.27 15.2.196.0`."""
    runs: list[tuple[int, int]] = []
    for at in sorted(order.index(build) for build in builds):
        if runs and runs[-1][1] == at - 1:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return " ".join(
        spell(order[first]) if first == last else f"{spell(order[first])}..{spell(order[last])}"
        for first, last in runs
    )


def _rows(file: Path, columns: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    text = _text(file)
    reader = csv.DictReader(io.StringIO(text), strict=True)
    missing = set(columns) - set(reader.fieldnames or ())
    if missing:
        raise ContentError(f"{file}: has no column {', '.join(sorted(missing))}")
    try:
        for cells in reader:
            yield f"{file}, line {reader.line_num}", {k: v or "" for k, v in cells.items() if k}
    except csv.Error as error:
        raise ContentError(f"{file}, line {reader.line_num}: {error}") from error


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(LIMIT + 1)
        if data.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(LIMIT + 1)
        if len(data) > LIMIT:
            raise ContentError(f"{file}: is larger than {LIMIT:,} bytes")
        return data.decode("utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise ContentError(f"{file}: is damaged or no text in UTF-8") from error
    except OSError as error:
        raise ContentError(f"{file}: cannot be read ({error.strerror})") from error


def _csv(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return written.getvalue().encode()
