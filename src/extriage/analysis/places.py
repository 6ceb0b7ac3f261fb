"""Where Exchange's program files lie: in the installation, or where only a copy lies.

A drive holds the same file many times: on installation media, in caches of updates, in people's
download folders. Only the one in the installation's own folder tells what is installed.
"""

import re
from collections.abc import Iterable
from enum import IntEnum

from extriage.model.evidence import Tally
from extriage.model.state import Fact


class Place(IntEnum):
    """How surely a file at its place is the installed one."""

    COPY = 0
    """Media, caches, older copies, people's own folders: it is not."""
    LOOSE = 1
    """The folder says nothing: a collector may have put it there."""
    BIN = 2
    """A folder `Bin`, as an installation has it."""
    INSTALLED = 3
    """The usual path, or the one that the registry or the server's own logs name."""


ELSEWHERE = re.compile(
    r"(?:^|/)(?:setup/serverroles|windows/temp|appdata/local/temp|exchangesetup|\$patchcache\$"
    r"|windows/installer|winsxs|softwaredistribution|windows\.old|\$recycle\.bin|regback"
    r"|system volume information|[^/]*harddiskvolumeshadowcopy[^/]*|vss_?\d[^/]*)/",
    re.IGNORECASE,
)
"""Where installation media, caches and older copies lie: such files are not the installed ones."""
INSTALLED = re.compile(r"exchange server/v1[45]/", re.IGNORECASE)

_OF_PEOPLE = re.compile(
    r"(?:^|/)(?:users/[^/]+|downloads?|desktop|documents|te?mp|iso|media|backups?"
    r"|[^/]*\.iso!?|exchange[^/]*(?:cu|kb) ?\d+[^/]*|cu ?\d{1,2}|kb ?\d{6,7}[^/]*)/",
    re.IGNORECASE,
)
"""Where people keep packages, unless a whole installation lies below."""
_ROLES = re.compile(r"/(?:frontend|clientaccess|mailbox|transportroles)(?:/|$)")
_OWN_LOGS = re.compile(r"(?:^|/)(?:logging|transportroles/logs)/", re.IGNORECASE)
_INSTALL_PATH = "Setup/MsiInstallPath"


def roots(tallies: Iterable[Tally], facts: Iterable[Fact]) -> frozenset[str]:
    """Return the installation folders that the paths of logs show or the registry names."""
    found = set[str]()
    for tally in tallies:
        if logs := _OWN_LOGS.search(_plain(tally.path)):
            found.add(_plain(tally.path)[: logs.start()])
    found |= {_plain(fact.value).rstrip("/") for fact in facts if fact.name == _INSTALL_PATH}
    return frozenset(found)


def place_of(path: str, known: frozenset[str]) -> Place:
    """Judge the place of a program file; `known` are the installation folders by `roots`."""
    plain = _plain(path)
    if ELSEWHERE.search(plain):
        return Place.COPY
    in_bin = f"/{plain}".rpartition("/")[0].endswith("/bin")
    if INSTALLED.search(plain) or (in_bin and _is_root(home_of(path), known)):
        return Place.INSTALLED
    if _OF_PEOPLE.search(plain):
        return Place.COPY
    return Place.BIN if in_bin else Place.LOOSE


def home_of(path: str) -> str:
    """Return the folder of the installation that a program file belongs to, in lower case."""
    folder = _plain(path).rpartition("/")[0]
    if usual := INSTALLED.search(f"{folder}/"):
        return folder[: usual.end() - 1]
    if role := _ROLES.search(f"/{folder}"):
        return folder[: max(role.start() - 1, 0)]
    return folder.removesuffix("bin").rstrip("/") if f"/{folder}".endswith("/bin") else folder


def _is_root(home: str, known: frozenset[str]) -> bool:
    return home in known or any(root and f"/{home}".endswith(f"/{root}") for root in known)


def _plain(path: str) -> str:
    return path.replace("\\", "/").replace(":/", "/").lower()
