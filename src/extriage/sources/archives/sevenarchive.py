"""7z archives: their entries as streams, in constant memory like those of all other archives.

py7zr reads the directory; the data are decompressed here, because it would hold in memory what a
hostile block expands to. Files that were compressed together can only be read one after the other.
Reference: 7zFormat.txt and Methods.txt of the LZMA SDK, https://www.7-zip.org/sdk.html.
"""

import io
import lzma
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from extriage.errors import SourceError
from extriage.sources.archives.expansion import Codec, Deflate, Expansion, bzip2_codec
from extriage.sources.archives.sevenzip import ENCRYPTED, deflate64_codec, seven_archive, zstd_codec
from extriage.sources.contents import Member, Remark, utc
from extriage.sources.files import EvidenceFile
from extriage.sources.limits import MIB, Budget
from extriage.sources.stream import Stream, drain, section

MAX_DICTIONARY = 256 * MIB
"""What the strongest setting of 7-Zip asks for; more memory is refused."""
MAX_DIRECTORY = 64 * MIB
FILETIME_EPOCH = 11_644_473_600
DAMAGED = "its directory is damaged"

COPY, LZMA2, LZMA1 = b"\x00", b"\x21", b"\x03\x01\x01"
DELTA, AES = b"\x03", b"\x06\xf1\x07\x01"
BRANCHES = {
    b"\x04": lzma.FILTER_X86, b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x05": lzma.FILTER_POWERPC, b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x06": lzma.FILTER_IA64, b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x07": lzma.FILTER_ARM, b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x08": lzma.FILTER_ARMTHUMB, b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x09": lzma.FILTER_SPARC, b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}  # fmt: skip
"""Filters that make programs compress better, by the number that 7z gives them."""
UNSUPPORTED = {b"\x03\x03\x01\x1b": "BCJ2", b"\x03\x04\x01": "PPMd"}


class _Seekable(io.RawIOBase):
    """A file of the evidence as py7zr wants it: it jumps between head and directory."""

    def __init__(self, file: EvidenceFile) -> None:
        super().__init__()
        self._file = file
        self._stream: Stream | None = None
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._file.size)[whence])
        self._stream = None
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._stream is None:
            self._stream = self._file.stream(self._at)
        count = self._stream.readinto(view)
        self._at += count
        return count


@dataclass(frozen=True, slots=True)
class _Block:
    """Files that were compressed together, and where their data stand."""

    start: int
    packed: int
    coders: Sequence[tuple[bytes, bytes]]
    """Number and settings of each method, the last one that was applied first."""
    sizes: Sequence[int]
    """What each of them gives."""
    simple: bool


def read_sevenzip(file: EvidenceFile, budget: Budget) -> Iterator[Member | Remark]:
    """Yield the entries of a 7z archive; SourceError if it is damaged, or without the extra."""
    archive = _opened(file)
    if archive is None:
        return
    blocks = _blocks(archive)
    opened: _Opened | None = None
    last = 0
    for at, one in enumerate(getattr(archive, "files", ())):
        if at >= budget.limits.entries:
            yield Remark("partial", f"holds more than {at:,} entries: the rest was not read")
            return
        data: Stream | Remark | None = None
        if not one.emptystream:
            if id(one.folder) != last:
                last = id(one.folder)
                opened = _Opened(file, blocks[last], budget) if last in blocks else None
            data = opened.next(_size(one), one.crc32) if opened else Remark("unreadable", DAMAGED)
        elif one.is_directory:
            continue
        yield Member(_name(one), _size(one), _modified(one), _content(one, data), at + 1)
        if isinstance(data, Stream):
            drain(data)


def _name(one: Any) -> str:
    """Return the name of an entry as text that a case can hold."""
    # NOTE: no escapes here; their backslash would stand between folders.
    return str(one.filename).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _size(one: Any) -> int:
    return 0 if one.emptystream else max(int(one.uncompressed), 0)


def _content(one: Any, data: Stream | Remark | None) -> Stream | Remark:
    """Return what is to be read of an entry; a link is no file."""
    if one.is_symlink or one.is_junction:
        return Remark("skipped", "symbolic link or junction in the archive: not followed")
    mode = one.st_fmt
    if mode and mode not in (stat.S_IFREG, stat.S_IFDIR):
        return Remark("skipped", "pipe, socket or device in the archive: not read")
    return data if data is not None else Stream(_nothing)


def _nothing(_wanted: int) -> bytes:
    return b""


def _modified(one: Any) -> datetime | None:
    stamp = one.lastwritetime
    return utc(int(stamp) / 10_000_000 - FILETIME_EPOCH) if stamp else None


def _opened(file: EvidenceFile) -> Any:
    """Have the directory read, unless its place and size cannot be true."""
    head = file.piece(0, 32)
    if len(head) < 32:
        raise SourceError("cut off in its header")
    if zlib.crc32(head[12:]) != int.from_bytes(head[8:12], "little"):
        raise SourceError("its header is damaged: the checksum is wrong")
    start, size = (int.from_bytes(head[at : at + 8], "little") for at in (12, 20))
    if not size:
        return None
    if 32 + start + size > file.size:
        raise SourceError("cut off: the directory at its end is missing")
    if size > MAX_DIRECTORY:
        raise SourceError(f"its directory is larger than {MAX_DIRECTORY:,} bytes: not read")
    return seven_archive(io.BufferedReader(_Seekable(file)))


def _blocks(archive: Any) -> dict[int, _Block]:
    """Return where the data of each of py7zr's folders stand, by the identity of the folder."""
    streams = getattr(archive.header, "main_streams", None)
    if streams is None:
        return {}
    found, stream = {}, 0
    positions, sizes = streams.packinfo.packpositions, streams.packinfo.packsizes
    for folder in streams.unpackinfo.folders:
        if stream >= min(len(sizes), len(positions)):
            raise SourceError(DAMAGED)
        coders = [(bytes(one["method"]), bytes(one["properties"] or b"")) for one in folder.coders]
        inputs = sum(one["numinstreams"] for one in folder.coders)
        chained = inputs == len(coders) == len(folder.unpacksizes)
        start = archive.afterheader + positions[stream]
        found[id(folder)] = _Block(start, sizes[stream], coders, folder.unpacksizes, chained)
        stream += max(1, inputs - len(folder.bindpairs))
    return found


class _Opened:
    """A block while its files are read, one after the other."""

    def __init__(self, file: EvidenceFile, block: _Block, budget: Budget) -> None:
        self._plain: Stream | None = None
        self._reason = _refusal(block)
        if self._reason:
            return
        try:
            self._plain = _decompressed(file, block, budget)
        except (SourceError, lzma.LZMAError, ValueError) as error:
            self._reason = str(error)

    def next(self, size: int, crc: int | None) -> Stream | Remark:
        """Return the next file of the block."""
        if self._plain is None:
            return Remark("unreadable", self._reason)
        return Stream(_Checked(section(self._plain, size), size, crc).fetch)


class _Checked:
    """The bytes of one file, compared with the checksum that the archive states."""

    def __init__(self, data: Stream, size: int, crc: int | None) -> None:
        self._data = data
        self._left = size
        self._stated = crc
        self._crc = 0

    def fetch(self, wanted: int) -> bytes:
        data = self._data.some(wanted)
        self._crc = zlib.crc32(data, self._crc)
        if not data and self._stated is not None and self._crc != self._stated:
            raise SourceError("its checksum (CRC-32) is wrong: the data is damaged")
        return data


def _refusal(block: _Block) -> str:
    methods = [method for method, _ in block.coders]
    if AES in methods:
        return ENCRYPTED
    if named := [UNSUPPORTED[method] for method in methods if method in UNSUPPORTED]:
        return f"compression not supported: {named[0]}"
    if not block.simple:
        return "compression not supported: several streams at once"
    for method in methods:
        if method not in BRANCHES and method not in _CODECS and method not in (COPY, DELTA):
            return f"compression not supported: method {method.hex()}"
    return ""


def _decompressed(file: EvidenceFile, block: _Block, budget: Budget) -> Stream:
    """Return the plain data of a block: each method reads what the one before it gives."""
    stream = section(file.stream(block.start), block.packed)
    for (method, settings), size in zip(block.coders, block.sizes, strict=True):
        if method == COPY:
            continue
        if method in BRANCHES or method == DELTA:
            stream = _filtered(stream, size, method, settings, budget)
        else:
            expansion = Expansion(stream, _CODECS[method](settings), budget)
            stream = section(Stream(expansion.fetch), size)
    return stream


def _lzma2(settings: bytes) -> Codec:
    if len(settings) != 1 or settings[0] > 40:
        raise SourceError("its LZMA2 settings are damaged")
    bits = settings[0]
    size = 0xFFFFFFFF if bits == 40 else (2 | bits & 1) << (bits // 2 + 11)
    return _raw({"id": lzma.FILTER_LZMA2, "dict_size": _allowed(size)})


def _lzma1(settings: bytes) -> Codec:
    if len(settings) != 5:
        raise SourceError("its LZMA settings are damaged")
    size = max(_allowed(int.from_bytes(settings[1:], "little")), 4096)
    pb, rest = divmod(settings[0], 45)
    lp, lc = divmod(rest, 9)
    return _raw({"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": lc, "lp": lp, "pb": pb})


def _allowed(size: int) -> int:
    if size > MAX_DICTIONARY:
        raise SourceError(f"its LZMA dictionary is larger than {MAX_DICTIONARY:,} bytes")
    return size


def _raw(*filters: dict[str, int]) -> Codec:
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=list(filters))


_CODECS: dict[bytes, Callable[[bytes], Codec]] = {
    LZMA2: _lzma2,
    LZMA1: _lzma1,
    b"\x04\x01\x08": lambda _: Deflate(),
    b"\x04\x01\x09": lambda _: deflate64_codec(),
    b"\x04\x02\x02": lambda _: bzip2_codec(),
    b"\x04\xf7\x11\x01": lambda _: zstd_codec(),
}


def _filtered(stream: Stream, size: int, method: bytes, settings: bytes, budget: Budget) -> Stream:
    """Return data with a filter taken off.

    Python applies filters only to LZMA data, so that the data become LZMA2 blocks that are stored.
    """
    inverse: dict[str, int] = {"id": BRANCHES.get(method, lzma.FILTER_DELTA)}
    if method == DELTA:
        inverse["dist"] = settings[0] + 1 if settings else 1
    codec = _raw(inverse, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16})
    expansion = Expansion(Stream(_Stored(stream).fetch), codec, budget)
    return section(Stream(expansion.fetch), size)


class _Stored:
    """Bytes as an LZMA2 stream whose blocks are not compressed."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._control = 1
        self._ended = False

    def fetch(self, _wanted: int) -> bytes:
        if self._ended:
            return b""
        data = self._stream.take(1 << 15)
        if not data:
            self._ended = True
            return b"\0"
        head = bytes([self._control]) + (len(data) - 1).to_bytes(2, "big")
        self._control = 2
        return head + data
