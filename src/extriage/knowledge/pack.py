"""A pack: one complete set of tables as one file, to be carried to a computer without a network.

A pack is a zip with a `manifest.json` (format version, as-of date, SHA-256 of each table and of
all of them together) and the tables, nothing else. A pack is a stranger's file until its hashes
and its rows are checked: names are compared with a fixed list and never used as paths, and no
member is unpacked further than a fixed size. The same tables always make the same file.
"""

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from extriage.errors import ContentError
from extriage.knowledge.tables import (
    FORMAT,
    MANIFEST,
    TABLE_LIMIT,
    TABLES,
    Knowledge,
    read_manifest,
)

PACK_LIMIT = 4 << 20
MANIFEST_LIMIT = 64 << 10
_WHEN = (1980, 1, 1, 0, 0, 0)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_pack(file: Path) -> Knowledge:
    """Read a pack file and check every hash in it; ContentError says what is wrong with it."""
    return unpack(pack_bytes(file), str(file))


def pack_bytes(file: Path) -> bytes:
    """Read a pack file as it is; ContentError if it cannot be read or is far too big."""
    try:
        with file.open("rb") as opened:
            data = opened.read(PACK_LIMIT + 1)
    except OSError as error:
        raise ContentError(f"cannot be read ({error.strerror})") from error
    if len(data) > PACK_LIMIT:
        raise ContentError(f"larger than {PACK_LIMIT >> 20} MiB, so it is no pack")
    return data


def unpack(data: bytes, place: str) -> Knowledge:
    """Return the tables of a pack, all hashes checked; ContentError if anything is amiss."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _knowledge(archive, place)
    # NOTE: zipfile raises NotImplementedError for ways of compression that it does not know.
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
    ) as error:
        raise ContentError(f"not a readable zip file ({type(error).__name__})") from error


def make_pack(knowledge: Knowledge) -> bytes:
    """Return a pack of these tables."""
    manifest = {
        "format": FORMAT,
        "as_of": knowledge.as_of.isoformat(),
        "sha256": knowledge.digest(),
        "tables": {name: _sha256(knowledge.tables[name]) for name in TABLES},
    }
    members = {MANIFEST: json.dumps(manifest, indent=2).encode() + b"\n"}
    members |= {name: knowledge.tables[name] for name in TABLES}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _WHEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return made.getvalue()


def write_whole(file: Path, data: bytes) -> None:
    """Put a file in place at once: a reader sees the old one or the new one, never a half."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _knowledge(archive: zipfile.ZipFile, place: str) -> Knowledge:
    members = _members(archive)
    as_of, manifest = read_manifest(_member(archive, members[MANIFEST], MANIFEST_LIMIT))
    tables = {name: _member(archive, members[name], TABLE_LIMIT) for name in TABLES}
    return _checked(Knowledge(place, as_of, tables), manifest)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    wanted = {MANIFEST, *TABLES}
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename not in wanted:
            raise ContentError(f"{info.filename[:80]!a} does not belong into a pack")
        if info.filename in found:
            raise ContentError(f"{info.filename} is in the pack twice")
        if info.compress_type not in _METHODS or info.flag_bits & 1:
            raise ContentError(f"{info.filename} is encrypted or compressed in an unknown way")
        found[info.filename] = info
    if missing := sorted(wanted - found.keys()):
        raise ContentError(f"{missing[0]} is missing from the pack")
    return found


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    with archive.open(info) as opened:
        data = opened.read(limit + 1)
    if len(data) > limit:
        raise ContentError(f"{info.filename}: larger than {limit >> 10} KiB")
    return data


def _checked(knowledge: Knowledge, manifest: Mapping[str, object]) -> Knowledge:
    hashes = manifest.get("tables")
    if not isinstance(hashes, dict) or hashes.keys() != set(TABLES):
        raise ContentError(f"{MANIFEST}: tables does not name each table with its SHA-256")
    for name in TABLES:
        if hashes[name] != _sha256(knowledge.tables[name]):
            raise ContentError(f"{name}: its SHA-256 is not the one in {MANIFEST}")
    if manifest.get("sha256") != knowledge.digest():
        raise ContentError(f"{MANIFEST}: sha256 is not that of the date and the tables")
    return knowledge


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
