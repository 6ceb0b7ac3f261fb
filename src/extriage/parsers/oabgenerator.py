"""OABGenerator log: the service that builds and fetches offline address books, UTC.

Its layout is not published. The line that matters says that a temporary file could not be removed
after a failed download; a path outside the address book folder means that the service was used to
write a file (CVE-2021-26858, CVE-2021-27065).
"""

import re

from extriage.model.evidence import Fields
from extriage.parsers.base import FREE, ROW_STARTS, LineFormat

_TEMPORARY = re.compile(
    r"temporary file ['\"]{1,4}(.{1,1024}?)['\"]{1,4} needs to be removed", re.IGNORECASE
)
_QUOTED_PATH = re.compile(r"['\"]((?:[A-Za-z]:\\|\\\\)[^'\"]{1,1024})['\"]")


def decode(fields: Fields, text: str) -> None:
    """Add the line's text as `Message` and the path quoted in it as `Path`."""
    fields["Message"] = text
    if "removed" in text or "\\" in text:
        found = _TEMPORARY.search(text) or _QUOTED_PATH.search(text)
        if found:
            fields["Path"] = found[1]


FORMAT = LineFormat(
    kind="oab-generator",
    delimiter=b",",
    columns=(FREE,),
    header_starts=ROW_STARTS,
    host_fields=("ServerName", "Server", "ServerHostName", "MachineName"),
    decode=decode,
    free=True,
)
