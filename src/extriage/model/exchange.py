"""Facts about Exchange: builds and fixes."""

from dataclasses import dataclass
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
