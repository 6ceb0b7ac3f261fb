"""Hash what holds the evidence: archives, compressed files, disk images.

Every file that is read is hashed while it is read; the archive around it is not, for its bytes
pass in pieces and out of order. So it is hashed as a whole beside that: a small one by the worker
that read it, a large one that several workers share by a unit of its own. Of a disk image only some
files are read: it is hashed as a whole only if that is asked for, and the hashes that its maker put
into it are named.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from extriage.errors import SourceError
from extriage.model.custody import CONTAINER, Container
from extriage.model.evidence import Entry, Unit
from extriage.model.reading import ArtifactResult
from extriage.pipeline.artifact import HASHED, Progress
from extriage.sources.archives.archive import HEAD, recognise
from extriage.sources.directory import shown
from extriage.sources.files import EvidenceFile, open_file
from extriage.sources.images.diskformats import parts
from extriage.sources.images.ewfhash import stored_hashes

PIECE = 4 << 20
INSIDE = "!/"
UNHASHED = "not hashed as a whole: --hash-images does"


def with_containers(units: Sequence[Unit], *, images: bool) -> tuple[Unit, ...]:
    """Add a unit for each file that several units share: its hash. `images`: also for images."""
    found: dict[str, Unit] = {}
    for unit in units:
        if unit.whole or unit.path in found:
            continue
        hashed = images or not unit.inside
        # NOTE: the size of a unit is what is read of it: nothing of an image that is not hashed.
        found[unit.path] = replace(unit, size=_size(unit) if hashed else 0, members=(), inside=())
    return (*found.values(), *units)


def is_container(unit: Unit) -> bool:
    """Tell a unit that is there for the hash alone."""
    return unit.members == ()


def container_result(unit: Unit, progress: Progress) -> list[ArtifactResult]:
    """Return the row of a container of which other units read the files, and of its parts."""
    files = files_of(unit.file)
    folder = unit.path.rpartition("/")[0]
    rows = []
    for at, part in enumerate(files):
        path = f"{folder}/{shown(part.name)}".lstrip("/") if at else unit.path
        try:
            with open_file(str(part)) as file:
                rows.append(_row(file, path, progress, files, hashed=unit.size > 0))
        except SourceError as error:
            rows.append(ArtifactResult(Entry(path, -1, "", "unreadable", str(error))))
    return rows


def files_of(file: str) -> tuple[Path, ...]:
    """Return the files on disk that make up a container: of an image all parts, the given first."""
    given = Path(file)
    try:
        found = parts(given).all()
    except SourceError:
        return (given,)
    return tuple(dict.fromkeys((given, *found)))


def with_container(unit: Unit, results: list[ArtifactResult]) -> list[ArtifactResult]:
    """Add the row of the container if the files just read came out of one."""
    if not unit.whole or not _opened(unit, results):
        return results
    try:
        with open_file(unit.file) as file:
            files = (Path(unit.file),)
            return [*results, _row(file, unit.path, _unheard, files, hashed=True)]
    except SourceError:
        # NOTE: why it cannot be read stands in the rows already.
        return results


def container(entry: Entry) -> Container:
    """Return what the case tells of a container, from its row."""
    return Container(entry.path, entry.size, entry.sha256, entry.reason)


def ordered(found: Iterable[Entry]) -> tuple[Container, ...]:
    """Return the containers of a case by path, each once."""
    return tuple(
        container(entry)
        for entry in sorted(found, key=lambda entry: entry.path)
        if entry.kind == CONTAINER
    )


def hash_whole(file: EvidenceFile, progress: Progress) -> str:
    """Return the SHA-256 of an open file as it lies on disk; SourceError if it breaks off."""
    whole = hashlib.sha256()
    view = memoryview(bytearray(PIECE))
    stream = file.stream()
    while got := stream.readinto(view):
        whole.update(view[:got])
        progress(got)
    return whole.hexdigest()


def _opened(unit: Unit, results: Iterable[ArtifactResult]) -> bool:
    """Tell whether files came out of it; an archive that cannot be opened counts if it is small."""
    inside = f"{unit.path}{INSIDE}"
    rows = [result.entry for result in results]
    if any(row.path.startswith(inside) for row in rows):
        return True
    about = [row for row in rows if row.path == unit.path and not row.kind]
    return any(not row.sha256 for row in about) and unit.size <= HASHED


def _row(
    file: EvidenceFile, path: str, progress: Progress, files: Sequence[Path], *, hashed: bool
) -> ArtifactResult:
    form = recognise(file.piece(0, HEAD), path)
    first = file.path == str(files[0])
    stored = stored_hashes(files) if first and "E01" in form else {}
    form = _FORMS.get(form, form) if first else f"part of {files[0].name}"
    notes = [
        form or "not recognised",
        *(f"{name} {value} stored in it" for name, value in stored.items()),
    ]
    sha256 = hash_whole(file, progress) if hashed else ""
    if not hashed:
        notes.append(UNHASHED)
    return ArtifactResult(
        Entry(path, file.size, CONTAINER, "read", "; ".join(notes), sha256),
    )


_FORMS = {"zip": "zip archive", "tar": "tar archive", "gzip": "gzip compression"}


def _size(unit: Unit) -> int:
    try:
        with open_file(unit.file) as file:
            return file.size
    except SourceError:
        return unit.size


def _unheard(_size: int) -> None:
    """Tell nobody: these bytes were counted when they were read."""
