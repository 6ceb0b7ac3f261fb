"""Disk images made at run time with the tools of Linux distributions, without mounting anything.

`mkntfs` formats, `wimcapture` and `wimapply` fill an NTFS image from a folder, `qemu-img` and
`ewfacquire` pack a disk into containers. Partition tables and shadow copies are written here, by
their published layouts.
"""

import os
import shutil
import struct
import subprocess
import uuid
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hive_building import Value, hive, tree

MIB = 1 << 20
SIGNATURE = 0x1A2B3C4D
START = MIB
"""Where the first partition begins."""
PATH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
BASIC_DATA = uuid.UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7")
VSS = bytes.fromhex("6b870838 76c1484e b7ae0404 6e6cc752")
BLOCK = 0x4000


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip a test, with a printed reason, on machines that lack the tools that make its image."""
    missing = [tool for tool in tools if not shutil.which(tool, path=PATH)]
    reason = f"not run: this machine has no {', '.join(missing)} (Debian packages wimtools, " + (
        "ntfs-3g, qemu-utils, ewf-tools)"
    )
    return pytest.mark.skipif(bool(missing), reason=reason)


def run(*words: str | Path) -> None:
    """Run a tool; its own words are the error."""
    found = shutil.which(str(words[0]), path=PATH)
    assert found
    done = subprocess.run(
        [found, *map(str, words[1:])],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{words[0]}: {done.stderr or done.stdout}"


def ntfs(folder: Path, target: Path, size: int = 0) -> Path:
    """Make an NTFS volume that holds what a folder holds."""
    files = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    size = size or (12 * MIB + (sum(files) + 8192 * len(files))) // MIB * MIB
    with target.open("wb") as file:
        file.truncate(size)
    run("mkntfs", "-F", "-Q", "-q", "-T", "-c", "4096", target)
    if any(folder.iterdir()):
        wim = target.with_suffix(".wim")
        run("wimcapture", folder, wim, "--compress=none", "--no-acls")
        run("wimapply", wim, "1", target)
        wim.unlink()
    return target


def disk(target: Path, *volumes: Path, signature: int = SIGNATURE, kind: int = 7) -> Path:
    """Make a disk with a master boot record and a partition of a kind for each volume."""
    table, at = b"", START
    for volume in volumes:
        size = volume.stat().st_size
        table += struct.pack("<B3xB3xII", 0x80, kind, at // 512, size // 512)
        at += size
    boot = bytes(440) + struct.pack("<IH", signature, 0) + table.ljust(64, b"\0") + b"\x55\xaa"
    with target.open("wb") as file:
        file.write(boot.ljust(START, b"\0"))
        for volume in volumes:
            with volume.open("rb") as source:
                shutil.copyfileobj(source, file)
        file.truncate(at + MIB)
    return target


def guid_disk(target: Path, volume: Path, guid: uuid.UUID, kind: uuid.UUID = BASIC_DATA) -> Path:
    """Make a disk with a GUID partition table and one partition."""
    size = volume.stat().st_size
    first, last = START // 512, (START + size) // 512 - 1
    total = (START + size + MIB) // 512
    entry = kind.bytes_le + guid.bytes_le + struct.pack("<QQQ", first, last, 0)
    array = (entry + "Data".encode("utf-16-le").ljust(72, b"\0")).ljust(128 * 128, b"\0")
    head = struct.pack("<8sIIIIQQQQ", b"EFI PART", 0x10000, 92, 0, 0, 1, total - 1, 34, total - 34)
    head += uuid.UUID(int=7).bytes_le + struct.pack("<QIII", 2, 128, 128, zlib.crc32(array))
    head = head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
    part = struct.pack("<B3xB3xII", 0, 0xEE, 1, total - 1)
    boot = bytes(446) + part.ljust(64, b"\0") + b"\x55\xaa"
    with target.open("wb") as file:
        file.write((boot + head.ljust(512, b"\0") + array).ljust(START, b"\0"))
        file.write(volume.read_bytes())
        file.truncate(total * 512)
    return target


def with_stream(volume: Path, number: int, stream: str, data: bytes) -> None:
    """Put a further (alternate) stream beside the data of a file or folder, named by its record."""
    source = volume.with_suffix(".stream")
    source.write_bytes(data)
    run("ntfscp", "-q", "-f", "-i", "-N", stream, volume, source, str(number))
    source.unlink()


def packed(source: Path, target: Path, format: str, options: str = "") -> Path:
    """Pack a raw disk into another container."""
    more = ("-o", options) if options else ()
    run("qemu-img", "convert", "-f", "raw", "-O", format, *more, source, target)
    return target


def expert_witness(source: Path, target: Path, segment: int = 0) -> Path:
    """Pack a raw disk into an E01 image, cut into segments of so many MiB."""
    cut = ("-S", f"{segment}MiB") if segment else ()
    words = ("-u", "-q", "-c", "deflate:fast", "-f", "encase6", "-t", target.with_suffix(""))
    run("ewfacquire", *words, *cut, source)
    return target.with_suffix(".E01")


def system_hive(letters: Mapping[str, bytes], name: str = "EX01") -> bytes:
    """Return a hive SYSTEM of a server that knows which volume has which letter."""
    devices: dict[str, Value] = {f"\\DosDevices\\{name}": value for name, value in letters.items()}
    called: dict[str, Value] = {"ComputerName": name}
    control = "ControlSet001\\Control\\ComputerName\\ComputerName"
    keys = {"MountedDevices": devices, control: called}
    return hive(tree(keys), "SYSTEM", leaf=b"lf")


def by_signature(offset: int, signature: int = SIGNATURE) -> bytes:
    """Return what Windows calls a partition of a disk with a master boot record."""
    return struct.pack("<IQ", signature, offset)


def by_guid(guid: uuid.UUID) -> bytes:
    """Return what Windows calls a partition of a disk with a GUID partition table."""
    return b"DMIO:ID:" + guid.bytes_le


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder and return it."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def with_shadow(now: Path, before: Path, created: int = 132_500_000_000_000_000) -> Path:
    """Make `before`, a state of the same volume, a shadow copy of `now`; return `now`.

    What differs is kept in blocks behind the volume's data, as Windows keeps them in a file of
    the volume. Layout: Joachim Metz, "Volume Shadow Snapshot (VSS)" (libvshadow documentation).
    """
    new, old = bytearray(now.read_bytes()), before.read_bytes()
    assert len(new) == len(old)
    changed = [
        at for at in range(0, len(old), BLOCK) if new[at : at + BLOCK] != old[at : at + BLOCK]
    ]
    room = (len(changed) + 8) * BLOCK
    base = (len(new) - room - MIB) // BLOCK * BLOCK
    assert not any(new[base : base + room]), "the end of the volume is in use"
    assert len(changed) * 32 <= BLOCK - 128
    catalog, header, blocks, ranges, bits, data = (base + n * BLOCK for n in range(6))

    def put(at: int, kind: int, body: bytes, size: int = 0) -> None:
        head = VSS + struct.pack("<II4Q", 1, kind, at - base, at, 0, size)
        new[at : at + BLOCK] = (head.ljust(128, b"\0") + body).ljust(BLOCK, b"\0")

    store = uuid.UUID(int=0x5EED).bytes_le
    volume = VSS + struct.pack("<II5Q", 1, 1, 0x1E00, 0, 0, catalog, room)
    new[0x1E00:0x2000] = (volume + uuid.UUID(int=1).bytes_le * 2).ljust(512, b"\0")
    second = struct.pack("<QQ16sQQQ", 2, len(new), store, 1, 0x42, created).ljust(128, b"\0")
    third = struct.pack("<QQ16s", 3, blocks, store)
    third += struct.pack("<5Q", header, ranges, bits, 0, room) + struct.pack("<QQ", 0, 0)
    put(catalog, 2, second + third.ljust(128, b"\0"))
    name = "EX01".encode("utf-16-le")
    about = uuid.UUID(int=2).bytes_le + uuid.UUID(int=3).bytes_le + uuid.UUID(int=4).bytes_le
    about += struct.pack("<IIII", 0x0D, 1, 0x0042_0009, 0)
    about += (struct.pack("<H", len(name)) + name) * 2
    put(header, 4, about, len(about))
    rows = b""
    for number, at in enumerate(changed):
        keep = data + number * BLOCK
        # NOTE: the first block holds the header of the snapshots, which the old state has not.
        rows += struct.pack("<QQQII", at, keep - base, keep, 0, 0)
        new[keep : keep + BLOCK] = old[at : at + BLOCK]
    put(blocks, 3, rows, len(rows))
    put(ranges, 5, struct.pack("<QQQ", base, 0, room), 24)
    put(bits, 6, bytes(BLOCK - 128), len(new) // BLOCK // 8)
    now.write_bytes(new)
    return now


DATA_DISK = uuid.UUID(int=99)


def _volume_of(server: Path, work: Path, drive: str = "C") -> Path:
    """Make a volume of a drive of a server that lies in a folder, with Windows if it is C:."""
    folder = work / drive
    shutil.copytree(server / drive, folder)
    if drive == "C":
        letters = {"C:": by_signature(START), "E:": by_guid(DATA_DISK)}
        write(folder, {"Windows/System32/config/SYSTEM": system_hive(letters)})
    made = ntfs(folder, work / f"{drive}.img")
    shutil.rmtree(folder)
    return made


def two_disks(server: Path, given: Path) -> None:
    """Hand a server over as an image of its disk C:, another of its disk E:, and exports."""
    work = given.with_name("work")
    work.mkdir()
    disk(given / "EX01-disk1.dd", _volume_of(server, work))
    guid_disk(given / "EX01-disk2.dd", _volume_of(server, work, "E"), DATA_DISK)
    shutil.rmtree(work)
    shutil.copytree(server / "exports", given / "exports")


def _packed_into(name: str, form: str, options: str = "") -> Callable[[Path, Path], None]:
    """Return a way of handing a server over: its C: as an image, exports of events beside it."""

    def way(server: Path, given: Path) -> None:
        work = given.with_name("work")
        work.mkdir()
        raw = disk(work / "C.raw", _volume_of(server, work))
        if form == "ewf":
            expert_witness(raw, given / name, 8)
        elif form == "raw":
            shutil.move(raw, given / name)
        else:
            packed(raw, given / name, form, options)
        shutil.rmtree(work)
        for folder in server.iterdir():
            if folder.name != "C":
                shutil.copytree(folder, given / folder.name)

    return way


IMAGE_WAYS = {
    "raw image": _packed_into("EX01.dd", "raw"),
    "E01 in segments": _packed_into("EX01.E01", "ewf"),
    "VMDK": _packed_into("EX01.vmdk", "vmdk", "subformat=streamOptimized"),
    "VHDX": _packed_into("EX01.vhdx", "vhdx"),
    "qcow2": _packed_into("EX01.qcow2", "qcow2"),
}
"""Ways of handing a server over as a disk image; each takes the server and an empty folder."""
