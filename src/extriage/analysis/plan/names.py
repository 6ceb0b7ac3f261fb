"""The accounts, mailboxes and objects that the reasons of an action speak of."""

from collections.abc import Collection, Iterable, Iterator

from extriage.analysis.objectkeys import name_key
from extriage.knowledge.exposures import exposure_kinds
from extriage.knowledge.joins import is_somebody
from extriage.model.exposure import Exposed
from extriage.model.host import Host

NAMES = 200
"""Names that a command holds."""
SHOWN = 5
_OF_MAILBOXES = ("mailboxes-exported", "mailboxes-read", "forwarding", "delegates")


def accounts(host: Host, because: Collection[str]) -> tuple[str, ...]:
    """Return the accounts that the reasons (findings, exposures) name, without domain."""
    return _unique(name_key(one) for one in _told(host, because) if is_person(one))


def mailboxes(host: Host, because: Collection[str]) -> tuple[str, ...]:
    """Return the mailboxes of the exposures among the reasons."""
    kinds = exposure_kinds()
    return _unique(
        one.object
        for one in host.exposures
        if one.id in because and one.kind in kinds and kinds[one.kind].group in _OF_MAILBOXES
    )


def objects(host: Host, because: Collection[str]) -> tuple[str, ...]:
    """Return what the exposures among the reasons are about; not what was only within reach."""
    known = (one for one in host.exposures if one.state is not Exposed.REACHABLE)
    return _unique(one.object for one in known if one.id in because)


def listing(names: Iterable[str]) -> str:
    """Return names as words: the first few, and how many more."""
    known = list(names)
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return ", ".join(one[:80] for one in known[:SHOWN]) + more


def _told(host: Host, because: Collection[str]) -> Iterator[str]:
    for finding in host.findings:
        if finding.id in because:
            for line in finding.evidence:
                yield from (value for kind, value in line.keys if kind == "account")
    for one in host.exposures:
        if one.id in because:
            yield from one.by


def is_person(name: str) -> bool:
    """Tell an account from an address, and from the system's own accounts."""
    looks_like_address = name.replace(".", "").isdigit() or ":" in name
    return is_somebody(name) and not looks_like_address


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({" ".join(one.split()) for one in names if one.strip()})[:NAMES])
