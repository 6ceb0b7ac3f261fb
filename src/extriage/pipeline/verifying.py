"""Compare evidence with what a case recorded of it: is each file still the one that was read?

The evidence is listed and read as in a scan. Of an archive that has the hash which the case
recorded, nothing is unpacked: what is in it cannot have changed. Any other is read file by file.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from extriage.errors import SourceError
from extriage.model.custody import Container, FileCheck, FileState, Root
from extriage.model.evidence import ByteStream, Entry, Unit
from extriage.pipeline.artifact import HASHED, Progress
from extriage.pipeline.beginning import Beginning, evidence
from extriage.pipeline.containers import INSIDE, files_of, hash_whole
from extriage.pipeline.digest import Digests
from extriage.pipeline.planning.drives import KEPT, REGISTRY, Given, with_server
from extriage.pipeline.recorded import TWIN, Recorded, is_remark
from extriage.sources import Survey, read
from extriage.sources.directory import labels, shown
from extriage.sources.files import open_file

PIECE = 1 << 20
_SIZES = "{:,} bytes, {:,} were recorded"
_TOGETHER = 256
"""Units whose results are waited for together, so that memory does not grow with the evidence."""


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


def listed(roots: Sequence[Root], drives: Given, folder: Path) -> Iterator[Survey]:
    """List the evidence again as the scan did; `folder` is that of the case."""
    if roots:
        yield _survey(roots, whole=drives.whole)
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


def compare(
    known: Recorded, surveys: Iterable[Survey], jobs: int = 1, progress: Progress | None = None
) -> Comparison:
    """Compare all files that were listed with what is known, and name those that are gone."""
    found = Comparison()
    met: dict[str, FileCheck] = {}
    entries: list[Entry] = []
    for surveyed in surveys:
        entries += surveyed.entries
        groups = list(_groups(surveyed.units))
        for check in _checked(known, groups, jobs, progress):
            met.setdefault(check.path, check)
        for entry in surveyed.entries:
            if is_remark(entry):
                continue
            twin = met.get(surveyed.same.get(entry.path, ""))
            met.setdefault(entry.path, _unopened(known, entry, twin))
    found.checks += met.values()
    closed = {check.path for check in found.checks if check.state == "unread"}
    closed |= {entry.path for entry in entries}
    whole = {check.path for check in found.checks if check.state == "same"} & set(known.containers)
    for path in sorted({*known.rows, *known.containers} - met.keys()):
        outer = _outer(path)
        if outer & whole:
            found.inside += 1
        elif not outer & closed:
            # NOTE: what was in a container that is gone is told by the container.
            closed.add(path)
            found.checks.append(FileCheck(path, "missing", _hash_of(known, path)))
    barred = {entry.path for entry in entries if entry.status == "unreadable"}
    checks = _explained(_behind(found.checks, barred), known, met)
    found.checks = sorted(checks, key=lambda check: check.path)
    return found


def _behind(checks: Sequence[FileCheck], barred: set[str]) -> list[FileCheck]:
    """Say of files in folders that cannot be listed that nobody can tell, not that they are gone.

    The folder stands for them.
    """
    if not barred:
        return list(checks)
    found: list[FileCheck] = []
    behind: Counter[str] = Counter()
    for check in checks:
        above = next(
            (check.path[:at] for at in _slashes(check.path) if check.path[:at] in barred), ""
        )
        if check.state == "missing" and above:
            behind[above] += 1
        else:
            found.append(check)
    return [
        replace(
            check,
            state="unread",
            reason=f"{check.reason}; {behind[check.path]:,} of its files are in the case",
        )
        if behind[check.path]
        else check
        for check in found
    ]


def _explained(
    checks: Sequence[FileCheck], known: Recorded, met: Iterable[str]
) -> Iterator[FileCheck]:
    """Say more of what is missing or new: what took its place, what it took the place of.

    What lies in a folder that the scan could not list cannot be compared, and is not new.
    """
    if not any(check.state in ("missing", "new") for check in checks):
        yield from checks
        return
    now = {path[:at] for path in met for at in _slashes(path)}
    before = {path[:at] for path in (*known.rows, *known.containers) for at in _slashes(path)}
    shut = {path for path in now if path in known.rows and known.rows[path].status == "unreadable"}
    for check in checks:
        if check.path in shut or any(check.path[:at] in shut for at in _slashes(check.path)):
            yield replace(check, state="not-hashed", reason="the scan could not list this folder")
        elif check.state == "missing" and check.path in now:
            yield replace(check, reason="a folder lies there now")
        elif check.state == "new" and check.path in before:
            why = f"; {check.reason}" if check.reason else ""
            yield replace(check, reason=f"there was a folder{why}")
        else:
            yield check


def _slashes(path: str) -> Iterator[int]:
    return (at for at, letter in enumerate(path) if letter == "/")


def _survey(roots: Sequence[Root], *, whole: bool) -> Survey:
    """List what lies below all roots, under the names of the case.

    All at once, as the scan did: the disks of one server tell of one another what is to be read.
    """
    paths = [Path(root.path) for root in roots]
    found, own = evidence(paths, whole=whole), labels(paths)
    names = sorted(zip(own, (root.shown for root in roots), strict=True), reverse=True)

    def named(path: str) -> str:
        for label, known in names:
            rest = path.removeprefix(label)
            if not label:
                return f"{known}/{path}".lstrip("/")
            if path.startswith(label) and (not rest or rest.startswith(("/", INSIDE))):
                return (known + rest).lstrip("/")
        return path

    units = (replace(unit, path=named(unit.path)) for unit in found.units)
    entries = (replace(entry, path=named(entry.path)) for entry in found.entries)
    same = {named(path): named(known) for path, known in found.same.items()}
    return Survey(tuple(units), tuple(entries), same)


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


def _unopened(known: Recorded, entry: Entry, twin: FileCheck | None = None) -> FileCheck:
    """Compare what is seen and not read: a link, a pipe, a file that may not be opened.

    `twin` is the check of the same file under the name by which it was read.
    """
    row: Entry | Container | None = known.containers.get(entry.path)
    row = row or known.rows.get(entry.path)
    now = entry.sha256
    if twin is not None:
        now = twin.found or (twin.recorded if twin.state == "same" else "")
    if row is None:
        return FileCheck(entry.path, "new", "", now, entry.reason)
    if row.sha256 and now:
        state: FileState = "same" if row.sha256 == now else "changed"
        return FileCheck(entry.path, state, row.sha256, now)
    if entry.status == "skipped" and not TWIN.fullmatch(entry.reason) and _was_other(row, entry):
        return FileCheck(entry.path, "changed", row.sha256, reason=entry.reason)
    state = "unread" if row.sha256 else "not-hashed"
    return FileCheck(entry.path, state, row.sha256, reason=entry.reason)


def _was_other(row: Entry | Container, entry: Entry) -> bool:
    """Tell whether a link, a pipe or a device has taken the place of something else."""
    if (row.path, row.size, getattr(row, "reason", "")) == (entry.path, entry.size, entry.reason):
        return False  # it was left out for the same reason then: the second image of a disk
    if row.sha256 or row.size > 0 or isinstance(row, Container):
        return True
    return row.reason != entry.reason and "link to" in row.reason and "link to" in entry.reason


def _outer(path: str) -> set[str]:
    """Return the containers around a file, the innermost last."""
    parts = path.split(INSIDE)
    return {INSIDE.join(parts[:count]) for count in range(1, len(parts))}


def _hash_of(known: Recorded, path: str) -> str:
    row, container = known.rows.get(path), known.containers.get(path)
    return row.sha256 if row else container.sha256 if container else ""


def _unheard(_size: int) -> None:
    """Tell nobody: a whole file is counted when it is done."""
