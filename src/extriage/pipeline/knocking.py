"""Count, by address, the requests that rules know: of findings some lines only are kept.

Whoever turns out to be a stranger is told by these numbers, so a request counts once however many
rules it meets. Back-end rows are left out: the front end has the same request, with the address
that it came from.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from extriage.model.detection import Evidence, Rule, Stage
from extriage.model.evidence import Record
from extriage.model.reading import Knocks

MOST = 20_000
"""Addresses that are told apart in one log; requests of others are counted together."""
_LOGS = frozenset({"iis", "httpproxy"})
_BACK_END = frozenset({"444", "81", "445"})

Key: TypeAlias = tuple[str, str, str]


@dataclass(slots=True)
class Knocking:
    """The requests in one artifact that meet rules."""

    found: dict[Key, Knocks] = field(default_factory=dict)
    _last: Record | None = None
    _counted: Knocks | None = None
    _probed: bool = False

    def see(self, rule: Rule, record: Record, evidence: Evidence) -> None:
        """Count a record that meets a rule; its other rules come right after."""
        if record is not self._last:
            self._last, self._probed = record, False
            self._counted = self._count(record, evidence)
        if self._counted is not None and rule.stage is Stage.PROBED and not self._probed:
            self._probed = True
            self._counted.probes += 1

    def _count(self, record: Record, evidence: Evidence) -> Knocks | None:
        """Return the number that a request is counted in; None if it is none of the front end."""
        if record.kind not in _LOGS or record.raw or record.time is None:
            return None
        if record.fields.get("s-port") in _BACK_END:
            return None
        keys = dict(evidence.keys)
        if not (address := keys.get("address")):
            return None
        one = _of(
            self.found, Knocks(record.computer, record.kind, address, record.time, record.time)
        )
        one.see(record.time, keys.get("page", ""))
        return one


def _of(found: dict[Key, Knocks], one: Knocks) -> Knocks:
    """Return what is known of an address, from now on together with an empty one."""
    key = (one.computer, one.kind, one.address)
    if key not in found:
        found[key] = one
        if len(found) > 2 * MOST:
            fewer(found)
    return found.get(key) or found[one.computer, one.kind, ""]


def fewer(found: dict[Key, Knocks]) -> None:
    """Put together all but `MOST`: those are kept whose digests are lowest, in whatever order.

    A dropped address stays dropped, so the number of each that is kept is whole.
    """
    named = sorted((key for key in found if key[2]), key=_digest)
    for key in named[MOST:]:
        one = found.pop(key)
        rest = found.setdefault((*key[:2], ""), Knocks(*key[:2], "", one.first, one.last))
        rest.merge(one)


def _digest(key: Key) -> bytes:
    return hashlib.sha256("\0".join(key).encode(errors="surrogatepass")).digest()[:8]


def together(every: Iterable[Iterable[Knocks]]) -> list[Knocks]:
    """Return the knocks of the parts of one log, or of all logs of one server."""
    found: dict[Key, Knocks] = {}
    for some in every:
        for one in some:
            _of(found, Knocks(one.computer, one.kind, one.address, one.first, one.last)).merge(one)
    fewer(found)
    return list(found.values())


def keep(known: list[Knocks], one: Knocks) -> None:
    """Add the knocks of one more log of a server, in bounded memory."""
    known.append(one)
    if len(known) > 8 * MOST:
        known[:] = together([known])
