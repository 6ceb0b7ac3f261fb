"""State of every vulnerability on one build: fixed, open, no package, cannot tell, unsupported.

The build decides first, inside its own cumulative update (CU). Then the configuration checks are
weighed: some updates close a hole only together with a setting. A product that is out of support
has never been assessed for what was published after its last update: that is `unsupported`.

Listed is what an update of Exchange or one of its settings decides. Holes of Windows, Outlook or
the malware engine that have neither are left out: nothing of Exchange tells.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from extriage.analysis.packages import (
    available,
    closed_by,
    cu_of,
    limited,
    packages,
    top,
)
from extriage.analysis.support import free_until, support
from extriage.knowledge.advisories import advisories, exploited_from
from extriage.knowledge.builds import build_table, family, line, spell
from extriage.knowledge.checks import config_checks
from extriage.knowledge.wayout import Role, check_id, role_of, way_out_texts
from extriage.model.exchange import Advisory, Build, BuildNumber, Fix
from extriage.model.host import AdvisoryState, State, SupportState
from extriage.model.state import Answer, CheckAnswer

INHERITS = {"SE": "2019"}
"""Products that began as the last code of another: its fixes are in, its settings decide on."""
UPDATE_UNKNOWN = "open unless"
"""How the note begins when only the security update, which is not known, would tell."""
_FAR = 2_000
"""So far above the newest known third number of its product no build can be for years."""
_MODERN = ("2013", "2016", "2019", "SE")
_SETTLED = (Answer.PASSED, Answer.NOT_APPLICABLE)
_GRAVITY = (Answer.FAILED, Answer.CANNOT_TELL, Answer.PASSED, Answer.NOT_APPLICABLE)
Judged = tuple[State, str]


def assess(
    build: BuildNumber | None,
    product: str,
    checks: Sequence[CheckAnswer],
    day: date,
    *,
    precision: str = "su",
) -> tuple[AdvisoryState, ...]:
    """Return the state of each vulnerability that concerns a product, by CVE.

    Counted are those that were published, or known to be exploited, by the day; updates that came
    later still tell `open` from `fixed`. With the precision `cu` only the cumulative update is
    known, so what its security updates close cannot be told.
    """
    server = _server(build, product, day, precision)
    rows = []
    for advisory in advisories().values():
        judged = _by_build(server, advisory) if was_known(advisory, day) else None
        if judged is not None:
            state, note = _weigh(judged, advisory, checks)
            rows.append(_row(advisory, state, note))
    return tuple(sorted(rows, key=lambda row: _order(row.cve)))


def plausible(build: BuildNumber) -> bool:
    """Tell whether a build can be one; damaged and forged rows name numbers far above the table."""
    highest = build_table().highest(family(build))
    return highest is None or build[2] <= highest + _FAR


def was_known(advisory: Advisory, day: date) -> bool:
    """Tell whether a vulnerability was published, or already exploited, on a day."""
    dates = [one for one in (advisory.published, exploited_from(advisory)) if one]
    year = re.match(r"CVE-(\d{4})", advisory.cve)
    # NOTE: for the few without any date the year in their number has to do.
    return min(dates) <= day if dates else year is None or int(year[1]) <= day.year


def elsewhere() -> tuple[Advisory, ...]:
    """Return the vulnerabilities in the tables that no update or setting of Exchange decides."""
    fixed = {fix.cve for fix in build_table().fixes}
    return tuple(
        one for one in advisories().values() if one.cve not in fixed and not deciding(one.cve)
    )


def deciding(cve: str) -> tuple[str, ...]:
    """Return the ids of the checks that decide a vulnerability whose update is installed."""
    return tuple(check for check in checks_of(cve) if role_of(check) is Role.DECIDES)


def checks_of(cve: str) -> tuple[str, ...]:
    """Return the ids of all configuration checks that are about a vulnerability."""
    known = config_checks()
    advisory = advisories().get(cve)
    named = [check_id(name) for name in advisory.checks] if advisory else []
    named += [check.id for check in known.values() if cve in check.cves]
    return tuple(dict.fromkeys(name for name in named if name in known))


def is_exploited(row: AdvisoryState, day: date) -> bool:
    """Tell whether anybody was known to use a vulnerability by a day."""
    advisory = advisories().get(row.cve)
    start = exploited_from(advisory) if advisory else None
    return start is not None and start <= day


@dataclass(frozen=True, slots=True)
class _Server:
    """What is known of the server whose vulnerabilities are asked for."""

    build: BuildNumber | None
    product: str
    day: date
    low: BuildNumber | None
    """The lowest build that it may have; equal to `build` unless only the CU is known."""
    high: BuildNumber | None
    march: Build | None
    """The package of March 2021 for an old CU that it has: it closed four holes only."""
    last: Build | None
    """The last package that the product got."""
    ended: bool


def _server(build: BuildNumber | None, product: str, day: date, precision: str) -> _Server:
    low = high = build
    if build is not None and precision == "cu":
        base, newest = cu_of(build), top(build, day)
        low = base.number if base else build
        high = newest.number if newest else build
    made = packages(product, date.max)
    ended = support(product, "", day).state is SupportState.UNSUPPORTED
    march = _march(build) if precision == "su" else None
    return _Server(build, product, day, low, high, march, made[-1] if made else None, ended)


def _march(build: BuildNumber | None) -> Build | None:
    if build is None:
        return None
    same = (one for one in build_table().builds if one.number[:3] == build[:3])
    return next((one for one in same if one.number <= build and limited(one)), None)


def _by_build(server: _Server, advisory: Advisory) -> Judged | None:
    """Judge by the build alone; None when the product was never open to it."""
    fixes = build_table().fixes_of(advisory.cve, server.product)
    if not server.product:
        return State.CANNOT_TELL, "no evidence names the build or the product"
    if not fixes:
        return _without_fix(server, advisory)
    if server.low is None or server.high is None:
        return State.CANNOT_TELL, "no evidence names the build"
    if not plausible(server.high):
        return State.CANNOT_TELL, f"{spell(server.high)} is far above every build that is known"
    low = build_table().state(advisory.cve, server.low)
    high = build_table().state(advisory.cve, server.high)
    if low is None or high is None:
        return None
    if low != high:
        return State.CANNOT_TELL, _only_cu(server.low, fixes)
    if low is State.FIXED and server.march and _missed(server.march, fixes):
        return State.OPEN, _march_note(server.march, fixes)
    return low, _open_note(server, fixes) if low is not State.FIXED else ""


def _without_fix(server: _Server, advisory: Advisory) -> Judged | None:
    """Judge where the product has no update of its own for it."""
    cve, product = advisory.cve, server.product
    concerned = build_table().concerns(cve, INHERITS.get(product, ""))
    of_windows = not any(fix.cve == cve for fix in build_table().fixes)
    if deciding(cve) and (concerned or (of_windows and product in _MODERN)):
        return State.FIXED, ""
    after = server.last and advisory.published and available(server.last)
    if of_windows or not server.ended or not after or not advisory.published:
        return None
    if advisory.published <= after:
        return None
    return State.UNSUPPORTED, (
        f"published on {advisory.published}, after the last update of Exchange {product} "
        f"({after}): Microsoft neither fixes nor assesses it there"
    )


def _only_cu(low: BuildNumber, fixes: Sequence[Fix]) -> str:
    fix = min(_same_line(low, fixes), key=lambda fix: fix.fixed)
    return (
        f"{UPDATE_UNKNOWN} {fix.su} ({spell(fix.fixed)}) or a later update is installed; only the "
        "cumulative update is known"
    )


def _same_line(build: BuildNumber, fixes: Sequence[Fix]) -> list[Fix]:
    return [fix for fix in fixes if line(fix.product, fix.fixed) == line(fix.product, build)]


def _missed(march: Build, fixes: Sequence[Fix]) -> bool:
    """Tell whether an earlier update of this CU, which the March package lacks, had the fix."""
    same = _same_line(march.number, fixes)
    return any(fix.fixed < march.number and fix.type == "SU" for fix in same) and not (
        {fix.cve for fix in fixes} & closed_by(march)
    )


def _march_note(march: Build, fixes: Sequence[Fix]) -> str:
    fix = min(_same_line(march.number, fixes), key=lambda fix: fix.fixed)
    return (
        f"{march.su} for {march.cu} closes the four ProxyLogon holes only; this one needed "
        f"{_kb(fix.su, fix.kb)} before it, which the build does not show"
    )


def _open_note(server: _Server, fixes: Sequence[Fix]) -> str:
    """Say which package closes it, or that this CU has none."""
    assert server.low is not None
    same = _same_line(server.low, fixes)
    if same:
        fix = min(same, key=lambda fix: fix.fixed)
        name = fix.cu if fix.type.startswith("CU") else fix.su
        note = f"closed by {_kb(name, fix.kb)}, build {spell(fix.fixed)}"
        return note + _when(server, fix)
    known = cu_of(server.low)
    above = [fix for fix in fixes if fix.fixed > server.low]
    if not above:
        return ""
    fix = min(above, key=lambda fix: fix.fixed)
    name = fix.cu if fix.type.startswith("CU") else f"{fix.cu} {fix.su}"
    here = known.cu if known else "this cumulative update"
    return f"no update for {here}: the first build with the fix is {spell(fix.fixed)} ({name})"


def _when(server: _Server, fix: Fix) -> str:
    first = date.fromisoformat(fix.available_from) if fix.available_from else None
    end = free_until(server.product)
    if first and first > server.day:
        return f"; it could not be had before {first}"
    if first and end and first > end:
        return "; only for customers who paid for Extended Security Updates"
    return ""


def _kb(name: str, kb: str) -> str:
    return f"{name} (KB{kb})" if kb else name


def _weigh(judged: Judged, advisory: Advisory, checks: Sequence[CheckAnswer]) -> Judged:
    """Take the configuration into account."""
    state, note = judged
    answers = _answers(advisory.cve, checks)
    roles = {check: role_of(check) for check in checks_of(advisory.cve)}
    failed = [
        answer
        for check, answer in answers.items()
        if answer.answer is Answer.FAILED and roles.get(check) in (Role.DECIDES, Role.REOPENS)
    ]
    if failed and state in (State.FIXED, State.CANNOT_TELL):
        return State.OPEN, f"the update does not close it alone: {failed[0].note}"
    if state is State.FIXED:
        return _decided(answers, [check for check, role in roles.items() if role is Role.DECIDES])
    makeshift = [
        answer.title
        for check, answer in answers.items()
        if roles.get(check) is Role.INTERIM and answer.answer is Answer.PASSED
    ]
    if makeshift and state in (State.OPEN, State.OPEN_NO_PACKAGE):
        note += f"; in place until the update: {', '.join(makeshift)}"
    return state, note.removeprefix("; ")


def _answers(cve: str, checks: Sequence[CheckAnswer]) -> Mapping[str, CheckAnswer]:
    """Return the answers about a vulnerability by check, the gravest of each."""
    found: dict[str, CheckAnswer] = {}
    for one in sorted(checks, key=lambda one: _GRAVITY.index(one.answer)):
        if cve in one.cves:
            found.setdefault(check_id(one.id), one)
    return found


def _decided(answers: Mapping[str, CheckAnswer], needed: Sequence[str]) -> Judged:
    waiting = [
        check for check in needed if check not in answers or answers[check].answer not in _SETTLED
    ]
    if not waiting:
        return State.FIXED, ""
    settings = way_out_texts().settings
    names = " and ".join(settings[check].name for check in waiting)
    return State.CANNOT_TELL, f"whether it is closed depends on: {names}"


def _row(advisory: Advisory, state: State, note: str) -> AdvisoryState:
    said = advisory.first_exploited
    return AdvisoryState(
        advisory.cve,
        state,
        note,
        advisory.name,
        advisory.severity,
        advisory.cvss,
        "" if said.startswith("none") else said,
        advisory.kev_added,
    )


def _order(cve: str) -> tuple[str, int, int]:
    """Sort key that puts CVE-2021-1730 before CVE-2021-26855."""
    kind, _, rest = cve.partition("-")
    year, _, number = rest.partition("-")
    return kind, int(year or 0), int(number or 0)
