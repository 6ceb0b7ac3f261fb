"""Builds of Exchange and the fixes that came with them.

Sources: `builds.csv` and `fixes.csv`, drawn from Microsoft's build list and the MSRC update guide,
each row with its own source.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from extriage.knowledge.active import active
from extriage.knowledge.tables import Knowledge, Row, rows, unique
from extriage.model.exchange import Build, BuildNumber, Fix
from extriage.model.host import State

SUBSCRIPTION = 2562
"""Third number of the first build of Exchange Subscription Edition, 15.2.2562.17."""
FAMILIES: Mapping[str, tuple[int, ...]] = {
    "2007": (8,),
    "2010": (14,),
    "2013": (15, 0),
    "2016": (15, 1),
    "2019": (15, 2),
    "SE": (15, 2),
}
"""The first numbers of each product's builds."""
ROLLUPS = frozenset({"2007", "2010"})
"""Products whose third number counts update rollups, not cumulative updates."""
KINDS = ("RTM", "SP", "CU", "RU", "SU", "HU", "Preview", "unnamed")
RELEASES = ("RTM", "SP", "CU")
"""Kinds of builds that start a new line, to which security updates are then made."""
FIX_KINDS: Mapping[str, tuple[str, ...]] = {
    "SU": ("SU",),
    "HU": ("HU",),
    "RU": ("RU",),
    "CU": RELEASES,
    "CU-includes": RELEASES,
}
"""The types of fixes, and the kinds of builds that carry them."""
_BUILD = re.compile(r"\s*(\d{1,9})\s*[.,]\s*(\d{1,9})\s*[.,]\s*(\d{1,9})\s*[.,]\s*(\d{1,9})\s*")
_SHORT = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,5}\.\d{1,5}")


def number(text: str) -> BuildNumber | None:
    """Read a build in any spelling: `15.01.2507.044`, `15.1.2507.44`, `15,1,2507,44`."""
    found = _BUILD.fullmatch(text)
    if not found:
        return None
    major, minor, build, revision = map(int, found.groups())
    return major, minor, build, revision


def spell(build: BuildNumber) -> str:
    """Write a build the short way: `15.1.2507.44`."""
    return ".".join(map(str, build))


def line(product: str, build: BuildNumber) -> tuple[int, ...]:
    """Return the numbers that a build shares with all builds of its cumulative update."""
    return build[:2] if product in ROLLUPS else build[:3]


@dataclass(frozen=True, slots=True)
class BuildTable:
    """All known builds and fixes."""

    builds: tuple[Build, ...]
    fixes: tuple[Fix, ...]
    _same: Mapping[tuple[int, ...], tuple[Build, ...]] = field(
        init=False, repr=False, compare=False
    )
    _fixes: Mapping[tuple[str, str], tuple[Fix, ...]] = field(init=False, repr=False, compare=False)
    _highest: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        same: dict[tuple[int, ...], tuple[Build, ...]] = {}
        for build in sorted(self.builds, key=lambda build: build.number):
            same[build.number[:3]] = (*same.get(build.number[:3], ()), build)
        fixes: dict[tuple[str, str], tuple[Fix, ...]] = {}
        for fix in self.fixes:
            fixes[fix.cve, fix.product] = (*fixes.get((fix.cve, fix.product), ()), fix)
        object.__setattr__(self, "_same", same)
        object.__setattr__(self, "_fixes", fixes)
        thirds = sorted((build.number[2], build.product) for build in self.builds)
        object.__setattr__(self, "_highest", {product: third for third, product in thirds})

    def name(self, build: BuildNumber) -> Build | None:
        """Return the newest released build that is not above this one, within the same CU."""
        same = self._same.get(build[:3], ())
        known = [one for one in same if one.number <= build]
        return known[-1] if known else (same[0] if same else None)

    def product(self, build: BuildNumber) -> str:
        """Return the product (`2016`, `SE` …) of a build; empty when it is none that is known."""
        known = self.name(build)
        return known.product if known else family(build)

    def highest(self, product: str) -> int | None:
        """Return the highest third number of a product's builds; None if no build is known."""
        return self._highest.get(product)

    def concerns(self, cve: str, product: str) -> bool:
        """Tell whether a product ever needed a fix for a vulnerability."""
        return (cve, product) in self._fixes

    def fixes_of(self, cve: str, product: str) -> tuple[Fix, ...]:
        """Return the fixes of one vulnerability for one product."""
        return self._fixes.get((cve, product), ())

    def state(self, cve: str, build: BuildNumber) -> State | None:
        """Tell whether a build has the fix; None when the product was never open to it.

        Builds compare inside the same CU. A CU without a package of its own is fixed when it is
        not below the first CU that includes the fix, else it must move to a newer CU first.
        """
        product = self.product(build)
        if not product:
            return State.CANNOT_TELL
        fixes = self.fixes_of(cve, product)
        if not fixes:
            return None
        # NOTE: a rollup of Exchange 2010 has its own third number, so only two are compared.
        depth = len(line(product, build))
        same = [fix for fix in fixes if fix.fixed[:depth] == build[:depth]]
        if same:
            fixed = build >= min(fix.fixed for fix in same)
            return State.FIXED if fixed else State.OPEN
        including = [fix for fix in fixes if fix.type in ("CU", "CU-includes")]
        if any(build >= fix.fixed for fix in including):
            return State.FIXED
        return State.FIXED if build > max(fix.fixed for fix in fixes) else State.OPEN_NO_PACKAGE


def family(build: tuple[int, ...]) -> str:
    """Return the product that a build must be of by its first three numbers; empty for none."""
    if build[:2] == (15, 2):
        return "SE" if build[2] >= SUBSCRIPTION else "2019"
    for product, start in FAMILIES.items():
        if build[: len(start)] == start:
            return product
    return ""


def build_table() -> BuildTable:
    """Return the builds and fixes of the tables in force."""
    return load_builds(active())


@cache
def load_builds(knowledge: Knowledge) -> BuildTable:
    """Read builds and fixes of a set of tables; ContentError names the first bad row."""
    found = rows(
        knowledge,
        "builds.csv",
        ("product", "cu", "su", "kind", "build", "release_date", "available_from", "kb", "source"),
    )
    builds = tuple(_build(row) for row in found)
    places = {build.number: row for row, build in zip(found, builds, strict=True)}
    unique(found, "build")
    _one_line_each(places, builds)
    _monotone(places, builds)
    fix_rows = rows(
        knowledge,
        "fixes.csv",
        ("cve", "product", "cu", "su", "fixed_build", "available_from", "kb", "type", "source"),
    )
    known = {row["build"]: build for row, build in zip(found, builds, strict=True)}
    fixes = tuple(_fix(row, known) for row in fix_rows)
    unique(fix_rows, "cve", "product", "cu")
    return BuildTable(builds, fixes)


def build_number(row: Row, column: str) -> BuildNumber:
    """Return the build in a column, which must be spelled `15.1.2507.44`."""
    text = row[column]
    found = number(text) if _SHORT.fullmatch(text) else None
    if found is None or spell(found) != text:
        raise row.wrong(f"{column} is {text[:40]!r}, not a build of four numbers like 15.1.2507.44")
    return found


def _build(row: Row) -> Build:
    build, product = build_number(row, "build"), row.one_of("product", FAMILIES)
    if family(build) != product:
        raise row.wrong(f"{row['build']} is no build of Exchange {product}")
    released, available = row.day("release_date"), row.day("available_from")
    if released and available and available < released:
        raise row.wrong("available_from is before release_date")
    row.filled("source")
    return Build(
        product,
        row.filled("cu"),
        row["su"],
        build,
        row["release_date"],
        row["available_from"],
        row.one_of("kind", KINDS),
        row["kb"],
    )


def _one_line_each(places: Mapping[BuildNumber, Row], builds: Iterable[Build]) -> None:
    """Refuse a CU with builds of two lines, and a line that belongs to two CUs."""
    lines: dict[tuple[str, str], tuple[int, ...]] = {}
    owners: dict[tuple[int, ...], str] = {}
    for build in builds:
        if build.kind == "Preview":
            continue  # NOTE: the preview of Exchange 2016 had the third number of its release.
        mine = line(build.product, build.number)
        whole = lines.setdefault((build.product, build.cu), mine)
        owner = owners.setdefault(mine, build.cu)
        if whole != mine or owner != build.cu:
            other = ".".join(map(str, whole)) if whole != mine else owner
            raise places[build.number].wrong(
                f"{spell(build.number)} cannot be of {build.product} {build.cu}: see {other}"
            )


def _monotone(places: Mapping[BuildNumber, Row], builds: Iterable[Build]) -> None:
    """Refuse a build that came out later than a higher one of the same CU."""
    newest: dict[tuple[str, str], Build] = {}
    for build in sorted(builds, key=lambda build: build.number):
        if not build.released:
            continue
        lower = newest.get((build.product, build.cu))
        if lower and lower.released > build.released:
            raise places[build.number].wrong(
                f"{spell(build.number)} came out on {build.released}, before the lower build "
                f"{spell(lower.number)} on {lower.released}"
            )
        newest[build.product, build.cu] = build


def _fix(row: Row, known: Mapping[str, Build]) -> Fix:
    cve, kinds = row.cve("cve"), FIX_KINDS[row.one_of("type", FIX_KINDS)]
    text = row["fixed_build"]
    build = known.get(text)
    if build is None:
        raise row.wrong(
            f"fixed_build {spell(build_number(row, 'fixed_build'))} is not in builds.csv"
        )
    if (build.product, build.cu) != (row["product"], row["cu"]):
        raise row.wrong(f"{text} is a build of {build.product} {build.cu}")
    if build.kind not in kinds:
        raise row.wrong(f"{text} is a {build.kind}, which type {row['type']} cannot be")
    if build.available_from != row["available_from"]:
        said = build.available_from or "an unknown day"
        raise row.wrong(f"available_from differs from builds.csv, where it is {said}")
    return Fix(
        cve,
        build.product,
        build.cu,
        build.number,
        row["type"],
        row["available_from"],
        row["kb"],
        row["su"],
    )
