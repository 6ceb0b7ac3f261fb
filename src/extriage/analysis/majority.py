"""Are the pages of these servers those of their builds? Compared with the tables or with others.

Of a build that the tables know, the content of each shipped page is known, and so is what is none
of its pages. Of newer builds (after March 2021) nothing is known but what the servers of one case
have in common: where three or more run the same build and most of them have the same content, a
server with another content stands out, and every answer says that this was learnt. With fewer
servers nothing can be told, and that is said too. A page that was changed is no proof of an
intruder: companies give the logon page their own look.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from extriage.knowledge.builds import spell
from extriage.knowledge.shipped import (
    hashes_of,
    newest_known,
    shipped_builds,
    ships,
)
from extriage.knowledge.shippedfiles import known_builds
from extriage.knowledge.shippedpaths import BACK_END, EXCHANGE, lying
from extriage.model.evidence import Entry, Fields, Origin, Record
from extriage.model.exchange import BuildNumber

KIND = "page-comparison"
FIELDS = (
    ("Outcome", "Path", "FileName", "Place", "Page", "Sha256", "Expected", "Build")
    + ("Learnt", "Same", "Servers")
)  # fmt: skip
"""Fields of the record of a comparison."""
FEWEST = 3
"""Servers of one build from which on something can be learnt."""
_COMPARED = 5
"""Pages of an application that a server must have in the evidence, to miss one."""
_MOST_HASHES = 5

CHANGED = "changed"
"""The tables know the server's build, and no build has this content."""
OTHER_BUILD = "other-build"
"""The tables know the server's build, and the content is that of another one."""
FOREIGN = "foreign"
"""The tables know the server's build, and no build has such a page."""
MINORITY = "minority"
"""Learnt: most servers of this build have another content."""
ONLY_HERE = "only-here"
"""Learnt: most servers of this build have no such page, and no build of the tables has it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the evidence of one server."""

    path: str
    sha256: str
    relative: str
    """Its path as the tables have it."""
    place: str
    shipped: bool
    """True if some build has a page at this path."""


@dataclass(frozen=True, slots=True)
class Server:
    """The pages of one server, and the build that they ought to be of."""

    name: str
    build: BuildNumber | None
    exact: bool
    """False if only the cumulative update is known, not the security update."""
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One page that is not as it ought to be."""

    server: str
    page: Page
    outcome: str
    build: BuildNumber
    text: str
    """One sentence for the reader."""
    expected: tuple[str, ...] = ()
    """Hashes that it ought to have."""
    same: int = 0
    """Learnt: how many servers agree."""
    servers: int = 0
    """Learnt: how many servers were compared."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing the pages of all servers gave."""

    found: tuple[Comparison, ...]
    notes: tuple[tuple[str, str, str], ...]
    """Server, path of a page, and why nothing can be told of it."""


@dataclass(slots=True)
class _Case:
    """All servers while they are compared."""

    servers: Sequence[Server]
    found: list[Comparison] = field(default_factory=list)
    untold: list[tuple[Server, Page]] = field(default_factory=list)
    """Pages of unknown content, of builds that the tables do not know."""
    usual: dict[tuple[BuildNumber, str], "_Usual"] = field(default_factory=dict)
    """Learnt, by build and page."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """The content of a page that most servers of one build have."""

    sha256: str
    same: int
    holders: Mapping[str, Page]
    """All servers of the build that have one content of this page."""


def pages_of(entries: Iterable[Entry]) -> tuple[Page, ...]:
    """Return the pages below Exchange's web folders that were read whole."""
    found = dict[tuple[str, str], Page]()
    for entry in entries:
        if entry.kind != "web-file" or entry.status != "read" or not entry.sha256:
            continue
        place = lying(entry.path)
        known = ships(place)
        if place.place in EXCHANGE and known is not None:
            page = Page(entry.path, entry.sha256, place.relative, place.place, known)
            found.setdefault((entry.path, entry.sha256), page)
    return tuple(found[key] for key in sorted(found))


def compare(servers: Sequence[Server]) -> Compared:
    """Compare the pages of all servers of a case with the tables, and with one another."""
    case = _Case(servers)
    for server in servers:
        for page in server.pages:
            _by_table(case, server, page)
    learnt = list(_learnt(case))
    told = {(one.server, one.page.path) for one in learnt}
    notes = tuple(
        (server.name, page.path, _why_not(case, server, page))
        for server, page in case.untold
        if (server.name, page.path) not in told
    )
    found = sorted(case.found + learnt, key=lambda one: (one.server, one.page.path, one.outcome))
    return Compared(tuple(found), notes)


def comparison_record(one: Comparison) -> Record:
    """Make the record of one comparison, for rules."""
    fields: Fields = {
        "Outcome": one.outcome,
        "Path": one.page.path,
        "FileName": one.page.path.replace("\\", "/").rpartition("/")[2],
        "Place": one.page.place,
        "Page": one.page.relative,
        "Sha256": one.page.sha256,
        "Expected": one.expected[:_MOST_HASHES],
        "Build": spell(one.build),
        "Learnt": "yes" if one.servers else "no",
        "Same": str(one.same or ""),
        "Servers": str(one.servers or ""),
    }
    return record_of(fields, one.text)


def record_of(fields: Fields, said: str = "") -> Record:
    """Make the record of a comparison from its fields and the sentence about it."""
    path = str(fields.get("Path", ""))
    text = f"{fields.get('Outcome', '')}: {fields.get('Page', '')} ({path}): {said}"
    return Record(KIND, None, Origin(path, 1), fields, text)


def _by_table(case: _Case, server: Server, page: Page) -> None:
    """Compare one page with those of its build; keep what the tables cannot tell."""
    tree = page.relative.partition("/")[0]
    builds = _builds(server, tree)
    if not page.shipped:
        if builds and page.place == BACK_END and server.build:
            text = f"build {spell(server.build)} has no such page, nor has any up to {_newest()}"
            case.found.append(Comparison(server.name, page, FOREIGN, server.build, text))
        return
    expected = frozenset[str]().union(*(hashes_of(page.relative, build) for build in builds))
    others = shipped_builds(page.relative, page.sha256)
    if server.build is None or not expected:
        if not others:
            case.untold.append((server, page))
    elif page.sha256 not in expected:
        outcome, text = CHANGED, f"no build up to {_newest()} has this content"
        if others:
            outcome, text = OTHER_BUILD, f"this is the page of {_span(others)}"
        text = f"the server's build is {spell(server.build)}; {text}"
        kept = tuple(sorted(expected))
        case.found.append(Comparison(server.name, page, outcome, server.build, text, kept))


def _builds(server: Server, tree: str) -> tuple[BuildNumber, ...]:
    """Return the builds of the tables that the server may run; none if they do not know it."""
    known = known_builds(tree)
    if server.build is None:
        return ()
    if server.exact:
        return (server.build,) if server.build in known else ()
    return tuple(build for build in known if build[:3] == server.build[:3])


def _learnt(case: _Case) -> Iterator[Comparison]:
    """Compare servers of the same build with one another, where the tables know nothing of it."""
    groups: dict[BuildNumber, list[Server]] = defaultdict(list)
    for server in case.servers:
        if server.build and server.exact and not _builds(server, "clientaccess"):
            groups[server.build].append(server)
    for build, servers in sorted(groups.items()):
        if len(servers) >= FEWEST:
            for relative, holders in _contents(servers).items():
                usual, same = _majority(holders.values())
                if usual:
                    case.usual[build, relative] = _Usual(usual, same, holders)
            yield from _only_here(build, servers)
    for (build, relative), learnt in sorted(case.usual.items()):
        yield from _minority(build, relative, learnt)


def _minority(build: BuildNumber, relative: str, learnt: _Usual) -> Iterator[Comparison]:
    total = len(learnt.holders)
    text = (
        f"learnt, not known: {learnt.same} of {total} servers of build {spell(build)} have another "
        f"content, with SHA-256 {learnt.sha256}"
    )
    for name, page in sorted(learnt.holders.items()):
        # NOTE: what Microsoft shipped before March 2021 is old, and nobody's addition.
        if page.sha256 != learnt.sha256 and not shipped_builds(relative, page.sha256):
            kept = (learnt.sha256,)
            yield Comparison(name, page, MINORITY, build, text, kept, learnt.same, total)


def _contents(servers: Sequence[Server]) -> dict[str, dict[str, Page]]:
    """Return shipped pages by path, each with the servers that have one content of it."""
    found: dict[str, dict[str, Page]] = defaultdict(dict)
    for server in servers:
        several = Counter(
            relative for relative, _ in {(page.relative, page.sha256) for page in server.pages}
        )
        for page in server.pages:
            if page.shipped and several[page.relative] == 1:
                found[page.relative].setdefault(server.name, page)
    return found


def _majority(pages: Iterable[Page]) -> tuple[str, int]:
    """Return the content of two thirds or more, and how many have it; nothing if there is none."""
    counts = Counter(page.sha256 for page in pages)
    total = counts.total()
    usual, same = counts.most_common(1)[0]
    return (usual, same) if total >= FEWEST and 3 * same >= 2 * total else ("", 0)


def _only_here(build: BuildNumber, servers: Sequence[Server]) -> Iterator[Comparison]:
    """Yield pages of the back end that no build of the tables has, nor most servers of this one."""
    sizes = {server.name: Counter(map(_application, server.pages)) for server in servers}
    holders: dict[str, dict[str, Page]] = defaultdict(dict)
    for server in servers:
        for page in server.pages:
            if not page.shipped and page.place == BACK_END:
                holders[page.relative].setdefault(server.name, page)
    for relative, pages in sorted(holders.items()):
        application = _application(next(iter(pages.values())))
        others = [
            name
            for name, counts in sizes.items()
            if name not in pages and counts[application] >= _COMPARED
        ]
        total = len(others) + len(pages)
        if total >= FEWEST and 3 * len(others) >= 2 * total:
            text = (
                f"learnt, not known: {len(others)} of {total} servers of build {spell(build)} have "
                f"no {relative}, nor has any build up to {_newest()}"
            )
            for name, page in sorted(pages.items()):
                yield Comparison(name, page, ONLY_HERE, build, text, (), len(others), total)


def _application(page: Page) -> str:
    return "/".join(page.relative.split("/")[:2])


def _why_not(case: _Case, server: Server, page: Page) -> str:
    if server.build is None:
        why = "the build is not known, and no build up to"
        return f"cannot be told whether this page is as shipped: {why} {_newest()} has this content"
    learnt = case.usual.get((server.build, page.relative)) if server.exact else None
    if learnt and learnt.sha256 == page.sha256:
        return (
            f"newer than the known files (until {_newest()}): the same as on most servers of build "
            f"{spell(server.build)}, so this was learnt"
        )
    return (
        f"cannot be told whether this page is as shipped: build {spell(server.build)} is newer "
        f"than the known files (until {_newest()}), and too few servers of it could be compared"
    )


def _newest() -> str:
    return spell(newest_known())


def _span(builds: Sequence[BuildNumber]) -> str:
    first, last = spell(builds[0]), spell(builds[-1])
    return first if first == last else f"builds from {first} to {last}"
