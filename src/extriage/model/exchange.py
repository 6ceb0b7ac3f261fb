"""Facts about Exchange: builds, fixes, advisories, support dates, configuration checks."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

BuildNumber: TypeAlias = tuple[int, int, int, int]
"""Four integers; `15.01.2507.044` and `15.1.2507.44` are the same build."""


@dataclass(frozen=True, slots=True)
class Build:
    """One released build."""

    product: str
    cu: str
    su: str
    number: BuildNumber
    released: str
    """ISO date of the vendor's list; empty if unknown."""
    available_from: str = ""
    """ISO date from which the package could really be had."""
    kind: str = ""
    """`RTM`, `SP`, `CU`, `RU`, `SU`, `HU` …"""
    kb: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """The first build that fixes a vulnerability, for one cumulative update."""

    cve: str
    product: str
    cu: str
    fixed: BuildNumber
    type: str
    """`SU`, `HU`, `RU`, `CU` carry the fix; `CU-includes` is the first later CU that has it."""
    available_from: str
    kb: str = ""
    su: str = ""


@dataclass(frozen=True, slots=True)
class Advisory:
    """One vulnerability of Exchange, as MSRC and CISA list it."""

    cve: str
    name: str
    campaign: str
    impact: str
    severity: str
    cvss: float | None
    published: date | None
    fix_su: str
    needs_more_than_patch: str
    checks: tuple[str, ...]
    """Ids of the configuration checks that decide it whatever the build."""
    kev_added: date | None
    first_exploited: str
    """As the source words it: a day, a month, `before 2024-02-14`, `none seen`; or empty."""
    note: str


@dataclass(frozen=True, slots=True)
class Milestone:
    """One date of a product's life."""

    product: str
    milestone: str
    start: date | None
    end: date | None
    """The same as `start` unless the row names a period."""
    note: str


@dataclass(frozen=True, slots=True)
class ConfigCheck:
    """Something that decides a vulnerability whatever the build, and what answers it offline."""

    id: str
    cves: tuple[str, ...]
    title: str
    evidence: str
    passes: str
    min_build: str
    note: str
