"""Which server does each artifact belong to?

A log that names its computer is believed; any other goes with the named logs nearest to it in the
folder tree, else with its folder. An event log that begins with a few events under another name is
that of a server which was renamed; logs of forwarded events hold those of several servers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from extriage.model.evidence import Tally

FEW = 10
"""As many events may always be from before a server was renamed, fewer than it has now."""
MANY = 200
"""Never more than these, and never more than a tenth of what the log holds under the new name."""
MOST_NAMES = 3
"""A log that names more computers holds forwarded events."""


@dataclass(frozen=True, slots=True)
class Named:
    """How one artifact names a computer: in how many records, from when to when."""

    records: int = 0
    first: datetime | None = None
    last: datetime | None = None
    events: bool = False
    """True if all of these records are Windows events, and not of a log of forwarded ones."""


@dataclass(slots=True)
class HostNames:
    """Knows the host of every artifact, and of records that name another computer."""

    by_path: dict[str, str] = field(default_factory=dict)
    by_computer: dict[str, str] = field(default_factory=dict)
    former: dict[tuple[str, str], str] = field(default_factory=dict)
    """Path and former name, in lower case, to the host that had this name once."""

    def of(self, path: str, computer: str = "") -> str:
        """Return the host of a record: the computer that it names, else that of its file."""
        if computer:
            lowered = computer.lower()
            return self.former.get((path, lowered)) or self.by_computer[lowered]
        return self.by_path[path]

    def knows(self, computer: str) -> bool:
        """Tell whether a computer has evidence of its own."""
        return computer.lower() in self.by_computer


def named_in(tallies: Iterable[Tally], others: Iterable[str]) -> dict[str, Named]:
    """Return how one artifact names computers, the most often named first.

    `others` are computers that matches or facts name, whether a tally counts them or not.
    """
    found: dict[str, Named] = {}
    for tally in tallies:
        events = tally.kind.startswith("events:") and tally.kind != "events:ForwardedEvents"
        known = found.get(tally.computer)
        found[tally.computer] = Named(
            tally.records + (known.records if known else 0),
            _earlier(tally.first, known.first) if known else tally.first,
            _later(tally.last, known.last) if known else tally.last,
            events and (known is None or known.events),
        )
    for name in others:
        found.setdefault(name, Named())
    return dict(sorted(found.items(), key=lambda item: (-item[1].records, item[0])))


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else None


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else None


def assign(computers: Mapping[str, Iterable[str] | Mapping[str, Named]]) -> HostNames:
    """Name a host for every artifact; `computers` holds for each path the computers it names.

    The first name is the one that most of its records carry. It alone speaks for the folder: event
    logs keep a few events from before a server got its name, or of other servers.
    """
    former = _former(computers)
    current = {
        path: [name for name in names if name and (path, name.lower()) not in former]
        for path, names in computers.items()
    }
    by_computer = _short_names({name for names in current.values() for name in names})
    hosts = HostNames(by_computer=by_computer)
    hosts.former = {key: by_computer[name.lower()] for key, name in former.items()}
    below: dict[str, set[str]] = {}
    named = {
        path: list(dict.fromkeys(by_computer[name.lower()] for name in names))
        for path, names in current.items()
    }
    for path, names in named.items():
        for folder in _folders(path):
            below.setdefault(folder, set()).update(names[:1])
    for path, names in named.items():
        hosts.by_path[path] = names[0] if names else _nearest(path, below, named)
    return hosts


def _former(computers: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], str]:
    """Return for path and former name, in lower case, the name that the server has now.

    A name that any artifact uses in another way belongs to a server of its own.
    """
    found: dict[tuple[str, str], str] = {}
    others: set[str] = set()
    for path, names in computers.items():
        known = names if isinstance(names, Mapping) else dict.fromkeys(names, Named())
        listed = [name for name in known if name]
        renamed = _renamed(path, {name: known[name] for name in listed})
        found |= {(path, name.lower()): listed[0] for name in renamed}
        others |= {name.lower() for name in listed if name not in renamed}
    return {key: now for key, now in found.items() if key[1] not in others}


def _renamed(path: str, named: Mapping[str, Named]) -> set[str]:
    """Return the names in one event log that the server had before it got its present one."""
    labels = {_label(name).lower() for name in named}
    if len(labels) > MOST_NAMES or "forwardedevents" in path.rpartition("/")[2].lower():
        return set()
    label = next((_label(name).lower() for name in named), "")
    now = [one for name, one in named.items() if _label(name).lower() == label]
    records = sum(one.records for one in now)
    firsts = [one.first for one in now if one.first]
    if not firsts or not all(one.events for one in now if one.records):
        return set()
    limit = min(max(FEW, min(MANY, records // 10)), records - 1)
    return {
        name
        for name, one in named.items()
        if _label(name).lower() != label
        and one.events
        and 0 < one.records <= limit
        and one.last is not None
        and one.last <= min(firsts)
    }


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
