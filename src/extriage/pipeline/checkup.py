"""What this installation can open, what it lacks, and what it would meet in some given evidence.

Nothing is scanned: of each file the head is looked at, and of an archive the first names. What a
collection seems to be is told by names alone, and is only a hint.
"""

import os
import platform
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from extriage import __version__
from extriage.errors import ContentError, SourceError
from extriage.knowledge.active import VARIABLE, active, installed_file, is_there, tables_as_of
from extriage.knowledge.campaigns import knowledge_as_of
from extriage.knowledge.tables import BUNDLED
from extriage.model.evidence import Entry, Unit
from extriage.parsers import recognise as kind_of
from extriage.pipeline.beginning import evidence
from extriage.sources import Limits, read
from extriage.sources.archives.archive import HEAD, recognise
from extriage.sources.files import open_file

OLD = 90
"""Days after which the tables may lack security updates: there are some every quarter."""
NAMES = 2000
"""Files inside one archive whose names are looked at."""
TASTE = Limits(total=256 << 20)
"""What of an archive is expanded at the most to see names."""
_KIND_HEAD = 64 << 10

READ_ALWAYS = (
    "folders in any layout, single logs, mounted drives",
    "zip, tar, gzip, bzip2 and xz, also two inside one another",
    "collections of Velociraptor, KAPE, acquire, UAC, CyLR and ExchangeLogCollector",
)
"""What the core opens, without any extra."""


@dataclass(frozen=True, slots=True)
class Extra:
    """Something that is installed on top, and what it adds."""

    name: str
    distributions: tuple[str, ...]
    modules: tuple[str, ...]
    adds: str
    needed_for: tuple[str, ...] = ()
    """How the formats begin that need it, as `sources` calls them."""

    @property
    def there(self) -> bool:
        """Tell whether all of it is installed; nothing is imported."""
        return all(_there(module) for module in self.modules)

    @property
    def command(self) -> str:
        """Return what installs it."""
        # NOTE: double quotes are quotes to every shell, also to that of Windows.
        return f'pip install "extriage[{self.name}]"'

    def versions(self) -> dict[str, str]:
        """Return the versions that are installed, by distribution."""
        found = {}
        for name in self.distributions:
            with suppress(metadata.PackageNotFoundError):
                found[name] = metadata.version(name)
        return found


_ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"

EXTRAS = (
    Extra(
        "disk",
        ("dissect.target",),
        ("dissect.target",),
        "disk images (raw, E01, VMDK, VHDX, VHD, qcow2) with their shadow copies; AGPL-3.0",
        ("disk image",),
    ),
    Extra(
        "7z",
        ("backports.zstd", "inflate64", "py7zr"),
        ("py7zr", "inflate64", _ZSTD),
        "7z archives, Zstandard, and what Explorer packs above 2 GB (zip with Deflate64)",
        ("7z", "Zstandard"),
    ),
    Extra("web", ("starlette", "uvicorn"), ("starlette", "uvicorn"), "extriage serve"),
)


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Installation:
    """Versions, content and room."""

    version: str
    python: str
    system: str
    processors: int
    knowledge: date
    """Day up to which the tables of builds and fixes go."""
    campaigns: str
    place: str
    """Where these tables are from."""
    trouble: str = ""
    """Why an installed pack cannot be used."""


def installation() -> Installation:
    """Return what is installed here."""
    place, day, trouble = BUNDLED, date.min, ""
    try:
        place, day = active().place, tables_as_of()
    except ContentError as error:
        trouble = str(error)
        place = str(installed_file() or "")
    system = f"{platform.system()} {platform.release()} ({platform.machine()})"
    return Installation(
        *(__version__, platform.python_version(), system, os.cpu_count() or 1),
        *(day, knowledge_as_of(), place, trouble),
    )


def age(known: Installation, today: date) -> int:
    """Return the days since the day up to which the tables go."""
    return max((today - known.knowledge).days, 0)


def room(place: Path) -> int:
    """Return the free bytes where a case would be written; -1 if they cannot be told."""
    for folder in (place, *place.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return -1


def writable(place: Path) -> bool:
    """Tell whether a case could be written there."""
    # NOTE: unlike Path.exists, this asks no more than this account may know.
    there = next((one for one in (place, *place.absolute().parents) if os.path.lexists(one)), None)
    return there is not None and os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK)  # noqa: PTH112


@dataclass(slots=True)
class Looked:
    """What one given path holds, as far as a first look tells."""

    path: str
    files: int
    size: int
    kinds: Counter[str]
    """Files of each kind of evidence."""
    forms: Counter[str]
    """Archives and images, by what they are."""
    collections: list[str]
    lacking: list[str]
    """Names of the extras without which something of it is not read."""
    unreadable: list[Entry]
    skipped: list[Entry] = field(default_factory=list)
    """Links, pipes and devices, which are not followed and not read."""


_SIGNS: tuple[tuple[str, str], ...] = (
    (
        "Velociraptor collection",
        r"(^|/)uploads/(auto|ntfs|lazy_ntfs|mft|file|vss)/|!/uploads\.json$",
    ),
    ("Velociraptor collection, encrypted", r"(^|/)data\.zip$"),
    ("KAPE collection", r"_(CopyLog|SkipLog)\.csv$|_ConsoleLog\.txt$"),
    ("acquire collection", r"(^|/)\$metadata\$/|(^|!/)fs/[^/]+/"),
    ("UAC or another Unix collector", r"(^|/)\[root\]/|(^|/)uac\.log$"),
    ("CyLR collection", r"(^|/)CyLR[^/]*\.(log|zip)"),
    ("ExchangeLogCollector output", r"(^|/)(ExchangeLogCollector|Collect-Exchange)[^/]*"),
    ("a drive of a Windows server", r"(^|/)Windows/System32/config/(SYSTEM|SOFTWARE)$"),
    ("an Exchange installation folder", r"(^|/)Exchange Server/V1[45]/"),
    ("Exchange's Logging folder", r"(^|/)HttpProxy/[A-Za-z]+/HttpProxy_"),
    ("IIS logs", r"(^|/)W3SVC\d+/"),
    ("a case of extriage", r"(^|/)case\.db$"),
)
_TOLD = tuple((title, re.compile(pattern, re.I)) for title, pattern in _SIGNS)


def look(path: Path) -> Looked:
    """Open every file that a path leads to, and say what it is; UsageError if there is none.

    Disk images are opened, to list what a scan would read of them.
    """
    found = evidence([path])
    looked = Looked(str(path), 0, 0, Counter(), Counter(), [], [], [])
    looked.unreadable += [entry for entry in found.entries if entry.status == "unreadable"]
    looked.skipped = [entry for entry in found.entries if entry.status == "skipped"]
    met: set[str] = set()
    signs: set[str] = set()
    for unit in found.units:
        _see_names((unit.path, *(f"/{name}" for name in unit.inside)), signs)
        if unit.path not in met:
            met.add(unit.path)
            _open(unit, looked, signs)
    looked.files = len(met)
    looked.collections = [title for title, _ in _TOLD if title in signs]
    looked.lacking = [one.name for one in EXTRAS if not one.there and _needs(one, looked.forms)]
    return looked


def _open(unit: Unit, looked: Looked, signs: set[str]) -> None:
    try:
        with open_file(unit.file) as file:
            looked.size += file.size
            head = file.piece(0, _KIND_HEAD)
    except SourceError as error:
        looked.unreadable.append(Entry(unit.path, unit.size, "", "unreadable", str(error)))
        return
    form = recognise(head[:HEAD], unit.path)
    if form:
        looked.forms[form] += 1
        if not form.startswith("disk image"):
            _see_names(_names(unit, looked), signs)
    elif kind := kind_of(head, unit.path):
        looked.kinds[kind] += 1


def _names(unit: Unit, looked: Looked) -> Iterator[str]:
    """Yield the first names inside an archive, and keep what of it cannot be read."""
    try:
        for at, item in enumerate(read(unit, TASTE)):
            if isinstance(item, Entry):
                _keep(item, looked)
                yield item.path
            else:
                yield item.artifact.path
            if at >= NAMES:
                break
    except SourceError as error:
        _keep(Entry(unit.path, unit.size, "", "unreadable", str(error)), looked)


def _keep(entry: Entry, looked: Looked) -> None:
    """Keep what cannot be read, unless the only reason is that no more than a taste was taken."""
    if (
        entry.status in ("unreadable", "partial")
        and f"{TASTE.total:,} bytes in all" not in entry.reason
    ):
        looked.unreadable.append(entry)


def _see_names(names: Iterable[str], signs: set[str]) -> None:
    for name in names:
        signs.update(title for title, sign in _TOLD if title not in signs and sign.search(name))


def _needs(extra: Extra, forms: Iterable[str]) -> bool:
    return any(form.startswith(extra.needed_for) for form in forms) if extra.needed_for else False


def packs() -> dict[str, str]:
    """Return what of the user's own is in force: the variable that is set, and installed tables."""
    found = {VARIABLE: os.environ[VARIABLE]} if os.environ.get(VARIABLE) else {}
    file = installed_file()
    with suppress(ContentError):
        if file is not None and is_there(file):
            found["installed knowledge"] = str(file)
    return found
