"""Where documents go: a place is looked at before the work begins, and written whole at its end."""

import os
from collections.abc import Mapping
from pathlib import Path

from extriage.casefile.whole import write_folder, write_whole, zipped
from extriage.errors import UsageError


def check_file(path: Path, *, force: bool) -> None:
    """Refuse a place that could not be written, in one sentence, before anything is done for it."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file")
    if path.is_file() and not force:
        raise UsageError(f"{path} exists; name another file, or add --force")
    _check_parent(path)


def check_folder(path: Path, names: Mapping[str, object], *, force: bool) -> None:
    """Refuse a folder that holds anything, or with `force` anything but these files."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; name a folder, or a new file that ends in .zip")
    held = sorted(item.name for item in path.iterdir()) if path.is_dir() else []
    if held and not force:
        raise UsageError(f"{path} exists; name another folder, or add --force")
    foreign = [name for name in held if name not in names]
    if foreign:
        raise UsageError(f"{path} holds other files ({foreign[0]}); name an empty or new folder")
    _check_parent(path)


def _check_parent(path: Path) -> None:
    parent = path.parent
    if not parent.is_dir():
        raise UsageError(f"there is no folder {parent}; make it, or name another place")
    writable = os.access(path if path.exists() else parent, os.W_OK)
    if not writable:
        raise UsageError(f"{path} cannot be written: this account may not write there")


def put_file(path: Path, data: bytes, *, force: bool) -> None:
    """Write a document whole or not at all."""
    check_file(path, force=force)
    try:
        write_whole(path, data)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def put_files(path: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write several documents into a folder, or into a zip archive if the name ends so."""
    data = {name: text.encode("utf-8", "replace") for name, text in files.items()}
    if is_archive(path):
        put_file(path, zipped(path.stem, data), force=force)
        return
    check_folder(path, data, force=force)
    try:
        write_folder(path, data)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def is_archive(path: Path) -> bool:
    """Tell a zip archive from a folder by its name."""
    return path.suffix.lower() == ".zip"
