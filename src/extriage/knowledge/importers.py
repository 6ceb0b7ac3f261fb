"""Merging newer copies of public lists into the tables, offline, with an account of every change.

Our tables are curated: a list adds what they lack, and only the vendor's own list corrects what was
computed or came second hand. Nothing is ever taken away. A claim that does not fit, or is known to
be wrong (`do_not_import.csv`), is refused by name and the rest goes on. The same lists twice change
nothing the second time.
"""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from extriage.errors import ContentError, UsageError
from extriage.knowledge.consistency import check
from extriage.knowledge.draft import Account, Draft, finished, merge_build, open_draft
from extriage.knowledge.feeds import FEED_LIMIT, ExploitedClaim, Feed, read_feed
from extriage.knowledge.fixmerge import merge_fixes
from extriage.knowledge.tables import FORMAT, MANIFEST, TABLES, Knowledge


def read_feeds(files: Iterable[Path]) -> list[Feed]:
    """Read public lists; ContentError names the first file that is none, or cannot be read."""
    found = []
    for file in files:
        try:
            with file.open("rb") as opened:
                found.append(read_feed(opened.read(FEED_LIMIT + 1)))
        except OSError as error:
            raise ContentError(f"{file}: cannot be read ({error.strerror})") from error
        except ContentError as error:
            raise ContentError(f"{file}: {error}") from error
    return found


def merge(
    base: Knowledge, feeds: Iterable[Feed], as_of: date | None = None
) -> tuple[Knowledge, Account]:
    """Return the tables with these lists merged in, checked whole, and the account of it.

    The as-of date is the one that is given, else the newest day that the tables or a list tell.
    Raises ContentError if the outcome would not be consistent.
    """
    ordered = sorted(feeds, key=lambda feed: (not feed.authority, feed.source, feed.used_for))
    draft = open_draft(base)
    for feed in ordered:
        draft.account.refused += [f"{feed.source}: {text}" for text in feed.refused]
        for claim in feed.builds:
            merge_build(draft, claim, feed)
    merge_fixes(draft, ordered)
    for feed in ordered:
        _merge_exploited(draft, feed)
        _merge_source(draft, feed)
    days = [base.as_of, *(feed.as_of for feed in ordered if feed.as_of)]
    merged = finished(draft, as_of or max(days))
    check(merged)
    return merged, draft.account


def write_folder(knowledge: Knowledge, folder: Path) -> None:
    """Write a set of tables as a folder; UsageError if it cannot be written."""
    manifest = {"format": FORMAT, "as_of": knowledge.as_of.isoformat()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            (folder / name).write_bytes(knowledge.tables[name])
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error


def _merge_exploited(draft: Draft, feed: Feed) -> None:
    """Take over which vulnerabilities CISA lists as exploited, and since when."""
    known = {cells["cve"]: cells for cells in draft.tables["advisories.csv"]}
    for claim in feed.exploited:
        cells = known.get(claim.cve)
        if cells is None and claim.exchange:
            reason = draft.rejected.cves.get(
                claim.cve, "not in advisories.csv; import a list that says what fixes it"
            )
            draft.account.refused.append(f"{feed.source}: {claim.cve}: {reason}")
        elif cells is not None:
            _list(draft, cells, claim)


def _list(draft: Draft, cells: dict[str, str], claim: ExploitedClaim) -> None:
    said = {"kev_added": claim.added, "kev_due": claim.due, "kev_ransomware": claim.ransomware}
    for column, value in said.items():
        ours = cells.get(column)
        later = column == "kev_added" and ours and value > ours
        if later:
            draft.account.kept.append(f"{claim.cve} {column}: {ours}, not the later {value}")
        elif value and ours is not None and value != ours:
            cells[column] = value
            draft.account.changed.append(f"{claim.cve} {column}: {ours or 'nothing'} -> {value}")


def _merge_source(draft: Draft, feed: Feed) -> None:
    said = {
        "source": feed.source,
        "commit_date": feed.as_of.isoformat() if feed.as_of else "",
        "licence": feed.licence,
        "used_for": feed.used_for,
    }
    for cells in draft.tables["sources.csv"]:
        if (cells["source"], cells["used_for"]) == (feed.source, feed.used_for):
            cells["commit_date"] = max(cells["commit_date"], said["commit_date"])
            return
    draft.tables["sources.csv"].append(dict.fromkeys(draft.tables["sources.csv"][0], "") | said)
