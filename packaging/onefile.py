"""One program file that holds Python packages with compiled parts: a zip that Python can start.

Compiled libraries cannot be loaded out of a zip, so the file unpacks itself once, below the folder
that the variable `SHIV_ROOT` names (else `~/.shiv`). shiv does the work; what it gets here holds no
path of this machine and no time.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from bill import Dist
from gathering import pip, run
from targets import Target

GUARD = """import sys

if sys.version_info[:2] != {version!r} or sys.platform != {system!r}:
    raise SystemExit(
        "extriage: this file is for Python {python} on {title}; this is Python "
        + ".".join(map(str, sys.version_info[:2])) + " on " + sys.platform
    )
"""


def zipapp(file: Path, wheels: Path, dists: list[Dist], target: Target) -> None:
    """Write the program file from a folder of wheels; equal wheels give equal bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch, "site-packages")
        unpack(place, wheels, dists, target)
        guard = Path(scratch, "guard.py")
        guard.write_text(guard_text(target), encoding="utf-8", newline="\n")
        run(
            sys.executable, "-m", "shiv", "--site-packages", place, "--reproducible",
            "--build-id", build_id(dists), "--preamble", guard,
            "--entry-point", "extriage.cli:main",
            "--python", f"/usr/bin/env python{target.python}", "--output-file", file,
        )  # fmt: skip


def unpack(place: Path, wheels: Path, dists: list[Dist], target: Target) -> None:
    """Put the wheels into a folder as they would be installed, without programs and compiled files.

    Programs (`bin`) would begin with the path of this Python; compiled files hold times.
    """
    names = [f"{one.name}=={one.version}" for one in dists]
    pip(
        "install", "--no-index", "--no-deps", "--no-compile", "--isolated", "--find-links", wheels,
        "--target", place, *target.pip, *names,
    )  # fmt: skip
    for programs in (place / "bin", place / "Scripts"):
        shutil.rmtree(programs, ignore_errors=True)


def build_id(dists: list[Dist]) -> str:
    """Return what names the unpacked folder: short, for Windows counts the letters of a path."""
    text = "\n".join(f"{one.file} {one.sha256}" for one in dists)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def guard_text(target: Target) -> str:
    """Return what the file checks before it starts: the wrong Python gets a sentence."""
    major, minor = map(int, target.python.split("."))
    facts = target.system.facts
    return GUARD.format(
        version=(major, minor), system=facts["sys_platform"], python=target.python,
        title=target.system.title,
    )  # fmt: skip
