"""What does not fit together in the evidence of a server's build, each in one sentence.

An update can be installed without its processes being restarted, installed only in part, listed
without its files, or have failed; a set-up of a cumulative update can break off half way.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations

from extriage.analysis.sightings import Doubt, How, Sighting, removals, same_line, side_log
from extriage.knowledge.builds import build_table, number, spell
from extriage.model.exchange import BuildNumber
from extriage.model.state import Fact, Subject
from extriage.parsers import setuplog, updates

RESTART = timedelta(hours=1)
"""Processes are restarted one after another; builds may be named side by side that long."""

FILES = 12
"""Files and builds that one sentence names."""
_START, _END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_SET_UP = re.compile(r"Setup (\d+\.\d+\.\d+\.\d+)")
_BROKEN = (updates.FAILED, setuplog.UNFINISHED)
_SERVICE = re.compile(r"Service/([^/]{1,80})/Start")


def disagreements(
    found: Sequence[Sighting], now: Sighting | None, facts: Sequence[Fact]
) -> Iterator[str]:
    """Yield what a reader must know before believing the build."""
    yield from _in_part(found)
    yield from _doubtful(found, now)
    yield from _not_restarted(found, now)
    yield from _side_by_side(found)
    if now:
        yield from _newer_answer(found, now)
        yield from _other_line(found, now)
        yield from _not_replaced(found, now, facts)
    yield from _removed(facts, now)
    yield from _broken_updates(found, facts)
    yield from _broken_setups(found, facts)
    yield from _disabled(facts)


def called(build: BuildNumber) -> str:
    """Write a build with its name: `15.1.2507.16 (Nov22SU)`."""
    known = build_table().name(build)
    if known is None or known.number != build:
        return spell(build)
    return f"{spell(build)} ({known.su or known.cu})"


def moment(time: datetime) -> str:
    """Write a time to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _files(found: Iterable[Sighting]) -> list[Sighting]:
    return [one for one in found if one.how is How.FILE]


def _runs(found: Iterable[Sighting]) -> list[Sighting]:
    """Return what ran, in order of time; logs that differ without meaning anything left out."""
    ran = [one for one in found if one.how is How.RAN and one.last]
    main = [one for one in ran if not side_log(one)] or ran
    return sorted(main, key=lambda one: (one.last, one.build))


def _in_part(found: Sequence[Sighting]) -> Iterator[str]:
    """Name files of different updates; Exchange 2010 replaced only the files that changed."""
    files = [one for one in _files(found) if one.build[0] >= 15]
    homes = {one.home for one in files}
    for home in sorted(homes):
        inside = [one for one in files if one.home == home]
        if len({one.build for one in inside}) > 1:
            parts = _parts(inside, lambda one: one.name)
            said = f"the installed files are of different updates ({parts})"
            yield f"{said}: one was installed in part"
    lowest = {min(one.build for one in files if one.home == home) for home in homes}
    if len(lowest) > 1:
        parts = _parts(files, lambda one: f"{one.name} in {one.home or 'the top folder'}")
        yield f"copies of Exchange's files are of different builds ({parts})"


def _parts(files: Iterable[Sighting], call: Callable[[Sighting], str]) -> str:
    groups: dict[BuildNumber, list[str]] = {}
    for one in sorted(files, key=lambda one: (one.build, one.name), reverse=True):
        groups.setdefault(one.build, []).insert(0, call(one))
    shown = [(called(build), names) for build, names in groups.items()]
    return "; ".join(f"{build}: {', '.join(names[:FILES])}" for build, names in shown[:FILES])


def _doubtful(found: Sequence[Sighting], now: Sighting | None) -> Iterator[str]:
    """Name builds that are not believed, where they would change the answer."""
    exports: dict[str, set[BuildNumber]] = {}
    surely = bool(_files(found))
    for one in found:
        if one.doubt is Doubt.NAMELESS:
            exports.setdefault(one.path, set()).add(one.build)
        elif one.doubt is Doubt.IMPOSSIBLE:
            yield f"{one.name} names {spell(one.build)}, far above every build that is known"
        elif one.doubt is Doubt.COPY and not surely and (now is None or one.build > now.build):
            yield (
                f"{one.name} is {called(one.build)}, but lies in {one.home}, where packages and "
                "copies are kept: it does not tell what is installed"
            )
    for path, builds in sorted(exports.items()):
        said = ", ".join(called(build) for build in sorted(builds)[:FILES])
        told = f"{path} names several builds, but not their servers ({said})"
        yield f"{told}: none of them is believed"


def _removed(facts: Iterable[Fact], now: Sighting | None) -> Iterator[str]:
    """Name updates that were taken off again."""
    if now is None:
        return
    for name, time in sorted(removals(facts).items()):
        build = _carried(name, now.build)
        if build and build > now.build:
            when = f" on {moment(time)}" if time > _START else ""
            yield f"{name} ({called(build)}) was taken off{when}"


def _not_restarted(found: Sequence[Sighting], now: Sighting | None) -> Iterator[str]:
    runs, files = _runs(found), _files(found)
    if now and now.how is How.FILE:
        files = [one for one in files if same_line(one.build, now.build)]
    if not runs or not files:
        return
    last = runs[-1]
    if side_log(last) and same_line(last.build, files[0].build):
        return
    newest = max(files, key=lambda one: (one.build, one.name == "ExSetup.exe"))
    if newest.build > last.build and last.last:
        yield (
            f"{newest.name} is {called(newest.build)}, but running processes were "
            f"{called(last.build)} until {moment(last.last)}"
        )
    elif newest.build < last.build and last.last:
        yield (
            f"{newest.name} is {called(newest.build)}, but running processes were "
            f"{called(last.build)} until {moment(last.last)}: an update was taken off, or this "
            "file is not the installed one"
        )


def _side_by_side(found: Sequence[Sighting]) -> Iterator[str]:
    for one, other in combinations(_runs(found), 2):
        if not (one.first and one.last and other.first and other.last):
            continue
        start, end = max(one.first, other.first), min(one.last, other.last)
        if end - start > RESTART:
            yield (
                f"running processes were both {called(one.build)} and {called(other.build)} "
                f"between {moment(start)} and {moment(end)}: not all were restarted, or an update "
                "was taken off again"
            )


def _newer_answer(found: Sequence[Sighting], now: Sighting) -> Iterator[str]:
    """Name what processes told of themselves, if it does not fit what is believed."""
    if now.how is How.ANSWERED:
        return
    for one in found:
        later = now.how is How.RAN and now.first and one.last and one.last > now.first
        if one.how is How.ANSWERED and (one.build > now.build or (later and one.build < now.build)):
            when = f" on {moment(one.last)}" if one.last else ""
            yield f"{one.name} named {called(one.build)}{when}, but {now.name} {called(now.build)}"


def _other_line(found: Sequence[Sighting], now: Sighting) -> Iterator[str]:
    """Name notes of another cumulative update than the one that is believed."""
    told: set[str] = set()
    for one in sorted(found, key=lambda one: (one.how, one.build), reverse=True):
        newer = one.build > now.build
        undated = one.how is How.NOTED and one.last is None
        if same_line(one.build, now.build) or one.name in told:
            continue
        if undated or (newer and one.how in (How.NOTED, How.FOLDER)):
            told.add(one.name)
            hint = ": the set-up of a newer one did not finish" if newer else ""
            yield (
                f"{one.name} says {called(one.build)}, another cumulative update than that of "
                f"{now.name}, {called(now.build)}{hint}"
            )


def _not_replaced(found: Sequence[Sighting], now: Sighting, facts: Sequence[Fact]) -> Iterator[str]:
    """Name updates that are listed although an older build is installed, or ran afterwards."""
    runs = _runs(found)
    carried: dict[str, BuildNumber | None] = {}
    told = set(removals(facts))
    for fact in facts:
        if fact.subject is not Subject.UPDATE or fact.value != updates.INSTALLED:
            continue
        if fact.name not in carried:
            carried[fact.name] = _carried(fact.name, now.build)
        build = carried[fact.name]
        if build is None or build <= now.build or fact.name in told:
            continue
        later = [one for one in runs if fact.time and one.last and one.last > fact.time]
        since = f" since {moment(fact.time)}" if fact.time else ""
        said = f"{fact.name} ({called(build)}) is listed as installed{since}, but"
        if now.how is How.FILE:
            told.add(fact.name)
            yield f"{said} {now.name} is {called(now.build)}: its files were not replaced"
        elif later and later[-1].last:
            told.add(fact.name)
            yield (
                f"{said} running processes were {called(later[-1].build)} until "
                f"{moment(later[-1].last)}"
            )
        elif fact.time and now.last and now.how is How.RAN:
            told.add(fact.name)
            yield f"{said} no log row after that shows which build ran"


def _carried(name: str, build: BuildNumber) -> BuildNumber | None:
    """Return the build that an update leads to on the cumulative update of another build."""
    kb = name.upper().removeprefix("KB")
    fitting = [one.number for one in build_table().builds if kb and one.kb == kb]
    return max((one for one in fitting if same_line(one, build)), default=None)


def _broken_updates(found: Sequence[Sighting], facts: Iterable[Fact]) -> Iterator[str]:
    """Name updates that failed and were not installed later."""
    for fact in _last_broken(facts, lambda name: name.upper().startswith("KB")):
        build = next((b for one in found if (b := _carried(fact.name, one.build))), None)
        if build and _reached(found, build, fact.time):
            continue
        when = f" on {moment(fact.time)}" if fact.time else ""
        what = f"{fact.name} ({called(build)})" if build else fact.name
        code = re.search(r"error (\w{1,12})", fact.text)
        yield f"{what} could not be installed{when}{f', error {code[1]}' if code else ''}"


def _broken_setups(found: Sequence[Sighting], facts: Sequence[Fact]) -> Iterator[str]:
    """Name set-ups that did not finish, unless a later one did or their build ran."""
    done = [
        (build, fact.time)
        for fact in facts
        if fact.subject is Subject.UPDATE and fact.value == updates.INSTALLED
        if (build := number(fact.name.removeprefix("Setup ")))
    ]
    for fact in _last_broken(facts, lambda name: _SET_UP.fullmatch(name) is not None):
        build = number(fact.name.removeprefix("Setup "))
        if build is None or _reached(found, build, fact.time):
            continue
        if not any(other >= build and _after(time, fact.time) for other, time in done):
            when = f" ({moment(fact.time)})" if fact.time else ""
            yield f"the set-up of {called(build)} did not finish{when}: {fact.text[:200]}"


def _reached(found: Iterable[Sighting], build: BuildNumber, time: datetime | None) -> bool:
    """Tell whether a build ran after a time, or a newer one is installed by now."""
    return any(
        (one.how is How.RAN and one.build >= build and _after(one.last, time))
        or (one.how is How.FILE and one.build > build)
        for one in found
    )


def _after(time: datetime | None, other: datetime | None) -> bool:
    return time is not None and (other is None or time > other)


def _last_broken(facts: Iterable[Fact], fits: Callable[[str], bool]) -> list[Fact]:
    """Return of each update or set-up the last attempt, where it failed."""
    last: dict[str, Fact] = {}
    for fact in sorted(facts, key=_attempted):
        if fact.subject is not Subject.UPDATE or not fits(fact.name):
            continue
        if fact.value in (*_BROKEN, updates.INSTALLED):
            last[fact.name] = fact
    return [fact for _, fact in sorted(last.items()) if fact.value in _BROKEN]


def _attempted(fact: Fact) -> datetime:
    """Return when it was; what is listed without a time is so at the end."""
    return fact.time or (_END if fact.value == updates.INSTALLED else _START)


def _disabled(facts: Iterable[Fact]) -> Iterator[str]:
    names = sorted(
        {
            found[1]
            for fact in facts
            if fact.subject is Subject.SETTING and fact.value == "Disabled"
            if (found := _SERVICE.fullmatch(fact.name))
        }
    )
    if names:
        yield f"services are disabled, as a broken update leaves them: {', '.join(names)}"
