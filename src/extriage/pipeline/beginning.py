"""The first moments of a scan: list the evidence, and begin to hash large logs at once.

Little is imported here on purpose: hashing needs no rules, and goes on while the rest of the
program and the rules are loaded.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from extriage.errors import SourceError, UsageError
from extriage.model.evidence import Unit
from extriage.pipeline.digest import LARGE, Digests
from extriage.sources import Survey, read_range, survey

_LOG_STARTS = (b"#", b"\xef\xbb\xbf#", b"DateTime,")
_SWITCH = 0.001


@dataclass(frozen=True, slots=True)
class Beginning:
    """What there is to be read, and the digests that are already being made of it."""

    found: Survey
    digests: Digests


def begin(paths: list[Path], case: Path, jobs: int, *, whole: bool = False) -> Beginning:
    """List the evidence; with several workers, begin to hash what looks like a large log.

    `whole` asks for every file of a disk image. UsageError if the case would be written into the
    evidence.
    """
    found = evidence(_outside(paths, case), whole=whole)
    digests = Digests(max(1, jobs // 2))
    if jobs > 1:
        # NOTE: the thread needs the interpreter for a moment after each piece; imports hold it.
        sys.setswitchinterval(_SWITCH)
        for unit in found.units:
            if _large_log(unit):
                digests.of(unit)
    return Beginning(found, digests)


def evidence(paths: list[Path], *, whole: bool = False) -> Survey:
    """List the evidence; of disk images the files that a triage needs, or all if `whole`."""
    found = survey(paths)
    if not any(unit.inside for unit in found.units):
        return found
    # NOTE: what reads disk images is loaded only if there are any.
    from extriage.pipeline.planning.images import expanded  # noqa: PLC0415

    return expanded(found, whole=whole)


def _large_log(unit: Unit) -> bool:
    if not unit.whole or unit.size < LARGE:
        return False
    try:
        with read_range(unit, 0, 16) as stream:
            return stream.read(16).startswith(_LOG_STARTS)
    except SourceError:
        return False


def _outside(paths: list[Path], case: Path) -> list[Path]:
    """Refuse evidence that the case would be written into."""
    inside = case.resolve()
    for path in paths:
        if path.is_dir() and (path.resolve() == inside or path.resolve() in inside.parents):
            raise UsageError(
                f"the case folder {case} lies inside the evidence {path}; "
                "nothing is ever written there: name another place with --case"
            )
    return paths


def rules_place(name: str, language: str) -> Path:
    """Return the place of a user's own rules; UsageError if there is none."""
    if not Path(name).exists():
        raise UsageError(f"there are no rules at {name}; name a folder or a {language} file")
    return Path(name)
