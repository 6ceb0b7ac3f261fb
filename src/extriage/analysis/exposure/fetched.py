"""Files that were fetched from folders of the web server: by whom, how often, how many bytes.

Whoever asked for it and got it has it, an intruder, somebody who knew the name, or a stranger.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.exposure.mailreads import Sum
from extriage.analysis.exposure.reading import WEB, file_asked, is_sent, path_of
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
from extriage.knowledge.joins import is_inside
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
    known: bool = False
    """Whether somebody fetched it who knew what to ask for."""
    outside: bool = False
    """Whether it went to an address that is not of the inside of an organisation."""

    @property
    def size(self) -> Amount:
        """Return how many bytes left, within bounds."""
        return (
            self.bytes.amount if self.strange else Amount(self.bytes.high, self.bytes.amount.high)
        )

    @property
    def times(self) -> Amount:
        """Return how often it was fetched; what went to the inside may be the owners' own."""
        return Amount(self.low if self.strange else self.requests, self.requests)

    @property
    def strange(self) -> bool:
        """Tell whether somebody else than the organisation can have it."""
        return self.known or self.outside

    def add(self, one: Request, seen: Seen) -> None:
        """Add one request that was answered."""
        known = seen.knows_more(one.session)
        outside = any(_outside(who) for part in one.parts for who in part.who)
        self.known, self.outside = self.known or known, self.outside or outside
        self.requests += 1
        self.low += known or outside
        self.bytes.add(one.bytes_out, sure=known or outside)
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
    since: Mapping[str, Sequence[datetime]] | None = None
    """The files that are asked about, each with the times since when it was another one; None for
    whatever holds data by its name."""
    joiner: Joiner = field(default_factory=Joiner)
    found: dict[tuple[str, int], Fetched] = field(default_factory=dict)
    """By URL, and by how many of its times had come."""

    def see(self, record: TrailRecord) -> None:
        """Take in one record."""
        url = _wanted(self.seen, record, self.since)
        if url:
            for one in self.joiner.add(file_asked(record, url)):
                self._add(one)

    def all(self) -> dict[tuple[str, int], Fetched]:
        """Return the fetches, when the trail is at its end."""
        for one in self.joiner.rest():
            self._add(one)
        return self.found

    def _add(self, one: Request) -> None:
        url = one.first.protocol
        # NOTE: an answer without a byte was broken off before any of the file went out.
        if not one.done or one.bytes_out == 0:
            return
        key = (url, bisect_right((self.since or {}).get(url, ()), one.first.time))
        if key in self.found or len(self.found) < MOST:
            self.found.setdefault(key, Fetched(url)).add(one, self.seen)


def fetches(
    seen: Seen, since: Mapping[str, Sequence[datetime]]
) -> Mapping[tuple[str, int], Fetched]:
    """Return who fetched these URLs, by URL and by how many of its times had come."""
    gathered = Fetches(seen, since)
    for record in seen.records():
        gathered.see(record)
    return gathered.all()


def fetched_files(
    gathered: Fetches, exported: frozenset[str], earlier: Iterable[Fetched] = ()
) -> Iterator[Exposure]:
    """Yield files other than exports that were fetched from folders of the web server.

    `earlier` are files that had the name of an export before it was ordered.
    """
    seen = gathered.seen
    found = {url: one for (url, _), one in gathered.all().items() if url not in exported}
    _from_findings(seen, found, exported)
    found |= {one.url: one for one in earlier if one.known or _opens(seen, one)}
    for _, one in sorted(found.items()):
        yield _exposure(seen, one)


def _opens(seen: Seen, one: Fetched) -> bool:
    return any(_speaks(seen, rule) for rule in one.rules)


def _outside(who: str) -> bool:
    """Tell whether an address is one that anybody on the internet may have."""
    return not is_inside(who)


def _wanted(seen: Seen, record: TrailRecord, urls: Mapping[str, Sequence[datetime]] | None) -> str:
    if record.kind not in WEB:
        return ""
    path = path_of(record)[:NAME]
    if urls is not None:
        return path if path in urls else ""
    if not is_sent(record):
        return ""
    if not path.endswith(data_endings()) or path.startswith(_OWN):
        return ""
    told = any(_speaks(seen, value) for kind, value in record.hits if kind == "rule")
    return path if told or seen.knows_more(record.session) else ""


def _speaks(seen: Seen, rule: str) -> bool:
    finding = seen.finding_of.get(rule)
    return finding is not None and seen.exposes.get(rule) == "file-fetched" and seen.opens(finding)


def _from_findings(seen: Seen, found: dict[str, Fetched], exported: frozenset[str]) -> None:
    """Add the files of findings that the trail does not have."""
    for finding in seen.findings:
        if finding.raw or not _speaks(seen, finding.rule):
            continue
        told = Counter(_named(line.summary) for line in finding.evidence)
        new = (url for url in told if url and url not in found and url not in exported)
        for url in list(new)[:MOST]:
            one = Fetched(url, told[url], told[url])
            one.bytes.unknown = told[url]
            lines = [line for line in finding.evidence if _named(line.summary) == url]
            one.first, one.last = lines[0].time, lines[-1].time
            one.findings = {finding.id}
            one.rules = {finding.rule}
            keys = (value for line in lines for kind, value in line.keys if kind == "address")
            one.who = list(dict.fromkeys(keys))[:_WHO]
            one.outside = any(map(_outside, one.who))
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
    # NOTE: what went to an inner address and to nobody who is known may be the owners' own.
    if not intruders and one.strange and any(each.level.rank >= Level.HIGH.rank for each in sharp):
        certainty = Certainty.LIKELY
    for name in intruders[:1]:
        certainty = weaker(certainty, seen.certainty_of(name))
    many = amount(one.times, "request", "requests")
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
        f"A file was fetched{by_whom(one.who)}: {many}, {volume(one.size)}. File: {one.url}.",
        one.first,
        one.last,
        tuple(one.who[:50]),
        ordered(one.sessions),
        intruders,
        ordered(one.findings),
        one.times,
        None,
        one.size,
        ("GET",),
        unknown,
        tuple(one.proofs),
    )
