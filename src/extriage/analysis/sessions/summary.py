"""Sessions and intruders in one or two sentences that a manager understands."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from extriage.analysis.objectkeys import page_key
from extriage.analysis.sessions.acts import Act
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.detection import Finding, Stage

Say: TypeAlias = Callable[[Counter[str] | None], str]

NAMED = 3
"""Things of one sort that a sentence names."""
_MOST = 2000
_GUID = re.compile(r"\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")
"""A name that says nothing to a reader."""
_SORTS = {
    "page_orders": "orders",
    "file_fetched": "fetched",
    "oab_downloaded": "address book",
    "forged_oab": "address book",
    "forged_nspi": "names",
    "mapi_names": "names",
    "ews_names_looked_up": "names",
    "owa_names": "names",
    "cmdlet_mailbox_exported": "exports",
    "cmdlet_mailbox_export_failed": "failed exports",
    "cmdlet_role_given": "roles",
    "cmdlet_mailbox_right_given": "rights",
    "cmdlet_forwarding_set": "forwarding",
    "cmdlet_account_made": "accounts",
    "windows_account_made": "accounts",
    "windows_program_started": "programs",
    "ews_sent": "sent",
    "owa_sent": "sent",
    "eas_sent": "sent",
}
_READING = frozenset(
    {"ews_items_found", "ews_items_read", "ews_items_exported", "ews_attachments_read"}
    | {"ews_synchronised", "ews_folders_looked_at", "forged_mapi", "mapi_used", "rpc_used"}
    | {"owa_read", "owa_searched", "owa_attachment", "eas_used", "eas_fetched", "eas_searched"}
    | {"imap_read", "audit_opened", "rest_used"}
)


@dataclass(slots=True)
class Gist:
    """What matters of many acts, counted while they pass."""

    sorts: dict[str, Counter[str]] = field(default_factory=dict)
    mailboxes: Counter[str] = field(default_factory=Counter)
    findings: set[str] = field(default_factory=set)
    planted: set[str] = field(default_factory=set)
    web: int = 0
    refused: int = 0

    def see(self, act: Act) -> None:
        """Take in one act."""
        deed = act.deed
        self.findings |= act.findings
        if len(self.planted) < _MOST:
            names = (_short(kind, name) for kind, name in act.planted)
            self.planted.update(name for name in names if not _GUID.fullmatch(name))
        self.web += act.web
        self.refused += not deed.done
        if not deed.done and deed.id != "cmdlet_mailbox_export_failed":
            return
        if deed.mailbox and deed.id in _READING and not deed.mailbox.endswith("$"):
            _count(self.mailboxes, deed.mailbox.lower())
        sort = _SORTS.get(deed.id)
        if sort:
            about = deed.mailbox if "exports" in sort else deed.object
            _count(self.sorts.setdefault(sort, Counter()), about)

    def merge(self, other: "Gist") -> None:
        """Take in what matters of another session."""
        self.findings |= other.findings
        self.planted |= other.planted
        self.web += other.web
        self.refused += other.refused
        for mailbox, many in other.mailboxes.items():
            _count(self.mailboxes, mailbox, many)
        for sort, objects in other.sorts.items():
            counts = self.sorts.setdefault(sort, Counter())
            for name, many in objects.items():
                _count(counts, name, many)


def _count(counts: Counter[str], name: str, many: int = 1) -> None:
    """Count, but never more different names than a bound; further ones have no name."""
    counts[name if name in counts or len(counts) < _MOST else ""] += many


def clauses(gist: Gist, findings: dict[str, Finding]) -> Iterator[str]:
    """Yield what was done, the way in first."""
    known = [findings[name] for name in sorted(gist.findings) if name in findings]
    yield from _way_in(known)
    if gist.planted:
        yield f"left {_names(sorted(gist.planted))} behind"
    yield from (said for sort, say in _SAID.items() if (said := say(gist.sorts.get(sort))))
    if gist.mailboxes:
        yield f"opened or read {_many(len(gist.mailboxes), 'mailbox', 'mailboxes')}"


def _way_in(known: Sequence[Finding]) -> Iterator[str]:
    reached = [one for one in known if one.stage and one.stage.rank >= Stage.REACHED.rank]
    cves = sorted({cve for one in reached for cve in one.cves})
    if cves:
        yield f"got in through {_and(cves)}"


def _short(kind: str, name: str) -> str:
    """Return what a manager calls it: of a page its URL, of a file its name."""
    known = persistence_kinds().get(kind)
    if known is None or known.form not in ("page", "path"):
        return name
    return page_key(name) if known.form == "page" else re.split(r"[\\/]", name)[-1]


def _orders(pages: Counter[str] | None) -> str:
    ranked = [f"gave {name} {_many(n, 'order')}" for name, n in _ranked(pages)[:NAMED]]
    return _and(ranked)


def _listed(before: str) -> Say:
    return lambda counts: f"{before} {_names([n for n, _ in _ranked(counts)])}" if counts else ""


def _ranked(counts: Counter[str] | None) -> list[tuple[str, int]]:
    return sorted((counts or Counter()).items(), key=lambda one: (-one[1], one[0]))


def _programs(counts: Counter[str] | None) -> str:
    return f"started {_many(counts.total(), 'program')}" if counts else ""


_SAID: dict[str, Say] = {
    "orders": _orders,
    "programs": _programs,
    "roles": _listed("gave the role"),
    "rights": _listed("gave a right on a mailbox to"),
    "accounts": _listed("made the account"),
    "exports": _listed("had exported the mailbox of"),
    "failed exports": _listed("failed to export the mailbox of"),
    "forwarding": _listed("had mail forwarded to"),
    "fetched": _listed("fetched"),
    "address book": lambda counts: "took the address book" if counts else "",
    "names": lambda counts: "looked up names" if counts else "",
    "sent": lambda counts: "wrote or sent mail" if counts else "",
}


def _names(names: Sequence[str]) -> str:
    shown = [name or "something" for name in names[:NAMED]]
    more = len(names) - len(shown)
    return _and([*shown, f"{more} more"] if more else shown)


def _and(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def session_summary(
    span: tuple[datetime, datetime], who: Sequence[str], gist: Gist, said: Sequence[str], sure: bool
) -> str:
    """Return the sentence of a session."""
    done = ", ".join(said) or _little(gist)
    doubt = "" if sure else " This may have been somebody else, such as the owner of the account."
    return f"{_from(who)}, on {_span(*span)} UTC: {done}.{doubt}"


def _little(gist: Gist) -> str:
    asked = _many(gist.web, "request") if gist.web else "traces in the server's own logs"
    return f"{asked}, {gist.refused:,} of them refused" if gist.web and gist.refused else asked


def intruder_summary(
    span: tuple[datetime, datetime], who: str | Sequence[str], sessions: int, said: Sequence[str]
) -> str:
    """Return the sentence of an intruder, by his addresses or by what he is called instead."""
    times = f" in {_many(sessions, 'session')}" if sessions > 1 else ""
    done = ", ".join(said) or "got in"
    name = who if isinstance(who, str) else _from(who)
    return f"{name}, {_span(*span)} UTC{times}: {done}."


def _from(who: Sequence[str]) -> str:
    return f"From {_names(who)}" if who else "From an unknown address"


def _span(first: datetime, last: datetime) -> str:
    """Return a span in minutes, the day of the end only where it is another."""
    begin = f"{first:%Y-%m-%d %H:%M}"
    if first.replace(second=0, microsecond=0) == last.replace(second=0, microsecond=0):
        return begin
    return (
        f"{begin} to {last:%H:%M}"
        if first.date() == last.date()
        else f"{begin} to {last:%Y-%m-%d %H:%M}"
    )
