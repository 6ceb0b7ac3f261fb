"""What is known of one server when its configuration is checked: build, product and facts."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from extriage.knowledge.builds import build_table
from extriage.model.exchange import BuildNumber
from extriage.model.host import State
from extriage.model.state import Answer, Fact, Subject

_OLD_COPY = re.compile(
    r"(?:^|/)inetpub/history/|(?:^|/)cfghistory_|/inetsrv/backup/", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to one check, with what it rests on."""

    answer: Answer
    note: str
    facts: tuple[Fact, ...] = ()
    cves: tuple[str, ...] | None = None
    """The vulnerabilities that it is about, if not all of the check's."""


@dataclass(frozen=True, slots=True)
class Known:
    """One server."""

    build: BuildNumber | None
    product: str
    facts: tuple[Fact, ...]

    def about(self, subject: Subject) -> tuple[Fact, ...]:
        """Return the facts of one subject."""
        return tuple(fact for fact in self.facts if fact.subject is subject)

    def settings(self, start: str, end: str = "") -> tuple[Fact, ...]:
        """Return the settings whose names begin and end so, in any case."""
        low, tail = start.lower(), end.lower()
        return tuple(
            fact
            for fact in self.about(Subject.SETTING)
            if fact.name.lower().startswith(low) and fact.name.lower().endswith(tail)
        )

    def has_fix(self, cve: str) -> bool | None:
        """Tell whether the build has a fix; None if that cannot be told.

        What concerned the products before it only, the Subscription Edition never lacked.
        """
        state = build_table().state(cve, self.build) if self.build else State.CANNOT_TELL
        if state is None:
            return True if self.product == "SE" else None
        return None if state is State.CANNOT_TELL else state is State.FIXED


def known(build: BuildNumber | None, product: str, facts: Iterable[Fact]) -> Known:
    """Bring the facts into an order of their own, whoever read them first."""
    ordered = sorted(facts, key=lambda fact: (fact.origin, fact.subject, fact.name, fact.value))
    return Known(build, product, tuple(ordered))


def in_force(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Leave out what stands in old copies of a configuration, if there is a newer one."""
    now = tuple(fact for fact in facts if not _OLD_COPY.search(fact.origin.path.replace("\\", "/")))
    return now or tuple(facts)


def is_true(fact: Fact) -> bool:
    """Tell whether a setting is on."""
    return fact.value.strip().lower() in ("true", "1", "yes", "enabled")


def cannot_tell(note: str, facts: Iterable[Fact] = ()) -> Said:
    """Say which evidence would answer a check."""
    return Said(Answer.CANNOT_TELL, note, tuple(facts))


def passed(note: str, facts: Iterable[Fact] = ()) -> Said:
    """Say that a check is passed, and why."""
    return Said(Answer.PASSED, note, tuple(facts))


def failed(note: str, facts: Iterable[Fact] = ()) -> Said:
    """Say that a check is failed, and why."""
    return Said(Answer.FAILED, note, tuple(facts))


def listed(names: Iterable[str], most: int = 6) -> str:
    """Write names in a row, the first of them if they are many."""
    all_names = list(dict.fromkeys(names))
    more = len(all_names) - most
    return ", ".join(all_names[:most]) + (f" and {more} more" if more > 0 else "")
