"""Compare evidence with what a case recorded of it: is each file still the one that was read?

The evidence is listed and read as in a scan. Of an archive that has the hash which the case
recorded, nothing is unpacked: what is in it cannot have changed. Any other is read file by file.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from extriage.errors import SourceError, UsageError
from extriage.model.case import Case
from extriage.model.custody import Chain, Container, FileCheck, FileState, Root
from extriage.model.evidence import ByteStream, Entry, Unit
from extriage.pipeline.artifact import HASHED, Progress
from extriage.pipeline.beginning import Beginning, evidence
from extriage.pipeline.containers import INSIDE, files_of, hash_whole
from extriage.pipeline.digest import Digests
from extriage.pipeline.planning.drives import KEPT, REGISTRY, Given, with_server
from extriage.sources import Survey, read
from extriage.sources.directory import labels, shown
from extriage.sources.files import open_file

PIECE = 1 << 20
_SIZES = "{:,} bytes, {:,} were recorded"
_TOGETHER = 256
"""Units whose results are waited for together, so that memory does not grow with the evidence."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a case says of its files, by the path that it shows."""

    rows: Mapping[str, Entry]
    containers: Mapping[str, Container]


@dataclass(slots=True)
class Comparison:
    """What became of the evidence: every file that differs, and how many there are of each."""

    checks: list[FileCheck] = field(default_factory=list)
    """All files, by path."""
    inside: int = 0
    """Files inside unchanged containers, which need no check of their own."""

    def count(self, state: str) -> int:
        """Return how many files are in this state."""
        return sum(check.state == state for check in self.checks)


def roots_of(paths: Sequence[Path]) -> list[Root]:
    """Return where these paths lead to, and their names in the case; UsageError if one is gone."""
    names = labels(paths)
    return [Root(str(path.resolve()), name) for path, name in zip(paths, names, strict=True)]


def recorded_roots(chain: Chain) -> list[Root]:
    """Return the paths that the scan of a case was given, as its run log has them."""
    given = _asked(chain).get("evidence")
    return [
        Root(str(one.get("path", "")), str(one.get("shown", "")))
        for one in (given if isinstance(given, list) else ())
        if isinstance(one, dict)
    ]


def _asked(chain: Chain) -> Mapping[str, object]:
    """Return what the scan was given that made the case: the last one that came to its end."""
    last: Mapping[str, object] = {}
    begun: Mapping[str, object] = {}
    for line in chain.lines:
        if line.what == "scan-started":
            begun = line.facts
        elif line.what == "scan-finished":
            last = begun
    return last or begun


def named_again(roots: Sequence[Root], paths: Sequence[Path]) -> list[Root]:
    """Return the places that the user names now, under the names that the case knows.

    As many paths as the scan was given stand for them, in the same order; UsageError if there are
    more or fewer. If the log names none, the names decide.
    """
    now = roots_of(paths)
    if not roots:
        return now
    if len(now) != len(roots):
        asked = ", ".join(root.path for root in roots)
        raise UsageError(
            f"the scan was given {len(roots)} paths ({asked}): name all of them, in this order"
        )
    known = {root.shown for root in roots}
    if {one.shown for one in now} == known:
        return now
    return [replace(one, shown=root.shown) for one, root in zip(now, roots, strict=True)]


def recorded(case: Case) -> Recorded:
    """Return what a case says of each file; of several rows the one with a hash counts."""
    rows: dict[str, Entry] = {}
    every = [row for host in case.hosts for row in host.manifest.entries]
    for row in (*every, *case.unassigned):
        if row.path not in rows or (row.sha256 and not rows[row.path].sha256):
            rows[row.path] = row
    return Recorded(rows, {one.path: one for one in case.custody.containers})


def recorded_drives(chain: Chain) -> Given:
    """Return the drives that the scan was given, and whether it read all files."""
    facts = _asked(chain)
    drives = facts.get("drives")
    listed = drives if isinstance(drives, list) else ()
    named = tuple(one for one in listed if isinstance(one, str) and "\0" not in one)
    return Given(facts.get("live") is True, named, facts.get("everything") is True)


def listed(roots: Iterable[Root], drives: Given, folder: Path) -> Iterator[Survey]:
    """List the evidence again as the scan did; `folder` is that of the case."""
    for root in roots:
        yield _survey(root, whole=drives.whole)
    if drives.drives:
        digests = Digests(1)
        try:
            yield with_server(Beginning(Survey((), ()), digests), drives, folder).found
        finally:
            digests.stop()


def kept(folder: Path) -> Survey:
    """List what a live server said, which the case folder keeps: it can be asked no more."""
    file = folder / KEPT
    if not file.is_file():
        return Survey((), ())
    return Survey((Unit(str(file), REGISTRY, file.stat().st_size),), ())


def only(known: Recorded, names: Iterable[str]) -> Recorded:
    """Return what a case says of the files with these names, and of those below them."""
    below = tuple(names)

    def there(path: str) -> bool:
        return any(path == name or path.startswith((f"{name}/", f"{name}!")) for name in below)

    return Recorded(
        {path: row for path, row in known.rows.items() if there(path)},
        {path: one for path, one in known.containers.items() if there(path)},
    )


def compare(
    known: Recorded, surveys: Iterable[Survey], jobs: int = 1, progress: Progress | None = None
) -> Comparison:
    """Compare all files that were listed with what is known, and name those that are gone."""
    found = Comparison()
    met: set[str] = set()
    for surveyed in surveys:
        groups = list(_groups(surveyed.units))
        for check in _checked(known, groups, jobs, progress):
            if check.path not in met:
                met.add(check.path)
                found.checks.append(check)
        for entry in surveyed.entries:
            if entry.path not in met:
                met.add(entry.path)
                found.checks.append(_unopened(known, entry))
    unread = {check.path for check in found.checks if check.state == "unread"}
    whole = {check.path for check in found.checks if check.state == "same"} & set(known.containers)
    for path in sorted({*known.rows, *known.containers} - met):
        outer = _outer(path)
        if outer & whole:
            found.inside += 1
        elif not outer & unread:
            # NOTE: what was in a container that is gone is told by the container.
            unread.add(path)
            found.checks.append(FileCheck(path, "missing", _hash_of(known, path)))
    found.checks.sort(key=lambda check: check.path)
    return found


def _survey(root: Root, *, whole: bool) -> Survey:
    """List what lies below one root, under the names of the case."""
    path = Path(root.path)
    found, own = evidence([path], whole=whole), labels([path])[0]

    def named(name: str) -> str:
        below = name.removeprefix(own)
        return root.shown + below if name.startswith(own) else name

    units = (replace(unit, path=named(unit.path)) for unit in found.units)
    entries = (replace(entry, path=named(entry.path)) for entry in found.entries)
    return Survey(tuple(units), tuple(entries))


def _groups(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Put the units of one file together."""
    group: list[Unit] = []
    for unit in units:
        if group and group[0].path != unit.path:
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def _checked(
    known: Recorded, groups: Sequence[list[Unit]], jobs: int, progress: Progress | None
) -> Iterator[FileCheck]:
    with ThreadPoolExecutor(jobs) as pool:
        for start in range(0, len(groups), _TOGETHER):
            some = groups[start : start + _TOGETHER]
            for group, checks in zip(
                some, pool.map(lambda units: _file(known, units), some), strict=True
            ):
                yield from checks
                if progress is not None:
                    progress(sum(max(unit.size, 0) for unit in group))


def _file(known: Recorded, units: Sequence[Unit]) -> list[FileCheck]:
    """Compare one file on disk, or what is in it."""
    unit = units[0]
    container = known.containers.get(unit.path)
    checks: list[FileCheck] = []
    if container is not None:
        checks = _parts(known, unit)
        if container.sha256 and all(check.state != "changed" for check in checks):
            return checks
    elif _seen_only(known, unit):
        return [_by_size(known, unit.path, unit.size)]
    for one in units:
        checks += _inside(known, one)
    return checks


def _parts(known: Recorded, unit: Unit) -> list[FileCheck]:
    """Compare a container, and the other parts of it if it is an image of several files."""
    folder, checks = unit.path.rpartition("/")[0], []
    for at, part in enumerate(files_of(unit.file)):
        path = f"{folder}/{shown(part.name)}".lstrip("/") if at else unit.path
        recorded = known.containers.get(path)
        if recorded is None:
            checks.append(FileCheck(path, "new", reason=f"another part of {unit.path}"))
        elif recorded.sha256:
            checks.append(_whole(str(part), path, recorded.sha256))
        else:
            checks.append(_sized(part, path, recorded))
    return checks


def _sized(part: Path, path: str, recorded: Container) -> FileCheck:
    """Compare an image that was not hashed as a whole: its size at least."""
    try:
        size = part.stat().st_size
    except OSError as error:
        return FileCheck(path, "unread", reason=str(error.strerror))
    if size == recorded.size:
        return FileCheck(path, "not-hashed", reason=recorded.note)
    return FileCheck(path, "changed", reason=_SIZES.format(size, recorded.size))


def _whole(file: str, path: str, sha256: str) -> FileCheck:
    try:
        with open_file(file) as opened:
            now = hash_whole(opened, _unheard)
    except SourceError as error:
        return FileCheck(path, "unread", sha256, "", str(error))
    return FileCheck(path, "same" if now == sha256 else "changed", sha256, now)


def _inside(known: Recorded, unit: Unit) -> Iterator[FileCheck]:
    """Read all files of a unit, as the scan did, and compare each."""
    try:
        for item in read(unit):
            if isinstance(item, Entry):
                if item.path not in known.containers:
                    yield _unopened(known, item)
            else:
                yield _stream(known, item.artifact.path, item.stream)
    except SourceError as error:
        yield FileCheck(unit.path, "unread", reason=str(error))


def _stream(known: Recorded, path: str, stream: ByteStream) -> FileCheck:
    row = known.rows.get(path)
    if row is not None and not row.sha256 and row.size >= 0:
        # NOTE: the scan read its head at the most; there is no hash to compare with.
        return _by_size(known, path, _length(stream))
    whole, broken = hashlib.sha256(), ""
    try:
        while block := stream.read(PIECE):
            whole.update(block)
    except SourceError as error:
        broken = str(error)
    now = whole.hexdigest()
    if row is None:
        return FileCheck(path, "new", found=now, reason=broken)
    if now == row.sha256:
        return FileCheck(path, "same", row.sha256, now, broken)
    return FileCheck(path, "unread" if broken else "changed", row.sha256, now, broken)


def _length(stream: ByteStream) -> int:
    size = 0
    try:
        while block := stream.read(PIECE):
            size += len(block)
    except SourceError:
        return -1
    return size


def _seen_only(known: Recorded, unit: Unit) -> bool:
    """Tell a large file that the scan did not read: there is no need to read it now."""
    row = known.rows.get(unit.path)
    return row is not None and not row.sha256 and unit.whole and unit.size > HASHED


def _by_size(known: Recorded, path: str, size: int) -> FileCheck:
    row = known.rows[path]
    if size == row.size:
        return FileCheck(path, "not-hashed", reason="the size is the same")
    reason = _SIZES.format(size, row.size) if size >= 0 else "cannot be read"
    return FileCheck(path, "changed" if size >= 0 else "unread", reason=reason)


def _unopened(known: Recorded, entry: Entry) -> FileCheck:
    """Compare what is seen and not read: a link, a pipe, a file that may not be opened."""
    row = known.rows.get(entry.path)
    if row is None:
        return FileCheck(entry.path, "new", "", entry.sha256, entry.reason)
    if row.sha256 and entry.sha256:
        state: FileState = "same" if row.sha256 == entry.sha256 else "changed"
        return FileCheck(entry.path, state, row.sha256, entry.sha256)
    if row.sha256:
        return FileCheck(entry.path, "unread", row.sha256, reason=entry.reason)
    return FileCheck(entry.path, "not-hashed", reason=entry.reason)


def _outer(path: str) -> set[str]:
    """Return the containers around a file, the innermost last."""
    parts = path.split(INSIDE)
    return {INSIDE.join(parts[:count]) for count in range(1, len(parts))}


def _hash_of(known: Recorded, path: str) -> str:
    row, container = known.rows.get(path), known.containers.get(path)
    return row.sha256 if row else container.sha256 if container else ""


def _unheard(_size: int) -> None:
    """Tell nobody: a whole file is counted when it is done."""
