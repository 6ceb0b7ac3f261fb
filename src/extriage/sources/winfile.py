"""Opens files on Windows so that the server never has to wait for their reader.

Python opens a file so that nobody can rename or delete it meanwhile: a log that is being read could
not be rolled over. `CreateFileW` takes all three sharing modes instead, asks for reading only, and
says which error it was: a file that its program keeps for itself is named as locked. Reference:
Microsoft, "CreateFileW function (fileapi.h)" and "System Error Codes".
"""

import ctypes
import importlib
import ntpath
import os
from typing import Any

LOCKED = (32, 33)
"""ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION."""
TAKE = "take it from a shadow copy, or with the script of `extriage collect powershell`"
_GENERIC_READ = 0x80000000
_SHARE_ALL = 1 | 2 | 4
"""Reading, writing and deleting stay allowed for everybody else."""
_OPEN_EXISTING = 3
_SEQUENTIAL = 0x08000000
_INVALID = ctypes.c_void_p(-1).value
_LONG = 240
"""Longer paths need the prefix that switches Windows' old limit off."""
_LONG_PREFIX = "\\\\?\\"


class WindowsRefusal(Exception):
    """Windows did not open a file; `code` is its error code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Windows error {code}")
        self.code = code


def refused(code: int) -> str:
    """Put an error code of Windows into words for the manifest."""
    if code in LOCKED:
        return f"in use and locked by another program (Windows error {code}): {TAKE}"
    known = {2: "vanished before it could be read", 3: "vanished before it could be read"}
    known[5] = "permission denied (Windows error 5): run as administrator"
    return known.get(code, f"cannot be opened (Windows error {code})")


def shared_descriptor(file: str) -> int:
    """Open a file of this Windows machine for reading; WindowsRefusal if it does not."""
    kernel = _kernel()
    create = kernel.CreateFileW
    create.restype = ctypes.c_void_p
    create.argtypes = (
        *(ctypes.c_wchar_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p),
        *(ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p),
    )
    name = long_name(file)
    handle = create(name, _GENERIC_READ, _SHARE_ALL, None, _OPEN_EXISTING, _SEQUENTIAL, None)
    if handle is None or handle == _INVALID:
        raise WindowsRefusal(_last_error())
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
    runtime: Any = importlib.import_module("msvcrt")
    descriptor: int = runtime.open_osfhandle(handle, flags)
    return descriptor


def long_name(file: str) -> str:
    r"""Return a path that Windows takes whatever its length: `\\?\C:\…` for a long one."""
    if len(file) < _LONG or file.startswith(_LONG_PREFIX) or not ntpath.isabs(file):
        return file
    plain = ntpath.normpath(file)
    if plain.startswith("\\\\"):
        return f"{_LONG_PREFIX}UNC\\{plain[2:]}"
    return _LONG_PREFIX + plain


def _kernel() -> Any:
    return getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009


def _last_error() -> int:
    code: int = getattr(ctypes, "get_last_error")()  # noqa: B009
    return code
