"""Make extriage ready for a machine without a network, and try it there.

    python packaging/bundle.py wheelhouse OUT [--platform win_amd64 --python 3.12] [--extra disk]
    python packaging/bundle.py single-file OUT [--platform win_amd64 --python 3.12]
    python packaging/bundle.py try OUT
    python packaging/bundle.py wheels

`wheelhouse` and `single-file` fetch wheels from the package index that pip is set up for; `try`
needs none and shuts the network off. packaging/README.md says more.
"""

import argparse
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from available import table
from bill import LICENCES, SBOM, SUMS, Dist, licences, sbom, sums
from gathering import BundleError, gather
from onefile import zipapp
from targets import EXTRAS, PYTHONS, SYSTEMS, Target, this_machine
from trial import tried

HERE = Path(__file__).parent
README = """extriage {version} for Python {python} on {title}

Install, without a network and without rights of an administrator:

  Linux, macOS, in a shell:     python{python} install.py extriage-env
  Windows, PowerShell or cmd:   py -{python} install.py extriage-env

install.py compares every file with SHA256SUMS, makes an environment in the folder that you name
and puts the wheels there. By hand, the same is:

  python{python} -m venv extriage-env
  extriage-env/bin/python -m pip install --no-index --pre --find-links wheels "{asked}"

(on Windows: py -{python} -m venv extriage-env, then extriage-env\\Scripts\\python -m pip ...)

Start:    extriage-env/bin/extriage demo     (Windows: extriage-env\\Scripts\\extriage demo)
Verify:   sha256sum -c SHA256SUMS            (install.py does it too)
Parts:    sbom.cdx.json (CycloneDX), licences.txt
Remove:   delete the folder extriage-env
"""


def wheelhouse(out: Path, target: Target) -> None:
    """Write a folder with all wheels, an installer, hashes, a bill of materials, licences."""
    fresh(out)
    dists = gather(out / "wheels", target)
    shutil.copyfile(HERE / "install.py", out / "install.py")
    write(out / "target.txt", f"{target.python} {target.name} {target.asked}\n")
    about = README.format(
        version=own(dists).version,
        python=target.python,
        title=target.system.title,
        asked=target.asked,
    )
    write(out / "README.txt", about)
    papers(out, dists, target)


def single_file(out: Path, target: Target) -> None:
    """Write a folder with one program file that holds all wheels unpacked, and its papers."""
    fresh(out)
    with tempfile.TemporaryDirectory() as scratch:
        wheels = Path(scratch, "wheels")
        dists = gather(wheels, target)
        name = f"extriage-{own(dists).version}-{target.tag}.pyz"
        zipapp(out / name, wheels, dists, target)
    papers(out, dists, target)


def papers(out: Path, dists: list[Dist], target: Target) -> None:
    """Write what goes with a bundle: parts, licences and, last, the hashes of it all."""
    write(out / SBOM, sbom(dists, target))
    write(out / LICENCES, licences(dists))
    write(out / SUMS, sums(out))


def packed(out: Path) -> Path:
    """Pack a bundle into one zip beside it; equal files give an equal zip."""
    place = out.with_name(out.name + ".zip")
    with zipfile.ZipFile(place, "w") as archive:
        for file in sorted(file for file in out.rglob("*") if file.is_file()):
            name = f"{out.name}/{file.relative_to(out).as_posix()}"
            entry = zipfile.ZipInfo(name, (2020, 2, 2, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            # NOTE: wheels are packed already.
            stored = file.suffix == ".whl"
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return place


def own(dists: list[Dist]) -> Dist:
    """Return our own distribution."""
    return next(one for one in dists if one.name == "extriage")


def fresh(out: Path) -> None:
    """Make a new folder; raises BundleError rather than writing into one that has something."""
    if out.exists() and any(out.iterdir()):
        raise BundleError(f"{out} is not empty; name another folder")
    out.mkdir(parents=True, exist_ok=True)


def write(file: Path, text: str) -> None:
    """Write a text with the line ends of SHA256SUMS, on every system."""
    file.write_text(text, encoding="utf-8", newline="\n")


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="bundle.py", description=(__doc__ or "").partition("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("wheelhouse", "all wheels with an installer"),
        ("single-file", "one program file (.pyz)"),
    ):
        command = commands.add_parser(name, help=text, description=f"Make {text}.")
        command.add_argument("out", type=Path, help="a new folder")
        command.add_argument("--platform", choices=sorted(SYSTEMS), help="default: this machine's")
        command.add_argument("--python", choices=PYTHONS, help="default: this Python's")
        command.add_argument(
            "--extra", choices=EXTRAS, action="append", default=[], help="add it; may be repeated"
        )
        command.add_argument("--zip", action="store_true", help="pack the folder into OUT.zip too")
    trial = commands.add_parser("try", help="install and run a bundle without a network")
    trial.add_argument("out", type=Path, help="the folder of a bundle for this machine")
    wheels = commands.add_parser("wheels", help="for which machines all wheels can be had")
    wheels.add_argument("--python", choices=PYTHONS, action="append", help="default: all")
    return parser.parse_args(words)


def target_of(chosen: argparse.Namespace) -> Target:
    """Return the machine that a bundle is for."""
    here = this_machine() if not (chosen.platform and chosen.python) else None
    return Target(
        chosen.platform or (here.name if here else ""),
        chosen.python or (here.python if here else ""),
        ("web", *sorted(set(chosen.extra))),
    )


def main(words: list[str]) -> str:
    """Do what was asked, and return what to print."""
    chosen = arguments(words)
    if chosen.command == "wheels":
        return table(chosen.python or list(PYTHONS))
    if chosen.command == "try":
        return tried(chosen.out.resolve())
    target = target_of(chosen)
    {"wheelhouse": wheelhouse, "single-file": single_file}[chosen.command](chosen.out, target)
    made = [str(chosen.out), *([str(packed(chosen.out))] if chosen.zip else [])]
    return f"{' and '.join(made)}: extriage for Python {target.python} on {target.system.title}"


if __name__ == "__main__":
    try:
        print(main(sys.argv[1:]))
    except (BundleError, ValueError) as error:
        sys.exit(f"bundle.py: {error}")
