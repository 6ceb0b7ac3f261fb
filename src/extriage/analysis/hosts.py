"""Which server does each artifact belong to?

A log that names its computer is believed; any other goes with the named logs nearest to it in the
folder tree, else with its folder.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class HostNames:
    """Knows the host of every artifact, and of records that name another computer."""

    by_path: dict[str, str] = field(default_factory=dict)
    by_computer: dict[str, str] = field(default_factory=dict)

    def of(self, path: str, computer: str = "") -> str:
        """Return the host of a record: the computer that it names, else that of its file."""
        if computer:
            return self.by_computer[computer.lower()]
        return self.by_path[path]


def assign(computers: Mapping[str, Iterable[str]]) -> HostNames:
    """Name a host for every artifact; `computers` holds for each path the computers it names.

    The first name is the one that most of its records carry. It alone speaks for the folder: event
    logs keep a few events from before a server got its name, or of other servers.
    """
    known = {name for names in computers.values() for name in names if name}
    by_computer = _short_names(known)
    hosts = HostNames(by_computer=by_computer)
    below: dict[str, set[str]] = {}
    named = {
        path: list(dict.fromkeys(by_computer[name.lower()] for name in names if name))
        for path, names in computers.items()
    }
    for path, names in named.items():
        for folder in _folders(path):
            below.setdefault(folder, set()).update(names[:1])
    for path, names in named.items():
        hosts.by_path[path] = names[0] if names else _nearest(path, below, named)
    return hosts


def _nearest(path: str, below: Mapping[str, set[str]], named: Mapping[str, list[str]]) -> str:
    """Return the one host that is named nearest to this path, else the name of its folder."""
    inner = path
    for folder in _folders(path):
        hosts = below.get(folder, set())
        if len(hosts) == 1:
            return next(iter(hosts))
        if hosts:
            label = inner.removeprefix(folder).strip("/!").split("/")[0]
            match = [host for host in hosts if host.lower() == label.lower()]
            if inner == path:
                return named[path][0] if named[path] else _name(folder)
            return match[0] if match else label
        inner = folder
    return _name(path.partition("/")[0])


def _name(folder: str) -> str:
    return folder.rstrip("/!").rpartition("/")[2] or "unknown"


def _folders(path: str) -> list[str]:
    """Return the folders above a path, the nearest first, and the root of everything last."""
    folders = []
    while "/" in path:
        path = path.rpartition("/")[0]
        folders.append(path)
    return [*folders, ""]


def _short_names(computers: Iterable[str]) -> dict[str, str]:
    """Map each computer name to its host: the first label, the whole name where labels clash."""
    by_label: dict[str, set[str]] = {}
    for name in computers:
        by_label.setdefault(_label(name).lower(), set()).add(name)
    result = {}
    for names in by_label.values():
        domains = {name.lower() for name in names if "." in name}
        for name in names:
            clash = len(domains) > 1 and "." in name
            label = min(_label(other) for other in names)
            result[name.lower()] = name.lower() if clash else label
    return result


def _label(name: str) -> str:
    if name.replace(".", "").isdigit():
        return name
    return name.partition(".")[0]
