r"""Scheduled tasks as the registry keeps them: `Schedule\TaskCache` in SOFTWARE.

Windows starts what stands here, whether or not the file of the task still exists. `Tasks` has a key
for each with its actions in binary form, `Tree` has the names; a name without the value `SD`
(security descriptor) is left out of every list of tasks, though the task runs: so Tarrask hid its
own. Times are those of the keys, in UTC. References: [MS-TSCH]; Microsoft, "Tarrask malware uses
scheduled tasks for defense evasion", 2022-04-12.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from extriage.parsers.autostart import Keys
from extriage.parsers.hive import Key

ROOT = r"Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache"
HIDDEN = "missing"
"""What is told of the security descriptor of a task that has none."""
_DEEPEST = 12
_ACTIONS = 32
_EXEC, _COM = 0x6666, 0x7777


@dataclass(frozen=True, slots=True)
class CachedTask:
    """One action of a task."""

    name: str
    command: str
    arguments: str
    folder: str
    class_id: str
    author: str
    hidden: bool
    key: Key


def tasks(keys: Keys) -> Iterator[CachedTask]:
    """Yield the actions of every task; one without any for a task whose actions are not read."""
    root = keys.key(ROOT)
    tree = keys.child(root, "Tree") if root else None
    named = dict(_named(keys, tree, "", 0)) if tree else {}
    # NOTE: before Windows Server 2012 no task has the value: there its absence says nothing.
    told = not all(hidden for _, hidden in named.values())
    listed = keys.child(root, "Tasks") if root else None
    for key in keys.subkeys(listed) if listed else ():
        values = keys.values(key)
        name, hidden = named.get(key.name.lower(), (str(values.get("path", "")), False))
        author = str(values.get("author", ""))
        for action in actions(keys.binary(key, "Actions")) or [("", "", "", "")]:
            command, arguments, folder, class_id = action
            unseen = hidden and told
            yield CachedTask(name, command, arguments, folder, class_id, author, unseen, key)


def _named(keys: Keys, key: Key, path: str, depth: int) -> Iterator[tuple[str, tuple[str, bool]]]:
    """Yield for each name in the tree the id of its task, and whether its descriptor is missing."""
    for below in keys.subkeys(key):
        place = rf"{path}\{below.name}"
        task = str(keys.values(below).get("id", "")).lower()
        if task:
            yield task, (place, not keys.binary(below, "SD"))
        elif depth < _DEEPEST:
            yield from _named(keys, below, place, depth + 1)


def actions(data: bytes) -> list[tuple[str, str, str, str]]:
    """Read the actions of a task: command, arguments, folder, class; what is damaged is left."""
    found: list[tuple[str, str, str, str]] = []
    try:
        (version,) = struct.unpack_from("<H", data, 0)
        at = 2
        if version > 1:
            _, at = _text(data, at)
        while at + 2 <= len(data) and len(found) < _ACTIONS:
            (kind,) = struct.unpack_from("<H", data, at)
            _, at = _text(data, at + 2)
            if kind == _EXEC:
                command, at = _text(data, at)
                arguments, at = _text(data, at)
                folder, at = _text(data, at)
                at += 2 if version > 2 else 0
                found.append((command, arguments, folder, ""))
            elif kind == _COM:
                found.append(("", "", "", _guid(data[at : at + 16])))
                _, at = _text(data, at + 16)
            else:
                break
    except (struct.error, ValueError):
        return found
    return found


def _text(data: bytes, at: int) -> tuple[str, int]:
    """Read a text with its length in bytes before it; ValueError if it is cut off."""
    (size,) = struct.unpack_from("<I", data, at)
    end = at + 4 + size
    if end > len(data):
        raise ValueError("cut off")
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


def _guid(raw: bytes) -> str:
    first, second, third = struct.unpack("<IHH", raw[:8])
    rest = raw[8:].hex()
    return f"{{{first:08x}-{second:04x}-{third:04x}-{rest[:4]}-{rest[4:]}}}"
