"""Ways back in on the screen: what is there, what may be there, what is gone, what was tried."""

from collections.abc import Sequence

from rich.text import Text

from extriage.analysis.persistence import ITEMS
from extriage.knowledge.joins import is_somebody
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.host import Host
from extriage.model.persistence import Persistence, Presence
from extriage.reports.paper import Paper, Part, when

SHOWN = 4
_STYLE = {
    Presence.PRESENT: "bold red",
    Presence.UNKNOWN: "magenta",
    Presence.REMOVED: "green",
    Presence.ATTEMPTED: "dim",
}
_TRIED = 3
_LABEL = 11
_WHO = 2


def ways_back_block(paper: Paper, host: Host, most: int = SHOWN) -> list[Text]:
    """List the ways back, those that are there with a reason; what was only tried has one line."""
    if not host.persistence:
        return []
    lines = [paper.heading("Ways back in", _sum(host.persistence))]
    real = [one for one in host.persistence if one.state is not Presence.ATTEMPTED]
    tried = [one for one in host.persistence if one.state is Presence.ATTEMPTED]
    shown = real if len(real) == most + 1 else real[:most]
    said = ""
    for one in shown:
        lines += _way(paper, one)
        reason = _reason(one)
        if reason and reason != said:
            lines += paper.paragraph([" " * _LABEL], reason, lines=1, indent=_LABEL)
        said = reason
    if len(real) > len(shown):
        left = len(real) - len(shown)
        lines.append(paper.line(f"{' ' * _LABEL}and {left} more in the case (persistence)"))
    return lines + _tried(paper, tried)


def _sum(ways: Sequence[Persistence]) -> str:
    many = {state: sum(one.state is state for one in ways) for state in _STYLE}
    words = {
        Presence.PRESENT: "there",
        Presence.UNKNOWN: "perhaps there",
        Presence.REMOVED: "gone",
        Presence.ATTEMPTED: "tried",
    }
    told = ", ".join(f"{many[state]} {word}" for state, word in words.items() if many[state])
    return f"the worst {ITEMS} of more: {told}" if len(ways) >= ITEMS else told


def _way(paper: Paper, one: Persistence) -> list[Text]:
    kind = persistence_kinds().get(one.kind)
    title = kind.title if kind else one.kind
    head: list[Part] = [(f"  {one.state.value:9}", _STYLE[one.state])]
    since = f"since {when(one.first)[:16]}" if one.first else ""
    named = [name for name in one.by if is_somebody(name)] or one.by
    who = f"by {', '.join(map(_short, named[:_WHO]))}" if named else ""
    gone = one.state is Presence.REMOVED
    facts = ", ".join(word for word in (since, "" if gone else who) if word)
    room = max(paper.width - _LABEL - len(title) - len(facts) - 4, paper.width // 3)
    name = paper.fit(one.object, room)
    text = f"{title} {name}" + (f", {facts}" if facts else "")
    return paper.paragraph(head, text, lines=2, indent=_LABEL)


def _reason(one: Persistence) -> str:
    """Return why it is taken for a way back, if it is there; what is alike is said once."""
    if one.state is not Presence.PRESENT:
        return ""
    return one.reasons[0] if one.reasons else one.state_note


def _short(who: str) -> str:
    """Shorten the directory's name of an account, `contoso.example/Users/Administrator`."""
    return who.rpartition("/")[2] or who


def _tried(paper: Paper, ways: Sequence[Persistence]) -> list[Text]:
    if not ways:
        return []
    kinds = persistence_kinds()
    named = [
        f"{kinds[one.kind].title if one.kind in kinds else one.kind} {one.object}" for one in ways
    ]
    more = f" and {len(named) - _TRIED} more" if len(named) > _TRIED else ""
    head: list[Part] = [("  tried    ", _STYLE[Presence.ATTEMPTED])]
    # NOTE: what is said of them stands first, where no cut can turn it into its contrary.
    text = f"nothing shows that it worked: {', '.join(named[:_TRIED])}{more}"
    return paper.paragraph(head, text, lines=1, indent=_LABEL)
