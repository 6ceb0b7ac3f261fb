"""E01 images name the hashes of the disk that they were made of; damage gives none."""

import hashlib
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_making import PATH, needs

from extriage.sources.images.diskformats import EWF_MARK
from extriage.sources.images.ewfhash import stored_hashes

MD5, SHA1 = bytes(range(16)), bytes(range(20, 40))


def segment(number: int, sections: list[tuple[bytes, bytes]], *, last: bytes = b"done") -> bytes:
    data = EWF_MARK + b"\x01" + struct.pack("<H", number) + b"\0\0"
    for kind, body in sections:
        size = 76 + len(body)
        data += descriptor(kind, len(data) + size, size) + body
    return data + descriptor(last, len(data), 76)


def descriptor(kind: bytes, following: int, size: int) -> bytes:
    head = struct.pack("<16sQQ40s", kind, following, size, b"")
    return head + struct.pack("<I", zlib.adler32(head))


def test_hashes_stand_in_the_last_segment(tmp_path: Path) -> None:
    first, second = tmp_path / "d.E01", tmp_path / "d.E02"
    first.write_bytes(segment(1, [(b"volume", bytes(94))], last=b"next"))
    digest = MD5 + SHA1 + bytes(44)
    second.write_bytes(segment(2, [(b"digest", digest), (b"hash", b"\xff" * 36)]))
    assert stored_hashes([first, second]) == {"MD5": MD5.hex(), "SHA-1": SHA1.hex()}
    assert stored_hashes([first]) == {}


def test_a_hash_of_zero_bytes_was_not_made(tmp_path: Path) -> None:
    image = tmp_path / "d.E01"
    image.write_bytes(segment(1, [(b"digest", MD5 + bytes(64))]))
    assert stored_hashes([image]) == {"MD5": MD5.hex()}


def test_a_damaged_section_head_ends_the_search(tmp_path: Path) -> None:
    data = bytearray(segment(1, [(b"volume", bytes(94)), (b"hash", MD5 + bytes(20))]))
    image = tmp_path / "d.E01"
    image.write_bytes(data)
    assert stored_hashes([image]) == {"MD5": MD5.hex()}
    data[20] ^= 1
    image.write_bytes(data)
    assert stored_hashes([image]) == {}


def test_a_chain_of_sections_that_leads_back_ends(tmp_path: Path) -> None:
    image = tmp_path / "d.E01"
    image.write_bytes(EWF_MARK + bytes(5) + descriptor(b"volume", 0, 76))
    assert stored_hashes([image]) == {}


@given(st.binary(max_size=300))
def test_garbage_gives_no_hash_and_no_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    image = tmp_path_factory.mktemp("e01") / "d.E01"
    image.write_bytes(EWF_MARK + data)
    assert stored_hashes([image]) == {}


@needs("ewfacquirestream")
def test_the_hash_that_ewfacquire_stores_is_found(tmp_path: Path) -> None:
    program = shutil.which("ewfacquirestream", path=PATH)
    assert program
    disk = bytes(range(256)) * 4096
    subprocess.run(
        [program, "-d", "sha1", "-t", "d", "-S", "1048576"],
        cwd=tmp_path, input=disk, capture_output=True, check=True,
    )  # fmt: skip
    found = stored_hashes(sorted(tmp_path.glob("d.E*")))
    assert found["MD5"] == hashlib.md5(disk, usedforsecurity=False).hexdigest()
    assert found["SHA-1"] == hashlib.sha1(disk, usedforsecurity=False).hexdigest()
