"""A zip archive on disk, read by its directory; large ones are shared out between workers.

The directory is read as a stream, once to share the archive out and once in each unit; a unit
keeps only its own records. Entries are read in the order of their data.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from extriage.errors import SourceError
from extriage.sources.archives.zipentry import (
    LOCAL,
    LOCAL_MARK,
    EntryData,
    ZipEntry,
    local,
    refusal,
)
from extriage.sources.archives.zipforward import directory_record, forward
from extriage.sources.contents import DUPLICATE, Member, Remark, joined, plain_name
from extriage.sources.files import EvidenceFile, open_file
from extriage.sources.limits import KIB, Budget, Limits
from extriage.sources.stream import Stream, section

END = struct.Struct("<4s4H2IH")
END_MARK = b"PK\x05\x06"
LOCATOR = struct.Struct("<4sIQI")
END64 = struct.Struct("<4sQ2H2I4Q")
MAX_COMMENT = 65_535
FAR = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where the directory is, and how far the archive's own offsets are out."""

    start: int
    entries: int
    shift: int


def find_directory(file: EvidenceFile) -> Place:
    """Find the directory from the record at the archive's end."""
    reach = min(file.size, END.size + MAX_COMMENT)
    tail = file.piece(file.size - reach, reach)
    at = tail.rfind(END_MARK)
    if at < 0 or at + END.size > len(tail):
        raise SourceError("the directory at its end is missing (cut off?)")
    _, disk, first_disk, _, entries, size, offset, _ = END.unpack_from(tail, at)
    end = file.size - reach + at
    wide = _wide_end(file, end)
    if wide is not None:
        disk, first_disk, entries, size, offset, end = wide
    if disk or first_disk:
        raise SourceError("one of several volumes: not supported")
    start = end - size
    if start < 0 or offset > start:
        raise SourceError("its directory is damaged")
    return Place(start, entries, start - offset)


def _wide_end(file: EvidenceFile, end: int) -> tuple[int, int, int, int, int, int] | None:
    """Read the ZIP64 form of the end record, if there is one."""
    raw = file.piece(max(end - LOCATOR.size, 0), LOCATOR.size)
    if len(raw) < LOCATOR.size or raw[:4] != b"PK\x06\x07":
        return None
    at = LOCATOR.unpack(raw)[2]
    for place in (at, end - LOCATOR.size - END64.size):  # the second: data stands in front
        record = file.piece(place, END64.size) if 0 <= place < file.size else b""
        if len(record) == END64.size and record[:4] == b"PK\x06\x06":
            fields = END64.unpack(record)
            return fields[4], fields[5], fields[7], fields[8], fields[9], place
    raise SourceError("its ZIP64 directory is damaged")


@dataclass(frozen=True, slots=True)
class Index:
    """What all entries together say, in the order of the directory: 32 bytes an entry."""

    place: Place
    total: int
    records: "array[int]"
    """Where each record of the directory stands."""
    starts: "array[int]"
    sizes: "array[int]"
    """Compressed bytes, at most up to where the next entry starts."""
    duplicates: frozenset[int]
    overlapping: frozenset[int]


@lru_cache(maxsize=1)
def _index(path: str, size: int, modified: int, limit: int) -> Index:
    """Read a directory once per process, however many shares of the archive come its way."""
    with open_file(path) as file:
        if (file.size, file.modified) != (size, modified):
            raise SourceError("changed while it was read")
        return _indexed(file, limit)


def _indexed(file: EvidenceFile, limit: int) -> Index:
    place = find_directory(file)
    stream = file.stream(place.start)
    records, names, starts, ends = (array("q") for _ in range(4))
    total, at = 0, 0
    while entry := directory_record(stream):
        total += 1
        if total <= limit:
            records.append(place.start + at)
            names.append(hash(plain_name(entry.name)))
            starts.append(min(entry.offset + place.shift, FAR))
            end = starts[-1] + LOCAL.size + entry.packed
            ends.append(end if end <= file.size else starts[-1])
        at = stream.position
    if total < place.entries:
        raise SourceError(
            f"its directory is damaged: it lists {total:,} of {place.entries:,} entries"
        )
    # NOTE: numpy takes a while to import, and only archives need it here.
    from extriage.sources.archives import ziplayout  # noqa: PLC0415

    overlapping, sizes = ziplayout.laid_out(starts, ends)
    return Index(place, total, records, starts, sizes, ziplayout.repeated(names), overlapping)


def shares(file: EvidenceFile, limits: Limits) -> list[tuple[tuple[int, ...], int]]:
    """Share an archive out: positions of entries near each other, and their compressed size."""
    index = _index(file.path, file.size, file.modified, limits.entries)
    result: list[tuple[tuple[int, ...], int]] = []
    members: list[int] = []
    size = 0
    for position in sorted(range(len(index.starts)), key=index.starts.__getitem__):
        members.append(position)
        size += index.sizes[position]
        if size >= limits.unit or len(members) >= limits.unit_entries:
            result.append((tuple(sorted(members)), size))
            members, size = [], 0
    if members:
        result.append((tuple(sorted(members)), size))
    return result


def read_zip(
    file: EvidenceFile, members: tuple[int, ...] | None, budget: Budget
) -> Iterator[Member | Remark]:
    """Yield the entries of a zip archive, or of one share of it, in the order of their data."""
    limit = budget.limits.entries
    try:
        index = _index(file.path, file.size, file.modified, limit)
    except SourceError as error:
        if members is not None:
            raise
        yield from _salvage(file, budget, str(error))
        return
    if index.total > limit and (members is None or 0 in members):
        reason = f"holds {index.total:,} entries: only the first {limit:,} were read"
        yield Remark("partial", reason)
    entries = list(_wanted(file, index, members))
    for position, entry in sorted(entries, key=lambda item: item[1].offset):
        note = DUPLICATE if position in index.duplicates else ""
        if position in index.overlapping:
            lost = Remark("unreadable", "its data overlaps another entry's: not read")
            yield Member(entry.name, entry.size, entry.modified, lost, position + 1, note)
        else:
            yield _member(file, position, entry, budget, note)


def _wanted(
    file: EvidenceFile, index: Index, members: tuple[int, ...] | None
) -> Iterator[tuple[int, ZipEntry]]:
    """Read the records of some entries again."""
    start, shift = index.place.start, index.place.shift
    stream = file.stream(start)
    for position in range(len(index.records)) if members is None else members:
        if position < len(index.records):
            stream.skip(index.records[position] - start - stream.position)
            entry = directory_record(stream)
            if entry is not None:
                yield position, replace(entry, offset=entry.offset + shift) if shift else entry


def _member(
    file: EvidenceFile, position: int, entry: ZipEntry, budget: Budget, note: str
) -> Member:
    data: Stream | Remark | None = refusal(entry)
    if data is None:
        stream = file.stream(entry.offset, chunk=4 * KIB)
        try:
            name = _skip_header(stream)
        except SourceError as error:
            data = Remark("unreadable", str(error))
        else:
            data = Stream(EntryData(section(stream, entry.packed), entry, budget).fetch)
            if name != entry.name:
                note = joined(note, f"its own header names it {name!r}")
    return Member(entry.name, entry.size, entry.modified, data, position + 1, note)


def _skip_header(stream: Stream) -> str:
    """Pass over the header in front of an entry's data; return the name in it."""
    head = stream.take(LOCAL.size)
    if len(head) < LOCAL.size or head[:4] != LOCAL_MARK:
        raise SourceError("its data is not where the archive's directory says")
    names = stream.take(sum(struct.unpack("<HH", head[26:30])))
    return local(head, names, 0).name


def _salvage(file: EvidenceFile, budget: Budget, reason: str) -> Iterator[Member | Remark]:
    """Read an archive without a usable directory entry by entry."""
    found = 0
    reasons = [reason]
    try:
        for member in forward(file.stream(), budget):
            if isinstance(member, Remark):
                reasons.append(member.reason)
            else:
                found += 1
                yield member
    except SourceError as error:
        reasons.append(str(error))
    text = "; ".join(dict.fromkeys(reasons))
    if found:
        yield Remark("partial", f"{text}; read entry by entry instead: some may be missing")
    else:
        yield Remark("unreadable", text)
