"""Where one server keeps what is read: the bases of the table of places, as found on that server.

Administrators move installations, logs and web folders to other drives, so no path is taken for
granted: `pipeline.planning` fills an `Installation` from the server's own settings, and `wanted`
lays the table of places over it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from extriage.knowledge.places import Place

EXCHANGE_LOGS = "exchange-logs"
"""A base of no place: log folders of Exchange that lie outside its own folder."""
_INSTALL, _LOG_FOLDERS = "install", ("logging/", "transportroles/logs/")
_VARIABLE = re.compile(r"%([^%\\/]{1,100})%")
_LETTER = re.compile(r"[A-Za-z]:(?:/|$)")
_PREFIX = re.compile(r"(?://[?.]/|/\?\?/)(?=[A-Za-z]:)")
_SHARED = re.compile(r"(?://[?.]/|/\?\?/)UNC/", re.IGNORECASE)
_ROUNDS = 4
"""Variables may name others, and themselves."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What the bases of places stand for on one server."""

    bases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Base to its folders there: `install` to `E:/Exchange`; several where there are several."""

    def at(self, base: str) -> tuple[str, ...]:
        """Return the folders of a base, none if it is not on this server."""
        return self.bases.get(base, ())


@dataclass(frozen=True, slots=True)
class Wanted:
    """One folder to look into, and the names that count in it."""

    folder: str
    patterns: tuple[str, ...]
    """Names of files with `*` and `?`; case does not count."""
    deep: bool
    """Whether subfolders count too."""
    place: Place


def wanted(places: Iterable[Place], installation: Installation) -> tuple[Wanted, ...]:
    """Lay places over one server: every folder to look into, whether it is there or not."""
    found: dict[tuple[str, str], Wanted] = {}
    for place in places:
        for base in installation.at(place.base):
            folder = below(base, place.folder)
            one = Wanted(folder, place.patterns, place.deep, place)
            found.setdefault((folder, place.id), one)
        if _is_log(place):
            # NOTE: a log folder that was moved by itself may have any name: what its files are is
            # told by their first bytes.
            for folder in installation.at(EXCHANGE_LOGS):
                one = Wanted(folder, place.patterns, True, place)
                found.setdefault((folder, "/".join(place.patterns)), one)
    return tuple(found.values())


def _is_log(place: Place) -> bool:
    return place.base == _INSTALL and place.folder.lower().startswith(_LOG_FOLDERS)


def below(base: str, folder: str) -> str:
    """Join a base and a folder below it: `E:/Exchange` and `Logging/Ews`."""
    return f"{base.rstrip('/')}/{folder.strip('/')}" if folder else base


def plain(path: str) -> str:
    r"""Write a Windows path as the tool does: `E:/IISLogs` for `e:\IISLogs\`, `//nas/logs`."""
    text = path.strip().strip('"').replace("\\", "/")
    text = _SHARED.sub("//", _PREFIX.sub("", text))
    start, rest = ("//", text[2:]) if text.startswith("//") else ("", text)
    text = start + re.sub(r"/{2,}", "/", rest).rstrip("/")
    return f"{text[0].upper()}:{_resolved(text[2:])}" if _LETTER.match(text) else text


def _resolved(path: str) -> str:
    """Take the steps of a path that Windows takes by itself: `..`, `.`, dots and spaces at ends."""
    parts: list[str] = []
    for part in path.split("/")[1:]:
        if part == "..":
            del parts[-1:]
        elif name := part.rstrip(". "):
            parts.append(name)
    return "".join(f"/{part}" for part in parts)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Put environment variables in (names in small letters); unknown ones stay as they are."""
    for _ in range(_ROUNDS):
        after = _VARIABLE.sub(lambda found: variables.get(found[1].lower(), found[0]), text)
        if after == text or len(after) > 4096:
            break
        text = after
    return text


def is_local(path: str) -> bool:
    """Tell a path on a drive of the server itself from a share, a variable or a relative one."""
    return bool(_LETTER.match(path)) and not _VARIABLE.search(path)
