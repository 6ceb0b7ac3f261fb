"""Two cases of the same servers compared: what is gone, what is new, what still leaks.

Made for the day after an eviction: may the server go back to the network? Every answer is one of
three: gone, still there, or not to be told by the later evidence. A shorter collection never looks
like an improvement, and a difference that newer rules may have made is said to be one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.comparing.answer import Parts, advice, outcome_of, sentence
from extriage.analysis.comparing.found import finding_changes
from extriage.analysis.comparing.leaks import data_changes, leak_changes
from extriage.analysis.comparing.pairs import paired
from extriage.analysis.comparing.patching import OPEN as HOLES
from extriage.analysis.comparing.patching import is_used, patch_change
from extriage.analysis.comparing.reach import coverage_changes
from extriage.analysis.comparing.returns import activity, returns
from extriage.analysis.comparing.side import OPEN, Pair, is_tied, last_record, view
from extriage.analysis.comparing.steps import step_changes
from extriage.analysis.comparing.ways import way_changes
from extriage.analysis.presence import told
from extriage.model.case import Case
from extriage.model.comparison import (
    DIFF_SCHEMA,
    Change,
    Comparison,
    CoverageChange,
    HostChange,
    LoneHost,
    Outcome,
    Side,
)
from extriage.model.host import Host, Status

_NAMED = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked for."""

    pairs: Mapping[str, str] = field(default_factory=dict)
    """Servers that have another name in the later case."""
    hosts: Sequence[str] = ()
    """Servers to compare; all of them if empty."""
    since: datetime | None = None
    """When the clean-up was finished; the end of the earlier evidence if nobody says."""


def compare(before: Case, after: Case, asked: Asked | None = None) -> Comparison:
    """Compare two cases; UsageError if a server that was asked for is in neither."""
    asked = asked or Asked()
    found = paired(before, after, asked.pairs, asked.hosts)
    hosts = [_host(before, after, pair, asked.since) for pair in found.pairs]
    hosts.sort(key=lambda one: (one.outcome.rank, one.name))
    only_before = tuple(
        LoneHost(one.name, Outcome.CANNOT_TELL, _lost(one)) for one in found.only_before
    )
    only_after = tuple(LoneHost(one.name, _of_new(one), _new(one)) for one in found.only_after)
    lone = [one.outcome for one in (*only_before, *only_after)]
    every = [*(one.outcome for one in hosts), *lone]
    return Comparison(
        DIFF_SCHEMA,
        _side(before),
        _side(after),
        min(every, key=lambda one: one.rank) if hosts else Outcome.CANNOT_TELL,
        _text(hosts, only_before, only_after),
        tuple(hosts),
        only_before,
        only_after,
        tuple(_notes(before, after)),
    )


def _side(case: Case) -> Side:
    return Side(case.tool, tuple(one.name for one in case.hosts), _last(case))


def _last(case: Case) -> datetime | None:
    lasts = [last_record(host) for host in case.hosts]
    return max((last for last in lasts if last), default=None)


def _host(
    before: Case, after: Case, hosts: tuple[Host, Host], since: datetime | None
) -> HostChange:
    old, new = view(before, hosts[0]), view(after, hosts[1])
    pair = Pair(old, new, since or old.last)
    ways = way_changes(pair)
    leaks, data, back = leak_changes(pair, ways), data_changes(pair), returns(pair)
    found, patch, shown = finding_changes(pair, ways), patch_change(pair), activity(pair, back)
    same, swapped = hosts[0] == hosts[1], bool(old.last and new.last and new.last < old.last)
    parts = Parts(ways, leaks, data, back, found, shown, patch, same, swapped, bool(pair.window))
    coverage, steps = coverage_changes(pair), step_changes(pair, ways, leaks, patch)
    return HostChange(
        name=hosts[0].name,
        now=hosts[1].name,
        outcome=outcome_of(parts),
        text=sentence(parts),
        advice=advice(parts, steps),
        before=hosts[0].verdict,
        after=hosts[1].verdict,
        since=pair.since,
        until=pair.until,
        ways=ways,
        leaks=leaks,
        data=data,
        activity=shown,
        returns=back,
        findings=found,
        patch=patch,
        steps=steps,
        coverage=coverage,
        notes=tuple(_host_notes(pair, coverage, parts if since is None else None)),
    )


def _host_notes(
    pair: Pair, coverage: Sequence[CoverageChange], parts: Parts | None
) -> Iterator[str]:
    """Yield what to know; `parts` are given if nobody said when the clean-up was finished."""
    lost = [one.title for one in coverage if one.worse and one.before and one.after is None]
    if lost:
        more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
        named = ", ".join(lost[:_NAMED])
        yield f"The new evidence lacks {named}{more}: what only these show, nobody can tell."
    last = pair.before.last
    if pair.since and last and pair.since < last:
        yield (
            f"The earlier evidence goes on after {told(pair.since)}, up to {told(last)}: what it "
            "shows from that time counts as after the clean-up, too."
        )
    new = (Change.NEW, Change.CAME_AND_WENT)
    if parts and (parts.sure(*new) or any(one.got_in for one in parts.returns)):
        yield (
            f"What is later than {told(pair.since)}, where the earlier evidence ends, counts as "
            "after the clean-up; --since says when the clean-up was finished."
        )


def _notes(before: Case, after: Case) -> Iterator[str]:
    ends = _last(before), _last(after)
    if len(before.hosts) > 1 and ends[0] and ends[1] and ends[1] < ends[0]:
        yield "The second case ends before the first: were they named in the wrong order?"
    old, new = before.tool, after.tool
    if old.content_sha256 != new.content_sha256 or old.version != new.version:
        yield (
            "The scans did not have the same content: rules, knowledge, indicators or suppress "
            f"files ({_made(before)}; then {_made(after)}). A difference may come from that. To "
            "compare the evidence alone, scan the earlier evidence again with the content of today."
        )
    left_out = [use.entry.id for use in after.suppressions if use.lines]
    if left_out:
        fresh = {*left_out} - {use.entry.id for use in before.suppressions if use.lines}
        lines = sum(use.lines for use in after.suppressions)
        more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
        of_new = "of the new evidence only" if fresh else "of the new evidence"
        yield (
            f"Suppress files left out lines {of_new} ({lines:,} by {', '.join(left_out[:_NAMED])}"
            f"{more}): what is in them, this comparison does not say."
        )


def _made(case: Case) -> str:
    tool = case.tool
    return (
        f"extriage {tool.version}, knowledge as of {tool.knowledge_as_of}, {tool.rules:,} rules, "
        f"content {tool.content_sha256[:12]}"
    )


def _lost(host: Host) -> str:
    return (
        f"{host.name} ({host.verdict.status.value} in the earlier case) is not in the later one: "
        "nobody can tell what became of it."
    )


def _of_new(host: Host) -> Outcome:
    ways = [one for one in host.persistence if one.state in OPEN]
    if host.verdict.status is Status.COMPROMISED or any(is_tied(host, one) for one in ways):
        return Outcome.NOT_CLEAN
    if any(one.state in HOLES and is_used(one) for one in host.patch.advisories):
        return Outcome.STILL_OPEN
    unsure = host.verdict.status is Status.CANNOT_TELL or ways or not host.patch.build
    return Outcome.CANNOT_TELL if unsure else Outcome.NOTHING_LEFT


def _new(host: Host) -> str:
    return (
        f"{host.name} ({host.verdict.status.value}) is only in the later case: read its own report."
    )


def _text(
    hosts: Sequence[HostChange], only_before: Sequence[LoneHost], only_after: Sequence[LoneHost]
) -> str:
    """Return the answer for all servers in one line."""
    if len(hosts) == 1 and not only_before and not only_after:
        return hosts[0].text
    if not hosts:
        return _unpaired(only_before, only_after)
    told_of = [f"{one.name}: {one.outcome.value}" for one in hosts]
    told_of += [f"{one.name}: not in the later case" for one in only_before]
    told_of += [f"{one.name}: only in the later case" for one in only_after]
    more = f" and {len(told_of) - _NAMED} more" if len(told_of) > _NAMED else ""
    outcomes = [*(one.outcome for one in hosts), *(one.outcome for one in only_after)]
    bad = outcomes.count(Outcome.NOT_CLEAN)
    every = len(hosts) + len(only_before) + len(only_after)
    return f"{bad} of {every} servers not clean. {', '.join(told_of[:_NAMED])}{more}."


def _names(side: Sequence[LoneHost]) -> str:
    more = f" and {len(side) - _NAMED} more" if len(side) > _NAMED else ""
    return ", ".join(one.name for one in side[:_NAMED]) + more


def _unpaired(only_before: Sequence[LoneHost], only_after: Sequence[LoneHost]) -> str:
    if not only_before and not only_after:
        return "Cannot tell: no case has a server."
    old, new = map(_names, (only_before, only_after))
    text = "Cannot tell: no server is in both cases. "
    text += f"The earlier has {old or 'none'}, the later {new or 'none'}."
    if len(only_before) == 1 and len(only_after) == 1:
        text += f" If they are one server under two names: --pair {old}={new}"
    return text
