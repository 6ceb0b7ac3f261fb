"""Public claims about Exchange that are wrong: refused whenever a list is imported.

Source: `do_not_import.csv`; each row says what is claimed, where, and why it is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from extriage.knowledge.builds import number, spell
from extriage.knowledge.tables import Knowledge, Row, rows
from extriage.model.exchange import BuildNumber


@dataclass(frozen=True, slots=True)
class Rejected:
    """What must not be imported, each with the reason."""

    cves: Mapping[str, str]
    """Vulnerabilities that are not of Exchange, or do not exist."""
    builds: Mapping[BuildNumber, str]
    """Builds that were never released as claimed."""
    fixes: Mapping[tuple[str, BuildNumber], str]
    """Builds that do not fix what is claimed."""


@cache
def load_rejected(knowledge: Knowledge) -> Rejected:
    """Read the wrong claims of a set of tables; ContentError names the first bad row."""
    cves: dict[str, str] = {}
    builds: dict[BuildNumber, str] = {}
    fixes: dict[tuple[str, BuildNumber], str] = {}
    columns = ("claim", "why_wrong", "what_to_do", "cves", "builds")
    for row in rows(knowledge, "do_not_import.csv", columns):
        reason, named, numbers = row.filled("why_wrong"), row.cves("cves"), _builds(row)
        if named and numbers:
            fixes |= {(cve, build): reason for cve in named for build in numbers}
        elif named:
            cves |= dict.fromkeys(named, reason)
        else:
            builds |= dict.fromkeys(numbers, reason)
    return Rejected(cves, builds, fixes)


def _builds(row: Row) -> tuple[BuildNumber, ...]:
    found: list[BuildNumber] = []
    for text in filter(None, row["builds"].split(";")):
        build = number(text)
        if build is None or spell(build) != text:
            raise row.wrong(f"builds has {text[:40]!r}, not a build like 15.1.2507.44")
        found.append(build)
    return tuple(found)
