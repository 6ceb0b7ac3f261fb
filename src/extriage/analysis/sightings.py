"""Every place that names a build of one server, ranked by what it can know.

The build columns of logs tell what ran, to the minute. Files tell what is installed. Answers and
mail headers tell what ran when they were written. Lists of installed updates, notes of Setup and
folder names tell what was meant to be installed, the last two only by the cumulative update.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from extriage.analysis.advisories import plausible
from extriage.analysis.places import ELSEWHERE, Place, home_of, place_of, roots
from extriage.knowledge.builds import build_table, family, line, number
from extriage.model.evidence import Entry, Tally
from extriage.model.exchange import BuildNumber
from extriage.model.state import Fact, Subject
from extriage.parsers import binary, registry, setuplog, traces, updates

__all__ = [
    "ELSEWHERE",
    "NEVER",
    "Doubt",
    "How",
    "Sighting",
    "removals",
    "same_line",
    "side_log",
    "sightings",
]

NEVER = datetime(1, 1, 1, tzinfo=UTC)


class How(StrEnum):
    """How a place came to know the build."""

    RAN = "ran"
    """A running process wrote it into a log."""
    FILE = "file"
    """The version of an installed program file."""
    ANSWERED = "answered"
    """A process told it to an administrator or a client, or wrote it into a mail."""
    LISTED = "listed"
    """An update is said to be installed; that its files were replaced is not shown."""
    NOTED = "noted"
    """Setup, the registry or the directory names the cumulative update."""
    FOLDER = "folder"
    """A folder is named after it; folders of earlier updates stay."""
    DOUBTFUL = "doubtful"
    """The version of a file that may be a copy, or another server's: it is believed by nobody."""


class Doubt(StrEnum):
    """Why a build is believed by nobody."""

    IMPOSSIBLE = "impossible"
    """Its number is far above all that are known."""
    NAMELESS = "nameless"
    """An export names several builds and does not say on which servers."""
    COPY = "copy"
    """The file lies where installation media, packages and older copies are kept."""
    UNSURE = "unsure"
    """The file is not the installed one, for that one is there too."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One build, as one kind of evidence names it."""

    build: BuildNumber
    how: How
    name: str
    """What named it, as a report calls it: `httpproxy, ews`, `ExSetup.exe`, `registry` …"""
    first: datetime | None = None
    last: datetime | None = None
    """None for what only tells the state on the day of collection."""
    path: str = ""
    line: int = 0
    """Where the last of it stands; line 0 where the builds of a whole log are meant."""
    place: Place = Place.LOOSE
    """How surely a file is the installed one."""
    home: str = ""
    """Of a file the folder of its installation."""
    doubt: Doubt | None = None

    @property
    def precision(self) -> str:
        """Return `su` or `cu`."""
        return "cu" if self.how in (How.NOTED, How.FOLDER) else "su"


_SIDE_LOGS = frozenset({"ecp-server", "ecp-activity", "audit"})
"""Logs whose last number may differ from that of the others, or that speak of other servers."""
_WORDS = frozenset({setuplog.KIND, traces.MAIL, traces.ANSWER, traces.FOLDER})
"""Evidence that is no file of Exchange, whatever name it gives: a mail may call its server so."""
_RUNNING = "running process"


def sightings(
    tallies: Sequence[Tally], facts: Sequence[Fact], entries: Iterable[Entry]
) -> tuple[Sighting, ...]:
    """Return every build that the evidence of one server names, the same ones taken together."""
    found = [*_rows(tallies), *_of_facts(tallies, facts), *_folders(entries)]
    if any(plausible(one.build) for one in found):
        found = [one if plausible(one.build) else _doubt(one, Doubt.IMPOSSIBLE) for one in found]
    merged: dict[tuple[BuildNumber, How, str, str], Sighting] = {}
    for one in found:
        key = (one.build, one.how, one.name, one.home)
        merged[key] = _together(merged[key], one) if key in merged else one
    return tuple(sorted(merged.values(), key=lambda one: (one.build, one.how, one.name, one.home)))


def _doubt(one: Sighting, why: Doubt) -> Sighting:
    return replace(one, how=How.DOUBTFUL, doubt=why)


def _rows(tallies: Iterable[Tally]) -> Iterator[Sighting]:
    """Yield one sighting for each build that rows name, with all logs that name it."""
    seen: dict[BuildNumber, Sighting] = {}
    kinds: dict[BuildNumber, set[str]] = {}
    for tally in tallies:
        for text, (first, last) in tally.builds.items():
            if build := number(text):
                one = Sighting(build, How.RAN, "", first, last, tally.path)
                seen[build] = _together(seen[build], one) if build in seen else one
                kinds.setdefault(build, set()).add(tally.kind)
    for build, one in seen.items():
        yield replace(one, name=", ".join(sorted(kinds[build])))


def side_log(one: Sighting) -> bool:
    """Tell a build that only logs name which are known to differ without meaning anything."""
    return one.how is How.RAN and set(one.name.split(", ")) <= _SIDE_LOGS


def _of_facts(tallies: Sequence[Tally], facts: Sequence[Fact]) -> Iterator[Sighting]:
    named = [fact for fact in facts if fact.subject in (Subject.BUILD, Subject.CU_BUILD)]
    builds = [(fact, build) for fact in named if (build := number(fact.value)) and family(build)]
    yield from _files([(fact, build) for fact, build in builds if _is_file(fact)], tallies, facts)
    delivered = _delivered(tallies, facts)
    removed = removals(facts)
    for fact, build in builds:
        if _is_file(fact) or (fact.evidence == traces.MAIL and not delivered(fact)):
            continue
        if not taken_off(fact, removed):
            yield _of_fact(fact, build)


def _delivered(tallies: Iterable[Tally], facts: Sequence[Fact]) -> Callable[[Fact], bool]:
    """Return what tells whether a mail header may be believed for the past of this server.

    Anybody can write one. It must name the server, and no time after all other evidence.
    """
    others = [fact for fact in facts if fact.evidence != traces.MAIL]
    hosts = {_label(fact.computer) for fact in others if fact.computer}
    times = [fact.time for fact in others if fact.time]
    for tally in tallies:
        hosts |= {_label(tally.computer)} if tally.computer else set()
        times += [tally.last] if tally.last else []
        times += [last for _, last in tally.builds.values()]
    senders = {_label(fact.computer) for fact in facts if fact.evidence == traces.MAIL}
    known = hosts or (senders if len(senders) == 1 else set())
    end = max(times, default=None)
    return lambda fact: (
        _label(fact.computer) in known
        and fact.time is not None
        and (end is None or fact.time <= end)
    )


def removals(facts: Iterable[Fact]) -> dict[str, datetime]:
    """Return the updates, and the product as a whole, that were taken off, and when at last."""
    last: dict[str, tuple[datetime, bool]] = {}
    for fact in facts:
        if fact.subject is Subject.UPDATE and fact.value in (updates.REMOVED, updates.INSTALLED):
            product = fact.name.startswith(updates.EXCHANGE)
            what = fact.time or NEVER, fact.value == updates.REMOVED
            if not product or what[1]:
                name = updates.EXCHANGE if product else fact.name
                last[name] = max(last.get(name, what), what)
    return {name: time for name, (time, removed) in last.items() if removed}


def taken_off(fact: Fact, removed: Mapping[str, datetime]) -> bool:
    """Tell an update that was listed before it, or the product below it, was removed."""
    if fact.subject is not Subject.BUILD or _how(fact)[0] is not How.LISTED:
        return False
    whole = removed.get(updates.EXCHANGE)
    return fact.name in removed or bool(whole and fact.time and fact.time <= whole)


def _files(
    files: Sequence[tuple[Fact, BuildNumber]], tallies: Sequence[Tally], facts: Sequence[Fact]
) -> Iterator[Sighting]:
    """Yield what files tell: those at the surest place count, all others are doubtful."""
    known = roots(tallies, facts)
    nameless = _nameless(fact for fact, _ in files)
    found = []
    for fact, build in files:
        one = _file(fact, build, known)
        if not fact.computer and fact.origin.path in nameless:
            found.append(_doubt(one, Doubt.NAMELESS))
        else:
            found.append(_doubt(one, Doubt.COPY) if one.place is Place.COPY else one)
    surest = max((one.place for one in found if not one.doubt), default=Place.COPY)
    for one in found:
        yield one if one.doubt or one.place is surest else _doubt(one, Doubt.UNSURE)


def _file(fact: Fact, build: BuildNumber, known: frozenset[str]) -> Sighting:
    path, origin, time = _path(fact), fact.origin, fact.time
    place = _place(fact, path, known)
    one = Sighting(build, How.FILE, fact.name, time, time, origin.path, origin.line, place)
    return replace(one, home=home_of(path))


def _nameless(facts: Iterable[Fact]) -> set[str]:
    """Return the exports that name several builds of a file without saying on which server."""
    told: dict[tuple[str, str], set[str]] = {}
    for fact in facts:
        if not _on_disk(fact) and not fact.computer:
            told.setdefault((fact.origin.path, fact.name.lower()), set()).add(fact.value)
    return {path for (path, _), builds in told.items() if len(builds) > 1}


def _place(fact: Fact, path: str, known: frozenset[str]) -> Place:
    if path:
        return place_of(path, known)
    return Place.BIN if fact.computer else Place.LOOSE


def _on_disk(fact: Fact) -> bool:
    return fact.evidence == binary.KIND


def _of_fact(fact: Fact, build: BuildNumber) -> Sighting:
    how, name = _how(fact)
    origin = fact.origin
    one = Sighting(build, how, name, fact.time, fact.time, origin.path, origin.line)
    return replace(_folder(build), name=name, path=origin.path) if how is How.FOLDER else one


def _how(fact: Fact) -> tuple[How, str]:
    if fact.subject is Subject.CU_BUILD:
        how = How.FOLDER if fact.evidence == traces.FOLDER else How.NOTED
        return how, "registry" if fact.evidence == registry.KIND else fact.name
    if fact.evidence == traces.MAIL:
        return How.ANSWERED, "mail headers"
    if fact.evidence == traces.ANSWER or fact.name == _RUNNING:
        return How.ANSWERED, fact.name
    return How.LISTED, fact.name


def _is_file(fact: Fact) -> bool:
    """Tell a version of one of Exchange's own files, read by us or by an administrator."""
    names = {name.lower() for name in binary.EXCHANGE_FILES}
    own = fact.evidence == binary.KIND or fact.name.lower() in names
    return own and fact.subject is Subject.BUILD and fact.evidence not in _WORDS


def _folders(entries: Iterable[Entry]) -> Iterator[Sighting]:
    """Yield the builds that folders are named after."""
    met: set[tuple[str, str]] = set()
    for entry in entries:
        for fact in traces.path_facts(entry.path):
            build = number(fact.value)
            if build and (fact.name, fact.value) not in met and not ELSEWHERE.search(entry.path):
                met.add((fact.name, fact.value))
                yield replace(_folder(build), name=f"folder {fact.name}", path=entry.path)


def _folder(build: BuildNumber) -> Sighting:
    """Complete a folder's number, which often ends before the last one, to a build that exists."""
    known = build_table().name(build) if build[3] == 0 else None
    return Sighting(known.number if known else build, How.FOLDER, "")


def _together(one: Sighting, other: Sighting) -> Sighting:
    firsts = [time for time in (one.first, other.first) if time]
    lasts = [time for time in (one.last, other.last) if time]
    newest = max((one, other), key=lambda seen: (seen.last or NEVER, seen.path, seen.line))
    return replace(newest, first=min(firsts, default=None), last=max(lasts, default=None))


def _path(fact: Fact) -> str:
    """Return where a file lay; of one in an export that tells no path, nothing."""
    if _on_disk(fact):
        return fact.origin.path
    told = fact.text.rpartition(": ")[0]
    return told if "\\" in told else ""


def _label(computer: str) -> str:
    return computer.partition(".")[0].lower()


def same_line(one: BuildNumber, other: BuildNumber) -> bool:
    """Tell whether two builds are of one cumulative update, or rollups of one service pack."""
    product = build_table().product(one)
    return product == build_table().product(other) and line(product, one) == line(product, other)
