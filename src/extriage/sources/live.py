"""The running server itself: its registry, whose files are locked, and its own drives.

Reading only: keys are opened with `KEY_READ`, in the view of 64 bits whatever Python is. What may
not be opened is passed over like a key that is not there. Reference: Microsoft, "Registry Key
Security and Access Rights"; "GetDriveTypeW function".
"""

import ctypes
import importlib
import os
from dataclasses import dataclass
from typing import Any, TypeAlias

from extriage.errors import UsageError

Data: TypeAlias = str | int | bytes | list[str] | None
MOST_KEYS = 20_000
"""Keys below one, and values in one, that are looked at."""
_VIEW_64 = 0x0100
_FIXED = 3


@dataclass(frozen=True, slots=True)
class LiveKey:
    """One key as it is now."""

    values: tuple[tuple[str, int, Data], ...]
    """Name, type and data of each value."""
    below: tuple[str, ...]
    """Names of the keys below it."""


def live_key(root: str, path: str) -> LiveKey | None:
    r"""Read a key of this Windows, `HKEY_LOCAL_MACHINE` and `SOFTWARE\Microsoft`; None without."""
    registry = _registry()
    try:
        access = registry.KEY_READ | _VIEW_64
        with registry.OpenKey(getattr(registry, root), path, 0, access) as key:
            below, values, _ = registry.QueryInfoKey(key)
            found = (_value(registry, key, at) for at in range(min(values, MOST_KEYS)))
            names = (_name(registry, key, at) for at in range(min(below, MOST_KEYS)))
            return LiveKey(
                tuple(value for value in found if value), tuple(name for name in names if name)
            )
    except OSError:
        return None


def _value(registry: Any, key: Any, at: int) -> tuple[str, int, Data] | None:
    try:
        name, data, kind = registry.EnumValue(key, at)
    except OSError:
        return None
    return name, kind, data


def _name(registry: Any, key: Any, at: int) -> str:
    try:
        name: str = registry.EnumKey(key, at)
    except OSError:
        return ""
    return name


def _registry() -> Any:
    try:
        return importlib.import_module("winreg")
    except ImportError as error:
        raise UsageError(
            "--live reads the Windows server that this runs on; for drives of another server that "
            "are mounted here, name each with --drive, such as --drive C=/mnt/c"
        ) from error


def fixed_drives() -> dict[str, str]:
    r"""Return the drives of this Windows that are neither removable nor on a network: `C:`, `C:\`.

    UsageError on any other system.
    """
    if os.name != "nt":
        _registry()
    kernel = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009
    mask = int(kernel.GetLogicalDrives())
    letters = [chr(ord("A") + at) for at in range(26) if mask >> at & 1]
    return {
        f"{letter}:": f"{letter}:\\"
        for letter in letters
        if kernel.GetDriveTypeW(ctypes.c_wchar_p(f"{letter}:\\")) == _FIXED
    }
