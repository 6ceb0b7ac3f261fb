"""Reads whole files the way the scanner does, one line at a time, for tests of the parsers."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from extriage import parsers
from extriage.model.evidence import Origin, Record

EVIDENCE = Path(__file__).parents[1] / "evidence"


def kind_of(path: Path) -> str:
    return parsers.recognise(path.read_bytes()[: 64 * 1024], path.name)


def line_records(data: bytes, name: str) -> Iterator[Record]:
    """Read a line log; headers and comments are taken note of and give no record."""
    head, stream, _ = parsers.open_text(io.BytesIO(data))
    kind = parsers.recognise(head, name)
    fmt = parsers.KINDS[kind].format
    assert fmt is not None
    columns: parsers.Columns = ()
    clock = parsers.Clock(name)
    for number, line in enumerate(stream.read().split(b"\n"), start=1):
        row = line.rstrip(b"\r")
        clock.see(row)
        columns = parsers.header(fmt, row) or columns
        if row and row[:1] != b"#" and parsers.header(fmt, row) is None:
            yield parsers.record(fmt, columns, row, Origin(name, number), clock)


def event_records(path: Path) -> Iterator[Record]:
    with path.open("rb") as stream:
        for document in parsers.events_binary(stream):
            if isinstance(document, bytes):
                yield parsers.event_record(document, path.name, 0)


def shown(record: Record) -> dict[str, Any]:
    """Lay a record out for a golden file; empty fields are left out, their number is not."""
    return {
        "kind": record.kind,
        "line": record.origin.line,
        "time": record.time.isoformat() if record.time else None,
        "computer": record.computer,
        "raw": record.raw,
        "columns": len(record.fields),
        "fields": {name: value for name, value in record.fields.items() if value},
    }


def golden_lines(records: Iterator[Record]) -> str:
    lines = (json.dumps(shown(record), ensure_ascii=False) for record in records)
    return "".join(f"{line}\n" for line in lines)
