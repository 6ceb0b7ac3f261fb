"""Files inside archives, and archives inside archives: nothing is ever unpacked to disk.

An archive is recognised by its first bytes; a page that IIS runs is a page by its name. What
entries are called is else only shown: no name of an entry is ever used to open anything.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, cast

from extriage.errors import SourceError
from extriage.knowledge.executed import is_executed
from extriage.model.evidence import Artifact, ByteStream, Entry, EntryStatus
from extriage.sources import collections
from extriage.sources.archives.expansion import (
    BZIP2_MARK,
    XZ_MARK,
    ChainReader,
    Codec,
    GzipReader,
    bzip2_codec,
    xz_codec,
)
from extriage.sources.archives.sevenzip import ZSTANDARD_MARK, zstd_codec
from extriage.sources.archives.tape import is_tar, read_tar
from extriage.sources.archives.zipforward import forward
from extriage.sources.contents import DUPLICATE, Member, Opened, Remark, joined, plain_name, utc
from extriage.sources.images.diskformats import disk_format
from extriage.sources.limits import DEEPEST, MIB, Budget
from extriage.sources.stream import Stream

HEAD = 2048
ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04")
SEVENZIP = "7z archive"
XZ, ZSTANDARD, BZIP2 = "xz compression", "Zstandard compression", "bzip2 compression"
MARKS = (
    (b"7z\xbc\xaf\x27\x1c", SEVENZIP),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"MSCF\0\0\0\0", "cabinet (CAB) archive"),
    (XZ_MARK, XZ),
    (ZSTANDARD_MARK, ZSTANDARD),
    (b"MSWIM\0\0\0", "Windows image (WIM)"),
)
BZIP2_HEAD = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
DRIVE = re.compile(r"[A-Za-z]:")
PACKED_SUFFIX = re.compile(r"\.(gz|gzip|bz2|bzip2|xz|zst|zstd)$", re.IGNORECASE)
TAPED_SUFFIX = re.compile(r"\.(tgz|tbz2?|txz|tzst)$", re.IGNORECASE)
AMBIGUOUS = re.compile(r"!/|^\[entry \d+\]| \[entry \d+\]$")
"""Names that could pass for an entry of an inner archive, or for one that was numbered by us."""

_WRAPPED = "inside another file: unpack it and give it by itself"
_STUMP = "of less than a megabyte: cut off, or only a part of one"

Found = Iterator[Opened | Entry]


@dataclass(frozen=True, slots=True)
class Place:
    """A file and where it was found: the path to show, and how many archives are around it."""

    path: str
    size: int
    modified: datetime | None
    depth: int = 0
    note: str = ""

    def entry(self, status: EntryStatus, reason: str) -> Entry:
        """Return a row for the manifest."""
        return Entry(self.path, self.size, "", status, joined(self.note, reason))


def recognise(head: bytes, name: str) -> str:
    """Return `zip`, `tar`, `gzip`, the title of a format that is not supported, or nothing.

    A page is no archive, whatever it begins with: IIS runs what stands behind.
    """
    if is_executed(name):
        return ""
    if head.startswith(ZIP_MARKS):
        return "zip"
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if BZIP2_HEAD.match(head):
        return BZIP2
    if is_tar(head):
        return "tar"
    marked = next((title for mark, title in MARKS if head.startswith(mark)), "")
    return marked or disk_format(head, name)


def unfold(stream: Stream, place: Place, budget: Budget) -> Found:
    """Yield a file as it is, or all files inside it if it is an archive."""
    kind = recognise(stream.peek(HEAD), place.path)
    if not kind:
        yield from leaf(stream, place, budget)
    elif kind in COMPRESSED and place.depth <= DEEPEST:
        yield from _unpacked(stream, place, budget, COMPRESSED[kind])
    elif kind == SEVENZIP:
        yield place.entry("unreadable", f"{kind} inside another archive: unpack the outer one")
    elif kind.startswith("disk image"):
        yield place.entry("unreadable", f"{kind} {_WRAPPED if _is_inside(place) else _STUMP}")
    elif kind not in ("zip", "tar", *COMPRESSED):
        yield place.entry("unreadable", f"{kind}: not supported")
    elif place.depth >= DEEPEST:
        yield place.entry("unreadable", f"nested too deep: archives are read {DEEPEST} deep")
    elif kind == "zip":
        yield from contents(place, budget, lambda: forward(stream, budget))
    else:
        yield from contents(place, budget, lambda: read_tar(stream))


def _is_inside(place: Place) -> bool:
    return place.depth > 0 or "!/" in place.path


def _is_journal(path: str) -> bool:
    """Tell the change journal of NTFS by its name: honest ones begin with gigabytes of zeros."""
    return path.lower().endswith(("$j", "%24j"))


def leaf(stream: Stream, place: Place, budget: Budget) -> Found:
    """Yield a file as it is."""
    if place.depth:
        stream.cap = budget.limits.total if _is_journal(place.path) else budget.limits.file
    if collections.tells(place.path, stream):
        yield from _collector_log(stream, place)
        return
    artifact = Artifact(place.path, place.size, place.modified)
    # a raw stream has all that ByteStream asks of a reader, only not the name
    yield Opened(artifact, cast("ByteStream", stream), place.note)
    stream.close()


def _collector_log(stream: Stream, place: Place) -> Found:
    """Yield rows for what a collector says that it did not take, and one for its log."""
    told = collections.told(place.path, stream)
    for one in told.missing:
        path = collections.beside(place.path, one.path)
        yield Entry(path, one.size, "", one.status, one.reason)
    reason = joined(place.note, told.reason)
    yield Entry(place.path, told.size, "", told.status, reason, told.sha256)
    stream.close()


class Reader(Protocol):
    """What reads a compressed file."""

    modified: int
    """Seconds since 1970 that the file itself states; 0 if it states none."""

    def fetch(self, wanted: int) -> bytes:
        """Return between 1 and `wanted` bytes, none at the end."""


def _chain(codec: Callable[[], Codec], mark: bytes) -> Callable[[Stream, Budget], Reader]:
    return lambda stream, budget: ChainReader(stream, codec, mark, budget)


COMPRESSED: dict[str, Callable[[Stream, Budget], Reader]] = {
    "gzip": GzipReader,
    BZIP2: _chain(bzip2_codec, BZIP2_MARK),
    XZ: _chain(xz_codec, XZ_MARK),
    ZSTANDARD: _chain(zstd_codec, ZSTANDARD_MARK),
}
"""Files that hold one other file, compressed."""


def _unpacked(
    stream: Stream, place: Place, budget: Budget, open_it: Callable[[Stream, Budget], Reader]
) -> Found:
    """Yield what a compressed file holds: a tar archive's files, or the one file."""
    try:
        reader = open_it(stream, budget)
    except SourceError as error:
        yield place.entry("unreadable", str(error))
        return
    plain = Stream(reader.fetch)
    head = plain.peek(HEAD)
    if is_tar(head) and place.depth < DEEPEST:
        yield from contents(place, budget, lambda: read_tar(plain))
        return
    modified = utc(reader.modified) if reader.modified else None
    path = f"{place.path}!/{_unpacked_name(place.path)}"
    inner = Place(path, -1, modified, place.depth + 1, place.note)
    budget.sparse = _is_journal(path)
    if place.depth >= DEEPEST and recognise(head, path):
        yield inner.entry("unreadable", f"nested too deep: archives are read {DEEPEST} deep")
    else:
        yield from unfold(plain, inner, budget)


def _unpacked_name(path: str) -> str:
    name = path.rpartition("/")[2]
    return TAPED_SUFFIX.sub(".tar", PACKED_SUFFIX.sub("", name)) or name


def contents(
    place: Place, budget: Budget, entries: Callable[[], Iterator[Member | Remark]]
) -> Found:
    """Yield all that an archive holds, and what is to be said about the archive itself."""
    count = 0
    if place.note:
        yield place.entry("read", "")
        place = replace(place, note="")
    try:
        for found in _entries(place, budget, entries):
            count += 1
            yield found
    except SourceError as error:
        yield place.entry("partial" if count else "unreadable", str(error))
        return
    if not count:
        yield place.entry("read", "archive without files")


def _entries(
    place: Place, budget: Budget, entries: Callable[[], Iterator[Member | Remark]]
) -> Found:
    met: set[int] = set()
    scheme = ""
    for number, member in enumerate(entries(), 1):
        if isinstance(member, Remark):
            yield place.entry(member.status, member.reason)
            continue
        budget.entry()
        name = plain_name(member.name)
        note = member.note
        if hash(name) in met and not note.startswith(DUPLICATE):
            note = joined(DUPLICATE, note)
        met.add(hash(name))
        numbered = replace(member, note=note, number=member.number or number)
        if name == "metadata.json" and isinstance(member.data, Stream):
            scheme = collections.container_scheme(member.data.peek(MIB))
        elif name == "data.zip" and scheme and isinstance(member.data, Remark):
            numbered = replace(numbered, data=_closed(member.data, scheme))
        yield from _member(place, numbered, budget)


def _closed(remark: Remark, scheme: str) -> Remark:
    """Say how an encrypted container of Velociraptor is opened."""
    return replace(remark, reason=joined(remark.reason, collections.how_to_open(scheme)))


def _member(outer: Place, member: Member, budget: Budget) -> Found:
    path = f"{outer.path}!/{_shown_name(member)}"
    notes = joined(name_trouble(plain_name(member.name)), member.note)
    inner = Place(path, member.size, member.modified, outer.depth + 1, notes)
    budget.sparse = _is_journal(path)
    if isinstance(member.data, Remark):
        yield inner.entry(member.data.status, member.data.reason)
    elif not _is_folder(member.name, member.data):
        yield from unfold(member.data, inner, budget)


def _shown_name(member: Member) -> str:
    """Return the name of an entry, with its number where the name alone tells it from no other."""
    name = plain_name(member.name)
    if AMBIGUOUS.search(name):
        return f"[entry {member.number}] {name}"
    return f"{name} [entry {member.number}]" if member.note.startswith(DUPLICATE) else name


def _is_folder(name: str, data: Stream) -> bool:
    """Tell whether an entry is only a folder: what holds data is a file, whatever its name."""
    return name.endswith(("/", "\\")) and not data.peek(1) and not data.broken


def name_trouble(name: str) -> str:
    """Say what is odd about an entry's name; empty for an honest one.

    Such entries are read like all others: nothing is ever unpacked, so a name can do no harm, and
    evidence must not be able to hide behind one.
    """
    if "\0" in name:
        return "zero byte in its name"
    if not name:
        return "entry without a name"
    if name.startswith("/"):
        return "absolute path as its name"
    if DRIVE.match(name):
        return "drive letter in its name"
    if any(part.startswith("..") and not part.strip(". ") for part in name.split("/")):
        return "path that leads out of the archive as its name"
    return ""
