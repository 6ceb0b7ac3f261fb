"""What a comparison tells of one server, block by block: the same in every format.

Ways back, what still goes out, who came back, the way in, the earlier plan, what the later evidence
lacks. Each row has a mark, a name and one sentence; the mark's tone says how bad it is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from extriage.analysis.comparing.found import is_loud
from extriage.analysis.comparing.patching import OPEN
from extriage.analysis.comparing.side import called
from extriage.analysis.comparing.ways import THERE
from extriage.analysis.presence import told
from extriage.knowledge.exposures import exposure_kinds
from extriage.model.comparison import (
    Change,
    Done,
    FindingChange,
    HostChange,
    Outcome,
    PatchChange,
    StepChange,
)
from extriage.model.host import Absence, Status, Verdict
from extriage.model.state import Answer
from extriage.reports.imprint import counted
from extriage.reports.meanings import STATUS_NAMES

FINDINGS = 6
"""Findings of the time since that are told one by one; the others are counted."""
_HOLES = 6
_ASK = "Administrators set up such things too: ask whose it is."


class Tone(StrEnum):
    """How a row is meant, which is a colour in some formats."""

    BAD = "bad"
    WARN = "warn"
    UNSURE = "unsure"
    GOOD = "good"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a block."""

    mark: str
    tone: Tone
    name: str
    """What it is about; empty if the sentence says it."""
    text: str
    items: tuple[str, ...] = ()
    """What the sentence is about, one by one."""

    @property
    def whole(self) -> str:
        """Return the sentence with what it is about."""
        return f"{self.text} {'; '.join(self.items)}.".strip() if self.items else self.text


@dataclass(frozen=True, slots=True)
class Block:
    """What is told of one theme."""

    title: str
    note: str
    rows: tuple[Row, ...]


OUTCOMES = {
    Outcome.NOT_CLEAN: ("NOT CLEAN", Tone.BAD),
    Outcome.STILL_OPEN: ("STILL OPEN", Tone.WARN),
    Outcome.CANNOT_TELL: ("CANNOT TELL", Tone.UNSURE),
    Outcome.NOTHING_LEFT: ("NOTHING LEFT", Tone.GOOD),
}
_CHANGES = {
    Change.STILL_THERE: ("still there", Tone.BAD),
    Change.BACK: ("back", Tone.BAD),
    Change.NEW: ("new", Tone.BAD),
    Change.NEWLY_VISIBLE: ("seen now", Tone.BAD),
    Change.CANNOT_TELL: ("cannot tell", Tone.UNSURE),
    Change.CAME_AND_WENT: ("came, went", Tone.WARN),
    Change.GONE: ("gone", Tone.GOOD),
    Change.STILL_GONE: ("still gone", Tone.GOOD),
}
_STEPS = {
    Done.OPEN: ("still to do", Tone.BAD),
    Done.CANNOT_TELL: ("cannot tell", Tone.UNSURE),
    Done.DONE: ("done", Tone.GOOD),
    Done.BY_HAND: ("ask", Tone.PLAIN),
}


def blocks(host: HostChange) -> tuple[Block, ...]:
    """Return what is told of one server, what decides first; empty blocks are left out."""
    made = (_ways(host), _data(host), _since(host), _way_in(host), _plan(host), _lacks(host))
    return tuple(block for block in made if block.rows)


def verdicts(host: HostChange) -> str:
    """Say what the verdict was and is."""
    before, after = _verdict(host.before), _verdict(host.after)
    text = f"{before}, as before" if before == after else f"{before}, then {after}"
    # NOTE: its logs still hold the attack, which says nothing of the server as it is.
    told_of = host.after.status is Status.COMPROMISED and host.outcome is not Outcome.NOT_CLEAN
    return f"{text}: it speaks of all logs, those from before the clean-up too" if told_of else text


def _verdict(verdict: Verdict) -> str:
    words = [verdict.stage, verdict.certainty]
    level = ", ".join(word.value for word in words if word)
    name = STATUS_NAMES[Status(verdict.status)].lower()
    return f"{name} ({level})" if level else name


def _ways(host: HostChange) -> Block:
    count = Counter(one.change for one in host.ways)
    note = ", ".join(
        f"{count[change]} {word}" for change, (word, _) in _CHANGES.items() if count[change]
    )
    rows = []
    for one in host.ways:
        mark, tone = _CHANGES[one.change]
        asked = not one.sure and one.change in THERE
        tone, ask = (Tone.UNSURE, f" {_ASK}") if asked else (tone, "")
        rows.append(Row(mark, tone, called(one.kind, one.object), f"{one.text}{ask}"))
    return Block("Ways back in", note, tuple(rows))


def _data(host: HostChange) -> Block:
    rows = []
    for leak in host.leaks:
        mark, tone = _CHANGES[leak.change]
        word = {"still there": "still leaks", "gone": "stopped"}.get(mark, mark)
        rows.append(Row(word, tone, f"{_kind(leak.kind)} {leak.object}", leak.text))
    for one in host.data:
        mark, tone = _CHANGES[one.change]
        rows.append(Row(mark, tone, f"{_kind(one.kind)} {one.object}", one.text))
    return Block("What still goes out, and what went", "", tuple(rows))


def _kind(kind: str) -> str:
    known = exposure_kinds().get(kind)
    return known.title if known else kind


def _since(host: HostChange) -> Block:
    """Tell who came back, what proves it, and whether that could have been seen."""
    rows = [
        Row("came back", Tone.BAD, "", _moment(one.first, one.text))
        if one.got_in
        else Row("came by", Tone.WARN, "", _moment(one.first, one.text))
        for one in host.returns
    ]
    new = [one for one in host.findings if one.change is Change.NEW]
    loud = [one for one in new if is_loud(one)]
    rows += [Row(_stage(one), _tone(one), one.title, one.text) for one in loud[:FINDINGS]]
    left = len(new) - len(loud[:FINDINGS])
    if left:
        rows.append(Row("also", Tone.PLAIN, "", f"{counted(left, 'more finding')} of that time."))
    if host.activity.answer is not Absence.SEEN:
        unsure = host.activity.answer is Absence.CANNOT_TELL
        mark, tone = ("cannot tell", Tone.UNSURE) if unsure else ("not seen", Tone.GOOD)
        text = "" if unsure else "Nobody is seen to have got in. "
        rows.append(Row(mark, tone, "", f"{text}{host.activity.text}"))
    visible = [one for one in host.findings if one.change is Change.NEWLY_VISIBLE and is_loud(one)]
    rows += [Row("seen now", Tone.WARN, one.title, one.text) for one in visible[:FINDINGS]]
    note = f"{told(host.since)} to {told(host.until)}" if host.since and host.until else ""
    return Block("Since the earlier evidence", note, tuple(rows))


def _moment(time: object, text: str) -> str:
    return f"{str(time)[:16]} UTC: {text}"


def _stage(one: FindingChange) -> str:
    return one.stage.value if one.stage else "hint"


def _tone(one: FindingChange) -> Tone:
    return Tone.BAD if one.proves else Tone.WARN


def _way_in(host: HostChange) -> Block:
    patch = host.patch
    rows = [Row("build", Tone.PLAIN if patch.after else Tone.UNSURE, "", _counts(patch))]
    now_open = [one for one in patch.holes if one.after in OPEN]
    here = [one.cve for one in now_open if one.used_here]
    others = [one.cve for one in now_open if not one.used_here]
    if here:
        rows.append(Row("open", Tone.BAD, "", f"They came in by {_few(here)}: still open."))
    if others:
        rows.append(Row("open", Tone.WARN, "", f"Used by attackers elsewhere: {_few(others)}."))
    shut = [one.cve for one in patch.holes if one.used_here and one.after not in OPEN]
    closed = [one.cve for one in patch.holes if one.cve in shut and one.after.value == "fixed"]
    if closed:
        rows.append(Row("closed", Tone.GOOD, "", f"The way in: {_few(closed)}."))
    if unsure := [cve for cve in shut if cve not in closed]:
        rows.append(Row("cannot tell", Tone.UNSURE, "", f"The way in: {_few(unsure)}."))
    failed = [one.title for one in patch.checks if one.after is Answer.FAILED]
    if failed:
        rows.append(Row("setting", Tone.WARN, "", f"Not as it must be: {_few(failed)}."))
    return Block("The way in", "", tuple(rows))


def _counts(patch: PatchChange) -> str:
    if not patch.after:
        return patch.text
    parts = [
        f"{patch.closed} closed" if patch.closed else "",
        f"{patch.still_open} still open" if patch.still_open else "",
        f"{patch.newly_open} newly open" if patch.newly_open else "",
    ]
    told_of = ", ".join(part for part in parts if part)
    return f"{patch.text} Known holes: {told_of}." if told_of else patch.text


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _HOLES} more" if len(names) > _HOLES else ""
    return ", ".join(names[:_HOLES]) + more


def _plan(host: HostChange) -> Block:
    steps = host.steps
    count = Counter(one.done for one in steps)
    words = {**_STEPS, Done.BY_HAND: ("for people to confirm", Tone.PLAIN)}
    note = ", ".join(f"{count[done]} {word}" for done, (word, _) in words.items() if count[done])
    rows = [_step(one) for one in steps if one.done is not Done.BY_HAND and not _is_open_end(one)]
    return Block("The earlier plan", note, (*rows, *_settings(steps), *_by_hand(steps)))


def _step(one: StepChange) -> Row:
    # NOTE: what a title names is named in the answer.
    title = one.title.partition(": ")[0] if one.text else one.title
    return Row(*_STEPS[one.done], title, one.text)


def _is_open_end(one: StepChange) -> bool:
    """Tell a setting of which nobody can tell anything: there are many on every server."""
    return one.done is Done.CANNOT_TELL and one.id.startswith("patch/")


def _settings(steps: Iterable[StepChange]) -> Iterator[Row]:
    titles = [one.title for one in steps if _is_open_end(one)]
    if titles:
        name = f"{counted(len(titles), 'setting')} that decide whether the build is closed"
        yield Row(*_STEPS[Done.CANNOT_TELL], name, "", tuple(titles))


def _by_hand(steps: Iterable[StepChange]) -> Iterator[Row]:
    titles = [one.title for one in steps if one.done is Done.BY_HAND]
    if titles:
        text = "No log tells it; whoever did it must say so:"
        yield Row("ask", Tone.PLAIN, "", text, tuple(titles))


def _lacks(host: HostChange) -> Block:
    """Tell what the later evidence lacks, and what a reader must know about the comparison."""
    rows = [
        Row("lacks" if one.after is None else "short", Tone.UNSURE, one.title, f"{one.text}.")
        for one in host.coverage
        if one.worse
    ]
    lost = [
        one
        for one in host.findings
        if one.change is Change.CANNOT_TELL and one.proves
    ]  # fmt: skip
    if lost:
        text = (
            f"{counted(len(lost), 'finding')} of the earlier case cannot be told from the new one"
        )
        rows.append(Row("not told", Tone.UNSURE, "", f"{text}: {_reasons(lost)}."))
    rows += [Row("note", Tone.PLAIN, "", note) for note in host.notes]
    good = sum(not one.worse for one in host.coverage)
    note = f"{good} of {counted(len(host.coverage), 'kind')} as good as before"
    return Block("What the new evidence lacks", note, tuple(rows))


def _reasons(lost: Iterable[FindingChange]) -> str:
    count = Counter(one.text.rstrip(".") for one in lost)
    ordered = sorted(count, key=lambda text: (-count[text], text))
    return "; ".join(f"{text[:1].lower()}{text[1:]} ({count[text]})" for text in ordered[:3])
