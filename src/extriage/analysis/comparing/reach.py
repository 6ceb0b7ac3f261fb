"""What the later evidence covers, beside the earlier: a shorter collection is no improvement."""

from collections.abc import Iterator

from extriage.analysis.comparing.side import Pair, View
from extriage.analysis.coverage import uncovered
from extriage.analysis.presence import told
from extriage.knowledge.evidence import describe
from extriage.model.comparison import CoverageChange, Reach
from extriage.model.host import Coverage

_WITH_PARTS = ("httpproxy", "iis")
"""Kinds whose protocols and sites are told with them."""
_FILES = ("web-file", "compiled-page", "compiled-assembly")

Told = tuple[str, bool]
"""How it differs, and whether that hides something."""


def coverage_changes(pair: Pair) -> tuple[CoverageChange, ...]:
    """Return every kind of evidence of either case, what is worse now first."""
    old = {row.kind: row for row in pair.before.host.coverage if row.files}
    new = {row.kind: row for row in pair.after.host.coverage if row.files}
    kinds = [kind for kind in sorted({*old, *new}) if not _is_part(kind)]
    found = [change for kind in kinds for change in _change(pair, old.get(kind), new.get(kind))]
    return tuple(sorted(found, key=lambda one: (not one.worse, one.kind)))


def _is_part(kind: str) -> bool:
    base, part, _ = kind.partition(":")
    return bool(part) and base in _WITH_PARTS


def _change(pair: Pair, old: Coverage | None, new: Coverage | None) -> Iterator[CoverageChange]:
    row = new or old
    if row is None:
        return
    if row.kind in _FILES:
        text, worse = _files(pair, row.kind)
    elif new is None:
        text, worse = "not in the new evidence", True
    elif new.unreadable and not (old and old.unreadable):
        text, worse = "damaged in the new evidence", True
    elif new.last is None:
        text, worse = f"{new.files:,} files, {old.files if old else 0:,} before", False
    else:
        text, worse = _log(pair, old, new)
    yield CoverageChange(row.kind, describe(row.kind), _reach(old), _reach(new), worse, text)


def _reach(row: Coverage | None) -> Reach | None:
    if row is None:
        return None
    return Reach(row.files, row.records, row.unreadable, row.first, row.last)


def _log(pair: Pair, old: Coverage | None, new: Coverage) -> Told:
    """Compare a log: does it show the time that the later evidence adds?"""
    window = pair.window
    if window is None or new.last is None:
        worse = bool(old and old.last and new.last and new.last < old.last)
        return ("ends earlier" if worse else "as before"), worse
    if holes := uncovered(new, window):
        if new.last <= window["from"]:
            return f"ends at {told(new.last)}: shows nothing of the time since", True
        hole = f"{told(holes[0]['from'])} to {told(holes[0]['to'])}"
        return f"has a hole in the time since: {hole}", True
    if old is None:
        return "only in the new evidence", False
    return "goes on without a hole", False


def _files(pair: Pair, kind: str) -> Told:
    """Compare kinds that are files: those of the ways back are missed by nobody."""
    old, new = _of(pair.before, kind), _of(pair.after, kind)
    ours = old - pair.before.foreign
    lost = len(ours - new)
    if 2 * lost > len(ours):
        return f"{lost:,} of {len(ours):,} files are not in the new evidence", True
    if old and not new:
        return "gone with the ways back", False
    return f"{len(new):,} files, {len(old):,} before", False


def _of(side: View, kind: str) -> set[str]:
    """Return where the files of one kind lay."""
    return {key for key, entry in side.places.files.items() if entry.kind == kind}
