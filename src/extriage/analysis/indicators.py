"""Sightings: which indicators the evidence of one server holds, and what that is worth.

Indicators that a scan was given were looked for in every line. Those that are shipped are looked
for in what the scan kept: hashes and names of files, lines of findings, sessions, ways back.
A sighting is no proof of a compromise. It has a level by type and by its publisher's confidence:
the hash of a known tool weighs more than an address that hundreds share.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from extriage.analysis.findings import finding_id, merge
from extriage.analysis.shellpasswords import with_passwords
from extriage.knowledge.indicators import shipped_indicators
from extriage.matchers.indicator import HASHES, Book, Key, book_of
from extriage.matchers.sought import PREFIX, RULE, key_of
from extriage.model.detection import Certainty, Evidence, Finding, Level
from extriage.model.evidence import Entry
from extriage.model.host import Host
from extriage.model.indicator import Indicator, Sighting
from extriage.model.persistence import Persistence, Presence
from extriage.model.reading import Kept, order
from extriage.model.session import Session
from extriage.model.state import Proof
from extriage.model.trail import TrailRecord
from extriage.parsers.file_name import server_path

MOST = 2000
"""Sightings of one server that are kept, the weightiest first."""
BEFORE = timedelta(days=180)
AFTER = timedelta(days=365)
"""How long before and after its publisher saw it an address still means something."""
PROOFS = 3
_WHERE = ("file", "log", "file-name", "finding", "session", "persistence")
_NAMES = {"file-name", "page-comparison"}
_AGEING = frozenset({"ipv4", "ipv6", "network"})


@dataclass(frozen=True, slots=True)
class Searched:
    """What is known of one server when indicators are looked up in it."""

    host: str
    entries: Sequence[Entry] = ()
    findings: Sequence[Finding] = ()
    ways: Sequence[Persistence] = ()
    logs: Sequence[Kept] = ()
    """What the scan kept of indicators that it was given."""
    records: Callable[[], Iterable[TrailRecord]] = tuple
    """The trail; each call reads it anew."""
    sessions: Sequence[Session] = ()
    """Asked only where there is no trail."""


@dataclass(frozen=True, slots=True)
class Sighted:
    """Sightings, and the findings that those of good confidence make."""

    sightings: tuple[Sighting, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Spot:
    """One value in one kind of place."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    lines: list[Evidence] = field(default_factory=list)
    places: set[tuple[str, int, int]] = field(default_factory=set)

    def once(self, line: Evidence) -> None:
        """Take in a line that may come again, as proof of something else."""
        place = (line.path, line.line, line.offset)
        if place not in self.places:
            self.places.add(place)
            self.add(line)

    def add(self, line: Evidence, count: int = 1) -> None:
        self.count += count
        self.span(line.time, line.time)
        self.lines.append(line)
        if len(self.lines) > 4 * PROOFS:
            self.lines = self.told()

    def span(self, first: datetime | None, last: datetime | None) -> None:
        if first and (self.first is None or first < self.first):
            self.first = first
        if last and (self.last is None or last > self.last):
            self.last = last

    def told(self) -> list[Evidence]:
        ordered = sorted(self.lines, key=order)
        return ordered if len(ordered) <= PROOFS else [*ordered[: PROOFS - 1], ordered[-1]]


Spots = dict[tuple[str, Key], _Spot]


def is_sought(kept: Kept) -> bool:
    """Tell what the scan kept of an indicator from what it kept of a rule."""
    return kept.rule.startswith(PREFIX)


def sighted(
    searched: Searched, given: Sequence[Indicator], shipped: Sequence[Indicator]
) -> Sighted:
    """Return what the scan of a server saw of the indicators that it was given, and of ours."""
    book, own = book_of(given), book_of(shipped)
    spots: Spots = {}
    _in_logs(searched.logs, spots)
    _in_files(searched.entries, book, spots, names=False)
    _in_shells(searched, book, spots)
    found = _sightings(searched.host, spots, book)
    kept: Spots = {}
    _in_case(searched, own, kept)
    found += [one for one in _sightings(searched.host, kept, own) if _timely(one[0])]
    return _told(searched.host, found, given)


def with_sightings(
    host: Host, logs: Iterable[Kept], given: Sequence[Indicator], others: Iterable[Entry] = ()
) -> Host:
    """Add to a server what was sighted there: of what the scan was given, and of what is shipped.

    `logs` is what the scan kept, `others` are files of the server that are no evidence by
    themselves. Findings of good confidence are added at the end: they claim no stage, so the
    verdict stays as it is.
    """
    entries = (*host.manifest.entries, *others)
    kept = merge(logs)
    searched = Searched(
        *(host.name, entries, host.findings, host.persistence, kept), sessions=host.sessions
    )
    found = sighted(searched, given, shipped_indicators())
    return replace(host, sightings=found.sightings, findings=(*host.findings, *found.findings))


def in_case(searched: Searched, given: Sequence[Indicator]) -> tuple[Sighting, ...]:
    """Return what a finished case holds of indicators, without its evidence."""
    book, spots = book_of(given), Spots()
    _in_case(searched, book, spots)
    _in_shells(searched, book, spots)
    return _told(searched.host, _sightings(searched.host, spots, book), given).sightings


def _told(
    host: str, found: Iterable[tuple[Sighting, _Spot]], given: Iterable[Indicator]
) -> Sighted:
    ours = set(given)
    ordered = sorted(found, key=lambda one: _rank(one[0]))
    findings: dict[str, Finding] = {}
    for one, spot in ordered:
        if one.level.rank >= Level.MEDIUM.rank and (
            one.indicator in ours or one.indicator.type in HASHES
        ):
            finding = _finding(host, one, spot)
            findings.setdefault(finding.id, finding)
    return Sighted(tuple(one for one, _ in ordered[:MOST]), tuple(findings.values()))


def _rank(one: Sighting) -> tuple[int, int, str, str, str, str]:
    known = one.indicator
    return (
        *(-one.level.rank, _WHERE.index(one.where)),
        *(known.type, known.value, known.cluster, known.source),
    )


def _in_logs(logs: Iterable[Kept], spots: Spots) -> None:
    for kept in logs:
        key = key_of(kept.rule)
        kinds = {line.kind for line in kept.lines}
        where = "file-name" if kinds and kinds <= _NAMES else "log"
        spot = spots.setdefault((where, key), _Spot())
        spot.count += kept.count
        spot.span(kept.first, kept.last)
        spot.lines += kept.lines


def _in_case(searched: Searched, book: Book, spots: Spots) -> None:
    if not book.keys:
        return
    _in_files(searched.entries, book, spots, names=True)
    for finding in searched.findings:
        if finding.rule != RULE:
            _in_lines(finding.evidence, book, spots)
    for way in searched.ways:
        _in_way(way, book, spots)
    _in_trail(searched.records(), book, spots)
    _in_sessions(searched.sessions, book, spots)


def _in_files(entries: Iterable[Entry], book: Book, spots: Spots, *, names: bool) -> None:
    for entry in entries:
        line = Evidence(entry.path, 1, 0, entry.path, entry.sha256, kind=entry.kind)
        for key in book.hash(entry.sha256):
            spots.setdefault(("file", key), _Spot()).add(line)
        if names and book.names:
            for key in dict.fromkeys(book.files(server_path(entry.path))):
                spots.setdefault(("file-name", key), _Spot()).add(line)


def _in_lines(lines: Iterable[Evidence], book: Book, spots: Spots) -> None:
    for line in lines:
        found = [*book.in_text(line.text), *book.accounts(line.keys)]
        if line.object and book.names:
            found += book.files(line.object)
        for key in dict.fromkeys(found):
            spots.setdefault(("finding", key), _Spot()).once(line)


def _in_shells(searched: Searched, book: Book, spots: Spots) -> None:
    findings = (one for one in searched.findings if one.rule != RULE)
    for where, key, line in with_passwords(findings, searched.ways, book):
        spots.setdefault((where, key), _Spot()).once(line)


def _in_way(way: Persistence, book: Book, spots: Spots) -> None:
    """Look at what a way back is called; what was only tried tells nothing of its author."""
    if way.state is Presence.ATTEMPTED:
        return
    found: list[Key] = []
    for text in (way.object, *way.paths):
        found += book.in_text(text)
    proof = way.proofs[0] if way.proofs else Proof("", 0, way.object)
    line = Evidence(proof.path, proof.line, 0, proof.text or way.object, "", way.first)
    for key in dict.fromkeys(found):
        spots.setdefault(("persistence", key), _Spot()).add(line)


def _in_trail(records: Iterable[TrailRecord], book: Book, spots: Spots) -> None:
    known: dict[str, list[Key]] = {}
    for one in records:
        found: list[Key] = []
        for text, look in _parts(one, book):
            if text not in known:
                if len(known) > 100_000:
                    known.clear()
                known[text] = list(look())
            found += known[text]
        if found:
            line = Evidence(one.path, one.line, one.offset, one.text, "", one.time, kind=one.kind)
            for key in dict.fromkeys(found):
                spots.setdefault(("session", key), _Spot()).add(line)


def _in_sessions(sessions: Iterable[Session], book: Book, spots: Spots) -> None:
    for one in sessions:
        found = [key for text in one.addresses for key in book.address(text)]
        found += [key for text in one.agents for key in book.in_text(text)]
        found += book.accounts(("account", name.lower()) for name in one.accounts)
        proofs = [proof for step in one.steps for proof in step.proofs][:1]
        proof = proofs[0] if proofs else Proof("", 0, one.summary)
        line = Evidence(proof.path, proof.line, 0, proof.text, "", one.first)
        for key in dict.fromkeys(found):
            spot = spots.setdefault(("session", key), _Spot())
            spot.add(line, max(one.requests.low, 1))
            spot.span(one.first, one.last)


def _parts(one: TrailRecord, book: Book) -> Iterator[tuple[str, Callable[[], Iterable[Key]]]]:
    """Yield the texts of a record in the trail that may hold a value, and how to look at them.

    The same few texts come again and again, so each is looked at once.
    """
    if one.address:
        yield f"\0{one.address}", lambda: book.address(one.address)
    if one.agent and "user-agent" in book.types:
        yield f"\1{one.agent}", lambda: book.in_text(one.agent)
    if one.account and "account" in book.types:
        yield f"\2{one.account}", lambda: book.accounts(one.keys)
    if one.target:
        yield f"\3{one.target}", lambda: book.in_text(one.target)


def _sightings(host: str, spots: Spots, book: Book) -> list[tuple[Sighting, _Spot]]:
    found = []
    for (where, key), spot in spots.items():
        for indicator in book.of(key):
            told = spot.told()
            proofs = tuple(Proof(line.path, line.line, line.text[:400]) for line in told)
            aged = _aged(indicator, spot)
            level = Level.LOW if aged else _level(indicator)
            text = _text(indicator, where, spot, aged)
            one = Sighting(
                *(indicator, host, where, spot.count, spot.first, spot.last, text, proofs),
                level=level,
            )
            found.append((one, spot))
    return found


def _level(one: Indicator) -> Level:
    if one.type in HASHES:
        return Level.MEDIUM if one.confidence == "low" else Level.HIGH
    return Level.MEDIUM if one.confidence == "high" else Level.LOW


def _aged(one: Indicator, spot: _Spot) -> bool:
    """Tell whether all lines are far from the days on which the publisher saw the value."""
    if one.type not in _AGEING or spot.first is None or spot.last is None:
        return False
    until = one.last_seen or one.first_seen
    late = until is not None and spot.first > _midnight(until) + AFTER
    since = one.first_seen
    return late or (since is not None and spot.last < _midnight(since) - BEFORE)


def _midnight(day: date) -> datetime:
    # NOTE: the table of times ends at both sides of what dates can say.
    day = min(max(day, date(1601, 1, 1)), date(9000, 1, 1))
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _timely(one: Sighting) -> bool:
    """Tell whether a sighting of a shipped indicator is worth a word.

    Names and agents that everybody uses are left to the rules, unless a way back is called so.
    """
    known = one.indicator
    if known.type in _AGEING and _aged(known, _Spot(first=one.first, last=one.last)):
        return False
    return known.confidence != "low" or known.type in HASHES or one.where == "persistence"


_SAYS = {
    "ipv4": "addresses change hands and are shared, so it says little alone",
    "network": "a network has many users, so it says little alone",
    "domain": "a name in a log shows that it was spoken of, not who spoke",
    "url": "an address in a log shows that it was spoken of, not that it was fetched",
    "email": "addresses of senders can be forged",
    "user-agent": "anybody can choose the name of his client",
    "url-path": "whether there was such a page is told by how the server answered",
    "account": "others may have an account of this name",
    "file-name": "others may have a file of this name: its content decides",
    "path": "others may have a file at this place: its content decides",
    "shell-parameter": "other programs may have a parameter of this name",
    "shell-password-sha256": "others may have chosen the same password, or use the same shell",
    "text": "look at the line to see what it means there",
}
_PLACES = {
    "log": ("line", "lines"),
    "finding": ("line of the findings", "lines of the findings"),
    "session": ("line of the suspects", "lines of the suspects"),
    "file": ("file", "files"),
    "file-name": ("file name", "file names"),
    "persistence": ("way back in", "ways back in"),
}


def _text(one: Indicator, where: str, spot: _Spot, aged: bool) -> str:
    unit = _PLACES[where][spot.count != 1]
    who = f", published as of {one.cluster}" if one.cluster else ""
    if one.type in HASHES:
        verb = "has" if spot.count == 1 else "have"
        if where == "file":
            caution = f"{spot.count:,} {unit} of the evidence {verb} exactly this content"
        else:
            caution = f"named in {spot.count:,} {unit}: a file of this content was there"
        if one.confidence == "low":
            caution += "; it is a tool that administrators use too, or its publisher is not sure"
        return f"{caution}{who}."
    caution = _SAYS.get("ipv4" if one.type == "ipv6" else one.type, _SAYS["text"])
    if aged:
        seen = one.last_seen or one.first_seen
        caution = f"its publisher saw it about {seen}, long before or after: it has other users now"
    return f"In {spot.count:,} {unit}{who}; {caution}."


def _finding(host: str, one: Sighting, spot: _Spot) -> Finding:
    known = one.indicator
    what = "Published hash of a file" if known.type in HASHES else "Published indicator"
    return Finding(
        finding_id(host, RULE, f"{known.type} {known.value.lower()}"),
        RULE,
        f"{what}: {known.type} {known.value[:120]}",
        one.level,
        None,
        Certainty.LIKELY if known.type in HASHES else Certainty.POSSIBLE,
        "",
        (),
        (),
        one.first,
        one.last,
        one.count,
        tuple(spot.told()),
        (_LOOK_ALIKE if known.type in HASHES else _text_of(one),),
        known.source[:200],
    )


_LOOK_ALIKE = "A tool with a good use too, or a publisher's mistake: look at the file itself."


def _text_of(one: Sighting) -> str:
    return one.text[:1].upper() + one.text[1:]
