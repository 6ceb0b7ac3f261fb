"""A look over the drives for what no setting named: installations and log folders of Exchange.

Settings may be lost, a drive may come without its Windows, and old logs stay where they were
before a move. Only folders near the top are listed, and only so many of them.
"""

from collections import deque
from dataclasses import dataclass, field

from extriage.pipeline.planning.folders import Folders, matches

_DEEPEST = 4
_MOST = 1_500
"""Folders that are listed; a usual server has some hundreds that near the top."""
_PASSED = frozenset(
    {"windows", "winnt", "users", "programdata", "$recycle.bin", "system volume information"}
    | {"windowsapps", "recovery", "perflogs", "common files", "documents and settings"}
    | {"windows.old", "$windows.~bt", "msocache", "$extend"}
)
"""Folders in which nobody installs Exchange, and which hold many others."""
_LOGS = ("HttpProxy", "CmdletInfra", "OABGeneratorLog", "MessageTracking", "ProtocolLog")
"""Log folders whose names nothing else has."""
_SITE = ("W3SVC?", "W3SVC??", "W3SVC???")


@dataclass(slots=True)
class Looked:
    """What was found."""

    installs: list[str] = field(default_factory=list)
    site_logs: list[str] = field(default_factory=list)
    """Folders that hold the log folders of IIS sites."""
    exchange_logs: list[str] = field(default_factory=list)
    """Log folders of Exchange outside an installation."""


def look(folders: Folders) -> Looked:
    """Look over all drives, the top first."""
    found, listed = Looked(), 0
    pending = deque((drive, 0) for drive in folders.drives)
    while pending and listed < _MOST:
        folder, depth = pending.popleft()
        listed += 1
        inner = [item.name for item in folders.items(folder) if item.folder and not item.link]
        if _see(found, folder, inner) or depth + 1 >= _DEEPEST:
            continue
        pending.extend((f"{folder}/{name}", depth + 1) for name in inner if _counts(name))
    return found


def _counts(name: str) -> bool:
    return name.lower() not in _PASSED


def _see(found: Looked, folder: str, inner: list[str]) -> bool:
    """Take in one folder by what is in it; tell whether it is enough to know."""
    low = {name.lower() for name in inner}
    if {"frontend", "clientaccess"} & low and {"logging", "transportroles", "bin"} & low:
        found.installs.append(folder)
        return True
    if any(matches(name, _SITE) for name in inner):
        found.site_logs.append(folder)
    name = folder.rpartition("/")[2].lower()
    logs = [one for one in inner if matches(one, _LOGS)]
    if not logs or name == "frontend":
        return False
    # NOTE: a folder of logs holds others beside those that are known by name.
    found.exchange_logs += [folder] if "log" in name else [f"{folder}/{one}" for one in logs]
    return True
