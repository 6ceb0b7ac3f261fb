"""Which server do facts belong to?

Logs name their server. Exports and configuration files name any server of the organisation, or
none. So a file counts as a server's own word only where it shows what is installed there; else it
goes with the logs beside it. Of a collection without any log, the files of a folder that all name
one server are that server's.
"""

from collections.abc import Iterable, Mapping, Sequence

from extriage.analysis.hosts import HostNames
from extriage.model.state import Fact, Subject
from extriage.parsers.binary import SETUP


def self_described(facts: Iterable[Fact]) -> list[str]:
    """Return the server whose installed build a file shows, as HealthChecker's does."""
    found = {
        fact.computer
        for fact in facts
        if fact.computer and fact.subject is Subject.BUILD and fact.name.lower() == SETUP.lower()
    }
    return list(found) if len(found) == 1 and not _mail(facts) else []


def described_server(facts: Iterable[Fact]) -> list[str]:
    """Return the one server that a file speaks of; an export of a whole organisation has none."""
    found = {fact.computer for fact in facts if fact.computer}
    return list(found) if len(found) == 1 and not _mail(facts) else []


def _mail(facts: Iterable[Fact]) -> bool:
    # NOTE: a mail names every server that it passed, and belongs to none of them.
    return any(fact.evidence == "mail-headers" for fact in facts)


def by_folder(described: Mapping[str, str]) -> dict[str, str]:
    """Return the files' servers, if no folder holds files of more than one."""
    folders: dict[str, set[str]] = {}
    for path, name in described.items():
        folders.setdefault(path.rpartition("/")[0], set()).add(name.lower())
    alone = all(len(names) == 1 for names in folders.values())
    return dict(described) if alone else {}


def belongs(fact: Fact, facts: Sequence[Fact], home: str, names: HostNames) -> bool:
    """Tell whether a fact may be taken for any server of this evidence.

    A fact of a server without evidence of its own is left out, unless it is not known whose the
    evidence is: then a file that speaks of one server only speaks of that one.
    """
    if not fact.computer or names.knows(fact.computer):
        return True
    return not names.knows(home) and bool(described_server(facts))


def owner(fact: Fact, path: str, names: HostNames) -> str:
    """Return the host that a fact belongs to."""
    return names.of(path, fact.computer if names.knows(fact.computer) else "")
