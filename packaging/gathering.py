"""Our own wheel, and the wheels of all it needs, for a machine that may be another than this.

Fetching needs a package index; what is fetched then installs without any.
"""

import os
import subprocess
import sys
from pathlib import Path

from bill import Dist, needed, read_wheel, read_wheels
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from targets import Target

ROOT = Path(__file__).parents[1]


class BundleError(Exception):
    """A bundle cannot be made; the sentence says why."""


def run(*words: str | Path) -> None:
    """Run a command and hide what it says, unless it fails; then its last lines are the error."""
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-6:]
        raise BundleError("\n  ".join([f"{Path(str(words[0])).name} failed:", *said]))


def pip(*words: str | Path) -> None:
    """Run the pip of this Python."""
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", *words)


def own_wheel(folder: Path, root: Path = ROOT) -> Path:
    """Build extriage's own wheel; equal sources give equal bytes."""
    # NOTE: the build tool dates every file alike, with this variable or without it.
    os.environ.setdefault("SOURCE_DATE_EPOCH", "1580601600")
    pip("wheel", "--no-deps", "--wheel-dir", folder, root)
    return next(folder.glob("extriage-*.whl"))


def gather(folder: Path, target: Target) -> list[Dist]:
    """Put into a folder our wheel and every wheel it needs on the target; return what is there.

    pip asks for what this machine would need; what only the target needs is asked for by name, and
    what it does not need is taken away, until the folder is whole.
    """
    own = own_wheel(folder)
    named: dict[str, str] = {}
    while True:
        extras = ",".join(target.extras)
        pip("download", "--dest", folder, *target.pip, f"{own}[{extras}]", *named.values())
        dists = {one.name: one for one in read_wheels(folder)}
        wanted = closure(dists, target)
        missing = {name: str(one) for name, one in wanted.items() if name not in dists}
        if not missing:
            break
        if missing.keys() <= named.keys():
            raise BundleError(f"no wheel was found for {', '.join(sorted(missing))}")
        named |= missing
    for name, dist in dists.items():
        if name not in wanted:
            (folder / dist.file).unlink()
    return read_wheels(folder)


def closure(dists: dict[str, Dist], target: Target) -> dict[str, Requirement]:
    """Return what is needed on the target, followed from our own wheel; what is missing too."""
    wanted = {"extriage": Requirement("extriage")}
    waiting: list[tuple[str, tuple[str, ...]]] = [("extriage", target.extras)]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        step = waiting.pop()
        name, extras = step
        if step in seen or name not in dists:
            continue
        seen.add(step)
        for asked in needed(dists[name], target, extras):
            key = canonicalize_name(asked.name)
            asked.marker = None
            wanted.setdefault(key, asked)
            waiting.append((key, tuple(sorted(asked.extras))))
    return wanted


def version(wheel: Path) -> str:
    """Return the version of a wheel."""
    return read_wheel(wheel).version
