"""Steps of the earlier plan: which are done as far as the later evidence shows, which are not.

A step is not done because the later plan lacks it: that plan may only know less. What no log tells,
such as new passwords, people must say.
"""

from collections.abc import Iterable, Sequence

from extriage.analysis.comparing.patching import OPEN
from extriage.analysis.comparing.side import Pair
from extriage.analysis.comparing.ways import THERE
from extriage.knowledge.plan import plan_steps
from extriage.model.comparison import Change, Done, LeakChange, PatchChange, StepChange, WayChange
from extriage.model.host import Action, State
from extriage.model.state import Answer

_SETTING = "patch/setting-"
_ORDER = list(Done)
_NAMED = 3
_AWAY = (Change.GONE, Change.STILL_GONE)


def step_changes(
    pair: Pair, ways: Sequence[WayChange], leaks: Sequence[LeakChange], patch: PatchChange
) -> tuple[StepChange, ...]:
    """Return the steps of the earlier plan, those still to be done first, in the plan's order."""
    found = []
    for action in pair.before.host.actions:
        step = plan_steps().get(action.id)
        shown_by = step.shown_by if step else ""
        if action.id.startswith(_SETTING):
            done, text = _settings(pair, action)
        elif "/" in action.id:
            continue
        elif shown_by == "ways":
            done, text = _objects(one for one in ways if one.before_id in action.because)
        elif shown_by == "leaks":
            done, text = _objects(one for one in leaks if one.before_id in action.because)
        elif shown_by == "holes":
            done, text = _holes(patch)
        elif shown_by == "scan":
            done, text = Done.DONE, "The new case is it."
        else:
            done, text = Done.BY_HAND, ""
        found.append(StepChange(done, action.id, action.title, action.when, text))
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.done)))


def _objects(changes: Iterable[WayChange | LeakChange]) -> tuple[Done, str]:
    """Say whether everything that a step is about is away."""
    told = list(changes)
    there = [one.object for one in told if one.change in THERE]
    if there:
        return Done.OPEN, f"Still there: {_few(there)}."
    unsure = [one.object for one in told if one.change not in _AWAY]
    if unsure or not told:
        named = f": {_few(unsure)}" if unsure else ""
        return Done.CANNOT_TELL, f"The new evidence does not tell{named}."
    return Done.DONE, f"Gone: {_few([one.object for one in told])}."


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _holes(patch: PatchChange) -> tuple[Done, str]:
    still = [one for one in patch.holes if one.after in OPEN]
    if still:
        return (
            Done.OPEN,
            f"{patch.text} Open and used by attackers: {_few([h.cve for h in still])}.",
        )
    unsure = [one.cve for one in patch.holes if one.after is State.CANNOT_TELL]
    if unsure or not patch.after:
        named = f" It does not tell {_few(unsure)}." if unsure else ""
        return Done.CANNOT_TELL, f"{patch.text}{named}"
    return Done.DONE, f"{patch.text} No hole that attackers use is open."


def _settings(pair: Pair, action: Action) -> tuple[Done, str]:
    """Answer by the configuration checks that a step is about."""
    checks = [one for one in pair.after.host.patch.checks if one.id in action.because]
    answers = {one.answer for one in checks}
    if Answer.FAILED in answers:
        return Done.OPEN, next(one.note for one in checks if one.answer is Answer.FAILED)
    if checks and answers <= {Answer.PASSED, Answer.NOT_APPLICABLE}:
        return Done.DONE, checks[0].note
    return Done.CANNOT_TELL, checks[0].note if checks else ""
