"""Exports: objects of Exchange, IIS, Windows and the directory that a script or a person saved.

CLIXML (`Export-Clixml`), HealthChecker's file among it, lists, CSV, JSON and LDIF are read. What
they say is true of the moment of the export; only HealthChecker's file and few objects tell it.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentReader
from extriage.parsers.clixml import objects
from extriage.parsers.exported import collected, facts, wanted
from extriage.parsers.exportlists import accepts_list, bags
from extriage.parsers.ldif import is_ldif, ldif_bags
from extriage.parsers.statement import Source, bounded, short_name
from extriage.parsers.xmlstream import root_of

KIND = "powershell-export"
_VERSION = re.compile(rb'N="HealthCheckerVersion">([\d.]{1,30})<')
_SERVER = re.compile(rb'N="ServerName">([\w.-]{1,100})<')
_PROTECTED = b'N="ExtendedProtectionConfiguration"'
_COMPUTER = re.compile(rb'N="ComputerName">([\w.-]{1,100})<')
_TIME = re.compile(rb'N="GenerationTime">([\d:T.+Z-]{1,40})<')


def accepts(head: bytes, path: str) -> bool:
    """Tell whether a file is an export that may tell of the server's state."""
    if root_of(head) == b"Objs":
        return b"schemas.microsoft.com/powershell/2004/04" in head[:4096]
    return b"\0" not in head[:4096] and (is_ldif(head) or accepts_list(head))


def read(document: Document) -> Iterator[Fact]:
    """Yield the facts; DocumentError where the file breaks off, after what stands before."""
    return bounded(_read(document))


def _read(document: Document) -> Iterator[Fact]:
    data = document.data
    if root_of(data[: 64 * 1024]) != b"Objs":
        for bag in ldif_bags(data) if is_ldif(data[: 64 * 1024]) else bags(data):
            yield from facts(bag, Source(KIND, document.path))
        return
    version, server, time = _health_checker(data)
    source = Source(KIND, document.path, server)
    if version:
        by = source.fact(Subject.SETTING, "HealthChecker/version", version, 1)
        yield collected(by, time)
    told: set[int] = set()
    for bag in objects(data, wanted):
        for fact in facts(bag, source):
            # NOTE: services and servers stand in the lists of others, again and again.
            what = hash((fact.subject, fact.computer, fact.name, fact.value, fact.properties))
            if what not in told:
                told.add(what)
                yield collected(fact, time)


def _health_checker(data: bytes) -> tuple[str, str, datetime | None]:
    """Return version, server and time of HealthChecker's own file, as far as it is one."""
    version = _VERSION.search(data)
    if not version:
        # NOTE: the list of directories that it makes names the server once, at its top.
        owner = _COMPUTER.search(data) if _PROTECTED in data else None
        return "", short_name(owner[1].decode()) if owner else "", None
    server, stamp = _SERVER.search(data), _TIME.search(data)
    name = short_name(server[1].decode()) if server else ""
    return version[1].decode(), name, _moment(stamp[1].decode()) if stamp else None


def _moment(text: str) -> datetime | None:
    """Read a time with its offset; seven decimals are one too many for Python."""
    plain = re.sub(r"(\.\d{6})\d", r"\1", text)
    try:
        time = datetime.fromisoformat(plain)
    except ValueError:
        return None
    return time if time.tzinfo else None


READER = DocumentReader(accepts, read)
