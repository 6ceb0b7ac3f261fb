"""Is a way back still there? What the lines about it say, and which of them is believed.

The files and settings of a collection are its last word: what lies there is there. Else the later
line wins: a removal after everything that put it there or used it means that it is gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.model.detection import Evidence, Finding, Sign
from extriage.model.persistence import PageLife, Presence

_LIVING = frozenset({Sign.PLANTED, Sign.USED, Sign.COMPILED, Sign.CHANGED, Sign.DETECTED})
"""What was so at a time when it was there."""
_OUTDATED = ("/inetpub/history/", "/windows.old/", "/config/regback/", "/$recycle.bin/")
"""Places of copies: what they hold was so once."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that speaks of one way back."""

    finding: Finding
    evidence: Evidence
    name: str
    """The object as the line spells it."""

    @property
    def sign(self) -> Sign:
        """Return what the line says; what an old copy holds was only put there once."""
        sign = self.evidence.sign or Sign.PLANTED
        path = f"/{self.evidence.path.lower()}"
        if sign is Sign.PRESENT and any(place in path for place in _OUTDATED):
            return Sign.PLANTED
        return sign


def presence(lines: Sequence[Line], life: PageLife | None) -> tuple[Presence, str]:
    """Say whether it is still there as of the end of the evidence, and why."""
    there = [line for line in lines if line.sign is Sign.PRESENT]
    removal = latest(line for line in lines if line.sign is Sign.REMOVED)
    if there:
        return Presence.PRESENT, _present(there[0], removal)
    living = _last_sign_of_life(lines, life)
    if removal is not None and not _after(living, removal.evidence.time):
        return Presence.REMOVED, f"It was removed{_when(removal)}: {removal.finding.title}."
    if life is not None and life.gone_before is not None and not _after(living, life.gone_before):
        return Presence.REMOVED, _bracket(life)
    signs = {line.sign for line in lines}
    if Sign.ATTEMPTED in signs and not signs & _LIVING:
        return Presence.ATTEMPTED, "It was tried and failed; no line shows that a later try worked."
    return Presence.UNKNOWN, _unknown(living)


def _present(line: Line, removal: Line | None) -> str:
    what = "The setting is" if line.evidence.kind == "setting" else "The file is"
    text = f"{what} in the evidence: {line.evidence.path}."
    if removal is not None and removal.evidence.time is not None:
        text += f" A removal is told{_when(removal)}: it came back, or a copy stayed."
    return text


def _bracket(life: PageLife) -> str:
    assert life.gone_before is not None
    until = f"It answered until {told(life.gone_after)} and" if life.gone_after else "It"
    return f"{until} was missing at {told(life.gone_before)}; nothing tells who removed it."


def _unknown(living: datetime | None) -> str:
    seen = f"It was last seen to be there at {told(living)}" if living else "It was there"
    return f"{seen}; nothing in the evidence tells what became of it."


def _last_sign_of_life(lines: Iterable[Line], life: PageLife | None) -> datetime | None:
    times = [line.evidence.time for line in lines if line.sign in _LIVING]
    if life is not None:
        times.append(life.last_answered)
    return max((time for time in times if time), default=None)


def latest(lines: Iterable[Line]) -> Line | None:
    """Return the last of some lines; one without a time only if no other is there."""
    ordered = sorted(
        lines,
        key=lambda one: (
            one.evidence.time is not None,
            told(one.evidence.time),
            one.evidence.path,
            one.evidence.line,
        ),
    )
    return ordered[-1] if ordered else None


def _after(living: datetime | None, moment: datetime | None) -> bool:
    return living is not None and moment is not None and living > moment


def _when(line: Line) -> str:
    return f" at {told(line.evidence.time)}" if line.evidence.time else ""


def told(moment: datetime | None) -> str:
    """Write a UTC time for a sentence."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
