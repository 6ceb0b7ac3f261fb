"""Disk images that are cut off, and volumes that nobody here can read: what is lost is told."""

import struct
import uuid
from pathlib import Path

import image_making as making
import pytest
from image_making import MIB, START, needs

from extriage.model.evidence import Entry
from extriage.pipeline.beginning import evidence
from extriage.sources import Opened, read
from extriage.sources.images import partitions
from extriage.sources.images.diskformats import disk_format

ntfs_tools = needs("mkntfs", "wimcapture", "wimapply")
PAGE = "inetpub/wwwroot/x.aspx"
LOST = "bytes are missing in the image; what lay there is lost"
EFI = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an NTFS volume with Windows and one page."""
    place = tmp_path_factory.mktemp("damaged")
    hive = making.system_hive({"C:": making.by_signature(START)})
    files = {"Windows/System32/config/SYSTEM": hive, PAGE: b"<%@ Page %>" * 900}
    return making.ntfs(making.write(place / "C", files), place / "c.img")


def look(*paths: Path) -> tuple[set[str], dict[str, Entry]]:
    """Return the paths that are read to their end, and the rows of all that is told."""
    found = evidence(list(paths))
    told = {entry.path: entry for entry in found.entries if entry.status != "read"}
    names = set[str]()
    for unit in found.units:
        for item in read(unit):
            if isinstance(item, Opened):
                item.stream.read()
                names.add(item.artifact.path)
            else:
                told[item.path] = item
    return names, told


def cut(path: Path, count: int) -> Path:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - count)
    return path


@ntfs_tools
def test_a_disk_that_was_not_copied_to_its_end_says_how_much_is_lost(
    volume: Path, tmp_path: Path
) -> None:
    image = cut(making.disk(tmp_path / "EX01.dd", volume), MIB + 5 * 512)
    names, told = look(image)
    assert f"EX01.dd!/C:/{PAGE}" in names
    assert (told["EX01.dd!/C:/"].status, LOST in told["EX01.dd!/C:/"].reason) == ("partial", True)
    assert "its last 2,560 bytes" in told["EX01.dd!/C:/"].reason


@ntfs_tools
def test_a_volume_that_was_not_copied_to_its_end_says_so(volume: Path, tmp_path: Path) -> None:
    bare = tmp_path / "EX01.dd"
    bare.write_bytes(volume.read_bytes())
    assert not {path for path, row in look(bare)[1].items() if "cut off" in row.reason}
    names, told = look(cut(bare, MIB))
    assert f"EX01.dd!/C:/{PAGE}" in names
    # what Windows calls the size of a volume leaves out its last sector
    assert f"its last {MIB - 512:,} {LOST}" in told["EX01.dd!/C:/"].reason


def flat(folder: Path, volume: Path, offset: int = 0) -> Path:
    """Write a disk as VMware does: a descriptor, and the data behind so many sectors of a file."""
    folder.mkdir()
    raw = making.disk(folder / "raw", volume)
    data = raw.read_bytes()
    raw.unlink()
    (folder / "EX01-flat.vmdk").write_bytes(bytes(offset * 512) + data)
    (folder / "EX01.vmdk").write_text(
        "# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\n"
        f'RW {len(data) // 512} FLAT "EX01-flat.vmdk" {offset}\n'
    )
    return folder / "EX01.vmdk"


@ntfs_tools
def test_the_data_of_a_virtual_disk_may_begin_in_the_midst_of_its_file(
    volume: Path, tmp_path: Path
) -> None:
    image = flat(tmp_path / "in", volume, 7)
    names, told = look(image)
    assert f"EX01.vmdk!/C:/{PAGE}" in names
    assert not {path for path, row in told.items() if "cut off" in row.reason}


@ntfs_tools
def test_an_extent_of_a_virtual_disk_that_is_cut_off_is_told(volume: Path, tmp_path: Path) -> None:
    image = flat(tmp_path / "in", volume, 7)
    cut(tmp_path / "in" / "EX01-flat.vmdk", 3 * 512)
    names, told = look(image)
    assert f"EX01.vmdk!/C:/{PAGE}" in names
    assert told["EX01.vmdk"].status == "partial"
    assert f"its last 1,536 {LOST}" in told["EX01.vmdk"].reason


@ntfs_tools
@needs("qemu-img")
def test_a_vhd_without_its_end_is_told_to_be_cut_off(volume: Path, tmp_path: Path) -> None:
    raw = making.disk(tmp_path / "raw.dd", volume)
    image = cut(making.packed(raw, tmp_path / "EX01.vhd", "vpc"), 4096)
    row = look(image)[1]["EX01.vhd"]
    assert (row.status, row.reason) == (
        "unreadable",
        "disk image: is cut off: its end is missing",
    )


SYSTEMS = [
    (0x438, b"\x53\xef", "ext (Linux)", "dissect.extfs"),
    (0, b"XFSB", "XFS (Linux)", "dissect.xfs"),
    (0x10040, b"_BHRfS_M", "Btrfs (Linux)", "dissect.btrfs"),
    (3, b"EXFAT   ", "exFAT", "dissect.fat"),
    (82, b"FAT32   ", "FAT", "dissect.fat"),
]


def marked(folder: Path, at: int, mark: bytes) -> Path:
    """Write a volume of which only the mark of its file system is there."""
    data = bytearray(2 * MIB)
    data[at : at + len(mark)] = mark
    (folder / "v.img").write_bytes(data)
    return folder / "v.img"


@pytest.mark.parametrize("kind", [0x83, 7])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_volume_whose_library_is_missing_is_named_with_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: tuple[int, bytes, str, str],
    kind: int,
) -> None:
    at, mark, name, needed = system
    image = making.disk(tmp_path / "EX01.dd", marked(tmp_path, at, mark), kind=kind)
    monkeypatch.setattr(partitions, "find_spec", lambda asked: None)
    _, told = look(image)
    row = told["EX01.dd!/volume1:"]
    assert (row.status, row.reason) == (
        "unreadable",
        f"volume holds {name}, which needs one library more: pip install {needed}, "
        "or mount it read-only and give its folders",
    )
    monkeypatch.setattr(partitions, "find_spec", lambda asked: asked == needed)
    _, told = look(image)
    assert told["EX01.dd!/volume1:"].reason == f"volume holds {name} that cannot be read: damaged"


@ntfs_tools
@pytest.mark.parametrize("kind", [0xEF, 0x0B])
def test_a_partition_to_start_from_is_nobodys_evidence(
    volume: Path, tmp_path: Path, kind: int
) -> None:
    start = marked(tmp_path, 82, b"FAT32   ")
    image = making.disk(tmp_path / "EX01.dd", start, volume)
    data = bytearray(image.read_bytes())
    data[446 + 4] = kind
    image.write_bytes(data)
    names, told = look(image)
    assert any(name.endswith(PAGE) for name in names)
    assert ("EX01.dd!/volume1:" in told) == (kind != 0xEF)


def test_a_partition_to_start_from_is_known_in_the_table_of_today(tmp_path: Path) -> None:
    start, guid = marked(tmp_path, 82, b"FAT32   "), uuid.UUID(int=5)
    making.guid_disk(tmp_path / "EX01.dd", start, guid, uuid.UUID(EFI))
    making.guid_disk(tmp_path / "EX02.dd", start, guid)
    _, told = look(tmp_path / "EX01.dd", tmp_path / "EX02.dd")
    assert told["EX01.dd"].reason == "disk image without a volume that is known"
    assert "holds FAT" in told["EX02.dd!/volume1:"].reason


def test_a_bare_volume_of_linux_is_an_image(tmp_path: Path) -> None:
    marked(tmp_path, 0x438, b"\x53\xef").rename(tmp_path / "disk.dd")
    _, told = look(tmp_path / "disk.dd")
    assert "holds ext (Linux)" in told["disk.dd!/volume1:"].reason


MBR = (
    bytes(446)
    + struct.pack("<B3xB3xII", 0x80, 7, 2048, 2048).ljust(64, b"\0")
    + b"\x55\xaa".ljust(1538, b"\0")
)


@pytest.mark.parametrize(
    ("head", "image"),
    [
        (MBR, True),
        ((b"\xeb\x3c\x90mkfs.fat".ljust(54, b"\0") + b"FAT16   ").ljust(510) + b"\x55\xaa", True),
        ((b"\xe9\x3c\x90mkfs.fat".ljust(82, b"\0") + b"FAT32   ").ljust(510) + b"\x55\xaa", True),
        ((b"\xeb\x3c\x90mkfs.fat".ljust(82, b"\0") + b"FAT32   ").ljust(512), False),
        (b"XFSB\0\0\x10\0", True),
        (bytes(0x438) + b"\x53\xef", True),
        (b"#Version" + bytes(0x430) + b"\x53\xef", False),
        (bytes(2048), False),
    ],
)
def test_volumes_of_other_systems_are_known_by_their_heads(head: bytes, image: bool) -> None:
    assert bool(disk_format(head, "EX01.dd")) == image
    assert not disk_format(head, "u_ex210301.log")
