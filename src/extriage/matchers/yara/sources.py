"""Files of YARA rules: which there are, and what their text tells before it is compiled."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

EXTENSIONS = (".yar", ".yara")
LIMIT = 16 << 20
"""Bytes; the largest public collections in one file have a quarter of it."""

_PRIVATE = re.compile(
    r"^[ \t]*(?:private[ \t\r\n]+(?:global[ \t\r\n]+)?|global[ \t\r\n]+(?:private[ \t\r\n]+)?)"
    r"rule[ \t\r\n]+(\w{1,128})",
    re.M,
)


@dataclass(frozen=True, slots=True)
class YaraFile:
    """The text of one file."""

    path: str
    stem: str
    text: str
    problem: str = ""
    """Why it could not be read."""

    def silent(self) -> frozenset[str]:
        """Return the rules that are conditions of others and no findings: private and global."""
        return frozenset(_PRIVATE.findall(self.text))


def yara_files(root: Traversable, path: str = "", *, only: bool = False) -> Iterator[YaraFile]:
    """Read a file of rules, or all below a folder, in a fixed order.

    With `only` a file whose name does not say that it holds YARA rules is none.
    """
    path = path or root.name
    if not root.is_dir():
        if not only or root.name.lower().endswith(EXTENSIONS):
            yield _file(root, path)
        return
    for item in sorted(root.iterdir(), key=lambda item: item.name):
        linked = isinstance(item, Path) and item.is_symlink()
        if (item.is_dir() and not linked) or item.name.lower().endswith(EXTENSIONS):
            yield from yara_files(item, f"{path}/{item.name}")


def _file(root: Traversable, path: str) -> YaraFile:
    stem = root.name.rpartition(".")[0] or root.name
    try:
        with root.open("rb") as stream:
            data = stream.read(LIMIT + 1)
    except OSError as error:
        return YaraFile(path, stem, "", f"cannot be read: {error.strerror or error}")
    if len(data) > LIMIT:
        return YaraFile(path, stem, "", f"is larger than {LIMIT:,} bytes")
    try:
        return YaraFile(path, stem, data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        # NOTE: YARA takes any byte; public files have names of authors in cp1252.
        return YaraFile(path, stem, data.decode("cp1252", "replace"))
