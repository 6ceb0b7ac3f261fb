"""A tar archive read from front to back.

References: POSIX.1-2001 pax (ustar and extended headers), GNU tar manual (long names, base-256
numbers). Headers are read by hand, not by the standard library's reader, because that one takes
any header size for granted (a compressed gigabyte as a "long name") and stops at a damaged header.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from extriage.errors import SourceError
from extriage.model.evidence import EntryStatus
from extriage.sources.contents import Member, Remark, utc
from extriage.sources.limits import MIB
from extriage.sources.stream import Stream, section

BLOCK = 512
MAX_EXTENDED = MIB
"""Extended headers (long names, attributes) larger than this are refused."""

REGULAR, FOLDER, SPARSE = b"07\0", b"5D", b"S"
NO_FILE = b"12346V"
LONG_NAME, LONG_LINK, PAX, PAX_GLOBAL = b"L", b"K", b"xX", b"g"
USED = (b"path", b"linkpath", b"size", b"mtime")
TYPES_OF_OLD = b"0\x00125"
OTHER = {
    b"1": "hard link",
    b"2": "symbolic link",
    b"3": "character device",
    b"4": "block device",
    b"6": "named pipe",
    b"M": "continuation of a file on another volume",
    b"V": "volume label",
}


@dataclass(slots=True)
class _Header:
    name: str
    link: str
    kind: bytes
    size: int
    modified: float


@dataclass(slots=True)
class _Pending:
    """What extended headers say about the next entry (and, if global, about all that follow)."""

    lasting: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def take(self) -> dict[str, str]:
        values = self.lasting | self.values
        self.values = {}
        return values


def is_tar(head: bytes) -> bool:
    """Tell whether a file starts with a tar header: its mark, and a checksum or binary zeros."""
    if len(head) < BLOCK:
        return False
    if head[257:262] == b"ustar":  # a log line may say "ustar" too, but holds no zero bytes
        return _sound(head) or b"\0" in head[100:257]
    return head[0] != 0 and head[156:157] in TYPES_OF_OLD and _sound(head)


def _sound(head: bytes) -> bool:
    try:
        stated = _number(head[148:156])
    except SourceError:
        return False
    unsigned = sum(head[:148]) + 8 * 0x20 + sum(head[156:BLOCK])
    return stated == unsigned and unsigned > 8 * 0x20


def read_tar(stream: Stream) -> Iterator[Member | Remark]:
    """Yield the entries of a tar archive in their order."""
    pending = _Pending()
    ended = False
    met: set[int] = set()
    while block := stream.take(BLOCK):
        if not block.strip(b"\0"):
            ended = True
            stream.skip_zeros()
            if stream.peek(1):  # a header whose name is empty starts with zeros, too
                stream.unread(bytes(stream.position % BLOCK))
            continue
        if len(block) < BLOCK:
            raise SourceError("cut off in the header of an entry")
        if not _sound(block):
            yield from _lost(stream, block)
            continue
        header = _header(block)
        if header.kind in PAX + PAX_GLOBAL + LONG_NAME + LONG_LINK:
            _extend(stream, header, pending)
        else:
            header = _applied(header, pending.take())
            yield from _entry(stream, header, met)
            met.add(hash(header.name))
    if not ended:
        yield Remark("partial", "its end mark is missing: it may be cut off")


def _header(block: bytes) -> _Header:
    """Read the fields of a header block."""
    name, link = _text(block[:100]), _text(block[157:257])
    if block[257:265] == b"ustar\x0000" and block[345]:
        name = f"{_text(block[345:500])}/{name}"
    size, modified = _number(block[124:136]), _number(block[136:148])
    return _Header(name, link, block[156:157], size, modified)


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _number(raw: bytes) -> int:
    """Read an octal number, or GNU's base-256 for large ones."""
    if raw[0] & 0x80:
        return int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
    digits = raw.partition(b"\0")[0].strip()
    if digits.strip(b"01234567"):
        raise SourceError("a number in its headers is damaged")
    return int(digits or b"0", 8)


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _extend(stream: Stream, header: _Header, pending: _Pending) -> None:
    """Remember what an extended header says about the entry that follows."""
    if header.size > MAX_EXTENDED:
        raise SourceError(f"an extended header of {header.size:,} bytes: the rest was not read")
    data = stream.take(_padded(header.size))[: header.size]
    if len(data) < header.size:
        raise SourceError("cut off in an extended header")
    if header.kind == LONG_NAME:
        pending.values["path"] = _text(data)
    elif header.kind == LONG_LINK:
        pending.values["linkpath"] = _text(data)
    elif header.kind == PAX_GLOBAL:
        pending.lasting.update(_attributes(data))
    else:
        pending.values.update(_attributes(data))


def _attributes(data: bytes) -> dict[str, str]:
    """Read the `length key=value` rows of a pax header; what is damaged ends them."""
    found: dict[str, str] = {}
    while data:
        digits = data.partition(b" ")[0]
        length = int(digits) if digits.isdigit() and len(digits) < 8 else 0
        row = data[len(digits) + 1 : length].removesuffix(b"\n")
        key, equals, value = row.partition(b"=")
        if not equals:
            break
        if key in USED or key.startswith(b"GNU.sparse."):
            found[key[:15].decode("ascii", "replace")] = value.decode("utf-8", "backslashreplace")
        data = data[length:]
    return found


def _applied(header: _Header, values: dict[str, str]) -> _Header:
    """Let the extended header's values replace those of the short one."""
    header.name = values.get("path", header.name)
    header.link = values.get("linkpath", header.link)
    size = values.get("size", "")
    if size.isascii() and size.isdigit() and len(size) < 20:
        header.size = int(size)
    header.modified = _seconds(values.get("mtime", ""), header.modified)
    if any(key.startswith("GNU.sparse.") for key in values):
        header.kind = SPARSE
        header.name = values.get("GNU.sparse.name", header.name)
    return header


def _seconds(text: str, default: float) -> float:
    try:
        return float(text)
    except ValueError:
        return default


def _entry(stream: Stream, header: _Header, met: set[int]) -> Iterator[Member]:
    start = stream.position
    kind, modified = header.kind, utc(header.modified)
    data = 0 if kind in b"12345" else header.size  # links and folders state sizes without data
    if kind in REGULAR:
        yield Member(header.name, header.size, modified, section(stream, header.size))
    elif kind not in FOLDER:
        yield Member(header.name, header.size, modified, _refusal(header, met))
    left = start + _padded(data) - stream.position
    if stream.skip(left) < left:
        raise SourceError("cut off in the middle of an entry")


def _refusal(header: _Header, met: set[int]) -> Remark:
    """Say why an entry is not read, and whether that is evidence lost; `met` are names so far."""
    kind = header.kind
    if kind == b"1" and hash(header.link) not in met:
        lost = f"hard link to {header.link!r}, of which the archive holds nothing before it"
        return Remark("unreadable", lost)
    if kind in b"12":
        return Remark("skipped", f"{OTHER[kind]} to {header.link!r} in the archive: not followed")
    if kind == SPARSE:
        return Remark("unreadable", "sparse file in the archive: not supported")
    title = OTHER.get(kind, f"entry of unknown type {kind!r}")
    status: EntryStatus = "skipped" if kind in NO_FILE else "unreadable"
    return Remark(status, f"{title} in the archive: not read")


def _lost(stream: Stream, block: bytes) -> Iterator[Remark]:
    """Say that a header is damaged, and go on at the next sound one."""
    start = stream.position - len(block)
    while block := stream.peek(BLOCK):
        if block[257:262] == b"ustar" and _sound(block):
            break
        stream.skip(BLOCK)
    count = stream.position - start
    yield Remark("partial", f"damaged header at {start:,}: {count:,} bytes were not read")
    if stream.broken:
        raise SourceError(stream.broken)
