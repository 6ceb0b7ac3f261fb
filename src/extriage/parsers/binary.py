"""Version resources of the program files that tell which build is installed.

`ExSetup.exe` carries the build with its security update. Every update replaces the other files
named here as well, so files of different builds tell an update that was installed only in part.
A drive holds a hundred thousand program files: only those whose name or small size promises one of
these are read at all. Reference: Microsoft, "PE Format" and "VS_VERSIONINFO structure".
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from extriage.knowledge.builds import number, spell
from extriage.model.evidence import Origin
from extriage.model.exchange import BuildNumber
from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentError, DocumentReader

KIND = "exchange-binary"
SETUP = "ExSetup.exe"
EXCHANGE_FILES = (
    SETUP,
    "Microsoft.Exchange.Data.dll",
    "Microsoft.Exchange.Data.Directory.dll",
    "Microsoft.Exchange.Management.dll",
    "Microsoft.Exchange.FrontEndHttpProxy.dll",
    "Microsoft.Exchange.Diagnostics.dll",
    "EdgeTransport.exe",
)
"""Exchange's own files, replaced by every security update of Exchange 2013 and later."""
OTHER_FILES = ("cachtokn.dll", "System.Data.dll")
"""Files of Windows and .NET on which a vulnerability of Exchange depends."""
LIMIT = 64 << 20

_NAMES = {name.lower(): name for name in EXCHANGE_FILES + OTHER_FILES}
_NAME = re.compile(
    rf"(?:.*[_ ()-])?(?:{'|'.join(map(re.escape, _NAMES))})(?:[._ ()-][^.]*)?", re.IGNORECASE
)
"""One of the names, or what collectors and careful administrators make of it."""
_HEAD = 64 * 1024
_RESOURCE_LIMIT = 64 * 1024
_RT_VERSION = 16
_RESOURCES = 2
"""Place of the resource directory among the data directories."""
_FIXED = struct.pack("<I", 0xFEEF04BD)
_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class Version:
    """What the version resource of a program file says."""

    number: BuildNumber
    original: str
    """The name that the file was built under; empty if the resource does not say."""


def accepts(head: bytes, path: str) -> bool:
    """Tell a program file of interest by its name, or a small one by the name it was built as."""
    if not head.startswith(b"MZ"):
        return False
    if _NAME.fullmatch(path.rpartition("/")[2]):
        return True
    return len(head) < _HEAD and resource_text(head, "OriginalFilename").lower() == SETUP.lower()


def read(document: Document) -> Iterator[Fact]:
    """Yield the version of one program file; DocumentError if it is damaged or another file."""
    version = file_version(document.data)
    name = _own_name(document.path, version.original)
    own = name in EXCHANGE_FILES
    value = spell(version.number)
    yield Fact(
        Subject.BUILD if own else Subject.FILE_VERSION,
        name,
        value,
        KIND,
        Origin(document.path, 1),
        text=f"file version {value}, original name {version.original or 'not given'}",
    )


def _own_name(path: str, original: str) -> str:
    """Return the canonical name; what a file was built as counts more than what it is called."""
    called = path.rpartition("/")[2]
    name = _NAMES.get(original.lower().removesuffix(".mui"))
    if name:
        return name
    if original:
        raise DocumentError(f"is called {called!r} but was built as {original[:80]!r}")
    found = [name for low, name in _NAMES.items() if low in called.lower()]
    if not found:
        raise DocumentError("its version resource does not say what it was built as")
    return max(found, key=len)


def file_version(data: bytes) -> Version:
    """Read the version resource of a program file; DocumentError if there is none to be read."""
    import pefile  # noqa: PLC0415  # only needed when such a file is met

    try:
        image = pefile.PE(data=data, fast_load=True)
        resource = version_resource(image)
    except DocumentError:
        raise
    except (pefile.PEFormatError, struct.error) as error:
        raise DocumentError(f"is no readable program file ({_plain(error)})") from error
    except Exception as error:
        # NOTE: the library is not proof against every damaged header.
        raise DocumentError(f"is no readable program file ({type(error).__name__})") from error
    at = resource.find(_FIXED)
    if at < 0 or at + 16 > len(resource):
        raise DocumentError("its version resource is missing or damaged")
    high, low = struct.unpack_from("<II", resource, at + 8)
    fixed = (high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF)
    told = number(resource_text(resource, "FileVersion").partition(" ")[0])
    return Version(
        fixed if any(fixed) else told or fixed,
        resource_text(resource, "OriginalFilename") or resource_text(resource, "InternalName"),
    )


def version_resource(image: Any) -> bytes:
    """Follow the resource directory to the version: type, then name, then language."""
    directory = image.OPTIONAL_HEADER.DATA_DIRECTORY[_RESOURCES]
    root = directory.VirtualAddress
    if not root:
        raise DocumentError("has no version resource")
    entry = _entry(image, root, root, _RT_VERSION)
    for _ in range(2):
        entry = _entry(image, root, root + (entry & 0x7FFFFFFF), None) if entry >> 31 else entry
    rva, size = struct.unpack_from("<II", image.get_data(root + entry, 8))
    data: bytes = image.get_data(rva, min(size, _RESOURCE_LIMIT))
    return data


def _entry(image: Any, root: int, at: int, wanted: int | None) -> int:
    """Return where an entry of a resource directory points; the first one if none is wanted."""
    named, numbered = struct.unpack_from("<HH", image.get_data(at, 16), 12)
    count = min(named + numbered, _ENTRIES)
    entries = image.get_data(at + 16, count * 8)
    for kind, offset in struct.iter_unpack("<II", entries[: len(entries) & ~7]):
        if wanted is None or kind == wanted:
            return int(offset)
    raise DocumentError("has no version resource")


def resource_text(resource: bytes, key: str) -> str:
    """Return a text of the version resource; its length stands before its key, zeros behind it."""
    mark = key.encode("utf-16-le") + b"\0\0"
    at = resource.find(mark)
    if at < 6 or not struct.unpack_from("<H", resource, at - 4)[0]:
        return ""
    text = resource[at + len(mark) : at + len(mark) + 520].decode("utf-16-le", "replace")
    return text.lstrip("\0").partition("\0")[0].strip()


def _plain(error: Exception) -> str:
    return " ".join(str(error).split()).strip("'\"")[:120]


READER = DocumentReader(accepts, read, LIMIT)
