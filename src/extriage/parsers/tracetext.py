"""Records of files that are read whole: their text is every field, so that each can be found."""

from datetime import datetime

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers.base import Columns


def trace_record(
    kind: str, time: datetime | None, origin: Origin, fields: Fields, order: Columns
) -> Record:
    """Make a record of what a file says; fields without a value are left out."""
    kept: Fields = {name: fields[name] for name in order if fields.get(name)}
    return Record(kind, time, origin, kept, _text(kept))


def _text(fields: Fields) -> str:
    return "; ".join(f"{name}={_plain(value)}" for name, value in fields.items())


def _plain(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
