"""Can they come back? Every way back in, once, with its state, its story and its removal.

Rules name the kind of way back that their lines speak of, and each line names the object. Lines
of all rules and of all kinds of evidence about one object are one way back: a page on disk, its
compile record, its requests, the cmdlet that wrote it and the antivirus that took it away.

Not every such line is a way back. One is listed if at least one of these holds for a line of it:

* its rule is of level medium or above, and the line is no mere removal or request;
* its rule is of a lower level, and the line stands in a chain with proof that somebody got in.

Damaged lines list nothing; lines of low level that only name the object add to its story.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.lifestory import actors, story
from extriage.analysis.objectkeys import base_name, is_needed, is_served, key_of
from extriage.analysis.pageurl import Directory
from extriage.analysis.presence import Line, presence, readings
from extriage.analysis.shadowcopy import UNKNOWN, Disk
from extriage.knowledge.persistence import PersistenceKind, persistence_kinds, steps
from extriage.model.detection import Certainty, Evidence, Finding, Level, Sign, Stage
from extriage.model.host import Chain
from extriage.model.persistence import PageLife, Persistence, Presence
from extriage.model.state import Proof
from extriage.parsers.file_name import server_path

ITEMS = 500
"""Ways back that are told of one server; those that are there and the worst come first."""
REASONS = 20
PROOFS = 12
PATHS = 20
_TEXT = 2000
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Some logs name an object by its id only: the control panel does so with virtual directories."""
_PATH = re.compile(
    r"(?i)(?:\b[a-z]:|%[a-z]{1,20}%|\\\\[^\\/:*?\"<>|]{1,60}\\[a-z]\$"
    r"|^\\?(?:Program Files|inetpub))\\[^\"<>|*?()]{0,300}[^\"<>|*?()\s]"
)
"""A place on a disk of the server inside of a name."""
_ORDER = (Presence.PRESENT, Presence.UNKNOWN, Presence.REMOVED, Presence.ATTEMPTED)
_OF_COPIES = (Sign.PRESENT, Sign.REMOVED, Sign.DETECTED)
_THERE = (Sign.PLANTED, Sign.COMPILED, Sign.USED, Sign.CHANGED, Sign.DETECTED, Sign.PRESENT)


@dataclass(frozen=True, slots=True)
class WaysBack:
    """The ways back of one server."""

    items: tuple[Persistence, ...] = ()
    notes: tuple[str, ...] = ()
    """What to know about the list: how many more there are."""


@dataclass(slots=True)
class _Object:
    """What is known of one object while the lines are sorted."""

    kind: PersistenceKind
    key: str
    lines: list[Line] = field(default_factory=list)
    life: PageLife | None = None
    stands: tuple[Presence, str] = (Presence.UNKNOWN, "")
    served: bool = False
    """Of pages: whether its URL is known."""

    @property
    def path_only(self) -> bool:
        """Tell whether it is a page of which nothing but a place on some disk is told."""
        # NOTE: what lies or was taken away there may be a copy, and says nothing of the page.
        copies = any(line.sign in _OF_COPIES for line in self.lines)
        return "/" in self.key and self.kind.form == "page" and not self.served and not copies


def ways_back(
    host: str,
    findings: Sequence[Finding],
    lives: Iterable[PageLife] = (),
    chains: Sequence[Chain] = (),
    served: Sequence[Directory] = (),
    disk: Disk = UNKNOWN,
) -> WaysBack:
    """Return the ways back of one server: those that are there first, then the worst.

    `lives` tell what the web logs say of pages, `chains` who did what with what else, and `served`
    which folders the configuration of IIS adds to those of every Exchange server, `disk` what its
    disks say as they were last.
    """
    spoken = [one for one in findings if one.persistence in persistence_kinds() and not one.raw]
    inside = _intrusions(chains)
    objects = [one for one in _objects(spoken, served) if _opens(one, inside)]
    _live(objects, lives)
    for one in objects:
        one.lines.sort(key=_line_order)
        one.stands = presence(one.lines, one.life, disk)
    items = sorted((_item(host, one, chains) for one in objects), key=_order)
    return WaysBack(tuple(items[:ITEMS]), tuple(_notes(len(items), spoken)))


def _live(objects: Sequence[_Object], lives: Iterable[PageLife]) -> None:
    """Give pages their lives: by URL, else by name if only one of that name was asked for."""
    by_page = {life.page: life for life in lives}
    by_name: dict[str, list[PageLife]] = defaultdict(list)
    for life in by_page.values():
        by_name[base_name(life.page)].append(life)
    pages = [one for one in objects if one.kind.form == "page"]
    names = Counter(base_name(one.key) for one in pages)
    for one in pages:
        one.life = by_page.get(one.key)
        same = by_name.get(base_name(one.key), [])
        if one.path_only and len(same) == 1 and names[base_name(one.key)] == 1:
            one.life = same[0]


def _notes(many: int, findings: Iterable[Finding]) -> Iterable[str]:
    if many > ITEMS:
        yield f"{many:,} ways back in were found; the {ITEMS} that matter most are listed"
    for one in findings:
        listed = {line.object for line in one.evidence}
        if one.objects > len(listed):
            yield (
                f"rule {one.rule} names about {one.objects:,} objects; the lines of {len(listed)} "
                "of them are kept"
            )


def _objects(findings: Iterable[Finding], served: Sequence[Directory]) -> list[_Object]:
    """Sort lines by the object that they speak of."""
    found: dict[tuple[str, str], _Object] = {}
    kinds = persistence_kinds()
    for finding in findings:
        kind = kinds[finding.persistence]
        # NOTE: of several steps that belong together only some name the object.
        naming = [line for line in finding.evidence if line.object] or finding.evidence
        for evidence in naming:
            name = evidence.object or finding.title
            key = key_of(kind.form, name, served)
            one = found.setdefault((kind.id, key), _Object(kind, key))
            one.lines += readings(finding, evidence, name)
            one.served = one.served or is_served(name, served)
    return _joined(found)


def _joined(found: Mapping[tuple[str, str], _Object]) -> list[_Object]:
    """Give lines that know only a bare name, or an id, to the one object that it can be."""
    homes: dict[tuple[str, str], list[_Object]] = defaultdict(list)
    for (kind, key), one in found.items():
        if "/" in key and not one.path_only:
            homes[kind, base_name(key)].append(one)
        if not _ID.fullmatch(key):
            homes[kind, ""].append(one)
    objects = []
    for (kind, key), one in found.items():
        name = "" if _ID.fullmatch(key) else key
        if one.path_only:
            fitting = _served_as(one, found, homes)
        else:
            fitting = homes.get((kind, name), ()) if "/" not in key else ()
        if len(fitting) == 1 and fitting[0] is not one:
            fitting[0].lines += one.lines
        else:
            objects.append(one)
    return objects


def _served_as(
    one: _Object,
    found: Mapping[tuple[str, str], _Object],
    homes: Mapping[tuple[str, str], list[_Object]],
) -> Sequence[_Object]:
    """Return the pages that a file may be whose place on the disk says no URL."""
    name = base_name(one.key)
    rivals = [two for two in found.values() if two.path_only and base_name(two.key) == name]
    return homes.get((one.kind.id, name), ()) if len(rivals) == 1 else ()


def _intrusions(chains: Iterable[Chain]) -> Mapping[str, list[Chain]]:
    """Return the chains that prove that somebody got in, by finding."""
    found: dict[str, list[Chain]] = defaultdict(list)
    for chain in chains:
        if chain.stage.rank >= Stage.REACHED.rank and chain.certainty is not Certainty.POSSIBLE:
            for name in {step.finding for step in chain.steps}:
                found[name].append(chain)
    return found


def _opens(one: _Object, inside: Mapping[str, list[Chain]]) -> bool:
    """Tell whether the lines of an object make it a way back that is listed."""
    for line in one.lines:
        if line.finding.level.rank >= Level.MEDIUM.rank:
            weak = line.finding.stage is None and line.sign in (Sign.REMOVED, Sign.ASKED)
            if not weak:
                return True
        elif line.sign is not Sign.REMOVED and _within(line.evidence, inside, line.finding):
            return True
    return False


def _within(line: Evidence, inside: Mapping[str, list[Chain]], finding: Finding) -> bool:
    chains = inside.get(finding.id, ())
    return any(line.time and one.first <= line.time <= one.last for one in chains)


def _item(host: str, one: _Object, chains: Sequence[Chain]) -> Persistence:
    lines, (state, note) = one.lines, one.stands
    findings = list({line.finding.id: line.finding for line in lines}.values())
    name = _spelling(one, lines)
    text = f"{host}\0{one.kind.id}\0{one.key}"
    first, last = _span(lines, one.life)
    return Persistence(
        "p-" + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16],
        one.kind.id,
        name,
        state,
        note,
        max((finding.level for finding in findings), key=lambda level: level.rank),
        max((finding.certainty for finding in findings), key=lambda certain: certain.rank),
        first,
        last,
        actors(lines, one.life, chains),
        _paths(lines),
        tuple(finding.id for finding in findings),
        _reasons(lines, findings),
        _proofs(lines, one.life),
        story(lines, one.life, state, chains),
        one.life,
        _removal(one, state, name, sure=_sure(findings)),
    )


def _line_order(line: Line) -> tuple[bool, float, str, int, int, str]:
    evidence = line.evidence
    stamp = line.time.timestamp() if line.time else 0.0
    place = (evidence.path, evidence.line, evidence.offset)
    return (line.time is None, stamp, *place, line.finding.rule)


def _spelling(one: _Object, lines: Sequence[Line]) -> str:
    """Choose what it is called: pages by URL, other things as the surest line spells them."""
    if one.kind.form == "page" and one.served and one.key.startswith("/"):
        return one.key
    named = [line for line in lines if not _ID.fullmatch(line.name.lower())] or lines
    there = [line.name for line in named if line.sign is Sign.PRESENT]
    found = (there or [line.name for line in named])[0]
    return server_path(found) if one.kind.form in ("page", "path") else found


def _span(lines: Sequence[Line], life: PageLife | None) -> tuple[datetime | None, datetime | None]:
    """Return since when it was there, or was first tried, and when it was last spoken of."""
    there = [line.time for line in lines if line.sign in _THERE]
    there += [life.first_answered] if life else []
    spoken = [line.time for line in lines if line.sign is not Sign.ASKED]
    times = [time for time in there if time] or [time for time in spoken if time]
    told = [line.time for line in lines] + ([life.last] if life else [])
    return min(times, default=None), max((time for time in told if time), default=None)


def _paths(lines: Sequence[Line]) -> tuple[str, ...]:
    """Return where it is in the evidence, then the places on the server that lines name."""
    there = [line.evidence.path for line in lines if line.sign is Sign.PRESENT]
    known = [f"\\{server_path(path).lower()}" for path in dict.fromkeys(there)]
    told = (path for line in lines for path in _PATH.findall(line.name))
    named = [
        path
        for path in dict.fromkeys(told)
        if not any(one.endswith("\\" + path.lower().lstrip("\\")) for one in known[:PATHS])
    ]
    return tuple(dict.fromkeys([*there, *named]))[:PATHS]


def _reasons(lines: Sequence[Line], findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return what a human can check: what each rule says, the worst first, and what it read."""
    ordered = sorted(findings, key=lambda one: (-one.level.rank, -one.certainty.rank, one.rule))
    told = list[str]()
    for finding in ordered:
        own = (line.evidence.reasons for line in lines if line.finding.id == finding.id)
        told += [finding.title, *(reason for reasons in own for reason in reasons)]
    return tuple(dict.fromkeys(told))[:REASONS]


def _proofs(lines: Sequence[Line], life: PageLife | None) -> tuple[Proof, ...]:
    """Return one line of each rule and sign, the earliest, then those of the web logs."""
    first: dict[tuple[str, Sign], Line] = {}
    for line in lines:
        first.setdefault((line.finding.rule, line.sign), line)
    found = [
        Proof(line.evidence.path, line.evidence.line, line.evidence.text[:_TEXT])
        for line in first.values()
    ]
    found += life.proofs if life else ()
    return tuple({(proof.path, proof.line): proof for proof in reversed(found)}.values())[::-1][
        :PROOFS
    ]


def _removal(one: _Object, state: Presence, name: str, *, sure: bool) -> tuple[str, ...]:
    kind = one.kind
    if state is Presence.REMOVED:
        return steps(kind.gone, name, kind)
    if state is Presence.ATTEMPTED:
        return steps(kind.attempted, name, kind)
    ask = () if sure else kind.ask
    first = kind.unknown if state is Presence.UNKNOWN else ()
    instead = kind.shipped if is_needed(kind, name) else ()
    return steps((*ask, *first, *(instead or kind.removal)), name, kind)


def _sure(findings: Sequence[Finding]) -> bool:
    """Tell whether it is taken out, rather than asked about."""
    level = max((one.level for one in findings), key=lambda one: one.rank)
    return is_sure(level, max((one.certainty for one in findings), key=lambda one: one.rank))


def is_sure(level: Level, certainty: Certainty) -> bool:
    """Tell what is taken out from what its owner is asked about: administrators make such too."""
    return level.rank >= Level.HIGH.rank and certainty is not Certainty.POSSIBLE


def _order(item: Persistence) -> tuple[int, int, int, bool, str, str, str]:
    return (
        _ORDER.index(item.state),
        -item.level.rank,
        -item.certainty.rank,
        item.first is None,
        item.first.isoformat() if item.first else "",
        item.kind,
        item.object,
    )
