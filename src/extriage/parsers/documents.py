"""The register of files that are read as a whole for what they say of the server's state.

Each kind has a module of its own; it is told by its content, and by its name only where a file of
any content is of interest because of its name.
"""

from extriage.parsers.base import Kind

DOCUMENTS: tuple[Kind, ...] = ()
"""Tried in this order, after all logs and before web files."""


def document_kind(head: bytes, name: str) -> str:
    """Name the kind of a document; empty if it is none."""
    for kind in DOCUMENTS:
        if kind.reader is not None and kind.reader.accepts(head, name):
            return kind.name
    return ""
