"""What people install is whole: our wheel, bundles for machines without a network, their papers.

Fetching from an index and installing without one is `python packaging/bundle.py try`; here the
parts are tried on wheels made by the tests.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from email import message_from_string
from pathlib import Path

import bill
import bundle
import gathering
import hatchling.build
import install
import onefile
import pytest
import targets
import trial
from click.testing import CliRunner
from targets import PYTHONS, SYSTEMS, Target

from extriage.cli import extriage

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "extriage"
LINUX = Target("manylinux_x86_64", "3.11")
WINDOWS = Target("win_amd64", "3.12")


def wheel(
    folder: Path, name: str, needs: Iterable[str] = (), version: str = "1.0", **more: str
) -> Path:
    """Write a small wheel of one module."""
    folder.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    file = folder / f"{module}-{version}-py3-none-any.whl"
    info = f"{module}-{version}.dist-info"
    facts = [f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}"]
    facts += [f"{key.replace('_', '-')}: {value}" for key, value in more.items()]
    facts += [f"Requires-Dist: {one}" for one in needs]
    files = {
        f"{module}/__init__.py": "",
        f"{module}/cli.py": "def main():\n    print('started')\n",
        f"{info}/METADATA": "\n".join(facts) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/licenses/LICENSE.txt": "do as you like",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(file, "w") as archive:
        for place, text in files.items():
            archive.writestr(place, text)
    return file


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build our wheel with the build tool that pip would call."""
    folder = tmp_path_factory.mktemp("wheel")
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        return folder / hatchling.build.build_wheel(str(folder))
    finally:
        os.chdir(before)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    caches = {"__pycache__", ".mypy_cache"}
    here = {
        f"extriage/{file.relative_to(PACKAGE).as_posix()}"
        for file in PACKAGE.rglob("*")
        if file.is_file() and not caches & set(file.parts)
    }
    assert names == here
    assert len([name for name in names if name.startswith("extriage/content/rules/")]) > 500
    # NOTE: docs/install.md tells how much room this leaves on Windows, which takes 260 letters.
    assert max(map(len, names)) <= 107


def test_the_wheel_names_its_licence_and_its_command(built: Path) -> None:
    told = bill.read_wheel(built)
    assert (told.name, told.licence, told.spdx) == ("extriage", "Apache-2.0", True)
    assert {text.rpartition("/")[2] for text in told.texts} == {"LICENSE", "NOTICE.md"}
    with zipfile.ZipFile(built) as archive:
        entry = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "extriage = extriage.cli:main" in archive.read(entry).decode()


def test_the_wheel_alone_makes_the_reports_that_the_source_makes(
    built: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    with zipfile.ZipFile(built) as archive:
        archive.extractall(alone)
    case = tmp_path / "demo.case"
    page, again = tmp_path / "page.html", tmp_path / "again.html"
    outside = os.environ | {"PYTHONPATH": str(alone), "PYTHONDONTWRITEBYTECODE": "1"}
    call = [sys.executable, "-m", "extriage"]
    place = subprocess.run(
        [sys.executable, "-c", "import extriage; print(extriage.__file__)"],
        env=outside, check=True, cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert str(alone) in place.stdout
    subprocess.run(
        [*call, "demo", str(tmp_path / "demo"), "--format", "html", "-o", str(page)],
        env=outside, check=True, cwd=tmp_path, capture_output=True,
    )  # fmt: skip
    done = CliRunner().invoke(extriage, ["report", str(case), "--format", "html", "-o", str(again)])
    assert done.exit_code == 0, done.output
    assert page.read_bytes() == again.read_bytes()
    written = {file.suffix for file in alone.rglob("*") if "__pycache__" in file.parts}
    assert not written, "the package's own folder was written to"


def test_a_licence_is_what_the_wheel_says_of_itself() -> None:
    cases = {
        "License-Expression: MIT OR Apache-2.0\nLicense: no": "MIT OR Apache-2.0",
        "Classifier: License :: OSI Approved :: BSD License\nLicense: no": "BSD License",
        "License: Zlib\n\twith more": "Zlib",
        "Name: x": "",
    }
    for text, licence in cases.items():
        assert bill.licence_of(message_from_string(text)) == licence


def test_what_only_windows_needs_is_fetched_for_windows_and_only_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    needs = [
        "one>=1",
        'zones; sys_platform == "win32"',
        'pages; extra == "web"',
        'disks; extra == "disk"',
        'no; extra == "dev"',
    ]
    wheel(index, "extriage", needs)
    wheel(index, "one", ['shells; platform_system == "Windows"', 'old; python_version < "3.11"'])
    for name in ("zones", "pages", "disks", "shells", "old", "no"):
        wheel(index, name)

    def fetch(*words: str | Path) -> None:
        # NOTE: as pip does it: markers are answered for the machine that runs pip, a Linux here.
        folder = Path(words[2])
        named = [
            re.split(r"[\[<>=; ]", Path(word).name)[0]
            for word in words[3:]
            if word not in LINUX.pip
        ]
        for name in [
            "one",
            "pages",
            "disks",
            *(one for one in named if not str(one).startswith("extriage")),
        ]:
            for found in index.glob(f"{name}-*.whl"):
                shutil.copy(found, folder)

    monkeypatch.setattr(gathering, "pip", fetch)
    monkeypatch.setattr(gathering, "own_wheel", lambda folder: wheel(folder, "extriage", needs))
    common = {"extriage", "one", "pages"}
    assert {one.name for one in gathering.gather(tmp_path / "l", LINUX)} == common
    told = {one.name for one in gathering.gather(tmp_path / "w", WINDOWS)}
    assert told == common | {"zones", "shells"}
    more = replace(LINUX, extras=("web", "disk"))
    assert {one.name for one in gathering.gather(tmp_path / "m", more)} == common | {"disks"}
    assert more.asked == "extriage[web,disk]"


def test_a_bundle_without_a_wheel_that_is_needed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "pip", lambda *words: None)
    monkeypatch.setattr(gathering, "own_wheel", lambda folder: wheel(folder, "extriage", ["one"]))
    with pytest.raises(gathering.BundleError, match="no wheel was found for one"):
        gathering.gather(tmp_path, LINUX)


def made(folder: Path) -> list[bill.Dist]:
    wheels = folder / "wheels"
    wheel(
        wheels,
        "extriage",
        ["one", 'zones; sys_platform == "win32"'],
        License_Expression="Apache-2.0",
    )
    wheel(wheels, "one", Home_page="https://one.example/", License="MIT License")
    wheel(wheels, "zones")
    return bill.read_wheels(wheels)


def test_the_bill_of_materials_names_every_part_with_its_hash(tmp_path: Path) -> None:
    dists = made(tmp_path)
    document = json.loads(bill.sbom(dists, LINUX))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["name"] == "extriage"
    assert document["metadata"]["component"]["licenses"] == [{"expression": "Apache-2.0"}]
    one, zones = document["components"]
    assert one["purl"] == one["bom-ref"] == "pkg:pypi/one@1.0"
    digest = hashlib.sha256((tmp_path / "wheels" / "one-1.0-py3-none-any.whl").read_bytes())
    assert one["hashes"] == [{"alg": "SHA-256", "content": digest.hexdigest()}]
    assert one["licenses"] == [{"license": {"name": "MIT License"}}]
    assert one["externalReferences"] == [{"type": "website", "url": "https://one.example/"}]
    assert "licenses" not in zones
    links = {row["ref"]: row["dependsOn"] for row in document["dependencies"]}
    assert links["pkg:pypi/extriage@1.0"] == ["pkg:pypi/one@1.0"]
    windows = json.loads(bill.sbom(dists, WINDOWS))["dependencies"]
    assert "pkg:pypi/zones@1.0" in next(r for r in windows if "extriage" in r["ref"])["dependsOn"]


def test_the_papers_of_equal_wheels_are_equal(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        bundle.papers(folder, made(folder), LINUX)
    assert (first / "SHA256SUMS").read_bytes() == (second / "SHA256SUMS").read_bytes()
    shutil.copy(first / "SHA256SUMS", tmp_path / "sums")
    wheel(second / "wheels", "one", version="1.1")
    bundle.papers(second, bill.read_wheels(second / "wheels"), LINUX)
    assert (tmp_path / "sums").read_bytes() != (second / "SHA256SUMS").read_bytes()


def test_the_licences_say_who_names_none(tmp_path: Path) -> None:
    text = bill.licences(made(tmp_path))
    assert "\nzones 1.0: names none\n" in text
    assert "  one-1.0-py3-none-any.whl: one-1.0.dist-info/licenses/LICENSE.txt\n" in text


def test_the_sums_are_those_that_sha256sum_reads(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "SHA256SUMS").write_text(bill.sums(tmp_path))
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b": OK") == 3


def test_the_installer_refuses_a_file_that_was_changed_or_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path)
    (tmp_path / "SHA256SUMS").write_text(bill.sums(tmp_path))
    monkeypatch.setattr(install, "HERE", tmp_path)
    install.check_sums()
    one = tmp_path / "wheels" / "one-1.0-py3-none-any.whl"
    one.write_bytes(one.read_bytes() + b"!")
    with pytest.raises(SystemExit, match=r"one-1\.0.* is not what SHA256SUMS says"):
        install.check_sums()
    one.unlink()
    with pytest.raises(SystemExit, match=r"one-1\.0.* is missing"):
        install.check_sums()


def test_the_installer_refuses_another_python_or_system() -> None:
    here = targets.this_machine()
    install.check_python(here.python, here.name)
    for strange in (("2.7", here.name), (here.python, "win_amd64")):
        with pytest.raises(SystemExit, match="these wheels are for Python"):
            install.check_python(*strange)


def test_the_program_file_starts_is_the_same_twice_and_refuses_another_python(
    tmp_path: Path,
) -> None:
    here = targets.this_machine()
    dists = made(tmp_path)
    files = [tmp_path / name for name in ("first.pyz", "second.pyz", "strange.pyz")]
    for file in files[:2]:
        onefile.zipapp(file, tmp_path / "wheels", dists, here)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert str(tmp_path).encode() not in files[0].read_bytes()
    onefile.zipapp(files[2], tmp_path / "wheels", dists, WINDOWS)
    root = tmp_path / "unpacked"
    outside = os.environ | {"SHIV_ROOT": str(root)}
    said = [
        subprocess.run(
            [sys.executable, file], env=outside, check=False, capture_output=True, text=True
        )
        for file in (files[0], files[2])
    ]
    assert (said[0].returncode, said[0].stdout) == (0, "started\n")
    assert said[1].returncode == 1
    assert "this file is for Python 3.12 on Windows" in said[1].stderr
    assert "Traceback" not in said[1].stderr
    place = next(root.glob("first.pyz_*"))
    assert not [
        file for file in place.rglob("*") if file.is_file() and b"#!" in file.read_bytes()[:2]
    ]


def test_a_packed_bundle_is_the_same_whenever_it_was_made(tmp_path: Path) -> None:
    packed = []
    for number, name in enumerate(("a", "b")):
        out = tmp_path / name / "bundle"
        made(out)
        os.utime(out / "wheels" / "one-1.0-py3-none-any.whl", (number * 10**9, number * 10**9))
        packed.append(bundle.packed(out).read_bytes())
    assert packed[0] == packed[1]


def test_a_bundle_never_goes_into_a_folder_that_has_something(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(gathering.BundleError, match="is not empty"):
        bundle.fresh(tmp_path)


def namespaces() -> bool:
    """Tell whether this machine lets us make namespaces; some containers do not."""
    if not (program := shutil.which("unshare")):
        return False
    words = [program, "--map-root-user", "--net", "--mount", "true"]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not namespaces(), reason="this machine lets nobody make namespaces")
def test_the_trial_shuts_off_the_network_and_all_other_folders(tmp_path: Path) -> None:
    work, open_, other = tmp_path / "work", tmp_path / "open", tmp_path / "other"
    for folder in (work, open_, other):
        folder.mkdir()
    machine = trial.Shut(work)
    inner = trial.Step("inner", ("touch", str(open_ / "x")), 0, (open_,))
    assert machine.run(inner).code == 0
    assert (open_ / "x").exists()
    outer = trial.Step("outer", ("touch", str(other / "x")), 0, (open_,))
    with pytest.raises(gathering.BundleError, match=r"outer: ended with 1.*\n.*Read-only"):
        machine.run(outer)
    code = "import socket; socket.create_connection(('192.0.2.1', 9), 1)"
    with pytest.raises(gathering.BundleError, match="Network is unreachable"):
        machine.run(trial.Step("network", (sys.executable, "-c", code), 0, ()))


def test_the_guide_tells_of_every_machine_that_bundles_are_made_for() -> None:
    page = (ROOT / "docs" / "install.md").read_text("utf-8")
    missing = [name for name in SYSTEMS if f"(`{name}`)" not in page]
    missing += [python for python in PYTHONS if f"Python {python} |" not in page]
    assert missing == []


PAGES = [
    ROOT / name
    for name in ("docs/install.md", "packaging/README.md", "CONTRIBUTING.md", "README.md")
]
LINES = sorted(
    {
        line.partition("#")[0].strip()
        for page in PAGES
        for line in page.read_text("utf-8").splitlines()
        if line.startswith("python packaging/bundle.py ")
    }
)


@pytest.mark.parametrize("line", LINES)
def test_a_command_for_bundles_in_the_documents_can_be_typed(line: str) -> None:
    assert bundle.arguments(line.split()[2:]).command


def test_the_documents_show_every_command_for_bundles() -> None:
    shown = {line.split()[2] for line in LINES}
    assert shown == {"wheelhouse", "single-file", "try", "wheels"}
