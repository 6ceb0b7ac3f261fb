"""The register of files that are read whole and become records: traces of what may be gone."""

from extriage.parsers import antivirus, assembly, compiledpage
from extriage.parsers.base import Kind

TRACES: tuple[Kind, ...] = (
    Kind(compiledpage.KIND, "records", False, "Compiled page", records=compiledpage.READER),
    Kind(assembly.KIND, "records", False, "Assembly of pages", records=assembly.READER),
    Kind(antivirus.KIND, "records", False, "Antivirus log", records=antivirus.READER),
)
"""Tried in this order, after what IIS executes by its name and after all logs."""


def trace_kind(head: bytes, path: str) -> str:
    """Name the kind of such a file; empty if it is none."""
    for kind in TRACES:
        if kind.records is not None and kind.records.accepts(head, path):
            return kind.name
    return ""
