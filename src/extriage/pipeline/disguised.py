"""Lines whose URL is disguised: what they say besides is searched for literals as well."""

from collections.abc import Iterable

from extriage.matchers.prefilter import Prefilter, Watch
from extriage.model.evidence import Record
from extriage.parsers import Columns, LineFormat
from extriage.parsers.disguise import SIGNS, line_text


def in_url(format: LineFormat, columns: Columns | None, raw: bytes) -> bool:
    """Tell whether a URL in a line can be read in another way than it is written.

    Addresses with a scope and the pages that clients came from often look like it.
    """
    if format.url is None or SIGNS.search(raw) is None:
        return False
    cells = raw.split(format.delimiter)
    if columns is None or len(cells) != len(columns) or b'"' in raw:
        return True
    found = [cells[columns.index(name)] for name in format.url if name in columns]
    return any(SIGNS.search(cell) for cell in found)


def made(record: Record, columns: Columns) -> bytes:
    """Return, in lower case, all text that reading a line made and that does not stand in it."""
    if record.raw:
        return line_text(record.text).lower().encode("utf-8", "replace")
    texts: list[str] = []
    for name, value in record.fields.items():
        if name not in columns:
            texts += (value,) if isinstance(value, str) else value
    return "\n".join(texts).lower().encode("utf-8", "replace")


def literals_of(prefilter: Prefilter, lowered: bytes) -> set[int]:
    """Return all literals in a line and in what it says besides."""
    return {literal for _, literal in prefilter.hits(lowered)}


def met(watches: Iterable[Watch], record: Record, format: LineFormat) -> list[Watch]:
    """Return the rules that a record meets; of a line without columns they see all texts."""
    if not record.raw:
        return [watch for watch in watches if watch.target.matches(record)]
    more = line_text(record.text) if format.url else ""
    text = f"{record.text}\n{more}" if more else record.text
    return [watch for watch in watches if watch.target.matches_raw(text)]
