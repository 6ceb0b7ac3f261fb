"""Count, by address, the requests that are no more than a knock: rules keep some lines only.

A request counts once however many rules it meets. Back-end rows are left out: the front end has the
same request, with the address that it came from.
"""

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
    """The knocks of one artifact."""

    found: dict[Key, Knocks] = field(default_factory=dict)
    _last: Record | None = None

    def see(self, rule: Rule, record: Record, evidence: Evidence) -> None:
        """Count a record that meets a rule, if the rule is about knocking."""
        if rule.stage is not Stage.PROBED or record.kind not in _LOGS or record is self._last:
            return
        if record.raw or record.time is None or record.fields.get("s-port") in _BACK_END:
            return
        keys = dict(evidence.keys)
        if address := keys.get("address"):
            self._last = record
            one = Knocks(record.computer, record.kind, address, record.time, record.time)
            page = keys.get("page", "")
            one.pages += [page] if page else []
            add(self.found, one)


def add(found: dict[Key, Knocks], one: Knocks) -> None:
    """Take in knocks of one address."""
    key = (one.computer, one.kind, one.address)
    if key not in found and len(found) >= MOST:
        key, one.address = (one.computer, one.kind, ""), ""
    known = found.get(key)
    if known is None:
        found[key] = one
    else:
        known.merge(one)


def together(every: Iterable[Iterable[Knocks]]) -> list[Knocks]:
    """Return the knocks of the parts of one log."""
    found: dict[Key, Knocks] = {}
    for some in every:
        for one in some:
            add(found, one)
    return list(found.values())
