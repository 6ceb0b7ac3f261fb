"""Findings of both cases: since the earlier evidence, newly visible, and no longer to be seen.

A rule that is met again later is new; one whose lines are all older was there to be found before,
in evidence or by rules that the earlier scan did not have. What the later case has no more is gone
only with the way back that it speaks of; else the new evidence lacks it, and the reason is said.
"""

from collections.abc import Iterator, Mapping, Sequence

from extriage.analysis.comparing.places import place_key
from extriage.analysis.comparing.side import Pair
from extriage.analysis.presence import told
from extriage.model.comparison import Change, FindingChange, WayChange
from extriage.model.detection import Certainty, Finding, Level, Stage


def finding_changes(pair: Pair, ways: Sequence[WayChange]) -> tuple[FindingChange, ...]:
    """Return the findings that differ, those that prove most first."""
    before = {one.rule: one for one in pair.before.host.findings}
    after = {one.rule: one for one in pair.after.host.findings}
    found = [change for one in after.values() for change in _later(pair, one, before)]
    gone = {one.before_id for one in ways if one.change is Change.GONE}
    found += [
        _missing(pair, one, gone)
        for rule, one in before.items()
        if rule not in after
    ]  # fmt: skip
    return tuple(sorted(found, key=_order))


def proves(one: Finding) -> bool:
    """Tell whether a finding would make a server `compromised` by itself."""
    if one.stage is None or one.raw:
        return False
    sure = one.stage is Stage.REACHED and one.certainty is Certainty.CONFIRMED
    return one.stage.rank >= Stage.PLANTED.rank or sure


def _order(one: FindingChange) -> tuple[int, bool, int, int, str]:
    stage = one.stage.rank if one.stage else 0
    return one.change.rank, not one.proves, -stage, -one.level.rank, one.rule


def _later(pair: Pair, one: Finding, before: Mapping[str, Finding]) -> Iterator[FindingChange]:
    """Yield a finding of the later case if it is new, goes on, or is only seen now."""
    if pair.is_later(one.last):
        lines = [line.time for line in one.evidence if line.time and pair.is_later(line.time)]
        first = min(lines, default=one.last)
        again = "the earlier case has it, too" if one.rule in before else "it is new"
        text = f"From {told(first)} on; {again}."
        yield _change(Change.NEW, one, text)
    elif one.rule not in before:
        yield _change(Change.NEWLY_VISIBLE, one, _why_visible(pair, one))


def _why_visible(pair: Pair, one: Finding) -> str:
    held = _held(one, pair.before.places.files)
    when = f" Its last line is of {told(one.last)}." if one.last else ""
    if held:
        return f"Its file was in the earlier evidence: the rules or what they know differ.{when}"
    return f"Its files were not in the earlier evidence.{when}"


def _missing(pair: Pair, one: Finding, gone: set[str]) -> FindingChange:
    owners = {way.id for way in pair.before.host.persistence if one.id in way.findings}
    if owners and owners <= gone:
        return _change(Change.GONE, one, "The way back that it speaks of is gone.")
    row = next((row for row in pair.after.host.suppressed if row.rule == one.rule), None)
    if row is not None:
        return _change(Change.CANNOT_TELL, one, f"A suppress file left it out ({row.entry}).")
    if _is_before(pair, one):
        return _change(Change.CANNOT_TELL, one, "The new evidence does not reach back to it.")
    if _held(one, pair.after.places.files):
        text = "Its file is in the new evidence, and the lines are not met there any more: "
        same = pair.before.tool.content_sha256 == pair.after.tool.content_sha256
        text += "the file was changed or cut." if same else "other rules, or a file that was cut."
        return _change(Change.CANNOT_TELL, one, text)
    return _change(Change.CANNOT_TELL, one, "Its files are not in the new evidence.")


def _is_before(pair: Pair, one: Finding) -> bool:
    """Tell whether its logs begin, in the later evidence, after its last line."""
    kinds = {line.kind for line in one.evidence}
    rows = [row for row in pair.after.host.coverage if _base(row.kind) in {*map(_base, kinds)}]
    firsts = [row.first for row in rows if row.first]
    return one.last is not None and bool(firsts) and all(first > one.last for first in firsts)


def _base(kind: str) -> str:
    """Return the kind without its part; all events are one."""
    base = kind.partition(":")[0]
    return "events" if base.startswith("events") else base


def _held(one: Finding, files: Mapping[str, object]) -> bool:
    return any(place_key(line.path) in files for line in one.evidence)


def _change(change: Change, one: Finding, text: str) -> FindingChange:
    return FindingChange(
        *(change, one.rule, one.title, one.level, one.stage, one.certainty, proves(one)),
        *(one.first, one.last, one.count, text, one.id),
    )


def is_loud(one: FindingChange) -> bool:
    """Tell what a reader must see from what an analyst looks up: knocks, hints of low level."""
    return one.proves or (one.stage is not Stage.PROBED and one.level.rank >= Level.MEDIUM.rank)
