"""The same server as a disk image: all that the plain folder tells, and what only a disk has."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from image_making import IMAGE_WAYS, needs, two_disks
from scenario import rescanned, scanned
from test_twelve_ways import SPEC, given, plain, server, told

__all__ = ["plain", "server"]
ALIKE = ("name", "patch", "sessions", "intruders", "ways back")
ONLY_ON_DISK = ("file-record", "file-history")
"""Kinds of evidence that a copied folder has not: NTFS's own records."""


@needs("mkntfs", "wimcapture", "wimapply", "qemu-img", "ewfacquire")
@pytest.mark.parametrize("way", IMAGE_WAYS)
def test_a_disk_image_tells_all_that_the_folder_tells_and_else_only_of_the_disk(
    way: str, server: Path, plain: dict[str, Any], tmp_path: Path
) -> None:
    image = told(given(IMAGE_WAYS[way], server, tmp_path))
    for part in ALIKE:
        assert image[part] == plain[part]
    for part in ("status", "stage", "certainty"):
        assert image["verdict"][part] == plain["verdict"][part]
    assert set(plain["findings"]) <= set(image["findings"])
    for more in set(image["findings"]) - set(plain["findings"]):
        assert all(line.startswith("c:\\$mft ") for line in json.loads(more)[-1])
    rows = [row for row in image["coverage"] if json.loads(row)[0] not in ONLY_ON_DISK]
    assert rows == plain["coverage"]
    assert len(image["coverage"]) > len(rows)


@needs("mkntfs", "wimcapture", "wimapply")
def test_two_disks_of_one_server_tell_what_the_whole_server_tells(tmp_path: Path) -> None:
    _, folder = scanned(tmp_path / "folder", replace(SPEC, drive="E:"))
    (tmp_path / "disks" / "EVIDENCE").mkdir(parents=True)
    two_disks(tmp_path / "folder" / "EVIDENCE", tmp_path / "disks" / "EVIDENCE")
    _, disks = rescanned(tmp_path / "disks")
    expected, found = told(folder), told(disks)
    assert set(expected["findings"]) <= set(found["findings"])
    assert set(expected["coverage"]) <= set(found["coverage"])
