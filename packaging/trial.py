"""Try a bundle as on a machine that has no network and where nothing but a case may be written.

Everything is run in namespaces of Linux: one without any network interface but a loopback that is
down, and one in which the whole file system is read-only but for the folders of the trial. So a
bundle that asks an index, or writes beside evidence, into its own folder or a home, fails here.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from gathering import BundleError

PSEUDO = ("/proc", "/sys", "/dev")
PREFIX = "inside"


@dataclass(frozen=True, slots=True)
class Step:
    """A command, the exit code that it must end with, and the folders that it may write to."""

    title: str
    words: tuple[str, ...]
    code: int
    writable: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a step: seconds by the clock, and the end of what it said."""

    step: Step
    seconds: float
    code: int
    said: str


class Shut:
    """A machine without a network, on which only named folders can be written to."""

    def __init__(self, work: Path):
        self.home = work / "home"
        self.scratch = work / "scratch"
        for folder in (self.home, self.scratch):
            folder.mkdir()

    def run(self, step: Step, **more: str) -> Ran:
        """Run one command; raises BundleError if it ends otherwise than it must."""
        order = {
            "words": step.words,
            "writable": [str(one) for one in (*step.writable, self.scratch)],
        }
        inside = [sys.executable, str(Path(__file__)), PREFIX, json.dumps(order)]
        begun = time.monotonic()
        done = subprocess.run(
            ["unshare", "--map-root-user", "--net", "--mount", *inside],
            cwd=self.scratch, env=self.environment() | more,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - begun
        lines = done.stderr.splitlines()
        if timed := [line for line in lines if line.startswith("seconds ")]:
            seconds = float(timed[-1].split()[1])
        if done.returncode != step.code:
            last = "\n  ".join(lines[-8:])
            raise BundleError(
                f"{step.title}: ended with {done.returncode}, not {step.code}\n  {last}"
            )
        return Ran(step, seconds, done.returncode, done.stdout)

    def environment(self) -> dict[str, str]:
        """Return variables under which nobody's settings or folders are used."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "TMPDIR": str(self.scratch),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONNOUSERSITE": "1",
            "LC_ALL": "C.UTF-8",
        }


def shut(writable: list[str]) -> None:
    """Make the file system read-only but for some folders; only inside namespaces of its own."""
    for place in writable:
        _mount("--bind", place, place)
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        place = line.split()[1].encode("latin-1", "replace").decode("unicode_escape")
        if place not in writable and not place.startswith(PSEUDO):
            _mount("-o", "remount,bind,ro", place)
    _mount("-t", "tmpfs", "none", "/dev/shm")


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


def inside(order: str) -> int:
    """Shut the machine, run the command, tell the seconds on stderr, return its exit code."""
    chosen = json.loads(order)
    interfaces = Path("/proc/net/dev").read_text("utf-8").splitlines()[2:]
    others = [line for line in interfaces if line.split(":")[0].strip() != "lo"]
    if others:
        sys.stderr.write("this namespace has a network\n")
        return 125
    shut(chosen["writable"])
    begun = time.monotonic()
    done = subprocess.run(chosen["words"], check=False)
    sys.stderr.write(f"seconds {time.monotonic() - begun:.2f}\n")
    return done.returncode


def tried(bundle: Path) -> str:
    """Install a bundle where there is no network, use it, and return the figures.

    Raises BundleError if a command fails, as it does when it writes where it must not (evidence,
    its own folder, a home), or if it leaves anything in the folder for temporary files.
    """
    if not sys.platform.startswith("linux"):
        raise BundleError(
            "a trial needs the namespaces of Linux; on this system nothing is shut off"
        )
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        machine = Shut(work)
        sample, cases, installed = (work / name for name in ("sample", "cases", "installed"))
        for folder in (sample, cases, installed):
            folder.mkdir()
        program, first = _begin(bundle, installed)
        steps = [first, *_uses(program, sample, cases)]
        ran = [machine.run(step, SHIV_ROOT=str(installed)) for step in steps]
        _nothing_left(machine)
        return _figures(bundle, installed, cases, ran)


def _begin(bundle: Path, installed: Path) -> tuple[tuple[str, ...], Step]:
    """Return how the program is called, and what must come first: installing, or unpacking."""
    program: tuple[str, ...]
    if file := next(bundle.glob("*.pyz"), None):
        program = (sys.executable, str(file))
        return program, Step("--version, unpacking", (*program, "--version"), 0, (installed,))
    words = (sys.executable, str(bundle / "install.py"), str(installed / "env"))
    program = (str(installed / "env" / "bin" / "extriage"),)
    return program, Step("install.py", words, 0, (installed,))


def _uses(program: tuple[str, ...], sample: Path, cases: Path) -> list[Step]:
    demo, case = str(sample / "extriage-demo"), str(cases / "EX01.case")
    page = str(cases / "report.html")
    return [
        Step("--version", (*program, "--version"), 0, ()),
        Step("demo", (*program, "demo", demo), 0, (sample,)),
        Step("scan of the sample", (*program, "scan", f"{demo}/EX01", "--case", case), 1, (cases,)),
        Step(
            "report --format html",
            (*program, "report", case, "--format", "html", "-o", page),
            0,
            (cases,),
        ),
        Step("rules test", (*program, "rules", "test"), 0, ()),
    ]


def _nothing_left(machine: Shut) -> None:
    for folder in (machine.home, machine.scratch):
        if left := sorted(one.name for one in folder.iterdir()):
            raise BundleError(f"left behind in the {folder.name} folder: {', '.join(left)}")


def _figures(bundle: Path, installed: Path, cases: Path, ran: list[Ran]) -> str:
    page = (cases / "report.html").read_bytes()
    if b"<!doctype html>" not in page[:200].lower() or b"EX01" not in page:
        raise BundleError("the report is no page about EX01")
    lines = [
        f"bundle {bundle.name}: {_megabytes(bundle)}, on disk {_megabytes(installed)}",
        "no network; all but the trial's own folders read-only",
        *(f"{one.step.title:<22}{one.seconds:8.2f} s" for one in ran),
        f"report.html {len(page):,} bytes",
    ]
    return "\n".join(lines)


def _megabytes(folder: Path) -> str:
    size = sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())
    return f"{size / 1e6:.0f} MB"


if __name__ == "__main__" and sys.argv[1:2] == [PREFIX]:
    sys.exit(inside(sys.argv[2]))
