"""What a log format is: the few facts that tell one line-based log from another.

Every format is a value, never a class of its own; the functions that read lines are in `lines`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from extriage.model.evidence import Fields, Record
from extriage.model.state import Fact

Columns: TypeAlias = tuple[str, ...]
"""Column names as the log's own header gives them; an empty name is a column without a field."""


def names(text: str) -> Columns:
    """Make column names of a list written as in a log's header, over as many lines as it needs."""
    return tuple("".join(text.split()).split(","))


ROW_STARTS = (b"datetime,", b"date-time,", b"timestamp,")
"""How the header rows of Exchange logs begin, with or without `#Fields:` before them."""

FREE: Columns = ("Message",)
"""The only column of a log whose layout is not published and whose header is missing."""

_Whole = Literal["page", "document", "records"]
_Binary = Literal["events-binary", "file-table", "file-journal"]
Shape = _Whole | _Binary | Literal["lines", "events-json", "acts"]
Order = Literal["", "none", "time"]


def no_sibling(name: str) -> bytes | None:
    """Stand for a file of which nothing is known but itself."""
    return None


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is read as a whole for the facts in it."""

    path: str
    data: bytes
    """All of it, UTF-8 where the file was text."""
    modified: datetime | None = None
    """What the collection says; copies reset it."""
    siblings: Callable[[str], bytes | None] = no_sibling
    """Gives the file of a name in the same folder, such as a hive's log; None without one."""


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """How one kind of whole file is told from others and read."""

    accepts: Callable[[bytes, str], bool]
    """Gets the first 64 KiB and the path as the evidence has it."""
    read: Callable[[Document], Iterator[Fact]]
    """Yields the facts; DocumentError for a file that cannot be read, after what was read."""
    limit: int = 64 << 20
    """Larger files are named unreadable: they are held in memory."""


@dataclass(frozen=True, slots=True)
class RecordReader:
    """How one kind of whole file is told from others and becomes records that rules look at."""

    accepts: Callable[[bytes, str], bool]
    """Gets the first 64 KiB and the path as the evidence has it."""
    read: Callable[[Document], Iterator[Record]]
    """Yields the records; DocumentError for a file that cannot be read, after what was read."""
    fields: Columns
    """The fields that its records may have."""
    limit: int = 64 << 20
    """Larger files are named unreadable: they are held in memory."""


class DocumentError(Exception):
    """A document is damaged or not what it seems; the text says how."""


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How the lines of one kind of log are written."""

    kind: str
    delimiter: bytes
    """A comma for Exchange's CSV (RFC 4180), a blank for W3C logs."""
    columns: tuple[Columns, ...] = ()
    """Known layouts, told apart by their number of columns, for files that lost their header."""
    header_starts: tuple[bytes, ...] = ()
    """How a header row without `#Fields:` begins, in lower case."""
    host_fields: tuple[str, ...] = ()
    """Columns that name the server that wrote the log; the first one present counts."""
    part_field: str = ""
    """The column that tells which log of its kind this is."""
    part_names: tuple[tuple[str, str], ...] = ()
    """What a value of that column (in lower case) is called; others have the last name."""
    build_fields: tuple[str, ...] = ()
    """Four columns with one number each, or one column with the whole build somewhere in it."""
    build_mark: re.Pattern[str] | None = None
    """Where in a single build column the build stands: group 1 holds it."""
    decode: Callable[[Fields, str], None] | None = None
    """Adds the fields that are packed inside a column; gets the fields and the line's text."""
    url: tuple[str, str] | None = None
    """The columns with stem and query of a request: what they say beyond their text is added."""
    local_time: bool = False
    """Times are local and name no zone: lines of this log have no usable time."""
    made: Columns = ()
    """Fields that `decode` makes of the columns, as documents name them."""
    type_field: str = ""
    """The field that gets what the head calls the log (`#Log-type:`), where that tells it."""
    free: bool = False
    """The layout is not published: without a header the whole line is one message."""
    undated: Order = ""
    """Set if rows do not begin with a time: `time` if they stand in order of time, else `none`."""
    time_fields: tuple[str, ...] = ()
    """Where an undated row has its time; the first field with a time counts."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence that is recognised by content and read."""

    name: str
    shape: Shape
    exchange: bool
    """True if only an Exchange server writes it."""
    title: str
    format: LineFormat | None = None
    reader: DocumentReader | None = None
    records: RecordReader | None = None
