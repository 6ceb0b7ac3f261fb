"""The way to a safe build, and the settings that updates do not make, as actions of the plan."""

from collections.abc import Iterator

from extriage.analysis.plan.calls import patch_reasons, reasons
from extriage.analysis.plan.commands import commands
from extriage.knowledge.plan import plan_steps, plan_table, spoken
from extriage.knowledge.wayout import check_id
from extriage.model.host import Action, AdvisoryState, Host, State, Status, When
from extriage.model.state import Answer

_SETTING = "setting-"
_UMBRELLA = "patch"
_OPEN = (State.OPEN, State.OPEN_NO_PACKAGE, State.UNSUPPORTED)


def patch_actions(host: Host) -> tuple[Action, ...]:
    """Return the steps of the way to a safe build that this plan does not have otherwise."""
    table, left_out = plan_table().patching, _left_out(host)
    found = []
    for one in host.patch.action:
        if one.id in left_out:
            continue
        when = due(host, one.id)
        setting = one.id.startswith(_SETTING)
        because = tuple(_checks(host, one.id)) if setting else ()
        made = commands(spoken(table.commands.get(one.id, ()), host.patch.product), {})
        verify = table.checked if setting else table.verify
        name = f"{_UMBRELLA}/{one.id}"
        found.append(
            Action(
                name,
                one.title,
                one.text,
                when,
                because or patch_reasons(host),
                made,
                verify,
                (_UMBRELLA,),
            )
        )
    return tuple(found)


def due(host: Host, step: str = "") -> When:
    """Return when the update, or one step of the way, is due."""
    table = plan_table().patching
    if host.verdict.status is Status.COMPROMISED:
        return table.compromised
    hurry = any(map(_is_used, host.patch.advisories)) and not step.startswith(table.later)
    return table.exploited if hurry else table.otherwise


def _left_out(host: Host) -> frozenset[str]:
    """Return the steps that the plan has otherwise, or that do not fit what happened."""
    table = plan_table().patching
    kept = bool(reasons(plan_steps()["preserve"], host))
    broken_into = host.verdict.status is Status.COMPROMISED
    return (
        table.left_out
        | (table.with_preserve if kept else frozenset())
        | (table.if_compromised if broken_into else frozenset())
    )


def _is_used(row: AdvisoryState) -> bool:
    return row.state in _OPEN and bool(row.exploited_since or row.kev)


def _checks(host: Host, step: str) -> Iterator[str]:
    """Yield the configuration checks that a step is about, then the vulnerabilities they decide."""
    name = step.removeprefix(_SETTING).upper()
    asked = [one for one in host.patch.checks if check_id(one.id) == name]
    yield from (one.id for one in asked if one.answer is not Answer.PASSED)
    cves = {cve for one in asked for cve in one.cves}
    known = [row.cve for row in host.patch.advisories if row.state is not State.FIXED]
    yield from (cve for cve in known if cve in cves)
