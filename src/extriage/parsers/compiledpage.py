r"""What ASP.NET leaves of a page that it compiled: the record, and sources of debug compilations.

Below `Temporary ASP.NET Files\<application>\<hash>\<hash>` lies one `<page>.<hash>.compiled` for
each page that was requested at least once since the application was last compiled anew. It names
the page's path, class and assembly, and it survives the deletion of the page. Its own file time
is the first request, as far as the collection keeps it: copies reset it, so it is told as
`Modified` and is never the time of the record. If the page or the site compiles for debugging,
the source that was made of the page (`.cs`, `.vb`) and the compiler's orders (`.cmdline`) lie
beside it. Primary source: https://learn.microsoft.com/dotnet/api/system.web.compilation.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers.base import Document, DocumentError, RecordReader, names
from extriage.parsers.shippedpage import url_of_exchange
from extriage.parsers.text import text_of
from extriage.parsers.tracetext import trace_record
from extriage.parsers.xmlstream import Start, elements, root_of

KIND = "compiled-page"
FIELDS = names(
    """Form,VirtualPath,ShippedPath,Assembly,Type,ResultType,Hash,FileHash,Flags,FileDeps,Content,
    Application,Path,FileName,Modified"""
)
_FOLDER = re.compile(r"temporary asp\.net files[\\/]([^\\/]{1,200})[\\/]", re.IGNORECASE)
_GENERATED = re.compile(r"\.\d{1,4}\.(?:cs|vb|js)$", re.IGNORECASE)
_ORDERS = re.compile(rb"/out:", re.IGNORECASE)
_ATTRIBUTES = {
    "resulttype": "ResultType",
    "virtualpath": "VirtualPath",
    "hash": "Hash",
    "filehash": "FileHash",
    "flags": "Flags",
    "assembly": "Assembly",
    "type": "Type",
}
_LOOSE = re.compile(r"([A-Za-z]{1,20})\s{0,8}=\s{0,8}\"([^\"]{0,4096})\"")
"""An attribute where the XML is damaged."""
_APP_PATH = re.compile(r"AppRelativeVirtualPath\s{0,8}=\s{0,8}@?\"(~?/[^\"\r\n]{1,1024})\"")
_LINES = re.compile(
    r"^\s{0,40}#(?:line\s{1,8}\d{1,9}|ExternalSource\()\s{0,8}\"([^\"\r\n]{1,1024})\"", re.MULTILINE
)
_CLASS = re.compile(r"\bclass\s{1,8}@?([A-Za-z_]\w{0,250})", re.IGNORECASE)
_OUT = re.compile(r"/out:\s{0,4}(?:\"([^\"\r\n]{1,1024})\"|(\S{1,1024}))", re.IGNORECASE)
_SOURCE = re.compile(r"\"([^\"\r\n]{1,1024}\.(?:cs|vb|js))\"", re.IGNORECASE)
_MOST = 200
_VALUE = 4096
_CONTENT = 256 * 1024


def accepts(head: bytes, path: str) -> bool:
    """Tell a record by its XML or its name, and sources and orders by the folder they lie in."""
    root, name = root_of(head), path.replace("\\", "/").rpartition("/")[2].lower()
    if root == b"preserve" and b"virtualpath" in head[:8192].lower():
        return True
    if name.endswith(".compiled"):
        return root == b"preserve" or b"<preserve" in head[:8192]
    if not _FOLDER.search(path) or b"\0" in head[:4096]:
        return False
    return bool(_GENERATED.search(name)) or (
        name.endswith(".cmdline") and _ORDERS.search(head) is not None
    )


def application(path: str) -> str:
    """Name the application that a file in Temporary ASP.NET Files belongs to: `owa`, `root`."""
    found = _FOLDER.search(path)
    return found[1] if found else ""


def in_application(path: str, below: str) -> str:
    """Make `/owa/auth/x.aspx` of `~/auth/x.aspx` in the application `owa`."""
    if not path.startswith("~") or below.lower() in ("", "root"):
        return path.removeprefix("~")
    return f"/{below}{path[1:]}"


def read(document: Document) -> Iterator[Record]:
    """Yield the one record; DocumentError after it if the XML is damaged."""
    fields: Fields = {}
    name = document.path.replace("\\", "/").rpartition("/")[2]
    broken: DocumentError | None = None
    if name.lower().endswith((".cs", ".vb", ".js")):
        _source(fields, text_of(document.data[:_CONTENT]), application(document.path))
    elif name.lower().endswith(".cmdline"):
        _orders(fields, text_of(document.data[:_CONTENT]))
    else:
        broken = _preserved(fields, document.data)
    virtual = fields.get("VirtualPath", "")
    fields["ShippedPath"] = url_of_exchange(virtual) if isinstance(virtual, str) else ""
    fields["Application"], fields["Path"] = application(document.path), document.path
    fields["FileName"] = name
    if document.modified is not None:
        fields["Modified"] = f"{document.modified.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    yield trace_record(KIND, None, Origin(document.path, 1), fields, FIELDS)
    if broken is not None:
        raise broken


def _preserved(fields: Fields, data: bytes) -> DocumentError | None:
    fields["Form"] = "record"
    needed: list[str] = []
    broken: DocumentError | None = None
    try:
        for event in elements(data):
            if not isinstance(event, Start):
                continue
            if event.name == "preserve":
                _take(fields, event.attributes.items())
            elif event.name == "filedep" and len(needed) < _MOST:
                needed.append(event.attributes.get("name", "")[:_VALUE])
    except DocumentError as error:
        broken = error
        if "VirtualPath" not in fields:
            # NOTE: a record that was cut or tampered with still names its page.
            _take(fields, _LOOSE.findall(text_of(data[:65_536])))
    fields["FileDeps"] = tuple(filter(None, needed))
    return broken


def _take(fields: Fields, attributes: Iterable[tuple[str, str]]) -> None:
    for key, value in attributes:
        known = _ATTRIBUTES.get(key.lower())
        if known and value:
            fields.setdefault(known, value[:_VALUE])


def _source(fields: Fields, text: str, below: str) -> None:
    """Read the source that ASP.NET made of a page: its class, and where it came from."""
    fields["Form"], fields["Content"] = "source", text
    if found := _APP_PATH.search(text):
        fields["VirtualPath"] = in_application(found[1], below)
    if named := _CLASS.search(text):
        fields["Type"] = f"ASP.{named[1]}"
    places = [found[1] for found, _ in zip(_LINES.finditer(text), range(5000), strict=False)]
    fields["FileDeps"] = tuple(dict.fromkeys(places))[:_MOST]


def _orders(fields: Fields, text: str) -> None:
    """Read the compiler's orders: the assembly that came out, and the sources that went in."""
    fields["Form"], fields["Content"] = "compiler-orders", text
    if found := _OUT.search(text):
        fields["Assembly"] = (found[1] or found[2]).replace("/", "\\").rpartition("\\")[2]
    sources = [found[1] for found, _ in zip(_SOURCE.finditer(text), range(_MOST), strict=False)]
    fields["FileDeps"] = tuple(dict.fromkeys(sources))


READER = RecordReader(accepts, read, FIELDS, 4 << 20)
