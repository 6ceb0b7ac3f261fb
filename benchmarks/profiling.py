"""Where does one worker's processor time go?

Scans a log of the named kind in a process of its own, with timers around the few functions that the
work passes through (`SEAMS`), and prints for each stage its own seconds: those of stages within it
are taken off, native code is included, and what no timer saw is `the rest`. The same scan without
timers stands below, for they cost time themselves. A seam that is no longer there is named.

With --functions the scan runs under cProfile instead, and the functions that take most are listed;
that makes Python's own steps look two or three times as long as they are.

    python benchmarks/profiling.py httpproxy|iis|events|evtx|gz|zip|pages|files|server [--scale 1]
        [--functions 25]
"""

import argparse
import cProfile
import functools
import gzip
import importlib
import json
import pstats
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIZE = 200_000_000
START, LOADING, REST = "Python itself", "loading modules", "the rest"
LOADER = "_find_and_load"


@dataclass(frozen=True, slots=True)
class Seam:
    """A function whose time belongs to a stage."""

    stage: str
    module: str
    name: str
    """A function, or `Class.method`."""
    steps: bool = False
    """It returns an iterator, and its time is that of the steps."""


def _seams() -> Iterator[Seam]:
    pipeline, matchers, parsers = "extriage.pipeline.", "extriage.matchers.", "extriage.parsers"
    for stage, module, names in (
        ("listing the evidence", "extriage.pipeline.beginning", "begin"),
        ("reading rules", f"{pipeline}pack", "load_pack"),
        ("preparing searches", f"{matchers}prefilter", "build"),
        ("preparing searches", f"{matchers}together", "build"),
        ("preparing searches", f"{matchers}compiled", "compiled"),
        ("reading files", "extriage.sources.files", "_Reading.fill _Reading.fetch open_file"),
        ("unpacking", "extriage.sources.archives.expansion", "Expansion._step"),
        ("hashing", "hashlib", "sha256"),
        ("copying into blocks", f"{pipeline}blocks", "_fill"),
        ("census of lines", f"{pipeline}census", "take plain begun"),
        ("account of lines", f"{pipeline}lines", "LineBlock.classify LineBlock.account"),
        ("search for literals", f"{matchers}prefilter", "Prefilter.hits Prefilter.sought_hits"),
        ("search for disguises", f"{matchers}prefilter", "Prefilter.disguised"),
        ("search for what stands together", f"{matchers}together", "Together.hits"),
        ("lines of the hits", f"{pipeline}search", "hits"),
        ("lines of the hits", f"{pipeline}lines", "LineBlock._hit_lines"),
        ("candidates", f"{matchers}prefilter", "Prefilter.candidates"),
        ("candidates", f"{matchers}envelope", "Envelopes.open"),
        ("candidates", f"{pipeline}lines", "LineBlock._open"),
        ("the hit lines themselves", f"{pipeline}lines", "LineBlock.match"),
        ("records", parsers, "record"),
        ("records", f"{parsers}.event", "event_record"),
        ("rules", f"{pipeline}disguised", "met made"),
        ("rules", f"{matchers}sigma.ruleset", "Target.matches Target.matches_raw"),
        ("keeping matches", f"{pipeline}collect", "Collector.add Collector.add_match"),
        ("envelopes of events", f"{parsers}.event", "event_system"),
        ("batches of events", f"{pipeline}events", "EventReader._batch"),
        ("taking pages apart", f"{pipeline}pages", "_record with_texts"),
        ("rules over pages", f"{pipeline}pages", "_sigma"),
        ("YARA", f"{pipeline}pages", "look"),
        ("one file after the other", f"{pipeline}artifact", "read_artifact"),
        ("judging", f"{pipeline}conclude", "conclude"),
        ("second pass: blocks", f"{pipeline}again", "SecondReader._block"),
        ("second pass: one log after the other", f"{pipeline}pivot", "read_again"),
        ("second pass: keeping records", f"{pipeline}trails", "Follower.see Follower.see_event"),
        ("second pass: sharing out", f"{pipeline}pivot", "follow"),
        ("sessions, ledger, ways back", f"{pipeline}aftermath", "aftermath"),
        ("writing the case", f"{pipeline}scan", "finish"),
    ):
        for name in names.split():
            yield Seam(stage, module, name)
    yield Seam("EVTX to JSON", f"{parsers}.evtx", "_records", steps=True)


SEAMS = tuple(_seams())


@dataclass(slots=True)
class Timers:
    """Processor time by stage: each second belongs to the innermost stage that is running."""

    own: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    """Seams that are not there."""
    _local: Any = field(default_factory=threading.local)

    def enter(self, stage: str) -> None:
        """Begin a stage within the one that is running."""
        now = time.thread_time()
        stack = self._stack()
        if stack:
            self.own[stack[-1]] = self.own.get(stack[-1], 0.0) + now - self._local.since
        stack.append(stage)
        self.calls[stage] = self.calls.get(stage, 0) + 1
        self._local.since = now

    def leave(self) -> None:
        """End the innermost stage."""
        now = time.thread_time()
        stage = self._stack().pop()
        self.own[stage] = self.own.get(stage, 0.0) + now - self._local.since
        self._local.since = now

    def _stack(self) -> list[str]:
        if not hasattr(self._local, "stack"):
            self._local.stack = []
        stack: list[str] = self._local.stack
        return stack

    def around(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a timer around it."""

        @functools.wraps(function, updated=())
        def timed(*arguments: Any, **named: Any) -> Any:
            self.enter(stage)
            try:
                return function(*arguments, **named)
            finally:
                self.leave()

        return timed

    def steps(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a timer around each step of what it returns."""

        def stepped(*arguments: Any, **named: Any) -> Iterator[Any]:
            step = self.around(stage, iter(function(*arguments, **named)).__next__)
            return iter(_until_the_end(step))

        return stepped

    def hashes(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a maker of digests whose updates are timed."""

        def made(data: bytes = b"", **named: Any) -> Any:
            return _Digest(self, function(data, **named))

        return made

    def install(self) -> None:
        """Put timers around all seams, now or as soon as their modules are loaded."""
        waiting: dict[str, list[Seam]] = {}
        for seam in SEAMS:
            waiting.setdefault(seam.module, []).append(seam)
        loader: Any = sys.modules["_frozen_importlib"]
        load = self.around(LOADING, getattr(loader, LOADER))

        def loaded(name: str, how: Any) -> Any:
            module = load(name, how)
            for found in waiting.keys() & sys.modules.keys():
                # NOTE: a module is in the table before it has been run to its end.
                if not getattr(sys.modules[found].__spec__, "_initializing", False):
                    self._put(sys.modules[found], waiting.pop(found))
            return module

        setattr(loader, LOADER, loaded)
        importlib.import_module("hashlib")

    def _put(self, module: Any, seams: Iterable[Seam]) -> None:
        for seam in seams:
            owner, _, name = seam.name.rpartition(".")
            place = getattr(module, owner, None) if owner else module
            function = getattr(place, name, None)
            if place is None or function is None:
                self.lost.append(f"{seam.module}.{seam.name}")
            elif seam.module == "hashlib":
                setattr(place, name, self.hashes(function))
            else:
                wrap = self.steps if seam.steps else self.around
                setattr(place, name, wrap(seam.stage, function))


class _Digest:
    """A digest whose updates are timed; all else is the digest's own."""

    def __init__(self, timers: Timers, digest: Any) -> None:
        self._digest = digest
        self.update = timers.around("hashing", digest.update)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._digest, name)


def _until_the_end(step: Callable[[], Any]) -> Iterator[Any]:
    while True:
        try:
            found = step()
        except StopIteration:
            return
        yield found


def inside(arguments: list[str], functions: int) -> None:
    """Run the command line in this process, and print what took how long."""
    begun = time.process_time()
    timers = Timers({START: begun}, {START: 1})
    profile = cProfile.Profile(time.process_time) if functions else None
    if not functions:
        timers.install()
    cli: Any = importlib.import_module("extriage.cli")
    try:
        run = profile.runcall if profile else _run
        run(cli.main, arguments)
    except SystemExit as end:
        code = end.code
    else:
        code = 0
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(functions)
        return
    total = time.process_time()
    timers.own[REST] = total - sum(timers.own.values())
    told = {"own": timers.own, "calls": timers.calls, "lost": timers.lost, "total": total}
    print(json.dumps(told | {"code": code}))


def _run(function: Callable[..., Any], arguments: list[str]) -> Any:
    return function(arguments)


@dataclass(frozen=True, slots=True)
class Amount:
    """How much there is to be scanned, unpacked."""

    megabytes: float
    files: int

    @property
    def unit(self) -> str:
        """Return what the cost of a stage is told for: small files cost by their number."""
        return "1,000 files" if self._small else "GB"

    @property
    def units(self) -> float:
        """Return how many of that there are."""
        return (self.files if self._small else self.megabytes) / 1000

    @property
    def _small(self) -> bool:
        return self.megabytes < self.files * 0.1


def evidence(name: str, place: Path, scale: float) -> tuple[Path, Amount]:
    """Write what is to be scanned, and say how much it is."""
    import eventlogs
    import memory
    import pages
    import proxylogon
    import scan

    from extriage.samples import ServerSpec, write_server

    folder, size = place / "evidence", int(SIZE * scale)
    if name == "server":
        proxylogon.write(folder, size)
    elif name == "pages":
        pages.write(folder, pages.pages_below(None), max(200, int(pages.FILES * scale / 10)))
    elif name == "files":
        memory.files(folder, scale / 10)
    elif name == "evtx":
        folder.mkdir()
        eventlogs.write_logs([folder / "Log.evtx"], size // 4)
    elif name == "events":
        kinds: Any = ("httpproxy", "iis", "ecp-server", "oab-generator", "ews", "rps-cmdlet")
        write_server(folder, ServerSpec(lines=max(1000, size // 4000), omit=kinds))
    else:
        kind = name if name in scan.LOGS else "httpproxy"
        scan.write_logs(folder, [kind], size)
    files = [file for file in folder.rglob("*") if file.is_file()]
    amount = Amount(scan.bytes_of(folder) / 1e6, len(files))
    packed(name, folder)
    return folder, amount


def packed(name: str, folder: Path) -> None:
    """Pack the one log of a folder, if a packed one is asked for."""
    if name not in ("gz", "zip"):
        return
    (log,) = (file for file in folder.rglob("*") if file.is_file())
    if name == "gz":
        log.with_name(f"{log.name}.gz").write_bytes(gzip.compress(log.read_bytes(), 6))
    else:
        with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(log, log.name)
    log.unlink()


NAMES = ("httpproxy", "iis", "events", "evtx", "gz", "zip", "pages", "files", "server")


def main() -> None:
    """Write the evidence, scan it with timers and without, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("name", choices=NAMES)
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--functions", type=int, default=0)
    options = asked.parse_args()
    from stopwatch import measure, ours, scan

    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        folder, amount = evidence(options.name, place, options.scale)
        plain = ours("scan", scan(folder, case=place / "case"))
        with_timers = [sys.executable, __file__, "--inside", str(options.functions)]
        measure(plain)
        timed = measure(ours("scan with timers", [*with_timers, *plain.command[3:]]))
        if options.functions:
            print(timed.said)
            return
        without = measure(plain).cpu
        print(f"{options.name}: {amount.megabytes:,.1f} MB in {amount.files:,} files, one worker")
        print(table(json.loads(timed.said), amount))
        print(f"{'':8} {without:9.3f} {without / amount.units:13.2f} {'':11}  without timers")


def table(told: Any, amount: Amount) -> str:
    """Return the stages, the longest first."""
    lines = [f"{'share':>8} {'seconds':>9} {'a ' + amount.unit:>13} {'calls':>11}  stage"]
    for stage, seconds in sorted(told["own"].items(), key=lambda one: -one[1]):
        share, dear = seconds / told["total"], seconds / amount.units
        calls = told["calls"].get(stage, 0)
        lines.append(f"{share:8.1%} {seconds:9.3f} {dear:13.2f} {calls:11,}  {stage}")
    total = told["total"]
    lines.append(f"{'':8} {total:9.3f} {total / amount.units:13.2f} {'':11}  in all")
    if told["lost"]:
        lines.append(f"no longer there: {', '.join(told['lost'])}")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[3:], int(sys.argv[2]))
    else:
        main()
