"""Which server does each artifact belong to?

A log that names its computer is believed; any other goes with the named logs nearest to it in the
folder tree, else with its folder. Beside a folder that is called after its server another folder
is another server, unless its name is one that no server has (`C`, `inetpub`, `exports`); so is
`EX02` wherever only `EX01` is named. An event log that begins with a few events under another name
is that of a server which was renamed; logs of forwarded events hold those of several servers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.model.evidence import Tally

FEW = 10
"""As many events may always be from before a server was renamed, fewer than it has now."""
MANY = 200
"""Never more than these, and never more than a tenth of what the log holds under the new name."""
MOST_NAMES = 3
"""A log that names more computers holds forwarded events."""
_NO_SERVER = re.compile(
    r"[a-z](?:%3a|:|_drive)?|inetpub|windows|program ?files.*|programdata|users|logs?|logging"
    r"|exports?|uploads|results|files|fs|auto|ntfs|other|evidence",
    re.IGNORECASE,
)
"""Folders that are a part of one server's collection: drives, folders of Windows and of tools."""


@dataclass(frozen=True, slots=True)
class Named:
    """How one artifact names a computer: in how many records, from when to when."""

    records: int = 0
    first: datetime | None = None
    last: datetime | None = None
    events: bool = False
    """True if all of these records are Windows events, and not of a log of forwarded ones."""


@dataclass(frozen=True, slots=True)
class _Tree:
    """Where in the folders the servers are that logs name."""

    below: dict[str, set[str]] = field(default_factory=dict)
    """Folder to the hosts that are named in it or below."""
    own: dict[str, set[str]] = field(default_factory=dict)
    """Folder to the hosts that have a folder of their own name in it."""

    def add(self, path: str, host: str) -> None:
        """Enter an artifact that names its host."""
        inner = path
        for folder in _folders(path):
            self.below.setdefault(folder, set()).add(host)
            if inner != path and _is_called(_branch(folder, inner), host):
                self.own.setdefault(folder, set()).add(host)
            inner = folder

    def beside_its_own(self, folder: str, branch: str, host: str) -> bool:
        """Tell whether a branch without names is another server's, as those beside `EX01` are."""
        if _is_called(branch, host) or _NO_SERVER.fullmatch(branch):
            return False
        return host in self.own.get(folder, ()) or _pattern(branch) == _pattern(host)


@dataclass(slots=True)
class HostNames:
    """Knows the host of every artifact, and of records that name another computer."""

    by_path: dict[str, str] = field(default_factory=dict)
    by_computer: dict[str, str] = field(default_factory=dict)
    former: dict[tuple[str, str], str] = field(default_factory=dict)
    """Path and former name, in lower case, to the host that had this name once."""
    tree: _Tree = field(default_factory=_Tree)
    _by_folder: dict[str, str] = field(default_factory=dict, init=False)

    def of(self, path: str, computer: str = "") -> str:
        """Return the host of a record: the computer that it names, else that of its file."""
        if computer:
            lowered = computer.lower()
            return self.former.get((path, lowered)) or self._named(lowered) or self.of(path)
        return self.by_path.get(path) or self._nearest(path)

    def _nearest(self, path: str) -> str:
        """Return the host of a file that was not read: what names a server decides for it too."""
        folder, slash, _ = path.rpartition("/")
        if not slash:
            return _nearest(path, self.tree, {})
        # NOTE: files that name no computer go with the folder that they lie in.
        host = self._by_folder.get(folder)
        if host is None:
            known = {host.lower(): host for host in self.by_computer.values()}
            host = self._by_folder[folder] = _nearest(path, self.tree, known)
        return host

    def knows(self, computer: str) -> bool:
        """Tell whether a computer has evidence of its own."""
        return bool(self._named(computer.lower()))

    def _named(self, computer: str) -> str:
        """Return the host of a computer; a short name stands for the one whole name that fits."""
        if computer in self.by_computer:
            return self.by_computer[computer]
        fitting = {
            host
            for name, host in self.by_computer.items()
            if _label(name).lower() == _label(computer) and not ("." in name and "." in computer)
        }
        return next(iter(fitting)) if len(fitting) == 1 else ""


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


def assign(
    computers: Mapping[str, Iterable[str] | Mapping[str, Named]],
    together: Iterable[Sequence[str]] = (),
) -> HostNames:
    """Name a host for every artifact; `computers` holds for each path the computers it names.

    `together` are disk images that hold the drives of one server: a disk on which nothing names a
    computer goes with the others.

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
    tree = hosts.tree
    named = {
        path: list(dict.fromkeys(by_computer[name.lower()] for name in names))
        for path, names in current.items()
    }
    for path, names in named.items():
        for name in names[:1]:
            tree.add(path, name)
    for images in together:
        _join(images, [(path, names[0]) for path, names in named.items() if names], tree)
    for path, names in named.items():
        hosts.by_path[path] = names[0] if names else hosts.of(path)
    return hosts


def _join(images: Sequence[str], named: Iterable[tuple[str, str]], tree: _Tree) -> None:
    """Let disks that name no computer be those of the one that their server's other disks name."""
    held = [f"{image}!" for image in images]
    names = Counter(name for path, name in named if path.startswith(tuple(held)))
    silent = [folder for folder in held if not tree.below.get(folder)]
    for folder in silent if names else ():
        tree.add(f"{folder}/", min(names, key=lambda name: (-names[name], name)))


def _former(computers: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], str]:
    """Return for path and former name, in lower case, the name that the server has now.

    A name that any artifact uses in another way belongs to a server of its own.
    """
    found: dict[tuple[str, str], str] = {}
    others: set[str] = set()
    for path, names in computers.items():
        known = names if isinstance(names, Mapping) else dict.fromkeys(names, Named())
        listed = [name for name in known if name]
        renamed = _renamed(path, {name: known[name] for name in listed}) if listed[1:] else ()
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


def _nearest(path: str, tree: _Tree, known: Mapping[str, str]) -> str:
    """Return the one host that is named nearest to this path, else the name of its folder."""
    inner = path
    for folder in _folders(path):
        hosts = tree.below.get(folder, set())
        branch = _branch(folder, inner)
        if len(hosts) == 1:
            (host,) = hosts
            if inner == path or not tree.beside_its_own(folder, branch, host):
                return host
            return known.get(branch.lower(), branch)
        if hosts:
            if inner == path:
                return _name(folder)
            match = [host for host in hosts if host.lower() == branch.lower()]
            return match[0] if match else branch
        inner = folder
    return _name(path.partition("/")[0])


def _branch(folder: str, inner: str) -> str:
    """Return what lies in a folder on the way down to a place inside it."""
    return inner.removeprefix(folder).strip("/!").split("/")[0]


def _pattern(name: str) -> str:
    """Return a name with its numbers left open: organisations count their servers."""
    return re.sub(r"[0-9]+", "#", _label(name).lower())


def _is_called(folder: str, host: str) -> bool:
    """Tell a folder or archive that is called after a host: `EX01`, `EX01-2021-03-05.zip`."""
    label = _label(host).lower()
    if label not in folder.lower():
        return False
    return bool(re.search(rf"(?<![^\W_]){re.escape(label)}(?![^\W_])", folder.lower()))


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
