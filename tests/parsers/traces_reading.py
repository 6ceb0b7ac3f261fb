"""Reads files that become records the way the scanner does, for tests of their parsers."""

import io
from datetime import datetime

from extriage import parsers
from extriage.model.evidence import Origin, Record

TEMPORARY = "C/Windows/Microsoft.NET/Framework64/v4.0.30319/Temporary ASP.NET Files"
OWA = f"{TEMPORARY}/owa/8e05b027/e164d61b"


def traces_of(
    data: bytes, name: str, modified: datetime | None = None
) -> tuple[str, list[Record], str]:
    """Give a file's kind, its records, and what is wrong with it."""
    head, stream, _ = parsers.open_text(io.BytesIO(data))
    kind = parsers.recognise(head, name)
    reader = parsers.KINDS[kind].records if kind else None
    found: list[Record] = []
    if reader is None:
        return kind, found, ""
    try:
        for record in reader.read(parsers.Document(name, stream.read(), modified)):
            assert record.kind == kind
            assert set(record.fields) <= set(reader.fields)
            found.append(record)
    except parsers.DocumentError as error:
        return kind, found, str(error)
    return kind, found, ""


def rows_of(data: bytes, name: str) -> tuple[str, list[Record]]:
    """Give the kind of an export and the records of its rows."""
    kind = parsers.recognise(data, name)
    layout = parsers.KINDS[kind].format
    assert layout is not None
    columns: parsers.Columns = ()
    found = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        row = line.rstrip(b"\r")
        named = parsers.header(layout, row)
        columns = named or columns
        if row and named is None:
            held = columns or parsers.fallback_columns(layout, row) or ()
            found.append(parsers.record(layout, held, row, Origin(name, number), parsers.Clock()))
    return kind, found
