"""Encodings: what the matcher sees is UTF-8, and no byte of other text is touched."""

import io
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream
from extriage.parsers import open_text
from extriage.parsers.text import HEAD, text_of

LINES = "2021-03-03T05:02:11Z,Système,\U0001f4a9\r\nsecond\n"
LONG = LINES * 4000


class Breaking(io.RawIOBase):
    """A source that gives small pieces and then breaks off."""

    def __init__(self, data: bytes, piece: int, *, breaks: bool = True) -> None:
        self.data, self.piece, self.breaks = data, piece, breaks

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        target = memoryview(cast("bytearray", buffer))
        part = self.data[: min(self.piece, len(target))]
        if not part and self.breaks:
            raise SourceError("bad checksum")
        target[: len(part)] = part
        self.data = self.data[len(part) :]
        return len(part)


def source(data: bytes) -> ByteStream:
    return io.BytesIO(data)


def into(stream: ByteStream, size: int) -> bytes:
    """Read a stream to its end the way the scanner does, into one buffer."""
    buffer = bytearray(size)
    parts = []
    while got := stream.readinto(memoryview(buffer)):
        parts.append(bytes(buffer[:got]))
    return b"".join(parts)


@pytest.mark.parametrize("text", ["", "a", LINES, LONG, "\0\0\0"])
@pytest.mark.parametrize("size", [1, 4096, 1 << 20])
def test_other_text_is_handed_through_untouched(text: str, size: int) -> None:
    data = text.encode()
    if size == 1:
        data = data[:100]
    head, stream, note = open_text(source(data))
    assert head == data[:HEAD]
    assert into(stream, size) == data
    assert note == ""


def test_a_byte_order_mark_is_dropped() -> None:
    head, stream, _ = open_text(source(b"\xef\xbb\xbf" + LONG.encode()))
    assert head == LONG.encode()[: HEAD - 3]
    assert stream.read() == LONG.encode()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("text", ["DateTime,RequestId\r\n" * 5, LONG])
def test_utf16_becomes_utf8(encoding: str, mark: str, text: str) -> None:
    head, stream, note = open_text(source((mark + text).encode(encoding)))
    assert text.encode().startswith(head[:1000])
    assert into(stream, 1 << 20) == text.encode()
    assert encoding in note


def test_utf16_cut_in_the_middle_of_a_character_is_read_to_the_cut() -> None:
    data = LINES.encode("utf-16")
    _, stream, _ = open_text(source(data[:-1]))
    assert stream.read() == LINES[:-1].encode() + "\ufffd".encode()


@pytest.mark.parametrize(
    "data",
    [
        b"ElfFile\0" + b"\0" * 600,
        b"\0" * 1000,
        b"!BDN" + bytes(range(256)) * 3,
        b"a\0",
        bytes([0x30, 0x82]) + b"\x01\0" * 500,
    ],
)
def test_binary_files_are_not_taken_for_utf16(data: bytes) -> None:
    head, stream, note = open_text(source(data))
    assert (head, stream.read(), note) == (data, data, "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("limit", [-1, 7, 100_000])
def test_lines_are_read_one_by_one(encoding: str, limit: int) -> None:
    _, stream, _ = open_text(source(LONG.encode(encoding)))
    lines = list(iter(lambda: stream.readline(limit), b""))
    assert b"".join(lines) == LONG.encode()
    if limit != 7:
        assert lines == LONG.encode().splitlines(keepends=True)
    else:
        assert max(map(len, lines)) == 7


def test_what_came_before_a_break_is_delivered() -> None:
    data = LONG.encode() + b"half a line"
    _, stream, _ = open_text(cast("ByteStream", Breaking(data, 9000)))
    lines: list[bytes] = []
    with pytest.raises(SourceError):
        lines.extend(iter(stream.readline, b""))
    lines.clear()
    _, stream, _ = open_text(cast("ByteStream", Breaking(data, 9000)))
    while True:
        try:
            lines.append(stream.readline())
        except SourceError:
            break
    assert b"".join(lines) == data
    with pytest.raises(SourceError):
        stream.read(10)
    _, stream, _ = open_text(cast("ByteStream", Breaking(data, 9000)))
    buffer = memoryview(bytearray(len(data) + 1))
    filled = 0
    while filled < len(data):
        filled += stream.readinto(buffer[filled:])
    with pytest.raises(SourceError):
        stream.readinto(buffer)
    assert bytes(buffer[:filled]) == data


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"plain", "plain"),
        ("Système".encode(), "Système"),
        ("Système".encode("cp1252"), "Système"),
        (b"\x81\x8d", "\ufffd\ufffd"),
        (b"\xef\xbb\xbfx", "x"),
        (b"", ""),
    ],
)
def test_a_line_is_utf8_or_else_cp1252(line: bytes, text: str) -> None:
    assert text_of(line) == text


@given(st.binary(max_size=2000), st.integers(1, 700))
def test_any_bytes_can_be_opened(data: bytes, piece: int) -> None:
    _, stream, note = open_text(cast("ByteStream", Breaking(data, piece, breaks=False)))
    read = into(stream, 512)
    if not note:
        assert read == data.removeprefix(b"\xef\xbb\xbf")
