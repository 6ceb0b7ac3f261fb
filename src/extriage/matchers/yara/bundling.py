"""What our own rules say about themselves, read beforehand: a file that needs no YARA-X."""

from collections.abc import Iterable

import msgspec

from extriage.matchers.yara.metadata import YaraRule

FORMAT = 1
"""Goes up when a rule is described in another way."""


class _Head(msgspec.Struct, frozen=True):
    """The first line."""

    format: int
    sha256: str
    """Of the rule files."""


def bundle(rules: Iterable[YaraRule], sha256: str) -> bytes:
    """Write what rules say about themselves, one a line, and the digest of their files."""
    lines = [msgspec.json.encode(_Head(FORMAT, sha256)), *map(msgspec.json.encode, rules)]
    return b"\n".join([*lines, b""])


def unbundle(data: bytes, sha256: str) -> tuple[YaraRule, ...] | None:
    """Return the rules; None if the bundle was made from other files, or cannot be read."""
    head, _, rest = data.partition(b"\n")
    try:
        if msgspec.json.decode(head, type=_Head) != _Head(FORMAT, sha256):
            return None
        return tuple(msgspec.json.Decoder(YaraRule).decode_lines(rest))
    except msgspec.DecodeError:
        return None
