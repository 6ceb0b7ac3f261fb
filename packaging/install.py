"""Install extriage from the folder that this file lies in, without a network.

    python3 install.py [FOLDER]         Linux, macOS
    py -3.12 install.py [FOLDER]        Windows

Every file is compared with SHA256SUMS first. Then a virtual environment is made in FOLDER
(`extriage-env` where you stand, if you name none) and the wheels are put into it. Nothing else is
written; to remove extriage, delete the folder. Needs Python alone, no rights of an administrator.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(words: list[str]) -> str:
    """Install, and return what to tell the user; raises SystemExit with a sentence if it fails."""
    place = Path(words[0] if words else "extriage-env")
    python, system, wanted = (HERE / "target.txt").read_text("utf-8").split()
    check_python(python, system)
    check_sums()
    if place.exists():
        raise SystemExit(f"{place} exists; name another folder, or delete it first")
    programs = place / ("Scripts" if os.name == "nt" else "bin")
    try:
        venv.create(place, with_pip=True, symlinks=os.name != "nt")
    except subprocess.CalledProcessError as error:
        raise SystemExit(
            "this Python cannot make environments: on Debian and Ubuntu install python3-venv"
        ) from error
    own = next((HERE / "wheels").glob("extriage-*.whl"))
    asked = [f"{wanted}=={own.name.split('-')[1]}"]
    # NOTE: --pre takes the wheels that are there, whatever their version is called.
    quiet = ["--quiet", "--disable-pip-version-check", "--no-index", "--isolated", "--pre"]
    done = subprocess.run(
        [
            programs / "python",
            "-m",
            "pip",
            "install",
            *quiet,
            "--find-links",
            HERE / "wheels",
            *asked,
        ],
        check=False,
    )
    if done.returncode:
        raise SystemExit("pip could not install the wheels; what it said stands above")
    return f"Installed. Start it with: {programs / 'extriage'} demo"


def check_python(python: str, system: str) -> None:
    """Demand the Python and the system that the wheels were made for."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    fits = {"manylinux": "linux", "win": "win32", "macosx": "darwin"}[system.partition("_")[0]]
    if here != python or sys.platform != fits:
        raise SystemExit(
            f"these wheels are for Python {python} on {system}; this is Python {here} on "
            f"{sys.platform}: start this file with that Python, or fetch the bundle for this one"
        )


def check_sums() -> None:
    """Compare every file of the bundle with SHA256SUMS."""
    for line in (HERE / "SHA256SUMS").read_text("utf-8").splitlines():
        wanted, _, name = line.partition("  ")
        try:
            found = hashlib.sha256((HERE / name).read_bytes()).hexdigest()
        except OSError as error:
            raise SystemExit(f"{name} is missing: copy the bundle again") from error
        if found != wanted:
            raise SystemExit(f"{name} is not what SHA256SUMS says: copy the bundle again")


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
