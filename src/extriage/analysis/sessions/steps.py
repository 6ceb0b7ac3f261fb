"""Steps of a session: acts of one deed on one object that follow each other, with their lines."""

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extriage.analysis.sessions.acts import Act
from extriage.matchers.deeds import load_deeds
from extriage.model.detection import Stage
from extriage.model.session import SessionStep
from extriage.model.state import Proof
from extriage.model.trail import Deed

MOST = 300
"""Steps of one session that are kept: the first, the last, and those that prove most."""
_FIRST, _FURTHEST, _LAST = 140, 60, 100
GAP = timedelta(minutes=2)
"""Acts of one deed on one object are one step if no longer time lies between them."""
_OPEN = 4
"""Steps that go on side by side: reading mail is listing and opening in turns."""
_FINDINGS = 50

Place = tuple[str, str, str, bool]


@dataclass(slots=True)
class Run:
    """A step that may go on."""

    first: Act
    time: datetime
    until: datetime
    acts: int = 0
    items: int | None = None
    bytes_in: int | None = 0
    bytes_out: int | None = 0
    web: bool = False
    sure: bool = False
    stage: Stage | None = None
    kinds: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)
    opening: list[Proof] = field(default_factory=list)
    closing: deque[Proof] = field(default_factory=lambda: deque(maxlen=2))

    def take(self, act: Act) -> None:
        """Take in one more act."""
        self.time, self.until = min(self.time, act.time), max(self.until, act.until)
        self.acts += 1
        self.web = self.web or act.web
        self.sure = self.sure or act.sure
        self.kinds |= act.kinds
        if len(self.findings) < _FINDINGS:
            self.findings |= act.findings
        if act.deed.items is not None:
            self.items = (self.items or 0) + act.deed.items
        self.bytes_in = _sum(self.bytes_in, act.bytes_in)
        self.bytes_out = _sum(self.bytes_out, act.bytes_out)
        if act.stage and (self.stage is None or act.stage.rank > self.stage.rank):
            self.stage = act.stage
        if act.proof and len(self.opening) < 2:
            self.opening.append(act.proof)
        elif act.proof:
            self.closing.append(act.proof)

    def step(self) -> SessionStep:
        """Return the step as it is told."""
        deed = self.first.deed
        return SessionStep(
            self.time,
            self.until,
            deed.id,
            self._text(),
            deed.done,
            self.stage,
            deed.object,
            deed.mailbox,
            self.acts,
            self.items,
            self.bytes_in if self.web else None,
            self.bytes_out if self.web else None,
            self.sure,
            tuple(sorted(self.kinds)),
            tuple(sorted(self.findings)),
            (*self.opening, *self.closing),
        )

    def _text(self) -> str:
        deed = self.first.deed
        told = Deed(deed.id, deed.done, deed.object, deed.mailbox, self.items)
        # NOTE: of a line that only a finding has, the finding says what was done.
        said = load_deeds().sentence(told) if deed.id else deed.object
        said = said or f"left traces in {', '.join(sorted(self.kinds))}"
        times = f", {self.acts:,} times" if self.acts > 1 else ""
        return f"{said[:1].upper()}{said[1:]}{times}."


def _sum(known: int | None, size: tuple[int, int] | None) -> int | None:
    return None if known is None or size is None else known + size[1]


class Steps:
    """Makes steps of the acts of one session, in bounded memory."""

    def __init__(self, most: int = MOST) -> None:
        self.total = 0
        self._running: dict[Place, Run] = {}
        self._share = most / MOST
        self._first: list[SessionStep] = []
        self._last: deque[SessionStep] = deque(maxlen=max(1, int(_LAST * self._share)))
        self._furthest: list[tuple[int, int, SessionStep]] = []

    def see(self, act: Act) -> None:
        """Take in an act."""
        deed = act.deed
        place = (deed.id, deed.object, deed.mailbox, deed.done)
        run = self._running.pop(place, None)
        if run is not None and act.time - run.until > GAP:
            self._close(run)
            run = None
        if run is None:
            run = Run(act, act.time, act.until)
        run.take(act)
        self._running[place] = run
        if len(self._running) > _OPEN:
            self._close(self._running.pop(next(iter(self._running))))

    def told(self) -> tuple[Sequence[SessionStep], int]:
        """Return the steps that are kept, in order of time, and how many there were."""
        for run in self._running.values():
            self._close(run)
        self._running.clear()
        kept = [*self._first, *self._last, *(step for _, _, step in self._furthest)]
        unique = {id(step): step for step in kept}.values()
        return sorted(
            unique, key=lambda one: (one.time, one.until, one.deed, one.object)
        ), self.total

    def _close(self, run: Run) -> None:
        step = run.step()
        self.total += 1
        if len(self._first) < _FIRST * self._share:
            self._first.append(step)
            return
        if len(self._last) == self._last.maxlen:
            out = self._last[0]
            rank = (out.stage.rank if out.stage else 0, -self.total, out)
            push = (
                heapq.heappush
                if len(self._furthest) < _FURTHEST * self._share
                else heapq.heappushpop
            )
            push(self._furthest, rank)
        self._last.append(step)
