"""Is a way back still there? What the lines about it say, and which of them is believed.

The files and settings of a collection are its last word: what lies there is there. Else the later
line wins: a removal after everything that put it there or used it means that it is gone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.analysis.shadowcopy import UNKNOWN, Disk, Fate
from extriage.knowledge.joins import is_somebody
from extriage.model.detection import Evidence, Finding, Sign
from extriage.model.persistence import PageLife, Presence
from extriage.parsers.file_name import server_path

_LIVING = frozenset({Sign.PLANTED, Sign.USED, Sign.COMPILED, Sign.CHANGED, Sign.DETECTED})
"""What was so at a time when it was there."""
_HISTORY = "/inetpub/history/"
_OUTDATED = (_HISTORY, "/windows.old/", "/config/regback/", "/$recycle.bin/")
"""Places of copies: what they hold was so once."""
_SHADOW = re.compile(
    r"(?:\\\\[.?]\\)?(?:GLOBALROOT\\Device\\)?HarddiskVolumeShadowCopy\d{1,5}\\", re.I
)
"""The drive that a volume shadow copy is: an earlier state of the disk."""
_FATES = {
    Fate.GONE: "the disk has it no more",
    Fate.CHANGED: "the disk has another file of this name",
    Fate.OPEN: "whether the disk still has it is open",
}
_SURE = tuple(_FATES)
_ENTRY = "file-record"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that speaks of one way back."""

    finding: Finding
    evidence: Evidence
    name: str
    """The object as the line spells it."""
    made: bool = False
    """The entry of a file, read for what it says of the time when the file was made."""

    @property
    def time(self) -> datetime | None:
        """Return when it was so; the entry of a file tells only when the file was made."""
        return None if self.evidence.kind == _ENTRY and not self.made else self.evidence.time

    @property
    def replaced(self) -> bool:
        """Tell whether it stands in a copy of IIS's configuration that a later one replaced."""
        return self.evidence.kind == "setting" and _HISTORY in f"/{self.evidence.path.lower()}"

    @property
    def sign(self) -> Sign:
        """Return what the line says; what an old copy holds was only put there once."""
        sign = Sign.PLANTED if self.made else self.evidence.sign or Sign.PLANTED
        path = f"/{self.evidence.path.lower()}"
        copied = self.in_shadow or any(place in path for place in _OUTDATED)
        return Sign.PLANTED if copied and sign is Sign.PRESENT else sign

    @property
    def in_shadow(self) -> bool:
        """Tell whether it lies in a volume shadow copy, which is no word about the disk of now."""
        return _SHADOW.match(server_path(self.evidence.path)) is not None


def readings(finding: Finding, evidence: Evidence, name: str) -> Iterator[Line]:
    """Yield what a line says: the entry of a file also tells when the file was made."""
    yield Line(finding, evidence, name)
    if evidence.kind == _ENTRY and evidence.time:
        yield Line(finding, evidence, name, made=True)


def presence(
    lines: Sequence[Line],
    life: PageLife | None,
    disk: Disk = UNKNOWN,
) -> tuple[Presence, str]:
    """Say whether it is still there as of the end of the evidence, and why."""
    there = [line for line in lines if line.sign is Sign.PRESENT]
    gone = [line for line in lines if line.sign is Sign.REMOVED]
    removal = latest(gone)
    if there:
        return Presence.PRESENT, _present(there[0], removal)
    living = _last_sign_of_life(lines, life)
    if removal is not None and not _after(living, removal.time):
        return Presence.REMOVED, f"It was removed{_when(removal)}: {removal.finding.title}."
    if entry := next((line for line in gone if line.evidence.kind == _ENTRY), None):
        return Presence.REMOVED, f"It is gone from the disk: {entry.finding.title}."
    if life is not None and life.gone_before is not None and not _after(living, life.gone_before):
        return Presence.REMOVED, _bracket(life)
    if disk.configured and all(line.replaced for line in lines):
        old = lines[-1].evidence.path
        return Presence.REMOVED, f"An older copy has it ({old}); the last configuration has not."
    signs = {line.sign for line in lines}
    if Sign.ATTEMPTED in signs and not signs & _LIVING:
        return Presence.ATTEMPTED, "It was tried and failed; no line shows that a later try worked."
    copies = [line.evidence.path for line in lines if line.in_shadow]
    return _copied(copies, disk) or (Presence.UNKNOWN, _unknown(living, removal, life))


def _copied(paths: Sequence[str], disk: Disk) -> tuple[Presence, str] | None:
    """Say what became of what shadow copies have; None if it lies in none."""
    told = [(disk.fate(path), path) for path in paths]
    for fate, path in sorted(told, key=lambda one: _SURE.index(one[0]))[:1]:
        state = Presence.REMOVED if fate is Fate.GONE else Presence.UNKNOWN
        return state, f"A shadow copy of the disk has it: {path}; {_FATES[fate]}."
    return None


def _present(line: Line, removal: Line | None) -> str:
    what = "The setting is" if line.evidence.kind == "setting" else "The file is"
    text = f"{what} in the evidence: {line.evidence.path}."
    if removal is not None and removal.time is not None:
        text += f" A removal is told{_when(removal)}: it came back, or a copy stayed."
    return text


def _bracket(life: PageLife) -> str:
    assert life.gone_before is not None
    until = f"It answered until {told(life.gone_after)} and" if life.gone_after else "It"
    return f"{until} was missing at {told(life.gone_before)}; nothing tells who removed it."


def _unknown(living: datetime | None, removal: Line | None, life: PageLife | None) -> str:
    seen = f"It was last seen to be there at {told(living)}" if living else "It was there"
    if removal is not None:
        # NOTE: only a later sign of life leaves its state open after a removal.
        return f"It was removed{_when(removal)} and came back. {seen}; what became of it is open."
    if life is not None and never_found(life):
        return (
            f"{seen}; the requests in the web logs did not find it, the last at {told(life.last)}."
        )
    return f"{seen}; nothing in the evidence tells what became of it."


def never_found(life: PageLife) -> bool:
    """Tell whether every request that the web logs have was told that the page is missing."""
    missing = ("404", "302") if life.page.startswith("/owa/") else ("404",)
    return bool(life.statuses) and all(status in missing for status, _ in life.statuses)


def _last_sign_of_life(lines: Iterable[Line], life: PageLife | None) -> datetime | None:
    times = [line.time for line in lines if line.sign in _LIVING]
    if life is not None:
        times.append(life.last_answered)
    return max((time for time in times if time), default=None)


def latest(lines: Iterable[Line]) -> Line | None:
    """Return the last of some lines; one without a time only if no other is there."""
    ordered = sorted(
        lines,
        key=lambda one: (
            one.time is not None,
            one.time.timestamp() if one.time else 0.0,
            one.evidence.path,
            one.evidence.line,
        ),
    )
    return ordered[-1] if ordered else None


def _after(living: datetime | None, moment: datetime | None) -> bool:
    return living is not None and moment is not None and living > moment


def _when(line: Line) -> str:
    who = next((name for name in (line.evidence.actor,) if is_somebody(name)), "")
    by = f" by {who}" if who else ""
    return (f" at {told(line.time)}" if line.time else "") + by


def told(moment: datetime | None) -> str:
    """Write a UTC time for a sentence."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
