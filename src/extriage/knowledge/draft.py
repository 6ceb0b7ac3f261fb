"""Tables in the making: what an import changes before it is checked and written.

A build from a list is taken when it fits: the product's numbers, one line of builds for each CU,
and no later release with a lower number.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from extriage.knowledge.builds import FAMILIES, build_number, family, line, spell
from extriage.knowledge.feeds import BuildClaim, Feed
from extriage.knowledge.rejected import Rejected, load_rejected
from extriage.knowledge.tables import Knowledge, rows
from extriage.model.exchange import BuildNumber

Cells = dict[str, str]
MERGED = ("advisories.csv", "builds.csv", "fixes.csv", "sources.csv")
"""The tables that an import can change."""


@dataclass(slots=True)
class Account:
    """What an import did, one line each."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Where a list says otherwise and our row stayed."""
    refused: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """The tables while lists are merged into them."""

    base: Knowledge
    tables: Mapping[str, list[Cells]]
    rejected: Rejected
    account: Account = field(default_factory=Account)
    builds: dict[BuildNumber, Cells] = field(default_factory=dict)
    lines: dict[tuple[int, ...], list[BuildNumber]] = field(default_factory=dict)
    """The builds of each CU, by the numbers that they share."""
    starts: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    """The numbers that the builds of a product's CU share."""

    def add_build(self, build: BuildNumber, cells: Cells) -> None:
        """Take a build into the table and its indexes."""
        self.builds[build] = cells
        if cells["kind"] != "Preview":
            start = line(cells["product"], build)
            self.lines.setdefault(start, []).append(build)
            self.starts.setdefault((cells["product"], cells["cu"]), start)


def open_draft(base: Knowledge) -> Draft:
    """Return a draft that says what the tables say."""
    tables = {name: [dict(row.cells) for row in rows(base, name, ())] for name in MERGED}
    draft = Draft(base, tables, load_rejected(base))
    for row in rows(base, "builds.csv", ("build", "product", "cu", "kind")):
        number = build_number(row, "build")
        draft.add_build(number, tables["builds.csv"][len(draft.builds)])
    return draft


def finished(draft: Draft, as_of: date) -> Knowledge:
    """Return the tables of a draft, in their order."""
    draft.tables["builds.csv"][:] = [
        draft.builds[build] for build in sorted(draft.builds, key=_order)
    ]
    products = tuple(FAMILIES)
    draft.tables["fixes.csv"].sort(
        key=lambda cells: (
            cells["cve"],
            products.index(cells["product"]),
            tuple(map(int, cells["fixed_build"].split("."))),
        )
    )
    draft.tables["advisories.csv"].sort(key=lambda cells: cells["cve"])
    written = {name: _written(found) for name, found in draft.tables.items()}
    return replace(draft.base, as_of=as_of, tables={**draft.base.tables, **written})


def merge_build(draft: Draft, claim: BuildClaim, feed: Feed) -> None:
    """Take over what a list says of one build, or say why not."""
    title = " ".join(filter(None, (spell(claim.number), claim.product, claim.cu, claim.su)))
    if reason := draft.rejected.builds.get(claim.number):
        draft.account.refused.append(f"{feed.source}: {title}: {reason}")
    elif known := draft.builds.get(claim.number):
        _correct(draft, known, claim, feed)
    elif reason := _misfit(draft, claim):
        draft.account.refused.append(f"{feed.source}: {title}: {reason}")
    else:
        draft.add_build(claim.number, _new_build(draft, claim, feed))
        draft.account.added.append(f"build {title}, {claim.released or 'day unknown'}")


def _order(build: BuildNumber) -> tuple[int, BuildNumber]:
    return tuple(FAMILIES).index(family(build)), build


def _written(found: list[Cells]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue().encode()


def _misfit(draft: Draft, claim: BuildClaim) -> str:
    """Say why a build cannot be of that CU or that day; empty if it fits."""
    start = line(claim.product, claim.number)
    mine = draft.starts.get((claim.product, claim.cu), start)
    if not claim.released:
        return "the list does not say the day of its release"
    if claim.kind == "Preview":
        return ""
    if mine != start:
        return f"builds of {claim.product} {claim.cu} start with {'.'.join(map(str, mine))}"
    for number in draft.lines.get(start, ()):
        cells = draft.builds[number]
        if cells["cu"] != claim.cu:
            return f"builds that start with {'.'.join(map(str, start))} are of {cells['cu']}"
        released = cells["release_date"]
        below, above = number < claim.number, number > claim.number
        if released and (
            (below and released > claim.released) or (above and released < claim.released)
        ):
            return f"{claim.released} does not fit {spell(number)} of {released}"
    return ""


def _new_build(draft: Draft, claim: BuildClaim, feed: Feed) -> Cells:
    cells = dict.fromkeys(draft.tables["builds.csv"][0], "")
    return cells | {
        "product": claim.product,
        "cu": claim.cu,
        "su": claim.su,
        "kind": claim.kind,
        "build": spell(claim.number),
        "release_date": claim.released,
        "available_from": claim.released,
        "kb": claim.kb,
        "confidence": "source" if feed.authority else "secondary source",
        "source": f"{feed.source} ({feed.licence}, imported)",
        "blog": claim.blog,
    }


def _correct(draft: Draft, known: Cells, claim: BuildClaim, feed: Feed) -> None:
    """Fill what a known build lacks; the vendor's list also corrects what is not from it."""
    title = spell(claim.number)
    if known["product"] != claim.product or known["cu"] != claim.cu:
        ours = f"{known['product']} {known['cu']}"
        draft.account.kept.append(f"{title} is {ours}; {feed.source}: {claim.product} {claim.cu}")
        return
    weak = feed.authority and known["confidence"] != "source"
    changes = 0
    for column, ours, value in _differences(known, claim):
        if ours and not (weak and column != "su"):
            draft.account.kept.append(f"{title} {column} is {ours}; {feed.source}: {value}")
        elif column == "release_date" and (reason := _misfit(draft, claim)):
            draft.account.refused.append(f"{feed.source}: {title}: {reason}")
        else:
            _change(draft, known, column, value)
            draft.account.changed.append(f"{title} {column}: {ours or 'nothing'} -> {value}")
            changes += 1
    if changes and known["kind"] == "unnamed" and known["su"] != "?":
        known["kind"] = claim.kind
    if changes and weak:
        known["confidence"], known["source"] = "source", f"{feed.source} ({feed.licence}, imported)"


def _differences(known: Cells, claim: BuildClaim) -> list[tuple[str, str, str]]:
    """Return column, our value and the list's value wherever the list says something else."""
    said = {"su": claim.su, "release_date": claim.released, "kb": claim.kb, "blog": claim.blog}
    found = []
    for column, value in said.items():
        # NOTE: `?` is an update whose name is not known; no name at all is the CU itself.
        ours = "" if known.get(column) == "?" else known.get(column, value)
        named = column == "su" and known["su"] == ""
        if value and value != ours and not named and not (column == "blog" and ours):
            found.append((column, ours, value))
    return found


def _change(draft: Draft, known: Cells, column: str, value: str) -> None:
    """Change a cell of a build, and what the rows of its fixes repeat from it."""
    before, known[column] = known[column], value
    repeated = {"kb": before} if column == "kb" else {}
    if column == "release_date" and known["available_from"] in ("", before):
        known["available_from"], repeated = value, {"available_from": before}
    for cells in draft.tables["fixes.csv"] if repeated else ():
        for name, old in repeated.items():
            if cells["fixed_build"] == known["build"] and cells[name] in ("", old):
                cells[name] = value
