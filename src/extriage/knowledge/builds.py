"""Builds of Exchange and the fixes that came with them.

Sources: `content/knowledge/builds.csv` and `fixes.csv`, drawn from Microsoft's build list and the
MSRC update guide, each row with its own source.
"""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from extriage.errors import ContentError
from extriage.model.exchange import Build, BuildNumber, Fix
from extriage.model.host import State


def number(text: str) -> BuildNumber | None:
    """Read a build in any spelling: `15.01.2507.044`, `15.1.2507.44`, `15,1,2507,44`."""
    parts = re.findall(r"\d+", text)
    if len(parts) != 4 or not re.fullmatch(r"\s*\d+(\s*[.,]\s*\d+){3}\s*", text):
        return None
    major, minor, build, revision = map(int, parts)
    return major, minor, build, revision


def spell(build: BuildNumber) -> str:
    """Write a build the short way: `15.1.2507.44`."""
    return ".".join(map(str, build))


SUBSCRIPTION = 2562
"""Third number of the first build of Exchange Subscription Edition, 15.2.2562.17."""


@dataclass(frozen=True, slots=True)
class BuildTable:
    """All known builds and fixes."""

    builds: tuple[Build, ...]
    fixes: tuple[Fix, ...]

    def name(self, build: BuildNumber) -> Build | None:
        """Return the newest released build that is not above this one, within the same CU."""
        same = [known for known in self.builds if known.number[:3] == build[:3]]
        known = [b for b in same if b.number <= build]
        return max(known, key=lambda b: b.number) if known else (same[0] if same else None)

    def product(self, build: BuildNumber) -> str:
        """Return the product (`2016`, `SE` …) of a build; empty when it is none that is known."""
        known = self.name(build)
        if known:
            return known.product
        if build[:2] == (15, 2):
            return "SE" if build[2] >= SUBSCRIPTION else "2019"
        family = {(14,): "2010", (15, 0): "2013", (15, 1): "2016"}
        return family.get(build[:2]) or family.get(build[:1]) or ""

    def concerns(self, cve: str, product: str) -> bool:
        """Tell whether a product ever needed a fix for a vulnerability."""
        return any(fix.cve == cve and fix.product == product for fix in self.fixes)

    def state(self, cve: str, build: BuildNumber) -> State | None:
        """Tell whether a build has the fix; None when the product was never open to it.

        Builds compare inside the same CU. A CU without a package of its own is fixed when it is
        not below the first CU that includes the fix, else it must move to a newer CU first.
        """
        product = self.product(build)
        if not product:
            return State.CANNOT_TELL
        rows = [fix for fix in self.fixes if fix.cve == cve and fix.product == product]
        if not rows:
            return None
        # NOTE: the third number of Exchange 2010 counts update rollups, not cumulative updates.
        depth = 2 if product == "2010" else 3
        same = [fix for fix in rows if fix.fixed[:depth] == build[:depth]]
        if same:
            fixed = build >= min(fix.fixed for fix in same)
            return State.FIXED if fixed else State.OPEN
        including = [fix for fix in rows if fix.type in ("CU", "CU-includes")]
        if any(build >= fix.fixed for fix in including):
            return State.FIXED
        return State.FIXED if build > max(fix.fixed for fix in rows) else State.OPEN_NO_PACKAGE


@cache
def build_table() -> BuildTable:
    """Load the tables that this version carries."""
    builds = [
        Build(row["product"], row["cu"], row["su"], _number(row["build"], row), row["release_date"])
        for row in _rows("builds.csv")
    ]
    fixes = [
        Fix(
            row["cve"],
            row["product"],
            row["cu"],
            _number(row["fixed_build"], row),
            row["type"],
            row["available_from"],
        )
        for row in _rows("fixes.csv")
    ]
    return BuildTable(tuple(builds), tuple(fixes))


def _rows(name: str) -> Iterable[dict[str, str]]:
    text = files("extriage").joinpath("content", "knowledge", name).read_text("utf-8")
    return csv.DictReader(io.StringIO(text))


def _number(text: str, row: dict[str, str]) -> BuildNumber:
    found = number(text)
    if found is None:
        raise ContentError(f"knowledge table: {text!r} is no build, in the row {row}")
    return found
