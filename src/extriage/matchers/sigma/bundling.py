"""A bundle: rules read beforehand, in a file that needs no pySigma to be read.

The first line says which rule files it was made from, then comes one rule a line.
"""

from collections.abc import Iterable

import msgspec

from extriage.matchers.sigma.draft import Draft, Read
from extriage.model.detection import RefusedRule

FORMAT = 1
"""Goes up when a draft says something in another way."""


class _Head(msgspec.Struct, frozen=True):
    """The first line."""

    format: int
    sha256: str
    """Of the rule files."""


def bundle(read: Iterable[Read], sha256: str) -> bytes:
    """Write rules that all compile, and the digest of their files; ValueError if one is refused."""
    lines = [msgspec.json.encode(_Head(FORMAT, sha256))]
    for one in read:
        if isinstance(one, RefusedRule):
            raise ValueError(f"{one.path}: {one.reason}")  # noqa: TRY004 - it has the right type
        lines.append(msgspec.json.encode(msgspec.structs.replace(one, tried=True)))
    return b"\n".join([*lines, b""])


def unbundle(data: bytes, sha256: str) -> list[Draft] | None:
    """Return the rules; None if the bundle was made from other files, or cannot be read."""
    head, _, rest = data.partition(b"\n")
    try:
        if msgspec.json.decode(head, type=_Head) != _Head(FORMAT, sha256):
            return None
        return msgspec.json.Decoder(Draft).decode_lines(rest)
    except msgspec.DecodeError:
        return None
