"""Turn records into the trail: is it a suspect's, what does it tell, and is he alone?

A record belongs to a suspect if its keys say so, never because a text stands somewhere in it. What
turns out to be everybody's, such as the address of a proxy, is not followed any further in the log.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

from extriage import parsers as parsing
from extriage.analysis.crowds import Crowds
from extriage.analysis.pageurl import file_of, page_of
from extriage.analysis.suspects import Suspect
from extriage.analysis.trailsuspects import agent_of, started
from extriage.casefile.trail import microseconds, pack
from extriage.knowledge.joins import Keys, address_of, keys_of
from extriage.knowledge.trailfields import number, told, trail_fields
from extriage.matchers.deeds import Deeds, load_deeds
from extriage.model.evidence import Fields, Record
from extriage.model.trail import TrailRecord
from extriage.pipeline.hunting import WEB, Hunt
from extriage.pipeline.spill import Found, Spill, Stretch

TEXT = 1000
TARGET = 2000
_SHORT = 300
_DIGEST = 8


@dataclass(slots=True)
class Follower:
    """Takes the records of one log."""

    hunt: Hunt
    spill: Spill
    crowds: dict[str, Crowds] = field(default_factory=dict)
    """By the computer that the records name."""
    untimed: int = 0
    """Records of suspects whose log has no usable time."""
    count: int = 0
    _start: int = field(default=-1, init=False)
    _suspects: dict[int, Suspect] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Remember where its records begin."""
        self._start = self.spill.at()
        self._suspects = dict(self.hunt.wanted.trail.suspects)

    def stretch(self) -> Stretch:
        """Return where its records stand."""
        return Stretch(str(self.spill.path), self._start, self.spill.at(), self.count)

    def wants(self, marks: set[int]) -> bool:
        """Tell whether a line with these hits may be a suspect's record."""
        known = self.hunt.marks
        for mark in marks:
            one = known[mark]
            if one.page or one.literal >= 0 or any(map(self._alone, one.suspects)):
                return True
            if any(other in marks and self._alone(number) for other, number in one.beside):
                return True
        return bool(self.hunt.prefilter.always)

    def _alone(self, number: int) -> bool:
        """Tell whether a suspect was not yet found to be everybody's, whichever computer's."""
        suspect = self._suspects[number]
        # NOTE: mostly a log names one computer, or none.
        return not all(suspect in one.shared for one in self.crowds.values()) or not self.crowds

    def see(self, record: Record, raw: bytes, marks: set[int]) -> None:
        """Take in a record of a line log."""
        self._see(record, raw, list(self._rules(record, raw, marks)), _digest(record.kind, raw))

    def see_event(self, record: Record, document: bytes, marks: set[int]) -> None:
        """Take in a record of what is no line: an event, an act of the audit."""
        rules = list(self._rules(record, document, marks))
        self._see(record, document, rules, _identity(record, document))

    def _rules(self, record: Record, raw: bytes, marks: set[int]) -> Iterator[int]:
        """Yield the rules that are followed and that a record meets."""
        prefilter = self.hunt.prefilter
        if not prefilter.watches or record.raw:
            return
        literals = {at for mark in marks if (at := self.hunt.marks[mark].literal) >= 0}
        for watch in prefilter.candidates(literals, raw.lower()):
            if watch.target.matches(record):
                yield from self.hunt.numbers.get(("rule", watch.rule.rule.id), ())

    def _see(self, record: Record, raw: bytes, rules: list[int], digest: int) -> None:
        keys = () if record.raw else keys_of(record.fields)
        hits = sorted({*self._hits(record, keys), *rules})
        if not hits:
            return
        if record.time is None:
            self.untimed += 1
            return
        values = dict(reversed(keys))
        seen = (values.get("account", ""), values.get("address", ""), values.get("agent", ""))
        status = told(record.fields, trail_fields(record.kind).status)[:20]
        crowds = self.crowds.setdefault(record.computer, Crowds())
        alone = []
        for one in hits:
            suspect = self._suspects[one]
            if suspect not in crowds.shared:
                # NOTE: the record that shows it is still kept, so that whoever gathers sees it too.
                crowds.see(suspect, *seen, status)
                alone.append(one)
        if alone:
            self.count += 1
            self.spill.write(
                Found(
                    *(record.computer, microseconds(record.time), record.origin.line),
                    *(record.origin.offset, digest, tuple(alone)),
                    *(seen[1], seen[0], seen[2], status, next(iter(started(keys)), "")),
                    pack(made(record, keys)),
                )
            )

    def _hits(self, record: Record, keys: Keys) -> Iterator[int]:
        """Yield the suspects that a record belongs to, by its keys."""
        numbers = self.hunt.numbers
        for name, value in _compared(record, keys):
            yield from numbers.get((name, value), ())


def _compared(record: Record, keys: Keys) -> Iterator[tuple[str, str]]:
    """Yield what of a record is compared with what is followed."""
    address = agent = ""
    for name, value in keys:
        if name == "agent":
            agent = agent_of(value)
            yield name, agent
        elif name == "page":
            yield "page-name", value
        else:
            yield name, value
        if name == "address":
            address = value
    if address and agent:
        yield "visitor", f"{address} {agent}"
    if record.kind in WEB:
        stem = record.fields.get("cs-uri-stem" if record.kind == "iis" else "UrlStem", "")
        if isinstance(stem, str):
            yield "page", page_of(stem)
            yield "file", file_of(stem)


@cache
def _deeds() -> Deeds:
    return load_deeds()


def made(record: Record, keys: Keys) -> TrailRecord:
    """Make the trail's record of a record; who it was collected for is told beside it."""
    kind, fields, names = record.kind, record.fields, trail_fields(record.kind)
    assert record.time is not None
    pieces = [piece for names_of in names.target if (piece := told(fields, names_of))]
    target = names.joiner.join([piece.lstrip(names.joiner) for piece in pieces])
    return TrailRecord(
        kind,
        _part(record),
        record.time,
        record.origin.path,
        record.origin.line,
        record.origin.offset,
        record.text[:TEXT],
        keys,
        (),
        told(fields, names.method)[:_SHORT],
        target[:TARGET],
        told(fields, names.status)[:_SHORT],
        told(fields, names.account)[:_SHORT],
        _address(told(fields, names.address)),
        told(fields, names.agent).replace("+", " ")[:_SHORT],
        number(fields, names.bytes_in),
        number(fields, names.bytes_out),
        number(fields, names.took),
        _deeds().of(record),
    )


@lru_cache(maxsize=4096)
def _address(text: str) -> str:
    read = address_of(text)
    return str(read) if read else text[:_SHORT]


def _part(record: Record) -> str:
    """Say which log of its kind a record stands in."""
    if record.kind.startswith("events"):
        return _one(record.fields, "Channel")
    kind = parsing.KINDS.get(record.kind)
    format = kind.format if kind else None
    if format is None or not format.part_field:
        return _one(record.fields, format.type_field) if format and format.type_field else ""
    value = record.fields.get(format.part_field)
    if not isinstance(value, str):
        return ""
    return dict(format.part_names).get(value.lower(), format.part_names[-1][1])


def _one(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else next(iter(value), "")


def _digest(kind: str, raw: bytes) -> int:
    """Return what makes a line itself, wherever a copy of it lies."""
    found = hashlib.blake2b(raw, digest_size=_DIGEST, person=kind[:16].encode()).digest()
    return int.from_bytes(found, "big", signed=True)


def _identity(record: Record, document: bytes) -> int:
    """Return what makes an event itself, whatever program exported it."""
    number = _one(record.fields, "EventRecordID")
    if not number or record.time is None:
        return _digest(record.kind, document)
    named = (record.computer.lower(), _one(record.fields, "Channel").lower(), number)
    second = int(record.time.timestamp())
    return _digest("event", "\0".join((*named, str(second))).encode("utf-8", "replace"))
