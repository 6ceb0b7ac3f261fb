"""For which machines all wheels can be had: a package without one would need a compiler there.

Fetches the wheels of everything that extriage needs from the package index, for each system and
each version of Python, with `pip download --only-binary=:all: --platform …`, and keeps nothing.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from gathering import BundleError, gather
from targets import SYSTEMS, Target


def table(pythons: Iterable[str]) -> str:
    """Return a table in Markdown: systems down, versions of Python across."""
    pythons = list(pythons)
    lines = ["| system | " + " | ".join(f"Python {one}" for one in pythons) + " |\n"]
    lines.append("|---" * (len(pythons) + 1) + "|\n")
    for name, system in SYSTEMS.items():
        cells = [cell(Target(name, python)) for python in pythons]
        lines.append(f"| {system.title} (`{name}`) | " + " | ".join(cells) + " |\n")
    return "".join(lines)


def cell(target: Target) -> str:
    """Return how many wheels a machine needs and their size, or which are missing."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            dists = gather(folder, target)
        except BundleError as error:
            return f"no: {str(error).splitlines()[-1].strip()}"
        size = sum(wheel.stat().st_size for wheel in folder.glob("*.whl"))
        compiled = sum("-none-any" not in one.file for one in dists)
        return f"{len(dists)} wheels ({compiled} compiled), {size / 1e6:.0f} MB"
