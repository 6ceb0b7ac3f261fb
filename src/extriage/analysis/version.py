"""What a build of Exchange means: name, support, open vulnerabilities, and the way out.

`version_answer` judges a build alone; `answer_json` is its machine form, with the words of the
case document (`state` is `fixed`, `open`, `open-no-package`, `cannot-tell` or `unsupported`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from extriage.analysis.advisories import assess, elsewhere, plausible
from extriage.analysis.packages import available, cu_of, limited
from extriage.analysis.spelling import Resolved, resolve
from extriage.analysis.support import support
from extriage.analysis.wayout import way_out
from extriage.knowledge.active import tables_as_of
from extriage.knowledge.advisories import advisories, exploited_from
from extriage.knowledge.builds import build_table, spell
from extriage.model.exchange import Build, BuildNumber
from extriage.model.host import (
    Action,
    AdvisoryState,
    OpenWindow,
    State,
    Support,
    SupportState,
)
from extriage.model.state import CheckAnswer

__all__ = ["Resolved", "VersionAnswer", "answer_json", "resolve", "version_answer"]

SCHEMA = "extriage.version/1"
OPEN = (State.OPEN, State.OPEN_NO_PACKAGE)


@dataclass(frozen=True, slots=True)
class VersionAnswer:
    """All that follows from a build, on a day."""

    asked: str
    """What was asked for, in the asker's words."""
    build: BuildNumber
    precision: str
    """`su` when the security update is known, `cu` when only the cumulative update is."""
    product: str
    """`2016`, `SE` …; empty if it is none that is known."""
    cu: str
    su: str
    """Empty for a bare cumulative update, and when only that is known."""
    kb: str
    released: date | None
    """Day on which the package could first be had; of the CU, when only that is known."""
    support: Support
    advisories: tuple[AdvisoryState, ...]
    action: tuple[Action, ...]
    day: date
    """The day that the answer is for."""
    knowledge_as_of: date
    """The day up to which the tables go."""
    notes: tuple[str, ...]
    """What must be known to read the answer rightly, each in one sentence."""
    not_judged: tuple[str, ...]
    """Vulnerabilities in the tables that no update or setting of Exchange decides."""


def version_answer(
    build: BuildNumber,
    day: date,
    *,
    asked: str = "",
    precision: str = "su",
    checks: Sequence[CheckAnswer] = (),
) -> VersionAnswer:
    """Judge a build on a day; with the precision `cu` its last number counts for nothing."""
    table, whole = build_table(), cu_of(build)
    if precision == "cu" and whole:
        build = whole.number
    product, package = table.product(build), _package(build, precision)
    cu = whole.cu if whole else ""
    first = available(package) if package else None
    states = assess(build, product, checks, day, precision=precision)
    return VersionAnswer(
        asked or spell(build),
        build,
        precision,
        product,
        cu,
        package.su if package and precision == "su" else "",
        package.kb if package else "",
        first,
        support(product, cu, day),
        tuple(replace(row, window=_window(row, day)) for row in states),
        way_out(build, product, states, checks, max(day, first or day), precision=precision),
        day,
        tables_as_of(),
        tuple(_notes(build, product, precision, day)),
        tuple(one.cve for one in elsewhere()),
    )


def answer_json(answer: VersionAnswer) -> dict[str, Any]:
    """Return the machine form: texts, numbers and null only, dates in ISO 8601."""
    counts = Counter(row.state.value for row in answer.advisories)
    return {
        "schema": SCHEMA,
        "asked": answer.asked,
        "build": spell(answer.build),
        "precision": answer.precision,
        "product": answer.product,
        "cu": answer.cu,
        "su": answer.su,
        "kb": answer.kb,
        "released": _iso(answer.released),
        "as_of": _iso(answer.day),
        "knowledge_as_of": _iso(answer.knowledge_as_of),
        "support": {
            "state": answer.support.state.value,
            "until": _iso(answer.support.until),
            "note": answer.support.note,
        },
        "counts": {state.value: counts[state.value] for state in State},
        "advisories": [_advisory_json(row) for row in answer.advisories],
        "action": [
            {"id": step.id, "title": step.title, "text": step.text} for step in answer.action
        ],
        "notes": list(answer.notes),
        "not_judged": list(answer.not_judged),
    }


def verdict_code(answer: VersionAnswer) -> int:
    """Return 1 if anything is open or unsupported, 3 if the build tells too little, else 0."""
    bad = (*OPEN, State.UNSUPPORTED)
    if any(row.state in bad for row in answer.advisories):
        return 1
    if answer.support.state is SupportState.UNSUPPORTED:
        return 1
    unknown = (
        answer.precision == "cu"
        or not plausible(answer.build)
        or answer.support.state is SupportState.UNKNOWN
    )
    return 3 if unknown else 0


def _package(build: BuildNumber, precision: str) -> Build | None:
    if precision == "cu":
        return cu_of(build)
    known = build_table().name(build)
    return known if known and known.number == build else None


def _advisory_json(row: AdvisoryState) -> dict[str, Any]:
    window = row.window
    return {
        "cve": row.cve,
        "state": row.state.value,
        "name": row.name,
        "severity": row.severity,
        "cvss": row.cvss,
        "exploited_since": row.exploited_since,
        "kev": _iso(row.kev),
        "window": {
            "from": _iso(window["from"]),
            "to": _iso(window["to"]),
            "days": window["days"],
            "closed": window["closed"],
            "note": window["note"],
        }
        if window
        else None,
        "note": row.note,
    }


def _iso(moment: date | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _window(row: AdvisoryState, day: date) -> OpenWindow | None:
    """Return since when an open vulnerability could be used, as far as a build alone tells."""
    advisory = advisories().get(row.cve)
    if advisory is None or row.state not in OPEN:
        return None
    exploited = exploited_from(advisory)
    if exploited and exploited > day:
        exploited = None
    start = exploited or advisory.published
    if start is None or start > day:
        return None
    what = "its first known exploitation" if exploited else "its publication"
    return {
        "from": datetime.combine(start, time(), UTC),
        "to": datetime.combine(day, time(), UTC),
        "days": (day - start).days + 1,
        "closed": False,
        "proved": False,
        "note": f"counted from {what}; the build does not tell since when the server is on line",
    }


def _notes(build: BuildNumber, product: str, precision: str, day: date) -> list[str]:
    notes = [*_place_in_table(build, product), *_of_package(build)]
    if precision == "cu":
        notes.append(
            "only the cumulative update is known: what its security updates close cannot be told"
        )
    package = _package(build, precision)
    first = available(package) if package else None
    if first and first > day:
        notes.append(
            f"{spell(build)} could not be had before {first}: on {day} no server ran it, so the "
            "steps are those of that later day"
        )
    if day > tables_as_of():
        age = (day - tables_as_of()).days
        notes.append(
            f"the tables go to {tables_as_of()}, {age} days before {day}: packages and "
            "vulnerabilities published since are not in them"
        )
    return notes


def _place_in_table(build: BuildNumber, product: str) -> list[str]:
    """Say where a build lies that the tables do not have."""
    table, text = build_table(), spell(build)
    if any(one.number == build for one in table.builds):
        return []
    family = [one for one in table.builds if one.product == product] or list(table.builds)
    known = [one for one in table.builds if one.number[:3] == build[:3]]
    highest = max(known or family, key=lambda one: one.number)
    if build > highest.number:
        if not plausible(build):
            return [f"{text} is far above every build that is known: nothing can be told of it"]
        end = "and of no product in it" if not product else f"which ends with {_call(highest)}"
        return [f"{text} is newer than the table, {end}"]
    if not known:
        return [f"{text} is of no cumulative update that is known; it is judged by its number"]
    below = [one for one in known if one.number < build]
    above = min((one for one in known if one.number > build), key=lambda one: one.number)
    if not below:
        return [f"{text} is older than {_call(above)}, the first known build of its CU"]
    before = max(below, key=lambda one: one.number)
    return [f"{text} is no published build; it lies between {_call(before)} and {_call(above)}"]


def _of_package(build: BuildNumber) -> list[str]:
    known = build_table().name(build)
    if known is None or known.number != build:
        return []
    if known.kind == "unnamed":
        return [f"{spell(build)} is a build without a name in Microsoft's list"]
    if limited(known):
        return [
            f"{known.su} for {known.cu} closes the four ProxyLogon holes and nothing else; "
            f"{known.cu} was out of support when it came out"
        ]
    return []


def _call(build: Build) -> str:
    return f"{spell(build.number)} ({build.cu} {build.su})".replace(" )", ")")
