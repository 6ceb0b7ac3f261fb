"""Vulnerabilities of Exchange: what they are, how grave, and since when they are exploited.

Source: `advisories.csv`, drawn from the MSRC update guide and CISA's list of known exploited
vulnerabilities (KEV).
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache

from extriage.knowledge.active import active
from extriage.knowledge.tables import Knowledge, Row, day, rows, unique
from extriage.model.exchange import Advisory

_COLUMNS = (
    "cve", "name", "campaign", "impact", "ms_severity", "cvss", "published", "fix_su",
    "needs_more_than_patch", "config_checks", "override_settings", "kev_added", "kev_due",
    "first_exploited", "note",
)  # fmt: skip
SEVERITIES = ("", "Critical", "Important", "Moderate", "Low", "None")
_NEVER = re.compile(r"(none|unknown)\b", re.IGNORECASE)
_START = re.compile(r"(?:before )?(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?!\d)")


def advisories() -> Mapping[str, Advisory]:
    """Return the vulnerabilities in the tables in force, by CVE or ADV number."""
    return load_advisories(active())


@cache
def load_advisories(knowledge: Knowledge) -> Mapping[str, Advisory]:
    """Read the vulnerabilities of a set of tables; ContentError names the first bad row."""
    found = rows(knowledge, "advisories.csv", _COLUMNS)
    unique(found, "cve")
    return {row["cve"]: _advisory(row) for row in found}


def override_settings(cve: str) -> tuple[str, ...]:
    """Return the parameters that switch the fix off, if a SettingOverride makes one `False`."""
    return load_override_settings(active()).get(cve, ())


@cache
def load_override_settings(knowledge: Knowledge) -> Mapping[str, tuple[str, ...]]:
    """Read which parameters of setting overrides switch off the fix of a vulnerability."""
    return {
        row["cve"]: tuple(row["override_settings"].split(";"))
        for row in rows(knowledge, "advisories.csv", _COLUMNS)
        if row["override_settings"]
    }


def exploited_from(advisory: Advisory) -> date | None:
    """Return the day from which exploitation is known; None if none is.

    A month or year counts from its first day, `before` a day from that day, and when only CISA's
    list says that it is exploited, from the day it came into the list.
    """
    found = _START.match(advisory.first_exploited)
    if not found:
        return advisory.kev_added
    year, month, of_month = found.groups()
    start = day(f"{year}-{month or '01'}-{of_month or '01'}")
    # NOTE: a bare year says less than the day it came into the list, if that is of the same year.
    if month is None and advisory.kev_added and start and advisory.kev_added.year == start.year:
        return advisory.kev_added
    return start


def _advisory(row: Row) -> Advisory:
    cve = row.cve("cve")
    kev_added, kev_due = row.day("kev_added"), row.day("kev_due")
    if kev_due and not kev_added:
        raise row.wrong("kev_due without kev_added")
    advisory = Advisory(
        cve,
        row["name"],
        row["campaign"],
        row["impact"],
        row.one_of("ms_severity", SEVERITIES),
        _score(row),
        row.day("published"),
        row["fix_su"],
        row["needs_more_than_patch"],
        tuple(filter(None, row["config_checks"].split(";"))),
        kev_added,
        row["first_exploited"],
        row["note"],
    )
    if row["override_settings"] and not re.fullmatch(r"\w+(;\w+)*", row["override_settings"]):
        raise row.wrong("override_settings has something else than names separated by `;`")
    said = advisory.first_exploited
    dated = _START.match(said) and exploited_from(advisory)
    if said and not dated and not _NEVER.match(said):
        raise row.wrong(f"first_exploited is {said[:40]!r}, which starts with no date")
    return advisory


def _score(row: Row) -> float | None:
    text = row["cvss"]
    if not text:
        return None
    if not re.fullmatch(r"\d{1,2}(\.\d)?", text) or float(text) > 10:
        raise row.wrong(f"cvss is {text[:40]!r}, not a number from 0 to 10")
    return float(text)
