"""What is told of one export: outcome, fetched or not, how sure, in which words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.absence import need
from extriage.analysis.exposure.fetched import Fetched
from extriage.analysis.exposure.orders import Order, local, other_server, place
from extriage.analysis.exposure.seen import Seen
from extriage.analysis.exposure.wording import (
    amount,
    by_whom,
    exposure_id,
    moment,
    ordered,
    volume,
    weaker,
)
from extriage.analysis.pageurl import directories, url_of
from extriage.knowledge.executed import is_executed
from extriage.model.detection import Certainty, Level
from extriage.model.evidence import Period
from extriage.model.exposure import Export, Exposed, Exposure
from extriage.model.state import Proof


@dataclass(slots=True)
class Trace:
    """What tells how one export fared, besides the order."""

    written: datetime | None = None
    there: bool | None = None
    done: bool = False
    broken: bool = False
    taken: Fetched | None = None
    """The fetches of its file, up to the next export into the same file."""
    taken_later: bool = False
    """Whether the file was fetched after another export into it, and not before."""
    findings: set[str] = field(default_factory=set)
    proofs: list[Proof] = field(default_factory=list)


def exposure_of(seen: Seen, one: Order, trace: Trace, removed: Order | None) -> Exposure:
    """Return the entry of one export; `removed` is the order that took its request away."""
    taken = trace.taken
    outcome = _outcome(one, trace, taken)
    export = Export(
        one.mailbox,
        one.by,
        one.filter,
        one.file,
        one.name,
        outcome,
        trace.written or (taken.first if taken else None),
        _was_fetched(seen, one, trace, outcome),
        trace.there or (None if other_server(one.file, seen.name) else trace.there),
        removed is not None,
    )
    state = _state(export)
    intruders = _whose(seen, one, trace)
    if taken:
        intruders = ordered([*intruders, *map(seen.intruder, taken.sessions)])
    who = tuple(dict.fromkeys(name for name in (one.by, *(taken.who if taken else ())) if name))
    proofs = [*one.proofs, *trace.proofs, *(taken.proofs if taken else [])]
    proofs += removed.proofs if removed else []
    return Exposure(
        exposure_id(seen.name, "mailbox-export", one.time.isoformat(), one.mailbox, one.file),
        "mailbox-export",
        one.mailbox or one.file or "a mailbox not named",
        state,
        _certainty(seen, one, export, intruders, taken),
        _text(one, export, taken, intruders),
        one.time,
        max(filter(None, (one.time, taken.last if taken else None, export.finished))),
        who,
        ordered((*one.sessions, *(taken.sessions if taken else ()))),
        intruders,
        ordered((*one.findings, *trace.findings, *(taken.findings if taken else ()))),
        taken.times if taken else None,
        None,
        taken.size if taken else None,
        ("New-MailboxExportRequest", *(("GET",) if taken else ())),
        tuple(_unknown(seen, one, export, trace)),
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


def _was_fetched(seen: Seen, one: Order, trace: Trace, outcome: str) -> bool | None:
    if trace.taken is not None:
        return True
    if outcome == "failed":
        return False
    if trace.taken_later:
        return None
    page = url_of(place(one.file).replace("\\", "/"), directories(seen.facts))
    if not page or is_executed(one.file.strip("\"' .")) or other_server(one.file, seen.name):
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


def _certainty(
    seen: Seen, one: Order, export: Export, intruders: Sequence[str], taken: Fetched | None
) -> Certainty:
    told = Certainty.CONFIRMED if export.outcome in ("finished", "failed") else Certainty.POSSIBLE
    if is_executed(one.file.strip("\"' .")) and export.outcome != "failed":
        told = Certainty.POSSIBLE
    if taken is not None and taken.strange:
        return told
    findings = [each for each in seen.findings if each.id in one.findings]
    sharp = any(each.level.rank >= Level.HIGH.rank for each in findings)
    if not intruders:
        return weaker(told, Certainty.LIKELY if sharp else Certainty.POSSIBLE)
    sure = max((seen.certainty_of(name) for name in intruders), key=lambda c: c.rank)
    return weaker(told, sure)


def _text(one: Order, export: Export, taken: Fetched | None, intruders: Sequence[str]) -> str:
    """Say first what became of it; long names of files and filters stand at the end."""
    tail = [f"Ordered{by_whom([one.by] if one.by else [])} at {moment(one.time)}."]
    if export.request_removed:
        tail.insert(0, "The request was removed afterwards.")
    if is_executed(one.file.strip("\"' .")):
        tail.insert(0, "Such an export makes a page of it: it plants code, and takes little mail.")
    if not intruders and not (taken is not None and taken.strange):
        tail.append("Nothing else ties it to an intruder: ask who ordered it.")
    if export.filter:
        tail.append(f"Only {export.filter}.")
    tail.append(f"File: {one.file or 'not named'}.")
    return " ".join([_head(f"mailbox {export.mailbox or '(not named)'}", export, taken), *tail])


def _head(whose: str, export: Export, taken: Fetched | None) -> str:
    if taken is not None:
        many = amount(taken.times, "request", "requests")
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


def _unknown(seen: Seen, one: Order, export: Export, trace: Trace) -> Iterable[str]:
    if export.outcome in ("queued", "unknown"):
        yield (
            "Whether the export finished: Get-MailboxExportRequest, the file itself, or Sysmon "
            "events would tell."
        )
    if export.fetched is None and not is_executed(one.file.strip("\"' .")):
        yield _not_known_whether_fetched(seen, one, trace)
    if trace.taken is not None and trace.taken.size.high is None:
        yield "How many bytes left: the IIS logs have no sizes (sc-bytes); a firewall would tell."
    if trace.taken is not None and trace.taken.times.high != trace.taken.times.low:
        yield "Some of the fetches went to inner addresses: ask whether they were the owners' own."
    if export.on_disk is None:
        yield "Whether the file is still there: its folder is not in the evidence."


def _not_known_whether_fetched(seen: Seen, one: Order, trace: Trace) -> str:
    if trace.taken_later:
        return (
            "Whether it was fetched: the file was, but only after another export into it, which "
            "adds to a file that is there."
        )
    url = url_of(place(one.file).replace("\\", "/"), directories(seen.facts))
    elsewhere = other_server(one.file, seen.name)
    if url and elsewhere:
        return f"Whether the file was fetched: IIS logs of the server {elsewhere} would tell."
    if url:
        return "Whether the file was fetched: IIS logs of the time after it would tell."
    return (
        f"Whether {local(one.file) or 'the file'} left the server: it lies outside of the web "
        "folders, so that only logs of the network or of other programs would tell."
    )
