"""Configuration checks: what decides a vulnerability whatever the build, and what answers it.

Source: `config_checks.csv`, drawn from Microsoft's HealthChecker and from the advisories.
"""

import re
from collections.abc import Mapping
from functools import cache

from extriage.knowledge.active import active
from extriage.knowledge.tables import Knowledge, Row, rows, unique
from extriage.model.exchange import ConfigCheck

_COLUMNS = ("id", "cves", "what", "evidence_offline", "pass_condition", "min_build", "note")


def config_checks() -> Mapping[str, ConfigCheck]:
    """Return the configuration checks in the tables in force, by id."""
    return load_checks(active())


@cache
def load_checks(knowledge: Knowledge) -> Mapping[str, ConfigCheck]:
    """Read the checks of a set of tables; ContentError names the first bad row."""
    found = rows(knowledge, "config_checks.csv", _COLUMNS)
    unique(found, "id")
    return {row["id"]: _check(row) for row in found}


def _check(row: Row) -> ConfigCheck:
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,20}", row["id"]):
        raise row.wrong(f"id is {row['id'][:40]!r}, not a word in capitals")
    return ConfigCheck(
        row["id"],
        row.cves("cves"),
        row.filled("what"),
        row.filled("evidence_offline"),
        row.filled("pass_condition"),
        row["min_build"],
        row["note"],
    )
