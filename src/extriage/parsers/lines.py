"""Reading lines: headers, columns, times; one set of functions for every line-based log.

A record is one physical line. Only a properly closed quoted field may go over several; a line
that fits no columns stays whole and is matched as text, because that is where attacks stand.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers.base import FREE, Columns, LineFormat
from extriage.parsers.clock import Clock, day_of, iso_time
from extriage.parsers.request import lay_open
from extriage.parsers.text import BOM, text_of

JOIN_LIMIT = 64 * 1024
TEXT_LIMIT = 1 << 20
_LONGEST_TYPE = 80
_CSV_START = re.compile(rb'(?:\xef\xbb\xbf)?(?:,?"?\d{4}-\d\d-\d\dT\d\d:\d\d|#)')
_W3C_START = re.compile(rb"(?:\xef\xbb\xbf)?(?:\d{4}-\d\d-\d\d |\d\d:\d\d:\d\d |#)")
_NATIVE_START = re.compile(rb"(?:\xef\xbb\xbf)?(?:[0-9A-Fa-f.:%]+, |#)")
_NAME = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,79}")
_TIME_NAMES = ("datetime", "date-time", "timestamp", "time")


def header(fmt: LineFormat, line: bytes) -> Columns | None:
    """Give the column names if this line is a `#Fields:` line or a bare header row."""
    start = line[3:131] if line[:3] == BOM else line[:128]
    low = start.lower()
    if low.startswith(b"#fields:"):
        return _names(fmt, text_of(line).split(":", 1)[1].strip())
    low = low.replace(b'"', b"")
    if any(low.startswith(known) for known in fmt.header_starts):
        return _names(fmt, text_of(line).strip())
    return None


def log_type(line: bytes) -> bytes:
    """Give what a `#Log-type:` line calls the log; empty for every other line."""
    return line[10:].strip()[:_LONGEST_TYPE] if line[:10].lower() == b"#log-type:" else b""


def _names(fmt: LineFormat, text: str) -> Columns | None:
    if fmt.delimiter == b" ":
        names = text.split()
    else:
        names = [name.strip().strip('"') for name in text.split(",")]
    if not any(names) or not all(_NAME.fullmatch(name) for name in names if name):
        return None
    # NOTE: a list written twice on one line has been seen, one of the two cut short.
    starts = [at for at, name in enumerate(names) if name == names[0]] + [len(names)]
    pieces = [tuple(names[at:end]) for at, end in pairwise(starts)]
    return max(pieces, key=len)


def fallback_columns(fmt: LineFormat, line: bytes) -> Columns | None:
    """Choose a known layout by the number of columns, for files without a header."""
    if fmt.free:
        return FREE
    cells = _cells(fmt, text_of(line))
    if cells is None:
        return None
    for columns in fmt.columns:
        fitting = _fitting(fmt, columns, cells)
        if fitting and _plausible(columns, fitting):
            return columns
    return None


def _plausible(columns: Columns, cells: list[str]) -> bool:
    # NOTE: IIS 6 and IIS 7.0 both wrote 14 columns; only the port tells them apart.
    return "s-port" not in columns or cells[columns.index("s-port")].isdigit()


def starts_record(fmt: LineFormat, line: bytes) -> bool:
    """Say whether a line begins like a record, a comment or a header of this log."""
    start = _W3C_START if fmt.delimiter == b" " else _CSV_START
    if fmt.local_time:
        start = _NATIVE_START
    return start.match(line) is not None or header(fmt, line) is not None


def split(fmt: LineFormat, columns: Columns, line: bytes) -> list[str] | None:
    """Split a line into exactly these columns; None if it does not fit."""
    return _fit(fmt, columns, text_of(line))


def joined(fmt: LineFormat, columns: Columns, lines: Sequence[bytes]) -> list[str] | None:
    """Split physical lines that one quoted field may hold together; None if none does."""
    if columns == FREE or sum(map(len, lines)) + len(lines) > JOIN_LIMIT:
        return None
    if any(starts_record(fmt, line) for line in lines[1:]):
        return None
    return split(fmt, columns, b"\n".join(lines))


def _fit(fmt: LineFormat, columns: Columns, text: str) -> list[str] | None:
    if fmt.free and columns == FREE:
        return [text]
    cells = _cells(fmt, text)
    return None if cells is None else _fitting(fmt, columns, cells)


def _fitting(fmt: LineFormat, columns: Columns, cells: list[str]) -> list[str] | None:
    if len(cells) == len(columns):
        return _dashes(cells) if fmt.delimiter == b" " else cells
    # NOTE: two blanks are an empty value, but back ends also write one blank too many before
    # the user name; without their empty cells such rows fit.
    if columns and fmt.delimiter == b" " and len(cells) > len(columns):
        filled = [cell for cell in cells if cell]
        return _dashes(filled) if len(filled) == len(columns) else None
    return None


def _dashes(cells: list[str]) -> list[str]:
    return ["" if cell == "-" else cell for cell in cells]


def _cells(fmt: LineFormat, text: str) -> list[str] | None:
    if fmt.delimiter == b" ":
        return None if "\n" in text else text.split(" ")
    if fmt.local_time:
        return ["" if (cell := piece.strip()) == "-" else cell for piece in text.split(",")]
    if '"' in text:
        return _quoted(text.split(","))
    return None if "\n" in text else text.split(",")


def _quoted(pieces: list[str]) -> list[str] | None:
    """Put quoted fields together again: RFC 4180, with bare quotes elsewhere kept as they are."""
    cells: list[str] = []
    field: list[str] = []
    quotes = 0
    for piece in pieces:
        if not field and not piece.startswith('"'):
            if "\n" in piece:
                return None
            cells.append(piece)
            continue
        field.append(piece)
        quotes += piece.count('"')
        if quotes % 2:
            continue
        if not piece.endswith('"'):
            return None
        cells.append(",".join(field)[1:-1].replace('""', '"'))
        field, quotes = [], 0
    return None if field else cells


def record(fmt: LineFormat, columns: Columns, line: bytes, origin: Origin, clock: Clock) -> Record:
    """Make a record of a line; one that fits no columns is raw and keeps its text alone."""
    text = text_of(line)
    time = line_time(fmt, columns, line, clock)
    values = _fit(fmt, columns, text)
    if values is None and (known := fallback_columns(fmt, line)):
        columns, values = known, _fit(fmt, known, text)
    if values is None:
        return raw_record(fmt, line, origin, clock)
    fields: Fields = dict(zip(columns, values, strict=True))
    fields.pop("", None)
    if fmt.decode:
        fmt.decode(fields, text)
    if fmt.url:
        lay_open(fields, *fmt.url)
    if fmt.undated:
        time = _told_time(fmt, fields)
    return Record(fmt.kind, time, origin, fields, text[:TEXT_LIMIT], computer(fmt, columns, values))


def _told_time(fmt: LineFormat, fields: Fields) -> datetime | None:
    """Give the time that a field says; a time without zone counts as UTC."""
    told = (fields.get(name) for name in fmt.time_fields)
    times = (iso_time(one.encode("ascii", "replace")) for one in told if isinstance(one, str))
    return next(filter(None, times), None)


def raw_record(fmt: LineFormat, line: bytes, origin: Origin, clock: Clock) -> Record:
    """Make a record of a line that fits no columns: its text and, where readable, its time."""
    text = text_of(line)
    time = line_time(fmt, (), line, clock)
    fields: Fields = {}
    if fmt.free and fmt.decode:
        fmt.decode(fields, text)
    return Record(fmt.kind, time, origin, fields, text[:TEXT_LIMIT], raw=not fields)


def line_time(fmt: LineFormat, columns: Columns, line: bytes, clock: Clock) -> datetime | None:
    """Give the time of a line in UTC, whatever the layout; None if it cannot be known."""
    if fmt.local_time or fmt.undated:
        return None
    if fmt.delimiter == b" ":
        return _w3c_time(columns, line, clock)
    if line[:3] == BOM:
        line = line[3:]
    time = iso_time(line[1:41] if line[:1] == b'"' else line[:40])
    if time is not None or not columns:
        return time
    return _column_time(columns, line)


def _column_time(columns: Columns, line: bytes) -> datetime | None:
    # NOTE: the last Rps_Cmdlet row of a file may have an empty DateTime beside a good StartTime.
    at = _time_column(columns)
    cells = line.split(b",", at + 2)
    if at < len(cells) and (time := iso_time(cells[at].lstrip(b'"'))):
        return time
    if len(columns) > 1 and columns[1] == "StartTime" and len(cells) > 1 and not cells[0]:
        return iso_time(cells[1].lstrip(b'"'))
    return None


@lru_cache(maxsize=64)
def _time_column(columns: Columns) -> int:
    for at, name in enumerate(columns):
        if name.lower() in _TIME_NAMES:
            return at
    return 0


def _w3c_time(columns: Columns, line: bytes, clock: Clock) -> datetime | None:
    if line[:3] == BOM:
        line = line[3:]
    if columns[:2] == ("date", "time") or not columns:
        return iso_time(line[:40])
    date_at, time_at = _date_and_time(columns)
    cells = line.split(b" ", max(date_at, time_at) + 1)
    if max(date_at, time_at) >= len(cells):
        return None
    if date_at < 0:
        return clock.at(cells[time_at]) if time_at >= 0 else None
    if time_at >= 0:
        return iso_time(cells[date_at] + b" " + cells[time_at])
    # NOTE: a log with dates alone places a row on a day; its first second stands for the day.
    day = day_of(cells[date_at])
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


@lru_cache(maxsize=64)
def _date_and_time(columns: Columns) -> tuple[int, int]:
    low = [name.lower() for name in columns]
    return (
        low.index("date") if "date" in low else -1,
        low.index("time") if "time" in low else -1,
    )


def computer(fmt: LineFormat, columns: Columns, values: Sequence[str]) -> str:
    """Name the server that wrote the line, if the log says so."""
    for name in fmt.host_fields:
        if name in columns and (value := values[columns.index(name)]):
            server, mark, _ = value.partition("\\")
            # NOTE: a receive connector is `SERVER\connector`, a send connector names no server.
            return server if mark or name != "connector-id" else ""
    return ""


def part(fmt: LineFormat, columns: Columns, values: Sequence[str]) -> str:
    """Say which log of its kind a line stands in, such as HttpProxy's protocol."""
    if fmt.part_field not in columns:
        return ""
    value = values[columns.index(fmt.part_field)]
    return dict(fmt.part_names).get(value.lower(), fmt.part_names[-1][1])


def build(fmt: LineFormat, columns: Columns, values: Sequence[str]) -> str:
    """Give the running build that the line names, as `15.1.2375.7`, else an empty text."""
    if not fmt.build_fields or any(name not in columns for name in fmt.build_fields):
        return ""
    parts = [values[columns.index(name)] for name in fmt.build_fields]
    if fmt.build_mark:
        found = fmt.build_mark.search(parts[0])
        parts = found[1].split(".") if found else []
    if len(parts) != 4 or not all(re.fullmatch(r"[0-9]{1,5}", part) for part in parts):
        return ""
    return ".".join(str(int(part)) for part in parts)
