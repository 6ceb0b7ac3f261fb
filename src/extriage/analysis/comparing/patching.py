"""Builds and holes before and after: what was closed, what is open, what nobody can tell."""

from collections.abc import Iterator

from extriage.analysis.comparing.side import Pair
from extriage.model.comparison import CheckChange, HoleChange, PatchChange
from extriage.model.host import Absence, AdvisoryState, Host, Patch, State
from extriage.model.state import Answer

OPEN = (State.OPEN, State.OPEN_NO_PACKAGE, State.UNSUPPORTED)


def patch_change(pair: Pair) -> PatchChange:
    """Return what became of build, vulnerabilities and settings."""
    before, after = pair.before.host.patch, pair.after.host.patch
    old = {row.cve: row.state for row in before.advisories}
    new = {row.cve: row.state for row in after.advisories}
    was = {cve for cve, state in old.items() if state in OPEN}
    now = {cve for cve, state in new.items() if state in OPEN}
    closed = sum(new.get(cve) is State.FIXED for cve in was)
    return PatchChange(
        *(before.build, after.build, _text(before, after)),
        closed=closed,
        still_open=len(was & now),
        newly_open=len(now - was),
        holes=tuple(_holes(pair)),
        checks=tuple(_checks(before, after)),
    )


def used_here(host: Host) -> frozenset[str]:
    """Return the vulnerabilities that findings saw answer on a server."""
    return frozenset(
        one.cve
        for campaign in host.campaigns
        for one in campaign.coverage
        if one.answer is Absence.SEEN and one.stage is not None and one.stage.rank > 1
    )


def _text(before: Patch, after: Patch) -> str:
    if not after.build:
        return "The new evidence names no build: nobody can tell what is installed."
    if not before.build:
        return f"Build {after.build}; the earlier evidence names none."
    if before.build == after.build:
        return f"Build {after.build}, as before."
    return f"Build {before.build} became {after.build}{_of(after)}."


def _of(patch: Patch) -> str:
    words = " ".join(word for word in (patch.cu, patch.su) if word)
    return f" (Exchange {patch.product} {words})" if patch.product and words else ""


def _holes(pair: Pair) -> Iterator[HoleChange]:
    """Yield the vulnerabilities that matter and are not closed, those that were used here first."""
    used = used_here(pair.before.host) | used_here(pair.after.host)
    old = {row.cve: row for row in pair.before.host.patch.advisories}
    new = {row.cve: row for row in pair.after.host.patch.advisories}
    for cve in sorted({*old, *new}, key=lambda cve: (cve not in used, cve)):
        rows = [row for row in (new.get(cve), old.get(cve)) if row]
        states = [one[cve].state if cve in one else State.CANNOT_TELL for one in (old, new)]
        if states == [State.FIXED, State.FIXED] or not (cve in used or any(map(is_used, rows))):
            continue
        yield HoleChange(cve, rows[0].name, states[0], states[1], cve in used)


def is_used(row: AdvisoryState) -> bool:
    """Tell a hole that attackers are known to use."""
    return bool(row.exploited_since or row.kev)


def _checks(before: Patch, after: Patch) -> Iterator[CheckChange]:
    old = {one.id: one.answer for one in before.checks}
    for one in after.checks:
        known = old.get(one.id, Answer.CANNOT_TELL)
        if known is not one.answer or one.answer is Answer.FAILED:
            yield CheckChange(one.id, one.title, known, one.answer)
