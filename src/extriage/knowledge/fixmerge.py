"""Fixes from public lists: which build of each CU closed a vulnerability first.

A list says that a CU was affected, and on which day or by which build that ended. A fix is taken
when that build is known, and a vulnerability that is new to us only as a whole: half of it would
show the other half as never affected.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from extriage.knowledge.builds import (
    RELEASES,
    ROLLUPS,
    BuildTable,
    family,
    load_builds,
    number,
    spell,
)
from extriage.knowledge.consistency import problem
from extriage.knowledge.draft import Cells, Draft
from extriage.knowledge.feeds import Feed, FixClaim
from extriage.model.exchange import Build, BuildNumber, Fix
from extriage.model.host import State

Claims = Sequence[tuple[FixClaim, Feed]]
Rows = dict[tuple[str, str], Cells]
"""Fixes of one vulnerability by product and CU."""
_NAMELESS = ("Preview", "unnamed")


@dataclass(slots=True)
class _Work:
    """The fixes that the tables have, and those that the lists would add."""

    draft: Draft
    before: BuildTable
    present: dict[str, Rows]
    proposed: dict[str, Rows]


def merge_fixes(draft: Draft, feeds: Sequence[Feed]) -> None:
    """Take over what the lists say of fixes, or say why not."""
    work = _Work(draft, load_builds(draft.base), {}, {})
    for cells in draft.tables["fixes.csv"]:
        work.present.setdefault(cells["cve"], {})[cells["product"], cells["cu"]] = cells
    by_cve: dict[str, list[tuple[FixClaim, Feed]]] = {}
    for feed in feeds:
        for claim in feed.fixes:
            by_cve.setdefault(claim.cve, []).append((claim, feed))
    for cve, claims in sorted(by_cve.items()):
        if reason := draft.rejected.cves.get(cve):
            _refuse(draft, claims, cve, reason)
        elif found := _proposal(work, cve, claims):
            work.proposed[cve] = found
    _accept(work, by_cve)
    known = {cells["cve"]: cells for cells in draft.tables["advisories.csv"]}
    for cve in sorted(by_cve.keys() & known.keys()):
        _fill_score(draft, known[cve], by_cve[cve])


def _refuse(draft: Draft, claims: Claims, cve: str, reason: str) -> None:
    draft.account.refused.append(f"{claims[0][1].source}: {cve}: {reason}")


def _proposal(work: _Work, cve: str, claims: Claims) -> Rows:
    """Return the rows that a vulnerability would add; none if it adds nothing or is refused."""
    found, present = Rows(), work.present.get(cve, {})
    lacking: dict[str, str] = {}
    for claim, feed in claims:
        product, cu = _owner(work.draft, claim)
        ours = present.get((product, cu)) or found.get((product, cu))
        fixed = _fixed_build(work.draft, claim, product)
        if ours is not None:
            _compare(work.draft, ours, fixed, feed)
        elif (reason := _obstacle(work.draft, claim, fixed, cu)) or fixed is None:
            lacking.setdefault(product, reason)
        elif any(known == product for known, _ in present) and _counts(work, cve, fixed):
            title = f"{cve} {product} {cu} counts as fixed"
            work.draft.account.kept.append(f"{title}; {feed.source}: only by {spell(fixed)}")
        else:
            found[product, cu] = _fix(work.draft, cve, fixed, feed)
    covered = {product for product, _ in (*found, *present)}
    missing = [reason for product, reason in sorted(lacking.items()) if product not in covered]
    if missing:
        _refuse(work.draft, claims, cve, missing[0])
        return {}
    new = {product for product, _ in found} - {product for product, _ in present}
    for product in sorted(new):
        found |= _including(work.draft, cve, product, found, claims[0][1])
    return found


def _owner(draft: Draft, claim: FixClaim) -> tuple[str, str]:
    """Return the product and the CU that a claim is of; no CU if none is known."""
    product = family(claim.line)
    builds = draft.lines.get(_start(claim, product), [])
    return product, draft.builds[builds[0]]["cu"] if builds else ""


def _start(claim: FixClaim, product: str) -> tuple[int, ...]:
    return claim.line[: 2 if product in ROLLUPS else 3]


def _fixed_build(draft: Draft, claim: FixClaim, product: str) -> BuildNumber | None:
    """Return the named build that a claim means; None if it is not in the table."""
    builds = draft.lines.get(_start(claim, product), [])
    if isinstance(claim.fixed, date):
        released = claim.fixed.isoformat()
        builds = [build for build in builds if draft.builds[build]["release_date"] == released]
    else:
        builds = [build for build in builds if build == claim.fixed]
    return min((b for b in builds if draft.builds[b]["kind"] not in _NAMELESS), default=None)


def _obstacle(draft: Draft, claim: FixClaim, fixed: BuildNumber | None, cu: str) -> str:
    """Say why a claim cannot become a row; empty if it can."""
    start = ".".join(map(str, claim.line))
    if not cu:
        return f"no CU is known whose builds start with {start}"
    if fixed is None:
        said = f" that came out on {claim.fixed}" if isinstance(claim.fixed, date) else ""
        return f"no build of {start} is known{said} and fixes it"
    return draft.rejected.fixes.get((claim.cve, fixed), "")


def _counts(work: _Work, cve: str, fixed: BuildNumber) -> bool:
    """Tell whether our tables already count all builds of that CU as fixed."""
    return work.before.state(cve, (fixed[0], fixed[1], fixed[2], 0)) is State.FIXED


def _compare(draft: Draft, ours: Cells, fixed: BuildNumber | None, feed: Feed) -> None:
    if fixed is not None and spell(fixed) != ours["fixed_build"]:
        title = f"{ours['cve']} {ours['product']} {ours['cu']} is fixed by {ours['fixed_build']}"
        draft.account.kept.append(f"{title}; {feed.source}: {spell(fixed)}")


def _fix(draft: Draft, cve: str, fixed: BuildNumber, feed: Feed, kind: str = "") -> Cells:
    build = draft.builds[fixed]
    itself = build["kind"] in RELEASES
    return dict.fromkeys(draft.tables["fixes.csv"][0], "") | {
        "cve": cve,
        "product": build["product"],
        "cu": build["cu"],
        "su": "(included in CU)" if kind else "(CU itself)" if itself else build["su"],
        "fixed_build": build["build"],
        "available_from": build["available_from"],
        "kb": build["kb"],
        "type": kind or ("CU" if itself else build["kind"]),
        "source": f"{feed.source} ({feed.licence}, imported)",
    }


def _including(draft: Draft, cve: str, product: str, found: Rows, feed: Feed) -> Rows:
    """Return the row of the first CU that is newer than every CU with a fix of its own."""
    rows = [cells for (owner, _), cells in found.items() if owner == product]
    top = max(_numbers(cells["fixed_build"]) for cells in rows)
    taken = {cells["cu"] for cells in rows}
    later = (
        build
        for build, cells in sorted(draft.builds.items())
        if build > top
        and cells["product"] == product
        and cells["kind"] in RELEASES
        and cells["cu"] not in taken
    )
    first = next(later, None)
    since = min(cells["available_from"] for cells in rows)
    if first is None or draft.builds[first]["release_date"] < since:
        return {}
    return {(product, draft.builds[first]["cu"]): _fix(draft, cve, first, feed, "CU-includes")}


def _numbers(text: str) -> BuildNumber:
    build = number(text)
    assert build is not None
    return build


def _accept(work: _Work, by_cve: Mapping[str, Claims]) -> None:
    """Add the rows of every vulnerability whose rows would mislead nobody."""
    draft = work.draft
    table = _table(work)
    known = {cells["cve"] for cells in draft.tables["advisories.csv"]}
    for cve, found in sorted(work.proposed.items()):
        products = sorted({product for product, _ in found})
        if reason := next(filter(None, (problem(table, cve, one) for one in products)), ""):
            _refuse(draft, by_cve[cve], cve, reason)
            continue
        draft.tables["fixes.csv"].extend(found.values())
        for (product, cu), cells in found.items():
            draft.account.added.append(f"fix {cve} {product} {cu}: {cells['fixed_build']}")
        if cve not in known:
            draft.tables["advisories.csv"].append(_advisory(draft, cve, found, by_cve[cve]))
            draft.account.added.append(f"advisory {cve}")


def _table(work: _Work) -> BuildTable:
    builds = (
        Build(c["product"], c["cu"], c["su"], n, c["release_date"], c["available_from"], c["kind"])
        for n, c in work.draft.builds.items()
    )
    return BuildTable(tuple(builds), tuple(_fixes(work)))


def _fixes(work: _Work) -> Iterator[Fix]:
    for fixes in (work.present, work.proposed):
        for cve, rows in fixes.items():
            if cve in work.proposed:
                for c in rows.values():
                    build = _numbers(c["fixed_build"])
                    yield Fix(cve, c["product"], c["cu"], build, c["type"], c["available_from"])


def _advisory(draft: Draft, cve: str, found: Rows, claims: Claims) -> Cells:
    own = [cells for cells in found.values() if cells["type"] != "CU-includes"]
    updates = dict.fromkeys(cells["su"] for cells in own if not cells["su"].startswith("("))
    days = [claim.fixed.isoformat() for claim, _ in claims if isinstance(claim.fixed, date)]
    feed = claims[0][1]
    return dict.fromkeys(draft.tables["advisories.csv"][0], "") | {
        "cve": cve,
        "impact": next((claim.impact for claim, _ in claims if claim.impact), ""),
        "published": min(days, default=""),
        "fix_su": " / ".join(updates),
        "kb": " ".join(dict.fromkeys(cells["kb"] for cells in own if cells["kb"])),
        "note": f"imported from {feed.source} ({feed.licence})",
    }


def _fill_score(draft: Draft, advisory: Cells, claims: Claims) -> None:
    score = next(((claim.cvss, feed) for claim, feed in claims if claim.cvss), None)
    if score and not advisory["cvss"]:
        advisory["cvss"], advisory["cvss_source"] = score[0], f"{score[1].source} (imported)"
        draft.account.changed.append(f"{advisory['cve']} cvss: nothing -> {score[0]}")
