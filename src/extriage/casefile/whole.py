"""Files that are written whole or not at all: nothing that was cut off ever carries its final name.

Bytes go to a temporary name beside the final one, to the disk, and are then renamed.
"""

import io
import os
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_NO_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest day that a zip archive can hold: no clock is asked."""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file; OSError leaves an earlier one as it was."""
    if path.exists() and not path.is_file():
        # NOTE: a pipe or a device has no final name to wait for.
        path.write_bytes(data)
        return
    path = path.resolve()
    temporary = path.with_name(f".tmp-{path.name}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        drop(temporary)
        raise


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files in the place of an earlier one; OSError leaves that as it was."""
    path = path.resolve()
    new, old = path.with_name(f".tmp-{path.name}"), path.with_name(f".old-{path.name}")
    _clear(new)
    _clear(old)
    try:
        new.mkdir()
        for name, data in files.items():
            write_whole(new / name, data)
        if path.exists():
            path.rename(old)
        new.rename(path)
    except OSError:
        _clear(new)
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    _clear(old)


def zipped(folder: str, files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of a folder; the same files give the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, data in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", _NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, data)
    return archive.getvalue()


def drop(temporary: Path) -> None:
    """Give back the room that a file takes which could not be written to its end."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _clear(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
