"""Putting a newer set of tables in force, whole or not at all.

The pack is checked to its last row before anything is written, and then takes the place of the old
one in one step. What is refused leaves the old tables in force.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from extriage.errors import ContentError, UsageError
from extriage.knowledge.active import VARIABLE, active, forget, installed_file
from extriage.knowledge.builds import load_builds
from extriage.knowledge.consistency import check, losses
from extriage.knowledge.pack import make_pack, pack_bytes, unpack, write_whole
from extriage.knowledge.tables import Knowledge, bundled, from_folder


@dataclass(frozen=True, slots=True)
class Update:
    """What an update changed."""

    place: Path
    sha256: str
    """SHA-256 of the pack file."""
    before: date
    after: date
    digest: str
    warnings: tuple[str, ...]


def update(file: Path, sha256: str = "", *, force: bool = False, today: date = date.max) -> Update:
    """Check a pack and put it in force for all later runs of this user.

    Raises ContentError if the pack or one of its rows is bad, UsageError if it is not the file that
    was meant, or if it is older or knows less than the tables in force, or claims to know what
    happens after `today`, and `force` is not given.
    """
    data = pack_bytes(file)
    found = hashlib.sha256(data).hexdigest()
    if sha256 and sha256.strip().lower() != found:
        raise UsageError(f"{file} has the SHA-256 {found}, not the one that was demanded")
    knowledge = unpack(data, str(file))
    check(knowledge)
    before = _before()
    warnings = [*_ahead(knowledge, today), *_steps_back(before, knowledge)]
    if warnings and not force:
        raise UsageError(f"{warnings[0]}; if that is meant, add --force")
    place = _install(data)
    return Update(place, found, before.as_of, knowledge.as_of, knowledge.digest(), tuple(warnings))


def pack(folder: Path) -> bytes:
    """Return a pack of the tables in a folder; ContentError if one of their rows is bad."""
    knowledge = from_folder(folder, str(folder))
    check(knowledge)
    return make_pack(knowledge)


def reset() -> Path | None:
    """Go back to the tables that came with this version; return the file that was removed."""
    file = installed_file()
    try:
        if file is None or not file.exists():
            return None
        file.unlink()
    except OSError as error:
        raise UsageError(f"{file} cannot be removed: {error.strerror}") from error
    forget()
    return file


def _before() -> Knowledge:
    try:
        return active()
    except ContentError:
        # NOTE: a damaged pack that is in force must not keep a good one out.
        return bundled()


def _ahead(after: Knowledge, today: date) -> list[str]:
    # NOTE: tables of the future would keep every real update out, and hide how old they are.
    if after.as_of <= today:
        return []
    return [f"the pack says that it goes to {after.as_of}, and today is {today}"]


def _steps_back(before: Knowledge, after: Knowledge) -> list[str]:
    found = []
    if after.as_of < before.as_of:
        found.append(
            f"the pack goes to {after.as_of}, and the tables in force go to {before.as_of}"
        )
    lost = losses(load_builds(before), load_builds(after))
    if lost:
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        found.append(f"the pack knows less than the tables in force: {lost[0]}{more}")
    return found


def _install(data: bytes) -> Path:
    place = installed_file()
    if place is None:
        raise UsageError(f"there is no home folder to keep it in; name a folder in {VARIABLE}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, data)
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror}") from error
    forget()
    return place
