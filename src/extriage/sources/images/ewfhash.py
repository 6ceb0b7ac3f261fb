"""The hashes that an E01 image carries: of the disk, as the tool that made the image read it.

Expert Witness format, version 1 (`.E01`, `.E02` …): each segment is a file header and a chain of
sections; the sections `digest` (MD5 and SHA-1) and `hash` (MD5) stand near the end of the last
segment. Only their heads are read, never the data. What is damaged gives no hash.
Source: Joachim Metz, "Expert Witness Compression Format specification" (libewf documentation).
"""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

from extriage.errors import SourceError
from extriage.sources.files import EvidenceFile, open_file
from extriage.sources.images.diskformats import EWF_MARK

SECTIONS = 100_000
"""Sections of one segment that are looked at; each holds up to gigabytes of data."""
_HEADER = 13
_SECTION = struct.Struct("<16sQQ40sI")
_MD5, _SHA1 = 16, 20


def stored_hashes(segments: Iterable[Path]) -> dict[str, str]:
    """Return the hashes that an E01 image names, by algorithm; empty if it names none."""
    found: dict[str, str] = {}
    for segment in segments:
        try:
            with open_file(str(segment)) as opened:
                _read(opened, found)
        except SourceError:
            break
    return found


def _read(file: EvidenceFile, found: dict[str, str]) -> None:
    if file.piece(0, len(EWF_MARK)) != EWF_MARK:
        return
    at = _HEADER
    for _ in range(SECTIONS):
        head = file.piece(at, _SECTION.size)
        if len(head) < _SECTION.size or zlib.adler32(head[:-4]) != _SECTION.unpack(head)[4]:
            return
        kind, following, *_ = _SECTION.unpack(head)
        body = at + _SECTION.size
        match kind.rstrip(b"\0"):
            case b"digest":
                _keep(found, file.piece(body, _MD5 + _SHA1))
            case b"hash":
                _keep(found, file.piece(body, _MD5))
        if following <= at:
            return
        at = following


def _keep(found: dict[str, str], data: bytes) -> None:
    """Keep what a section holds; zero bytes stand for a hash that was not made."""
    for name, part in (("MD5", data[:_MD5]), ("SHA-1", data[_MD5:])):
        if len(part) == {"MD5": _MD5, "SHA-1": _SHA1}[name] and any(part):
            found.setdefault(name, part.hex())
