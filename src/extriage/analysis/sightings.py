"""Every place that names a build of one server, ranked by what it can know.

The build columns of logs tell what ran, to the minute. Files tell what is installed. Answers and
mail headers tell what ran when they were written. Lists of installed updates, notes of Setup and
folder names tell what was meant to be installed, the last two only by the cumulative update.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from extriage.knowledge.builds import build_table, family, line, number
from extriage.model.evidence import Entry, Tally
from extriage.model.exchange import BuildNumber
from extriage.model.state import Fact, Subject
from extriage.parsers import binary, registry, setuplog, traces


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

    @property
    def precision(self) -> str:
        """Return `su` or `cu`."""
        return "cu" if self.how in (How.NOTED, How.FOLDER) else "su"


ELSEWHERE = re.compile(
    r"(?:^|/)(?:setup/serverroles|windows/temp|appdata/local/temp|exchangesetup|\$patchcache\$"
    r"|windows/installer|winsxs|softwaredistribution|windows\.old|\$recycle\.bin|regback"
    r"|system volume information|[^/]*harddiskvolumeshadowcopy[^/]*|vss_?\d[^/]*)/",
    re.IGNORECASE,
)
"""Where installation media, caches and older copies lie: such files are not the installed ones."""
INSTALLED = re.compile(r"exchange server/v1[45]/", re.IGNORECASE)

_SIDE_LOGS = frozenset({"ecp-server", "ecp-activity", "audit"})
"""Logs whose last number may differ from that of the others, or that speak of other servers."""
_RUNNING = "running process"


def sightings(
    tallies: Sequence[Tally], facts: Sequence[Fact], entries: Iterable[Entry]
) -> tuple[Sighting, ...]:
    """Return every build that the evidence of one server names, the same ones taken together."""
    found = [*_rows(tallies), *_of_facts(tallies, facts), *_folders(entries)]
    merged: dict[tuple[BuildNumber, How, str], Sighting] = {}
    for one in found:
        key = (one.build, one.how, one.name)
        merged[key] = _together(merged[key], one) if key in merged else one
    return tuple(sorted(merged.values(), key=lambda one: (one.build, one.how, one.name)))


def _rows(tallies: Iterable[Tally]) -> Iterator[Sighting]:
    """Yield one sighting for each build that rows name, with all logs that name it."""
    seen: dict[BuildNumber, tuple[datetime, datetime, set[str]]] = {}
    for tally in tallies:
        for text, (first, last) in tally.builds.items():
            build = number(text)
            if build is None:
                continue
            earliest, latest, kinds = seen.get(build, (first, last, set[str]()))
            kinds.add(tally.kind)
            seen[build] = (min(first, earliest), max(last, latest), kinds)
    for build, (first, last, kinds) in seen.items():
        yield Sighting(build, How.RAN, ", ".join(sorted(kinds)), first, last)


def side_log(one: Sighting) -> bool:
    """Tell a build that only logs name which are known to differ without meaning anything."""
    return one.how is How.RAN and set(one.name.split(", ")) <= _SIDE_LOGS


def _of_facts(tallies: Iterable[Tally], facts: Sequence[Fact]) -> Iterator[Sighting]:
    builds = [fact for fact in facts if fact.subject in (Subject.BUILD, Subject.CU_BUILD)]
    hosts = {_label(tally.computer) for tally in tallies if tally.computer}
    hosts |= {_label(f.computer) for f in facts if f.computer and f.evidence != traces.MAIL}
    senders = {_label(fact.computer) for fact in builds if fact.evidence == traces.MAIL}
    known = hosts or (senders if len(senders) == 1 else set())
    installed = any(_on_disk(fact) and INSTALLED.search(_path(fact)) for fact in builds)
    for fact in builds:
        build = number(fact.value)
        if build is None or not family(build):
            continue
        if fact.evidence == traces.MAIL and _label(fact.computer) not in known:
            continue
        if _on_disk(fact) and _is_copy(_path(fact), installed=installed):
            continue
        yield _of_fact(fact, build)


def _on_disk(fact: Fact) -> bool:
    return fact.evidence == binary.KIND


def _is_copy(path: str, *, installed: bool) -> bool:
    """Tell a file that is not the installed one, or not surely when a surer one is there."""
    return bool(ELSEWHERE.search(path)) or (installed and not INSTALLED.search(path))


def _of_fact(fact: Fact, build: BuildNumber) -> Sighting:
    how, name = _how(fact)
    if how is How.FOLDER:
        return replace(_folder(build), name=name)
    return Sighting(build, how, name, fact.time, fact.time)


def _how(fact: Fact) -> tuple[How, str]:
    if fact.subject is Subject.CU_BUILD:
        how = How.FOLDER if fact.evidence == traces.FOLDER else How.NOTED
        return how, "registry" if fact.evidence == registry.KIND else fact.name
    if fact.evidence == traces.MAIL:
        return How.ANSWERED, "mail headers"
    if fact.evidence == traces.ANSWER or fact.name == _RUNNING:
        return How.ANSWERED, fact.name
    if _is_file(fact):
        return How.FILE, fact.name
    return How.LISTED, fact.name


def _is_file(fact: Fact) -> bool:
    """Tell a version of one of Exchange's own files, read by us or by an administrator."""
    names = {name.lower() for name in binary.EXCHANGE_FILES}
    own = fact.evidence == binary.KIND or fact.name.lower() in names
    return own and fact.subject is Subject.BUILD and fact.evidence != setuplog.KIND


def _folders(entries: Iterable[Entry]) -> Iterator[Sighting]:
    """Yield the builds that folders are named after."""
    met: set[tuple[str, str]] = set()
    for entry in entries:
        for fact in traces.path_facts(entry.path):
            build = number(fact.value)
            if build and (fact.name, fact.value) not in met and not ELSEWHERE.search(entry.path):
                met.add((fact.name, fact.value))
                yield replace(_folder(build), name=f"folder {fact.name}")


def _folder(build: BuildNumber) -> Sighting:
    """Complete a folder's number, which often ends before the last one, to a build that exists."""
    known = build_table().name(build) if build[3] == 0 else None
    return Sighting(known.number if known else build, How.FOLDER, "")


def _together(one: Sighting, other: Sighting) -> Sighting:
    firsts = [time for time in (one.first, other.first) if time]
    lasts = [time for time in (one.last, other.last) if time]
    return replace(one, first=min(firsts, default=None), last=max(lasts, default=None))


def _path(fact: Fact) -> str:
    return fact.origin.path.replace("\\", "/")


def _label(computer: str) -> str:
    return computer.partition(".")[0].lower()


def same_line(one: BuildNumber, other: BuildNumber) -> bool:
    """Tell whether two builds are of one cumulative update, or rollups of one service pack."""
    product = build_table().product(one)
    return product == build_table().product(other) and line(product, one) == line(product, other)
