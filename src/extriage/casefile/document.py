"""`case.json`: the whole case as one document, with its JSON Schema."""

from pathlib import Path
from typing import Any

import msgspec

from extriage.errors import CaseError, UsageError
from extriage.model.case import SCHEMA, Case


def encode(case: Case) -> bytes:
    """Write the case as indented UTF-8 JSON; times are ISO 8601 in UTC with `Z`."""
    return msgspec.json.format(msgspec.json.encode(case), indent=1) + b"\n"


def decode(data: bytes, name: str = "case.json") -> Case:
    """Read a case document; CaseError says where it is wrong."""
    try:
        case = msgspec.json.decode(data, type=Case)
    except msgspec.MsgspecError as error:
        raise CaseError(f"{name} is not a case of this version: {error}") from error
    if case.schema != SCHEMA:
        raise CaseError(f"{name} has schema {case.schema!r}; this version reads {SCHEMA!r}")
    return case


def load(path: Path) -> Case:
    """Read the case in a case folder, or the named `case.json`."""
    file = path / "case.json" if path.is_dir() else path
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read ({error.strerror}); name the folder that `scan` wrote"
        ) from error
    return decode(data, str(file))


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `case.json`."""
    document = msgspec.json.schema(Case)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "extriage case",
        **document,
    }
