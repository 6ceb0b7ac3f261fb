"""What must be done now, this week, before the server goes back, and afterwards: made of one host.

Nothing is in a plan that the findings do not call for: each action names its reasons. The steps,
their words and their commands are data (`content/knowledge/plan.yml`). Nothing is ever run by this
tool: commands are for a person to review, and whatever can change something only says what it would
do until that person takes its `-WhatIf` away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from extriage.analysis.plan.calls import reasons
from extriage.analysis.plan.commands import step_commands
from extriage.analysis.plan.patching import due, patch_actions
from extriage.analysis.plan.removal import removals
from extriage.analysis.plan.words import step_text, step_title
from extriage.knowledge.plan import PlanStep, plan_steps, plan_table
from extriage.model.host import Action, Host, When

_ORDER = tuple(When)
_PATCH = "patch"


def plan(host: Host) -> tuple[Action, ...]:
    """Return what to do about one server, in safe order: by time, then as the table has it."""
    called = [(step, because) for step in plan_table().steps if (because := reasons(step, host))]
    ranked = [(step.place, _action(step, host, because)) for step, because in called]
    for name, sure in (("remove-ways-back", True), ("ask-about-ways-back", False)):
        ranked += ((plan_steps()[name].place, one) for one in removals(host, name, sure=sure))
    ranked += ((plan_steps()[_PATCH].place, one) for one in patch_actions(host))
    ranked.sort(key=lambda pair: (_ORDER.index(pair[1].when), pair[0]))
    return _linked([action for _, action in ranked])


def _action(step: PlanStep, host: Host, because: Sequence[str]) -> Action:
    orders, left_out = step_commands(step, host, because)
    text = " ".join(filter(None, [step_text(step, host, because), left_out]))
    title = step_title(step, host)
    when = due(host) if step.id == _PATCH else step.when
    return Action(step.id, title, text, when, tuple(because), orders, step.verify, step.needs)


def _linked(actions: Iterable[Action]) -> tuple[Action, ...]:
    """Keep of what an action needs what is in the plan and comes before it."""
    done: list[str] = []
    linked = []
    for action in actions:
        needs = tuple(name for name in action.needs if name in done)
        linked.append(replace(action, needs=needs))
        done.append(action.id)
    return tuple(linked)
