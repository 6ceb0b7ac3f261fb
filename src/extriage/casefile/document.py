"""`case.json`: the whole case as one document, with its JSON Schema.

A document of another version is told by its schema, which is read before the rest, so that the
message speaks of the version and not of a field. Fields that this version does not know are left
out, and those that an earlier scan did not write have their defaults: a case of the same schema can
always be read.
"""

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from extriage.errors import UsageError
from extriage.model.case import SCHEMA, Case

T = TypeVar("T")

_FAMILY, _, _NUMBER = SCHEMA.partition("/")
_HEAD = re.compile(rb'\s*\{\s*"schema"\s*:\s*"([^"\\]{0,100})"')
"""How every case begins: its first field is its schema."""
_LOOKED_AT = 1000
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_UTF_8_MARK = b"\xef\xbb\xbf"
_BYTE = re.compile(r" \(byte (\d+)\)")
_FOREIGN = re.compile(rb'"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:[+-][\d:]{2,6})?"')
"""A time that is not written in UTC, if it is a time and no text."""
_AGAIN = "copy it again from where it was made, or run the scan again"


class _Schema(msgspec.Struct):
    """The one field that tells what a document is."""

    schema: str = ""


def encode(case: Case) -> bytes:
    """Write the case as indented UTF-8 JSON; times are ISO 8601 in UTC with `Z`."""
    return msgspec.json.format(msgspec.json.encode(case), indent=1) + b"\n"


def decode(data: bytes, name: str = "case.json") -> Case:
    """Read a case document; UsageError says in one sentence why it is none, and what to do."""
    data = data.removeprefix(_UTF_8_MARK)
    _check_schema(_schema_of(data, name), name)
    case = _decoded(data, name, Case)
    # NOTE: of two fields `schema` the last one counts.
    _check_schema(case.schema, name)
    check_zones(data, case, name)
    return case


def check_zones(data: bytes, document: object, name: str) -> None:
    """Refuse a document with a time that is not in UTC; UsageError names its place."""
    # NOTE: texts of evidence may look like times; only then is it worth to look at each field.
    if _FOREIGN.search(data) and (place := _not_utc(document)):
        raise UsageError(
            f"{name} has a time that is not in UTC ({place}): it was changed after the scan; run "
            "the scan again, or write the time as 2021-03-05T08:30:00Z"
        )


def _not_utc(value: object, place: str = "") -> str:
    """Return the place of the first time that is not in UTC; empty if all are."""
    parts: Iterable[tuple[str, object]] = ()
    if isinstance(value, datetime):
        return "" if value.utcoffset() == timedelta(0) else place
    if isinstance(value, list | tuple):
        parts = ((f"{place}[{at}]", one) for at, one in enumerate(value))
    elif isinstance(value, dict):
        parts = ((f"{place}.{key}", one) for key, one in value.items())
    elif is_dataclass(value):
        names = (field.name for field in fields(value))
        parts = ((f"{place}.{one}".lstrip("."), getattr(value, one)) for one in names)
    found = (_not_utc(one, inner) for inner, one in parts)
    return next(filter(None, found), "")


def is_document(head: bytes) -> bool:
    """Tell a case, of whatever version, by its first bytes."""
    found = _HEAD.match(head.removeprefix(_UTF_8_MARK)[:_LOOKED_AT])
    return found is not None and found[1].startswith(f"{_FAMILY}/".encode())


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `case.json`."""
    document = msgspec.json.schema(Case)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "extriage case",
        **document,
    }


def _schema_of(data: bytes, name: str) -> str:
    """Return what a document says that it is; UsageError if it is no JSON document at all."""
    if found := _HEAD.match(data[:_LOOKED_AT]):
        return found[1].decode("utf-8", "replace")
    if not data.strip():
        raise UsageError(f"{name} is empty: {_AGAIN}")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            raise UsageError(
                f"{name} is {encoding} and not UTF-8, as editors and shells save it: take the file "
                "that the scan wrote"
            )
    if data.lstrip()[:1] != b"{":
        raise UsageError(
            f"{name} is no case: it is not the JSON document that `scan` writes; if it is "
            "evidence, scan it first: extriage scan PATH"
        )
    return _decoded(data, name, _Schema).schema


def _check_schema(found: str, name: str) -> None:
    """Refuse a document of another version, or of another kind."""
    if found == SCHEMA:
        return
    family, _, number = found.partition("/")
    ours = f"this one reads {SCHEMA}"
    if family == _FAMILY and number.isascii() and number.isdigit():
        if int(number) > int(_NUMBER):
            raise UsageError(
                f"{name} was made by a newer extriage (schema {found}); {ours}: update extriage"
            )
        raise UsageError(
            f"{name} was made by an older extriage (schema {found}); {ours}: scan the evidence "
            "again"
        )
    what = f"its schema is {found!r}" if found else "it names no schema"
    raise UsageError(
        f"{name} is no case: {what}, and a case has {SCHEMA!r}; name the folder that `scan` wrote"
    )


def _decoded(data: bytes, name: str, kind: type[T]) -> T:
    """Decode a document; UsageError says at which byte or field it is wrong."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{name} is not as {SCHEMA} must be: {error}; it was changed after the scan, or made "
            "by a trial version: run the scan again"
        ) from error
    except msgspec.DecodeError as error:
        raise UsageError(f"{name} {_damage(str(error), data)}: {_AGAIN}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is damaged: {_not_utf_8(data)}: {_AGAIN}") from error
    except RecursionError as error:
        raise UsageError(
            f"{name} is no case: it nests deeper than any case does; name the folder that `scan` "
            "wrote"
        ) from error
    except MemoryError as error:
        raise UsageError(
            f"{name} ({len(data):,} bytes) does not fit into this machine's memory: read it on a "
            "larger one"
        ) from error


def _damage(error: str, data: bytes) -> str:
    if "truncated" in error:
        return f"breaks off after {len(data):,} bytes"
    found = _BYTE.search(error)
    place = f" at byte {int(found[1]):,}" if found else ""
    reason = _BYTE.sub("", error).partition(": ")[2] or error
    return f"is damaged{place} ({reason})"


def _not_utf_8(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"byte {error.start:,} is no UTF-8"
    return "a text of it is no UTF-8"
