"""Disk images: every container gives the same files, shadow copies only what differs."""

import random
import shutil
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

import image_making as making
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from image_making import MIB, START, needs

from extriage.errors import SourceError
from extriage.model.evidence import Entry, Unit
from extriage.pipeline.beginning import evidence
from extriage.sources import Opened, Survey, read, survey
from extriage.sources.images import careful, handle
from extriage.sources.images.diskformats import disk_format, parts
from extriage.sources.images.filesystem import plain
from extriage.sources.images.handle import Metered, Purse, guarded
from extriage.sources.siblings import sibling

ntfs_tools = needs("mkntfs", "wimcapture", "wimapply")
LINE = b"2021-03-01 00:00:00 10.0.0.1 GET /owa/ - 443 - 198.51.100.7 Mozilla - 200 0 0 15\r\n"
IIS = "inetpub/logs/LogFiles/W3SVC1/u_ex210301.log"
SHELL = "inetpub/wwwroot/aspnet_client/shell.aspx"
SYSTEM = "Windows/System32/config/SYSTEM"
FILES: dict[str, bytes] = {
    IIS: b"#Fields: date time\r\n" + LINE * 4000,
    "inetpub/wwwroot/iisstart.htm": b"<html></html>",
    "inetpub/wwwroot/default.aspx": b"<%@ Page %>" * 100,
    "Windows/System32/winevt/Logs/Security.evtx": b"ElfFile\0" + bytes(5000),
    "Windows/WinSxS/x/big.dll": b"MZ" + bytes(9000),
    "Users/Public/notes.txt": b"nothing for a triage",
}


def server(folder: Path, letters: Mapping[str, bytes] | None = None) -> Path:
    hive = making.system_hive(letters or {"C:": making.by_signature(START)})
    return making.write(folder, {**FILES, SYSTEM: hive, f"{SYSTEM}.LOG1": b"a log"})


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a raw disk with one NTFS partition that has Windows."""
    place = tmp_path_factory.mktemp("disk")
    volume = making.ntfs(server(place / "C"), place / "c.img")
    made = making.disk(place / "EX01.raw", volume)
    volume.unlink()
    return made


def contents(found: Survey) -> dict[str, bytes]:
    """Read all units; paths without the image's own name."""
    read_in: dict[str, bytes] = {}
    for unit in found.units:
        for item in read(unit):
            assert isinstance(item, Opened), item
            read_in[item.artifact.path.partition("!/")[2]] = item.stream.read()
    return read_in


def told(found: Survey) -> dict[str, Entry]:
    return {entry.path: entry for entry in found.entries}


@ntfs_tools
def test_only_what_a_triage_needs_is_read_of_a_disk_and_as_it_is_on_it(disk: Path) -> None:
    found = evidence([disk])
    files = contents(found)
    assert files[f"C:/{IIS}"] == FILES[IIS]
    assert files["C:/inetpub/wwwroot/default.aspx"] == FILES["inetpub/wwwroot/default.aspx"]
    assert files["C:/$MFT"].startswith(b"FILE")
    assert not any("WinSxS" in path or "notes.txt" in path for path in files)
    assert "with Windows" in told(found)["EX01.raw!/C:"].reason


@ntfs_tools
def test_everything_is_read_if_that_is_asked_for(disk: Path) -> None:
    files = contents(evidence([disk], whole=True))
    expected = {f"C:/{name}" for name in FILES}
    assert expected <= set(files)
    assert {path for path in files if "$" in path} == {"C:/$MFT"}


CONTAINERS = [
    ("vmdk", "EX01.vmdk", ""),
    ("vmdk", "EX01.vmdk", "subformat=monolithicFlat"),
    ("vmdk", "EX01.vmdk", "subformat=twoGbMaxExtentSparse"),
    ("vmdk", "EX01.vmdk", "subformat=streamOptimized"),
    ("vhdx", "EX01.vhdx", ""),
    ("vpc", "EX01.vhd", ""),
    ("vpc", "EX01.vhd", "subformat=fixed"),
    ("qcow2", "EX01.qcow2", ""),
    ("qcow2", "EX01.qcow2", "compression_type=zlib"),
    ("vdi", "EX01.vdi", ""),
]


@ntfs_tools
@needs("qemu-img")
@pytest.mark.parametrize(("form", "name", "options"), CONTAINERS)
def test_a_container_gives_the_files_of_the_raw_disk(
    disk: Path, tmp_path: Path, form: str, name: str, options: str
) -> None:
    making.packed(disk, tmp_path / name, form, options)
    found = evidence([tmp_path])
    assert contents(found) == contents(evidence([disk]))
    (one,) = {unit.path for unit in found.units}
    assert one.endswith(f"/{name}")


@ntfs_tools
@needs("qemu-img")
def test_a_volume_without_a_partition_table_has_a_size_that_a_case_can_hold(tmp_path: Path) -> None:
    volume = making.ntfs(server(tmp_path / "C"), tmp_path / "c.img")
    (tmp_path / "given").mkdir()
    making.packed(volume, tmp_path / "given" / "EX01.vhdx", "vhdx")
    found = evidence([tmp_path / "given"])
    read_in = [item for unit in found.units for item in read(unit)]
    sizes = [item.artifact.size for item in read_in if isinstance(item, Opened)]
    assert {type(size) for size in (*sizes, *(row.size for row in found.entries))} == {int}


@ntfs_tools
@needs("ewfacquire")
@pytest.mark.parametrize("segment", [0, 1])
def test_an_e01_gives_the_files_of_the_raw_disk_in_one_segment_or_many(
    tmp_path: Path, segment: int
) -> None:
    hard = {"inetpub/wwwroot/blob.aspx": random.Random(7).randbytes(5 * MIB)}
    volume = making.ntfs(making.write(server(tmp_path / "C"), hard), tmp_path / "c.img")
    raw = making.disk(tmp_path / "d.raw", volume)
    (tmp_path / "given").mkdir()
    image = making.expert_witness(raw, tmp_path / "given" / "EX01.E01", segment)
    segments = sorted(path.name for path in image.parent.iterdir())
    assert (len(segments) > 2) == bool(segment)
    found = evidence([image.parent])
    assert contents(found) == contents(evidence([raw]))
    assert {unit.path for unit in found.units} == {"given/EX01.E01"}
    if segment:
        (image.parent / "EX01.E02").unlink()
        lost = told(evidence([image]))["EX01.E01"]
        assert (lost.status, "segment 2" in lost.reason) == ("unreadable", True)


@ntfs_tools
def test_a_raw_image_in_pieces_and_a_bare_volume_are_read(disk: Path, tmp_path: Path) -> None:
    data = disk.read_bytes()
    third = len(data) // 3 + 1
    (tmp_path / "cut").mkdir()
    for number in range(3):
        piece = data[number * third : (number + 1) * third]
        (tmp_path / "cut" / f"EX01.{number + 1:03}").write_bytes(piece)
    (tmp_path / "bare.dd").write_bytes(data[START:-MIB])
    whole = contents(evidence([disk]))
    assert contents(evidence([tmp_path / "cut"])) == whole
    assert contents(evidence([tmp_path / "bare.dd"])) == whole
    (tmp_path / "cut" / "EX01.002").unlink()
    lost = told(evidence([tmp_path / "cut" / "EX01.001"]))["EX01.001"]
    assert lost.status == "unreadable"
    assert "piece 2" in lost.reason


@ntfs_tools
@needs("qemu-img")
def test_a_virtual_machines_snapshot_is_read_over_its_base(disk: Path, tmp_path: Path) -> None:
    base = making.packed(disk, tmp_path / "EX01.vmdk", "vmdk")
    delta = tmp_path / "EX01-000001.vmdk"
    making.run("qemu-img", "create", "-f", "vmdk", "-b", base, "-F", "vmdk", delta)
    found = evidence([tmp_path])
    assert {unit.path.rpartition("/")[2] for unit in found.units} == {delta.name}
    assert contents(found) == contents(evidence([disk]))
    base.unlink()
    assert "EX01.vmdk" in told(evidence([delta]))[delta.name].reason


@ntfs_tools
@needs("qemu-img")
@pytest.mark.parametrize(("form", "name"), [("qcow2", "d.qcow2"), ("vpc", "d.vhd")])
def test_a_snapshot_without_its_base_is_never_read_as_zeros(
    disk: Path, tmp_path: Path, form: str, name: str
) -> None:
    delta = tmp_path / name
    if form == "qcow2":
        words = ("-b", disk, "-F", "raw", delta)
        making.run("qemu-img", "create", "-f", form, *words)
    else:
        making.packed(disk, delta, form)
        data = bytearray(delta.read_bytes())
        for at in (60, len(data) - 512 + 60):
            data[at : at + 4] = b"\0\0\0\4"
        delta.write_bytes(data)
    found = evidence([delta])
    assert not found.units
    assert "snapshot" in told(found)[name].reason


@ntfs_tools
@needs("ntfscp")
def test_of_a_shadow_copy_only_what_differs_or_is_gone_is_read(tmp_path: Path) -> None:
    folder = making.write(server(tmp_path / "C"), {SHELL: b""})
    (tmp_path / "C" / SHELL).unlink()  # the folder stays
    now = making.ntfs(folder, tmp_path / "now.img")
    before = Path(shutil.copy(now, tmp_path / "before.img"))
    for name, data in ((SHELL, b"<%@ Page %>"), (IIS, FILES[IIS][:-4000])):
        (tmp_path / "x").write_bytes(data)
        making.run("ntfscp", "-f", before, tmp_path / "x", name)
    image = making.disk(tmp_path / "EX01.dd", making.with_shadow(now, before))
    found = evidence([image])
    files = contents(found)
    shadow = "HarddiskVolumeShadowCopy1"
    assert files[f"{shadow}/{SHELL}"] == b"<%@ Page %>"
    assert files[f"{shadow}/{IIS}"] == FILES[IIS][:-4000]
    assert files[f"C:/{IIS}"] == FILES[IIS]
    assert f"{shadow}/inetpub/wwwroot/default.aspx" not in files
    assert f"{shadow}/{SYSTEM}" not in files
    assert "made 2020-11-16 11:33 UTC" in told(found)[f"EX01.dd!/{shadow}"].reason


@ntfs_tools
@needs("ntfscp", "vshadowinfo")
def test_the_shadow_copies_of_these_tests_are_what_others_read_too(tmp_path: Path) -> None:
    now = making.ntfs(server(tmp_path / "C"), tmp_path / "now.img")
    before = Path(shutil.copy(now, tmp_path / "before.img"))
    (tmp_path / "x").write_bytes(b"before")
    making.run("ntfscp", "-f", before, tmp_path / "x", SHELL.rpartition("/")[2])
    making.run("vshadowinfo", making.with_shadow(now, before))


@ntfs_tools
def test_the_disks_of_one_server_come_together_by_its_letters(tmp_path: Path) -> None:
    guid = uuid.UUID("11111111-2222-3333-4444-555555555555")
    letters = {"C:": making.by_signature(START), "E:": making.by_guid(guid)}
    config = (
        '<configuration><system.applicationHost><sites><site name="Default Web Site" id="1">'
        '<logFile directory="E:\\IISLogs" /></site></sites></system.applicationHost>'
        "</configuration>"
    )
    files = {"Windows/System32/inetsrv/config/applicationHost.config": config.encode()}
    system = making.write(server(tmp_path / "C", letters), files)
    data = making.write(tmp_path / "E", {"IISLogs/W3SVC1/u_ex210302.log": LINE * 9})
    making.disk(tmp_path / "one.dd", making.ntfs(system, tmp_path / "c.img"))
    making.guid_disk(tmp_path / "two.dd", making.ntfs(data, tmp_path / "e.img"), guid)
    found = evidence([tmp_path / "one.dd", tmp_path / "two.dd"])
    paths = {item.artifact.path for item in opened(found)}
    assert "two.dd!/E:/IISLogs/W3SVC1/u_ex210302.log" in paths
    alone = evidence([tmp_path / "one.dd"])
    assert any("E:" in entry.reason for entry in alone.entries if entry.status == "unreadable")


def opened(found: Survey) -> list[Opened]:
    return [item for unit in found.units for item in read(unit) if isinstance(item, Opened)]


@ntfs_tools
def test_a_disk_that_a_collector_filled_is_read_whole(tmp_path: Path) -> None:
    files = {f"C/{name}": data for name, data in FILES.items()}
    volume = making.ntfs(making.write(tmp_path / "kape", files), tmp_path / "c.img")
    making.disk(tmp_path / "kape.dd", volume, signature=0)
    files_in = contents(evidence([tmp_path / "kape.dd"]))
    assert {f"volume1:/C/{name}" for name in FILES} <= set(files_in)


@ntfs_tools
def test_a_file_with_two_names_is_read_once(tmp_path: Path) -> None:
    folder = server(tmp_path / "C")
    (folder / "inetpub/wwwroot/same.aspx").hardlink_to(folder / "inetpub/wwwroot/default.aspx")
    volume = making.ntfs(folder, tmp_path / "bare.dd")
    found = evidence([volume])
    names = {path for path in contents(found) if path.endswith(("same.aspx", "default.aspx"))}
    assert names == {"C:/inetpub/wwwroot/default.aspx"}
    assert found.same == {
        "bare.dd!/C:/inetpub/wwwroot/same.aspx": "bare.dd!/C:/inetpub/wwwroot/default.aspx"
    }


@ntfs_tools
def test_links_are_told_and_never_followed_in_a_circle(tmp_path: Path) -> None:
    folder = server(tmp_path / "C")
    (folder / "inetpub/wwwroot/loop").symlink_to("..")
    found = evidence([making.ntfs(folder, tmp_path / "bare.dd")], whole=True)
    paths = [item.artifact.path for item in opened(found)]
    assert len(paths) == len(set(paths))
    assert not any("loop" in path for path in paths)
    entry = told(found)["bare.dd!/C:/inetpub/wwwroot/loop"]
    assert (entry.status, entry.reason.startswith("link or junction")) == ("skipped", True)


@ntfs_tools
def test_an_image_of_which_nobody_listed_the_files_is_never_taken_for_read(disk: Path) -> None:
    (unit,) = survey([disk]).units
    (row,) = read(unit)
    assert isinstance(row, Entry)
    assert row.status == "unreadable"


@ntfs_tools
def test_the_logs_of_a_hive_are_found_beside_it(disk: Path) -> None:
    found = evidence([disk])
    path = f"EX01.raw!/C:/{SYSTEM}"
    unit = next(one for one in found.units if any(SYSTEM in name for name in one.inside))
    assert sibling(unit, path, "system.log1") == b"a log"
    assert sibling(unit, path, "SYSTEM.LOG2") is None
    assert sibling(unit, "EX01.raw!/C:/elsewhere", "SYSTEM.LOG1") is None


LOCKED = [
    (3, b"-FVE-FS-", "BitLocker"),
    (0, b"LUKS\xba\xbe", "LUKS"),
    (0, b"\0\0\0ReFS\0\0\0\0", "ReFS"),
    (0, b"\0\0\0garbage", "no file system"),
]


@needs()
@pytest.mark.parametrize(("at", "mark", "said"), LOCKED)
def test_a_volume_that_cannot_be_read_is_named_with_what_to_do(
    tmp_path: Path, at: int, mark: bytes, said: str
) -> None:
    data = bytearray(b"\x11" * (2 * MIB))
    data[at : at + len(mark)] = mark
    (tmp_path / "v.img").write_bytes(data)
    image = making.disk(tmp_path / "EX01.dd", tmp_path / "v.img")
    found = evidence([image])
    assert not found.units
    entry = told(found)["EX01.dd!/volume1:"]
    assert (entry.status, said in entry.reason) == ("unreadable", True)


def test_without_the_extra_an_image_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "EX01.vhdx").write_bytes(b"vhdxfile".ljust(2 * MIB, b"\0"))
    for name in [name for name in sys.modules if name.split(".")[0] == "dissect"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "dissect", None)
    found = evidence([tmp_path / "EX01.vhdx"])
    assert not found.units
    (entry,) = found.entries
    assert entry.status == "unreadable"
    assert 'pip install "extriage[disk]"' in entry.reason


@pytest.mark.parametrize(
    ("head", "name", "title"),
    [
        (b"EVF\x09\x0d\x0a\xff\0\1", "x.E01", "disk image (E01)"),
        (b"EVF2\r\n\x81\0", "x.Ex01", "disk image (Ex01)"),
        (b"\xebR\x90NTFS    ", "c.dd", "disk image (raw)"),
        (b"\xebR\x90NTFS    ", "C", "disk image (raw)"),
        (b"\xebR\x90NTFS    ", "C/$Boot", ""),
        (b"\xebR\x90NTFS    ", "auto/C%3A/%24Boot", ""),
        (b"\xebR\x90NTFS    ", "u_ex210301.log", ""),
        (bytes(446) + b"\x80\0\0\0\7\0\0\0\0\10\0\0\0\10\0\0".ljust(64, b"\0") + b"\x55\xaa",
         "EX01.001", "disk image (raw)"),
        (bytes(446) + b"\x80\0\0\0\7\0\0\0\0\10\0\0\0\10\0\0".ljust(64, b"\0") + b"\x55\xaa",
         "MBR.bin", ""),
        (bytes(510) + b"\x55\xaa", "EX01.dd", ""),
        (b"#Software: Microsoft", "x.vmdk", ""),
        (b"# Disk DescriptorFile\n", "x.vmdk", "disk image (VMDK)"),
    ],
)  # fmt: skip
def test_images_are_known_by_their_first_bytes(head: bytes, name: str, title: str) -> None:
    assert disk_format(head, name) == title


def test_an_image_names_no_file_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_bytes(b"not evidence" * 100)
    (tmp_path / "in").mkdir()
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "..\\secret.txt"):
        text = f'# Disk DescriptorFile\nparentCID=ffffffff\nRW 8 FLAT "{name}" 0\n'
        (tmp_path / "in" / "x.vmdk").write_text(text)
        with pytest.raises(SourceError, match="missing"):
            parts(tmp_path / "in" / "x.vmdk")


def test_chains_of_snapshots_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    text = '# Disk DescriptorFile\nparentCID=1\nparentFileNameHint="x.vmdk"\nRW 8 ZERO\n'
    (tmp_path / "x.vmdk").write_text(text)
    with pytest.raises(SourceError, match="circle"):
        parts(tmp_path / "x.vmdk")


def test_reading_in_a_circle_is_paid_for() -> None:
    purse = Purse()
    for _ in range(handle.SAME):
        purse.pay(4096, 512)
    with pytest.raises(SourceError, match="circle"):
        purse.pay(4096, 512)
    with guarded(purse):
        purse.pay(4096, 512)


def test_whatever_the_library_raises_is_a_source_error() -> None:
    for error in (RecursionError(), MemoryError(), KeyError("x"), EOFError(), OSError(5, "x")):
        with pytest.raises(SourceError), guarded(Purse()):
            raise error


def test_an_image_that_ends_early_says_so(tmp_path: Path) -> None:
    class Short:
        def seek(self, offset: int, whence: int = 0, /) -> int:
            return offset

        def read(self, size: int = -1, /) -> bytes:
            return b"x" * (size - 1)

    with pytest.raises(SourceError, match="cut off"):
        Metered(Short(), 100, Purse()).read(10)


def test_pieces_of_an_image_that_expand_without_end_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import zlib

    monkeypatch.setattr(careful, "PIECE", 1000)
    library = careful.CarefulZlib()
    assert library.decompress(zlib.compress(bytes(1000))) == bytes(1000)
    with pytest.raises(SourceError, match="without end"):
        library.decompress(zlib.compress(bytes(100_000)))
    with pytest.raises(SourceError, match="damaged"):
        library.decompress(zlib.compress(bytes(900))[:-5])


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a/b", "a\\x2fb"), ("..", "\\x2e\\x2e"), ("\udc41", "\\udc41"), ("", "\\x00")],
)
def test_forged_names_stay_inside_their_folder(name: str, shown: str) -> None:
    assert plain(name).lower() == shown or plain(name) == "\\xdc41"


@ntfs_tools
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), what=st.sampled_from(["structures", "cut", "records"]))
def test_damaged_images_raise_nothing_and_end(disk: Path, seed: int, what: str) -> None:
    chance = random.Random(seed)
    data = bytearray(disk.read_bytes())
    if what == "cut":
        del data[chance.randrange(512, len(data)) :]
    record = data.find(b"FILE0", START)
    places = range(record, record + 120 * 1024) if what == "records" else range(len(data))
    for _ in range(chance.randrange(1, 400) if what != "cut" else 0):
        at = chance.choice(places) if chance.random() < 0.7 else chance.randrange(8192) + START
        data[at % len(data)] = chance.randrange(256)
    broken = disk.with_name("broken.raw")
    broken.write_bytes(data)
    found = evidence([broken])
    for unit in found.units:
        for item in read(unit):
            if isinstance(item, Opened):
                try:
                    while item.stream.read(1 << 20):
                        pass
                except SourceError:
                    continue


@ntfs_tools
def test_an_image_is_not_changed_and_what_is_not_in_it_any_more_is_named(
    disk: Path,
) -> None:
    before = disk.stat().st_mtime_ns
    assert evidence([disk]) == evidence([disk])
    assert disk.stat().st_mtime_ns == before
    unit = Unit(str(disk), "EX01.raw", 1, 0, None, ("9.0/C:/x", "1.7/C:/x", "1.0/C:/no"))
    rows = list(read(unit))
    assert [row.status for row in rows if isinstance(row, Entry)] == ["unreadable"] * 3
