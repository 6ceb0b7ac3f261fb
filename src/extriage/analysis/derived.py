"""What a case gives to be looked for on other servers: contents, names, addresses, accounts.

Only what belongs to an intruder, or to a way back that was really there. What every server has,
what is private to this organisation and what many share is left out; what others may have by chance
says so. Passwords of shells are told as SHA-256, unless they are asked for.
"""

import hashlib
import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from extriage.analysis.intruderlines import shared_addresses_of, sure_span
from extriage.analysis.objectkeys import base_name, page_key
from extriage.analysis.traits import Traits, traits_of
from extriage.knowledge.clusterfeatures import is_generic
from extriage.knowledge.executed import is_executed
from extriage.knowledge.joins import address_of, is_shipped_name, is_somebody
from extriage.knowledge.shipped import is_shipped_url
from extriage.model.cluster import Cluster
from extriage.model.detection import Certainty, Stage
from extriage.model.host import Host
from extriage.model.indicator import Derived
from extriage.model.persistence import Persistence, Presence
from extriage.model.session import Intruder, Session

MOST = 5000
"""Indicators of one case, the surest first."""
FINDINGS = 20
_PAGES = frozenset({"web-shell", "credential-logger"})
_MAIL = frozenset({"forwarding", "inbox-rule", "transport-rule", "delegate", "connector"})
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
        + ("169.254.0.0/16", "0.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128", "::/128"),
    )
)
_EMAIL = re.compile(r"[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}", re.IGNORECASE)
_PLAIN_NAMES = re.compile(
    r"(?:.{1,4}|shell|cmd|test|help|error|load|log|one|web|discover|client)\.\w+"
)
_GENERIC = "Names like this one are used by many."
_CHOSEN = "Anybody can choose the name of his client."
_SHARED = "Addresses of providers and of relays change hands, and others may use them too."


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose a value is: an intruder, or nobody who is known."""

    host: Host
    clusters: tuple[str, ...] = ()
    intruder: Intruder | None = None

    def make(
        self, type: str, value: str, certainty: Certainty, because: str, *alike: str
    ) -> Derived:
        """Make an indicator of this owner, seen as long as he was."""
        one = self.intruder
        return Derived(
            *(type, value, certainty, one.first if one else None, one.last if one else None),
            *((self.host.name,), self.clusters, because, (), tuple(alike)),
        )


def derived(
    hosts: Sequence[Host], clusters: Iterable[Cluster], *, passwords: bool = False
) -> tuple[Derived, ...]:
    """Return what a case gives to be looked for elsewhere, the surest first, each value once."""
    members = _members(clusters)
    found: dict[tuple[str, str], Derived] = {}
    for host in hosts:
        for one in _of_host(host, members, passwords=passwords):
            key = (one.type, one.value.lower())
            found[key] = _merged(found[key], one) if key in found else one
    ordered = sorted(found.values(), key=lambda one: (-one.certainty.rank, one.type, one.value))
    return tuple(ordered[:MOST])


def _members(clusters: Iterable[Cluster]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for cluster in clusters:
        for member in cluster.members:
            found[member] = (*found.get(member, ()), cluster.name)
    return found


def _of_host(
    host: Host, members: dict[str, tuple[str, ...]], *, passwords: bool
) -> Iterator[Derived]:
    owners = {
        f"{host.name}/{one.id}": _Owner(host, members.get(f"{host.name}/{one.id}", ()), one)
        for one in host.intruders
    }
    whose = {way: owner for owner in owners.values() for way in _ways(owner)}
    for way in host.persistence:
        yield from _of_way(way, whose.get(way.id, _Owner(host)))
    for traits in traits_of(host):
        if owner := owners.get(traits.member):
            yield from _of_traits(traits, owner, passwords=passwords)


def _ways(owner: _Owner) -> tuple[str, ...]:
    return owner.intruder.ways if owner.intruder else ()


def _of_way(way: Persistence, owner: _Owner) -> Iterator[Derived]:
    """Yield what a way back gives: contents and names of pages, where mail was sent on to."""
    if way.state is Presence.ATTEMPTED:
        return
    found: list[Derived] = []
    if way.kind in _PAGES:
        found += _of_page(way, owner)
    elif way.kind in _MAIL and owner.intruder is not None:
        found += _of_mail(way, owner)
    seen = (way.first or (owner.intruder.first if owner.intruder else None), way.last)
    for one in found:
        yield replace(one, first_seen=seen[0], last_seen=seen[1], findings=way.findings[:FINDINGS])


def _of_page(way: Persistence, owner: _Owner) -> Iterator[Derived]:
    paths = {*way.paths, *(proof.path for proof in way.proofs)}
    page = page_key(way.object)
    for entry in owner.host.manifest.entries:
        if entry.path in paths and entry.sha256 and is_executed(entry.path):
            because = f"Content of the page {page}, which is a way back in."
            yield owner.make("sha256", entry.sha256.lower(), way.certainty, because)
    if page.startswith("/") and not is_shipped_url(page):
        plain = _is_plain(base_name(page))
        most = Certainty.POSSIBLE if plain else Certainty.LIKELY
        because = "Where a page lay that is a way back in."
        alike = (_GENERIC,) if plain else ()
        yield owner.make("url-path", page, _at_most(way.certainty, most), because, *alike)
    name = base_name(page)
    if is_executed(name) and not is_shipped_name(name) and not _is_plain(name):
        because = "Name of a page that is a way back in."
        yield owner.make("file-name", name, Certainty.POSSIBLE, because, _GENERIC)


def _is_plain(name: str) -> bool:
    return bool(_PLAIN_NAMES.fullmatch(name)) or is_generic("page-name", name)


def _of_mail(way: Persistence, owner: _Owner) -> Iterator[Derived]:
    own = owner.host.name.lower().partition(".")[2]
    texts = (way.object, *way.reasons, *(proof.text for proof in way.proofs))
    for text in dict.fromkeys(_EMAIL.findall(" ".join(texts).lower())):
        domain = text.rpartition("@")[2]
        if own and domain != own and not domain.endswith(f".{own}"):
            because = "Mail was sent on to it, or a right was given to it, by an intruder."
            alike = "A colleague's own address outside may be meant: ask the owner of the mailbox."
            yield owner.make(
                "email", text, _at_most(way.certainty, Certainty.LIKELY), because, alike
            )


_TOLD: dict[str, tuple[str, Certainty, str, str]] = {
    "file-sha256": ("sha256", Certainty.LIKELY, "Content of a file of the intruder.", ""),
    "tool-sha256": (
        *("sha256", Certainty.LIKELY, "Content of a program that the intruder ran."),
        "Administrators use some of these programs too.",
    ),
    "tool": (
        *("file-name", Certainty.POSSIBLE, "Name of a program that the intruder used."),
        "Administrators use some of these programs too.",
    ),
    "account-made": (
        *("account", Certainty.LIKELY, "The intruder made this account."),
        "Another organisation may have an account of this name.",
    ),
    "export-file": (
        *("file-name", Certainty.POSSIBLE, "A mailbox was written to a file of this name."),
        "Names of mailboxes are alike.",
    ),
    "domain": (
        *("domain", Certainty.POSSIBLE, "A command of the intruder names it."),
        "Intruders also use well-known services.",
    ),
}


def _of_traits(traits: Traits, owner: _Owner, *, passwords: bool) -> Iterator[Derived]:
    """Yield what an intruder is known by."""
    for kind, (type, most, because, alike) in _TOLD.items():
        for value in traits.of(kind):
            if value and not (type == "file-name" and is_shipped_name(value)):
                yield owner.make(type, value, most, because, *filter(None, (alike,)))
    for value in traits.of("shell-parameter"):
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        because = "SHA-256 of the parameter by which a shell takes its orders."
        sure, generic = Certainty.LIKELY, tuple[str, ...]()
        if is_generic("shell-parameter", value):
            sure, generic = Certainty.POSSIBLE, (_GENERIC,)
        yield owner.make("shell-password-sha256", digest, sure, because, *generic)
        if passwords:
            because = "Parameter by which a shell takes its orders."
            yield owner.make("shell-parameter", value, sure, because, *generic)
    for value in traits.of("agent"):
        if not is_generic("agent", value) and len(value) >= 6:
            because = "The intruder's client called itself so."
            yield owner.make("user-agent", value, Certainty.POSSIBLE, because, _CHOSEN)
    if owner.intruder is not None:
        yield from _addresses(owner, owner.intruder)


def _addresses(owner: _Owner, one: Intruder) -> Iterator[Derived]:
    host = owner.host
    ids = frozenset(one.sessions)
    sessions = [session for session in host.sessions if session.id in ids]
    named = [value for kind, value, _ in one.keys if kind == "address"]
    # NOTE: where some of a session may have been the owner of an account, so may its addresses.
    named += [value for session in sessions if _sure(session) for value in session.addresses]
    sure = one.certainty.rank >= Certainty.LIKELY.rank and _got_far(host, one)
    shared = shared_addresses_of(host)
    for value in dict.fromkeys(named):
        its = [session for session in sessions if value in session.addresses]
        if not is_public(value) or value in shared or (its and not any(map(_alone, its))):
            continue
        certainty = Certainty.LIKELY if sure else Certainty.POSSIBLE
        text = str(address_of(value))
        type = "ipv6" if ":" in text else "ipv4"
        made = owner.make(type, text, certainty, "An intruder came from it.", _SHARED)
        spans = [span for session in its if (span := sure_span(session))]
        first = min((span[0] for span in spans), default=one.first)
        last = max((span[1] for span in spans), default=one.last)
        yield replace(made, first_seen=first, last_seen=last, findings=_findings(host, one, value))


def _alone(session: Session) -> bool:
    """Tell whether an address is his in this session, and not that of a proxy for everybody."""
    return not session.steps or any(step.sure for step in session.steps)


def _got_far(host: Host, one: Intruder) -> bool:
    """Tell one who left something behind or took data from one who only came in."""
    return one.stage.rank >= Stage.PLANTED.rank or any(
        one.id in item.intruders and item.certainty.rank >= Certainty.LIKELY.rank
        for item in host.exposures
    )


def _sure(session: Session) -> bool:
    return all(step.sure for step in session.steps)


def _findings(host: Host, one: Intruder, address: str) -> tuple[str, ...]:
    wanted = set(one.findings)
    return tuple(
        finding.id
        for finding in host.findings
        if finding.id in wanted
        and any(("address", address) in line.keys for line in finding.evidence)
    )[:FINDINGS]


def is_public(text: str) -> bool:
    """Tell whether an address means the same outside of the organisation."""
    address = address_of(text)
    return (
        address is not None
        and is_somebody(text)
        and not any(
            address in network for network in _PRIVATE if network.version == address.version
        )
    )


def _at_most(certainty: Certainty, most: Certainty) -> Certainty:
    return min(certainty, most, key=lambda one: one.rank)


def _merged(one: Derived, other: Derived) -> Derived:
    surer = max(one, other, key=lambda each: each.certainty.rank)
    return replace(
        surer,
        first_seen=_least(one.first_seen, other.first_seen),
        last_seen=_most(one.last_seen, other.last_seen),
        hosts=tuple(sorted({*one.hosts, *other.hosts})),
        clusters=tuple(sorted({*one.clusters, *other.clusters})),
        findings=tuple(dict.fromkeys((*one.findings, *other.findings)))[:FINDINGS],
        look_alikes=tuple(dict.fromkeys((*one.look_alikes, *other.look_alikes))),
    )


def _least(*times: datetime | None) -> datetime | None:
    return min((time for time in times if time), default=None)


def _most(*times: datetime | None) -> datetime | None:
    return max((time for time in times if time), default=None)
