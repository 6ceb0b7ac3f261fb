"""Run contests and print them as one table: ours, its peer in the same run, the goal, if reached.

Each contest's own script hands its contests to `main`, and `table.py` those of all scripts.
"""

import argparse
import importlib.metadata
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from contests import EVENT_LOGS, Maker, Middle, Result, play
from stopwatch import Run, ripgrep

QUICK = 0.02
COLUMNS = ("name", "size", "ours", "peer", "by", "ratio", "goal", "reached")


def main(contests: Mapping[str, Maker], about: str | None) -> int:
    """Measure what was asked for; the exit code says nothing of the goals."""
    options = asked(contests, about)
    if options.list:
        print("\n".join(contests))
        return 0
    if options.evtx:
        os.environ[EVENT_LOGS] = str(options.evtx.resolve())
    scale = QUICK if options.quick else options.scale
    rounds = 1 if options.quick else options.rounds
    results: list[Result] = []
    busiest = load()
    for name in options.names or contests:
        with tempfile.TemporaryDirectory(prefix="extriage-") as place:
            for result in play(contests[name](Path(place), scale), rounds):
                results.append(result)
                print(line(result), flush=True)
        busiest = max(busiest, load())
        # NOTE: it takes long, and what is measured must not be lost if somebody stops it.
        if options.markdown:
            text = page(results, arguments(options), told(scale, busiest))
            options.markdown.write_text(text, "utf-8")
    print(legend(results))
    return 0


def asked(contests: Mapping[str, Maker], about: str | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("--evtx", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    if strange := [name for name in options.names if name not in contests]:
        parser.error(f"no contest is called {strange[0]}; there are {', '.join(contests)}")
    return options


def arguments(options: argparse.Namespace) -> str:
    """Return the command line that a reader would type for the same."""
    words = ["python benchmarks/table.py", *options.names]
    if options.quick:
        return " ".join([*words, "--quick"])
    if options.evtx:
        words.append("--evtx FOLDER")
    return " ".join([*words, f"--rounds {options.rounds}", f"--scale {options.scale:g}"])


def cells(result: Result) -> tuple[str, ...]:
    """Return what the table says of a result."""
    contest, row = result.contest, result.row
    ratio = result.ratio(row.by)
    value = result.reached()
    shown = spread(ratio, "{:.2f}") if ratio else "-"
    if row.goal and row.goal.kind.startswith("MB") and value:
        shown = f"{value:.0f} {row.goal.kind}"
    return (
        row.name,
        f"{contest.size:,.0f} {contest.unit}",
        taken(result, result.ours),
        taken(result, result.peer) if result.peer else "-",
        row.by,
        shown,
        str(row.goal or "-"),
        result.verdict(),
    )


def taken(result: Result, runs: list[Run]) -> str:
    """Return seconds by the clock with their spread, processor seconds, and work a second."""
    wall, cpu = result.wall(runs), result.cpu(runs)
    text = f"{spread(wall, '{:.2f}')} s, cpu {cpu.value:.2f} s"
    if result.contest.unit != "runs":
        text += f", {result.speed(runs):,.0f} {result.contest.unit}/s"
    return text


def spread(middle: Middle, form: str) -> str:
    """Return a median with the least and the most."""
    value, least, most = (form.format(v) for v in (middle.value, middle.least, middle.most))
    return value if least == most else f"{value} ({least} to {most})"


def line(result: Result) -> str:
    """Return a result as the terminal shows it."""
    name, size, ours, peer, by, ratio, goal, reached = cells(result)
    told = f"goal {goal}: {reached}" if result.row.goal else "no goal"
    trouble = f"\n{'':20}{result.differs}" if result.differs else ""
    return (
        f"{name:20}{size}\n"
        f"{'':20}ours  {ours}\n"
        f"{'':20}peer  {peer}\n"
        f"{'':20}{'ratio' if result.peer else 'most'} {ratio} by {by}; {told}{trouble}"
    )


def legend(results: Sequence[Result]) -> str:
    """Say how many goals were reached, and how the ratios are to be read."""
    goals = [result.verdict() for result in results if result.row.goal]
    return (
        f"\n{goals.count('yes')} of {len(goals)} goals reached. Ratios say how many times as\n"
        "fast ours is; with a goal ≤ how many times as long it takes."
    )


def page(results: Sequence[Result], command: str, remarks: Sequence[str] = ()) -> str:
    """Return the page of results; `remarks` say what to know of how they were measured."""
    rows = [f"| {' | '.join(cells(result))} |" for result in results]
    head = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    contests = {id(result.contest): result for result in results}.values()
    return "\n".join([*introduction(command, remarks), *head, *rows, "", *commands(contests), ""])


def introduction(command: str, remarks: Sequence[str]) -> Iterator[str]:
    """Yield what stands above the table."""
    yield "# Measured speed and memory"
    yield ""
    yield "<!-- Made by benchmarks/table.py; do not edit. -->"
    yield ""
    yield f"```sh\n{command} --markdown docs/benchmarks.md\n```"
    yield ""
    yield f"{datetime.now(UTC):%Y-%m-%d}, {machine()}. {', '.join(versions())}."
    yield ""
    yield (
        "Every command runs as a whole process, start-up and case included, in turn with its peer. "
        "A median stands with the least and the most in brackets; the ratio is the median of the "
        "ratios of all rounds. It says how many times as fast ours is; with a goal ≤ how many "
        "times as long it takes (for the second pass: what it adds to the first). Where `by` is "
        "cpu, processor time counts, else the clock. MB are 10⁶ bytes."
    )
    for remark in remarks:
        yield ""
        yield remark
    yield ""


def commands(contests: Iterable[Result]) -> Iterator[str]:
    """Yield which commands were compared."""
    yield "## What was run"
    yield ""
    for result in contests:
        contest = result.contest
        sides = "; ".join(side.title for side in contest.sides.values())
        yield f"- **{contest.what}**, {contest.size:,.0f} {contest.unit}: {sides}"


def machine() -> str:
    """Return what this machine is."""
    return f"{platform.system()} {platform.machine()}, {processor()}, {os.cpu_count()} cores"


def processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "unknown processor")


def load() -> float:
    """Return how many programs wanted a processor in the last minutes; 0 where nobody tells."""
    return os.getloadavg()[1] if hasattr(os, "getloadavg") else 0.0


def told(scale: float, busiest: float) -> list[str]:
    """Say what makes the results worse than they would be at full size on a quiet machine."""
    found = []
    if scale < 1:
        found.append(
            f"The sizes are {scale:g} of those that the goals are meant for: start-up, which takes "
            "a second, weighs more than it does on a server's logs."
        )
    # NOTE: two workers and what feeds them make a load of two themselves.
    if busiest > 1.25 * (os.cpu_count() or 1):
        found.append(
            f"The machine was busy with other work as well (load {busiest:.1f}): times by the "
            "clock are too long, and spread widely; ratios suffer less."
        )
    return found


def versions() -> Iterator[str]:
    """Yield the versions of what was compared."""
    yield f"Python {platform.python_version()}"
    for name in ("extriage", "hyperscan", "evtx", "yara-x", "pysigma", "isal", "zlib-ng"):
        try:
            yield f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"no {name}"
    for command in (ripgrep(), "yara"):
        if shutil.which(command):
            done = subprocess.run(
                [command, "--version"], check=True, capture_output=True, text=True
            )
            first = done.stdout.split("\n")[0]
            yield first if first.startswith("ripgrep") else f"yara {first}"
