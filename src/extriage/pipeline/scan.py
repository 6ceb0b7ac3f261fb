"""The main job: read all evidence once, tell the hosts apart, judge each, write the case."""

import hashlib
import importlib
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from extriage import __version__
from extriage.casefile import CaseFolder, trail
from extriage.model.case import Case
from extriage.model.custody import Custody
from extriage.model.evidence import Unit
from extriage.pipeline.beginning import Beginning
from extriage.pipeline.containers import with_containers
from extriage.pipeline.pack import Content, content_digest, load_pack
from extriage.pipeline.results import Results
from extriage.pipeline.secondpass import SecondPass
from extriage.pipeline.worker import Beside, Workers, findings, run_units


class Watcher(Protocol):
    """Whoever shows the progress of a scan."""

    def total(self, size: int, units: int) -> None:
        """Hear how much there is to read."""

    def read(self, size: int) -> None:
        """Hear that this many more bytes were read."""

    def done(self, path: str, findings: int) -> None:
        """Hear that a unit is done and how many rules it met."""

    def again(self, size: int, logs: int) -> None:
        """Hear that so many logs are read once more, for the suspects that were found."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a scan is run."""

    content: Content = field(default_factory=Content)
    jobs: int = 1
    as_of: datetime | None = None
    """"Up to now" for the verdict; the evidence's own last record when not given."""
    debug: bool = False
    custody: Custody = field(default_factory=Custody)
    """What the person at the keyboard said; the scan adds the containers that it opened."""
    hash_images: bool = False
    """Hash disk images as a whole, of which only some files are read."""


def scan(begun: Beginning, folder: CaseFolder, options: Options, watcher: Watcher) -> Case:
    """Scan evidence into a case; results of a killed scan of the same evidence are used again.

    The case is returned and its ledger stays; `finish` writes it.
    """
    found = begun.found
    units = with_containers(found.units, images=options.hash_images)
    keys = {_key(unit): unit for unit in units}
    trail.remove(folder.path)
    closing = ExitStack()
    ledger = folder.ledger(_scan_key(content_digest(options.content), keys))
    try:
        done = ledger.done()
        waiting = [unit for key, unit in keys.items() if key not in done]
        watcher.total(sum(max(unit.size, 0) for unit in waiting), len(waiting))

        def keep(unit: Unit, data: bytes) -> None:
            ledger.add(_key(unit), data)
            watcher.done(unit.path, findings(data))

        workers = Workers(options.jobs, options.content, options.debug)
        beside = Beside(begun.digests, _judges)
        gone = run_units(waiting, workers, watcher.read, keep, beside)
        order = sorted(keys, key=lambda key: keys[key].place)
        reading = (keys, options.jobs, watcher.again, watcher.read)
        second = SecondPass(*reading, folder.path, options.content, closing)
        results = Results(ledger, order, found.entries, found.same, found.together, second)
        pack = load_pack(options.content)
        case: Case = _judges().conclude(results, pack, options.as_of)
        gone()
        said = replace(options.custody, containers=case.custody.containers)
        return replace(case, custody=said)
    finally:
        begun.digests.stop()
        closing.close()
        ledger.close(remove=False)


def finish(case: Case, folder: CaseFolder, run: dict[str, object]) -> None:
    """Write the case and take the ledger away."""
    folder.write(case, run)
    for name in ("scan.ledger", "scan.ledger-wal", "scan.ledger-shm"):
        with suppress(OSError):
            (folder.path / name).unlink(missing_ok=True)
    trail.remove(folder.path)


def _judges() -> Any:
    """Import what judges the servers: the workers are busy by then, and this process is not."""
    return importlib.import_module("extriage.pipeline.conclude")


def _key(unit: Unit) -> str:
    text = f"{unit.file}\0{unit.path}\0{unit.size}\0{unit.modified}\0{unit.members}\0{unit.inside}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _scan_key(content: str, keys: Iterable[str]) -> str:
    digest = hashlib.sha256(f"{__version__}\0{content}".encode())
    for key in sorted(keys):
        digest.update(key.encode())
    return digest.hexdigest()


def now() -> str:
    """Return the clock of this machine, for the run record only."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
