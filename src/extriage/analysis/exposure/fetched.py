"""Files that were fetched from folders of the web server: by whom, how often, how many bytes.

Whoever asked for it and got it has it, an intruder, somebody who knew the name, or a stranger.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.exposure.mailreads import Sum
from extriage.analysis.exposure.reading import WEB, file_asked, is_answered, path_of
from extriage.analysis.exposure.requests import Joiner, Request
from extriage.analysis.exposure.seen import Seen
from extriage.analysis.exposure.wording import (
    NAME,
    amount,
    by_whom,
    exposure_id,
    ordered,
    volume,
    weaker,
)
from extriage.knowledge.exposures import data_endings
from extriage.model.detection import Certainty, Level
from extriage.model.exposure import Exposed, Exposure
from extriage.model.session import Amount
from extriage.model.state import Proof
from extriage.model.trail import TrailRecord

MOST = 1000
_WHO = 200
_OWN = ("/api/", "/rest/", "/mapi/", "/ews/", "/oab/", "/rpc/")


@dataclass(slots=True)
class Fetched:
    """The fetches of one file."""

    url: str
    requests: int = 0
    low: int = 0
    bytes: Sum = field(default_factory=Sum)
    who: list[str] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    proofs: list[Proof] = field(default_factory=list)

    @property
    def size(self) -> Amount:
        """Return how many bytes left, within bounds."""
        return self.bytes.amount

    def add(self, one: Request, seen: Seen) -> None:
        """Add one request that was answered."""
        self.requests += 1
        self.low += 1
        # NOTE: whoever it was, the file left.
        self.bytes.add(one.bytes_out, sure=True)
        for part in one.parts:
            self.who += [who for who in part.who if who not in self.who and len(self.who) < _WHO]
            self.rules.update(part.rules)
            if len(self.proofs) < 4:
                self.proofs.append(part.proof)
        if one.session and len(self.sessions) < _WHO:
            self.sessions.add(one.session)
        self.findings |= {seen.finding_of[r].id for r in self.rules if r in seen.finding_of}
        self.first = self.first or one.first.time
        self.last = one.first.time


@dataclass(slots=True)
class Fetches:
    """Gathers who fetched files while the trail goes by."""

    seen: Seen
    urls: frozenset[str] | None = None
    """The files that are asked about; None for whatever holds data by its name."""
    joiner: Joiner = field(default_factory=Joiner)
    found: dict[str, Fetched] = field(default_factory=dict)

    def see(self, record: TrailRecord) -> None:
        """Take in one record."""
        url = _wanted(self.seen, record, self.urls)
        if url:
            for one in self.joiner.add(file_asked(record, url)):
                self._add(one)

    def by_url(self) -> dict[str, Fetched]:
        """Return the fetches by URL, when the trail is at its end."""
        for one in self.joiner.rest():
            self._add(one)
        return self.found

    def _add(self, one: Request) -> None:
        url = one.first.protocol
        if one.done and (url in self.found or len(self.found) < MOST):
            self.found.setdefault(url, Fetched(url)).add(one, self.seen)


def fetches(seen: Seen, urls: frozenset[str]) -> Mapping[str, Fetched]:
    """Return who fetched these URLs, by URL."""
    gathered = Fetches(seen, urls)
    for record in seen.records():
        gathered.see(record)
    return gathered.by_url()


def fetched_files(gathered: Fetches, exported: frozenset[str]) -> Iterator[Exposure]:
    """Yield files other than exports that were fetched from folders of the web server."""
    found, seen = gathered.by_url(), gathered.seen
    _from_findings(seen, found)
    for url, one in sorted(found.items()):
        if url not in exported:
            yield _exposure(seen, one)


def _wanted(seen: Seen, record: TrailRecord, urls: frozenset[str] | None) -> str:
    if record.kind not in WEB:
        return ""
    path = path_of(record)[:NAME]
    if urls is not None:
        return path if path in urls else ""
    if not is_answered(record) or record.method.upper() != "GET":
        return ""
    if not path.endswith(data_endings()) or path.startswith(_OWN):
        return ""
    told = any(_speaks(seen, value) for kind, value in record.hits if kind == "rule")
    return path if told or seen.knows_more(record.session) else ""


def _speaks(seen: Seen, rule: str) -> bool:
    finding = seen.finding_of.get(rule)
    return finding is not None and seen.exposes.get(rule) == "file-fetched" and seen.opens(finding)


def _from_findings(seen: Seen, found: dict[str, Fetched]) -> None:
    """Add the files of findings that the trail does not have."""
    for finding in seen.findings:
        if finding.raw or not _speaks(seen, finding.rule):
            continue
        told = Counter(_named(line.summary) for line in finding.evidence)
        for url in [url for url in told if url and url not in found][:MOST]:
            one = Fetched(url, told[url], told[url])
            one.bytes.unknown = told[url]
            lines = [line for line in finding.evidence if _named(line.summary) == url]
            one.first, one.last = lines[0].time, lines[-1].time
            one.findings = {finding.id}
            one.rules = {finding.rule}
            keys = (value for line in lines for kind, value in line.keys if kind == "address")
            one.who = list(dict.fromkeys(keys))[:_WHO]
            one.proofs = [Proof(line.path, line.line, line.text[:NAME]) for line in lines[:4]]
            found[url] = one


def _named(summary: str) -> str:
    for mark in ("cs-uri-stem=", "UrlStem="):
        at = summary.find(mark)
        if at >= 0:
            return summary[at + len(mark) :].split(" ", 1)[0].lower()[:NAME]
    return ""


def _exposure(seen: Seen, one: Fetched) -> Exposure:
    intruders = ordered(map(seen.intruder, one.sessions))
    sharp = [seen.finding_of[rule] for rule in one.rules if rule in seen.finding_of]
    certainty = Certainty.CONFIRMED if intruders else Certainty.POSSIBLE
    if not intruders and any(each.level.rank >= Level.HIGH.rank for each in sharp):
        certainty = Certainty.LIKELY
    for name in intruders[:1]:
        certainty = weaker(certainty, seen.certainty_of(name))
    many = amount(Amount(one.low, one.requests), "request", "requests")
    unknown: tuple[str, ...] = ()
    if one.bytes.unknown:
        unknown = (
            "How many bytes left: the IIS logs have no sizes (sc-bytes) of all answers; a firewall "
            "or proxy would tell.",
        )
    return Exposure(
        exposure_id(seen.name, "file-fetched", one.url),
        "file-fetched",
        one.url,
        Exposed.TAKEN,
        certainty,
        f"File {one.url} was fetched{by_whom(one.who)}: {many}, {volume(one.size)}.",
        one.first,
        one.last,
        tuple(one.who[:50]),
        ordered(one.sessions),
        intruders,
        ordered(one.findings),
        Amount(one.low, one.requests),
        None,
        one.size,
        ("GET",),
        unknown,
        tuple(one.proofs),
    )
