"""Mailboxes that were exported: did the export finish, was its file fetched, is it still there?

An accepted order is not a finished export. It finished if the replication service wrote the file,
if a list of the exports says so, if the file lies in the evidence, or if somebody fetched it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.exposure.exported import Trace, exposure_of
from extriage.analysis.exposure.fetched import Fetched, fetches
from extriage.analysis.exposure.orders import MOST as ORDERS
from extriage.analysis.exposure.orders import SAME, Order, order_of, orders, place
from extriage.analysis.exposure.seen import Seen
from extriage.analysis.exposure.wording import TEXT, proof_of
from extriage.analysis.pageurl import directories, url_of
from extriage.knowledge.executed import is_executed
from extriage.model.detection import Evidence
from extriage.model.exposure import Exposure
from extriage.model.state import Proof
from extriage.model.trail import TrailRecord
from extriage.parsers.file_name import server_path

MOST = 1000
SEARCHED = 100
"""Files that are looked for in the text of a line that does not name its file by a field."""
_WRITERS = frozenset({"mailbox-export-file", "mailbox-export-state"})
_PATH = re.compile(
    r"(?:TargetFilename|ObjectName|RelativeTargetName|FilePath|Path)="
    r"(.{1,400}?)(?=;? [A-Z]\w*=|;|$)"
)
_STATUS = re.compile(r"(?:^|; ?)Status=(\w+)")
_DONE = ("completed", "completedwithwarning")
_BROKEN = ("failed", "suspended")


@dataclass(frozen=True, slots=True)
class Exported:
    """The exports of one server, and what was fetched under the name of a file before them."""

    items: tuple[Exposure, ...]
    earlier: tuple[Fetched, ...]


@dataclass(frozen=True, slots=True)
class Turns:
    """Which of several exports into one file a trace belongs to: the last before it."""

    files: Mapping[str, Sequence[tuple[datetime, Trace]]]

    def of(self, file: str, time: datetime | None) -> Trace | None:
        """Return the export that something of a file belongs to; None for an earlier file."""
        turns = self.files.get(file, ())
        at = len(turns)
        if time is not None:
            at = bisect_right(turns, time + SAME, key=lambda turn: turn[0])
        return turns[at - 1][1] if at else None


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


def exports(gathered: Exports) -> Exported:
    """Return the exports of one server in order of time, when the trail is at its end."""
    seen = gathered.seen
    told = orders(seen, gathered.ordered)
    wanted = [one for one in told if one.verb == "new"][:MOST]
    traces = [Trace() for _ in wanted]
    turns = _turns(wanted, traces)
    _trace(seen, turns, gathered.written)
    earlier = _fetch(seen, turns)
    removed = _removals(wanted, [one for one in told if one.verb == "remove"])
    return Exported(
        tuple(exposure_of(seen, one, traces[at], removed.get(at)) for at, one in enumerate(wanted)),
        tuple(earlier),
    )


def _turns(wanted: Sequence[Order], traces: Sequence[Trace]) -> Turns:
    """Line up the exports into each file; one that was refused wrote none of it."""
    files: dict[str, list[tuple[Order, Trace]]] = {}
    for one, trace in zip(wanted, traces, strict=True):
        if one.file:
            files.setdefault(place(one.file), []).append((one, trace))
    kept = {
        name: [turn for turn in turns if turn[0].ok is not False] or turns
        for name, turns in files.items()
    }
    return Turns({name: [(o.time, trace) for o, trace in some] for name, some in kept.items()})


def _fetch(seen: Seen, turns: Turns) -> Sequence[Fetched]:
    """Give each export the fetches of its file; return those that came before all of them."""
    served = directories(seen.facts)
    # NOTE: requests for a page are orders to it; they are told among the ways back in.
    data = [name for name in turns.files if not is_executed(name)]
    names = {url: name for name in data if (url := url_of(name.replace("\\", "/"), served))}
    if not names:
        return ()
    since = {url: [time for time, _ in turns.files[name]] for url, name in names.items()}
    taken = fetches(seen, since)
    for url, name in names.items():
        later = False
        for at in range(len(turns.files[name]), 0, -1):
            trace = turns.files[name][at - 1][1]
            trace.taken = taken.get((url, at))
            trace.taken_later = later and trace.taken is None
            later = later or trace.taken is not None
    return [taken[url, 0] for url in sorted(names) if (url, 0) in taken]


def _trace(seen: Seen, turns: Turns, written: Sequence[TrailRecord]) -> None:
    """Take in what findings, the trail and the files of the evidence tell of each export."""
    for finding in seen.findings:
        if seen.exposes.get(finding.rule, "") in _WRITERS and not finding.raw:
            for line in finding.evidence:
                trace = turns.of(_file_of(line), line.time)
                if trace is not None:
                    _note(trace, line, finding.id)
    _writes(written, turns)
    _on_disk(seen, turns)


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


def _writes(written: Sequence[TrailRecord], turns: Turns) -> None:
    """Take in what the trail has of files that were written: events, and journals of changes."""
    searched = list(turns.files)[:SEARCHED]
    for record in written:
        name = place(record.target or record.deed.object)
        if name not in turns.files:
            text = record.text.lower()
            name = next((file for file in searched if file in text), "")
        trace = turns.of(name, record.time)
        if trace is not None:
            trace.done = True
            trace.written = min(filter(None, (trace.written, record.time)), default=None)
            trace.proofs = [*trace.proofs, proof_of(record)][:4]


def _on_disk(seen: Seen, turns: Turns) -> None:
    """See whether the file, or at least its folder, is in the evidence."""
    if not turns.files:
        return
    folders: dict[str, list[Trace]] = {}
    for name, some in turns.files.items():
        folders.setdefault(name.rpartition("\\")[0], []).extend(trace for _, trace in some)
    named = [
        line.path
        for finding in seen.findings
        for line in finding.evidence
        if line.kind == "file-name" and seen.exposes.get(finding.rule)
    ]
    for path in dict.fromkeys([*(entry.path for entry in seen.entries), *named]):
        name = place(server_path(path))
        for trace in folders.get(name.rpartition("\\")[0], ()):
            trace.there = trace.there or False
        for _, trace in turns.files.get(name, ()):
            # NOTE: a second export into a file adds to it, so that the file is that of both.
            trace.there = True
            trace.proofs = [*trace.proofs, Proof(path, 1, path[:TEXT])][:6]
        last = turns.of(name, None)
        if last is not None:
            last.done = True


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
