"""The table of files of an NTFS volume as it lies on the disk, `$MFT`: what is there, what went.

Every file has an entry of 1 KiB (4 KiB on some disks). A deleted file keeps its entry until another
file needs it: name, folder, times, and the content of a small page, are still there. An entry has
two sets of times: those that any program may set ($STANDARD_INFORMATION, 0x10) and those that the
name got when it was given ($FILE_NAME, 0x30). Entries are taken apart a block at a time; hostile
numbers cost their entry only. Primary source:
https://learn.microsoft.com/windows/win32/devnotes/master-file-table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from extriage.knowledge.executed import EXTENSIONS
from extriage.model.evidence import ByteStream
from extriage.parsers.rawblocks import EMPTY, Bools, Ints, Numbers, blocks, loads

BLOCK = 2 << 20
TELLING = EXTENSIONS | frozenset(
    {"config", "compiled", "js", "htm", "html", "php", "jsp", "txt", "xml"}
    | {"ps1", "bat", "cmd", "vbs", "wsf", "hta"}
)
"""Files whose content is looked at if the entry holds it: pages, what belongs to them, scripts."""
_FILE, _ZERO = 0x454C4946, 0
_SECTOR = 512
_HEADER = 0x30
_SAID, _LIST, _NAMED, _DATA, _END = 0x10, 0x20, 0x30, 0x80, 0xFFFFFFFF
_DOS = 2
"""The namespace of short names: each has a long one beside it."""
_TIMES = np.arange(4) * 8
_NUMBERS = np.dtype(
    [
        *(("entry", "<u4"), ("sequence", "<u2"), ("used", "?"), ("folder", "?"), ("streams", "?")),
        *(("base", "<u8"), ("parent", "<u8"), ("size", "<i8")),
        *(("said", "<u8", (4,)), ("named", "<u8", (4,))),
    ]
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Names of files, one row each: of a file with hard links there are several."""

    numbers: Numbers
    """`entry`, `sequence`, `used`, `folder`, `streams`, `base` (of an entry that goes on another
    one), `parent`, `size` (-1 if unknown), times `said` (0x10) and `named` (0x30): created,
    modified, entry changed, accessed; 0 if unknown."""
    names: list[str]
    contents: list[bytes]
    """What the entry itself holds of the file, for those that are `TELLING`."""

    def some(self, which: Ints) -> "Rows":
        """Return some of the rows."""
        places = which.tolist()
        return Rows(
            self.numbers[which],
            [self.names[at] for at in places],
            [self.contents[at] for at in places],
        )


@dataclass(slots=True)
class Entries:
    """The entries of one block of the table."""

    first: int
    """Number of the first of them."""
    counts: Ints
    """The use count of each; 0 for what is no entry."""
    used: Bools
    empty: int
    """Places that never held a file."""
    damaged: list[int]
    """Numbers of entries that cannot be read."""
    rows: Rows
    nameless: Rows
    """Files whose names stand in other entries."""


def entries(stream: ByteStream, size: int) -> Iterator[Entries]:
    """Yield all entries of a table whose entries have this size, block by block."""
    first = 0
    for block, count in blocks(stream, BLOCK):
        whole = count // size
        if whole:
            yield _Block(block, whole, size, first).read()
        first += whole
        if count % size:
            yield _torn(first)


def _torn(number: int) -> Entries:
    """Make what stands for the rest of a table that ends inside an entry."""
    rows = _no_rows()
    return Entries(
        number, np.zeros(1, dtype=np.int64), np.zeros(1, np.bool_), 0, [number], rows, rows
    )


def _no_rows() -> Rows:
    return Rows(np.zeros(0, dtype=_NUMBERS), [], [])


@dataclass(slots=True)
class _Block:
    """Some entries while they are taken apart: offsets of what each has, -1 for what it lacks."""

    block: bytearray
    count: int
    size: int
    first: int
    starts: Ints = field(init=False)
    sound: Bools = field(init=False)
    said: Ints = field(init=False)
    data: Ints = field(init=False)
    """The unnamed content."""
    names: list[tuple[Ints, Ints]] = field(default_factory=list)
    """Places of entries, and offsets of the names that one step found."""
    listed: Bools = field(init=False)
    streams: Bools = field(init=False)
    octets: Numbers = field(init=False)
    shorts: Numbers = field(init=False)
    words: Numbers = field(init=False)
    longs: Numbers = field(init=False)

    def __post_init__(self) -> None:
        """Look at the block as numbers."""
        self.octets, self.shorts = loads(self.block, "u1"), loads(self.block, "<u2")
        self.words, self.longs = loads(self.block, "<u4"), loads(self.block, "<u8")
        self.starts = np.arange(self.count, dtype=np.int64) * self.size
        self.said = np.full(self.count, -1, dtype=np.int64)
        self.data = self.said.copy()
        self.listed = np.zeros(self.count, dtype=np.bool_)
        self.streams = self.listed.copy()

    def read(self) -> Entries:
        """Take the entries apart."""
        signs = self.words[self.starts]
        self.sound = signs == _FILE
        self._place()
        self._mend()
        self._walk()
        counts = np.where(self.sound, self.shorts[self.starts + 0x10], 0).astype(np.int64)
        used = self.sound & (self.shorts[self.starts + 0x16] & 1 == 1)
        damaged = np.flatnonzero(~self.sound & (signs != _ZERO)) + self.first
        which, offsets = self._named()
        orphans = np.setdiff1d(np.flatnonzero(self.sound & self.listed), which)
        return Entries(
            self.first,
            counts,
            used,
            int(np.count_nonzero(signs == _ZERO)),
            damaged.tolist(),
            self._rows(which, offsets),
            self._rows(orphans, np.full(len(orphans), -1, dtype=np.int64)),
        )

    def _place(self) -> None:
        """Drop entries that say to have another number: part of the table is missing before."""
        told = self.words[self.starts + 0x2C].astype(np.int64)
        # NOTE: older systems and fresh entries do not say.
        silent = (told == 0) | (self.shorts[self.starts + 4] < _HEADER)
        self.sound &= silent | (told == np.arange(self.count) + self.first)

    def _mend(self) -> None:
        """Put the last two bytes of each sector back, which tell whether it was written whole."""
        fixes = self.shorts[self.starts + 4].astype(np.int64)
        sectors = self.size // _SECTOR
        self.sound &= self.shorts[self.starts + 6] == sectors + 1
        self.sound &= (fixes >= 0x28) & (fixes + 2 * sectors + 2 <= _SECTOR - 2)
        at = np.where(self.sound, self.starts + fixes, 0)
        for sector in range(1, sectors + 1):
            last = self.starts + sector * _SECTOR - 2
            self.sound &= self.shorts[last] == self.shorts[at]
            mended = np.flatnonzero(self.sound)
            self.shorts[last[mended]] = self.shorts[at[mended] + 2 * sector]

    def _walk(self) -> None:
        """Go from attribute to attribute, in all entries at once."""
        used = self.words[self.starts + 0x18].astype(np.int64)
        self.sound &= (used >= _HEADER) & (used <= self.size)
        ends = self.starts + used
        at = self.starts + self.shorts[self.starts + 0x14]
        self.sound &= (at >= self.starts + 0x28) & (at + 4 <= ends)
        which = np.flatnonzero(self.sound)
        while len(which):
            which = which[self.words[at[which]] != _END]
            here, end = at[which], ends[which]
            length = np.where(here + 24 <= end, self.words[here + 4].astype(np.int64), 0)
            good = (length >= 24) & (length % 8 == 0) & (here + length <= end)
            self.sound[which[~good]] = False
            which, here, length = which[good], here[good], length[good]
            self._attributes(which, here, length)
            at[which] += length
            # NOTE: the mark of the end may be left out where the entry is full.
            which = which[at[which] + 4 <= ends[which]]

    def _attributes(self, which: Ints, at: Ints, length: Ints) -> None:
        kinds = self.words[at]
        inside = self.octets[at + 8] == 0
        content = at + self.shorts[at + 0x14]
        room = at + length - content
        said = inside & (kinds == _SAID) & (room >= 32)
        self.said[which[said]] = content[said]
        self.listed[which[kinds == _LIST]] = True
        data = kinds == _DATA
        plain = self.octets[at + 9] == 0
        self.streams[which[data & ~plain]] = True
        plain &= data & (inside | ((length >= 0x40) & (self.longs[at + 0x10] == 0)))
        self.data[which[plain]] = at[plain]
        named = inside & (kinds == _NAMED) & (room >= 66)
        spot = np.where(named, content, 0)
        named &= room >= 66 + 2 * self.octets[spot + 64].astype(np.int64)
        named &= (self.octets[spot + 65] != _DOS) & (self.octets[spot + 64] > 0)
        if named.any():
            self.names.append((which[named], content[named]))

    def _named(self) -> tuple[Ints, Ints]:
        """Return all names, in the order of entries."""
        if not self.names:
            return EMPTY, EMPTY
        which = np.concatenate([one for one, _ in self.names])
        offsets = np.concatenate([one for _, one in self.names])
        sound = self.sound[which]
        which, offsets = which[sound], offsets[sound]
        order = np.lexsort((offsets, which))
        return which[order], offsets[order]

    def _rows(self, which: Ints, names: Ints) -> Rows:
        starts = self.starts[which]
        flags = self.shorts[starts + 0x16]
        rows = np.zeros(len(which), dtype=_NUMBERS)
        rows["entry"], rows["sequence"] = which + self.first, self.shorts[starts + 0x10]
        rows["used"], rows["folder"] = flags & 1, flags & 2 > 0
        rows["streams"], rows["base"] = self.streams[which], self.longs[starts + 0x20]
        said = self.said[which]
        rows["said"] = np.where(said[:, None] < 0, 0, self.longs[said[:, None] + _TIMES])
        is_named = names[:, None] >= 0
        rows["named"] = np.where(is_named, self.longs[names[:, None] + 8 + _TIMES], 0)
        rows["parent"] = np.where(names >= 0, self.longs[names], 0)
        rows["size"] = self._sizes(self.data[which])
        block = bytes(self.block)
        texts = [_name(block, at) if at >= 0 else "" for at in names.tolist()]
        found = zip(texts, self.data[which].tolist(), strict=True)
        return Rows(rows, texts, [self._content(name, at) for name, at in found])

    def _sizes(self, data: Ints) -> Numbers:
        inside = self.words[data + 0x10].astype(np.int64)
        outside = self.longs[data + 0x30].astype(np.int64)
        return np.where(data < 0, -1, np.where(self.octets[data + 8] == 0, inside, outside))

    def _content(self, name: str, at: int) -> bytes:
        """Return the content that stands in the entry itself."""
        if at < 0 or self.block[at + 8] or name.rpartition(".")[2].lower() not in TELLING:
            return b""
        length, size = int(self.words[at + 4]), int(self.words[at + 0x10])
        start = int(self.shorts[at + 0x14])
        return bytes(self.block[at + start : at + min(start + size, length)])


def _name(block: bytes, at: int) -> str:
    return block[at + 66 : at + 66 + 2 * block[at + 64]].decode("utf-16-le", "replace")
