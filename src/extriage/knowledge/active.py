"""Which tables are in force: those installed by the user, else those of the package.

An update is one file in the user's own data folder, never beside evidence. It is checked whole
before it is installed, and its hashes are checked again each time it is read.
"""

import os
import sys
from datetime import date
from functools import cache
from pathlib import Path

from extriage.errors import ContentError
from extriage.knowledge.pack import read_pack
from extriage.knowledge.tables import Knowledge, bundled

VARIABLE = "EXTRIAGE_KNOWLEDGE"
"""Environment variable that names the folder of the installed pack."""
INSTALLED = "knowledge.zip"


@cache
def active() -> Knowledge:
    """Return the tables in force, the same ones as long as the process lives.

    Raises ContentError if an installed pack is damaged: it is never silently left out.
    """
    file = installed_file()
    if file is None or not is_there(file):
        return bundled()
    try:
        return read_pack(file)
    except ContentError as error:
        raise ContentError(
            f"the installed knowledge {file} is damaged: {error}; put a good pack in its place "
            "with `extriage knowledge update`, or remove it with `extriage knowledge reset`"
        ) from error


def installed_file() -> Path | None:
    """Return where an installed pack lies, whether there is one or not; None without a home."""
    if named := os.environ.get(VARIABLE):
        return Path(named) / INSTALLED
    windows = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    base = windows or os.environ.get("XDG_DATA_HOME")
    if base and Path(base).is_absolute():
        return Path(base) / "extriage" / INSTALLED
    try:
        return Path.home() / ".local" / "share" / "extriage" / INSTALLED
    except RuntimeError:
        return None


def is_there(file: Path) -> bool:
    """Tell whether a pack is installed; ContentError if this account may not look."""
    try:
        return file.is_file()
    except OSError as error:
        raise ContentError(
            f"whether there is installed knowledge at {file} cannot be seen ({error.strerror}); "
            f"set {VARIABLE} to a folder that this account may read"
        ) from error


def forget() -> None:
    """Read the tables anew when they are asked for next, after they were replaced."""
    active.cache_clear()
    knowledge_digest.cache_clear()


def tables_as_of() -> date:
    """Return the day up to which the tables in force go."""
    return active().as_of


@cache
def knowledge_digest() -> str:
    """Return the SHA-256 over the tables in force; it changes when any result could."""
    return active().digest()
