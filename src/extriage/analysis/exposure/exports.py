"""Mailboxes that were exported: did the export finish, was its file fetched, is it still there?

An accepted order is not a finished export. It finished if the replication service wrote the file,
if a list of the exports says so, if the file lies in the evidence, or if somebody fetched it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.absence import need
from extriage.analysis.exposure.fetched import Fetched, fetches
from extriage.analysis.exposure.orders import MOST as ORDERS
from extriage.analysis.exposure.orders import Order, local, order_of, orders, place
from extriage.analysis.exposure.seen import Seen
from extriage.analysis.exposure.wording import (
    TEXT,
    amount,
    by_whom,
    exposure_id,
    moment,
    ordered,
    proof_of,
    volume,
    weaker,
)
from extriage.analysis.pageurl import directories, url_of
from extriage.knowledge.executed import is_executed
from extriage.model.detection import Certainty, Evidence, Level
from extriage.model.evidence import Period
from extriage.model.exposure import Export, Exposed, Exposure
from extriage.model.session import Amount
from extriage.model.state import Proof
from extriage.model.trail import TrailRecord
from extriage.parsers.file_name import server_path

MOST = 1000
_WRITERS = frozenset({"mailbox-export-file", "mailbox-export-state"})
_PATH = re.compile(
    r"(?:TargetFilename|ObjectName|RelativeTargetName|FilePath|Path)="
    r"(.{1,400}?)(?=;? [A-Z]\w*=|;|$)"
)
_STATUS = re.compile(r"(?:^|; ?)Status=(\w+)")
_DONE = ("completed", "completedwithwarning")
_BROKEN = ("failed", "suspended")


@dataclass(slots=True)
class Trace:
    """What tells how one file of an export fared, besides the order."""

    written: datetime | None = None
    there: bool | None = None
    done: bool = False
    broken: bool = False
    findings: set[str] = field(default_factory=set)
    proofs: list[Proof] = field(default_factory=list)


@dataclass(slots=True)
class Exports:
    """Gathers what tells of exports while the trail goes by."""

    seen: Seen
    ordered: list[Order] = field(default_factory=list)
    written: list[TrailRecord] = field(default_factory=list)

    def see(self, record: TrailRecord) -> None:
        """Take in one record."""
        order = order_of(self.seen, record) if len(self.ordered) < ORDERS else None
        if order is not None:
            self.ordered.append(order)
        elif len(self.written) < ORDERS and any(
            kind == "rule" and self.seen.exposes.get(value) == "mailbox-export-file"
            for kind, value in record.hits
        ):
            self.written.append(record)


def exports(gathered: Exports) -> tuple[Exposure, ...]:
    """Return the exports of one server in order of time, when the trail is at its end."""
    seen = gathered.seen
    told = orders(seen, gathered.ordered)
    wanted = [one for one in told if one.verb == "new"][:MOST]
    files = {place(one.file) for one in wanted if one.file}
    traces = _traces(seen, files, gathered.written)
    served = directories(seen.facts)
    # NOTE: requests for a page are orders to it; they are told among the ways back in.
    data = [name for name in files if not is_executed(name)]
    urls = {name: url for name in data if (url := url_of(name.replace("\\", "/"), served))}
    taken = fetches(seen, frozenset(urls.values())) if urls else {}
    removed = _removals(wanted, [one for one in told if one.verb == "remove"])
    return tuple(
        _exposure(
            seen,
            one,
            traces.get(place(one.file), Trace()),
            _after(taken.get(urls.get(place(one.file), "")), one.time),
            removed.get(at),
        )
        for at, one in enumerate(wanted)
    )


def _after(taken: Fetched | None, time: datetime) -> Fetched | None:
    """Return the fetches of a file if one came after the order; an earlier file was another."""
    return taken if taken and taken.last and taken.last >= time else None


def _traces(seen: Seen, files: set[str], written: Sequence[TrailRecord]) -> Mapping[str, Trace]:
    found = {name: Trace() for name in files if name}
    for finding in seen.findings:
        if seen.exposes.get(finding.rule, "") in _WRITERS and not finding.raw:
            for line in finding.evidence:
                trace = found.get(_file_of(line))
                if trace is not None:
                    _note(trace, line, finding.id)
    _writes(written, found)
    _on_disk(seen, found)
    return found


def _file_of(line: Evidence) -> str:
    if line.object and "\\" in line.object:
        return place(line.object)
    told = _PATH.search(line.summary) or _PATH.search(line.text)
    return place(told[1].strip().strip("\"'")) if told else ""


def _note(trace: Trace, line: Evidence, finding: str) -> None:
    status = _STATUS.search(line.text)
    word = status[1].lower() if status else ""
    if line.kind == "setting":
        trace.done = trace.done or word in _DONE
        trace.broken = trace.broken or word in _BROKEN
    else:
        trace.done = True
        trace.written = min(filter(None, (trace.written, line.time)), default=None)
    trace.findings.add(finding)
    trace.proofs.append(Proof(line.path, line.line, line.text[:TEXT]))


def _writes(written: Sequence[TrailRecord], found: Mapping[str, Trace]) -> None:
    """Take in what the trail has of files that were written: events, and journals of changes."""
    for record in written:
        name = place(record.target or record.deed.object)
        text = record.text.lower()
        trace = found.get(name) or next((one for file, one in found.items() if file in text), None)
        if trace is not None:
            trace.done = True
            trace.written = min(filter(None, (trace.written, record.time)), default=None)
            trace.proofs = [*trace.proofs, proof_of(record)][:4]


def _on_disk(seen: Seen, found: Mapping[str, Trace]) -> None:
    """See whether the file, or at least its folder, is in the evidence."""
    if not found:
        return
    folders: dict[str, list[Trace]] = {}
    for name, trace in found.items():
        folders.setdefault(name.rpartition("\\")[0], []).append(trace)
    named = [
        line.path
        for finding in seen.findings
        for line in finding.evidence
        if line.kind == "file-name" and seen.exposes.get(finding.rule)
    ]
    for path in dict.fromkeys([*(entry.path for entry in seen.entries), *named]):
        name = place(server_path(path))
        folder = name.rpartition("\\")[0]
        for trace in folders.get(folder, ()):
            trace.there = trace.there or False
        if name in found:
            trace = found[name]
            trace.there = trace.done = True
            trace.proofs = [*trace.proofs, Proof(path, 1, path[:TEXT])][:6]


def _removals(wanted: Sequence[Order], removed: Iterable[Order]) -> Mapping[int, Order]:
    """Give each removal to the export that it names, else to the last one before it."""
    found: dict[int, Order] = {}
    for one in removed:
        if one.ok is False:
            continue
        before = [at for at, order in enumerate(wanted) if order.time <= one.time]
        free = [at for at in before if at not in found]
        named = [at for at in free if _names(one.identity, wanted[at], by_name=True)]
        named = named or [at for at in free if _names(one.identity, wanted[at], by_name=False)]
        chosen = named or ([] if one.identity and "\\" in one.identity else free)
        if chosen:
            found[chosen[-1]] = one
    return found


def _names(identity: str, order: Order, *, by_name: bool) -> bool:
    """Tell whether an identity, that of a mailbox with a name behind it, is that of an order."""
    whose, _, name = identity.lower().rpartition("\\")
    mailbox = order.mailbox.lower().rpartition("\\")[2].partition("@")[0]
    owner = whose.rpartition("/")[2].partition("@")[0]
    if by_name:
        return bool(order.name) and order.name.lower() == name and owner in ("", mailbox)
    return bool(owner) and owner == mailbox


def _exposure(
    seen: Seen, one: Order, trace: Trace, taken: Fetched | None, removed: Order | None
) -> Exposure:
    outcome = _outcome(one, trace, taken)
    export = Export(
        one.mailbox,
        one.by,
        one.filter,
        one.file,
        one.name,
        outcome,
        trace.written or (taken.first if taken else None),
        _was_fetched(seen, one, taken, outcome),
        trace.there,
        removed is not None,
    )
    state = _state(export)
    intruders = _whose(seen, one, trace)
    who = tuple(dict.fromkeys(name for name in (one.by, *(taken.who if taken else ())) if name))
    proofs = [*one.proofs, *trace.proofs, *(taken.proofs if taken else [])]
    proofs += removed.proofs if removed else []
    return Exposure(
        exposure_id(seen.name, "mailbox-export", one.time.isoformat(), one.mailbox, one.file),
        "mailbox-export",
        one.mailbox or one.file or "a mailbox not named",
        state,
        _certainty(seen, one, export, intruders),
        _text(one, export, taken, intruders),
        one.time,
        max(filter(None, (one.time, taken.last if taken else None, export.finished))),
        who,
        ordered((*one.sessions, *(taken.sessions if taken else ()))),
        intruders,
        ordered((*one.findings, *trace.findings, *(taken.findings if taken else ()))),
        Amount(taken.low, taken.requests) if taken else None,
        None,
        taken.size if taken else None,
        ("New-MailboxExportRequest", *(("GET",) if taken else ())),
        tuple(_unknown(seen, one, export, taken)),
        tuple(proofs[:8]),
        export,
    )


def _whose(seen: Seen, one: Order, trace: Trace) -> tuple[str, ...]:
    """Return the intruders that an order is of: administrators use the same accounts."""
    begun = {each.id: each.first for each in seen.intruders}
    found = set(map(seen.intruder, one.sessions)) if one.sure else set()
    if not one.sessions:
        known = [each for each in seen.findings if each.id in one.findings | trace.findings]
        for finding in known:
            # NOTE: a rule about any export also holds those of administrators.
            if finding.level.rank >= Level.HIGH.rank and seen.is_tied(finding, one.time):
                found.update(seen.intruders_of.get(finding.id, ()))
    return ordered(name for name in found if name in begun and begun[name] <= one.time)


def _outcome(one: Order, trace: Trace, taken: Fetched | None) -> str:
    if taken is not None or trace.done:
        return "finished"
    if one.ok is False or trace.broken:
        return "failed"
    return "queued" if one.ok else "unknown"


def _was_fetched(seen: Seen, one: Order, taken: Fetched | None, outcome: str) -> bool | None:
    if taken is not None:
        return True
    if outcome == "failed":
        return False
    page = url_of(place(one.file).replace("\\", "/"), directories(seen.facts))
    if not page or is_executed(one.file.strip("\"' .")):
        return None
    window = _until_the_end(seen, one.time)
    covered = window is not None and need("iis", seen.coverage, window).log.covered
    return False if covered else None


def _until_the_end(seen: Seen, start: datetime) -> Period | None:
    end = max((row.last for row in seen.coverage if row.last), default=None)
    return {"from": start, "to": end} if end is not None and end > start else None


def _state(export: Export) -> Exposed:
    if export.fetched:
        return Exposed.TAKEN
    return Exposed.ATTEMPTED if export.outcome == "failed" else Exposed.READY


def _certainty(seen: Seen, one: Order, export: Export, intruders: Sequence[str]) -> Certainty:
    told = Certainty.CONFIRMED if export.outcome in ("finished", "failed") else Certainty.POSSIBLE
    if is_executed(one.file.strip("\"' .")) and export.outcome != "failed":
        told = Certainty.POSSIBLE
    if export.fetched:
        return told
    findings = [each for each in seen.findings if each.id in one.findings]
    sharp = any(each.level.rank >= Level.HIGH.rank for each in findings)
    if not intruders:
        return weaker(told, Certainty.LIKELY if sharp else Certainty.POSSIBLE)
    sure = max((seen.certainty_of(name) for name in intruders), key=lambda c: c.rank)
    return weaker(told, sure)


def _text(one: Order, export: Export, taken: Fetched | None, intruders: Sequence[str]) -> str:
    whose = f"mailbox {export.mailbox or '(not named)'}"
    ordered_by = by_whom([one.by] if one.by else [])
    part = f", of it {export.filter}" if export.filter else ""
    tail = [
        f"Ordered{ordered_by} at {moment(one.time)} into {one.file or 'a file not named'}{part}."
    ]
    if is_executed(one.file.strip("\"' .")):
        tail.append("Such an export makes a page of it: it plants code, and takes little mail.")
    if export.request_removed:
        tail.append("The request was removed afterwards.")
    if not intruders and taken is None:
        tail.append("Nothing else ties it to an intruder: ask who ordered it.")
    return " ".join([_head(whose, export, taken), *tail])


def _head(whose: str, export: Export, taken: Fetched | None) -> str:
    if taken is not None:
        many = amount(Amount(taken.low, taken.requests), "request", "requests")
        who = by_whom(taken.who)
        return f"M{whose[1:]} was exported and fetched{who}: {many}, {volume(taken.size)}."
    if export.outcome == "finished":
        seen = "no fetch is in the web logs, which cover the time since"
        told = seen if export.fetched is False else "nothing tells whether the file was carried off"
        return f"M{whose[1:]} was exported; {told}."
    return {
        "failed": f"The export of {whose} failed.",
        "queued": f"The export of {whose} was accepted; no log tells whether it ran.",
    }.get(export.outcome, f"The export of {whose} was asked for; whether it was accepted is open.")


def _unknown(seen: Seen, one: Order, export: Export, taken: Fetched | None) -> Iterable[str]:
    if export.outcome in ("queued", "unknown"):
        yield (
            "Whether the export finished: Get-MailboxExportRequest, the file itself, or Sysmon "
            "events would tell."
        )
    if export.fetched is None and not is_executed(one.file.strip("\"' .")):
        url = url_of(place(one.file).replace("\\", "/"), directories(seen.facts))
        yield (
            "Whether the file was fetched: IIS logs of the time after it would tell."
            if url
            else f"Whether {local(one.file) or 'the file'} left the server: it lies outside of the "
            "web folders, so that only logs of the network or of other programs would tell."
        )
    if taken is not None and taken.size.high is None:
        yield "How many bytes left: the IIS logs have no sizes (sc-bytes); a firewall would tell."
    if export.on_disk is None:
        yield "Whether the file is still there: its folder is not in the evidence."
