"""What is known of one server when its configuration is checked: build, product and facts."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from extriage.analysis.places import ELSEWHERE
from extriage.knowledge.builds import build_table
from extriage.model.exchange import BuildNumber
from extriage.model.host import State
from extriage.model.state import Answer, Fact, Subject
from extriage.parsers import binary, exchangeconfig, iisconfig, webconfig

_COPY = re.compile(
    r"(?:^|/)(?:inetpub/history|cfghistory_[^/]*|backups?|users/[^/]+|desktop|downloads)/"
    r"|(?:^|[^a-z])(?:bak|old|orig|copy|backup)(?:[^a-z/][^/]*)?$",
    re.IGNORECASE,
)
"""Folders of older versions and of people, and file names that tell a copy."""
_IN_PLACE = re.compile(
    r"(?:^|/)windows/(?:system32/inetsrv/(?:config/)?[^/]+$|microsoft\.net/)"
    r"|(?:^|/)exchange server/v1[45]/",
    re.IGNORECASE,
)
"""Where the files lie that are in use."""
_FILES = frozenset({binary.KIND, exchangeconfig.KIND, iisconfig.KIND, webconfig.KIND})
"""Evidence whose place tells whether it is in use; an export counts wherever it was saved."""


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
    copies: tuple[Fact, ...] = ()
    """What stands in copies of files; it does not tell what is in use."""

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
    valid = in_force(ordered)
    kept = set(valid)
    return Known(build, product, valid, tuple(fact for fact in ordered if fact not in kept))


def in_force(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Leave out what stands in copies of a file.

    A file whose place says nothing counts, unless the one that is in use is there too.
    """
    valid = [fact for fact in facts if not _is_copy(fact)]
    in_place = {_file(fact) for fact in valid if _lies_in_place(fact)}
    return tuple(fact for fact in valid if _file(fact) not in in_place or _lies_in_place(fact))


def _is_copy(fact: Fact) -> bool:
    path = _path(fact)
    return fact.evidence in _FILES and bool(_COPY.search(path) or ELSEWHERE.search(path))


def _lies_in_place(fact: Fact) -> bool:
    return fact.evidence in _FILES and bool(_IN_PLACE.search(_path(fact)))


def _file(fact: Fact) -> tuple[str, str]:
    """Return which file of a server a fact is from; of some there is but one, whatever its name."""
    if fact.evidence not in _FILES or fact.evidence == webconfig.KIND:
        return fact.evidence, _path(fact)
    one = fact.evidence == iisconfig.KIND
    return fact.evidence, "" if one else _path(fact).rpartition("/")[2].lower()


def _path(fact: Fact) -> str:
    return fact.origin.path.replace("\\", "/")


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
