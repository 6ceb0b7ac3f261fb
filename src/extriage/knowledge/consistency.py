"""Do the tables of one set fit each other, and does a newer set know all that the older one knew?

Each loader checks its own rows. Here is what takes two tables to see, and what a wrong row would do
silently: make a build look fixed that is not, or a fixed build look open again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from extriage.errors import ContentError
from extriage.knowledge.advisories import load_advisories
from extriage.knowledge.builds import RELEASES, BuildTable, load_builds, spell
from extriage.knowledge.campaigns import campaigns
from extriage.knowledge.checks import load_checks
from extriage.knowledge.clusters import load_clusters
from extriage.knowledge.indicators import load_indicators
from extriage.knowledge.lifecycle import load_milestones
from extriage.knowledge.rejected import load_rejected
from extriage.knowledge.tables import Knowledge, Row, rows, unique
from extriage.knowledge.timeline import load_markers
from extriage.model.exchange import Build, Fix
from extriage.model.host import State

_UPDATES = re.compile(r"[A-Z][a-z]{2}\d\dSU(v\d)?( / (RU\d+|[A-Z][a-z]{2}\d\d[SH]U(v\d)?))*|RU\d+")
"""A name of updates of Exchange, and nothing else."""


def check(knowledge: Knowledge) -> None:
    """Check every row of every table; ContentError names the first bad one."""
    table = load_builds(knowledge)
    _check_fixes(knowledge, table)
    _check_advisories(knowledge, table)
    _check_markers(knowledge)
    _check_products(knowledge, table)
    load_rejected(knowledge)
    load_clusters(knowledge)
    load_indicators(knowledge)
    sources = rows(knowledge, "sources.csv", ("source", "licence", "used_for"))
    unique(sources, "source", "used_for")
    for row in sources:
        row.filled("source")
        row.filled("licence")


def problem(table: BuildTable, cve: str, product: str) -> str:
    """Say how the fixes of one vulnerability would mislead for one product; empty if they do not.

    A CU that came out before the fix and has no row of its own would count as fixed when a lower
    one has a row. And once a CU is closed, what came out later must be closed too.
    """
    fixes = table.fixes_of(cve, product)
    own = [fix for fix in fixes if fix.type != "CU-includes"] or fixes
    since = min((fix.available_from for fix in own if fix.available_from), default="")
    first, itself = min(fix.fixed for fix in fixes), {fix.fixed for fix in own}
    for start, newest in _lines(table, product):
        if newest.number < first:
            continue
        fixed = table.state(cve, start.number) is State.FIXED
        if fixed and start.released < since and start.number not in itself:
            return (
                f"{product} {start.cu} came out on {start.released}, before any fix of {cve}, but "
                "would count as fixed: it needs the row of its own fix"
            )
        if newest.released >= since and table.state(cve, newest.number) is not State.FIXED:
            return (
                f"{product} {newest.cu} {newest.su}".strip() + f" ({spell(newest.number)}) came "
                f"out on {newest.released} and would be open to {cve}, which was fixed on {since}"
            )
    return ""


def losses(old: BuildTable, new: BuildTable) -> list[str]:
    """Return what a newer set no longer knows: builds, and fixes of each CU's newest build."""
    kept = {build.number for build in new.builds}
    found = [
        f"{build.product} {build.cu} {build.su}".strip() + f" ({spell(build.number)}) is gone"
        for build in old.builds
        if build.number not in kept
    ]
    for product in sorted({build.product for build in old.builds}):
        cves = sorted({fix.cve for fix in old.fixes if fix.product == product})
        for _, newest in _lines(old, product):
            found += _lost_fixes(old, new, newest, cves)
    return found


def _lost_fixes(
    old: BuildTable, new: BuildTable, build: Build, cves: Sequence[str]
) -> Iterator[str]:
    for cve in cves:
        was, now = old.state(cve, build.number), new.state(cve, build.number)
        if was is State.FIXED and now is not State.FIXED:
            yield f"{spell(build.number)} was fixed for {cve} and would no longer be"


def _lines(table: BuildTable, product: str) -> Iterator[tuple[Build, Build]]:
    """Yield the first and the newest build of each cumulative update, in order."""
    found: dict[str, tuple[Build, Build]] = {}
    for build in sorted(table.builds, key=lambda build: build.number):
        if build.product != product or not build.released:
            continue
        if build.kind in RELEASES:
            found.setdefault(build.cu, (build, build))
        if build.cu in found:
            found[build.cu] = (found[build.cu][0], build)
    yield from found.values()


def _check_fixes(knowledge: Knowledge, table: BuildTable) -> None:
    known = load_advisories(knowledge)
    last: dict[tuple[str, str], Row] = {}
    for row in rows(knowledge, "fixes.csv", ("cve", "product")):
        if row["cve"] not in known:
            raise row.wrong(f"{row['cve']} is not in advisories.csv")
        last[row["cve"], row["product"]] = row
    for (cve, product), row in last.items():
        if text := problem(table, cve, product):
            raise row.wrong(text)


def _check_advisories(knowledge: Knowledge, table: BuildTable) -> None:
    checks = load_checks(knowledge)
    fixed = {fix.cve for fix in table.fixes}
    found = load_advisories(knowledge)
    for row in rows(knowledge, "advisories.csv", ("cve", "fix_su")):
        advisory = found[row["cve"]]
        if advisory.cve not in fixed and _UPDATES.fullmatch(advisory.fix_su):
            raise row.wrong(f"{advisory.cve} is fixed by {advisory.fix_su}, but not in fixes.csv")
        for name in advisory.checks:
            if name not in checks:
                raise row.wrong(f"check {name} is not in config_checks.csv")
            if advisory.cve not in checks[name].cves:
                raise row.wrong(f"check {name} does not name {advisory.cve}")
    _check_campaigns(table.fixes, found)


def _check_campaigns(fixes: Sequence[Fix], known: Mapping[str, object]) -> None:
    fixed = {(fix.cve, fix.product) for fix in fixes}
    for campaign in campaigns():
        for cve in campaign.cves:
            if cve.id not in known:
                raise ContentError(f"advisories.csv: {cve.id} of {campaign.title} is missing")
            for product in cve.products:
                if (cve.id, product) not in fixed:
                    raise ContentError(f"fixes.csv: no fix of {cve.id} for {product}")


def _check_markers(knowledge: Knowledge) -> None:
    known = load_advisories(knowledge)
    load_markers(knowledge)
    for row in rows(knowledge, "timeline.csv", ("cves",)):
        for cve in row.cves("cves"):
            if cve not in known:
                raise row.wrong(f"{cve} is not in advisories.csv")


def _check_products(knowledge: Knowledge, table: BuildTable) -> None:
    dated = {milestone.product for milestone in load_milestones(knowledge)}
    for product in sorted({build.product for build in table.builds}):
        if product not in dated:
            raise ContentError(f"lifecycle.csv: no support date of Exchange {product}")
