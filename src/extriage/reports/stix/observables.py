"""What can be observed: the address, account and log file behind a line, as STIX 2.1 says them.

Paths are those of the evidence. A hash is that of the file as the scan read it, so a log can be
found again; the line itself is in the note about its finding.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from extriage.knowledge.joins import address_of
from extriage.model.detection import Evidence
from extriage.model.evidence import Entry
from extriage.model.host import Host, Patch
from extriage.reports.stix.parts import Object, name, observable, value_of

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FOLDER = re.compile(r"[\\/]+")


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a server, for their hashes."""

    by_path: Mapping[str, Entry]
    tlp: str

    def observed(self, path: str) -> tuple[Object, ...]:
        """Return the file at a path and the folder that it lies in."""
        *folders, base = _FOLDER.split(path)
        folder = path[: len(path) - len(base)].rstrip("\\/")
        lies = observable("directory", {"path": value_of(folder)}, self.tlp) if folders else None
        entry = self.by_path.get(path)
        identity: Object = {"name": value_of(base)}
        if entry and _SHA256.fullmatch(entry.sha256.lower()):
            identity["hashes"] = {"SHA-256": entry.sha256.lower()}
        if lies:
            identity["parent_directory_ref"] = lies["id"]
        size = entry.size if entry and entry.size >= 0 else None
        file = observable("file", identity, self.tlp, size=size)
        return (file, lies) if lies else (file,)


def files_of(host: Host, tlp: str) -> Files:
    """Return the files in a server's manifest."""
    return Files({entry.path: entry for entry in host.manifest.entries}, tlp)


def observed_in(line: Evidence, files: Files) -> Iterator[Object]:
    """Yield what a line of evidence shows: its log, addresses and accounts."""
    yield from files.observed(line.path)
    for kind, value in line.keys:
        if kind == "address" and (one := address(value, files.tlp)):
            yield one
        elif kind == "account" and value:
            identity = {"account_login": value_of(value)}
            yield observable("user-account", identity, files.tlp)


def address(text: str, tlp: str) -> Object | None:
    """Return an address, if the text is one."""
    found = address_of(text)
    if found is None:
        return None
    return observable(f"ipv{found.version}-addr", {"value": str(found)}, tlp)


def exchange(patch: Patch, tlp: str) -> Object | None:
    """Return the Exchange that a server runs, if its build is known."""
    if not patch.build:
        return None
    words = ("Microsoft Exchange Server", patch.product, patch.cu, patch.su)
    identity = {
        "name": name(" ".join(filter(None, words))),
        "vendor": "Microsoft",
        "version": name(patch.build),
    }
    return observable("software", identity, tlp)
