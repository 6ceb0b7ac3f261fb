"""The server as it is started: an address on stdout, an end without a word, errors in words."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from cases import CASES
from click.testing import CliRunner

from extriage.cli import extriage
from extriage.errors import UsageError
from serving import case_folder, record

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]{43})\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("run") / "case"
    return case_folder(made, CASES["robbed"], [record(n) for n in range(120)])


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "extriage", "serve", *words]


@contextmanager
def running(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server, give its address, and end it whatever happens."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command(*words), stdout=pipe, stderr=pipe, text=True) as server:
        try:
            assert server.stdout
            yield server, server.stdout.readline()
        finally:
            server.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_case_is_served_from_the_first_word_to_the_last(
    folder: Path, how: signal.Signals
) -> None:
    with running(str(folder), "--port", "0", "--tlp", "amber") as (server, line):
        found = ADDRESS.fullmatch(line)
        assert found, line
        base = f"http://127.0.0.1:{found[1]}"
        with httpx.Client(base_url=base, follow_redirects=True) as reader:
            assert reader.get("/").status_code == 401
            page = reader.get(f"/?token={found[2]}")
            assert (page.status_code, str(page.url)) == (200, f"{base}/")
            assert "TLP:AMBER" in page.text
            assert "server" not in page.headers
            rows = reader.get("/rows/trail", params={"page": 2, "sort": "-line"}).json()
            assert (rows["matched"], len(rows["rows"])) == (120, 20)
            assert reader.get("/report.json").json()["schema"] == "extriage.case/1"
            assert reader.post("/").status_code == 405
            assert reader.get("/", headers={"host": "evil.test"}).status_code == 421
            assert reader.get("/../../case.json").status_code == 404
            long = reader.get("/rows/trail?q=" + "a" * 60_000)
            assert long.status_code in (400, 414, 431)
        server.send_signal(how)
        rest, errors = server.communicate(timeout=30)
        assert server.returncode == 0
        assert rest == ""
        assert errors == "extriage: serving, read-only; Ctrl-C ends it\n"


def test_without_a_token_the_address_is_bare(folder: Path) -> None:
    with running(str(folder), "--port", "0", "--no-token") as (_, line):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\n", line)
        assert httpx.get(line.strip()).status_code == 200


def refused(*words: str) -> str:
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_others_are_never_let_in_without_a_token(folder: Path) -> None:
    said = refused(str(folder), "--host", "0.0.0.0", "--no-token")
    assert "--no-token works on 127.0.0.1 only" in said


def test_a_port_that_is_taken_is_told_in_one_sentence(folder: Path) -> None:
    with running(str(folder), "--port", "0") as (_, line):
        port = line.split(":")[2].partition("/")[0]
        said = refused(str(folder), "--port", port)
        assert f"127.0.0.1 port {port} cannot be opened" in said
        assert "--port 0 takes a free port" in said


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_told_in_one_sentence(folder: Path, host: str) -> None:
    assert "cannot be opened" in refused(str(folder), "--host", host, "--port", "0")


@pytest.mark.parametrize("host", ["", "0", "127.1", "256.1.1.1", "no such host", "http://x", "x:1"])
@pytest.mark.parametrize("option", ["--host", "--name"])
def test_what_names_no_machine_is_told_in_one_sentence(
    folder: Path, option: str, host: str
) -> None:
    done = CliRunner().invoke(extriage, ["serve", str(folder), option, host, "--port", "0"])
    assert isinstance(done.exception, UsageError)
    assert "is no name or address of a machine; give it without a port" in str(done.exception)
    assert done.output == ""


@pytest.mark.parametrize(
    ("words", "address"),
    [
        (["--host", "0.0.0.0"], r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}\n"),
        (["--host", "0.0.0.0", "--name", "ir-desk.test"], r"http://ir-desk\.test:\d+/\?token=.*\n"),
    ],
)
def test_whoever_opens_it_to_others_is_warned_and_told_of_the_tunnel(
    folder: Path, words: list[str], address: str
) -> None:
    with running(str(folder), "--port", "0", *words) as (server, line):
        assert re.fullmatch(address, line)
        port = line.split(":")[2].partition("/")[0]
        page = httpx.get(f"http://127.0.0.1:{port}/?{line.strip().partition('?')[2]}")
        assert page.status_code == 303
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=30)
    assert errors.count("\n") == 2
    assert "there is no TLS" in errors
    assert f"ssh -N -L {port}:127.0.0.1:{port} USER@THIS-MACHINE" in errors


def test_whoever_holds_connections_open_keeps_nobody_out(folder: Path) -> None:
    with running(str(folder), "--port", "0", "--no-token") as (server, line):
        port = int(line.split(":")[2].partition("/")[0])
        waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
        for one in waiting:
            with suppress(ConnectionError):
                one.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert httpx.get(line.strip()).status_code == 200
        for one in waiting:
            one.close()
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=30)
    assert server.returncode == 0
    assert errors == "extriage: serving, read-only; Ctrl-C ends it\n"


def test_a_folder_without_a_case_is_told_in_one_sentence(tmp_path: Path) -> None:
    assert "holds no case" in refused(str(tmp_path), "--port", "0")


def test_without_the_web_extra_it_says_what_to_install(folder: Path, tmp_path: Path) -> None:
    for missing in ("starlette", "uvicorn"):
        hidden = tmp_path / missing
        hidden.mkdir()
        code = f"raise ModuleNotFoundError('No module named {missing!r}', name={missing!r})\n"
        (hidden / f"{missing}.py").write_text(code.replace("'No", '"No').replace("',", '",', 1))
        done = subprocess.run(
            command(str(folder)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(hidden)},
        )
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr == (
            f'extriage: serve needs {missing}; install with: pip install "extriage[web]"\n'
        )


def test_a_reader_who_stays_does_not_hold_up_the_end(folder: Path) -> None:
    with running(str(folder), "--port", "0", "--no-token") as (server, line):
        with httpx.Client() as reader:
            assert reader.get(line.strip()).status_code == 200
            started = time.monotonic()
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=30)
        assert server.returncode == 0
        assert time.monotonic() - started < 15
