"""A file that the web server would execute: page, handler, service. What it says, and what it does.

Its text is the evidence; beside it stand the encoding, the wrapping, the tricks that hide what it
does, and where data of a request goes in it, each with a reason that can be read in the page.
"""

import re

from extriage.model.evidence import Origin, Record
from extriage.parsers.lines import TEXT_LIMIT
from extriage.parsers.page.encodings import decode
from extriage.parsers.page.structure import NOTHING_BUT_CODE, Page, take_apart
from extriage.parsers.page.study import Study, is_dull, look_closer
from extriage.parsers.page.wrapping import wrapping

CONTENT_LIMIT = 4 * 1024 * 1024
MOST_NAMES = 100
_LINE_ENDS = re.compile("[\u0085\u2028\u2029]")

__all__ = ["CONTENT_LIMIT", "page_record"]


def page_record(path: str, data: bytes, origin: Origin) -> Record:
    """Make a record of a whole page: its text, how it is written, and what it does.

    `Behaviours`, `Tricks`, `Reasons` and `Directives` hold several values each.
    """
    reading = decode(data[:CONTENT_LIMIT], cut=len(data) >= CONTENT_LIMIT)
    content = reading.text
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    _, dot, extension = name.rpartition(".")
    extension = extension.lower() if dot else ""
    if "\0" in content and "<%" not in content and "<\0%" in content:
        # NOTE: UTF-16 behind bytes that are none: ASP.NET reads on past the NULs.
        content = content.replace("\0", "")
    page, found = _studied(content, extension)
    for trick in reading.tricks:
        found.trick(trick)
    fields: dict[str, str | tuple[str, ...]] = {
        "Path": path,
        "FileName": name,
        "Extension": extension,
        "Size": str(len(data)),
        "Content": content,
        "FirstBytes": data[:8].hex(),
        "Encoding": reading.encoding,
        "Language": page.language,
        "Directives": tuple(one.text for one in page.directives),
        "Wrapped": wrapping(data, content),
        "Decoded": found.text(),
        "Tricks": tuple(sorted(found.tricks))[:MOST_NAMES],
        "Behaviours": found.behaviours()[:MOST_NAMES],
        "Reasons": found.reasons(),
    }
    return Record("web-file", None, origin, fields, content[:TEXT_LIMIT])


def _studied(content: str, extension: str) -> tuple[Page, Study]:
    code = content.replace("\0", "") if "\0" in content else content
    if is_dull(code, source=extension in NOTHING_BUT_CODE):
        page = take_apart(code, extension, closely=False)
        return page, Study(dict.fromkeys(page.tricks, 0))
    code = _in_lines(code)
    page = take_apart(code, extension)
    return page, look_closer(page, code)


def _in_lines(code: str) -> str:
    """Write every end of a line in the same way: .NET knows five, and each ends a comment."""
    if "\r" in code:
        code = code.replace("\r\n", "\n").replace("\r", "\n")
    return code if code.isascii() else _LINE_ENDS.sub("\n", code)
