"""Look at one page: known good, or else with all rules, whatever language they are written in."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from extriage.knowledge.shipped import shipped_fields
from extriage.matchers.yara import Mark, YaraMatch, scan_bytes
from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers import page_record
from extriage.parsers.text import BOM
from extriage.pipeline.collect import Collector
from extriage.pipeline.pack import Pack

PAGE_LIMIT = 4 << 20
"""Bytes of a page that are looked at; the manifest names a page that is larger."""
KIND = "web-file"

_TEXTS = {"Content": "text of the page", "Decoded": "text with its tricks undone"}
"""Fields with text that YARA rules look at besides the bytes."""


@dataclass(slots=True)
class PageReader:
    """Looks at pages, one after the other."""

    pack: Pack
    collector: Collector
    reasons: list[str] = field(default_factory=list)
    """What was not searched, and why."""

    def read(self, path: str, data: bytes, sha256: str) -> None:
        """Look at one page; `sha256` is that of the whole file, `data` at most `PAGE_LIMIT`.

        A page that Microsoft ships with this content at this place needs no further look.
        """
        known = shipped_fields(path, sha256)
        if known["ShippedHash"] != "yes":
            page = with_texts(_record(path, data, known), data)
            _sigma(self, page)
            self.reasons += look(self.pack, self.collector, page)


def known_page(path: str, data: bytes, sha256: str) -> Record:
    """Read a page, and add what the tables of Microsoft's own files say of it."""
    return _record(path, data, shipped_fields(path, sha256))


def _record(path: str, data: bytes, known: Fields) -> Record:
    page = page_record(path, data, Origin(path, 1))
    return replace(page, fields=page.fields | known)


def _sigma(reader: PageReader, page: "Page") -> None:
    """Run the Sigma rules; what they ask for may stand in the page or in what is told of it."""
    text = searched(page)
    prefilter = reader.pack.prefilter(page.record.kind)
    literals = {literal for _, literal in prefilter.hits(text)}
    for watch in prefilter.candidates(literals, text):
        if watch.target.matches(page.record):
            reader.collector.add(watch, page.record, page.data)


@dataclass(frozen=True, slots=True)
class Page:
    """A file with its record, and the texts that say something else than its bytes."""

    record: Record
    data: bytes
    texts: tuple[tuple[str, bytes], ...]
    """In words what it is, and its bytes."""


def with_texts(record: Record, data: bytes) -> Page:
    """Put a file's texts beside its record: they are made once for all rules."""
    return Page(record, data, tuple(_texts(record, data).items()))


def searched(page: Page) -> bytes:
    """Return what literals of rules are searched in: the page, its texts, and all its fields."""
    texts = (text for _, text in page.texts)
    return b"\n".join((page.data, _told(page.record.fields), *texts)).lower()


def _told(fields: Fields) -> bytes:
    """Return what is told of a page besides its text."""
    told = "\n".join(
        [
            one if isinstance(one, str) else "\n".join(one)
            for name, one in fields.items()
            if name not in _TEXTS
        ]
    )
    # NOTE: letters beyond ASCII become small here, for bytes know only those of ASCII.
    return told.lower().encode("utf-8", "replace")


def look(pack: Pack, collector: Collector, page: Page) -> tuple[str, ...]:
    """Run the YARA rules over a file and its texts; return what was not searched."""
    record, data = page.record, page.data
    scanned = scan_bytes(pack.yara, data, page.texts, record.kind, record.origin.path)
    for match in scanned.matches:
        collector.add_match(match.rule, seen(record, match), data)
    return scanned.troubles


def _texts(record: Record, data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, words in _TEXTS.items():
        value = record.fields.get(name)
        if not value or not isinstance(value, str):
            continue
        text = value.encode("utf-8", "replace")
        same = text == data or (data.startswith(BOM) and text == data[len(BOM) :])
        if text and not same and text not in found.values():
            found[words] = text
    return found


def seen(record: Record, match: YaraMatch) -> Record:
    """Return the record as one rule saw it: at the first place that met it, and with reasons."""
    told = record.fields.get("Reasons", ())
    reasons = (*_reasons(match), *((told,) if isinstance(told, str) else told))
    fields: Fields = {**record.fields, "Reasons": reasons}
    if not match.marks:
        return replace(record, fields=fields)
    first = match.marks[0]
    origin = replace(record.origin, line=first.line, offset=first.offset)
    return replace(record, fields=fields, origin=origin)


def _reasons(match: YaraMatch) -> Iterator[str]:
    where = f" of the {match.text}" if match.text else ""
    for mark in match.marks:
        yield f"{_place(mark)}{where}: {' '.join(mark.text.split())} ({mark.name})"
    if not match.marks:
        yield f"rule {match.rule.id} is met by the {match.text or 'file'} as a whole"


def _place(mark: Mark) -> str:
    return f"line {mark.line}, byte {mark.offset:,}"
