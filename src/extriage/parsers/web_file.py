"""A file that the web server would execute: page, handler, service. Its text is the evidence."""

import codecs

from extriage.model.evidence import Origin, Record
from extriage.parsers.lines import TEXT_LIMIT
from extriage.parsers.text import text_of, utf16

CONTENT_LIMIT = 4 * 1024 * 1024


def page_record(path: str, data: bytes, origin: Origin) -> Record:
    """Make a record of a whole page; its text is decoded by byte order mark, UTF-8 or cp1252."""
    content = _decoded(data[:CONTENT_LIMIT])
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    _, dot, extension = name.rpartition(".")
    fields: dict[str, str | tuple[str, ...]] = {
        "Path": path,
        "FileName": name,
        "Extension": extension.lower() if dot else "",
        "Size": str(len(data)),
        "Content": content,
        "FirstBytes": data[:8].hex(),
    }
    return Record("web-file", None, origin, fields, content[:TEXT_LIMIT])


def _decoded(data: bytes) -> str:
    encoding, mark = utf16(data[: 64 * 1024])
    if encoding:
        return data[mark:].decode(encoding, "replace")
    if len(data) == CONTENT_LIMIT:
        # NOTE: a page cut inside a character is still UTF-8.
        whole, _ = codecs.utf_8_decode(data, "ignore", False)
        if len(whole.encode()) >= len(data) - 3:
            return whole
    return text_of(data)
