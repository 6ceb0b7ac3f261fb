"""What hides or repeats itself on disks: streams beside files, second names, cloned servers."""

import re
import shutil
import uuid
from pathlib import Path

import image_making as making
import pytest
from image_making import MIB, START, needs

from extriage.errors import SourceError
from extriage.model.evidence import Entry
from extriage.pipeline.beginning import evidence
from extriage.sources import Opened, Survey, read
from extriage.sources.images import filesystem
from extriage.sources.images.diskformats import Parts
from extriage.sources.images.image import Image
from extriage.sources.images.volumes import ImageTree

ntfs_tools = needs("mkntfs", "wimcapture", "wimapply")
WEB = "inetpub/wwwroot/aspnet_client"
SHELL = b'<%@ Page Language="JScript"%><%eval(Request.Item["x"],"unsafe");%>'
DATA = uuid.UUID(int=77)
SYSTEM = "Windows/System32/config/SYSTEM"
CONFIG = (
    '<configuration><system.applicationHost><sites><site name="Default Web Site" id="1">'
    '<logFile directory="E:\\IISLogs" /></site></sites></system.applicationHost></configuration>'
)
LOG = "IISLogs/W3SVC1/u_ex210302.log"


def contents(found: Survey) -> tuple[dict[str, bytes], dict[str, Entry]]:
    """Return what is read, by its whole path, and every row that is told."""
    files, told = dict[str, bytes](), {entry.path: entry for entry in found.entries}
    for unit in found.units:
        for item in read(unit):
            if isinstance(item, Opened):
                assert item.artifact.path not in files
                files[item.artifact.path] = item.stream.read()
            else:
                told[item.path] = item
    return files, told


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an NTFS volume with pages, one of them with a second name."""
    place = tmp_path_factory.mktemp("odd")
    hive = making.system_hive({"C:": making.by_signature(START)})
    files = {f"{WEB}/{name}": name.encode() for name in ("logo.png", "ok.aspx", "aaa.txt")}
    folder = making.write(place / "C", {SYSTEM: hive, **files})
    (folder / WEB / "aaa.txt").write_bytes(SHELL)
    (folder / WEB / "shell.aspx").hardlink_to(folder / WEB / "aaa.txt")
    (folder / WEB / "zzz.aspx").hardlink_to(folder / WEB / "aaa.txt")
    return making.ntfs(folder, place / "c.img")


def record(volume: Path, path: str) -> int:
    """Return the number of a file's or folder's record."""
    with Image(Parts("raw", (volume,))) as image:
        files = image.volume(1).files
        assert files
        node = ImageTree({"C:": files}).node(f"C:/{path}")
        assert node
        return int(node.key)


@ntfs_tools
@needs("ntfscp")
def test_what_lies_in_streams_beside_files_and_folders_is_read(
    volume: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Path(shutil.copy(volume, tmp_path / "c.dd"))
    for place, stream in (("/ok.aspx", "notes"), ("/logo.png", "shell.aspx"), ("", "hidden.aspx")):
        making.with_stream(bare, record(bare, f"{WEB}{place}"), stream, SHELL)
    files, _ = contents(evidence([bare]))
    web = f"c.dd!/C:/{WEB}"
    assert files[f"{web}/ok.aspx"] == b"ok.aspx"
    for name in ("/ok.aspx:notes", "/logo.png:shell.aspx", ":hidden.aspx"):
        assert files[f"{web}{name}"] == SHELL
    monkeypatch.setattr(filesystem, "MOST_STREAMS", 0)
    files, told = contents(evidence([bare]))
    assert f"{web}/ok.aspx" in files
    assert told[f"{web}/ok.aspx"].status == "partial"
    assert "streams cannot be listed" in told[f"{web}/ok.aspx"].reason


@ntfs_tools
def test_of_the_names_of_one_file_that_of_a_page_is_read(volume: Path) -> None:
    files, told = contents(evidence([volume]))
    web = f"c.img!/C:/{WEB}"
    assert files[f"{web}/shell.aspx"] == SHELL
    for name in ("aaa.txt", "zzz.aspx"):
        assert f"{web}/{name}" not in files
        assert told[f"{web}/{name}"].reason == f"the same file as {web}/shell.aspx: read once"


@ntfs_tools
def test_a_sparse_file_that_pretends_to_be_large_costs_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SHELL * 3000
    folder = making.write(tmp_path / "C", {f"{WEB}/big.aspx": log, f"{WEB}/other.aspx": log})
    data = bytearray(making.ntfs(folder, tmp_path / "c.dd").read_bytes())
    name = re.escape("big.aspx".encode("utf-16-le"))
    places = (found.start() // 1024 * 1024 for found in re.finditer(name, data))
    record = next(place for place in places if data[place : place + 4] == b"FILE")
    at = record + int.from_bytes(data[record + 20 : record + 22], "little")
    while data[at] != 0x80:
        at += int.from_bytes(data[at + 4 : at + 8], "little")
    # one run: a hole of 2^38 clusters
    data[at + 24 : at + 32] = ((1 << 38) - 1).to_bytes(8, "little")
    for place in (40, 48, 56):
        data[at + place : at + place + 8] = (1 << 50).to_bytes(8, "little")
    data[at + 64 : at + 71] = b"\x05" + (1 << 38).to_bytes(5, "little") + b"\0"
    bare = tmp_path / "c.dd"
    bare.write_bytes(data)
    monkeypatch.setattr(filesystem, "HOLES", 3 * MIB)
    lengths, broken = dict[str, int](), dict[str, str]()
    for unit in evidence([bare]).units:
        for item in read(unit):
            if isinstance(item, Opened) and (page := item.artifact.path).endswith(".aspx"):
                page = page.rpartition("/")[2]
                try:
                    while piece := item.stream.read(MIB):
                        lengths[page] = lengths.get(page, 0) + len(piece)
                except SourceError as error:
                    broken[page] = str(error)
    assert lengths == {"big.aspx": 3 * MIB, "other.aspx": len(log)}
    assert list(broken) == ["big.aspx"]
    assert "larger than 3,145,728 bytes" in broken["big.aspx"]


def server(folder: Path, name: str, signature: int, data: uuid.UUID = DATA) -> None:
    """Write the two disks of a server: Windows on one, its logs on the other."""
    letters = {"C:": making.by_signature(START, signature), "E:": making.by_guid(data)}
    files = {SYSTEM: making.system_hive(letters, name),
             "Windows/System32/inetsrv/config/applicationHost.config": CONFIG.encode()}  # fmt: skip
    folder.mkdir(parents=True)
    work = folder.parent / f"{folder.name}-work"
    system = making.ntfs(making.write(work / "C", files), work / "c.img")
    logs = making.ntfs(making.write(work / "E", {LOG: name.encode() * 9}), work / "e.img")
    making.disk(folder / f"{name}-1.dd", system, signature=signature)
    making.guid_disk(folder / f"{name}-2.dd", logs, data)
    shutil.rmtree(work)


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two servers that were cloned, each in a folder of its own."""
    place = tmp_path_factory.mktemp("clones")
    server(place / "one", "MAILA", 1)
    server(place / "two", "MAILB", 1)
    return place


@ntfs_tools
def test_the_disks_of_cloned_servers_go_with_their_neighbours(clones: Path) -> None:
    found = evidence([clones])
    files, _ = contents(found)
    place = clones.name
    for folder, name in (("one", "MAILA"), ("two", "MAILB")):
        assert files[f"{place}/{folder}/{name}-2.dd!/E:/{LOG}"] == name.encode() * 9
    assert set(found.together) == {
        tuple(f"{place}/{folder}/{name}-{at}.dd" for at in (1, 2))
        for folder, name in (("one", "MAILA"), ("two", "MAILB"))
    }


@ntfs_tools
def test_a_disk_that_may_be_that_of_either_clone_is_nobodys_and_told(
    clones: Path, tmp_path: Path
) -> None:
    for name in ("one/MAILA-1.dd", "two/MAILB-1.dd", "one/MAILA-2.dd"):
        (tmp_path / name.rpartition("/")[2].replace("MAILA-2", "data")).hardlink_to(clones / name)
    found = evidence([tmp_path])
    files, told = contents(found)
    disk = f"{tmp_path.name}/data.dd!/volume1:"
    assert f"{disk}/{LOG}" in files, "read, but without the letter that a server gave to it"
    doubt = [row for row in found.entries if row.path == disk and row.status == "partial"]
    assert [row.reason.startswith("is E: of several servers") for row in doubt] == [True]
    assert found.together == ()
    assert told


@ntfs_tools
def test_two_states_of_one_server_share_the_disk_that_was_imaged_once(
    clones: Path, tmp_path: Path
) -> None:
    server(tmp_path / "in", "MAILA", 1)
    (tmp_path / "in/MAILA-1.dd").rename(tmp_path / "in/later.dd")
    (tmp_path / "in/MAILA-1.dd").hardlink_to(clones / "one/MAILA-1.dd")
    found = evidence([tmp_path / "in"])
    files, told = contents(found)
    assert f"in/MAILA-2.dd!/E:/{LOG}" in files
    assert {name.partition("!")[0] for name in files if name.endswith("/SYSTEM")} == {
        "in/later.dd", "in/MAILA-1.dd"
    }  # fmt: skip
    assert not [row for row in told.values() if "several servers" in row.reason]
    assert not [row for row in told.values() if "not in the evidence" in row.reason]


@ntfs_tools
@needs("qemu-img")
def test_two_images_of_the_same_disk_are_read_once(clones: Path, tmp_path: Path) -> None:
    whole = clones / "one/MAILA-1.dd"
    (tmp_path / "b").mkdir()
    (tmp_path / "b/MAILA.dd").hardlink_to(whole)
    alone, _ = contents(evidence([tmp_path / "b"]))
    making.packed(whole, tmp_path / "b/copy.vhdx", "vhdx")
    files, told = contents(evidence([tmp_path / "b"]))
    assert files == alone
    row = told["b/copy.vhdx"]
    assert (row.status, row.reason) == (
        "skipped",
        "disk image of the same disk as b/MAILA.dd: read once",
    )


@ntfs_tools
def test_of_two_images_of_a_disk_the_whole_one_is_read(clones: Path, tmp_path: Path) -> None:
    data = (clones / "one/MAILA-1.dd").read_bytes()
    (tmp_path / "a-cut.dd").write_bytes(data[: -MIB - 4096])
    (tmp_path / "b-whole.dd").write_bytes(data)
    found = evidence([tmp_path])
    assert {unit.path for unit in found.units} == {f"{tmp_path.name}/b-whole.dd"}
    assert not [row for row in found.entries if "cut off" in row.reason]
