"""The way to a safe server, step by step, for exactly this build.

First what can be installed today, then the newest cumulative update (CU) and the newest security
update on it, then away from a product that gets none, then the settings that updates do not make.
Packages are those that could be had on the day of the question: ask for the day on which the
steps are to be done, not for that of the evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from extriage.analysis.advisories import checks_of, is_exploited
from extriage.analysis.packages import (
    available,
    closed_by,
    cu_of,
    limited,
    newest,
    release,
    served,
    top,
)
from extriage.analysis.support import end_of_paid_updates, free_until, support
from extriage.knowledge.active import tables_as_of
from extriage.knowledge.advisories import advisories, exploited_from
from extriage.knowledge.builds import ROLLUPS, build_table, spell
from extriage.knowledge.lifecycle import milestones
from extriage.knowledge.wayout import Role, Setting, Step, check_id, way_out_texts
from extriage.model.exchange import Build, BuildNumber
from extriage.model.host import Action, AdvisoryState, State, Support, SupportState
from extriage.model.state import Answer, CheckAnswer

_OPEN = (State.OPEN, State.OPEN_NO_PACKAGE)
_SUCCESSOR, _FIRST = "SE", "RTM"
_NAMED = 3
"""Vulnerabilities that a sentence names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class _Server:
    build: BuildNumber
    product: str
    cu: str
    day: date
    states: tuple[AdvisoryState, ...]
    support: Support

    def open(self) -> list[AdvisoryState]:
        """Return what is open."""
        return [row for row in self.states if row.state in _OPEN]

    def attacked(self) -> list[AdvisoryState]:
        """Return what is open and known to be exploited, the earliest first."""
        found = [row for row in self.open() if is_exploited(row, self.day)]
        return sorted(found, key=lambda row: (_since(row.cve) or date.max, row.cve))


def way_out(
    build: BuildNumber | None,
    product: str,
    states: Sequence[AdvisoryState],
    checks: Sequence[CheckAnswer],
    day: date,
    *,
    precision: str = "su",
) -> tuple[Action, ...]:
    """Return what to do, in order; one action that says so when there is nothing to do."""
    if build is None or not product:
        return (_action("learn"), *_settings(states if product else (), checks))
    known = cu_of(build)
    cu = known.cu if known else ""
    server = _Server(build, product, cu, day, tuple(states), support(product, cu, day))
    first = [_action("learn")] if precision == "cu" else []
    installs = _installs(server)
    if not installs and server.support.state is not SupportState.UNSUPPORTED:
        first.append(_nothing(server))
    steps = [*first, *_save(server), *_isolate(server), *installs, *_interim(server, checks)]
    return (*steps, *_hunt(server), *_leave(server), *_settings(states, checks))


def _installs(server: _Server) -> list[Action]:
    """Return the packages to install, in order, and how to see that it worked."""
    names = served(server.product, server.day)
    if not names or _beyond(server, names):
        return []
    actions, cu, build = list[Action](), server.cu, server.build
    if cu not in names:
        cu = names[-1]
        actions += _stopgap(server)
        whole = release(server.product, cu)
        if whole:
            actions.append(_package(server, "sp" if _rollups(server) else "cu", whole))
            build = max(build, whole.number)
    found = _updates(server, cu, build)
    actions += [_package(server, step, package) for step, package in found]
    reached = [spell(package.number) for _, package in found] or [spell(build)]
    if not actions:
        return []
    checker = "" if _rollups(server) else "; Microsoft's HealthChecker must have no red lines"
    return [*actions, _action("verify", build=" or ".join(reached), checker=checker)]


def _beyond(server: _Server, names: Sequence[str]) -> bool:
    """Tell whether the server has a CU that is newer than all that are known."""
    last = release(server.product, names[-1])
    return not server.cu and last is not None and server.build > last.number


def _updates(server: _Server, cu: str, build: BuildNumber) -> list[tuple[str, Build]]:
    """Return the newest update that everybody gets, and the newest one that was paid for."""
    last = newest(server.product, cu, server.day)
    free = newest(server.product, cu, server.day, free_until(server.product))
    found: list[tuple[str, Build]] = []
    if free and free.number > build:
        step = "rollup" if _rollups(server) else "su" if free == last else "free"
        found.append((step, free))
    if last and last != free and last.number > build:
        found.append(("paid", last))
    return found


def _rollups(server: _Server) -> bool:
    return server.product in ROLLUPS


def _stopgap(server: _Server) -> list[Action]:
    """Offer the newest update for the old CU when the new CU has to wait."""
    last = top(server.build, server.day)
    if last is None or last.number <= server.build or not _closed(server, last):
        return []
    return [_package(server, "stopgap", last)]


def _closed(server: _Server, package: Build) -> int:
    """Count the open vulnerabilities that a package closes."""
    found = [row.cve for row in server.open()]
    if limited(package):
        return len(set(found) & closed_by(package))
    table = build_table()
    return sum(1 for cve in found if table.state(cve, package.number) is State.FIXED)


def _package(server: _Server, step: str, package: Build) -> Action:
    closed, total = _closed(server, package), len(server.open())
    left = total - closed
    paid_until = end_of_paid_updates(server.product)
    over = paid_until and server.day > paid_until
    return _action(
        step,
        package=package.su or package.cu,
        cu=package.cu,
        product=server.product,
        which=_which(package),
        served=" and ".join(served(server.product, server.day)),
        closes=_closes(closed, total),
        left=f"{left} known holes stay open without paid updates." if left else "",
        ends=f"; none has been made since {paid_until}" if over else "",
    )


def _closes(closed: int, total: int) -> str:
    if closed == total and closed:
        return "Closes everything that is open. "
    return f"Closes {closed} of the {total} open holes. " if closed else ""


def _which(package: Build) -> str:
    first = available(package)
    words = [f"KB{package.kb}" if package.kb else "", f"build {spell(package.number)}"]
    return ", ".join(filter(None, [*words, str(first) if first else ""]))


def _save(server: _Server) -> list[Action]:
    attacked = server.attacked()
    return [_action("save", count=len(attacked))] if attacked else []


def _hunt(server: _Server) -> list[Action]:
    attacked = server.attacked()
    if not attacked:
        return []
    since = min((day for row in attacked if (day := _since(row.cve))), default=None)
    return [_action("hunt", names=_names(attacked), since=since or "an unknown day")]


def _since(cve: str) -> date | None:
    advisory = advisories().get(cve)
    return exploited_from(advisory) if advisory else None


def _names(rows: Sequence[AdvisoryState]) -> str:
    shown = [f"{row.cve}{f' {row.name}' if row.name else ''}" for row in rows[:_NAMED]]
    more = len(rows) - _NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _leave(server: _Server) -> list[Action]:
    """Say where to go from a product that gets no free updates any more."""
    if server.support.state not in (SupportState.UNSUPPORTED, SupportState.PAID):
        return []
    move = way_out_texts().moves.get(server.product)
    successor = newest(_SUCCESSOR, _FIRST, server.day)
    if move and successor:
        name = f"{successor.cu} {successor.su}".rstrip()
        return [_fill(move, se=f"{name}, {_which(successor)}")]
    return [_generic_move(server)]


def _isolate(server: _Server) -> list[Action]:
    over = server.support.state is SupportState.UNSUPPORTED
    return [_action("isolate", product=server.product)] if over else []


def _nothing(server: _Server) -> Action:
    return _action(
        "nothing",
        day=server.day,
        build=spell(server.build),
        product=f"Exchange {server.product} {server.cu}".rstrip(),
        as_of=tables_as_of(),
    )


def _generic_move(server: _Server) -> Action:
    products = dict.fromkeys(one.product for one in milestones())
    alive = [
        product
        for product in products
        if support(product, "", server.day).state is SupportState.SUPPORTED
        and served(product, server.day)
    ]
    return _action(
        "leave",
        product=server.product,
        support=server.support.note.partition(";")[0],
        day=server.day,
        products=", ".join(f"Exchange {product}" for product in alive),
    )


def _settings(states: Sequence[AdvisoryState], checks: Sequence[CheckAnswer]) -> list[Action]:
    """Return the settings to make or to look at, those that are known to be wrong first."""
    failed, asked = list[Action](), list[Action]()
    waiting = _concerned(states)
    for check, setting in way_out_texts().settings.items():
        answers = [one for one in checks if check_id(one.id) == check]
        wrong = [one for one in answers if one.answer is Answer.FAILED]
        if wrong and setting.role is not Role.INTERIM:
            text = f"{wrong[0].note.rstrip('.')}. {setting.step.text}"
            failed.append(Action(setting.step.id, setting.step.title, text))
        elif setting.role is Role.DECIDES and check in waiting and not _settled(answers):
            asked.append(_question(setting, waiting[check], answers))
    return failed + asked


def _concerned(states: Sequence[AdvisoryState]) -> Mapping[str, list[str]]:
    """Return the vulnerabilities that are not closed, by the checks that are about them."""
    found: dict[str, list[str]] = {}
    for row in states:
        if row.state in (*_OPEN, State.CANNOT_TELL):
            for check in checks_of(row.cve):
                found.setdefault(check, []).append(row.cve)
    return found


def _settled(answers: Sequence[CheckAnswer]) -> bool:
    return bool(answers) and all(
        one.answer in (Answer.PASSED, Answer.NOT_APPLICABLE) for one in answers
    )


def _question(setting: Setting, cves: Sequence[str], answers: Sequence[CheckAnswer]) -> Action:
    shown = ", ".join(cves[:_NAMED]) + (f" and {len(cves) - _NAMED} more" * (len(cves) > _NAMED))
    note = f" {answers[0].note.rstrip('.')}." if answers and answers[0].note else ""
    text = f"Decides {shown}; no build tells.{note} {setting.step.text}"
    return Action(setting.step.id, setting.question, text)


def _interim(server: _Server, checks: Sequence[CheckAnswer]) -> list[Action]:
    """Return what helps until an update that this server does not get for free."""
    end = free_until(server.product)
    if end is None or server.day <= end:
        return []
    passed = {one.id for one in checks if one.answer in (Answer.PASSED, Answer.NOT_APPLICABLE)}
    waiting = _concerned([row for row in server.open() if _not_free(row.cve, server.product, end)])
    found = [
        f"{', '.join(waiting[check])}: {setting.step.text}"
        for check, setting in way_out_texts().settings.items()
        if setting.role is Role.INTERIM and check in waiting and check not in passed
    ]
    return [_action("interim", settings=" ".join(found))] if found else []


def _not_free(cve: str, product: str, end: date) -> bool:
    fixes = build_table().fixes_of(cve, product)
    return bool(fixes) and all(fix.available_from > end.isoformat() for fix in fixes)


def _action(name: str, **places: object) -> Action:
    return _fill(way_out_texts().steps[name], **places)


def _fill(step: Step, **places: object) -> Action:
    title, text = step.title.format(**places), step.text.format(**places)
    return Action(step.id, title, " ".join(text.split()))
