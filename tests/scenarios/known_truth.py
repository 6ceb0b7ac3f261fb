"""Scenes whose truth is known, scanned once, and the questions that tests put to the case.

Every question answers with what is wrong in words, so that a failure reads as a sentence.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scenario import rescanned, the_host

from extriage.samples.visitor import Sum, Truth, Visit

Case = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """A scanned scene: what was written, and what the case says of it."""

    folder: Path
    code: int
    case: Case
    truth: Any

    @property
    def host(self) -> Case:
        return the_host(self.case)

    @property
    def one(self) -> Truth:
        assert isinstance(self.truth, Truth)
        return self.truth

    def line(self, path: str, number: int) -> str:
        """Return a line of the evidence, counted from 1; paths begin with what was scanned."""
        data = (self.folder / path).read_bytes()
        return data.split(b"\n")[number - 1].rstrip(b"\r").decode()


def known(folder: Path, write: Callable[[Path], Any], *words: str) -> Known:
    """Write a scene, scan it as a user would, and keep both sides."""
    truth = write(folder / "EVIDENCE")
    code, case = rescanned(folder, *words)
    return Known(folder, code, case, truth)


def told_keys(intruder: Case, kind: str) -> set[str]:
    """Return the keys of one kind that hold an intruder together; of a page its last part."""
    return {
        value.rpartition("/")[2].casefold() for name, value, _ in intruder["keys"] if name == kind
    }


def intruder_of(host: Case, visit: Visit) -> Case:
    """Return the intruder whose keys hold the visitor's address, or page behind a proxy."""
    pages = {page.rpartition("/")[2].casefold() for page in visit.pages}
    found = [
        one
        for one in host["intruders"]
        if told_keys(one, "address") & set(visit.addresses) or told_keys(one, "page") & pages
    ]
    told = [one["keys"] for one in host["intruders"]]
    assert len(found) == 1, (
        f"{visit.name} of {visit.addresses} should be one intruder and is {len(found)} of {told}"
    )
    return dict(found[0])


def sessions_of(host: Case, intruder: Case) -> list[Case]:
    """Return an intruder's sessions, in the order of the case."""
    own = [one for one in host["sessions"] if one["intruder"] == intruder["id"]]
    ids = [one["id"] for one in own]
    assert sorted(ids) == sorted(intruder["sessions"]), (
        f"{intruder['id']} names the sessions {intruder['sessions']}, the case gives him {ids}"
    )
    assert own, f"{intruder['id']} has no session: {intruder['keys']}"
    return own


def steps_of(sessions: Iterable[Case]) -> Iterator[Case]:
    for session in sessions:
        yield from session["steps"]


def total(amounts: Iterable[Case | None]) -> tuple[int, int | None]:
    """Add amounts up: what is shown at least, and what it can be at most, if that is known."""
    low, high = 0, 0
    open_end = False
    for amount in amounts:
        if amount is None:
            open_end = True
            continue
        low += amount["low"]
        open_end = open_end or amount["high"] is None
        high += amount["high"] or 0
    return low, None if open_end else high


def fits(amounts: Iterable[Case | None], truth: Sum, what: str) -> None:
    """Hold that the bounds that are told enclose the truth, and are as tight as the logs allow."""
    low, high = total(amounts)
    assert low >= truth.low, f"{what}: {low} are told, {truth.low} are in the logs"
    top = truth.high
    if top is None:
        assert high is None, f"{what}: no log has all sizes, and {high} are told at most"
        assert low <= truth.low, f"{what}: {low} are told as shown, the logs have {truth.low}"
        return
    assert low <= top, f"{what}: {low} are told as shown, the logs have at most {top}"
    assert high is not None, f"{what}: the logs bound it at {top}, the case leaves it open"
    assert low <= high <= top, f"{what}: at most {high} are told, the logs have {top}"


def other_lines(visit: Visit) -> int:
    """Return how many of his lines are no web requests: events, cmdlets and their logs."""
    kinds = ("events", "ecp-server", "rps-cmdlet")
    return sum(count for kind, count in visit.records if kind in kinds)


def exposed(host: Case, kind: str) -> list[Case]:
    return [one for one in host["exposures"] if one["kind"] == kind]


def answer(host: Case, group: str) -> Case:
    """Return the answer on one kind of data; each is given exactly once."""
    found = [one for one in host["exposure_answers"] if one["kind"] == group]
    kinds = [one["kind"] for one in host["exposure_answers"]]
    assert len(found) == 1, f"{group} is answered {len(found)} times; answered are {kinds}"
    return dict(found[0])


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def account_name(account: str) -> str:
    """Return an account without its domain, whichever way a log writes it."""
    return re.split(r"[\\/]", account)[-1].partition("@")[0].casefold()


def same_mailbox(told: str, mail: str) -> bool:
    """Tell whether a name, an account or an address of the case is this mailbox."""
    return told.casefold() == mail or account_name(told) == account_name(mail)
