r"""Orders to export mailboxes: who wanted which mailbox in which file, as cmdlet logs tell it.

One order stands in up to three logs: MSExchange Management, the log of cmdlets and the audit queue.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extriage.analysis.exposure.seen import Seen
from extriage.analysis.exposure.wording import NAME, TEXT, proof_of
from extriage.knowledge.evidence import evidence_kinds
from extriage.model.detection import Evidence, Finding
from extriage.model.state import Proof
from extriage.model.trail import TrailRecord
from extriage.parsers.parameters import parameters

MOST = 5000
SAME = timedelta(seconds=15)
"""Logs write one order within so long of each other."""
_CMDLET = re.compile(
    r"(?i)\b(New|Remove|Get|Set|Resume|Suspend)-(MailboxExportRequest)(Statistics)?\b"
)
_FILTERS = (
    *("ContentFilter", "IncludeFolders", "ExcludeFolders", "SourceRootFolder", "IsArchive"),
    *("SearchQuery", "StartDate", "EndDate"),
)
_SHARE = re.compile(r"^\\\\[^\\]+\\([A-Za-z])\$\\")
_SERVER = re.compile(r"^\\\\([^\\?.][^\\]*)\\")
_HERE = ("localhost", "0--1.ipv6-literal")
_DRIVE = re.compile(r"^[A-Za-z]:")
_KINDS = frozenset({"events", "events-json", "rps-cmdlet", "audit", "ecp-server"})


@dataclass(slots=True)
class Order:
    """One order, as one log or several tell it."""

    verb: str
    time: datetime
    mailbox: str
    file: str
    filter: str
    name: str
    identity: str
    by: str
    ok: bool | None
    """None if no log says whether it was accepted."""
    sessions: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    sure: bool = False
    proofs: list[Proof] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what two logs say alike of one order."""
        return self.verb, self.mailbox.lower(), place(self.file), self.identity.lower()


def place(file: str) -> str:
    r"""Return a path without drive or share in small letters: `inetpub\wwwroot\x.pst`."""
    plain = _DRIVE.sub("", local(file.replace("/", "\\")))
    return plain.strip("\\").lower()


def local(file: str) -> str:
    r"""Return what an administrative share stands for: `\\EX01\C$\x` is `C:\x`."""
    found = _SHARE.match(file)
    return f"{found[1].upper()}:\\{file[found.end() :]}" if found else file


def other_server(file: str, host: str) -> str:
    r"""Return the server that a path names, if it need not be this one: of `\\fs01\x` it is `fs01`.

    An IP address may be that of this server or of another, so it is returned too.
    """
    found = _SERVER.match(file.replace("/", "\\"))
    name = found[1].lower() if found else ""
    known = (*_HERE, host.lower().partition(".")[0])
    here = name.startswith("127.") or name == "::1" or name.partition(".")[0] in known
    return "" if here or name.removesuffix(".net") in known else name


def orders(seen: Seen, followed: Sequence[Order]) -> tuple[Order, ...]:
    """Return the orders of one server in order of time, each once.

    `followed` are those that the trail tells of.
    """
    found = [*followed]
    for finding in seen.findings:
        kind = seen.exposes.get(finding.rule, "")
        if kind.startswith("mailbox-export") and not finding.raw:
            found += [one for line in finding.evidence if (one := _of_line(finding, line, kind))]
    found.sort(key=lambda one: (one.time, one.key, min(one.kinds, default="")))
    return tuple(_once(found))


def _once(found: Sequence[Order]) -> Iterator[Order]:
    """Join what several logs, or findings and the trail, say of one order."""
    waiting: dict[tuple[str, str, str, str], list[Order]] = {}
    for one in found:
        near = [old for old in waiting.get(one.key, ()) if one.time - old.time <= SAME]
        known = next((old for old in near if _same_line(old, one)), None)
        known = known or next((old for old in near if _same_order(old, one)), None)
        if known is not None:
            _join(known, one)
        else:
            near.append(one)
        waiting[one.key] = near
    yield from (one for one in found if one.kinds)


def _same_line(known: Order, one: Order) -> bool:
    places = {(proof.path, proof.line) for proof in known.proofs}
    return any((proof.path, proof.line) in places for proof in one.proofs)


def _same_order(known: Order, one: Order) -> bool:
    """Tell whether another log tells of the same order; one that has it twice tells of two."""
    return not known.kinds & one.kinds and (known.ok is None or one.ok in (None, known.ok))


def _join(known: Order, one: Order) -> None:
    known.ok = one.ok if known.ok is None else known.ok
    known.by = known.by or one.by
    known.filter = known.filter or one.filter
    known.name = known.name or one.name
    known.sessions |= one.sessions
    known.findings |= one.findings
    known.kinds |= one.kinds
    known.sure = known.sure or one.sure
    places = {(proof.path, proof.line) for proof in known.proofs}
    known.proofs += [proof for proof in one.proofs if (proof.path, proof.line) not in places][:4]
    one.kinds = set()


def order_of(seen: Seen, record: TrailRecord) -> Order | None:
    """Return the order that a record of the trail tells of; None for everything else."""
    if record.kind.partition(":")[0] not in _KINDS:
        return None
    found = _CMDLET.search(record.method) or _CMDLET.match(record.target.lstrip())
    if found is None:
        return None
    target = record.target.lstrip()
    named = _CMDLET.match(target)
    text = target[named.end() :] if named else target
    told = dict(_told(text)) or dict(_told(_plain(record.text)))
    rules = [value for kind, value in record.hits if kind == "rule"]
    order = _order(found[1].lower(), record.time, told, record.account)
    order.ok = _accepted(seen, record, rules)
    order.kinds = {record.kind}
    order.sure = record.sure
    order.sessions = {record.session} if record.session else set()
    order.findings = {seen.finding_of[rule].id for rule in rules if rule in seen.finding_of}
    order.proofs = [proof_of(record)]
    return order


def _accepted(seen: Seen, record: TrailRecord, rules: Sequence[str]) -> bool | None:
    status = record.status.lower()
    if any(seen.exposes.get(rule) == "mailbox-export-refused" for rule in rules):
        return False
    if status in ("success", "true", "1"):
        return True
    if status in ("failure", "error", "failed", "false", "6", "stopped"):
        return False
    return record.deed.done if record.deed.id else None


def _of_line(finding: Finding, line: Evidence, kind: str) -> Order | None:
    """Read an order out of a line of a finding, which stands beside the trail or without one."""
    if line.time is None or line.kind not in _KINDS:
        return None
    found = _CMDLET.search(line.summary) or _CMDLET.search(line.text)
    if found is None:
        return None
    told = dict(_told(_shown(line))) or dict(_told(_plain(line.text)))
    who = next((value for key, value in line.keys if key == "account"), line.actor)
    order = _order(found[1].lower(), line.time, told, who)
    order.ok = kind != "mailbox-export-refused"
    order.kinds = {line.kind}
    order.findings = {finding.id}
    order.proofs = [Proof(line.path, line.line, line.text[:TEXT])]
    return order


def _shown(line: Evidence) -> str:
    """Return the parameters of the fields that an analyst reads first."""
    at = line.summary.find("Parameters=")
    if at < 0:
        return ""
    text = line.summary[at + len("Parameters=") :]
    known = evidence_kinds().get("events:MSExchange Management")
    marks = [*(known.show if known else ()), "AuthenticatedUser", "ExecutionResult", "UserId"]
    ends = (text.find(f" {name}=") for name in marks)
    return text[: min((end for end in ends if end >= 0), default=len(text))]


def _plain(text: str) -> str:
    """Undo how CSV and JSON write quotes, and return what follows the cmdlet."""
    plain = text[:8000].replace('\\\\"', '"').replace('\\"', '"').replace('""', '"')
    plain = plain.replace("\\\\", "\\")
    found = _CMDLET.search(plain)
    if found is None:
        return ""
    start = plain.find("-", found.end())
    return plain[start:] if 0 <= start - found.end() < 20 else ""


def _told(text: str) -> Iterator[tuple[str, str]]:
    for name, values in parameters(text.strip()[:8000]):
        yield name.lower(), ", ".join(one.partition('",')[0].strip("\"' ") for one in values)


def _order(verb: str, time: datetime, told: dict[str, str], by: str) -> Order:
    wanted = [f"{name}={told[name.lower()]}" for name in _FILTERS if told.get(name.lower())]
    return Order(
        verb,
        time,
        told.get("mailbox", "")[:NAME],
        told.get("filepath", "")[:NAME],
        "; ".join(wanted)[:NAME],
        told.get("name", "")[:NAME],
        told.get("identity", "")[:NAME],
        by[:NAME],
        None,
    )
