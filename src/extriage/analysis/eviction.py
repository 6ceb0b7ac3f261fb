"""What to do about the ways back that were found: take them out, or ask whose they are."""

from collections.abc import Sequence
from dataclasses import replace

from extriage.analysis.objectkeys import is_needed
from extriage.analysis.persistence import ITEMS, is_sure
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.host import Action, Status, Verdict
from extriage.model.persistence import Persistence, Presence

NAMED = 3
STEPS_TOLD = 40
_NAME_LIMIT = 60
_AFTER = ("preserve", "isolate")
"""Standard actions after which it comes, the later ones first."""
_OPEN = (Presence.PRESENT, Presence.UNKNOWN)


def with_removal(actions: Sequence[Action], ways: Sequence[Persistence]) -> tuple[Action, ...]:
    """Put what to do about the ways back among the actions: after the evidence is kept."""
    there = [one for one in ways if one.state in _OPEN]
    sure = [one for one in there if is_sure(one.level, one.certainty)]
    unsure = [one for one in there if not is_sure(one.level, one.certainty)]
    added = []
    if sure:
        added.append(_remove(sure))
    if unsure:
        added.append(_ask(unsure))
    ids = [action.id for action in actions]
    at = next((ids.index(name) + 1 for name in _AFTER if name in ids), 0)
    return (*actions[:at], *added, *actions[at:])


def mentioned_in(verdict: Verdict, ways: Sequence[Persistence]) -> Verdict:
    """Let the reason of a verdict without an attack say what is there to ask about all the same."""
    many = sum(one.state in _OPEN for one in ways)
    if not many or verdict.status in (Status.COMPROMISED, Status.TARGETED):
        return verdict
    what = "One thing" if many == 1 else f"{many} things"
    could = "could let somebody back in all the same: ask whose"
    return replace(
        verdict, reason=f"{verdict.reason} {what} {could} {'it is' if many == 1 else 'they are'}."
    )


def _remove(ways: Sequence[Persistence]) -> Action:
    present = sum(one.state is Presence.PRESENT for one in ways)
    many = len(ways)
    which = "the way back" if many == 1 else f"these {many} ways back"
    if many >= ITEMS:
        which += " and all others like them"
    title = f"Take out {which}: {_names(ways)}"
    text = (
        f"{present} of them {'is' if present == 1 else 'are'} in the evidence, of {many - present} "
        "nobody can tell whether they are still there. Keep a copy of each first, take all of them "
        "out at the same time on all servers, and renew what they saw. "
    )
    return Action("remove-ways-back", title, text + _steps(ways))


def _ask(ways: Sequence[Persistence]) -> Action:
    many = len(ways)
    title = f"Ask whose {'this is' if many == 1 else f'these {many} are'}: {_names(ways)}"
    text = (
        "Administrators set up such things too. What nobody can name an owner and a reason for is "
        "taken out: keep a copy first. "
    )
    return Action("ask-about-ways-back", title, text + _steps(ways))


def _names(ways: Sequence[Persistence]) -> str:
    named = [f"{_called(one)}{_caution(one)}" for one in ways[:NAMED]]
    more = f" and {len(ways) - NAMED} more" if len(ways) > NAMED else ""
    return ", ".join(named) + more


def _called(one: Persistence) -> str:
    """Name one so that a hurried reader knows what is meant: `Administrator` alone says nothing."""
    kind, name = persistence_kinds()[one.kind], one.object[:_NAME_LIMIT]
    return name if kind.form in ("page", "path") else f"{kind.title} {name}"


def _caution(one: Persistence) -> str:
    """Keep a hurried reader from deleting what Exchange brings along and needs."""
    needed = is_needed(persistence_kinds()[one.kind], one.object)
    return " (put right, do not delete)" if needed else ""


def _steps(ways: Sequence[Persistence]) -> str:
    """Return the steps of each, in order, as far as there is room for them."""
    told, left = [], STEPS_TOLD
    for one in ways:
        if len(one.removal) > left:
            break
        left -= len(one.removal)
        steps = " ".join(
            f"({at}) {step if step.endswith('.') else step + '.'}"
            for at, step in enumerate(one.removal, 1)
        )
        title = persistence_kinds()[one.kind].title
        told.append(f"{title[:1].upper()}{title[1:]} {one.object[:_NAME_LIMIT]}: {steps}")
    missing = len(ways) - len(told)
    more = f" The steps for {missing} more stand with them in the case." if missing else ""
    return " ".join(told) + more
