r"""Assemblies that ASP.NET compiled of pages, `App_Web_*.dll`: what code a page had that is gone.

Below `Temporary ASP.NET Files` they hold the page's class, its texts and the names of everything
that it called. Nothing of them is run. A record names the classes (`ASP.auth_x_aspx`), what they
are built on, what is called (`System.Diagnostics.Process.Start`), all texts, and the pages that
the texts name. `Compiled` is the compiler's own time stamp, in UTC; compilers that build the same
file from the same source write a digest there instead, which gives no sensible time. An assembly
that no record (`.compiled`) names was not made of a page. Primary source: ECMA-335, partition II.
"""

import logging
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers.base import Document, DocumentError, RecordReader, names
from extriage.parsers.clock import since_epoch
from extriage.parsers.compiledpage import application, in_application
from extriage.parsers.shippedpage import url_of_exchange
from extriage.parsers.tracetext import trace_record

KIND = "compiled-assembly"
FIELDS = names(
    """Types,BaseTypes,Calls,Pages,ForeignPages,Strings,Assembly,References,Compiled,Application,
    Path,FileName,Size"""
)
LIMIT = 16 << 20
_OWN = re.compile(r"app_(?:web|code|subcode|global|theme|browsers|web?references)[._-]", re.I)
_FOLDER = re.compile(r"[\\/]temporary asp\.net files[\\/]", re.IGNORECASE)
_COPY = re.compile(r"[\\/]assembly[\\/]dl\d[\\/]", re.IGNORECASE)
_VENDOR = re.compile(r"(?:microsoft|system|mscor|interop)\b", re.IGNORECASE)
"""Copies of libraries that Exchange and .NET bring along: large, and read from their own place."""
_PAGE = re.compile(
    r"~?/[\w./ %&()\[\]{}@+=,;!#$'^-]{1,400}\.(?:as[pmhc]x|svc|soap|cshtml)", re.I | re.A
)
_SIGNATURE = b"BSJB"
_STREAMS = 16
_ROWS = 100_000
_MOST = 2_000
_LONGEST = 4_096
_TEXTS = 512 * 1024
"""Characters of all texts together that are kept."""
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2050, 1, 1, tzinfo=UTC)


def accepts(head: bytes, path: str) -> bool:
    """Tell an assembly of pages by its name, or any by its place among the compiled files."""
    if not head.startswith(b"MZ"):
        return False
    name = path.replace("\\", "/").rpartition("/")[2]
    if _OWN.match(name):
        return True
    if not _FOLDER.search(path) or not name.lower().endswith(".dll"):
        return False
    return not (_COPY.search(path) and _VENDOR.match(name))


def read(document: Document) -> Iterator[Record]:
    """Yield the one record; DocumentError for what is damaged or no assembly of .NET."""
    fields = _fields(document.data, application(document.path))
    fields["Application"], fields["Path"] = application(document.path), document.path
    fields["FileName"] = document.path.replace("\\", "/").rpartition("/")[2]
    fields["Size"] = str(len(document.data))
    yield trace_record(KIND, None, Origin(document.path, 1), fields, FIELDS)


def _fields(data: bytes, below: str) -> Fields:
    _bounds(data)
    try:
        return _told(data, below)
    except DocumentError:
        raise
    except Exception as error:
        # NOTE: the library is not proof against every damaged header.
        raise DocumentError(f"is no readable assembly ({type(error).__name__})") from error


def _bounds(data: bytes) -> None:
    """Refuse what would make the library build far more than the file holds."""
    at = data.find(_SIGNATURE)
    while at >= 0:
        length = int.from_bytes(data[at + 12 : at + 16], "little")
        streams = int.from_bytes(data[at + 18 + length : at + 20 + length], "little")
        if length <= 256 and streams > _STREAMS:
            raise DocumentError(f"claims to have {streams:,} streams")
        at = data.find(_SIGNATURE, at + 1)


def _told(data: bytes, below: str) -> Fields:
    import dnfile  # noqa: PLC0415  # only needed when such a file is met

    opened: Any = dnfile.dnPE
    with _silence():
        image = opened(data=data, fast_load=True, clr_lazy_load=True)
        image.parse_data_directories([_CLR])
        return _named(image, below)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the library's own log lines, which quote the evidence, off the terminal."""
    root, nowhere, before = logging.getLogger(), logging.NullHandler(), logging.root.manager.disable
    # NOTE: with no handler at all its calls would install one that writes to stderr.
    root.addHandler(nowhere)
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
        root.removeHandler(nowhere)


def _named(image: Any, below: str) -> Fields:
    clr = image.net
    if clr is None or clr.metadata is None or clr.mdtables is None:
        raise DocumentError("is no assembly of .NET")
    if sum(table.num_rows for table in clr.mdtables.tables_list) > _ROWS:
        raise DocumentError(f"has more than {_ROWS:,} rows of metadata")
    texts = list(_texts(clr.user_strings))
    pages = tuple(
        dict.fromkeys(in_application(one, below) for one in texts if _PAGE.fullmatch(one))
    )
    fields: Fields = {
        "Types": tuple(_types(clr.mdtables.TypeDef)),
        "BaseTypes": tuple(_bases(clr.mdtables.TypeDef)),
        "Calls": tuple(dict.fromkeys(_calls(clr.mdtables.MemberRef))),
        "Strings": tuple(texts),
        "Pages": pages,
        "ForeignPages": tuple(page for page in pages if url_of_exchange(page) == "no"),
        "References": tuple(_column(clr.mdtables.AssemblyRef, "Name")),
        "Assembly": next(_column(clr.mdtables.Assembly, "Name"), ""),
        "Compiled": _compiled(image.FILE_HEADER.TimeDateStamp),
    }
    return fields


_CLR = 14
"""Place of the header of .NET among the data directories."""


def _compiled(stamp: int) -> str:
    time = since_epoch(stamp)
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time and _EARLIEST <= time <= _LATEST else ""


def _rows(table: Any) -> Iterator[Any]:
    for number, row in enumerate(table.rows if table is not None else ()):
        if row is None or number >= _MOST:
            return
        yield row


def _column(table: Any, name: str) -> Iterator[str]:
    for row in _rows(table):
        yield str(getattr(row, name))[:_LONGEST]


def _full(row: Any) -> str:
    space, name = str(row.TypeNamespace)[:_LONGEST], str(row.TypeName)[:_LONGEST]
    return f"{space}.{name}" if space else name


def _types(table: Any) -> Iterator[str]:
    return (name for row in _rows(table) if (name := _full(row)) != "<Module>")


def _bases(table: Any) -> Iterator[str]:
    for row in _rows(table):
        base = _target(row.Extends)
        if base and base != "System.Object":
            yield f"{_full(row)} : {base}"


def _calls(table: Any) -> Iterator[str]:
    for row in _rows(table):
        owner, name = _target(row.Class), str(row.Name)[:_LONGEST]
        yield f"{owner}.{name}" if owner else name


def _target(index: Any) -> str:
    """Name the class that an index points at; empty if it points at nothing that has a name."""
    row = index.row if index is not None and index.row_index > 0 else None
    return _full(row) if row is not None and hasattr(row, "TypeNamespace") else ""


def _texts(heap: Any) -> Iterator[str]:
    """Yield the texts of the code, from their heap as ECMA-335 describes it (II.24.2.4)."""
    data = b"" if heap is None else bytes(heap.__data__)
    at, left = 1, _TEXTS
    seen = set[str]()
    while at < len(data) and left > 0 and len(seen) < _MOST:
        size, width = _size(data, at)
        if not width:
            return
        text = data[at + width : at + width + size - 1].decode("utf-16-le", "replace")[:_LONGEST]
        at += width + size
        if text.strip("\0 ") and text not in seen:
            seen.add(text)
            left -= len(text)
            yield text


def _size(data: bytes, at: int) -> tuple[int, int]:
    """Read a compressed length (II.23.2): the length, and how many bytes it takes; 0 if neither."""
    first = data[at]
    if first < 0x80:
        return first, 1
    if first < 0xC0 and at + 1 < len(data):
        return (first & 0x3F) << 8 | data[at + 1], 2
    if first < 0xE0 and at + 3 < len(data):
        return struct.unpack_from(">I", data, at)[0] & 0x1FFFFFFF, 4
    return 0, 0


READER = RecordReader(accepts, read, FIELDS, LIMIT)
