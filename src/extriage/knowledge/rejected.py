"""Public claims about Exchange that are wrong: refused whenever a list is imported.

Source: `do_not_import.csv`; each row says what is claimed, where, and why it is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from extriage.knowledge.builds import number, spell
from extriage.knowledge.tables import Knowledge, Row, rows
from extriage.model.exchange import BuildNumber
from extriage.model.indicator import Indicator


@dataclass(frozen=True, slots=True)
class Rejected:
    """What must not be imported, each with the reason."""

    cves: Mapping[str, str]
    """Vulnerabilities that are not of Exchange, or do not exist."""
    builds: Mapping[BuildNumber, str]
    """Builds that were never released as claimed."""
    fixes: Mapping[tuple[str, BuildNumber], str]
    """Builds that do not fix what is claimed."""
    indicators: Mapping[str, str] = field(default_factory=dict)
    """Values, in lower case, that everybody meets and that mean nothing."""
    attributions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Values with the cluster, in lower case, that they are wrongly said to be of."""

    def of_indicator(self, one: Indicator) -> str:
        """Say why an indicator must not be used, or not with its cluster; empty if it may."""
        return self.indicators.get(one.value.lower(), "") or self.of_cluster(one)

    def of_cluster(self, one: Indicator) -> str:
        """Say why an indicator is not of the cluster that it names; empty if it may be."""
        value = one.value.lower()
        for known, (cluster, reason) in self.attributions.items():
            if cluster in one.cluster.lower() and (value == known or value.endswith(f".{known}")):
                return reason
        return ""


@cache
def load_rejected(knowledge: Knowledge) -> Rejected:
    """Read the wrong claims of a set of tables; ContentError names the first bad row."""
    cves: dict[str, str] = {}
    builds: dict[BuildNumber, str] = {}
    fixes: dict[tuple[str, BuildNumber], str] = {}
    indicators: dict[str, str] = {}
    attributions: dict[str, tuple[str, str]] = {}
    columns = ("claim", "why_wrong", "what_to_do", "cves", "builds", "indicators")
    for row in rows(knowledge, "do_not_import.csv", columns):
        reason, named, numbers = row.filled("why_wrong"), row.cves("cves"), _builds(row)
        if named and numbers:
            fixes |= {(cve, build): reason for cve in named for build in numbers}
        elif named:
            cves |= dict.fromkeys(named, reason)
        else:
            builds |= dict.fromkeys(numbers, reason)
        for text in filter(None, row["indicators"].lower().split(";")):
            value, wrong, cluster = text.partition("=")
            if wrong:
                attributions[value] = (cluster, reason)
            else:
                indicators[value] = reason
    return Rejected(cves, builds, fixes, indicators, attributions)


def _builds(row: Row) -> tuple[BuildNumber, ...]:
    found: list[BuildNumber] = []
    for text in filter(None, row["builds"].split(";")):
        build = number(text)
        if build is None or spell(build) != text:
            raise row.wrong(f"builds has {text[:40]!r}, not a build like 15.1.2507.44")
        found.append(build)
    return tuple(found)
