"""Packages of Exchange as an administrator meets them: what there is for a server, on a day.

A cumulative update (CU; a service pack before Exchange 2013) is a whole installation; security
updates are made on top of the newest one or two of them and of no others.
"""

from datetime import date

from extriage.knowledge.builds import RELEASES, build_table, line
from extriage.knowledge.checks import config_checks
from extriage.model.exchange import Build, BuildNumber

MARCH_2021 = "MARCHSPECIAL"
"""Configuration check that names what the March 2021 packages for old CUs close."""
_UPDATES = ("SU", "HU", "RU")


def available(package: Build) -> date | None:
    """Return the first day on which a package could be had; None if that is not known."""
    text = package.available_from or package.released
    return date.fromisoformat(text) if text else None


def packages(product: str, day: date) -> list[Build]:
    """Return what had been published for a product by a day, lowest build first."""
    found = [
        build
        for build in build_table().builds
        if build.product == product
        and build.kind in (*RELEASES, *_UPDATES)
        and (first := available(build)) is not None
        and first <= day
    ]
    return sorted(found, key=lambda build: build.number)


def served(product: str, day: date) -> tuple[str, ...]:
    """Return the cumulative updates that get security updates on a day, oldest first.

    They are those that the newest security updates were made for, and any published since. The
    packages of March 2021 for old CUs brought no CU back into support.
    """
    known = packages(product, day)
    dates = [available(one) for one in known if one.kind in _UPDATES and not limited(one)]
    newest = max((one for one in dates if one), default=date.min)
    found = [
        one
        for one in known
        if not limited(one)
        and (when := available(one))
        and (when == newest or (when > newest and one.kind in RELEASES))
    ]
    if not dates:
        found = found[-1:]
    return tuple(dict.fromkeys(one.cu for one in found))


def release(product: str, cu: str) -> Build | None:
    """Return the cumulative update itself, without any security update."""
    same = (one for one in build_table().builds if (one.product, one.cu) == (product, cu))
    return next((one for one in same if one.kind in RELEASES), None)


def newest(product: str, cu: str, day: date, until: date | None = None) -> Build | None:
    """Return the newest package on a cumulative update, or the newest published `until` a day."""
    last = min(day, until) if until else day
    found = [one for one in packages(product, last) if one.cu == cu and not limited(one)]
    return found[-1] if found else None


def limited(package: Build) -> bool:
    """Tell whether a package is one of March 2021 for an old CU, which closes four holes only.

    Source: the Exchange team's notes on these packages, and the check of that name in Microsoft's
    HealthChecker.
    """
    special = config_checks().get(MARCH_2021)
    if special is None or package.su != "Mar21SU":
        return False
    return closed_by(package) <= set(special.cves)


def closed_by(package: Build) -> set[str]:
    """Return the vulnerabilities that a package was the first to close for its CU."""
    fixes = build_table().fixes
    return {fix.cve for fix in fixes if fix.fixed == package.number and fix.type != "CU-includes"}


def cu_of(build: BuildNumber) -> Build | None:
    """Return the cumulative update that a build belongs to; None if the tables have none."""
    known = build_table().name(build)
    if known is None:
        same = [one for one in build_table().builds if one.number[:2] == build[:2]]
        rollups = [one for one in same if line(one.product, build) == build[:2]]
        known = rollups[0] if rollups else None
    return release(known.product, known.cu) if known else None


def top(build: BuildNumber, day: date) -> Build | None:
    """Return the newest package on the CU of a build, the limited ones of March 2021 too."""
    known = cu_of(build)
    if known is None:
        return None
    same = [one for one in packages(known.product, day) if one.cu == known.cu]
    return same[-1] if same else known
