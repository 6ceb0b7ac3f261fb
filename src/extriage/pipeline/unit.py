"""Read one unit: every file in it, with a manifest row for each that could not be read."""

from dataclasses import replace
from typing import Any

from extriage.errors import SourceError
from extriage.model.evidence import Entry, Unit
from extriage.model.reading import ArtifactResult
from extriage.pipeline.around import around
from extriage.pipeline.artifact import Progress, read_artifact
from extriage.pipeline.containers import container_result, is_container, with_container
from extriage.pipeline.pack import Pack
from extriage.sources import read


def read_unit(unit: Unit, pack: Pack, progress: Progress, *, debug: bool) -> list[ArtifactResult]:
    """Read everything in one unit; a reader's failure is an entry, never an exception."""
    if is_container(unit):
        return container_result(unit, progress)
    results: list[ArtifactResult] = []
    opened = None
    try:
        for item in read(unit):
            opened = item
            if isinstance(item, Entry):
                results.append(ArtifactResult(item))
            else:
                beside = around(unit, item.artifact.path)
                result = read_artifact(item.artifact, item.stream, pack, progress, beside)
                results.append(_noted(result, item.note))
            opened = None
    except SourceError as error:
        results.append(failure(unit, opened, str(error)))
    except Exception as error:
        if debug:
            raise
        reason = f"the reader failed ({type(error).__name__}); please report it, --debug shows more"
        results.append(failure(unit, opened, reason))
    return with_container(unit, results)


def _noted(result: ArtifactResult, note: str) -> ArtifactResult:
    """Add what its archive says of the file to its manifest row."""
    if note:
        reason = "; ".join(part for part in (note, result.entry.reason) if part)
        result.entry = replace(result.entry, reason=reason)
    return result


def failure(unit: Unit, opened: Any, reason: str) -> ArtifactResult:
    """Return the manifest row of what could not be read: the file in hand, else the unit."""
    artifact = getattr(opened, "artifact", None)
    path, size = (artifact.path, artifact.size) if artifact else (unit.path, unit.size)
    return ArtifactResult(Entry(path, size, "", "unreadable", reason))
