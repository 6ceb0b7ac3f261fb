"""acquire understands its argument file, and takes from a server what is read."""

import subprocess
import sys
import tarfile
from argparse import ArgumentParser
from pathlib import Path

import pytest
from lying_about import SERVER

from extriage.reports.recipes import acquire
from extriage.reports.recipes.choice import Choice

pytest.importorskip("acquire", reason="acquire is not installed here; its rules were not tried")


def parser() -> ArgumentParser:
    from acquire.acquire import MODULES, PROFILES, VOLATILE
    from acquire.utils import create_argument_parser

    made: ArgumentParser = create_argument_parser(PROFILES, VOLATILE, MODULES)
    return made


@pytest.mark.parametrize("generation", ["", "2010", "SE"])
def test_acquires_own_parser_takes_every_argument(tmp_path: Path, generation: str) -> None:
    file = tmp_path / "exchange.args"
    text = acquire.render(Choice(generation=generation, install="E:/Exchange Server"))
    file.write_text(text, "utf-8")
    read, rest = parser().parse_known_args([f"@{file}"])
    assert rest == []
    assert read.targets == ["local"]
    assert read.profile == "none"
    assert read.ntfs
    assert "E:/Exchange Server/Logging/Ews/**/*.log" in read.glob
    assert "C:/Windows/System32/Tasks" in read.path


def test_without_the_file_systems_own_account_its_module_stays_off(tmp_path: Path) -> None:
    file = tmp_path / "exchange.args"
    file.write_text(acquire.render(Choice(only=("ews",))), "utf-8")
    read = parser().parse_args([f"@{file}"])
    assert not read.ntfs


@pytest.mark.slow
def test_acquire_itself_takes_from_a_server_what_is_read(tmp_path: Path) -> None:
    server = tmp_path / "server"
    here = [one for one in SERVER if "$" not in one.path]
    for one in here:
        file = server / one.path.replace(":", "")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"evidence")
    arguments = tmp_path / "exchange.args"
    arguments.write_text(acquire.render(Choice()), "utf-8")
    (tmp_path / "out").mkdir()
    collection = tmp_path / "out" / "ex01.tar"
    _run(f"@{arguments}", "-of", str(collection), "--no-log", str(server))
    with tarfile.open(collection) as opened:
        names = {name.lower() for name in opened.getnames()}
    for one in here:
        assert (f"fs/{one.path}".lower() in names) is one.read, one.path


def _run(*words: str) -> None:
    # NOTE: it leaves files open, which would be a failure of ours inside this process.
    code = "from acquire.acquire import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
