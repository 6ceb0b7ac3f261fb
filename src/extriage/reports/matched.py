"""Matches of a query as text: raw lines, aligned fields, JSON lines or CSV, one match at a time.

Evidence is hostile: whatever a screen would obey is shown as an escape (`reports.neutral`). Only
raw lines that go into a file or a pipe are the exact bytes of the evidence.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from extriage.reports.neutral import cell, cut, visible, width

WIDEST = 48
"""Columns of the screen that one aligned field may fill."""
FORMATS = ("raw", "fields", "jsonl", "csv")
USUAL = ("time", "address", "account", "method", "url", "status")
"""Fields that are shown when none are named."""


class Met(Protocol):
    """One match, as far as it is shown."""

    path: str
    line: int
    kind: str
    time: str
    host: str
    raw: bytes
    cells: tuple[str, ...]
    fields: dict[str, str | tuple[str, ...]]


@dataclass(slots=True)
class Printer:
    """Makes text of matches."""

    format: str
    columns: tuple[str, ...]
    screen: bool
    """True for a terminal: nothing reaches it as it is."""
    widths: list[int] = field(default_factory=list)

    def head(self) -> bytes:
        """Return what stands above the matches."""
        if self.format == "csv":
            names = ("path", "line", "time", "kind", "host", *self.columns, "text")
            return _row(names)
        if self.format == "fields":
            self.widths = [len(name) for name in self.columns]
            return f"{'  '.join(map(visible, self.columns))}  path:line\n".encode()
        return b""

    def match(self, hit: Met) -> bytes:
        """Return one match with its line end."""
        if self.format == "fields":
            return self._aligned(hit)
        if self.format == "jsonl":
            return _document(hit, self.columns)
        if self.format == "csv":
            text = hit.raw.decode("utf-8", "replace")
            known = (hit.path, str(hit.line), hit.time, hit.kind, hit.host)
            return _row((*known, *hit.cells, text))
        if self.screen:
            text = hit.raw.decode("utf-8", "replace")
            return f"{visible(hit.path)}:{hit.line}:{visible(text)}\n".encode()
        place = f"{hit.path}:{hit.line}:".encode("utf-8", "replace")
        return place + hit.raw + b"\n"

    def _aligned(self, hit: Met) -> bytes:
        shown = [cut(one, WIDEST) or "-" for one in hit.cells]
        for at, one in enumerate(shown):
            self.widths[at] = max(self.widths[at], width(one))
        padded = (
            one + " " * (wide - width(one)) for one, wide in zip(shown, self.widths, strict=True)
        )
        place = f"{visible(hit.path)}:{hit.line}"
        return f"{'  '.join(padded)}  {place}\n".encode("utf-8", "replace")


def _row(values: Sequence[str]) -> bytes:
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerow([cell(value) for value in values])
    return table.getvalue().encode("utf-8", "replace")


def _document(hit: Met, columns: tuple[str, ...]) -> bytes:
    # NOTE: ASCII alone, so that no control of the evidence reaches a screen.
    fields = dict(zip(columns, hit.cells, strict=True)) if columns else hit.fields
    document = {
        "path": hit.path,
        "line": hit.line,
        "time": hit.time or None,
        "kind": hit.kind,
        "host": hit.host,
        "fields": fields,
        "text": hit.raw.decode("utf-8", "replace"),
    }
    return json.dumps(document).replace("\x7f", "\\u007f").encode() + b"\n"
