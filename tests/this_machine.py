"""What the machine that runs the tests cannot do, and what Windows forbids and others allow.

Tests make links, pipes and locked folders as if every system could. Where one cannot, the test is
skipped with the reason (`unable`, used by `conftest.py`). What only Windows forbids is forbidden
here too on request (`held`), so that it shows on every system.
"""

import errno
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest

TESTS = Path(__file__).parent
_NO_RIGHT = 1314
"""ERROR_PRIVILEGE_NOT_HELD, as Windows answers who may not make a symbolic link."""
_NO_NAME = (errno.EINVAL, errno.EILSEQ)
_MODULES = ("fcntl", "pty", "pwd", "resource", "termios")
_OPEN = "/dev/fd"
_TAKERS = ("unlink", "remove", "replace", "rename")


def unable(error: BaseException) -> str:
    """Say what this machine lacks for a test; empty if the error is a fault and no lack."""
    if not _raised_by_a_test(error.__traceback__):
        return ""
    if getattr(error, "winerror", 0) == _NO_RIGHT:
        return "Windows lets only administrators and developers make symbolic links"
    if isinstance(error, AttributeError) and error.obj in (os, signal):
        return f"this system has no {error.name}"
    if isinstance(error, ModuleNotFoundError) and error.name in _MODULES:
        return f"this system has no module {error.name}"
    if _no_name(error):
        return f"this system takes no such file name: {error}"
    return ""


def _no_name(error: BaseException) -> bool:
    """Tell whether a file could not be made because of its name, as on Windows and macOS."""
    if sys.platform == "linux":
        return False
    named = isinstance(error, OSError) and error.filename and error.errno in _NO_NAME
    return bool(named) or isinstance(error, UnicodeDecodeError)


def _raised_by_a_test(trace: TracebackType | None) -> bool:
    """Tell whether a test itself, not extriage, made the call that failed."""
    files = list[Path]()
    while trace is not None:
        files.append(Path(trace.tb_frame.f_code.co_filename))
        trace = trace.tb_next
    own = [file for file in files if "extriage" in file.parts or file.is_relative_to(TESTS)]
    return bool(own) and own[-1].is_relative_to(TESTS)


def held(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let no file below a folder that is open be taken away, renamed or replaced, as on Windows."""
    if os.name == "nt":
        return
    if not Path(_OPEN).is_dir():
        pytest.skip(f"this system does not tell in {_OPEN} what a program has open")
    for name in _TAKERS:
        patch.setattr(os, name, _refusing(getattr(os, name), folder))


def _refusing(take: Callable[..., None], folder: Path) -> Callable[..., None]:
    def taken(path: str, *more: str, **options: object) -> None:
        for one in (path, *more):
            if Path(one).absolute().is_relative_to(folder) and _is_open(one):
                raise PermissionError(13, "used by another process", os.fspath(one))
        take(path, *more, **options)

    return taken


def _is_open(path: str) -> bool:
    try:
        wanted = Path(path).lstat()
    except OSError:
        return False
    return stat.S_ISREG(wanted.st_mode) and any(
        os.path.samestat(wanted, info) for info in map(_opened, Path(_OPEN).iterdir()) if info
    )


def _opened(descriptor: Path) -> os.stat_result | None:
    try:
        return os.fstat(int(descriptor.name))
    except (OSError, ValueError):
        return None
